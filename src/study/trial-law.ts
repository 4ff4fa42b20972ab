// What the law says about one trial: the class its function was taken from, and the lower bound that is proved for that class.
import { type Dataset, type Distribution, type Isoperimetry, pointCount } from '../data/index.ts';
import {
  coneSumClass,
  type Hypothesis,
  linearClass,
  mcShaneClass,
  mergedConeClass,
  type ParametricClass,
  powerSumClass,
  sharperBound,
  twoLayerReluClass,
  universalLaw,
} from '../law/index.ts';
import type { Member } from './families.ts';
import type { HypothesisLight, TrialResult } from './result.ts';

/** Failure probability of the certified bound of one trial, over the draw of the data. */
export const DELTA = 0.01;

/** A function that was fitted, as far as the law needs to know it. */
export interface Fitted {
  readonly member: Member;
  /** Euclidean norm of all parameters together, of the instance as a member of the class whose bound is asked. */
  readonly parameterNorm: number;
  /** Largest |parameter|. */
  readonly largestParameter: number;
  /** Distinct points the construction keeps. */
  readonly centres: number;
  /** How well it fits, as a level fixed before the data: mean squared error <= (1 - share) of the noise variance. */
  readonly share: number;
  /** Number of such levels it was chosen from; they divide the failure probability. */
  readonly levels: number;
  /** Where the Lipschitz constant of the trial holds. */
  readonly domain: TrialResult['lipschitz']['upper']['domain']['kind'];
}

export interface CertifiedLaw {
  readonly certifiedBound: number;
  /** 1 - DELTA. */
  readonly certifiedConfidence: number;
  readonly hypotheses: readonly HypothesisLight[];
}

/**
 * The certified lower bound on the Lipschitz constant of every function that the family of `fitted` could have given
 * for these data, with probability at least 1 - DELTA over the data. Undefined where no theorem applies: real data,
 * whose concentration is unknown, functions that do not fit below the noise, and classes without a parametrisation.
 *
 * Labels of pure noise on spheres and (mixtures of) Gaussians have the sharper bound; other data the constants of
 * Theorem 3 of Bubeck and Sellke.
 *
 * Every class must be fixed before the data are seen, but the size of the parameters is known only afterwards. Cones: see
 * `selfBounded`. Networks and linear functions: the classes with parameters of norm at most 2^j, j = 0, 1, ..., share DELTA as
 * DELTA / ((j + 1)(j + 2)), and the smallest one that holds the instance counts.
 */
export function certifiedLaw(
  dataset: Dataset,
  distribution: Distribution | undefined,
  fitted: Fitted,
): CertifiedLaw | undefined {
  const { isoperimetry } = dataset;
  if (distribution === undefined || isoperimetry?.metric !== 'l2' || !(fitted.share > 0)) return undefined;
  // A constant that holds on a ball or the sphere says what the theorem needs only if all inputs lie there.
  if (fitted.domain !== 'global' && !(distribution.supportRadius <= 1 + 1e-9)) return undefined;
  const n = pointCount(dataset);
  // Half of DELTA for inputs beyond the radius, half for the theorem; a bounded support needs no half.
  const bounded = Number.isFinite(distribution.supportRadius);
  const radius = bounded ? distribution.supportRadius : distribution.radius(n, DELTA / 2);
  const pureNoise = isPureNoise(dataset);
  if (!pureNoise && (dataset.noiseVariance === undefined || labelBound(dataset) > 1)) return undefined;
  const family = classOf(fitted, distribution.dimension, radius * (1 + 1e-9), labelBound(dataset));
  if (family === undefined) return undefined;
  const bound = pureNoise
    ? (one: ParametricClass, delta: number) => sharper(n, isoperimetry, fitted.share, one, delta)
    : (one: ParametricClass, delta: number) => theorem3(dataset, isoperimetry, fitted.share, one, delta);
  const delta = ((bounded ? DELTA : DELTA / 2) * family.deltaShare) / fitted.levels;
  const { value, hypotheses } = family.bySlope
    ? selfBounded((slope) => bound(family.ofSlope(slope), delta))
    : bound(family.ofSlope(1), delta);
  return {
    certifiedBound: value,
    certifiedConfidence: 1 - DELTA,
    hypotheses: hypotheses.map(({ name, statement, holds }) => ({ name, statement, holds })),
  };
}

interface Bound {
  readonly value: number;
  readonly hypotheses: readonly Hypothesis[];
}

interface ClassChoice {
  /** The class; where it is one of cones, that with slopes of at most S. */
  readonly ofSlope: (S: number) => ParametricClass;
  readonly bySlope: boolean;
  /** Part of the failure probability that this choice among classes takes. */
  readonly deltaShare: number;
}

function classOf(
  { member, parameterNorm, largestParameter, centres }: Fitted,
  d: number,
  R: number,
  largestLabel: number,
): ClassChoice | undefined {
  const cones = (dimension: number) => (slopeBound: number) => ({
    cones: centres,
    dimension,
    centreRadius: R,
    heightBound: 1,
    slopeBound,
    inputRadius: R,
  });
  const bySlope = (ofSlope: (S: number) => ParametricClass): ClassChoice => ({
    ofSlope,
    bySlope: true,
    deltaShare: 1,
  });
  const byNorm = (norm: number, ofNorm: (rho: number) => ParametricClass): ClassChoice => {
    const j = Math.max(0, Math.ceil(Math.log2(norm)));
    return { ofSlope: () => ofNorm(2 ** j), bySlope: false, deltaShare: 1 / ((j + 1) * (j + 2)) };
  };
  if ('train' in member) {
    const { train } = member;
    // In use, batch normalisation is part of the weights: the function is a plain two-layer network.
    const isTwoLayer = train.model === 'two-layer' && train.activation === 'relu';
    return isTwoLayer ? byNorm(parameterNorm, (rho) => twoLayerReluClass(d, member.size, rho, R)) : undefined;
  }
  if ('features' in member) {
    // |phi| <= 1, so that the features of every point have a norm of at most sqrt(k): linear functions of them.
    const bounded = ['tanh', 'sigmoid', 'cos'].includes(member.activation);
    return member.features === 'random' && bounded
      ? byNorm(parameterNorm, (rho) => linearClass(member.size, rho, Math.sqrt(member.size)))
      : undefined;
  }
  switch (member.memorizer) {
    case 'mcshane':
      return bySlope((S) => mcShaneClass(cones(d)(S)));
    case 'rbf':
      // Its constant is max |y_i| times the slope.
      return largestLabel === 1 ? bySlope((S) => coneSumClass(cones(d)(S))) : undefined;
    case 'projected-rbf':
      return bySlope((S) => mergedConeClass(cones(member.size)(S)));
    case 'minimum-norm':
      return byNorm(parameterNorm, (rho) => linearClass(d, rho, R));
    case 'baum':
      return byNorm(parameterNorm, (rho) => twoLayerReluClass(d, 4 * Math.ceil(centres / d), rho, R));
    case 'caps':
      return byNorm(parameterNorm, (rho) => twoLayerReluClass(d, centres, rho, R));
    case 'sqrt7':
      return byNorm(parameterNorm, (rho) => twoLayerReluClass(d, 2 * centres, rho, R));
    case 'grouped':
      return byNorm(parameterNorm, (rho) => twoLayerReluClass(d, member.size, rho, R));
    case 'tensor':
    case 'tensor-interpolant':
      return byNorm(largestParameter, (a) => powerSumClass(d, centres, member.size, a, R, R));
    default:
      return undefined;
  }
}

/**
 * The largest b with bound(b) >= b, by bisection.
 *
 * For constructions whose Lipschitz constant is their slope L: members with slopes of at most b have a constant of at
 * least bound(b) >= b by the theorem for that class, which is fixed before the data; all others have L > b. So every
 * member has a constant of at least b. As a function of the slope bound, `bound` decreases.
 */
function selfBounded(bound: (slope: number) => Bound): Bound {
  let [low, high] = [0, 1];
  if (!(bound(2 ** -100).value > 0)) return { ...bound(1), value: 0 };
  while (bound(high).value >= high) high *= 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (bound(middle).value >= middle) low = middle;
    else high = middle;
  }
  return low > 0 ? { ...bound(low), value: low } : { ...bound(high), value: 0 };
}

function sharper(
  n: number,
  { constant, dimension, components }: Isoperimetry,
  share: number,
  family: ParametricClass,
  delta: number,
): Bound {
  // Logarithmic Sobolev inequalities give the concentration in the form of moment generating functions, D = dimension / c.
  const setting = { n, concentration: dimension / constant, epsilon: share, delta, k: components };
  const { bound, hypotheses } = sharperBound(setting, family);
  return { value: bound, hypotheses };
}

function theorem3(
  dataset: Dataset,
  { constant, dimension, components }: Isoperimetry,
  share: number,
  family: ParametricClass,
  delta: number,
): Bound {
  const noiseVariance = dataset.noiseVariance!;
  const { certified, hypotheses } = universalLaw(
    {
      n: pointCount(dataset),
      d: dimension,
      epsilon: Math.min(1, share * noiseVariance),
      delta,
      c: constant,
      k: components,
      noiseVariance,
    },
    family,
  );
  return { value: certified, hypotheses };
}

/** Labels that are independent fair signs whatever the point. */
export function isPureNoise({ y, clean, noiseVariance }: Dataset): boolean {
  return (
    noiseVariance === 1 &&
    clean?.every((value) => value === 0) === true &&
    y.every((value) => Math.abs(value) === 1)
  );
}

function labelBound({ y }: Dataset): number {
  return y.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}
