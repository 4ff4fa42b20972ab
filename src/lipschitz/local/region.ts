// Where inputs live: a box, or a ball with the box around it; suprema of linear forms on them by the dual norm.
import { invalidArgument } from '../../errors.ts';
import type { Domain, Norm } from '../../guarantee/index.ts';
import { distanceEnclosure, gamma, nextUp, sumEnclosure } from '../../numeric/index.ts';
import { dual, lengthEnclosure } from '../norms.ts';
import { type Extent, extentOf, widened } from './extent.ts';

const SMALLEST_NORMAL = 2 ** -1022;

/** The intersection of a box and, where there is one, a ball in l1 or l2. */
export interface Region {
  readonly box: Extent;
  readonly ball?: Ball;
}

export interface Ball {
  readonly centre: Float64Array;
  readonly radius: number;
  readonly norm: 'l1' | 'l2';
  /** At least how far the region reaches from the centre upwards and downwards, entry by entry, where bounds cut the ball. */
  readonly room?: { readonly above: Float64Array; readonly below: Float64Array };
}

/**
 * The region of a bounded domain.
 *
 * @throws invalid-argument when the domain is no box or ball, is empty or infinite, or has not one coordinate per
 *   feature.
 */
export function regionOf(domain: Domain, features: number): Region {
  switch (domain.kind) {
    case 'box': {
      requirePoint('lower end of the box', domain.lower, features);
      requirePoint('upper end of the box', domain.upper, features);
      const at = domain.lower.findIndex((low, i) => low > domain.upper[i]!);
      if (at >= 0) {
        throw invalidArgument(
          `upper end ${at} of the box`,
          domain.upper[at],
          `at least the lower end, ${domain.lower[at]}`,
        );
      }
      return { box: extentOf(domain.lower, domain.upper) };
    }
    case 'ball': {
      const { centre, radius, norm } = domain;
      requirePoint('centre of the ball', centre, features);
      if (!(radius >= 0 && radius < Infinity))
        throw invalidArgument('radius', radius, 'a finite number >= 0');
      const box = widened(centre, radius);
      return norm === 'linf' || radius === 0 || features === 1
        ? { box }
        : { box, ball: { centre, radius, norm } };
    }
    default:
      throw invalidArgument(
        'domain',
        domain.kind,
        'a box or a ball: ranges of neurons need a bounded domain',
      );
  }
}

/**
 * The points of a ball with every entry in [low, high]; a centre that lies outside of the bounds moves them to itself, so
 * that it always belongs to the region.
 *
 * @throws invalid-argument when the centre is not finite, the radius is not finite and >= 0, or not low <= high.
 */
export function ballWithin(
  centre: Float64Array,
  radius: number,
  norm: Norm,
  [low, high]: readonly [low: number, high: number],
): Region {
  if (!(low <= high)) throw invalidArgument('input bounds', `[${low}, ${high}]`, 'low <= high');
  const { box, ball } = regionOf({ kind: 'ball', centre, radius, norm }, centre.length);
  if (low === -Infinity && high === Infinity) return ball ? { box, ball } : { box };
  const lower = box.lower.map((v, i) => Math.max(v, Math.min(low, centre[i]!)));
  const upper = box.upper.map((v, i) => Math.min(v, Math.max(high, centre[i]!)));
  const cut = extentOf(lower, upper);
  if (!ball) return { box: cut };
  const above = upper.map((v, i) => (v === centre[i] ? 0 : nextUp(v - centre[i]!)));
  const below = lower.map((v, i) => (v === centre[i] ? 0 : nextUp(centre[i]! - v)));
  return { box: cut, ball: { ...ball, room: { above, below } } };
}

/** The region cut at `at` across `coordinate`: its part below and its part above. Parts outside the ball are left out. */
export function halves(region: Region, coordinate: number, at: number): readonly Region[] {
  const { lower, upper } = region.box;
  return [extentOf(lower, upper.with(coordinate, at)), extentOf(lower.with(coordinate, at), upper)].flatMap(
    (box) => (misses(box, region.ball) ? [] : [{ ...region, box }]),
  );
}

/**
 * An upper bound on sup <g, x> over the ball and its room, before what rounding takes from <g, centre>; and a bound on all
 * that is summed.
 */
export function overBall(ball: Ball, g: Float64Array): { value: number; size: number } {
  const { centre, radius, norm, room } = ball;
  let value = 0;
  let size = 0;
  for (let i = 0; i < g.length; i++) {
    const t = g[i]! * centre[i]!;
    value += t;
    size += Math.abs(t);
  }
  if (!g.every((v) => Number.isFinite(v))) return { value: Infinity, size: Infinity };
  const whole = nextUp(radius * lengthEnclosure(g, dual(norm))[1]);
  const spread = room && whole > 0 ? Math.min(whole, inRoom(g, radius, norm, room)) : whole;
  return { value: value + spread, size: size + spread };
}

/**
 * An upper bound on sup <g, s> over ||s|| <= radius and s in its room, by Lagrange duality: with t_i the room on the side of
 * g_i, any multiplier p >= 0 gives
 *
 *   l1: p radius + sum_i max(0, |g_i| - p) t_i,
 *   l2: p radius^2 / 2 + sum_i (g_i^2 / 2p, or |g_i| t_i - p t_i^2 / 2 where |g_i| > p t_i).
 *
 * The least one over p is the supremum itself, found by bisection in l1 and in l2 by moving entries that hit their room to
 * the other side, from above. The terms are positive, so that relative rounding bounds cover the sums.
 */
function inRoom(
  g: Float64Array,
  radius: number,
  norm: 'l1' | 'l2',
  { above, below }: NonNullable<Ball['room']>,
): number {
  const n = g.length;
  const sizes = new Float64Array(n);
  const rooms = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    sizes[i] = Math.abs(g[i]!);
    rooms[i] = g[i]! > 0 ? above[i]! : below[i]!;
  }
  const bound = norm === 'l1' ? inRoomL1(sizes, rooms, radius) : inRoomL2(sizes, rooms, radius);
  // Each term has a few roundings; where squares underflow, the smallest numbers are all that is lost.
  return nextUp(nextUp(bound * (1 + gamma(2 * n + 32))) + SMALLEST_NORMAL * (n + 1));
}

function inRoomL1(sizes: Float64Array, rooms: Float64Array, radius: number): number {
  const spent = (p: number): number => {
    let sum = 0;
    for (let i = 0; i < sizes.length; i++) if (sizes[i]! > p) sum += rooms[i]!;
    return sum;
  };
  let low = 0;
  let high = sizes.reduce((most, v) => Math.max(most, v), 0);
  if (spent(0) <= radius) high = 0;
  for (let step = 0; step < 60 && low < high; step++) {
    const p = 0.5 * (low + high);
    if (p === low || p === high) break;
    if (spent(p) > radius) low = p;
    else high = p;
  }
  let value = high * radius;
  for (let i = 0; i < sizes.length; i++) if (sizes[i]! > high) value += (sizes[i]! - high) * rooms[i]!;
  return value;
}

function inRoomL2(sizes: Float64Array, rooms: Float64Array, radius: number): number {
  let p = Infinity;
  for (let step = 0; step < 50; step++) {
    let free = 0;
    let left = radius * radius;
    for (let i = 0; i < sizes.length; i++) {
      if (sizes[i]! > p * rooms[i]!) left -= rooms[i]! * rooms[i]!;
      else free += sizes[i]! * sizes[i]!;
    }
    const next = Math.sqrt(free / left);
    if (!(left > 0 && next < p && next > 0)) break;
    p = next;
  }
  // Where squares over- or underflow, the ball without its room has to do.
  if (!(p > 2 ** -900 && p < Infinity)) return Infinity;
  let value = 0.5 * p * radius * radius;
  for (let i = 0; i < sizes.length; i++) {
    const [a, t] = [sizes[i]!, rooms[i]!];
    value += a > p * t ? t * (a - 0.5 * p * t) : 0.5 * a * (a / p);
  }
  return value;
}

/** True only when the box and the ball have no point in common. */
function misses(box: Extent, ball: Region['ball']): boolean {
  if (!ball) return false;
  const nearest = ball.centre.map((c, i) => Math.min(box.upper[i]!, Math.max(box.lower[i]!, c)));
  // Each difference of the l1 distance is rounded once.
  const distance =
    ball.norm === 'l2'
      ? distanceEnclosure(ball.centre, nearest)[0]
      : sumEnclosure(nearest.map((v, i) => Math.abs(v - ball.centre[i]!)))[0] * (1 - 2 ** -50);
  return distance > ball.radius;
}

function requirePoint(name: string, x: Float64Array, features: number): void {
  if (x.length !== features)
    throw invalidArgument(
      `number of coordinates of the ${name}`,
      x.length,
      `${features}, one for each feature`,
    );
  const at = x.findIndex((v) => !Number.isFinite(v));
  if (at >= 0) throw invalidArgument(`coordinate ${at} of the ${name}`, x[at], 'a finite number');
}
