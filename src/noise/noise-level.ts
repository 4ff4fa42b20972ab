// The noise level of labels, sigma^2 = E Var[y|x] summed over the outputs: the mean squared error that nothing goes below without fitting noise.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Estimate } from '../guarantee/index.ts';
import {
  binomialInterval,
  bootstrapReplicates,
  type Enclosure,
  expandedPercentileInterval,
  groupedInterval,
  mean,
} from '../numeric/index.ts';
import { integers, type Rng } from '../random/index.ts';
import type { Neighbourhoods } from '../separation/index.ts';

/** sigma^2 and where it comes from, in words. */
export interface NoiseLevel {
  readonly level: Estimate;
  readonly source: string;
}

const CONFIDENCE = 0.95;
const RESAMPLES = 2000;

/**
 * sigma^2 as someone knows it.
 *
 * @param variance E Var[y|x] summed over the outputs, >= 0.
 */
export function givenVariance(variance: number): NoiseLevel {
  if (!(variance >= 0 && variance < Infinity)) {
    throw invalidArgument('noise variance', variance, 'a finite number >= 0');
  }
  return { level: certain(variance), source: 'noise variance as given' };
}

/**
 * sigma^2 = 1 - (1-q)^2 - q^2 / (C-1) for one-hot labels of C classes that are flipped with probability q, to each other
 * class alike. Var[y|x] sums to E|y|^2 - |E[y|x]|^2 = 1 - sum_k p_k^2 with p = (1-q, q/(C-1), ..., q/(C-1)).
 *
 * It is the least expected squared error sum_k (f_k - y_k)^2 (the Brier score) of any function, reached by f = p.
 *
 * @param probability q, in [0, 1].
 */
export function givenFlips(probability: number, classes: number): NoiseLevel {
  return {
    level: certain(flipVariance(probability, classes)),
    source: `labels flipped with probability ${probability}, as given`,
  };
}

/**
 * sigma^2 where `flipped` of `rows` labels are known to have been flipped: as `givenFlips` with q their share. The interval
 * has q in its Clopper-Pearson interval, and lets flips go to the other classes in any proportion: 1 - (1-q)^2 - sum_k p_k^2
 * is least where one class gets them all.
 *
 * Assumes that every label was as likely to be flipped. It speaks of these flips only: labels that were noisy before are
 * noisier, so that the upper end is one only where they were clean. The upper end for `neighbours`, which sees all noise,
 * takes its place where it is given and higher.
 */
export function noiseOfFlips(
  flipped: number,
  rows: number,
  classes: number,
  neighbours: NoiseLevel | null = null,
): NoiseLevel {
  requireInteger('rows', rows);
  requireInteger('flipped rows', flipped, 0, rows);
  const [low, high] = binomialInterval(flipped, rows, CONFIDENCE);
  // Both are concave in q: the least value is at an end, the largest where all classes are as likely, if that is in between.
  const least = Math.min(flipVariance(low, 2), flipVariance(high, 2));
  const most = flipVariance(Math.min(high, Math.max(low, 1 - 1 / classes)), classes);
  return {
    level: {
      kind: 'estimate',
      value: flipVariance(flipped / rows, classes),
      interval: [least, Math.max(most, neighbours?.level.interval[1] ?? 0)],
      confidence: CONFIDENCE,
      method: `share of flipped labels (Clopper and Pearson) among ${classes} classes`,
    },
    source:
      `${flipped} of ${rows} labels known to be flipped` +
      (neighbours ? "; the upper end leaves room for other noise, by neighbours' labels" : ''),
  };
}

/**
 * sigma^2 from the nearest neighbour of each row: the mean of |y_i - y_j|^2 / 2, which for classes is the share of rows whose
 * nearest neighbour has another label. At one and the same point two independent labels differ with probability
 * 1 - sum_k p_k^2 and |y - y'|^2 / 2 has mean Var[y|x] (Cover and Hart 1967; Rice 1984 for regression).
 *
 * Two things pull it off sigma^2. Neighbours lie at positive distance: with g = E[y|x] this adds the mean of
 * |g(x_i) - g(x_j)|^2 / 2 >= 0, so that noise-free labels that change with x look noisy. And the noise at neighbours need not
 * be that at points: they lie in dense places, where labels may be cleaner or worse; rows that are copies of one record
 * agree and hide noise altogether. Against the first, the lower end of the interval is that of the quarter of rows with the
 * nearest neighbours; the upper end is that of all rows, and holds however far neighbours are.
 *
 * Rows that are linked by neighbourhood share labels; the intervals, of Clopper and Pearson for classes and a bootstrap for
 * regression, count groups of linked rows.
 *
 * @param labels `[rows, outputs]` of all rows, one-hot for classes.
 */
export function noiseOfNeighbours(
  neighbourhoods: Neighbourhoods,
  labels: ArrayLike<number>,
  outputs: number,
  kind: 'classification' | 'regression',
  random: Rng,
): NoiseLevel {
  const { rows, k, neighbours, distances, of } = neighbourhoods;
  if (labels.length !== of * outputs) {
    throw invalidArgument('number of labels', labels.length, `${of * outputs}, ${outputs} for each row`);
  }
  const nearest = Int32Array.from(rows, (_, i) => neighbours[i * k]!);
  const halves = Float64Array.from(rows, (row, i) => halfSquare(labels, outputs, row, nearest[i]!));
  const groups = linked(rows, nearest);
  const order = Array.from(rows, (_, i) => i).sort((a, b) => distances[a * k]! - distances[b * k]! || a - b);
  const closest = order.slice(0, Math.ceil(order.length / 4));
  const interval = (chosen: readonly number[], name: string): Enclosure => {
    const values = chosen.map((i) => halves[i]!);
    const own = chosen.map((i) => groups[i]!);
    return kind === 'classification'
      ? groupedInterval(values, own, CONFIDENCE)
      : groupedMeanInterval(values, own, random.split(name));
  };
  const [low] = interval(closest, 'closest');
  const [, high] = interval(order, 'all');
  const value = mean(halves);
  const copies = order.filter((i) => distances[i * k] === 0);
  const differing = copies.filter((i) => halves[i]! > 0).length;
  return {
    level: {
      kind: 'estimate',
      value,
      interval: [Math.min(low, value), high],
      confidence: CONFIDENCE,
      method: `half the squared difference to the label of the nearest other row, ${rows.length} rows`,
    },
    source:
      `nearest neighbours' labels of ${rows.length}${rows.length < of ? ` of ${of}` : ''} rows: too high where labels change ` +
      'between neighbours, hence the low end of the interval from the nearest quarter' +
      (copies.length > 0
        ? `; ${copies.length} rows equal another one, ${differing} of them with another label`
        : ''),
  };
}

/** Fewer rows that repeat say too little, and of a smaller share too little about the rest. */
const LEAST_COPIES = 100;
const LEAST_SHARE = 0.1;

/**
 * sigma^2 from rows with exactly the same features: the mean of |y_i - y_j|^2 / 2 over pairs of equal rows, averaged over
 * rows. Without bias at points that repeat, if the labels of equal rows were given independently; it says nothing of other
 * points. Undefined where fewer than 100 rows or a tenth of all equal another one, and where equal rows never differ: then
 * they may be copies of one record.
 *
 * @param labels `[rows, outputs]` of all rows, one-hot for classes.
 */
export function noiseOfDuplicates(
  { rows, k, neighbours, distances }: Neighbourhoods,
  labels: ArrayLike<number>,
  outputs: number,
  random: Rng,
): NoiseLevel | undefined {
  const values: number[] = [];
  const groups: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const equal = Array.from({ length: k }, (_, j) => i * k + j)
      .filter((at) => distances[at] === 0)
      .map((at) => neighbours[at]!);
    if (equal.length === 0) continue;
    values.push(mean(equal.map((j) => halfSquare(labels, outputs, rows[i]!, j))));
    groups.push(Math.min(rows[i]!, ...equal));
  }
  if (values.length < Math.max(LEAST_COPIES, LEAST_SHARE * rows.length)) return undefined;
  if (values.every((value) => value === 0)) return undefined;
  const value = mean(values);
  const [low, high] = groupedMeanInterval(values, groups, random);
  return {
    level: {
      kind: 'estimate',
      value,
      interval: [Math.min(low, value), Math.max(high, value)],
      confidence: CONFIDENCE,
      method: 'half the squared difference of the labels of equal rows, bootstrap over groups of equal rows',
    },
    source: `labels of ${values.length} of ${rows.length} rows that equal another one: the noise at points that repeat`,
  };
}

function flipVariance(q: number, classes: number): number {
  requireInteger('classes', classes, 2);
  if (!(q >= 0 && q <= 1)) throw invalidArgument('flip probability', q, 'a number in [0, 1]');
  // 1 - (1-q)^2 without the loss of digits at small q.
  return Math.max(0, q * (2 - q) - q ** 2 / (classes - 1));
}

/** A number without doubt. */
export function certain(value: number): Estimate {
  return { kind: 'estimate', value, interval: [value, value], confidence: 1, method: 'given' };
}

function halfSquare(labels: ArrayLike<number>, outputs: number, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < outputs; k++) sum += (labels[i * outputs + k]! - labels[j * outputs + k]!) ** 2;
  return sum / 2;
}

/** For each row the number of its component in the graph that links every row with its nearest neighbour. */
function linked(rows: Int32Array, nearest: Int32Array): Int32Array {
  const position = new Map(Array.from(rows, (row, i) => [row, i] as const));
  const parent = Int32Array.from(rows, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  nearest.forEach((row, i) => {
    parent[root(i)] = root(position.get(row)!);
  });
  return parent.map((_, i) => root(i));
}

/** Bootstrap over groups for the mean over members. All of R_+ below the largest value with a single group. */
function groupedMeanInterval(values: readonly number[], groups: readonly number[], random: Rng): Enclosure {
  const members = [...Map.groupBy(values, (_, i) => groups[i]!).values()];
  const n = members.length;
  if (n < 2) return [0, Math.max(...values)];
  const sums = members.map((list) => list.reduce((sum, value) => sum + value, 0));
  const statistic = (indices: Int32Array) => {
    let [total, count] = [0, 0];
    for (const i of indices) {
      total += sums[i]!;
      count += members[i]!.length;
    }
    return total / count;
  };
  const replicates = bootstrapReplicates(n, statistic, integers(random, RESAMPLES * n, 0, n));
  return expandedPercentileInterval(replicates, CONFIDENCE, n);
}
