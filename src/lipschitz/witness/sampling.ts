// Independent points, uniform in balls of the three norms and in boxes.
import { invalidArgument } from '../../errors.ts';
import type { Norm } from '../../guarantee/index.ts';
import { type Rng, signs, sphere, uniform } from '../../random/index.ts';
import { isBounded, type Region } from './region.ts';

/**
 * `count` independent points, uniform in a bounded region: `[count, d]`. In exact arithmetic all lie inside; rounding may
 * carry a point past the boundary by its last bits.
 *
 * @throws invalid-argument for a region that is not bounded.
 */
export function uniformIn(region: Region, count: number, rng: Rng): Float64Array {
  if (region.kind === 'global' || !isBounded(region))
    throw invalidArgument('domain', region.kind, 'a bounded box or a ball to draw points from');
  if (region.kind === 'box') {
    const d = region.lower.length;
    return uniform(rng, count * d).map((t, i) => {
      const low = region.lower[i % d]!;
      const high = region.upper[i % d]!;
      return Math.min(high, low + t * (high - low));
    });
  }
  const { centre, radius, norm } = region;
  return unitBall(norm, count, centre.length, rng).map((v, i) => centre[i % centre.length]! + radius * v);
}

/** `[count, d]`, uniform in the unit ball of the norm. */
function unitBall(norm: Norm, count: number, d: number, rng: Rng): Float64Array {
  switch (norm) {
    case 'linf':
      return uniform(rng, count * d, -1, 1);
    case 'l2': {
      // A direction, and a radius whose d-th power is uniform.
      const directions = sphere(rng.split('directions'), count, d);
      const radii = uniform(rng.split('radii'), count).map((u) => (1 - u) ** (1 / d));
      return directions.map((v, i) => v * radii[Math.floor(i / d)]!);
    }
    case 'l1': {
      // d of d + 1 exponential numbers, divided by the sum of all, are uniform in the solid simplex (Devroye 1986, V.2).
      const draws = uniform(rng.split('spacings'), count * (d + 1)).map((u) => -Math.log1p(-u));
      const flips = signs(rng.split('signs'), count * d);
      const points = new Float64Array(count * d);
      for (let i = 0; i < count; i++) {
        const spacings = draws.subarray(i * (d + 1), (i + 1) * (d + 1));
        const sum = spacings.reduce((total, e) => total + e, 0);
        for (let j = 0; j < d; j++) points[i * d + j] = (flips[i * d + j]! * spacings[j]!) / sum;
      }
      return points;
    }
  }
}
