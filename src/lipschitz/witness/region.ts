// The sets on which Lipschitz constants are asked for: membership decided exactly, projections and chords.
import { invalidArgument, RobustlawError } from '../../errors.ts';
import type { Domain } from '../../guarantee/index.ts';
import { nextDown, nextUp } from '../../numeric/index.ts';
import { dyadics } from '../exact/dyadic.ts';
import { length, separation } from '../norms.ts';

/** All of R^d, a box or a ball. */
export type Region = Exclude<Domain, { kind: 'sphere' }>;

type Ball = Extract<Region, { kind: 'ball' }>;
type Box = Extract<Region, { kind: 'box' }>;

/**
 * The domain as a region of R^features.
 *
 * @throws unsupported-op for spheres, of which float64 holds almost no point; shape-mismatch when the numbers of
 *   coordinates differ; invalid-argument for an empty box, a radius that is no number >= 0 or a centre that is not finite.
 */
export function regionOf(domain: Domain, features: number): Region {
  if (domain.kind === 'global') return domain;
  if (domain.kind === 'sphere') {
    throw new RobustlawError(
      'unsupported-op',
      'no witness is searched on a sphere, since almost none of its points is a number of float64; use a ball or a box',
    );
  }
  const sides = domain.kind === 'ball' ? [domain.centre] : [domain.lower, domain.upper];
  for (const side of sides) {
    if (side.length !== features) {
      throw new RobustlawError(
        'shape-mismatch',
        `the ${domain.kind} has ${side.length} coordinates; the network takes ${features}`,
      );
    }
  }
  if (domain.kind === 'ball') {
    if (!domain.centre.every((v) => Number.isFinite(v)))
      throw invalidArgument('centre of the ball', 'NaN or Infinity', 'finite coordinates');
    if (!(domain.radius >= 0)) throw invalidArgument('radius', domain.radius, 'a number >= 0');
    return domain;
  }
  const at = domain.lower.findIndex((low, i) => !(low <= domain.upper[i]!));
  if (at >= 0) {
    throw invalidArgument(
      `side ${at} of the box`,
      `[${domain.lower[at]}, ${domain.upper[at]}]`,
      'lower <= upper',
    );
  }
  return domain;
}

/** Whether the finite point x lies in the region, decided exactly. Exact; O(d), with long integers only on the boundary. */
export function contains(region: Region, x: Float64Array): boolean {
  switch (region.kind) {
    case 'global':
      return true;
    case 'box':
      return x.every((v, i) => region.lower[i]! <= v && v <= region.upper[i]!);
    case 'ball': {
      const { centre, radius, norm } = region;
      if (radius === Number.POSITIVE_INFINITY) return true;
      const [least, most] = separation(x, centre, norm);
      if (most <= radius) return true;
      return least <= radius && liesWithin(x, region);
    }
  }
}

/** ||x - c|| <= r in integers of any length. */
function liesWithin(x: Float64Array, { centre, radius, norm }: Ball): boolean {
  const { values } = dyadics([...x, ...centre, radius]);
  const r = values.at(-1)!;
  const apart = Array.from(x, (_, i) => values[i]! - values[x.length + i]!);
  switch (norm) {
    case 'linf':
      return apart.every((v) => v <= r && -v <= r);
    case 'l1':
      return apart.reduce((sum, v) => sum + (v < 0n ? -v : v), 0n) <= r;
    case 'l2':
      return apart.reduce((sum, v) => sum + v * v, 0n) <= r * r;
  }
}

/**
 * A point of the region near x: the nearest one but for rounding, and always inside. Boxes and linf balls clip, l2 balls
 * shrink towards the centre, l1 balls shrink every coordinate alike (Duchi, Shalev-Shwartz, Singer and Chandra 2008).
 */
export function project(region: Region, x: Float64Array): Float64Array {
  if (region.kind === 'global' || contains(region, x)) return x;
  if (region.kind === 'box') return clipped(x, region);
  const { centre, norm } = region;
  const target = norm === 'linf' ? clipped(x, cubeOf(region)) : inwards(x, region);
  for (const factor of SHRINKAGE) {
    const inside = target.map((v, i) => centre[i]! + factor * (v - centre[i]!));
    if (contains(region, inside)) return inside;
  }
  return centre.slice();
}

/** Rounding may leave a point outside: it is moved inwards by as little as does. */
const SHRINKAGE = [1 - 2 ** -46, 1 - 2 ** -40, 1 - 2 ** -20, 0.9, 0.5];

function clipped(x: Float64Array, { lower, upper }: Pick<Box, 'lower' | 'upper'>): Float64Array {
  return x.map((v, i) => Math.min(Math.max(v, lower[i]!), upper[i]!));
}

function cubeOf({ centre, radius }: Ball): Pick<Box, 'lower' | 'upper'> {
  return { lower: centre.map((c) => nextUp(c - radius)), upper: centre.map((c) => nextDown(c + radius)) };
}

function inwards(x: Float64Array, { centre, radius, norm }: Ball): Float64Array {
  const apart = x.map((v, i) => v - centre[i]!);
  if (norm === 'l2') {
    const factor = radius / length(apart, 'l2');
    return apart.map((v, i) => centre[i]! + factor * v);
  }
  // sum_i max(|v_i| - t, 0) = r: over the k largest, t = (their sum - r) / k, with the largest k for which all exceed t.
  const sizes = apart.map(Math.abs).sort().reverse();
  let sum = 0;
  let threshold = 0;
  for (const [k, size] of sizes.entries()) {
    sum += size;
    const t = (sum - radius) / (k + 1);
    if (size <= t) break;
    threshold = t;
  }
  return apart.map((v, i) => centre[i]! + Math.sign(v) * Math.max(Math.abs(v) - threshold, 0));
}

/**
 * The t for which x + t v lies in the region, for x inside, but for rounding: points there are still to be projected.
 *
 * @param x a point of the region. @param v not zero.
 */
export function chord(region: Region, x: Float64Array, v: Float64Array): readonly [from: number, to: number] {
  if (region.kind === 'global') return [-Infinity, Infinity];
  const sides = region.kind === 'box' ? region : region.norm === 'linf' ? cubeOf(region) : undefined;
  if (sides) {
    let [from, to] = [-Infinity, Infinity];
    for (const [i, slope] of v.entries()) {
      if (slope === 0) continue;
      const ends = [(sides.lower[i]! - x[i]!) / slope, (sides.upper[i]! - x[i]!) / slope];
      from = Math.max(from, Math.min(ends[0]!, ends[1]!));
      to = Math.min(to, Math.max(ends[0]!, ends[1]!));
    }
    return [Math.min(from, 0), Math.max(to, 0)];
  }
  const ball = region as Ball;
  const longest = (2 * ball.radius) / length(v, ball.norm);
  return [-reach(ball, x, v, -longest), reach(ball, x, v, longest)];
}

/** The largest |t| up to |longest| on its side with x + t v in the ball, by bisection. */
function reach({ centre, radius, norm }: Ball, x: Float64Array, v: Float64Array, longest: number): number {
  const inside = (t: number) =>
    length(
      x.map((p, i) => p - centre[i]! + t * v[i]!),
      norm,
    ) <= radius;
  let [low, high] = [0, longest];
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (inside(middle)) low = middle;
    else high = middle;
  }
  return Math.abs(low);
}

/** The middle of a bounded region; where a side has no end, a point inside near the origin. */
export function centreOf(region: Region, features: number): Float64Array {
  if (region.kind === 'ball') return region.centre.slice();
  if (region.kind === 'global') return new Float64Array(features);
  return region.lower.map((low, i) => {
    const high = region.upper[i]!;
    if (Number.isFinite(low) && Number.isFinite(high)) return low / 2 + high / 2;
    return Math.min(Math.max(0, low + 1), high - 1);
  });
}

/**
 * A direction from x in which the region goes on: v where the line through x along v has some length on either side, else
 * towards the projection of x + scale v or x - scale v.
 */
export function feasible(region: Region, x: Float64Array, v: Float64Array, scale: number): Float64Array {
  const [from, to] = chord(region, x, v);
  const size = length(v, 'l2');
  if ((to - from) * size > 1e-3 * scale) return v;
  const turns = [scale / size, -scale / size].map((t) => {
    const target = project(
      region,
      x.map((p, i) => p + t * v[i]!),
    );
    return target.map((p, i) => p - x[i]!);
  });
  const [ahead, back] = turns as [Float64Array, Float64Array];
  return length(ahead, 'l2') > 0 ? ahead : length(back, 'l2') > 0 ? back : v;
}

/** Whether the region lies in some ball. */
export function isBounded(region: Region): boolean {
  if (region.kind === 'box') return [...region.lower, ...region.upper].every((v) => Number.isFinite(v));
  return region.kind === 'ball' && Number.isFinite(region.radius);
}
