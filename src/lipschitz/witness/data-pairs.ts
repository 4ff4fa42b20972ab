// The steepest pair among given points: what the data themselves say about a Lipschitz constant.
import type { Model } from '../../graph/index.ts';
import { singleSample } from '../../graph/index.ts';
import { type Domain, GLOBAL, type Norm, type WitnessedLowerBound } from '../../guarantee/index.ts';
import { normal, permutation, type Rng } from '../../random/index.ts';
import { length } from '../norms.ts';
import { createOracle, joined, rowsOf } from './oracle.ts';
import { type Pair, steepestOf } from './pairs.ts';
import { contains, regionOf } from './region.ts';
import { pointsOf } from './search.ts';

export const DATA_PAIRS = 'steepest pair of the data';

/** All pairs of so many points are compared, */
const MOST_POINTS = 2000;
/** if that takes at most so many differences of coordinates. */
const MOST_DIFFERENCES = 4e9;
/** Of more points: neighbours in the order along random directions. */
const DIRECTIONS = 8;
const NEIGHBOURS = 3;
/** Pairs that are proven. */
const PROVEN = 3;

/**
 * max ||f(a) - f(b)|| / ||a - b|| over pairs of the points that lie in the domain: over all pairs of up to 2000 points
 * (fewer in high dimensions: 4e9 coordinates are compared at most); of more, over all pairs of a random subset and over
 * points that neighbour each other along random directions. Undefined without two different points.
 *
 * @param points `[count, features]`.
 * @throws as witnessedLowerBound(). Witnessed lower bound.
 */
export async function steepestDataPair(
  model: Model,
  points: Float64Array | Float32Array,
  rng: Rng,
  norm: Norm = 'l2',
  domain: Domain = GLOBAL,
): Promise<WitnessedLowerBound | undefined> {
  const oracle = await createOracle(model);
  try {
    const region = regionOf(domain, oracle.features);
    const inside = pointsOf(points, oracle.features).filter((x) => contains(region, x));
    if (inside.length < 2) return undefined;
    const values = rowsOf(await oracle.values(joined(inside)), oracle.outputs);
    const pairs = steepestPairs(brought(inside), brought(values), norm, rng).map(
      ([i, j]): Pair => ({ kind: 'pair', a: inside[i]!, b: inside[j]! }),
    );
    return pairs.length > 0 ? steepestOf(pairs, singleSample(model), norm, domain, DATA_PAIRS) : undefined;
  } finally {
    await oracle.dispose();
  }
}

/** The rows times the power of two that brings the largest entry near 1, so that squares keep their digits. */
function brought(rows: readonly Float64Array[]): readonly Float64Array[] {
  const largest = rows.reduce((most, row) => Math.max(most, length(row, 'linf')), 0);
  if (!(largest > 0 && Number.isFinite(largest))) return rows;
  const scale = 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
  return rows.map((row) => row.map((v) => v * scale));
}

/** Indices of the steepest pairs by what float64 says. */
function steepestPairs(
  points: readonly Float64Array[],
  values: readonly Float64Array[],
  norm: Norm,
  rng: Rng,
): readonly (readonly [number, number])[] {
  const n = points.length;
  const d = points[0]!.length;
  const best: { readonly pair: readonly [number, number]; readonly quotient: number }[] = [];
  const consider = (i: number, j: number) => {
    const rise = length(
      values[i]!.map((v, k) => v - values[j]![k]!),
      norm,
    );
    if (!Number.isFinite(rise)) return;
    const least = best.length < PROVEN ? 0 : best.at(-1)!.quotient;
    const distance = distanceBelow(points[i]!, points[j]!, norm, rise / least);
    if (!(distance! > 0)) return;
    best.push({ pair: [i, j], quotient: rise / distance! });
    best.sort((p, q) => q.quotient - p.quotient);
    if (best.length > PROVEN) best.pop();
  };
  const every = Math.floor(Math.min(MOST_POINTS, Math.sqrt((2 * MOST_DIFFERENCES) / d)));
  const order = permutation(rng.split('order'), n);
  for (let i = 1; i < Math.min(n, every); i++) for (let j = 0; j < i; j++) consider(order[i]!, order[j]!);
  for (let direction = 0; n > every && direction < DIRECTIONS; direction++) {
    const along = normal(rng.split(direction), d);
    const heights = points.map((x) => x.reduce((sum, v, j) => sum + v * along[j]!, 0));
    const sorted = [...order].sort((i, j) => heights[i]! - heights[j]!);
    sorted.forEach((i, at) => {
      for (let step = 1; step <= NEIGHBOURS && at + step < n; step++) consider(i, sorted[at + step]!);
    });
  }
  return best.map(({ pair }) => pair);
}

/** ||a - b||, or undefined once it is known to be at least `bound`. */
function distanceBelow(a: Float64Array, b: Float64Array, norm: Norm, bound: number): number | undefined {
  const d = a.length;
  const most = norm === 'l2' ? bound * bound : bound;
  let size = 0;
  for (let from = 0; from < d; from += 64) {
    const to = Math.min(d, from + 64);
    if (norm === 'l2') for (let i = from; i < to; i++) size += (a[i]! - b[i]!) ** 2;
    else if (norm === 'l1') for (let i = from; i < to; i++) size += Math.abs(a[i]! - b[i]!);
    else for (let i = from; i < to; i++) size = Math.max(size, Math.abs(a[i]! - b[i]!));
    if (size >= most) return undefined;
  }
  return norm === 'l2' ? Math.sqrt(size) : size;
}
