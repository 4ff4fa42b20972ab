// Projection onto a threat model, a norm ball around a point within the bounds of inputs, that float32 rounding never leaves; for l1 as in Croce and Hein, "Mind the box" (2021).
import { invalidArgument } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import { allows, type Threat } from './threat.ts';

/**
 * Moves every row of `changed` in place to the point nearest to it, in Euclidean distance, that `threat` allows around the
 * same row of `points`: exactly, for ball and bounds together, in all three norms, but for float32 rounding, which is
 * pulled towards the point. Afterwards allows() holds for every row. Rows that are allowed keep their bits. An infinite
 * radius leaves only the bounds. Before all this, NaN becomes the entry of the point, and an infinite entry is brought to
 * where it alone could be.
 *
 * Cost: a few passes over the entries.
 *
 * @param points `[rows, features]`, within the bounds.
 * @param changed `[rows, features]`
 * @throws RobustlawError `invalid-argument` where a row is to be moved whose point lies outside the bounds, be it by
 *   rounding: perhaps nothing is allowed around it, and it would look robust. Clip data into the bounds beforehand.
 */
export function project(threat: Threat, points: Float32Array, changed: Float32Array, features: number): void {
  if (threat.norm === 'linf' || threat.radius === Infinity) {
    clip(threat, points, changed, features);
    return;
  }
  const sizes = new Float64Array(features);
  const rooms = new Float64Array(features);
  for (let from = 0; from < changed.length; from += features) {
    const x = points.subarray(from, from + features);
    const row = changed.subarray(from, from + features);
    if (allows(threat, x, row)) continue;
    for (let i = 0; i < features; i++) {
      const centre = within(threat, points, from + i, features);
      const step = finite(threat, row[i]!, centre) - centre;
      sizes[i] = Math.abs(step);
      rooms[i] = step > 0 ? threat.bounds[1] - centre : centre - threat.bounds[0];
      row[i] = step;
    }
    const shortened = threat.norm === 'l1' ? shortenedL1(sizes, rooms) : shortenedL2(sizes, rooms);
    settle(threat, x, row, shortened);
  }
}

const LARGEST = 2 ** 128 - 2 ** 104;

function finite({ radius, bounds: [low, high] }: Threat, entry: number, x: number): number {
  if (Number.isFinite(entry)) return entry;
  if (Number.isNaN(entry)) return x;
  return entry > 0 ? Math.min(x + radius, high, LARGEST) : Math.max(x - radius, low, -LARGEST);
}

/** Entry `i` of the points, if it lies within the bounds; otherwise throws. */
export function within(
  { bounds: [low, high] }: Threat,
  points: Float32Array,
  i: number,
  features: number,
): number {
  const x = points[i]!;
  if (x >= low && x <= high) return x;
  throw invalidArgument(
    `entry ${i % features} of point ${Math.floor(i / features)} (counted from 0)`,
    x,
    `a number within the input bounds [${low}, ${high}]; clip the data into them first`,
  );
}

/** The bounds as far as float32 goes. */
export const finiteBounds = ({ bounds: [low, high] }: Threat): InputBounds => [
  Math.max(low, -LARGEST),
  Math.min(high, LARGEST),
];

/** Every entry for itself. */
function clip(threat: Threat, points: Float32Array, changed: Float32Array, features: number): void {
  const { radius } = threat;
  const [low, high] = finiteBounds(threat);
  for (let i = 0; i < changed.length; i++) {
    const x = points[i]!;
    const entry = changed[i]!;
    if (Math.abs(entry - x) <= radius && entry >= low && entry <= high) continue;
    const wanted = Math.min(Math.max(entry, Math.max(x - radius, low)), Math.min(x + radius, high));
    const rounded = Math.fround(wanted);
    if (Math.abs(rounded - x) <= radius && rounded >= low && rounded <= high) changed[i] = rounded;
    else {
      if (!(x >= low && x <= high)) within(threat, points, i, features);
      changed[i] = towards(x, rounded, radius, low, high);
    }
  }
}

/** The float32 next to `rounded` on the way to `x`, where rounding has left what is allowed; x itself for NaN. */
export function towards(x: number, rounded: number, radius: number, low: number, high: number): number {
  const next = neighbour(rounded, x);
  return Math.abs(next - x) <= radius && next >= low && next <= high ? next : x;
}

/** The float32 nearest to `wanted`, or a neighbour of it towards the float32 `x`, no further from `x` than `reach`. */
function roundedTowards(x: number, wanted: number, reach: number): number {
  const rounded = Math.fround(wanted);
  if (Math.abs(rounded - x) <= reach) return rounded;
  const next = neighbour(rounded, x);
  return Math.abs(next - x) <= reach ? next : x;
}

/** The float32 next to `from` in the direction of `to`. */
function neighbour(from: number, to: number): number {
  // Between half a unit in the last place and one.
  const unit = Math.max(6e-8 * Math.abs(from), 2 ** -149);
  return Math.fround(from > to ? from - unit : from + unit);
}

/** Given the wanted length of the whole step, the size of each entry's step. */
type Shortened = (wanted: number) => (i: number) => number;

/**
 * The nearest point is x + min(s |step|, room) per entry, for the scale s <= 1 that gives the wanted length. Each round
 * solves for s with the entries that the bounds have stopped so far; s grows, and so do they.
 */
function shortenedL2(sizes: Float64Array, rooms: Float64Array): Shortened {
  return (wanted) => {
    let scale = 0;
    for (;;) {
      let free = 0;
      let stopped = 0;
      for (let i = 0; i < sizes.length; i++) {
        if (scale * sizes[i]! >= rooms[i]!) stopped += rooms[i]! ** 2;
        else free += sizes[i]! ** 2;
      }
      const next = free > 0 ? Math.min(1, Math.sqrt(Math.max(0, wanted ** 2 - stopped) / free)) : 1;
      if (!(next > scale)) return (i) => Math.min(scale * sizes[i]!, rooms[i]!);
      scale = next;
    }
  };
}

/**
 * The nearest point is x + clip(|step| - t, 0, room) per entry, for the threshold t >= 0 that gives the wanted length,
 * which falls with t piecewise linearly: Newton's method, kept within a bracket that is halved now and then.
 */
function shortenedL1(sizes: Float64Array, rooms: Float64Array): Shortened {
  return (wanted) => {
    let low = 0;
    let high = sizes.reduce((most, size) => Math.max(most, size), 0);
    let threshold = 0;
    for (let round = 1; ; round++) {
      let length = 0;
      let slope = 0;
      for (let i = 0; i < sizes.length; i++) {
        const size = sizes[i]! - threshold;
        if (size <= 0) continue;
        if (size < rooms[i]!) slope++;
        length += Math.min(size, rooms[i]!);
      }
      if (length <= wanted) high = threshold;
      else low = threshold;
      if (length <= wanted && (threshold === 0 || length >= wanted * (1 - 1e-12))) break;
      const newton = threshold + (length - wanted * (1 - 5e-13)) / slope;
      threshold = newton > low && newton < high && round % 4 > 0 ? newton : low + (high - low) / 2;
      if (!(threshold > low && threshold < high)) break;
    }
    return (i) => Math.min(Math.max(sizes[i]! - high, 0), rooms[i]!);
  };
}

/** Takes the steps that `row` holds from `x`, a little shorter again where rounding has left the ball. */
function settle(threat: Threat, x: Float32Array, row: Float32Array, shortened: Shortened): void {
  const steps = row.slice();
  for (let slack = 0; slack < 1; slack = 8 * slack + 2 ** -50) {
    const size = shortened(threat.radius * (1 - slack));
    for (let i = 0; i < row.length; i++) {
      const reach = size(i);
      row[i] = roundedTowards(x[i]!, x[i]! + Math.sign(steps[i]!) * reach, reach);
    }
    if (allows(threat, x, row)) return;
  }
  row.set(x);
}
