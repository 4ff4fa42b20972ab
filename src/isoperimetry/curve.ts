// Tail curves for pictures: observed P(|f - mean| >= t) beside the bound of isoperimetry.

import { average } from './moments.ts';
import type { TailPoint } from './result.ts';

/** Points per curve. */
const MOST_POINTS = 48;

/** t at which 1, 2, ... of the rows, evenly on a logarithmic scale, lie at least as far from the mean; t rises. */
export function tailCurve(d: number, constant: number, values: Float64Array): readonly TailPoint[] {
  const middle = average(values);
  const deviations = values.map((value) => Math.abs(value - middle)).sort();
  const n = deviations.length;
  const points: TailPoint[] = [];
  for (let step = MOST_POINTS - 1; step >= 0; step--) {
    const count = Math.round(n ** (step / (MOST_POINTS - 1)));
    const t = deviations[n - count]!;
    if (points.length > 0 && t <= points.at(-1)!.t) continue;
    // Equal deviations count together.
    let first = n - count;
    while (first > 0 && deviations[first - 1] === t) first--;
    points.push({
      t,
      observed: (n - first) / n,
      bound: Math.min(1, 2 * Math.exp((-d * t * t) / (2 * constant))),
    });
  }
  return points;
}
