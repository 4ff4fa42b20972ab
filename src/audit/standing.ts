// Where a model stands against the law of robustness: its parameters against n d, its measured constant in the scale of the law, and what Theorem 3 proves.

import { margins, type Task } from '../attacks/index.ts';
import { AMBIENT, type EffectiveDimension, STABLE_RANK } from '../dimension/index.ts';
import { requireInteger, requirePositive } from '../errors.ts';
import { plainEstimate } from '../guarantee/index.ts';
import { scalingLaw, scalingLawParameters, universalLaw } from '../law/index.ts';
import { powerOfTwoNear } from '../linalg/index.ts';
import { median } from '../numeric/index.ts';
import { counted, short } from '../words/index.ts';
import { decidingLoss } from './memorization.ts';
import type { LawStanding, Memorization } from './result.ts';

/** What the law needs to know of a model and the data it was trained on. */
export interface LawInputs {
  /** Points the model was trained on. */
  readonly n: number;
  readonly parameterCount: number;
  /** As `effectiveDimensions` gives them. */
  readonly dimensions: readonly EffectiveDimension[];
  readonly memorization: Memorization | null;
  readonly task: Task;
  readonly outputs: number;
  /** `[rows, outputs]`: outputs of the model and labels of some rows, of which the scale of the labels is read. */
  readonly scores: Float32Array;
  readonly labels: Float32Array;
  /** sqrt(E|x - Ex|^2) in the units in which `lipschitz` is measured: `rootMeanSquareSpread`. */
  readonly spread: number;
  /** Global l2 constant of the outputs per unit of input. */
  readonly lipschitz: { readonly lower: number | null; readonly upper: number | null };
}

type Dimensions = LawStanding['dimensions'];
type Certified = LawStanding['certified'];

/** Probability with which Theorem 3 may fail. */
const DELTA = 0.05;
/** Below this many points an order of magnitude in n says little. */
const FEW_POINTS = 100;

/**
 * For every dimension D: the order sqrt(n D / P) of the law, the parameters n D at which it is 1, and P / (n D).
 *
 * The law speaks of data of norm about 1 and labels in [-1, 1]. A constant L of the outputs per unit of input becomes
 *
 *   regression      L s / h,          h the radius max_i |y_i - (midrange of y)| of the labels
 *   classification  L s sqrt(2) / m,  m the median margin f_y - max_{k != y} f_k of rows that are right
 *
 * with s = sqrt(E|x - Ex|^2): scores with margin 1 are like one-hot labels, at distance sqrt(2) from each other, where labels
 * 1 and -1 are at distance 2. The largest and the smallest constant convert alike.
 *
 * The certified number is that of Theorem 3, with delta = 0.05, k = 1, and c = d / (stable rank), the least that the data
 * allow. For classes it speaks of the output that fits furthest below its noise, as 2 f_k - 1: epsilon and sigma^2 become
 * 4 / C times those of the sum. Diameter W and constant J of the class are not known for a stored network, and the theorem
 * asks for a class that was fixed before the data: this hypothesis does not hold, so nothing is certified. The formula has
 * log(60 W J / epsilon) = 1, less than any class has, which makes it as large as it could ever be.
 *
 * @throws RobustlawError `invalid-argument` for a model without parameters or lengths that differ.
 */
export function lawStanding(inputs: LawInputs): LawStanding {
  const { n, parameterCount } = inputs;
  requireInteger('n', n);
  requirePositive('number of parameters', parameterCount);
  const dimensions = inputs.dimensions.map(({ name, dimension, meaning }) => ({
    name,
    dimension: plainEstimate(dimension),
    meaning,
    scale: scalingLaw(n, dimension.value, parameterCount),
    robustParameters: scalingLawParameters(n, dimension.value, 1),
    ratio: parameterCount / scalingLawParameters(n, dimension.value, 1),
  }));
  const certified = certifiedBound(inputs);
  return {
    n,
    d: featureCount(inputs),
    parameterCount,
    dimensions,
    certified,
    measured: inLawScale(inputs),
    sentence: sentences(inputs.memorization, n, parameterCount, dimensions, certified).join(' '),
  };
}

/** The dimension by which a model is judged: the stable rank, nearest to what counts in the law, or all features without it. */
export function referenceDimension(dimensions: Dimensions): Dimensions[number] | undefined {
  return dimensions.find(({ name }) => name === STABLE_RANK) ?? dimensions[0];
}

/** P / (n D) at both ends of the interval of a dimension. */
export function ratioInterval(
  { n, parameterCount }: Pick<LawStanding, 'n' | 'parameterCount'>,
  { dimension }: Dimensions[number],
): readonly [low: number, high: number] {
  return [parameterCount / (n * dimension.interval[1]), parameterCount / (n * dimension.interval[0])];
}

/** sqrt((1/n) sum_i |x_i - mean|^2) of points `[rows, features]`, at any scale. */
export function rootMeanSquareSpread(points: ArrayLike<number>, features: number): number {
  const rows = points.length / features;
  requireInteger('rows', rows);
  const centre = new Float64Array(features);
  for (let at = 0; at < points.length; at++) centre[at % features]! += points[at]! / rows;
  let largest = 0;
  for (let at = 0; at < points.length; at++) {
    largest = Math.max(largest, Math.abs(points[at]! - centre[at % features]!));
  }
  const scale = powerOfTwoNear(largest);
  let sum = 0;
  for (let at = 0; at < points.length; at++) sum += ((points[at]! - centre[at % features]!) * scale) ** 2;
  return Math.sqrt(sum / rows) / scale;
}

function inLawScale({
  task,
  outputs,
  scores,
  labels,
  spread,
  lipschitz,
}: LawInputs): LawStanding['measured'] {
  const unit =
    task.kind === 'regression' ? labelRadius(labels, outputs) : marginScale(task, scores, labels, outputs);
  if (!(unit > 0 && unit < Infinity && spread > 0 && spread < Infinity)) {
    const why = !(spread > 0 && spread < Infinity)
      ? 'the points do not differ'
      : task.kind === 'regression'
        ? 'the labels do not differ'
        : 'no row is classified right by a finite margin';
    return { lower: null, upper: null, scaling: `not converted to the scale of the law: ${why}` };
  }
  const factor = (task.kind === 'regression' ? spread : Math.SQRT2 * spread) / unit;
  const convert = (value: number | null) =>
    value === null || value * factor === Infinity ? null : value * factor;
  const rule =
    task.kind === 'regression'
      ? `over ${short(unit)}, the radius of the labels`
      : `times sqrt(2) over ${short(unit)}, the median margin of rows that are right`;
  return {
    lower: convert(lipschitz.lower),
    upper: convert(lipschitz.upper),
    scaling:
      `l2 constant of the outputs times ${short(spread)}, the root-mean-square distance of the data from their mean, ${rule}: ` +
      'as of data of norm about 1 and labels in [-1, 1]',
  };
}

/** max_i |y_i - (midrange of y)|: 1 for labels that fill [-1, 1]. */
function labelRadius(labels: Float32Array, outputs: number): number {
  const low = new Float64Array(outputs).fill(Infinity);
  const high = new Float64Array(outputs).fill(-Infinity);
  labels.forEach((y, at) => {
    low[at % outputs] = Math.min(low[at % outputs]!, y);
    high[at % outputs] = Math.max(high[at % outputs]!, y);
  });
  let largest = 0;
  for (let from = 0; from < labels.length; from += outputs) {
    let square = 0;
    for (let k = 0; k < outputs; k++) square += (labels[from + k]! - (low[k]! + high[k]!) / 2) ** 2;
    largest = Math.max(largest, square);
  }
  return Math.sqrt(largest);
}

/** 0 where no row is right. */
function marginScale(task: Task, scores: Float32Array, labels: Float32Array, outputs: number): number {
  const right = margins(task, scores, labels, outputs).filter((margin) => margin > 0 && margin < Infinity);
  return right.length === 0 ? 0 : median(right);
}

function certifiedBound(inputs: LawInputs): Certified {
  const { n, parameterCount: p, dimensions, memorization, task, outputs } = inputs;
  const d = featureCount(inputs);
  const rank = dimensions.find(({ name }) => name === STABLE_RANK)?.dimension.value ?? d;
  const factor = labelFactor(inputs);
  const sigma2 = memorization?.noise ? Math.min(1, factor * memorization.noise.level.value) : 0;
  const gap = memorization?.noise
    ? factor * (memorization.noise.level.interval[0] - memorization.loss.value)
    : 0;
  // The bound grows with epsilon up to 1, so that 1 shows the most there could be where none is known.
  const epsilon = gap > 0 ? Math.min(1, gap) : 1;
  const { formula, hypotheses } = universalLaw(
    { n, d, epsilon, delta: DELTA, c: d / rank, k: 1, noiseVariance: sigma2 },
    { p, W: 1, logJ: 1 - Math.log(60 / epsilon) },
  );
  const lights = hypotheses.map(({ name, statement, holds, assumed }) =>
    name === CLASS_HYPOTHESIS
      ? {
          name,
          statement: `${statement}; W and J of a stored network and its training are not known, and the formula flatters with log(60 W J / epsilon) = 1`,
          holds: false,
          assumed: false,
        }
      : { name, statement, holds, assumed },
  );
  const fit = {
    name: 'fit below the noise',
    statement:
      gap > 0
        ? `mean squared error <= sigma^2 - epsilon with epsilon = ${short(epsilon)}, sigma^2 at the low end of its interval`
        : 'mean squared error <= sigma^2 - epsilon for an epsilon > 0; the formula has 1, the largest there is',
    // The theorem speaks of squared error, whatever the cross-entropy says.
    holds: gap > 0,
    assumed: false,
  };
  return {
    theorem:
      'Theorem 3 of Bubeck and Sellke (2021)' +
      (task.kind === 'classification' && outputs > 1 ? ' for the output that fits best, as 2 f_k - 1' : ''),
    // A hypothesis never holds: see the lights.
    value: 0,
    formula,
    lights: [fit, ...lights],
  };
}

const CLASS_HYPOTHESIS = 'parametrised class';

/** By what a squared error summed over the outputs is multiplied to be one of a label in [-1, 1]. */
function labelFactor({ task, labels, outputs }: LawInputs): number {
  if (task.kind === 'classification') return 4 / outputs;
  const radius = labelRadius(labels, outputs);
  return radius > 0 ? 1 / radius ** 2 / outputs : 0;
}

function featureCount({ dimensions }: LawInputs): number {
  const features = dimensions.find(({ name }) => name === AMBIENT);
  return features?.dimension.value ?? 1;
}

/** First whether the law applies, then what it says about the size. */
function sentences(
  memorization: Memorization | null,
  n: number,
  P: number,
  dimensions: Dimensions,
  certified: Certified,
): readonly string[] {
  const chosen = referenceDimension(dimensions);
  if (!chosen) return ['The dimension of the data is not known, so the law says nothing of this model.'];
  const few = n < FEW_POINTS ? [`With only ${counted(n, 'point')} these are rough orders of magnitude.`] : [];
  if (memorization?.fitsBelowNoise === 'no') {
    const { loss, noise, crossEntropy } = memorization;
    const also = crossEntropy
      ? ` and its cross-entropy of ${short(crossEntropy.loss)} not below ${short(crossEntropy.floor.value)}`
      : '';
    return [
      `This model does not memorize: its loss of ${short(loss.value)} is not below the noise level of ` +
        `${short(noise!.level.value)} of the labels${also}, so the law does not apply to it.`,
      `To fit these labels below their noise, and robustly, would take about ${short(chosen.robustParameters)} parameters by ` +
        `the law; the model has ${short(chosen.ratio, 2)} times that.`,
      ...few,
    ];
  }
  const size = sizeSentence(n, P, chosen, dimensions);
  if (memorization?.fitsBelowNoise === 'yes') return [...size, proven(certified), ...few];
  const deciding = memorization && decidingLoss(memorization);
  const why = deciding
    ? `its ${deciding.loss} lies within the uncertainty of ${deciding.name}, ` +
      `${short(deciding.interval[0])} to ${short(deciding.interval[1])}`
    : 'the noise level of the labels is not known';
  return [
    ...size,
    `Whether this model fits its labels below their noise, as the law assumes, is undecided: ${why}.`,
    proven(certified),
    ...few,
  ];
}

function sizeSentence(
  n: number,
  P: number,
  chosen: Dimensions[number],
  dimensions: Dimensions,
): readonly string[] {
  const [low, high] = ratioInterval({ n, parameterCount: P }, chosen);
  const needed = `${short(chosen.robustParameters)} by n = ${n.toLocaleString('en-US')} and ${chosen.name} ${short(chosen.dimension.value)}`;
  if (high < 1) {
    return [
      `This model has ${short(chosen.ratio, 2)} times the parameters that a robust fit of this data needs by the law ` +
        `(${counted(P, 'parameter')}; about ${needed}); expect no robust fit at this size, whatever the training.`,
    ];
  }
  if (low < 1) {
    return [
      `This model has about as many parameters as a robust fit of this data needs by the law, ${short(low, 2)} to ` +
        `${short(high, 2)} times as many (${counted(P, 'parameter')}; about ${needed}): the law does not decide whether it is large enough.`,
    ];
  }
  const ambient = dimensions.find(({ name }) => name === AMBIENT);
  const otherwise =
    ambient && ambient.ratio < 1
      ? [
          `The answer hangs on the dimension: with all ${short(ambient.dimension.value)} features counted it has ` +
            `${short(ambient.ratio, 2)} times what is needed.`,
        ]
      : [];
  return [
    `This model has ${short(chosen.ratio, 2)} times the parameters that a robust fit of this data needs by the law ` +
      `(${counted(P, 'parameter')}; about ${needed}): enough by the law, which does not promise that training finds such a fit.`,
    ...otherwise,
  ];
}

function proven({ formula }: Certified): string {
  return (
    `The lower bound that Theorem 3 proves here is 0, and could not be more than ${short(formula)}: that is the size of its ` +
    'constants, not good news about the model.'
  );
}
