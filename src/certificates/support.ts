// The point of a region that is furthest in a direction, in plain float64: for searches, not for certificates.
import type { Region } from '../lipschitz/index.ts';

/** max <g, x> over the region, and an x that attains it. Estimates, up to rounding. */
export interface Support {
  readonly value: number;
  readonly point: Float64Array;
}

/**
 * On a box the corner of the signs of g. In a ball that a box cuts: in l1 entries move to the end of their room, the largest |g_i| first,
 * until the radius is spent; in l2 the entries of g / p cut off by the box, with p such that they have the length of the radius.
 */
export function support({ box, ball }: Region, g: Float64Array): Support {
  const corner = g.map((v, i) => (v > 0 ? box.upper[i]! : v < 0 ? box.lower[i]! : box.centre[i]!));
  if (!ball) return { value: dot(g, corner), point: corner };
  const { centre, radius } = ball;
  const sizes = g.map(Math.abs);
  const rooms = g.map((v, i) => (v === 0 ? 0 : Math.abs(corner[i]! - centre[i]!)));
  const moves = ball.norm === 'l1' ? spent(sizes, rooms, radius) : scaled(sizes, rooms, radius);
  const point = centre.map((c, i) => c + Math.sign(g[i]!) * moves[i]!);
  return { value: dot(g, point), point };
}

function spent(sizes: Float64Array, rooms: Float64Array, radius: number): Float64Array {
  const moves = new Float64Array(sizes.length);
  let left = radius;
  for (const i of [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]!)) {
    moves[i] = Math.min(left, rooms[i]!);
    left -= moves[i]!;
    if (left <= 0) break;
  }
  return moves;
}

function scaled(sizes: Float64Array, rooms: Float64Array, radius: number): Float64Array {
  let p = Infinity;
  for (let step = 0; step < 50; step++) {
    let free = 0;
    let left = radius * radius;
    for (let i = 0; i < sizes.length; i++) {
      if (sizes[i]! > p * rooms[i]!) left -= rooms[i]! ** 2;
      else free += sizes[i]! ** 2;
    }
    const next = left > 0 ? Math.sqrt(free / left) : 0;
    if (!(next < p)) break;
    p = next;
  }
  return sizes.map((a, i) => Math.min(rooms[i]!, p > 0 ? a / p : Infinity));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
