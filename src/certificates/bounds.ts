// Lower bounds on the rows of R f over a region: interval arithmetic on any graph (Gowal et al. 2018) and backward linear
// bounds on networks (CROWN: Zhang et al. 2018).
import { constant, type Graph, gemm, graph, reshape, sizeOf, tensor } from '../graph/index.ts';
import { intervalEvaluator } from '../intervals/index.ts';
import { type Matrix, transpose } from '../linalg/index.ts';
import {
  composeOutput,
  countOf,
  type Ends,
  type Network,
  type Propagated,
  propagate,
  type Region,
  rangesOf,
  unitBlocks,
  upperEndsOf,
} from '../lipschitz/index.ts';
import type { Stop } from '../stop.ts';
import type { Requirement } from './requirement.ts';

/**
 * Lower bounds `[rows]` on R f(x) over all x of regionAt(radius), as a function of the radius; -Infinity where nothing is known.
 * Regions contain those of smaller radii, so that what is known of a larger one holds there. After `stop` bounds are looser.
 */
export type LowerBounds = (
  requirement: Requirement,
  regionAt: (radius: number) => Region,
  stop: Stop,
) => (radius: number) => Float64Array;

/**
 * Interval bounds, the better of two where there is a network. On its blocks the differences of outputs are merged into the
 * weights of the last layer, so that what the outputs have in common cancels; on the graph they are taken after it, but
 * operators that blocks must write out, like max-pooling, are met as they are. Balls in l1 and l2 are enclosed by boxes.
 *
 * Cost: that of four to six evaluations. Lower bounds in real arithmetic.
 */
export function intervalBounds(scores: Graph, network: Network | undefined): LowerBounds {
  const evaluators = perKey((requirement) => intervalEvaluator(marginGraph(scores, requirement.rows)));
  const margins = network && marginNetworks(network);
  const blocks = network && unitBlocks(network);
  return (requirement, regionAt) => (radius) => {
    const { box } = regionAt(radius);
    const { lower, upper } = box;
    const onGraph = evaluators(requirement)({ lower, upper }).lower;
    if (!margins || !blocks) return onGraph;
    const form = margins(requirement).output;
    const onBlocks = rangesOf(form, propagate(blocks, { box }, 'interval')!, 'interval').lower;
    return onBlocks.map((bound, r) => (bound > onGraph[r]! ? bound : orNothing(onGraph[r]!)));
  };
}

/** NaN stands for sums of opposite infinities: no bound. */
const orNothing = (bound: number): number => (Number.isNaN(bound) ? -Infinity : bound);

/** Multiply-adds of one linear bound that are worth it. */
const MOST_WORK = 2 ** 31;

/**
 * Linear bounds: ranges of neurons by linear bounds as far into the network as MOST_WORK allows, by intervals after that
 * (CROWN-IBP: Zhang et al. 2020), and the rows themselves by linear bounds in any case.
 *
 * Cost: for each block the neurons that intervals leave undecided, times twice the weights before it. Lower bounds in real
 * arithmetic.
 */
export function linearBounds(network: Network): LowerBounds {
  const margins = marginNetworks(network);
  const relaxed = relaxation(network);
  return (requirement, regionAt, stop) => {
    const form = negated(margins(requirement).output);
    const known: { radius: number; ranges: readonly Ends[] }[] = [];
    return (radius) => {
      const around = known.filter((larger) => larger.radius >= radius).sort((a, b) => a.radius - b.radius)[0];
      const propagated = relaxed(regionAt(radius), stop, around?.ranges);
      known.push({ radius, ranges: propagated.preactivations });
      return upperEndsOf(form, propagated).map((v) => -v);
    };
  };
}

/** The network whose outputs are the rows of a requirement. */
export function marginNetworks(network: Network): (requirement: Requirement) => Network {
  return perKey(({ rows }) => composeOutput(network, rows));
}

/**
 * Blocks relaxed on their ranges over a region, which linear bounds give as far as MOST_WORK allows, and until `stop`. Ranges
 * `within` of a larger region leave fewer neurons undecided.
 */
export function relaxation(
  network: Network,
): (region: Region, stop: Stop, within?: readonly Ends[]) => Propagated {
  const blocks = unitBlocks(network);
  const costs = costsOfRows(network);
  return (region, stop, within = []) => {
    const byIntervals = propagate(blocks, region, 'interval', within)!;
    let work = 0;
    let depth = 0;
    for (const { units } of blocks) {
      const { lower, upper } = byIntervals.preactivations[depth]!;
      const open = units.reduce((sum, unit, i) => sum + (unit.settled(lower[i]!, upper[i]!) ? 0 : 1), 0);
      work += 2 * open * costs[depth]!;
      if (work > MOST_WORK) break;
      depth++;
    }
    if (depth === blocks.length) return propagate(blocks, region, 'linear', within, stop)!;
    const first = propagate(blocks.slice(0, depth), region, 'linear', within, stop)!;
    return propagate(blocks, region, 'interval', [...first.preactivations, ...within.slice(depth)])!;
  };
}

/**
 * About how many multiply-adds take one neuron of each block back to the input. Where most weights are zero, as in convolutions,
 * the others alone count, each as four, which is what going from one to the next takes.
 */
function costsOfRows({ features, blocks, output }: Network): number[] {
  const forms = [...blocks.map(({ preactivation }) => preactivation), output];
  const entries = forms.map(({ terms }) => new Map([...terms].map(([j, w]) => [j, countOf(w)])));
  const count = entries.reduce((sum, of) => [...of.values()].reduce((a, b) => a + b, sum), 0);
  const size = forms.reduce(
    (sum, { terms }) => [...terms.values()].reduce((a, w) => a + w.data.length, sum),
    0,
  );
  const sparse = 4 * count < size;
  const sizes = [features, ...blocks.map(({ activations }) => activations.length)];
  return blocks.map((_, last) => {
    const reached = new Float64Array(last + 2);
    reached[last + 1] = 1;
    let cost = 0;
    for (let k = last + 1; k >= 1; k--) {
      for (const [j, found] of entries[k - 1]!) {
        const perRow = sparse ? found / sizes[k]! : sizes[j]!;
        cost += reached[k]! * perRow * (sparse ? 4 : 1);
        reached[j] = Math.min(sizes[j]!, reached[j]! + reached[k]! * perRow);
      }
    }
    return cost;
  });
}

/** The same rows with the opposite sign. */
export function negated(form: Network['output']): Network['output'] {
  const flipped = (data: Float64Array) => data.map((v) => -v);
  const terms = [...form.terms].map(([k, w]) => [k, { ...w, data: flipped(w.data) }] as const);
  return { ...form, terms: new Map(terms), bias: flipped(form.bias) };
}

/** x -> R f(x), of shape [1, rows]. */
function marginGraph(scores: Graph, rows: Matrix): Graph {
  const [y] = Object.values(scores.outputs);
  const weights = tensor(y!.dtype, [rows.columns, rows.rows], transpose(rows).data);
  return graph(scores.inputs, { ':margins': gemm(reshape(y!, [1, sizeOf(y!.shape)]), constant(weights)) });
}

/** Computed once for each kind of requirement. */
function perKey<Part>(make: (requirement: Requirement) => Part): (requirement: Requirement) => Part {
  const known = new Map<number, Part>();
  return (requirement) => {
    const part = known.get(requirement.key) ?? make(requirement);
    known.set(requirement.key, part);
    return part;
  };
}
