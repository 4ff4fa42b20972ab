// Nearest neighbours in l1 and linf: products of matrices rule pairs out, what remains is summed as far as needed.
import type { Stop } from '../stop.ts';
import { distanceBetween } from './distance.ts';
import { mixed } from './mixed.ts';
import type { Nearest } from './shortlists.ts';
import { type Observe, SINGLE, tilingOf } from './tiles.ts';

/** Segments of the range of a feature: more rule out more pairs in l1 and cost as many times the products. */
const SEGMENTS = 3;

/**
 * For each listed row the positions in `rows` of the k nearest other ones in l1 or linf, and their distances, exactly as from
 * all computed distances, ties to the lower position.
 *
 * A pair is left out where a product shows it to be farther than the k-th distance t so far. In l1 the range of every feature is
 * cut into segments of length w, and u_s is the part of x in segment s: |x - y| = sum_s |u_s - v_s| >= sum_s |u_s - v_s|^2 / w,
 * with equality where x and y are ends of segments. In linf |x - y|_2^2 <= d |x - y|_inf^2. The rest is computed, features that
 * vary most first, and given up once it exceeds t. Rows are visited in an order that mixes them, so that t is soon small.
 *
 * Cost: 3 m^2 d / 2 multiplications in ONNX Runtime for l1, and up to m^2 d / 2 operations in JavaScript where little is ruled
 * out, as always in linf; memory 32 m d bytes for l1, 12 m d for linf.
 *
 * @param points `[all rows, features]`, finite.
 * @param rows no two of them equal, more than k.
 */
export async function searchByPairs(
  norm: 'l1' | 'linf',
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  k: number,
  observe: Observe,
  stop: Stop,
): Promise<Nearest> {
  const m = rows.length;
  const order = mixed(m);
  const visited = order.map((position) => rows[position]!);
  const neighbours = new Int32Array(m * k).fill(-1);
  const distances = new Float64Array(m * k).fill(Infinity);
  const add = (i: number, j: number, far: number) => {
    const [first, last] = [i * k, (i + 1) * k - 1];
    const before = (at: number) => far < distances[at]! || (far === distances[at] && j < neighbours[at]!);
    if (!before(last)) return;
    let at = last;
    for (; at > first && before(at - 1); at--) {
      distances[at] = distances[at - 1]!;
      neighbours[at] = neighbours[at - 1]!;
    }
    distances[at] = far;
    neighbours[at] = j;
  };

  const ranges = rangesOf(points, features, rows);
  const values = mostVaryingFirst(points, features, visited, ranges);
  const encoded = norm === 'l1' ? segmented(points, features, visited, ranges) : undefined;
  const { margins, scale, visit } = encoded
    ? tilingOf(encoded.codes, features * SEGMENTS, Int32Array.from(order.keys()), SINGLE)
    : tilingOf(points, features, visited, SINGLE);
  const exceeds = norm === 'l1' ? sumExceeds : largestExceeds;
  // Distances, and sums in another order, are computed to within this.
  const slack = 1 + 8 * (features + 8) * 2 ** -53;
  /** The least product that rows at distance t may have, by itself. */
  const floorAt = (t: number) =>
    encoded
      ? -(scale * slack * (t + encoded.rounding) * scale) / 2
      : -(features * (scale * slack * t) ** 2) / 2;
  const furthest = (i: number) => distances[order[i]! * k + k - 1]!;
  const floors = new Float64Array(m).fill(-Infinity);
  await visit(
    ({ products, block, rows: [top, fromRow, toRow], columns: [left, fromColumn, toColumn] }) => {
      for (let i = fromRow; i < toRow; i++) {
        const base = (i - top) * block - left;
        for (let j = Math.max(fromColumn, i + 1); j < toColumn; j++) {
          // Written so that a margin that is not a number rules nothing out.
          const product = products[base + j]! + margins[i]! + margins[j]!;
          if (product < floors[i]! && product < floors[j]!) continue;
          const most = Math.max(furthest(i), furthest(j)) * slack;
          if (exceeds(values, i * features, j * features, features, most)) continue;
          const far = distanceBetween(norm, points, features, visited[i]!, visited[j]!);
          add(order[i]!, order[j]!, far);
          add(order[j]!, order[i]!, far);
          floors[i] = floorAt(furthest(i));
          floors[j] = floorAt(furthest(j));
        }
      }
      return true;
    },
    observe,
    stop,
  );
  return { neighbours, distances };
}

/** Features summed between two looks at the bound. */
const STRIDE = 16;

/** Whether sum_k |a_k - b_k| > most. */
function sumExceeds(values: Floats, a: number, b: number, length: number, most: number): boolean {
  let sum = 0;
  for (let from = 0; from < length; from += STRIDE) {
    const to = Math.min(from + STRIDE, length);
    for (let k = from; k < to; k++) sum += Math.abs(values[a + k]! - values[b + k]!);
    if (sum > most) return true;
  }
  return false;
}

/** Whether max_k |a_k - b_k| > most. */
function largestExceeds(values: Floats, a: number, b: number, length: number, most: number): boolean {
  for (let from = 0; from < length; from += STRIDE) {
    const to = Math.min(from + STRIDE, length);
    let top = 0;
    for (let k = from; k < to; k++) {
      const difference = Math.abs(values[a + k]! - values[b + k]!);
      if (difference > top) top = difference;
    }
    if (top > most) return true;
  }
  return false;
}

type Floats = Float32Array | Float64Array;

interface Ranges {
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Mean absolute deviation from the middle of the range. */
  readonly spread: Float64Array;
}

function rangesOf(points: ArrayLike<number>, features: number, rows: Int32Array): Ranges {
  const low = new Float64Array(features).fill(Infinity);
  const high = new Float64Array(features).fill(-Infinity);
  const middle = new Float64Array(features);
  const spread = new Float64Array(features);
  const m = rows.length;
  for (const row of rows) {
    for (let f = 0; f < features; f++) {
      const value = points[row * features + f]!;
      if (value < low[f]!) low[f] = value;
      if (value > high[f]!) high[f] = value;
      middle[f]! += value / m;
    }
  }
  for (const row of rows) {
    for (let f = 0; f < features; f++) spread[f]! += Math.abs(points[row * features + f]! - middle[f]!) / m;
  }
  return { low, high, spread };
}

/** The listed rows with the features that vary most in front. */
function mostVaryingFirst(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  { spread }: Ranges,
): Floats {
  const order = Array.from(spread.keys()).sort((a, b) => spread[b]! - spread[a]! || a - b);
  const values = new (points instanceof Float32Array ? Float32Array : Float64Array)(rows.length * features);
  rows.forEach((row, i) => {
    for (let f = 0; f < features; f++) values[i * features + f] = points[row * features + order[f]!]!;
  });
  return values;
}

/**
 * Codes with |code(x) - code(y)|_2^2 <= |x - y|_1: the part of every feature in each segment of its range, divided by the root
 * of the length. Rounded to float32 they keep it up to `rounding`: every part is off by 2^-24 of itself at most.
 */
function segmented(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  { low, high }: Ranges,
): { codes: Float32Array; rounding: number } {
  const width = features * SEGMENTS;
  const codes = new Float32Array(rows.length * width);
  let total = 0;
  for (let f = 0; f < features; f++) total += high[f]! - low[f]!;
  rows.forEach((row, i) => {
    for (let f = 0; f < features; f++) {
      const length = (high[f]! - low[f]!) / SEGMENTS;
      if (length === 0) continue;
      const root = Math.sqrt(length);
      const over = points[row * features + f]! - low[f]!;
      for (let s = 0; s < SEGMENTS; s++) {
        codes[i * width + f * SEGMENTS + s] = Math.min(Math.max(over - s * length, 0), length) / root;
      }
    }
  });
  return { codes, rounding: 2 ** -20 * total };
}
