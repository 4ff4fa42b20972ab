// Where gradient attacks start and how they step: uphill as fast as the norm allows.
import { invalidArgument } from '../errors.ts';
import { normal, type Rng, uniform } from '../random/index.ts';
import type { Limits } from './limits.ts';
import { project } from './projection.ts';
import { rowOf } from './rows.ts';
import type { Threat } from './threat.ts';

/**
 * @throws RobustlawError `invalid-argument` for an infinite radius, which these attacks have no use for.
 */
export function requireFiniteRadius(attack: string, { radius }: Threat): void {
  if (radius < Infinity) return;
  throw invalidArgument(
    `radius of ${attack}`,
    radius,
    'a finite number; for the nearest harmful change use a minimum-norm attack',
  );
}

/**
 * A random point around each point, at the distance `radius` where bounds allow it, `[rows, features]`: in linf uniform in
 * the cube and then stretched to its surface, in l2 uniform on the sphere, in l1 normal and then projected onto the ball,
 * which makes it sparse. Row i depends on `keys[i]` alone. With
 * the `limits` of linf, where they are known, it takes less time. These are the starts of APGD (Croce and Hein 2020, 2021).
 */
export function randomStarts(
  threat: Threat,
  points: Float32Array,
  keys: readonly Rng[],
  features: number,
  limits?: Limits,
): Float32Array {
  const starts = points.slice();
  keys.forEach((key, i) => {
    const row = rowOf(starts, i, features);
    const direction = threat.norm === 'linf' ? uniform(key, features, -1, 1) : normal(key, features);
    const scale = startScale(threat, direction);
    for (let j = 0; j < features; j++) row[j]! += scale * direction[j]!;
  });
  if (limits) clipTo(limits, starts);
  else project(threat, points, starts, features);
  return starts;
}

/** As project() in linf, faster. */
function clipTo({ least, most }: Limits, changed: Float32Array): void {
  for (let i = 0; i < changed.length; i++) {
    const entry = changed[i]!;
    if (entry < least[i]!) changed[i] = least[i]!;
    else if (entry > most[i]!) changed[i] = most[i]!;
  }
}

function startScale({ norm, radius, bounds: [low, high] }: Threat, direction: Float64Array): number {
  // In l1 the entries are spread like the data; without bounds only the radius tells its scale.
  if (norm === 'l1') return high - low < Infinity ? high - low : radius;
  const size = norm === 'linf' ? largest(direction) : euclidean(direction);
  return size > 0 ? radius / size : 0;
}

function largest(direction: Float64Array): number {
  let most = 0;
  for (let j = 0; j < direction.length; j++) most = Math.max(most, Math.abs(direction[j]!));
  return most;
}

/**
 * In place: every row of `points` `[rows, features]` moves by its step size along its gradient. It stays where that is zero or
 * not finite.
 */
export function stepAlong(points: Float32Array, gradients: Float32Array, sizes: Float64Array): void {
  const features = points.length / sizes.length;
  for (let i = 0; i < sizes.length; i++) {
    const row = rowOf(points, i, features);
    const gradient = rowOf(gradients, i, features);
    const scale = sizes[i]! / euclidean(gradient);
    if (!(scale > 0 && scale < Infinity)) continue;
    for (let j = 0; j < features; j++) row[j]! += scale * gradient[j]!;
  }
}

/**
 * In place: every row of `points` moves by its step size in l1, spread evenly over the entries of its `counts[i]` largest
 * slopes (rounded down, at least one, more at ties), as Croce and Hein (2021).
 */
export function stepSparsely(
  points: Float32Array,
  gradients: Float32Array,
  sizes: Float64Array,
  counts: Float64Array,
): void {
  const features = points.length / sizes.length;
  const slopes = new Float64Array(features);
  for (let i = 0; i < sizes.length; i++) {
    const row = rowOf(points, i, features);
    const gradient = rowOf(gradients, i, features);
    for (let j = 0; j < features; j++) slopes[j] = Math.abs(gradient[j]!) || 0;
    const least = nthLargest(slopes, counts[i]!);
    let chosen = 0;
    for (let j = 0; j < features; j++) chosen += Number(Math.abs(gradient[j]!) >= least && gradient[j] !== 0);
    const step = sizes[i]! / chosen;
    for (let j = 0; j < features; j++)
      if (Math.abs(gradient[j]!) >= least && gradient[j] !== 0) row[j]! += step * Math.sign(gradient[j]!);
  }
}

/** The `count`-th largest of the numbers, which it reorders: quickselect (Hoare 1961). */
function nthLargest(numbers: Float64Array, count: number): number {
  const at = Math.min(Math.max(Math.floor(count), 1), numbers.length) - 1;
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const pivot = numbers[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (numbers[i]! > pivot) i++;
      while (numbers[j]! < pivot) j--;
      if (i > j) break;
      const held = numbers[i]!;
      numbers[i++] = numbers[j]!;
      numbers[j--] = held;
    }
    if (at <= j) high = j;
    else if (at >= i) low = i;
    else break;
  }
  return numbers[at]!;
}

function euclidean(v: Float32Array | Float64Array): number {
  let squares = 0;
  for (let i = 0; i < v.length; i++) squares += v[i]! * v[i]!;
  return Math.sqrt(squares);
}
