// Directions worth a look: where the training half varies most, and the axis along which it splits in two.
import { gram, type Matrix, matrix, row, symmetricEigen, transpose } from '../linalg/index.ts';
import type { Points } from './family.ts';

/** Rows of the training half that principal directions are computed from where there are more features than this. */
const MOST_SIDE = 256;
/** Eigenvalues below this share of the largest are rounding. */
const RANK = 1e-10;
/** Rounds of Lloyd's iteration. */
const ROUNDS = 20;

/**
 * Up to `count` unit vectors, the directions in which centred points vary most, most first; none where the points are equal.
 * Of long rows the first 256 serve. Estimates: good directions, no exact ones.
 *
 * @returns `[at most count, features]`, undefined for no direction.
 */
export function principalDirections({ rows, features, data }: Points, count: number): Matrix | undefined {
  const short = features <= MOST_SIDE;
  const used = short ? rows : Math.min(rows, MOST_SIDE);
  const x = matrix(used, features, data.subarray(0, used * features));
  const { values, vectors } = symmetricEigen(gram(short ? transpose(x) : x));
  const side = values.length;
  const top = values[side - 1]!;
  const directions: Float64Array[] = [];
  for (let k = 1; k <= Math.min(count, side); k++) {
    if (!(top > 0 && values[side - k]! > RANK * top)) break;
    const direction = new Float64Array(features);
    for (let i = 0; i < side; i++) {
      const weight = vectors.data[i * side + side - k]!;
      if (short) direction[i] = weight;
      else for (let j = 0; j < features; j++) direction[j]! += weight * row(x, i)[j]!;
    }
    const length = Math.sqrt(direction.reduce((sum, t) => sum + t * t, 0));
    directions.push(direction.map((t) => t / length));
  }
  if (directions.length === 0) return undefined;
  const result = matrix(directions.length, features);
  directions.forEach((direction, k) => {
    row(result, k).set(direction);
  });
  return result;
}

/** Two clusters of points: a point x is in the second if axis . x > offset. */
export interface Split {
  /** The difference of the two centres, a unit vector. */
  readonly axis: Float64Array;
  readonly offset: number;
}

/**
 * 2-means by Lloyd's iteration, started from the sides of the mean along the direction of largest variance.
 * Undefined where the points are equal. Cost: at most 20 passes over the points.
 */
export function twoMeans(points: Points, principal: Matrix | undefined): Split | undefined {
  if (!principal) return undefined;
  const { rows, features, data } = points;
  let split: Split = { axis: row(principal, 0).slice(), offset: 0 };
  let sides = sidesOf(points, split);
  for (let round = 0; round < ROUNDS; round++) {
    const sums = [new Float64Array(features), new Float64Array(features)];
    const sizes = [0, 0];
    for (let i = 0; i < rows; i++) {
      const sum = sums[sides[i]!]!;
      sizes[sides[i]!]! += 1;
      for (let k = 0; k < features; k++) sum[k]! += data[i * features + k]!;
    }
    if (sizes.includes(0)) return undefined;
    const [a, b] = sums.map((sum, side) => sum.map((t) => t / sizes[side]!)) as [Float64Array, Float64Array];
    const difference = b.map((t, k) => t - a[k]!);
    const length = Math.sqrt(difference.reduce((sum, t) => sum + t * t, 0));
    if (!(length > 0)) return undefined;
    const axis = difference.map((t) => t / length);
    split = { axis, offset: axis.reduce((sum, t, k) => sum + (t * (a[k]! + b[k]!)) / 2, 0) };
    const next = sidesOf(points, split);
    if (next.every((side, i) => side === sides[i])) break;
    sides = next;
  }
  return split;
}

/** 0 or 1 for each row. */
export function sidesOf({ rows, features, data }: Points, { axis, offset }: Split): Uint8Array {
  const sides = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    let along = 0;
    for (let k = 0; k < features; k++) along += axis[k]! * data[i * features + k]!;
    sides[i] = along > offset ? 1 : 0;
  }
  return sides;
}
