// How near points of different signs come to one another on the sphere of any dimension: the yardstick of the constructive dimension.
import { incompleteBeta } from '../numeric/index.ts';

/**
 * P(|x - x'| <= distance) for independent uniform points of the unit sphere S^(D-1) in R^D, for real D > 1:
 *
 *   I_s((D - 1) / 2, 1 / 2) / 2,   s = distance^2 (1 - distance^2 / 4) = sin^2 of the angle,
 *
 * up to a right angle (distance <= sqrt 2), and 1 minus that beyond. Exact.
 */
export function capProbability(dimension: number, distance: number): number {
  const quarter = (distance / 2) ** 2;
  if (quarter >= 1) return 1;
  const tail =
    incompleteBeta((dimension - 1) / 2, 1 / 2, 4 * quarter * (1 - quarter), (1 - 2 * quarter) ** 2) / 2;
  return quarter <= 1 / 2 ? tail : 1 - tail;
}

/**
 * The D for which the least distance between points of opposite signs, half of `points` points of S^(D-1) each, has the median
 * `distance`: none of N = floor(points^2 / 4) pairs is nearer with probability 1/2,
 *
 *   (1 - P(|x - x'| <= distance))^N = 1 / 2.
 *
 * Events of different pairs are independent two by two on the sphere; that of all together being so is off by the order of
 * 1 / points (Arratia, Goldstein and Gordon 1989). Above `largest`, `largest`. Estimate.
 *
 * @param distance >= 0; at 0 the answer is 1.
 * @param points at least 4.
 */
export function sphereDimension(distance: number, points: number, largest: number): number {
  const wanted = -Math.expm1(-Math.LN2 / Math.floor(points ** 2 / 4));
  const nearer = (dimension: number) => capProbability(dimension, distance) > wanted;
  // In more dimensions points are farther apart, up to distances of sqrt 2.
  if (!(distance > 0) || largest <= 1) return 1;
  if (nearer(largest)) return largest;
  let [low, high] = [1, largest];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (nearer(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Digits of float64. */
const BISECTIONS = 60;
