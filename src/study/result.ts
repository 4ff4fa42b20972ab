// What a study yields: plain data that is stored, analysed and rendered. Nothing here computes.
import type {
  CertifiedUpperBound,
  Estimate,
  UpperGuarantee,
  WitnessedLowerBound,
} from '../guarantee/index.ts';

/** One cell of the grid. `id` is a hash of everything that determines the result. */
export interface Trial {
  readonly id: string;
  /** Name of the data set in the study file, with its sweep values: `sphere n=1000 d=1000`. */
  readonly data: string;
  readonly family: string;
  /** The family's own size: projection dimension, width, ...; absent for families without one. */
  readonly size?: number;
  /** Replicate: 0, 1, ... */
  readonly seed: number;
}

/** One condition of a theorem, checked. */
export interface HypothesisLight {
  readonly name: string;
  readonly statement: string;
  readonly holds: boolean;
}

/** Values of a memorizer on a square grid in the plane through three data points. */
export interface PlaneSlice {
  /** Points per side; `values` is `[side, side]`, row-major, first row at the lowest second coordinate. */
  readonly side: number;
  readonly values: readonly number[];
  /** Bounds of both plane coordinates, in units of the input space. */
  readonly extent: readonly [low: number, high: number];
  /** The three data points in plane coordinates, with their labels. */
  readonly points: readonly { readonly u: number; readonly v: number; readonly label: number }[];
}

export interface TrainingRecord {
  readonly steps: number;
  /** Why it stopped: `memorized`, `step limit`, `diverged`. */
  readonly reason: string;
  /** Mean squared error at logarithmically spaced steps. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
}

/** Everything measured in one trial. Every Lipschitz number carries its guarantee. */
export interface TrialResult {
  readonly n: number;
  readonly d: number;
  readonly parameterCount: number;
  /** max_i |f(x_i) - y_i|. */
  readonly interpolationError: number;
  /** (1/n) sum_i |f(x_i) - y_i|^2. */
  readonly meanSquaredError: number;
  /** sigma^2 = E Var[y|x], where known. */
  readonly noiseVariance?: number;
  readonly memorization: 'perfect' | 'partial' | 'none';
  readonly lipschitz: {
    readonly upper: UpperGuarantee;
    readonly lower?: WitnessedLowerBound;
    /** Networks: the product of certified spectral norms, the certificate most people know; never below `upper`. */
    readonly product?: CertifiedUpperBound;
  };
  /** The law's numbers for this n, d and P. */
  readonly law: {
    /** sqrt(n d / P). */
    readonly scaling: number;
    /** The certified lower bound for this class (theorem of arXiv 2105.12806 with the sharper constant); 0 where it says nothing. */
    readonly certifiedBound?: number;
    /** 1 - delta: the probability, over the draw of the data, with which the theorem gives `certifiedBound`. */
    readonly certifiedConfidence?: number;
    readonly hypotheses?: readonly HypothesisLight[];
    /** max |y_i - y_j| / |x_i - x_j|: no function through these data has a smaller Lipschitz constant. */
    readonly mcShaneOptimum: number;
  };
  readonly slice?: PlaneSlice;
  readonly training?: TrainingRecord;
}

export type TrialOutcome =
  | { readonly state: 'done'; readonly trial: Trial; readonly result: TrialResult; readonly seconds: number }
  /** A trial that failed is a result that says so. */
  | {
      readonly state: 'failed';
      readonly trial: Trial;
      readonly error: { readonly code: string; readonly message: string };
      readonly seconds: number;
    };

/** Fit of log Lip = a + b log P over the trials of one family on one data set. */
export interface ExponentFit {
  readonly data: string;
  readonly family: string;
  readonly exponent: Estimate;
  /** Lip = prefactor * sqrt(nd/P) with the exponent of the law held fixed. */
  readonly prefactor: Estimate;
  readonly rSquared: number;
  readonly trials: number;
  /** Which trials entered, in words: `P >= 40 n`. */
  readonly range: string;
}

/** Lip against P for one family on one data set: per size the replicates and their spread. */
export interface Series {
  readonly data: string;
  readonly family: string;
  readonly n: number;
  readonly d: number;
  readonly points: readonly {
    readonly size?: number;
    readonly parameterCount: number;
    /** One certified upper end per seed. */
    readonly upper: readonly number[];
    /** Witnessed lower ends per seed, where the value is not exact. */
    readonly lower?: readonly number[];
    /** Products of spectral norms per seed, where every trial has one. */
    readonly product?: readonly number[];
    readonly exact: boolean;
    readonly certifiedBound?: number;
    readonly interpolationError: number;
  }[];
}

/** Dimension of the sphere on which the same construction has the same constant. */
export interface EffectiveDimension {
  readonly data: string;
  readonly ambient: number;
  readonly estimate: Estimate;
  /** The curve it was read from: median constant against sphere dimension. */
  readonly reference: readonly { readonly d: number; readonly constants: readonly number[] }[];
  readonly constants: readonly number[];
}

export interface Analysis {
  readonly series: readonly Series[];
  readonly fits: readonly ExponentFit[];
  readonly effectiveDimensions: readonly EffectiveDimension[];
  /** Two sentences for someone who has not read the paper. */
  readonly verdict: readonly [string, string];
  /** Checks that must hold; a violated one is a finding with the trial that shows it. */
  readonly checks: readonly {
    readonly statement: string;
    readonly holds: boolean;
    readonly detail: string;
  }[];
}

export interface StudyResult {
  readonly name: string;
  readonly title: string;
  /** First 12 hexadecimal digits of the SHA-256 of the resolved specification. */
  readonly hash: string;
  /** The resolved study file, as YAML. */
  readonly specification: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly outcomes: readonly TrialOutcome[];
  readonly analysis: Analysis;
}
