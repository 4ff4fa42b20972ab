// What all steps of an audit share.
import type { Crew, Hiring } from './crew.ts';
import type { AuditRequest } from './request.ts';
import type { Output, Subject } from './subject.ts';

/** How far an audit is. */
export interface AuditProgress {
  /** What is being done, for people: `APGD-CE, linf 0.1`. */
  readonly step: string;
  readonly done: number;
  readonly total: number;
  /** Of the attacked rows: those right and unbroken at the radius that is attacked. */
  readonly robust?: { readonly rows: number; readonly of: number };
}

/** What all steps need. */
export interface Scene {
  readonly request: AuditRequest;
  readonly subject: Subject;
  readonly output: Output;
  /** Multiplications and additions of one evaluation of the model at one row. */
  readonly work: number;
  readonly directory: string;
  readonly hiring: Hiring;
  readonly crew: Crew;
  readonly observe: (progress: AuditProgress) => void;
}
