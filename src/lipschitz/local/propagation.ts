// Ranges of everything a network computes on a region: interval arithmetic, tightened by backward linear bounds.
import type { Matrix } from '../../linalg/index.ts';
import { addUp, gamma, nextDown, nextUp, SMALLEST_SUBNORMAL } from '../../numeric/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import type { AffineForm } from '../network/network.ts';
import { type RelaxedBlock, slackOf, upperBounds } from './backward.ts';
import { type Entries, entriesOf, mostlyZero } from './entries.ts';
import { type Extent, extentOf } from './extent.ts';
import type { Region } from './region.ts';
import type { Unit } from './unit.ts';

/** A network whose blocks are known by their units. */
export interface UnitNetwork {
  readonly blocks: readonly { readonly preactivation: AffineForm; readonly units: readonly Unit[] }[];
  readonly output: AffineForm;
}

/** Lower and upper ends, one of each for every row. */
export interface Ends {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Blocks relaxed on their ranges. */
export interface Propagated {
  readonly region: Region;
  /** Of the pre-activation of each block. */
  readonly preactivations: readonly Ends[];
  readonly relaxed: readonly RelaxedBlock[];
  /** The same blocks with flat lines; those of `relaxed` where all of them agree. */
  readonly flat: readonly RelaxedBlock[];
  /** Of x_0, x_1, ... */
  readonly extents: readonly Extent[];
}

/** How ranges are found: by interval arithmetic alone, or by backward linear bounds as well. */
export type Method = 'interval' | 'linear';

/**
 * Ranges of all pre-activations on the region, block after block. `within` holds ranges already known, by block; the
 * result is undefined when they leave no point, which proves that there is none. Interval arithmetic alone after `stop`.
 */
export function propagate(
  blocks: UnitNetwork['blocks'],
  region: Region,
  method: Method,
  within: readonly Ends[] = [],
  stop: Stop = whenDone,
): Propagated | undefined {
  const preactivations: Ends[] = [];
  const relaxed: RelaxedBlock[] = [];
  const flat: RelaxedBlock[] = [];
  const extents = [region.box];
  for (const [k, { preactivation, units }] of blocks.entries()) {
    const { ends, magnitude } = intervalsOf(preactivation, extents);
    if (!intersect(ends, within[k])) return undefined;
    if (method === 'linear' && !stop() && !separable(preactivation, relaxed, region)) {
      const open = [...units.keys()].filter((i) => !units[i]!.settled(ends.lower[i]!, ends.upper[i]!));
      const before = { region, preactivations, relaxed, flat, extents };
      tighten(ends, preactivation, open, relaxed, before);
      // Flat lines often win, but where the others decided a neuron already, its lines stay as they are.
      const undecided = open.filter((i) => !units[i]!.settled(ends.lower[i]!, ends.upper[i]!));
      if (!sameLines(before) && !stop()) tighten(ends, preactivation, undecided, flat, before);
      if (!intersect(ends, within[k])) return undefined;
    }
    preactivations.push(ends);
    const block = {
      preactivation,
      magnitude,
      ...linesOf(
        units.map(({ lines }) => lines),
        ends,
      ),
    };
    relaxed.push(block);
    const flatLines = units.map((unit) => unit.flatLines ?? unit.lines);
    const alternative = method === 'linear' && flatLines.some((lines, i) => lines !== units[i]!.lines);
    flat.push(alternative ? differing(block, linesOf(flatLines, ends)) : block);
    extents.push(valuesOf(units, ends));
  }
  return { region, preactivations, relaxed, flat, extents };
}

/** Ranges of the rows of a form after all blocks. */
export function rangesOf(form: AffineForm, propagated: Propagated, method: Method): Ends {
  const { ends } = intervalsOf(form, propagated.extents);
  if (method === 'linear') {
    const rows = [...ends.lower.keys()];
    tighten(ends, form, rows, propagated.relaxed, propagated);
    if (!sameLines(propagated)) tighten(ends, form, rows, propagated.flat, propagated);
  }
  return ends;
}

/** Upper ends of the rows of a form after all blocks. */
export function upperEndsOf(form: AffineForm, propagated: Propagated): Float64Array {
  const { relaxed, flat, extents, region } = propagated;
  const bounds = upperBounds(form, relaxed, extents, region.ball);
  if (sameLines(propagated)) return bounds;
  const others = upperBounds(form, flat, extents, region.ball);
  return bounds.map((bound, i) => Math.min(bound, others[i]!));
}

const sameLines = ({ flat, relaxed }: Propagated): boolean => flat.every((block, k) => block === relaxed[k]);

/** Narrows the ends of some rows by linear bounds through `lines`, the relaxed blocks or the flat ones. */
function tighten(
  ends: Ends,
  form: AffineForm,
  rows: readonly number[],
  lines: readonly RelaxedBlock[],
  { extents, region }: Propagated,
): void {
  if (rows.length === 0) return;
  const both = rows.flatMap((row) => [{ row, sign: 1 } as const, { row, sign: -1 } as const]);
  const bounds = upperBounds(form, lines, extents, region.ball, both);
  rows.forEach((r, at) => {
    ends.upper[r] = Math.min(ends.upper[r]!, bounds[2 * at]!);
    ends.lower[r] = Math.max(ends.lower[r]!, -bounds[2 * at + 1]!);
  });
}

/** True when interval arithmetic is exact: the entries that the form sums range over a box. */
function separable(form: AffineForm, relaxed: readonly RelaxedBlock[], region: Region): boolean {
  return [...form.terms.keys()].every((k) =>
    k === 0 ? region.ball === undefined : relaxed[k - 1]!.preactivation.terms.size === 0,
  );
}

/** Narrows the ends; false when nothing is left between them. */
function intersect(ends: Ends, within: Ends | undefined): boolean {
  if (!within) return true;
  let any = true;
  for (let i = 0; i < ends.lower.length; i++) {
    ends.lower[i] = Math.max(ends.lower[i]!, within.lower[i]!);
    ends.upper[i] = Math.min(ends.upper[i]!, within.upper[i]!);
    if (ends.lower[i]! > ends.upper[i]!) any = false;
  }
  return any;
}

/** Interval arithmetic, and the sums of absolute values that rounding is measured by. */
function intervalsOf(form: AffineForm, extents: readonly Extent[]): { ends: Ends; magnitude: Float64Array } {
  const terms = [...form.terms].map(([k, w]) => [k, w, mostlyZero([w]) ? entriesOf(w) : undefined] as const);
  const summands = terms.reduce((sum, [, { columns }]) => sum + columns, 1);
  const relative = gamma(2 * summands + 8);
  // Products that underflow lose at most half of the smallest number each.
  const underflow = terms.length === 0 ? 0 : SMALLEST_SUBNORMAL * 2 * summands;
  const slack = addUp(slackOf(form, extents), underflow);
  const lower = new Float64Array(form.rows);
  const upper = new Float64Array(form.rows);
  const magnitude = new Float64Array(form.rows);
  for (let r = 0; r < form.rows; r++) {
    let centre = form.bias[r]!;
    let spread = 0;
    let size = Math.abs(centre);
    for (const [k, w, entries] of terms) {
      const sums = entries ? sparseRowSums(entries, r, extents[k]!) : rowSums(w, r, extents[k]!);
      centre += sums.centre;
      spread += sums.spread;
      size += sums.size;
    }
    const ofSums = terms.length === 0 ? 0 : nextUp(spread + 2 * relative * size);
    const around = ofSums === 0 && form.biasError === 0 ? 0 : addUp(ofSums, slack);
    // NaN stands for sums of opposite infinities.
    lower[r] = Number.isFinite(centre) ? (around === 0 ? centre : nextDown(centre - around)) : -Infinity;
    upper[r] = Number.isFinite(centre) ? (around === 0 ? centre : nextUp(centre + around)) : Infinity;
    magnitude[r] = nextUp(nextUp(size * (1 + 2 * relative)) + slack);
  }
  return { ends: { lower, upper }, magnitude };
}

function rowSums(w: Matrix, r: number, { centre, spread, reach }: Extent) {
  const { columns: n, data } = w;
  const sums = { centre: 0, spread: 0, size: 0 };
  for (let i = 0; i < n; i++) {
    const c = data[r * n + i]!;
    if (c === 0) continue;
    const absolute = Math.abs(c);
    sums.centre += c * centre[i]!;
    sums.spread += absolute * spread[i]!;
    sums.size += absolute * reach[i]!;
  }
  return sums;
}

/** The same sums in the same order: entries that are zero were passed over there. */
function sparseRowSums({ start, column, value }: Entries, r: number, { centre, spread, reach }: Extent) {
  const sums = { centre: 0, spread: 0, size: 0 };
  for (let p = start[r]!; p < start[r + 1]!; p++) {
    const c = value[p]!;
    const i = column[p]!;
    const absolute = Math.abs(c);
    sums.centre += c * centre[i]!;
    sums.spread += absolute * spread[i]!;
    sums.size += absolute * reach[i]!;
  }
  return sums;
}

type LineArrays = Omit<RelaxedBlock, 'preactivation' | 'magnitude'>;

function linesOf(lines: readonly Unit['lines'][], { lower, upper }: Ends): LineArrays {
  const all = lines.map((of, i) => of(lower[i]!, upper[i]!));
  return {
    lowerSlope: Float64Array.from(all, ({ lowerSlope }) => lowerSlope),
    lowerIntercept: Float64Array.from(all, ({ lowerIntercept }) => lowerIntercept),
    upperSlope: Float64Array.from(all, ({ upperSlope }) => upperSlope),
    upperIntercept: Float64Array.from(all, ({ upperIntercept }) => upperIntercept),
  };
}

/** The block with other lines; the block itself where they are the same. */
function differing(block: RelaxedBlock, { lowerSlope, upperSlope, ...intercepts }: LineArrays): RelaxedBlock {
  const same =
    lowerSlope.every((s, i) => s === block.lowerSlope[i]) &&
    upperSlope.every((s, i) => s === block.upperSlope[i]);
  return same ? block : { ...block, ...intercepts, lowerSlope, upperSlope };
}

function valuesOf(units: readonly Unit[], { lower, upper }: Ends): Extent {
  const ranges = units.map((unit, i) => unit.range(lower[i]!, upper[i]!));
  return extentOf(
    Float64Array.from(ranges, ([low]) => low),
    Float64Array.from(ranges, ([, high]) => high),
  );
}
