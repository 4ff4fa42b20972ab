// Branch and bound over neurons with a kink (Bunel et al. 2020; bounds with multipliers of splits: Wang et al. 2021): whether
// a form stays below a goal on a region.
import type { Stop } from '../stop.ts';
import { descend, type Iterate } from './descent.ts';
import type { Dual, Multipliers } from './dual.ts';

/** Steps for the whole region and for each part, and how many splits of a part are compared. */
const ROOT_STEPS = 40;
const PART_STEPS = 12;
const TRIED = 3;

/** Steps for a part in which every neuron is decided, where the bound of the best multipliers is exact. */
const LAST_STEPS = 400;

/** What is known in the end. */
export type Verdict =
  | { readonly kind: 'proven' }
  | { readonly kind: 'refuted'; readonly point: Float64Array }
  | {
      readonly kind: 'open' /** Upper bound on the form over the region, not certified. */;
      readonly bound: number;
    };

/**
 * Whether the form of `dual` is below `goal` everywhere in its region. Each part is proven by a certified bound; the union of
 * parts is the region, as every split has both sides. Parts are searched depth first, the worse side first.
 *
 * Cost: PART_STEPS bounds for each part; the number of parts may grow exponentially with that of undecided neurons.
 *
 * @param refutes whether the form reaches the goal at a point of the region.
 * @param mostParts ends as open after so many parts; 0 for the bound of the region alone.
 */
export function branchAndBound(
  dual: Dual,
  goal: number,
  refutes: (point: Float64Array) => boolean,
  mostParts: number,
  stop: Stop,
): Verdict {
  const proven = ({ multipliers, value }: Iterate): boolean =>
    value.bound < goal && dual.certified(multipliers) < goal;
  const counterexample = ({ value, average }: Iterate): Float64Array | undefined =>
    [average, value.point].find(refutes);
  const root = descend(dual, dual.start(), ROOT_STEPS, goal);
  if (proven(root)) return { kind: 'proven' };
  const atRoot = counterexample(root);
  if (atRoot) return { kind: 'refuted', point: atRoot };
  const stack = [root];
  const undecided: Iterate[] = [];
  for (let parts = 0; parts < mostParts && !stop(); parts += 2) {
    const part = stack.at(-1)!;
    const halves = split(dual, part, goal);
    stack.pop();
    if (halves.length === 0) {
      // The best multipliers of a part without undecided neurons are exact: what is not proven there is false, or needs more steps.
      const last = descend(dual, part.multipliers, LAST_STEPS, goal);
      const point = counterexample(last);
      if (point) return { kind: 'refuted', point };
      if (!proven(last)) undecided.push(last);
    }
    for (const half of halves) {
      if (proven(half)) continue;
      const point = counterexample(half);
      if (point) return { kind: 'refuted', point };
      stack.push(half);
    }
    if (stack.length === 0) break;
  }
  const left = [...stack, ...undecided];
  if (left.length === 0) return { kind: 'proven' };
  return { kind: 'open', bound: left.reduce((most, { value }) => Math.max(most, value.bound), -Infinity) };
}

/** Both sides of the neuron that promises most, the better one first; none where all are decided. */
function split(dual: Dual, { multipliers, value }: Iterate, goal: number): Iterate[] {
  const scored = dual.open
    .filter((at) => multipliers.side[at] === 0)
    .map((at) => ({ at, ...dual.looseness(at, value) }));
  const most = (by: 'gap' | 'intercept') =>
    scored
      .toSorted((a, b) => b[by] - a[by])
      .slice(0, TRIED)
      .filter((candidate) => candidate[by] > 0)
      .map(({ at }) => at);
  const candidates = [...new Set([...most('intercept'), ...most('gap')])];
  if (candidates.length === 0 && scored[0]) candidates.push(scored[0].at);
  let best: { at: number; worse: number; sum: number } | undefined;
  for (const at of candidates) {
    const bounds = ([1, -1] as const).map((side) => dual.value(onSide(multipliers, at, side)).bound);
    const worse = Math.max(...bounds);
    // What both sides gain counts as far as they are not yet proven.
    const sum = bounds.reduce((total, bound) => total + Math.max(bound, goal), 0);
    if (!best || sum < best.sum || (sum === best.sum && worse < best.worse)) best = { at, worse, sum };
  }
  if (!best) return [];
  const { at } = best;
  return ([1, -1] as const)
    .map((side) => descend(dual, onSide(multipliers, at, side), PART_STEPS, goal))
    .sort((a, b) => a.value.bound - b.value.bound);
}

function onSide({ alpha, beta, side }: Multipliers, at: number, to: 1 | -1): Multipliers {
  return { alpha, beta, side: side.with(at, to) };
}
