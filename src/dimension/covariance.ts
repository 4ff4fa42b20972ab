// Effective dimensions of data as far as a covariance matrix shows them: how far the "d" of the law is from the number of features.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Estimate } from '../guarantee/index.ts';
import { centredRows, gram, largestEigenpair, type Matrix, matrix } from '../linalg/index.ts';
import { bootstrapReplicates, expandedPercentileInterval, mean } from '../numeric/index.ts';
import { integers, permutation, type Rng } from '../random/index.ts';

/** One reading of "the dimension of the data". */
export interface EffectiveDimension {
  readonly name: string;
  readonly dimension: Estimate;
  /** What it means for the law. */
  readonly meaning: string;
}

export const AMBIENT = 'features';
export const STABLE_RANK = 'stable rank';
export const CLASS_STABLE_RANK = 'stable rank within classes';
export const PARTICIPATION_RATIO = 'participation ratio';

const CONFIDENCE = 0.95;
const RESAMPLES = 1000;
const MOST_ROWS = 2500;
/** Multiplications for the inner products of all rows, some four seconds. */
const MOST_PRODUCTS = 6e9;
/** Parts of the rows: directions found on all but one are tried on that one. */
const FOLDS = 5;
/** Fewer rows tell nothing about a spread in many directions. */
const LEAST_ROWS = 10;

/**
 * The number of features d, and for centred data with covariance S two dimensions that do not grow when constant or
 * redundant features are added, each at most d:
 *
 *   stable rank          tr S / lambda_max(S), of all data and, where classes are given, the mean over classes
 *   participation ratio  (tr S)^2 / tr S^2, never below the stable rank of the same S
 *
 * The stable rank is E|x - Ex|^2 / Var(f) for the linear f with |grad f| = 1 that varies most. With D in place of d in the
 * definition of c-isoperimetry and data scaled to E|x - Ex|^2 = 1, that f alone shows D <= c tr S / lambda_max.
 *
 * lambda_max of a sample is too large on average, and the variance along a direction found on other rows too small.
 * The estimate is the second, by five-fold cross-validation, and the interval of the stable rank reaches from the lower end
 * for the first to the upper end for the second, both by a bootstrap over rows along fixed directions. (tr S)^2 and tr S^2
 * are the unbiased estimates of Chen, Zhang and Zhong (2010), in the form of Himeno and Yamada (2014); the bootstrap weighs
 * the part of every row in them. With fewer than 10 rows the intervals are [1, d]; without any spread only d is returned.
 *
 * Of many rows at most 2500 are drawn at random, fewer where they are long. Cost: m^2 d / 2 multiplications for m rows, at
 * most 6e9, and a Lanczos process on the inner products for each fold and class.
 *
 * @param points `[rows, features]`.
 * @param classes of the rows; undefined in regression.
 * @throws RobustlawError `invalid-argument` for no rows, a number that is not finite, or lengths that differ. Estimates.
 */
export function effectiveDimensions(
  points: ArrayLike<number>,
  features: number,
  classes: ArrayLike<number> | undefined,
  random: Rng,
): readonly EffectiveDimension[] {
  requireInteger('features', features);
  const count = points.length / features;
  requireInteger('rows', count);
  if (classes && classes.length !== count) {
    throw invalidArgument('number of classes', classes.length, `${count}, one for each row`);
  }
  const most = Math.max(2, Math.min(MOST_ROWS, Math.floor(Math.sqrt((2 * MOST_PRODUCTS) / features))));
  const rows = permutation(random.split('rows'), count).subarray(0, most);
  const products = gram(centredRows(points, features, rows));
  const all = Array.from(rows, (_, i) => i);
  const groups = classes ? [...Map.groupBy(all, (i) => classes[rows[i]!]!).values()] : [];
  return [
    ambient(features),
    ...stableRank(STABLE_RANK, RANK_MEANING, products, [all], features, random.split('stable rank')),
    ...stableRank(CLASS_STABLE_RANK, CLASS_MEANING, products, groups, features, random.split('classes')),
    ...participationRatio(products, features, random.split('participation ratio')),
  ];
}

const RANK_MEANING =
  'An upper bound on the dimension that counts in the law, which asks how tightly all smooth functions of the data ' +
  'concentrate: the most varying linear one concentrates no better than in this many dimensions.';
const CLASS_MEANING =
  'The same within a class, averaged over classes: the law allows mixtures, and asks how each part concentrates.';
const PARTICIPATION_MEANING =
  'How many directions share the variance. It bounds the stable rank from above and so is further from the dimension that ' +
  'counts in the law.';

function ambient(features: number): EffectiveDimension {
  return {
    name: AMBIENT,
    dimension: {
      kind: 'estimate',
      value: features,
      interval: [features, features],
      confidence: 1,
      method: 'counted',
    },
    meaning:
      'The d of the theorem for data that fill their space. Data that do not concentrate less, and the law asks for less.',
  };
}

function stableRank(
  name: string,
  meaning: string,
  products: Matrix,
  groups: readonly (readonly number[])[],
  features: number,
  random: Rng,
): readonly EffectiveDimension[] {
  const rows = groups.reduce((sum, members) => sum + members.length, 0);
  const usable = groups.filter((members) => members.length >= (groups.length > 1 ? LEAST_ROWS : 2));
  const spreads = usable
    .map((members, i) => spreadOf(products, members, random.split(i)))
    .filter((spread) => spread.length > 0);
  const used = spreads.reduce((sum, { length }) => sum + length, 0);
  // A statement about half of the data or less is none about the data.
  if (2 * used <= rows) return [];
  const pick = (part: 'inside' | 'outside') => (draw: (group: number, at: number) => number) =>
    mean(
      spreads.map((spread, group) => {
        let [squares, along] = [0, 0];
        for (let at = 0; at < spread.length; at++) {
          const one = spread[draw(group, at)]!;
          squares += one[part].square;
          along += one[part].along;
        }
        return along > 0 ? squares / along : features;
      }),
    );
  const value = clamp(
    pick('outside')((_, at) => at),
    features,
  );
  const interval = (): readonly [number, number] => {
    const lower = resampled(spreads, pick('inside'), random.split('inside'));
    const upper = resampled(spreads, pick('outside'), random.split('outside'));
    return [
      Math.min(value, clamp(expandedPercentileInterval(lower, CONFIDENCE, used)[0], features)),
      Math.max(value, clamp(expandedPercentileInterval(upper, CONFIDENCE, used)[1], features)),
    ];
  };
  return [
    {
      name,
      dimension: {
        kind: 'estimate',
        value,
        interval: used < LEAST_ROWS ? [1, features] : interval(),
        confidence: CONFIDENCE,
        method:
          `tr S / lambda_max(S) of ${used} rows${groups.length > 1 ? ` in ${spreads.length} classes` : ''}, ` +
          'five-fold cross-validation, bootstrap over rows',
      },
      meaning,
    },
  ];
}

/** |x - m|^2 and (v . (x - m))^2 of one row: inside, m and v from all rows; outside, from the rows of the other folds. */
interface RowSpread {
  readonly inside: { readonly square: number; readonly along: number };
  readonly outside: { readonly square: number; readonly along: number };
}

/** Empty where the rows are all equal. */
function spreadOf(products: Matrix, members: readonly number[], random: Rng): readonly RowSpread[] {
  const inside = alongTop(products, members, members);
  if (!inside) return [];
  const order = permutation(random, members.length);
  const folds = Math.min(FOLDS, members.length);
  const result: RowSpread[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const held: number[] = [];
    const others: number[] = [];
    order.forEach((at, i) => {
      (i % folds === fold ? held : others).push(at);
    });
    const outside = alongTop(
      products,
      others.map((at) => members[at]!),
      held.map((at) => members[at]!),
    );
    held.forEach((at, i) => {
      // Other rows without any spread know no direction; then there is nothing to hold against the estimate inside.
      result.push({ inside: inside[at]!, outside: outside?.[i] ?? inside[at]! });
    });
  }
  return result;
}

/**
 * For the rows `tested`, their squared distance from the mean m of the rows `known`, and its part along the top eigenvector v
 * of the covariance of those: with u the unit top eigenvector of their centred inner products, v = sum_i u_i (x_i - m) /
 * sqrt(lambda). Undefined where `known` has no spread.
 */
function alongTop(
  { data, columns }: Matrix,
  known: readonly number[],
  tested: readonly number[],
): RowSpread['inside'][] | undefined {
  const n = known.length;
  const rowMeans = new Float64Array(n);
  for (let a = 0; a < n; a++) {
    let sum = 0;
    for (let b = 0; b < n; b++) sum += data[known[a]! * columns + known[b]!]!;
    rowMeans[a] = sum / n;
  }
  const middle = mean(rowMeans);
  const centred = matrix(n, n);
  let trace = 0;
  let size = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      centred.data[a * n + b] = data[known[a]! * columns + known[b]!]! - rowMeans[a]! - rowMeans[b]! + middle;
    }
    trace += centred.data[a * n + a]!;
    size += data[known[a]! * columns + known[a]!]!;
  }
  if (!(trace > ROUNDING * size)) return undefined;
  const { value, vector } = largestEigenpair(centred);
  const offset = vector.reduce((sum, u, a) => sum + u * rowMeans[a]!, 0);
  return tested.map((j) => {
    let [along, toMean] = [0, 0];
    for (let a = 0; a < n; a++) {
      const product = data[known[a]! * columns + j]!;
      along += vector[a]! * product;
      toMean += product / n;
    }
    return {
      square: Math.max(0, data[j * columns + j]! - 2 * toMean + middle),
      along: (along - offset) ** 2 / value,
    };
  });
}

/** Spread below this share of the squared lengths is rounding of their differences. */
const ROUNDING = 1e-12;

/** The statistic on resamples of the rows, within each group. */
function resampled(
  spreads: readonly (readonly RowSpread[])[],
  statistic: (draw: (group: number, at: number) => number) => number,
  random: Rng,
): Float64Array {
  const drawn = spreads.map(({ length }, group) =>
    integers(random.split(group), RESAMPLES * length, 0, length),
  );
  return Float64Array.from({ length: RESAMPLES }, (_, b) =>
    statistic((group, at) => drawn[group]![b * spreads[group]!.length + at]!),
  ).sort();
}

function participationRatio(
  { data, rows: n }: Matrix,
  features: number,
  random: Rng,
): readonly EffectiveDimension[] {
  // Of row i: |x_i|^2, and the sum of (x_i . x_j)^2 over the others, whose means are in proportion to tr S and tr S^2.
  const own = new Float64Array(n);
  const shared = new Float64Array(n);
  let [trace, squares, fourth] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    own[i] = data[i * n + i]!;
    for (let j = 0; j < n; j++) if (j !== i) shared[i]! += data[i * n + j]! ** 2;
    trace += own[i]! / (n - 1);
    squares += (shared[i]! + own[i]! ** 2) / (n - 1) ** 2;
    fourth += own[i]! ** 2 / (n - 1);
  }
  if (!(n > 1 && trace > 0)) return [];
  const enough = n >= LEAST_ROWS;
  // Up to the same factor the means of |a - b|^2 |c - d|^2 / 4 and ((a - b) . (c - d))^2 / 4 over four distinct rows.
  const squareOfTrace = enough ? 2 * squares + (n * (n - 3) + 1) * trace ** 2 - n * fourth : trace ** 2;
  const traceOfSquare = enough ? (n - 1) * (n - 2) * squares + trace ** 2 - n * fourth : squares;
  const raw = traceOfSquare > 0 ? squareOfTrace / traceOfSquare : features;
  const [meanOwn, meanShared] = [mean(own), mean(shared)];
  const onResample = (indices: Int32Array) => {
    let [a, b] = [0, 0];
    for (const i of indices) {
      a += own[i]! / meanOwn;
      b += shared[i]! / meanShared;
    }
    return b > 0 ? clamp(raw * (a / b) ** 2, features) : features;
  };
  const interval = () =>
    expandedPercentileInterval(
      bootstrapReplicates(n, onResample, integers(random, RESAMPLES * n, 0, n)),
      CONFIDENCE,
      n,
    );
  return [
    {
      name: PARTICIPATION_RATIO,
      dimension: {
        kind: 'estimate',
        value: clamp(raw, features),
        interval: enough ? interval() : [1, features],
        confidence: CONFIDENCE,
        method: `(tr S)^2 / tr S^2 of ${n} rows, both without bias, bootstrap over rows`,
      },
      meaning: PARTICIPATION_MEANING,
    },
  ];
}

/** A stable rank and a participation ratio lie in [1, d]. */
function clamp(value: number, features: number): number {
  return Math.min(features, Math.max(1, value));
}
