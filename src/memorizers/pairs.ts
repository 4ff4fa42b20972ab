// The pair of data points with the steepest slope between labels, and the closest pair, with rounding accounted for.
import { RobustlawError } from '../errors.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import {
  addUp,
  distanceEnclosure,
  divideDown,
  divideUp,
  type Enclosure,
  gamma,
  multiplyDown,
  multiplyUp,
  sqrtDown,
  sqrtUp,
} from '../numeric/index.ts';
import { visitProducts } from './product.ts';

/** Rows `first` and `second`, whose slope attains the lower end of `enclosure` of the maximum over all pairs. */
export interface ExtremalPair {
  readonly first: number;
  readonly second: number;
  readonly enclosure: Enclosure;
  /** A lower bound on the distance of any two points, close to it unless many digits cancel; 0 where none is known. */
  readonly separation: number;
}

/**
 * max_{i < j} |y_i - y_j| / |x_i - x_j|, the smallest Lipschitz constant of any function that fits the labels; undefined
 * when all labels are equal (or n = 1).
 *
 * All n^2/2 squared distances come from one Gram matrix, through ONNX Runtime, with a bound on their error; the
 * pairs that could be extremal are computed again from direct differences. Relative width about d 1e-16. Time about
 * 2 n^2 d / 2e10 seconds.
 *
 * @param points `[n, d]`, distinct rows. @param labels `[n, m]`.
 * @throws construction-impossible when the maximum is past the range of float64, as where points coincide. Enclosure.
 */
export async function steepestPair(points: Matrix, labels: Matrix): Promise<ExtremalPair | undefined> {
  const scale = powerOfTwoAbove(labels);
  const scaled = labels.data.map((y) => y * (1 / scale));
  const m = labels.columns;
  const inflation = 1 + 2 * gamma(m + 6);
  return maximalSlope(points, scale, {
    squareUpper: (i, j) => {
      let square = 0;
      for (let k = 0; k < m; k++) {
        const difference = scaled[i * m + k]! - scaled[j * m + k]!;
        square += difference * difference;
      }
      if (square > 1e-290) return square * inflation;
      return rowsEqual(labels, i, j) ? 0 : square + 1e-290;
    },
    enclosure: (i, j) => distanceEnclosure(row(labels, i), row(labels, j)),
  });
}

/**
 * The closest pair: `enclosure` is that of min_{i < j} |x_i - x_j|; undefined for n = 1. Method and cost of
 * `steepestPair`.
 */
export async function closestPair(points: Matrix): Promise<ExtremalPair | undefined> {
  const pair = await maximalSlope(points, 1, { squareUpper: () => 1, enclosure: () => [1, 1] });
  if (pair === undefined) return undefined;
  const [, upper] = distanceEnclosure(row(points, pair.first), row(points, pair.second));
  return { ...pair, enclosure: [divideDown(1, pair.enclosure[1]), upper] };
}

/** The numerator of a slope: an upper bound on its square in units of `scale`, and an enclosure. */
interface Numerator {
  readonly squareUpper: (i: number, j: number) => number;
  readonly enclosure: (i: number, j: number) => Enclosure;
}

async function maximalSlope(
  points: Matrix,
  numeratorScale: number,
  numerator: Numerator,
): Promise<ExtremalPair | undefined> {
  const scale = powerOfTwoAbove(points);
  const centred = centre(points, scale);
  const d = points.columns;
  // |fl(|a|^2 + |b|^2 - 2ab) - |a-b|^2| <= 2 gamma(d+4) (|a|^2 + |b|^2), the rounding of the centring included; the
  // computed
  // |a|^2 + |b|^2 and products below the normal range take the rest.
  const relativeSlack = 2 * gamma(d + 10);
  const norms = Float64Array.from({ length: points.rows }, (_, i) =>
    row(centred, i).reduce((sum, t) => sum + t * t, 0),
  );
  // Approximate slopes this close to the best are not told apart by the Gram matrix: they need not be.
  const closeness = 1 + 1e-11 + 64 * gamma(d + 10);

  let best: Omit<ExtremalPair, 'separation'> | undefined;
  let leastSquare = Number.POSITIVE_INFINITY;
  let cut = 0;
  let skipped = 0;
  const consider = (i: number, j: number) => {
    const [low, high] = numerator.enclosure(i, j);
    const distance = distanceEnclosure(row(points, i), row(points, j));
    const slope: Enclosure = [divideDown(low, distance[1]), divideUp(high, distance[0])];
    if (!(slope[1] < Number.POSITIVE_INFINITY)) {
      throw new RobustlawError(
        'construction-impossible',
        'two points with different labels coincide, or lie so close together that the slope between them is past the range of float64',
      );
    }
    if (best === undefined || slope[0] > best.enclosure[0]) {
      best = { first: i, second: j, enclosure: [slope[0], Math.max(slope[1], best?.enclosure[1] ?? 0)] };
    } else if (slope[1] > best.enclosure[1]) {
      best = { ...best, enclosure: [best.enclosure[0], slope[1]] };
    }
    cut = ((best.enclosure[1] / numeratorScale) * scale) ** 2 * closeness;
  };
  await visitProducts(centred, (i, low, high, products, offset) => {
    for (let j = low; j < high; j++) {
      const size = norms[i]! + norms[j]!;
      const squareLower = size - 2 * products[offset + j - low]! - relativeSlack * size - 1e-290;
      leastSquare = Math.min(leastSquare, squareLower);
      const square = numerator.squareUpper(i, j);
      if (square === 0) continue;
      if (!(squareLower > 0) || square > cut * squareLower) consider(i, j);
      else if (square > skipped * squareLower) skipped = divideUp(square, squareLower);
    }
  });
  if (best === undefined) return undefined;
  const ofSkipped = multiplyUp(sqrtUp(addUp(skipped, skipped * 2 ** -48)), numeratorScale / scale);
  // The bounds on squares are themselves rounded, by far less than this.
  const separation = leastSquare > 0 ? multiplyDown(sqrtDown(leastSquare * (1 - 2 ** -48)), scale) : 0;
  return {
    ...best,
    enclosure: [best.enclosure[0], Math.max(best.enclosure[1], ofSkipped)],
    separation,
  };
}

/** A power of two at least as large as every entry (1 for zeros), within the range where its inverse is one too. */
function powerOfTwoAbove(a: Matrix): number {
  const largest = a.data.reduce((max, entry) => Math.max(max, Math.abs(entry)), 0);
  return largest === 0 ? 1 : 2 ** Math.max(-1000, Math.min(1000, Math.ceil(Math.log2(largest))));
}

/** (x_i - mean) / scale, each coordinate within a relative 2^-53. */
function centre(points: Matrix, scale: number): Matrix {
  const { rows: n, columns: d } = points;
  const data = points.data.map((entry) => entry * (1 / scale));
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) mean[k]! += data[i * d + k]! / n;
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) data[i * d + k]! -= mean[k]!;
  return matrix(n, d, data);
}

function rowsEqual(a: Matrix, i: number, j: number): boolean {
  return row(a, i).every((entry, k) => entry === a.data[j * a.columns + k]);
}
