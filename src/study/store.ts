// Where trials live while a study runs: the contract that SQLite on one machine and a database server for many machines share.
import type { TrialOutcome } from './result.ts';

/** A trial as planned; `parameters` is plain data, all that a worker needs. */
export interface PlannedTrial {
  readonly id: string;
  readonly parameters: unknown;
}

/** A trial that one owner works on until it reports, gives it back, or its lease ends. */
export interface Claim {
  readonly id: string;
  readonly parameters: unknown;
  /** 1 for the first time anybody works on it. */
  readonly attempt: number;
}

/** What has become of one trial, and by which versions of what software. */
export interface Report {
  readonly outcome: TrialOutcome;
  readonly versions: Readonly<Record<string, string>>;
}

/** How many trials are in which state; `running` ones are leased to somebody. */
export interface Counts {
  readonly open: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

/**
 * The trials of one study. Owners are any unique names, one for each process that works on the study. All methods
 * may be called by several processes at once.
 *
 * Promises: a report that has resolved to true survives the death of any process at any time; a trial has at most one
 * stored outcome; of several owners at most one holds a trial's lease; a trial whose owner dies becomes claimable when
 * its lease ends, or as soon as somebody releases it.
 */
export interface Store {
  /** The specification this store was planned with, as canonical JSON; undefined before the first `plan`. */
  specification(): Promise<string | undefined>;
  /**
   * Records the specification and the trials, in their order. Again with the same ones it changes nothing.
   *
   * @throws RobustlawError `study-conflict` when the store holds another specification or other trials.
   */
  plan(specification: string, trials: readonly PlannedTrial[]): Promise<void>;
  /** Leases the first trial that is open, or whose lease has ended, to `owner`; undefined where there is none. */
  claim(owner: string): Promise<Claim | undefined>;
  /** Extends all leases of `owner`. */
  renew(owner: string): Promise<void>;
  /** Gives back one trial of `owner`, or all it holds. */
  release(owner: string, id?: string): Promise<void>;
  /** Stores an outcome. False, and nothing is stored, when the trial is not leased to `owner` (any more). */
  report(owner: string, report: Report): Promise<boolean>;
  /** The owners that hold a lease. */
  owners(): Promise<readonly string[]>;
  counts(): Promise<Counts>;
  /** All reports, in planned order. */
  reports(): Promise<readonly Report[]>;
  /** Ends the use of this handle; leases stay. */
  close(): Promise<void>;
}

/** Seconds for which a claim holds without `renew`. */
export const LEASE_SECONDS = 60;
