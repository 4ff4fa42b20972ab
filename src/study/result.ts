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
  /** Why it stopped: `memorized`, `noise-level`, `step limit`, `stalled`, ... */
  readonly reason: string;
  /** The loss at logarithmically spaced steps. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
}

/**
 * Gradients of the function at fresh points of the distribution of the data, which it has not seen: of functions with
 * several outputs the Jacobian, in its operator norm for the largest and its Frobenius norm for the mean square.
 */
export interface GradientSample {
  /** T. */
  readonly points: number;
  /** Where the points come from: a distribution, or rows that were left out. */
  readonly source: string;
  /**
   * max |grad f(z_i)|, the "maximum random gradient" of Bubeck, Li and Nagaraj (2021, section 4), as a pair of points along
   * the steepest gradient that proves it from below.
   */
  readonly largest: WitnessedLowerBound;
  /** E |grad f|^2, the squared Sobolev seminorm. */
  readonly meanSquare: Estimate;
  /**
   * E |z| |grad f(z)|, which does not depend on the scale of the points: the sensitivity of Bombari, Kiyani and Mondelli
   * (2023), where |z| = sqrt(d). Absent in results of versions that did not measure it.
   */
  readonly sensitivity?: Estimate;
}

/** The function in the middle of its training. */
export interface TrajectoryPoint {
  /** Updates made. */
  readonly step: number;
  /** (1/n) sum_i |f(x_i) - y_i|^2 of the function as it would be used now. */
  readonly meanSquaredError: number;
  readonly upper: UpperGuarantee;
  /** From the largest gradient at the data and at fresh points. */
  readonly lower: WitnessedLowerBound;
}

/** Everything measured in one trial. Every Lipschitz number carries its guarantee. */
export interface TrialResult {
  readonly n: number;
  readonly d: number;
  /** P, what was fitted to the labels. */
  readonly parameterCount: number;
  /** Random weights drawn before the data were seen, which are no part of P. */
  readonly fixedParameters?: number;
  /** max_i |f(x_i) - y_i|. */
  readonly interpolationError: number;
  /** (1/n) sum_i |f(x_i) - y_i|^2. */
  readonly meanSquaredError: number;
  /** sigma^2 = E Var[y|x], where known. */
  readonly noiseVariance?: number;
  /** Dimension of the manifold near which the points lie, where they do. */
  readonly intrinsicDimension?: number;
  readonly memorization: 'perfect' | 'partial' | 'none';
  /**
   * Whether the function memorized as its family understands it: explicit constructions and trainings until every error is
   * small, `perfect`; trainings until every sign (or class) is right, that and their mean squared error; others at least
   * `partial`. Fits keep only trials that did, unless they say otherwise.
   */
  readonly memorized?: boolean;
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
  readonly gradients?: GradientSample;
  /** At logarithmically spaced steps of the training, the last one included. */
  readonly trajectory?: readonly TrajectoryPoint[];
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

/** Points of a scatter with x in [from, to). */
export interface ScatterBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly median: number;
  readonly largest: number;
}

/** One trial in a scatter. */
export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
}

/** How well one predictor explains the measured quantity, against its rivals on the same trials. */
export interface RivalPredictor {
  readonly predictor: string;
  /** Logarithmic: the exponent b of measured = a predictor^b. Linear: the slope. */
  readonly slope: Estimate;
  readonly rSquared: number;
  /** Root mean squared error of each trial by the line through the others, in the units of the fit (logarithms, or the quantity). */
  readonly leaveOneOut: number;
  /** The same with all trials on the same draw of the data left out together. */
  readonly leaveOneDrawOut: number;
  /** Logarithmic: the error of leaving one trial out, with the exponent held at the 1 that the predictor claims. */
  readonly leaveOneOutAsClaimed?: number;
}

/** The measured quantity against several predictors at once. */
export interface FittedSum {
  readonly predictors: readonly string[];
  /** Each trial: x what the fit says, y what was measured. */
  readonly points: readonly ScatterPoint[];
  /**
   * Linear: quantity = intercept + sum_j coefficient_j predictor_j; logarithmic: the same of the logarithms, so that the
   * coefficients are exponents. Absent where the trials do not determine it; `note` says why.
   */
  readonly fit?: {
    readonly intercept: Estimate;
    /** In the order of the predictors. */
    readonly coefficients: readonly Estimate[];
    readonly rSquared: number;
    /** 1 - (1 - R^2) (n - 1) / (n - p - 1) with n trials and p predictors. */
    readonly adjustedRSquared: number;
    /** As of `RivalPredictor`, to be compared with those of the same group. */
    readonly leaveOneOut: number;
    readonly leaveOneDrawOut: number;
  };
  readonly note?: string;
}

/** The line through the trials of one group. */
export interface FittedGroup {
  /** Families, data, or both, as the study file separates them; empty where all trials are one group. */
  readonly name: string;
  readonly points: readonly ScatterPoint[];
  /** Finished trials that did not memorize and were left out. */
  readonly leftOut: number;
  /** Absent where the points are too few or have one predictor only; `note` says so. */
  readonly line?: {
    readonly slope: Estimate;
    readonly intercept: Estimate;
    readonly rSquared: number;
  };
  readonly note?: string;
  /** Best first, by the error of leaving one out; the predictor of the fit is among them. */
  readonly rivals: readonly RivalPredictor[];
  /** In the order of the study file; absent where it asks for none. */
  readonly sums?: readonly FittedSum[];
  readonly bins: readonly ScatterBin[];
}

/** A figure of the literature beside one's own points; lines as in the fit, without intervals. */
export interface PublishedFigure {
  readonly name: string;
  readonly source: string;
  readonly points: readonly ScatterPoint[];
  readonly slope: number;
  readonly intercept: number;
  readonly rSquared: number;
  readonly bins: readonly ScatterBin[];
}

/** One fit that a study asks for: a measured quantity against a predictor. */
export interface PredictorFit {
  readonly title: string;
  /** `upper`, `lower`, `gradients`, `average` or `sensitivity`. */
  readonly quantity: string;
  readonly predictor: string;
  /** `log`: log quantity = intercept + slope log predictor. */
  readonly scale: 'linear' | 'log';
  readonly groups: readonly FittedGroup[];
  readonly published: readonly PublishedFigure[];
}

/** One size of a family beside the best construction with at most as many parameters, over draws of the data. */
export interface ComparedMember {
  readonly data: string;
  readonly family: string;
  readonly size?: number;
  readonly parameterCount: number;
  /** The constructions that were best on some draw, with their sizes. */
  readonly best: readonly string[];
  /** Geometric mean of the constant from below over that of the construction from above. */
  readonly atLeast?: Estimate;
  /** The same with the certified constant; absent where there is none. */
  readonly atMost?: Estimate;
  /** Draws of the data that entered. */
  readonly draws: number;
  /** Trials that did not memorize and were left out. */
  readonly leftOut: number;
  /** Why there is no ratio. */
  readonly note?: string;
}

/** Families against explicit constructions at the same P. */
export interface Comparison {
  readonly title: string;
  readonly members: readonly ComparedMember[];
}

export interface Analysis {
  readonly series: readonly Series[];
  readonly fits: readonly ExponentFit[];
  /** The fits that the study asks for by name; absent where it asks for none. */
  readonly predictorFits?: readonly PredictorFit[];
  /** Absent where the study asks for none. */
  readonly comparisons?: readonly Comparison[];
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
