// What every entry may be in linf, where the threat model is a box.
import { finiteBounds, towards, within } from './projection.ts';
import type { Threat } from './threat.ts';

/** The least and the largest entries that the threat model allows in linf, `[rows, features]` each. */
export interface Limits<Entries = Float32Array> {
  readonly least: Entries;
  readonly most: Entries;
}

/** As project() would bring entries of -Infinity and Infinity there; throws as project() does. */
export function linfLimits(threat: Threat, points: Float32Array, features: number): Limits {
  const { radius } = threat;
  const [low, high] = finiteBounds(threat);
  const least = new Float32Array(points.length);
  const most = new Float32Array(points.length);
  for (let i = 0; i < points.length; i++) {
    const x = points[i]!;
    // Images have long runs of equal entries.
    if (i > 0 && x === points[i - 1]) {
      least[i] = least[i - 1]!;
      most[i] = most[i - 1]!;
      continue;
    }
    if (!(x >= low && x <= high)) within(threat, points, i, features);
    const down = Math.fround(x - radius < low ? low : x - radius);
    const up = Math.fround(x + radius > high ? high : x + radius);
    least[i] = x - down <= radius && down >= low ? down : towards(x, down, radius, low, high);
    most[i] = up - x <= radius && up <= high ? up : towards(x, up, radius, low, high);
  }
  return { least, most };
}
