// Exact Lipschitz constants of small piecewise linear networks: best-first branch and bound over activation patterns,
// whose cells are decided by linear programs and proofs (Jordan and Dimakis 2020; Bhowmick, D'Souza and Raghavan 2021).
import type { CertifiedUpperBound, Domain, Exact, Norm, WitnessedLowerBound } from '../../guarantee/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import type { Network } from '../network/network.ts';
import {
  type Arrangement,
  arrangement,
  firstStage,
  inputOf,
  isLast,
  nextStage,
  OPEN,
  pieceAt,
  possiblePieces,
  type Stage,
} from './cells.ts';
import { dyadics } from './dyadic.ts';
import { type HalfSpace, halfSpace } from './half-space.ts';
import { cellAt, steepestPair } from './leaf.ts';
import { influence, nodeBound, type Pattern, sharpNodeBound } from './node-bound.ts';
import { normUpper } from './norm-bounds.ts';
import { queue } from './queue.ts';
import { type Decider, decider } from './region.ts';
import { randomPoints, scaleOf, startOf, stepsFrom } from './starts.ts';

/** Both ends of the Lipschitz constant; `upper` is exact once they meet. */
export interface ExactLipschitz {
  readonly lower: WitnessedLowerBound;
  readonly upper: CertifiedUpperBound | Exact;
  readonly effort: Effort;
}

/** What a search has done so far. */
export interface Effort {
  /** Regions split. */
  readonly nodes: number;
  /** Full cells reached. */
  readonly cells: number;
  /** Polyhedra decided. */
  readonly polyhedra: number;
  /** Regions that wait. */
  readonly open: number;
}

export interface Progress extends Effort {
  readonly lower: number;
  readonly upper: number;
}

/** The ends meet when they are this close, relative to the upper one. */
const CLOSED = 1e-9;
/** Regions whose bound exceeds the witness by no more are not split. */
const NEAR = 1e-10;
const METHOD = 'branch and bound over activation patterns';

/** A list that shares its tail. */
type List<T> = { readonly head: T; readonly tail: List<T> } | undefined;

/** The part of the domain where a pattern holds. */
interface Region extends Pattern {
  readonly spaces: List<HalfSpace>;
  /** Some point of its interior. */
  readonly point: Float64Array | undefined;
  readonly bound: number;
  /** Whether the sharper bound has been taken; and what the last one left. */
  readonly sharp: boolean;
  readonly multipliers: readonly Float64Array[] | undefined;
}

/**
 * The Lipschitz constant of a network of piecewise linear activations on R^d or on a box, in l1, l2 or linf, from both
 * sides: sup ||f(a) - f(b)|| / ||a - b|| is the largest norm of the Jacobians on full-dimensional cells. Coordinates in
 * which the box has no width are constants: only pairs inside the box count.
 *
 * Anytime: regions of inputs with a partly decided activation pattern are split, the one with the largest bound first,
 * until the ends are within 1e-9 of each other (then `upper` is exact, with both ends as enclosure) or `stop` says so. A
 * region is left out only with a proof that it has no interior, so the upper end holds always; every cell met raises the
 * lower end, whose witness is a pair of points within one cell. The value of the lower end is that of the pair in real
 * arithmetic, rounding subtracted.
 *
 * Cost: a linear program (0.3 ms) for each region and neuron that may cut it, a sharper bound (0.5 ms; in l2 5 ms at 32
 * neurons) for each region. N neurons cut d inputs into about N^d cells, of which the bounds leave a part: with Gaussian
 * weights the global constant takes below 1 s for 4-6-6-3 and for 16-16-2, seconds for 2-24-24-1 and 4-12-12-1, 3 to 30 s
 * for 4-16-16-1 and 3-24-24-2, a minute or more for 6-16-16-1. Where no weight is negative it is found at once. Past that an
 * interval remains.
 *
 * @param onProgress called after each split.
 * @throws unsupported-op when an activation is not piecewise linear; invalid-argument for weights that are not finite and
 *   domains that are neither global nor boxes; shape-mismatch when the box has another dimension.
 */
export async function exactLipschitz(
  network: Network,
  norm: Norm,
  domain: Domain,
  rng: Rng,
  stop: Stop,
  onProgress: (progress: Progress) => void = () => {},
): Promise<ExactLipschitz> {
  const cells = arrangement(network, domain);
  if (cells.free.length === 0) return ofPoint(cells, norm, domain);
  const scale = scaleOf(cells);
  const polyhedra = await decider(cells, scale);
  try {
    return search(cells, norm, domain, scale, polyhedra, rng, stop, onProgress);
  } finally {
    polyhedra.dispose();
  }
}

function search(
  cells: Arrangement,
  norm: Norm,
  domain: Domain,
  scale: number,
  { decide }: Decider,
  rng: Rng,
  stop: Stop,
  onProgress: (progress: Progress) => void,
): ExactLipschitz {
  const boundOf = nodeBound(cells, norm);
  const sharpBoundOf = sharpNodeBound(cells, norm, stop);
  const influenceOf = influence(cells);
  const counts = { nodes: 0, cells: 0, polyhedra: 0 };
  const waiting = queue<Region>(({ bound }) => bound);
  // The largest bound of what is not split any more.
  let settled = 0;

  const [point, ...others] = randomPoints(cells, scale, rng);
  let lower = { a: startOf(cells), b: point!, value: 0 };
  const witness = (point: Float64Array) => {
    const cell = cellAt(cells, point);
    if (!cell) return;
    counts.cells++;
    if (normUpper(cell.jacobian, norm) <= lower.value) return;
    const pair = steepestPair(cells, cell, point, norm, scale);
    if (pair && pair.value > lower.value) lower = pair;
  };
  const settles = (bound: number) => {
    if (!(bound <= lower.value * (1 + NEAR))) return false;
    settled = Math.max(settled, bound);
    return true;
  };

  /** The region on piece p of neuron i; undefined when it is empty. */
  const part = (region: Region, i: number, p: number, at: number | undefined): Region | undefined => {
    const choice = region.choice.slice();
    choice[i] = p;
    const { from, to } = cells.pieces[region.stage.block - 1]![i]![p]!;
    let { spaces } = region;
    if (Number.isFinite(from)) spaces = { head: halfSpace(region.stage, i, -1, from), tail: spaces };
    if (Number.isFinite(to)) spaces = { head: halfSpace(region.stage, i, 1, to), tail: spaces };
    if (at === p) return { ...region, choice, spaces };
    counts.polyhedra++;
    const verdict = decide([...items(spaces)]);
    if (verdict.kind === 'empty') return undefined;
    const point = verdict.kind === 'interior' ? verdict.point : undefined;
    if (point) witness(point);
    return { ...region, choice, spaces, point };
  };

  const split = (start: Region): void => {
    let region = start;
    for (;;) {
      const i = mostInfluential(region, influenceOf);
      if (i === undefined) {
        const stage = nextStage(cells, region.stage, region.choice);
        if (isLast(cells, stage)) {
          if (region.point) witness(region.point);
          settled = Math.max(settled, Math.min(region.bound, normUpper(stage.forms, norm)));
          return;
        }
        const pattern = fresh(cells, stage);
        region = { ...region, ...pattern, bound: Math.min(region.bound, boundOf(pattern)), sharp: false };
        if (settles(region.bound)) return;
        if (region.bound < (waiting.top()?.bound ?? 0)) {
          waiting.push(region);
          return;
        }
        continue;
      }
      const { point, stage } = region;
      const at = point && pieceAt(cells, stage, i, point, dyadics(point));
      const parts = region.possible[i]!.flatMap((p) => part(region, i, p, at) ?? []);
      if (parts.length === 0) return;
      if (parts.length === 1) {
        // The other sides are empty, so the region lies on this one: no half-space is needed to say so.
        region = { ...parts[0]!, spaces: region.spaces };
        continue;
      }
      for (const child of parts) {
        const bound = Math.min(region.bound, boundOf(child));
        if (!settles(bound)) waiting.push({ ...child, bound, sharp: false });
      }
      return;
    }
  };

  const first = firstStage(cells);
  if (isLast(cells, first)) settled = normUpper(first.forms, norm);
  else {
    const pattern = fresh(cells, first);
    waiting.push({
      ...pattern,
      spaces: undefined,
      point,
      bound: boundOf(pattern),
      sharp: false,
      multipliers: undefined,
    });
  }
  witness(point!);
  for (const other of others) {
    if (stop()) break;
    witness(other);
  }
  for (const step of stepsFrom(cells, scale, rng.split('steps'))) {
    if (stop()) break;
    witness(step(lower));
  }
  const upper = () => Math.max(settled, waiting.top()?.bound ?? 0, lower.value);
  while (waiting.size() > 0 && !stop()) {
    const region = waiting.pop()!;
    // All that wait are lower still.
    if (settles(region.bound)) break;
    if (!region.sharp) {
      const { value, multipliers } = sharpBoundOf(region, region.multipliers);
      const bound = value < region.bound ? value : region.bound;
      if (!settles(bound)) waiting.push({ ...region, bound, sharp: true, multipliers });
      continue;
    }
    split(region);
    counts.nodes++;
    onProgress({ lower: lower.value, upper: upper(), ...counts, open: waiting.size() });
  }
  return report(cells, norm, domain, lower, upper(), { ...counts, open: waiting.size() });
}

function report(
  cells: Arrangement,
  norm: Norm,
  domain: Domain,
  { a, b, value }: { readonly a: Float64Array; readonly b: Float64Array; readonly value: number },
  top: number,
  effort: Effort,
): ExactLipschitz {
  const claim = { norm, domain, method: METHOD, arithmetic: 'float64' } as const;
  const witness = { kind: 'pair', a: inputOf(cells, a), b: inputOf(cells, b) } as const;
  return {
    lower: { ...claim, kind: 'lower', value, witness },
    upper:
      Number.isFinite(top) && top - value <= CLOSED * top
        ? { ...claim, kind: 'exact', value: value + (top - value) / 2, enclosure: [value, top] }
        : { ...claim, kind: 'upper', value: top },
    effort,
  };
}

/** A domain of one point has no pairs. */
function ofPoint(cells: Arrangement, norm: Norm, domain: Domain): ExactLipschitz {
  const nothing = { a: new Float64Array(0), b: new Float64Array(0), value: 0 };
  return report(cells, norm, domain, nothing, 0, { nodes: 0, cells: 0, polyhedra: 0, open: 0 });
}

/** A stage of which nothing is decided but what has no choice. */
function fresh(cells: Arrangement, stage: Stage): Pattern {
  const possible = Array.from({ length: stage.forms.rows }, (_, i) => possiblePieces(cells, stage, i));
  return { stage, possible, choice: Int8Array.from(possible, (p) => (p.length === 1 ? p[0]! : OPEN)) };
}

function mostInfluential(
  pattern: Pattern,
  influenceOf: (pattern: Pattern, i: number) => number,
): number | undefined {
  let [best, most] = [-1, -1];
  pattern.choice.forEach((choice, i) => {
    if (choice !== OPEN) return;
    const value = influenceOf(pattern, i);
    if (!(value <= most)) [best, most] = [i, value];
  });
  return best < 0 ? undefined : best;
}

function* items<T>(list: List<T>): Generator<T> {
  for (let at = list; at; at = at.tail) yield at.head;
}
