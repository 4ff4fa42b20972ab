// The jobs of an audit, as they travel between its processes.
import type { Finding, Samples, Threat, WorstCase } from '../attacks/index.ts';
import type { CertifiedRadius } from '../certificates/index.ts';
import type { LipschitzMeasurement, Norm } from '../guarantee/index.ts';
import type { Question } from '../lipschitz/index.ts';
import type { RowSearch } from './certify.ts';
import type { FittedData, KnownNoise } from './fitting.ts';
import type { LawStanding, Memorization } from './result.ts';
import type { Subject } from './subject.ts';

/** Each kind of job: what it is given, and what comes of it. */
export interface Jobs {
  /** The model's own outputs. */
  readonly outputs: {
    readonly given: { readonly points: Float32Array };
    readonly result: Float32Array;
  };
  readonly attack: {
    readonly given: {
      readonly attack: string;
      readonly samples: Samples;
      readonly threat: Threat;
      /** Names of the random key under the seed. */
      readonly key: readonly (string | number)[];
      readonly seed: number;
    };
    /** What the attack returned, and the model's own outputs there. */
    readonly result: { readonly changed: Float32Array; readonly outputs: Float32Array };
  };
  /** What model and data betray before any attack. */
  readonly 'model findings': {
    readonly given: { readonly points: Float32Array; readonly labels: Float32Array };
    readonly result: readonly Finding[];
  };
  /** What the results of the ensemble at one radius betray, and what more runs on some rows do. */
  readonly 'attack findings': {
    readonly given: {
      readonly known: WorstCase;
      readonly samples: Samples;
      readonly threat: Threat;
      readonly key: readonly (string | number)[];
      readonly seed: number;
    };
    readonly result: readonly Finding[];
  };
  /** Radii around points that the model gets right, within which nothing makes it wrong, by means that take little time. */
  readonly 'certify cheaply': {
    readonly given: {
      readonly norm: Norm;
      readonly points: Float32Array;
      readonly labels: Float32Array;
      readonly rows: number;
      readonly boundSeconds: number;
    };
    readonly result: {
      /** One for each point that there was time for, in their order. */
      readonly proven: readonly CertifiedRadius[];
      /** Whether there are dearer means for this model. */
      readonly more: boolean;
      /** What means cannot take the model, and why. */
      readonly notes: readonly string[];
    };
  };
  /** Larger radii, by all means. */
  readonly certify: {
    readonly given: {
      readonly norm: Norm;
      readonly points: Float32Array;
      readonly labels: Float32Array;
      /** What is proven already of each point. */
      readonly known: readonly CertifiedRadius[];
      /** Ascending. */
      readonly radii: readonly number[];
      /** The distance of the nearest known example of each point; Infinity where none is known. */
      readonly found: readonly number[];
      readonly boundSeconds: number;
    };
    /** One for each point, in their order. */
    readonly result: readonly JudgedSearch[];
  };
  /** Whether the model is wrong at points in exact arithmetic, too. */
  readonly judge: {
    readonly given: {
      readonly norm: Norm;
      readonly points: Float32Array;
      readonly labels: Float32Array;
    };
    readonly result: readonly ('wrong' | 'right' | 'unknown')[];
  };
  readonly lipschitz: {
    readonly given: {
      readonly question: Question;
      /** Where searches start, `[rows, features]`. */
      readonly starts: Float32Array;
      readonly seed: number;
      readonly key: readonly (string | number)[];
      readonly boundSeconds: number;
    };
    readonly result: LipschitzMeasurement;
  };
  /** What the model makes of its training data; these two do not execute it, but take long. */
  readonly memorization: {
    readonly given: {
      readonly data: FittedData;
      readonly noise: KnownNoise | null;
      readonly flipped: readonly number[] | null;
    };
    readonly result: Memorization;
  };
  readonly law: {
    readonly given: {
      readonly data: FittedData;
      readonly parameterCount: number;
      readonly memorization: Memorization | null;
      readonly constant: { readonly lower: number | null; readonly upper: number | null };
    };
    readonly result: LawStanding;
  };
  /** Adversarial examples as they lie on the disk, against the points they were made from. */
  readonly recheck: {
    readonly given: {
      readonly file: string;
      readonly norm: Norm;
      readonly points: Float32Array;
      readonly labels: Float32Array;
    };
    readonly result: Recheck;
  };
}

/** A search with the model's own outputs at the counterexample that it came upon, if any. */
export interface JudgedSearch extends RowSearch {
  readonly outputs?: Float32Array;
}

/**
 * What a process that knows nothing of the attacks finds in a file of adversarial examples, by row of the file: of the first
 * rows, where time does not suffice for all.
 */
export interface Recheck {
  readonly distances: Float64Array;
  readonly inBounds: readonly boolean[];
  readonly wrong: readonly boolean[];
}

export type JobKind = keyof Jobs;

export type Job = {
  readonly [Kind in JobKind]: {
    readonly kind: Kind;
    readonly subject: Subject;
    readonly given: Jobs[Kind]['given'];
    /** Infinity for as long as it takes. */
    readonly seconds: number;
  };
}[JobKind];

export interface Done<Kind extends JobKind = JobKind> {
  readonly result: Jobs[Kind]['result'];
  /** Time ended the job before it was through. */
  readonly stopped: boolean;
  readonly seconds: number;
}
