// Robust accuracy against radius as two step curves: no more than attacks leave, no less than certificates prove.
import type { PointRobustness } from '../../audit/index.ts';

/** Counts of points for all radii from `radius` on, up to the next step. */
export interface Step {
  readonly radius: number;
  /** Correct points with no adversarial example found at distance <= r: the robust points are no more. */
  readonly attacked: number;
  /** Correct points certified beyond r: the robust points are no fewer. */
  readonly certified: number;
}

export interface RobustnessCurve {
  /** Points tested, right or wrong. */
  readonly points: number;
  readonly correct: number;
  /** By radius upwards; the first stands at 0 and holds for the least changes. */
  readonly steps: readonly Step[];
}

/**
 * Both step curves of the points tested. A wrong point is robust at no radius. As certified <= found for every point,
 * `certified <= attacked` at every radius, and both never rise. O(n log n).
 */
export function robustnessCurve(points: readonly PointRobustness[]): RobustnessCurve {
  const correct = points.filter((point) => point.correct);
  const found = sorted(correct.flatMap((point) => (point.found ? [point.found.distance] : [])));
  const certified = sorted(correct.map((point) => point.certified.radius));
  const radii = Float64Array.from(new Set([0, ...found, ...certified])).sort();
  let [broken, unproven] = [0, 0];
  const steps = Array.from(radii, (radius) => {
    while (broken < found.length && found[broken]! <= radius) broken++;
    while (unproven < certified.length && certified[unproven]! <= radius) unproven++;
    return { radius, attacked: correct.length - broken, certified: correct.length - unproven };
  });
  return { points: points.length, correct: correct.length, steps };
}

/** The counts at one radius >= 0. O(log n). */
export function curveAt({ steps }: RobustnessCurve, radius: number): Step {
  let [from, to] = [0, steps.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if (steps[middle]!.radius <= radius) from = middle;
    else to = middle;
  }
  return steps[from]!;
}

/**
 * The steps that a drawing needs: the last of each cell of the axis, and the one before the first cell. `cell` maps a
 * radius to the number of its cell.
 */
export function thinnedSteps(steps: readonly Step[], cell: (radius: number) => number): readonly Step[] {
  return steps.filter((step, index) => {
    const next = steps[index + 1];
    return next === undefined || cell(next.radius) !== cell(step.radius);
  });
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}
