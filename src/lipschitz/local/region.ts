// Where inputs live: a box, or a ball with the box around it; suprema of linear forms on them by the dual norm.
import { invalidArgument } from '../../errors.ts';
import type { Domain } from '../../guarantee/index.ts';
import { distanceEnclosure, nextUp, sumEnclosure } from '../../numeric/index.ts';
import { dual, lengthEnclosure } from '../norms.ts';
import { type Extent, extentOf, widened } from './extent.ts';

/** The intersection of a box and, where there is one, a ball in l1 or l2. */
export interface Region {
  readonly box: Extent;
  readonly ball?: { readonly centre: Float64Array; readonly radius: number; readonly norm: 'l1' | 'l2' };
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

/** The region cut at `at` across `coordinate`: its part below and its part above. Parts outside the ball are left out. */
export function halves(region: Region, coordinate: number, at: number): readonly Region[] {
  const { lower, upper } = region.box;
  return [extentOf(lower, upper.with(coordinate, at)), extentOf(lower.with(coordinate, at), upper)].flatMap(
    (box) => (misses(box, region.ball) ? [] : [{ ...region, box }]),
  );
}

/** An upper bound on sup <g, x> over the ball, before what rounding takes from it; and a bound on all that is summed. */
export function overBall(
  { centre, radius, norm }: NonNullable<Region['ball']>,
  g: Float64Array,
): { value: number; size: number } {
  let value = 0;
  let size = 0;
  for (let i = 0; i < g.length; i++) {
    const t = g[i]! * centre[i]!;
    value += t;
    size += Math.abs(t);
  }
  if (!g.every((v) => Number.isFinite(v))) return { value: Infinity, size: Infinity };
  const spread = nextUp(radius * lengthEnclosure(g, dual(norm))[1]);
  return { value: value + spread, size: size + spread };
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
