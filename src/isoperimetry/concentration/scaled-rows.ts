// Rows for a search: centred, at a scale where float32 is safe, and of many rows a random choice.
import { centredRows, type Matrix } from '../../linalg/index.ts';
import { permutation, type Rng } from '../../random/index.ts';

/** A random choice of the rows, in their order. */
export function someOf(rows: Int32Array, count: number, random: Rng): Int32Array {
  if (count >= rows.length) return rows;
  return permutation(random, rows.length)
    .slice(0, count)
    .sort()
    .map((i) => rows[i]!);
}

/** x = scale * (rows - their mean) and the scale, a power of two; 1 where no row differs from another. */
export function scaledRows(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
): { readonly x: Matrix; readonly scale: number } {
  const x = centredRows(points, features, rows);
  return { x, scale: scaleOf(points, features, rows, x.data) };
}

/** From the feature in which a row is farthest from the mean: the difference of two rows there, over what it was. */
function scaleOf(points: ArrayLike<number>, features: number, rows: Int32Array, x: Float64Array): number {
  let far = 0;
  for (let at = 0; at < x.length; at++) if (Math.abs(x[at]!) > Math.abs(x[far]!)) far = at;
  const feature = far % features;
  let other = feature;
  for (let at = feature; at < x.length; at += features) {
    if (Math.abs(x[at]! - x[far]!) > Math.abs(x[other]! - x[far]!)) other = at;
  }
  const original = (at: number) => points[rows[Math.floor(at / features)]! * features + feature]!;
  // Halved, so that differences of the largest numbers do not overflow.
  const difference = original(far) / 2 - original(other) / 2;
  return difference === 0 ? 1 : 2 ** Math.round(Math.log2((x[far]! - x[other]!) / 2 / difference));
}
