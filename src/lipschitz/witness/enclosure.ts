// Values of a graph at single points, in intervals: apart from the engine, so that what the engine finds is confirmed by
// other code.
import type { Graph } from '../../graph/index.ts';
import { type Box, intervalEvaluator } from '../../intervals/index.ts';

/** x -> a box that holds f(x) in real arithmetic. Enclosure; made once for many points. */
export function enclose(g: Graph): (x: Float64Array) => Box {
  const evaluate = intervalEvaluator(g);
  return (x) => evaluate({ lower: x, upper: x });
}
