// Upper bounds on the norms of all Jacobians of a network that a partly decided pattern leaves possible.
import { GLOBAL, type Norm } from '../../guarantee/index.ts';
import { addUp, multiplyUp } from '../../numeric/index.ts';
import type { Stop } from '../../stop.ts';
import { absoluteSums, summedIn } from '../local/jacobian.ts';
import type { AffineForm } from '../network/network.ts';
import { operatorNormUpper } from '../norms.ts';
import { lipsdp } from '../semidefinite/lipsdp.ts';
import { type Arrangement, OPEN, type Stage } from './cells.ts';
import { applied, type Enclosed, enclosed, hullRow, scaleRow } from './enclosed.ts';
import { normUpper } from './norm-bounds.ts';

/** A region: the blocks before the stage's are decided, and those neurons of the stage whose choice is not OPEN. */
export interface Pattern {
  readonly stage: Stage;
  /** The pieces on which each neuron of the block can be. */
  readonly possible: readonly (readonly number[])[];
  readonly choice: Int8Array;
}

/** At least ||J|| for every J on a region. Upper bound. */
export type NodeBound = (pattern: Pattern) => number;

type Slopes = readonly [low: number, high: number];

/** The least of interval arithmetic on the Jacobian, and of the decided part's norm times the norms of what follows. */
export function nodeBound(cells: Arrangement, norm: Norm): NodeBound {
  const norms = normsOfTerms(cells, norm);
  return (pattern) => {
    const slopes = slopesOf(cells, pattern);
    return Math.min(ofHull(cells, pattern, slopes, norm), ofNorms(cells, pattern, slopes, norms, norm));
  };
}

/** A sharper bound, and what helps to find that of a smaller region. */
export interface SharpBound {
  readonly value: number;
  readonly multipliers: readonly Float64Array[];
}

/** Steps of the interior point method on the whole domain, and on a part of a region whose multipliers are known. */
const FIRST_STEPS = 60;
const STEPS = 10;

/**
 * Sharper, and up to a hundred times as costly: in l2 LipSDP-Neuron, in l1 and linf backward linear bounds on the columns
 * or rows of the Jacobian, each on the whole network with the slopes that the pattern leaves.
 *
 * @param stop asked after every step; what is reached by then is a bound too.
 * @param known those of a larger region.
 */
export function sharpNodeBound(
  cells: Arrangement,
  norm: Norm,
  stop: Stop,
): (pattern: Pattern, known: readonly Float64Array[] | undefined) => SharpBound {
  const { network } = cells;
  return (pattern, known) => {
    const decided = pattern.stage.choices.map((choice, k) =>
      Array.from(choice, (p, i) => {
        const { slope } = cells.pieces[k]![i]![p]!;
        return [slope, slope] as const;
      }),
    );
    const slopes = [...decided, ...slopesOf(cells, pattern)];
    if (norm === 'l2') {
      if (!hasNeurons(cells, slopes)) return { value: Number.POSITIVE_INFINITY, multipliers: [] };
      let steps = known?.length ? STEPS : FIRST_STEPS;
      return lipsdp(network, 'neuron', () => --steps < 0 || stop(), { slopes, domain: GLOBAL }, known);
    }
    const derivatives = summedIn(norm, network, slopes);
    const unknown = new Float64Array(derivatives.sources).fill(Number.POSITIVE_INFINITY);
    return { value: Math.max(...absoluteSums(derivatives, unknown, stop)), multipliers: [] };
  };
}

/** Whether each block passes something on, and some neuron is still to be decided: else there is nothing to optimise. */
function hasNeurons({ network }: Arrangement, slopes: readonly (readonly Slopes[])[]): boolean {
  const alive = [new Array<boolean>(network.features).fill(true)];
  network.blocks.forEach(({ preactivation }, k) => {
    alive.push(
      slopes[k]!.map(
        (ends, i) =>
          largest(ends) > 0 &&
          [...preactivation.terms].some(([j, w]) =>
            alive[j]!.some((on, c) => on && w.data[i * w.columns + c] !== 0),
          ),
      ),
    );
  });
  return alive.every((block) => block.includes(true)) && slopes.flat().some(([low, high]) => low < high);
}

/** The slopes that a pattern leaves to the neurons of its block and of those after it. */
export function slopesOf(
  cells: Arrangement,
  { stage, possible, choice }: Pattern,
): readonly (readonly Slopes[])[] {
  return cells.pieces.slice(stage.block - 1).map((block, later) =>
    block.map((pieces, i) => {
      const all = later === 0 ? possible[i]! : cells.possible[stage.block - 1 + later]![i]!;
      const open = later === 0 && choice[i] !== OPEN ? [choice[i]!] : all;
      const slopes = open.map((p) => pieces[p]!.slope);
      return [Math.min(...slopes), Math.max(...slopes)] as const;
    }),
  );
}

/** Interval arithmetic on the Jacobian, block after block. */
function ofHull(
  { network, start }: Arrangement,
  { stage }: Pattern,
  slopes: readonly (readonly Slopes[])[],
  norm: Norm,
): number {
  const inputs = [...stage.inputs, activatedHull(stage.forms, slopes[0]!)];
  for (let k = stage.block + 1; k <= network.blocks.length; k++) {
    const z = applied(network.blocks[k - 1]!.preactivation, inputs, start.columns);
    inputs.push(activatedHull(z, slopes[k - stage.block]!));
  }
  return normUpper(applied(network.output, inputs, start.columns), norm);
}

function activatedHull(z: Enclosed, slopes: readonly Slopes[]): Enclosed {
  const x = enclosed(z.rows, z.columns);
  slopes.forEach(([low, high], i) => {
    if (low === high) scaleRow(z, i, low, 0, 0, x);
    else hullRow(z, i, low, high, x);
  });
  return x;
}

/** ||x_k|| <= max |slope| sum_j ||W_kj|| ||x_j||, from the Jacobian of the region's block on. */
function ofNorms(
  { network }: Arrangement,
  { stage }: Pattern,
  slopes: readonly (readonly Slopes[])[],
  norms: readonly (ReadonlyMap<number, number> | undefined)[],
  norm: Norm,
): number {
  const steepest = enclosed(stage.forms.rows, stage.forms.columns);
  // A diagonal of numbers of at most these sizes is these sizes times a contraction, in all three norms.
  slopes[0]!.forEach((ends, i) => {
    scaleRow(stage.forms, i, largest(ends), 0, 0, steepest);
  });
  const lengths: number[] = [];
  lengths[stage.block] = normUpper(steepest, norm);
  const last = network.blocks.length + 1;
  for (let k = stage.block + 1; k <= last; k++) {
    const terms = norms[k - 1];
    if (!terms) return Number.POSITIVE_INFINITY;
    let sum = 0;
    for (const [j, size] of terms)
      sum = addUp(sum, multiplyUp(size, (lengths[j] ??= normUpper(stage.inputs[j]!, norm))));
    lengths[k] = k === last ? sum : multiplyUp(Math.max(...slopes[k - stage.block]!.map(largest)), sum);
  }
  return lengths[last]!;
}

const largest = ([low, high]: Slopes): number => Math.max(Math.abs(low), Math.abs(high));

/** ||W_kj|| of blocks and output; undefined where the coefficients are not known exactly. */
function normsOfTerms(
  { network }: Arrangement,
  norm: Norm,
): readonly (ReadonlyMap<number, number> | undefined)[] {
  return formsOf(network).map(({ terms, coefficientError }) =>
    coefficientError > 0
      ? undefined
      : new Map([...terms].map(([j, w]) => [j, operatorNormUpper(w, norm)] as const)),
  );
}

const formsOf = ({ blocks, output }: Arrangement['network']): readonly AffineForm[] => [
  ...blocks.map((block) => block.preactivation),
  output,
];

/** How much a neuron of the block can change the outputs, for the order of branching. Estimate. */
export type Influence = (pattern: Pattern, i: number) => number;

/** |slopes apart| |gradient of the preactivation| times a bound on what one unit of the neuron does to the outputs. */
export function influence(cells: Arrangement): Influence {
  const { network, pieces } = cells;
  const forms = formsOf(network);
  const reach = [network.features, ...network.blocks.map(({ activations }) => activations.length)].map(
    (size) => new Float64Array(size),
  );
  for (let k = forms.length; k >= 1; k--) {
    for (const [j, { data, columns }] of forms[k - 1]!.terms) {
      data.forEach((w, p) => {
        const row = Math.floor(p / columns);
        const passed = k === forms.length ? 1 : reach[k]![row]! * steepestOf(pieces[k - 1]![row]!);
        reach[j]![p % columns]! += Math.abs(w) * passed;
      });
    }
  }
  return ({ stage, possible }, i) => {
    const { centre, columns } = stage.forms;
    const slopes = possible[i]!.map((p) => pieces[stage.block - 1]![i]![p]!.slope);
    let squares = 0;
    for (let c = 0; c < columns - 1; c++) squares += centre[i * columns + c]! ** 2;
    return reach[stage.block]![i]! * (Math.max(...slopes) - Math.min(...slopes)) * Math.sqrt(squares);
  };
}

const steepestOf = (pieces: readonly { readonly slope: number }[]): number =>
  Math.max(...pieces.map(({ slope }) => Math.abs(slope)));
