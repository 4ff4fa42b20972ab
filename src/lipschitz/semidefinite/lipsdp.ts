// LipSDP-Neuron and LipSDP-Layer (Fazlyab, Robey, Hassani, Morari and Pappas 2019, "Efficient and accurate estimation of
// Lipschitz constants for deep neural networks") without a solver for semidefinite programs.
import type { CertifiedUpperBound } from '../../guarantee/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import type { Network } from '../network/network.ts';
import type { Groups } from './barrier.ts';
import { globalSlopes, type SlopeBounds } from './bounds.ts';
import { isCertified } from './certificate.ts';
import { boundOf, certifiedBound, readsNeurons, upperBound } from './certified-bound.ts';
import { closedForms, layerForm, layerWeights, type Point } from './closed-forms.ts';
import { scaled } from './exponents.ts';
import { liveBefore, past, type Reach, reachOfInputs, recursion } from './forward.ts';
import { followPath } from './interior-point.ts';
import { type Multipliers, neuronsOf, type Program, programOf, sizeOf } from './program.ts';
import { reduced } from './reduction.ts';
import { type Demand, demandFrom, demandOfOutput, windowOf, withWindow } from './window.ts';

export const LIPSDP = { neuron: 'LipSDP-Neuron', layer: 'LipSDP-Layer' } as const;

/** One multiplier per neuron, or one per block of the network. */
export type Kind = keyof typeof LIPSDP;

/** A bound, with multipliers that start the search for that of a similar network. */
export interface SemidefiniteBound extends CertifiedUpperBound {
  /** Per block and neuron, in the units of the network; 0 where a neuron has none. Empty where nothing was searched. */
  readonly multipliers: readonly Float64Array[];
}

/**
 * The Lipschitz constant from above in the Euclidean norm: the least 1 / sqrt(rho) with F(lambda, rho) >= 0 (`Program`),
 * lambda one multiplier per neuron or per block.
 *
 * Starts from the diagonal closed forms and never ends above ECLipsE-Fast (above the best form with one multiplier per
 * block). Networks of up to `WINDOW` neurons are solved to a relative gap of 1e-7 by an interior point method; of larger
 * ones, consecutive blocks in turn with the multipliers of all others held, so that every step lowers the bound of the
 * whole. The result is proven by a floating-point Cholesky factorisation with all rounding accounted for.
 *
 * LipSDP-Network, with couplings between neurons, is no upper bound and not offered.
 *
 * Time: 40 to 200 steps of about N^3 multiply-adds for N neurons in all, 0.3 s each at N = 512; in windows, linear in depth.
 *
 * @param kind defaults to 'neuron'.
 * @param stop asked after every step; the best bound so far is then proven and returned. Defaults to running to the end.
 * @param bounds slopes of each neuron and where they hold; defaults to the whole space.
 * @param start multipliers of a similar network; without use where they do not fit.
 * @throws shape-mismatch or invalid-argument for slopes that do not fit or weights that are not finite.
 * Certified upper bound; Infinity where rounding errors of merged weights swamp it.
 */
export function lipsdp(
  network: Network,
  kind: Kind = 'neuron',
  stop: Stop = whenDone,
  bounds: SlopeBounds = globalSlopes(network),
  start?: readonly Float64Array[],
): SemidefiniteBound {
  const program = reduced(programOf(network, bounds));
  if (!readsNeurons(program))
    return { ...upperBound(certifiedBound(program, []), LIPSDP[kind], bounds.domain), multipliers: [] };
  const forms = kind === 'neuron' ? closedForms(program, stop) : [layerForm(program) ?? []].flat();
  const simple = certifiedBound(program, forms);
  const method = LIPSDP[kind];
  const first = forms[0];
  if (!first) return { ...upperBound(simple, method, bounds.domain), multipliers: [] };
  const warm = start && warmStart(program, start, network);
  const search = searched(program, kind, first, warm, stop);
  const value = provenBound(program, search.best, first);
  return {
    ...upperBound(Math.min(simple, value), method, bounds.domain),
    multipliers: inNetworkUnits(network, program, search.inside),
  };
}

/** Neurons solved for at a time. */
export const WINDOW = 640;
const TOLERANCE = 1e-7;
/** Gap of the first point of a path: from a closed form, from the multipliers handed on, from the last sweep. */
const COLD_GAP = 30;
const WARM_GAP = 1;
const WINDOW_GAP = 0.03;
/** Sweeps over the windows of a large network, each to a finer gap. */
const SWEEP_GAPS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

interface Searched {
  readonly best: Point;
  /** Well inside the feasible set. */
  readonly inside: Multipliers;
}

function searched(program: Program, kind: Kind, first: Point, warm: Point | undefined, stop: Stop): Searched {
  const starting =
    warm && warm.rho > first.rho / 2 ? { ...warm, gap: WARM_GAP } : { ...first, gap: COLD_GAP };
  const count = program.blocks.length;
  if (neuronsOf(program) <= WINDOW || count === 1)
    return solved(program, kind, starting, starting.gap, TOLERANCE, stop);
  let point: Point = { lambda: starting.lambda, rho: starting.rho * (1 - 1e-6) };
  for (const [sweep, gap] of SWEEP_GAPS.entries()) {
    if (stop()) break;
    const before = point.rho;
    point = swept(program, kind, point, windows(program, sweep % 2 === 1), gap, stop);
    if (sweep > 1 && point.rho < before * (1 + 1e-5)) break;
  }
  return { best: point, inside: point.lambda };
}

/** The optimum of a program that is small enough. */
function solved(
  program: Program,
  kind: Kind,
  start: Point,
  gap: number,
  tolerance: number,
  stop: Stop,
): Searched {
  const groups = groupsOf(program, kind);
  let best = start;
  let inside = start.lambda;
  followPath(
    program,
    groups,
    { mu: valuesOf(program, groups, start.lambda), rho: start.rho * (1 - Math.min(gap, 0.5)) },
    gap,
    tolerance,
    stop,
    (point, reached) => {
      if (point.rho > best.rho) best = point;
      if (reached !== undefined && reached >= WARM_GAP) inside = point.lambda;
    },
  );
  return { best, inside };
}

/** Consecutive blocks of at most WINDOW neurons (or a single larger block), the first one half as long if `shifted`. */
function windows(program: Program, shifted: boolean): [from: number, to: number][] {
  const result: [number, number][] = [];
  let from = 1;
  let size = 0;
  let limit = shifted ? WINDOW / 4 : WINDOW / 2;
  for (let k = 1; k <= program.blocks.length; k++) {
    const added = sizeOf(program, k);
    if (k > from && size + added > limit) {
      result.push([from, k - 1]);
      [from, size, limit] = [k, 0, WINDOW / 2];
    }
    size += added;
  }
  result.push([from, program.blocks.length]);
  return result;
}

/** Improves each window in turn, from the inputs to the output. */
function swept(
  program: Program,
  kind: Kind,
  start: Point,
  parts: readonly (readonly [from: number, to: number])[],
  gap: number,
  stop: Stop,
): Point {
  const demands = demandsAfter(program, start);
  const lives = liveBefore(program);
  let point = start;
  let reach: Reach | undefined = reachOfInputs();
  for (const [from, to] of parts) {
    const demand = demands[to];
    if (stop() || !reach || !demand) return point;
    const part = windowOf(program, from, to, reach, demand);
    if (!part) return point;
    const inner = { lambda: point.lambda.slice(from - 1, to), rho: point.rho };
    const { best } = solved(part, kind, inner, Math.max(WINDOW_GAP, gap), gap, stop);
    const next = { lambda: withWindow(point.lambda, from, best.lambda, best.rho / point.rho), rho: best.rho };
    point = next;
    for (let k = from; k <= to && reach; k++) {
      const weights = point.lambda[k - 1]!;
      reach = past(program, k, reach, lives[k + 1]!, () => weights)?.reach;
    }
  }
  return point;
}

/** For every k the demand of the blocks after k, at rho = 1. */
function demandsAfter(program: Program, { lambda, rho }: Point): (Demand | undefined)[] {
  const count = program.blocks.length;
  const demands: (Demand | undefined)[] = new Array(count + 1);
  let demand: Demand | undefined = demandOfOutput(program);
  for (let k = count; k >= 1 && demand; k--) {
    demands[k] = demand;
    demand = demandFrom(
      program,
      k,
      lambda[k - 1]!.map((w) => w / rho),
      demand,
    );
  }
  return demands;
}

/**
 * The best bound that can be proven near a point. The largest rho of its multipliers is tried first; since they may lie
 * closer to the boundary of the feasible set than rounding allows, then ever larger mixtures with a point well inside.
 */
function provenBound(program: Program, best: Point, inside: Point): number {
  const n = neuronsOf(program) + program.inputs;
  const own = recursion(program, (k) => best.lambda[k - 1]!);
  if (own) {
    for (let margin = n * 2 ** -44; margin < 2 ** -24; margin *= 16) {
      const rho = own.rho * (1 - margin);
      if (isCertified(program, best.lambda, rho)) return boundOf(program, rho);
    }
  }
  for (let mixture = n * 2 ** -44; mixture < 1; mixture *= 8) {
    const lambda = best.lambda.map((weights, k) =>
      weights.map((w, j) => w + mixture * (inside.lambda[k]![j]! - w)),
    );
    const rho = best.rho + mixture * (inside.rho / 2 - best.rho);
    if (isCertified(program, lambda, rho)) return boundOf(program, rho);
  }
  return Number.POSITIVE_INFINITY;
}

function groupsOf(program: Program, kind: Kind): Groups {
  const count = neuronsOf(program);
  if (kind === 'neuron') {
    return {
      of: Int32Array.from({ length: count }, (_, i) => i),
      weights: new Float64Array(count).fill(1),
      count,
    };
  }
  const weights = program.blocks.flatMap((block) => [...layerWeights(block)]);
  const of = program.blocks.flatMap(({ size }, k) => new Array<number>(size).fill(k));
  return { of: Int32Array.from(of), weights: Float64Array.from(weights), count: program.blocks.length };
}

/** mu with lambda = mu weights. */
function valuesOf(program: Program, groups: Groups, lambda: Multipliers): Float64Array {
  const mu = new Float64Array(groups.count).fill(Number.POSITIVE_INFINITY);
  lambda
    .flatMap((weights) => [...weights])
    .forEach((w, i) => {
      const g = groups.of[i]!;
      mu[g] = Math.min(mu[g]!, w / groups.weights[i]!);
    });
  return program.blocks.length > 0 ? mu : new Float64Array();
}

/** The multipliers in the units of the program, with the rho they allow; undefined where they do not fit. */
function warmStart(program: Program, start: readonly Float64Array[], network: Network): Point | undefined {
  if (start.length !== network.blocks.length) return undefined;
  const lambda = program.blocks.map(({ source, neurons, exponents }) =>
    Float64Array.from(neurons, (j, i) => scaled(start[source - 1]![j] ?? 0, 2 * exponents[i]!)),
  );
  if (!lambda.every((weights) => weights.every((w) => w > 0 && w < Number.POSITIVE_INFINITY)))
    return undefined;
  return recursion(program, (k) => lambda[k - 1]!);
}

function inNetworkUnits(network: Network, program: Program, lambda: Multipliers): Float64Array[] {
  const result = network.blocks.map(({ activations }) => new Float64Array(activations.length));
  program.blocks.forEach(({ source, neurons, exponents }, k) => {
    neurons.forEach((j, i) => {
      result[source - 1]![j] = scaled(lambda[k]![i]!, -2 * exponents[i]!);
    });
  });
  return result;
}
