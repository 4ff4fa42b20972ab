// Radii from global Lipschitz constants of the margins (Tsuzuku, Sato and Sugiyama 2018), one computation for all points.
import type { Task } from '../attacks/index.ts';
import type { Graph } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { identity } from '../linalg/index.ts';
import { marginConstants, rowConstants } from '../lipschitz/index.ts';
import { addDown, divideDown } from '../numeric/index.ts';
import type { Stop } from '../stop.ts';
import type { Requirement } from './requirement.ts';

/** The radius that lower bounds on R f at a point prove; 0 where one of them does not suffice at the point. */
export type LipschitzRadius = (requirement: Requirement, lower: Float64Array) => number;

/**
 * min_r (R f(x) + offset)_r / Lip((R f)_r). In classification the constants of all pairs of classes, in regression those of
 * the outputs.
 *
 * @throws unsupported-op where the graph has no global constants.
 */
export function lipschitzRadius(
  scores: Graph,
  task: Task,
  outputs: number,
  norm: Norm,
  seconds: number,
  stop: Stop,
): LipschitzRadius {
  const constantsOf = task.kind === 'classification' ? ofPairs : ofOutputs;
  const constants = constantsOf(scores, outputs, norm, seconds, stop);
  return (requirement, lower) => {
    const values = constants(requirement);
    let radius = Infinity;
    for (let r = 0; r < lower.length; r++) {
      const margin = addDown(lower[r]!, requirement.offset[r]!);
      const value = values[r]!;
      if (!(margin > 0)) return 0;
      if (value > 0) radius = Math.min(radius, divideDown(margin, value));
    }
    return radius;
  };
}

/** Constants of the rows of a requirement. */
type Constants = (requirement: Requirement) => readonly number[];

function ofPairs(scores: Graph, outputs: number, norm: Norm, seconds: number, stop: Stop): Constants {
  const table = new Map(
    marginConstants(scores, norm, seconds, stop).map(({ pair: [i, j], bound }) => [`${i},${j}`, bound.value]),
  );
  return ({ key: label }) =>
    Array.from({ length: outputs }, (_, j) => j)
      .filter((j) => j !== label)
      .map((j) => table.get(label < j ? `${label},${j}` : `${j},${label}`)!);
}

function ofOutputs(scores: Graph, outputs: number, norm: Norm, seconds: number, stop: Stop): Constants {
  const values = rowConstants(scores, identity(outputs), norm, seconds, stop).map(({ value }) => value);
  const both = values.flatMap((value) => [value, value]);
  return () => both;
}
