// Expected simplex skewness: the dimension from how far pairs of directions in a neighbourhood are from orthogonal (Johnsson, Soneson and Fontes 2015).
import { logGamma, mean, standardDeviation, studentQuantile } from '../numeric/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import type { Neighbourhoods } from '../separation/index.ts';
import type { Stop } from '../stop.ts';
import { type AtScale, apart, leftOut, obstacle, towardsZero } from './ratios.ts';
import { CONFIDENCE, type Finding } from './reading.ts';

/** Neighbours around a row, and the same at a finer and at a wider scale. */
const NEIGHBOURS = 30;
const FINER = 10;
const WIDER = 90;
const LEAST_WIDER = 60;
const LEAST_CENTRES = 10;
const MOST_CENTRES = 100;

/**
 * With v_1, ..., v_m a row and its 30 nearest without their mean, the areas of the triangles that pairs span compared with those
 * of right angles,
 *
 *   s = sum_{i<j} |v_i ^ v_j| / sum_{i<j} |v_i| |v_j|,   |u ^ v|^2 = |u|^2 |v|^2 - (u . v)^2,
 *
 * tend to s(d) = Gamma(d/2)^2 / (Gamma((d+1)/2) Gamma((d-1)/2)) for directions uniform on the sphere of R^d. The dimension is
 * s^-1 of the mean over up to 100 rows, few enough to have neighbourhoods of their own; the interval is that of Student for the
 * mean, wider by that of 10 neighbours and by the trend from 60 to 90, as far as there are, towards distance 0 (`towardsZero`). Between two whole dimensions s is used as it
 * stands; the paper interpolates. At flat edges directions crowd at every scale, which no interval here shows: uniform points of
 * a cube have 6 % less than 5 dimensions and 5 % less than 10.
 *
 * Source: variant (a), d = 1, of "Low bias local intrinsic dimension estimation from expected simplex skewness", IEEE
 * Transactions on Pattern Analysis and Machine Intelligence 37 (2015). Cost: 100 times 30^2 d / 2. Undefined where `stop` says
 * so before the end. Estimate.
 */
export function expectedSimplexSkewness(
  points: ArrayLike<number>,
  features: number,
  neighbourhoods: Neighbourhoods,
  random: Rng,
  stop: Stop,
): Finding | undefined {
  const unavailable = obstacle(neighbourhoods, NEIGHBOURS);
  if (unavailable) return { unavailable };
  const used = apart(neighbourhoods);
  const order = permutation(random, used.length).map((at) => used[at]!);
  const at = (k: number): AtScale | undefined => {
    const most = Math.min(MOST_CENTRES, Math.max(LEAST_CENTRES, Math.floor(used.length / k)));
    const skewness: number[] = [];
    const radii: number[] = [];
    for (const i of order.subarray(0, most)) {
      if (stop()) return undefined;
      skewness.push(skewnessAround(points, features, neighbourhoods, i, k));
      radii.push(neighbourhoods.distances[i * neighbourhoods.k + k - 1]!);
    }
    const middle = mean(skewness);
    const t = studentQuantile((1 + CONFIDENCE) / 2, skewness.length - 1);
    const error = (t * standardDeviation(skewness)) / Math.sqrt(skewness.length);
    return {
      value: dimensionOf(middle),
      interval: [dimensionOf(middle - error), dimensionOf(middle + error)],
      radius: mean(radii),
    };
  };
  const finer = at(FINER);
  const near = at(NEIGHBOURS);
  const widest = Math.min(WIDER, neighbourhoods.k);
  const wide = widest >= LEAST_WIDER ? at(widest) : undefined;
  if (!finer || !near || stop()) return undefined;
  return {
    dimension: {
      kind: 'estimate',
      value: near.value,
      interval: towardsZero(near, wide ? [wide] : [], finer),
      confidence: CONFIDENCE,
      method: `expected simplex skewness of ${NEIGHBOURS} neighbours`,
    },
    notes: [
      ...leftOut(neighbourhoods),
      'too low by up to some 6 % where most points lie at flat edges, as in a cube',
    ],
  };
}

function skewnessAround(
  points: ArrayLike<number>,
  features: number,
  { rows, neighbours, distances, k: width }: Neighbourhoods,
  i: number,
  k: number,
): number {
  const members = [rows[i]!, ...neighbours.subarray(i * width, i * width + k)];
  const count = members.length;
  // Divided by the radius, so that squares are safe at any scale.
  const radius = distances[i * width + k - 1]!;
  const vectors = new Float64Array(count * features);
  for (let f = 0; f < features; f++) {
    let middle = 0;
    for (let a = 0; a < count; a++) {
      const value = (points[members[a]! * features + f]! - points[rows[i]! * features + f]!) / radius;
      vectors[a * features + f] = value;
      middle += value / count;
    }
    for (let a = 0; a < count; a++) vectors[a * features + f]! -= middle;
  }
  const product = (a: number, b: number) => {
    let sum = 0;
    for (let f = 0; f < features; f++) sum += vectors[a * features + f]! * vectors[b * features + f]!;
    return sum;
  };
  const squares = Array.from(members, (_, a) => product(a, a));
  let [areas, rectangles] = [0, 0];
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      const most = squares[a]! * squares[b]!;
      areas += Math.sqrt(Math.max(0, most - product(a, b) ** 2));
      rectangles += Math.sqrt(most);
    }
  }
  return areas / rectangles;
}

/** More dimensions than rounding of s tells apart. */
const MOST_DIMENSIONS = 1e9;

/** The d >= 1 with s(d) = s, by bisection of its logarithm; s grows from s(1) = 0 to 1. */
export function dimensionOf(s: number): number {
  if (!(s > 0)) return 1;
  let [low, high] = [0, Math.log(MOST_DIMENSIONS)];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (expectedSkewness(Math.exp(middle)) < s) low = middle;
    else high = middle;
  }
  return Math.exp(low);
}

function expectedSkewness(d: number): number {
  if (d <= 1) return 0;
  return Math.exp(2 * logGamma(d / 2) - logGamma((d + 1) / 2) - logGamma((d - 1) / 2));
}
