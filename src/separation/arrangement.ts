// Labelled points laid out for searches of close pairs: rows in random order, telling features first, a centred copy for products.
import { invalidArgument, requireInteger } from '../errors.ts';
import { powerOfTwoNear } from '../linalg/index.ts';
import { permutation, type Rng } from '../random/index.ts';

/** n points of d features; a position is the place of a row in the random order. */
export interface Arrangement {
  readonly n: number;
  readonly d: number;
  /** The row at each position. */
  readonly rows: Int32Array;
  /** The class at each position. */
  readonly classes: Int32Array;
  /** `[position, feature]`, times `scale`, the features that vary most first: differences that are large come early. */
  readonly points: Float32Array | Float64Array;
  /** A power of two: rounds nothing, and keeps squares from overflow and underflow. */
  readonly scale: number;
  /** At least the largest range of a feature of `points`, > 0: no two points are further apart in l-infinity. */
  readonly range: number;
  /** `points` without their mean, for products of matrices. */
  readonly centred: Float32Array;
}

/**
 * Lays out `points` `[rows, features]`. The copy is of float32 where that loses nothing (bytes, multiples of 1/16), else of
 * float64. Memory 8 or 12 bytes a number.
 *
 * @throws RobustlawError `invalid-argument` naming a number that is not finite, or for lengths that differ.
 */
export function arrange(
  points: ArrayLike<number>,
  features: number,
  classes: ArrayLike<number>,
  random: Rng,
): Arrangement {
  requireInteger('features', features);
  const n = points.length / features;
  requireInteger('rows', n);
  if (classes.length !== n)
    throw invalidArgument('number of classes', classes.length, `${n}, one for each row`);
  const rows = permutation(random, n);
  const scale = powerOfTwoNear(largestMagnitude(points, features));
  const { mean, variance, range } = momentsOfFeatures(points, features, scale);
  const order = Array.from(mean, (_, j) => j).sort((a, b) => variance[b]! - variance[a]! || a - b);
  const copy = fitsFloat32(points, scale) ? new Float32Array(points.length) : new Float64Array(points.length);
  const centred = new Float32Array(points.length);
  for (let position = 0; position < n; position++) {
    const from = rows[position]! * features;
    const to = position * features;
    for (let k = 0; k < features; k++) {
      const j = order[k]!;
      const value = points[from + j]! * scale;
      copy[to + k] = value;
      centred[to + k] = value - mean[j]!;
    }
  }
  return {
    n,
    d: features,
    rows,
    classes: Int32Array.from(rows, (row) => classes[row]!),
    points: copy,
    scale,
    range,
    centred,
  };
}

function largestMagnitude(points: ArrayLike<number>, features: number): number {
  let largest = 0;
  for (let at = 0; at < points.length; at++) {
    const size = Math.abs(points[at]!);
    if (!(size < Infinity)) {
      const place = `feature ${at % features} of row ${Math.floor(at / features)} (counted from 0)`;
      throw invalidArgument(place, points[at], 'a finite number');
    }
    if (size > largest) largest = size;
  }
  return largest;
}

function momentsOfFeatures(points: ArrayLike<number>, features: number, scale: number) {
  const n = points.length / features;
  const mean = new Float64Array(features);
  const variance = new Float64Array(features);
  const low = new Float64Array(features).fill(Infinity);
  const high = new Float64Array(features).fill(-Infinity);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < features; j++) {
      const value = points[i * features + j]! * scale;
      mean[j]! += value / n;
      if (value < low[j]!) low[j] = value;
      if (value > high[j]!) high[j] = value;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < features; j++) variance[j]! += (points[i * features + j]! * scale - mean[j]!) ** 2;
  }
  let range = 0;
  for (let j = 0; j < features; j++) range = Math.max(range, high[j]! - low[j]!);
  // Rounded upwards: bounds divide by it. Of points that are all equal any range will do but 0.
  return { mean, variance, range: range > 0 ? range * (1 + 2 ** -40) : 1 };
}

function fitsFloat32(points: ArrayLike<number>, scale: number): boolean {
  for (let at = 0; at < points.length; at++) {
    if (Math.fround(points[at]! * scale) !== points[at]! * scale) return false;
  }
  return true;
}
