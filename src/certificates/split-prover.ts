// Branch and bound for all the rows of a requirement.
import { matrix } from '../linalg/index.ts';
import { evaluateNetwork, type Network, type Region } from '../lipschitz/index.ts';
import { addDown } from '../numeric/index.ts';
import type { Stop } from '../stop.ts';
import { marginNetworks, negated, relaxation } from './bounds.ts';
import { branchAndBound, type Verdict } from './branch-and-bound.ts';
import { createDual } from './dual.ts';
import { type Requirement, suffices } from './requirement.ts';

/** Whether R f(x) + offset > 0 everywhere in the region. */
export type SplitProver = (requirement: Requirement, region: Region, stop: Stop) => Verdict;

/**
 * Ranges of the neurons once, then a branch and bound for each row, the one with the lowest bound first.
 *
 * Cost: that of linear bounds, then for each part of each row some dozen times the weights of the network.
 */
export function splitProver(network: Network): SplitProver {
  const margins = marginNetworks(network);
  const relaxed = relaxation(network);
  return (requirement, region, stop) => {
    const of = margins(requirement);
    const propagated = relaxed(region, stop);
    const form = negated(of.output);
    if (stop()) return { kind: 'open', bound: Infinity };
    const duals = Array.from({ length: form.rows }, (_, r) => {
      const dual = createDual(of, rowOf(form, r), propagated);
      return { r, dual, bound: addDown(-dual.certified(dual.start()), requirement.offset[r]!) };
    });
    const due = duals.filter(({ bound }) => !suffices(requirement, bound)).sort((a, b) => a.bound - b.bound);
    for (const { r, dual } of due) {
      const goal = requirement.offset[r]!;
      const refutes = (x: Float64Array) =>
        !suffices(requirement, evaluateNetwork(of, inwards(region, x))[r]! + goal);
      const verdict = branchAndBound(dual, goal, refutes, Infinity, stop);
      if (verdict.kind === 'refuted') return { ...verdict, point: inwards(region, verdict.point) };
      if (verdict.kind === 'open') return verdict;
    }
    return { kind: 'proven' };
  };
}

/** A little nearer to the middle, so that rounding has not moved the point out of the region. */
function inwards({ box, ball }: Region, point: Float64Array): Float64Array {
  const centre = ball?.centre ?? box.centre;
  return point.map((v, i) =>
    Math.min(box.upper[i]!, Math.max(box.lower[i]!, centre[i]! + (1 - 1e-9) * (v - centre[i]!))),
  );
}

function rowOf(form: Network['output'], r: number): Network['output'] {
  const terms = [...form.terms].map(
    ([k, { columns, data }]) => [k, matrix(1, columns, data.slice(r * columns, (r + 1) * columns))] as const,
  );
  return { ...form, rows: 1, bias: form.bias.slice(r, r + 1), terms: new Map(terms) };
}
