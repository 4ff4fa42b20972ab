// Robust accuracy against radius as two step curves: no more than attacks leave, no less than certificates prove.
import type { PointRobustness } from '../../audit/index.ts';

export interface RobustnessCurve {
  /** Points tested, right or wrong. */
  readonly points: number;
  readonly correct: number;
  /** Of correct points, sorted: distances of the nearest adversarial examples found, where there are any. */
  readonly found: Float64Array;
  /** Of correct points, sorted: certified radii. */
  readonly certified: Float64Array;
}

/** Counts of points at one radius. */
export interface Counts {
  /** Correct points with no adversarial example found at distance <= r: the robust points are no more. */
  readonly attacked: number;
  /** Correct points with a certified radius >= r: the robust points are no fewer. */
  readonly certified: number;
}

/** Counts for the radii right after `radius`, up to the next step. */
export interface Step extends Counts {
  readonly radius: number;
}

/**
 * Both curves of the points tested. A wrong point is robust at no radius. Where certified < found for every point,
 * `certified <= attacked` at every radius; both never rise. O(n log n).
 */
export function robustnessCurve(points: readonly PointRobustness[]): RobustnessCurve {
  const correct = points.filter((point) => point.correct);
  return {
    points: points.length,
    correct: correct.length,
    found: sorted(correct.flatMap((point) => (point.found ? [point.found.distance] : []))),
    certified: sorted(correct.map((point) => point.certified.radius)),
  };
}

/** The counts at one radius >= 0, both ends meant: changes of size exactly r are allowed. O(log n). */
export function curveAt({ correct, found, certified }: RobustnessCurve, radius: number): Counts {
  return {
    attacked: correct - countUpTo(found, radius),
    certified: countFrom(certified, radius),
  };
}

/** All steps, by radius upwards; the first stands at 0. O(n log n). */
export function curveSteps(curve: RobustnessCurve): readonly Step[] {
  const radii = Float64Array.from(new Set([0, ...curve.found, ...curve.certified])).sort();
  return Array.from(radii, (radius) => ({
    radius,
    attacked: curve.correct - countUpTo(curve.found, radius),
    certified: curve.certified.length - countUpTo(curve.certified, radius),
  }));
}

/** The steps that a drawing needs: the last of each cell of the axis, where `cell` maps a radius to the number of its cell. */
export function thinnedSteps(steps: readonly Step[], cell: (radius: number) => number): readonly Step[] {
  return steps.filter((step, index) => {
    const next = steps[index + 1];
    return next === undefined || cell(next.radius) !== cell(step.radius);
  });
}

/** Of a sorted list, how many are <= x. */
function countUpTo(list: Float64Array, x: number): number {
  return firstIndex(list, (value) => value > x);
}

/** Of a sorted list, how many are >= x. */
function countFrom(list: Float64Array, x: number): number {
  return list.length - firstIndex(list, (value) => value >= x);
}

/** The first index from which `holds`, which never turns false again. */
function firstIndex(list: Float64Array, holds: (value: number) => boolean): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(list[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}
