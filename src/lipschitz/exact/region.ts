// Polyhedra cut from a box (or all of R^d) by half-spaces: an interior point, or a proof that there is none. Linear
// programs in float64 advise; points and proofs are checked without trust in them.
import type { Arrangement } from './cells.ts';
import { conflictOfSimplex, conflictOnBox } from './conflict.ts';
import { dyadics, shift } from './dyadic.ts';
import { type IntegerRow, provesEmpty, strictlyFeasible } from './gordan.ts';
import { contains, type HalfSpace } from './half-space.ts';
import { type Adviser, adviser, type UnitRow } from './linear-program.ts';

/** `unknown`: neither a point of float64 inside nor a proof was found. */
export type Verdict =
  | { readonly kind: 'empty' }
  | { readonly kind: 'interior'; readonly point: Float64Array }
  | { readonly kind: 'unknown' };

/** Decides polyhedra on one domain. */
export interface Decider {
  readonly decide: (spaces: readonly HalfSpace[]) => Verdict;
  readonly dispose: () => void;
}

/** Coordinates in which the domain is about [-1, 1]^d: x = origin + unit x', units powers of two. */
interface Frame {
  readonly origin: Float64Array;
  readonly unitExponents: readonly number[];
}

/** Past this depth, in units of the frame, a point of the solver is deep enough to be tried before a proof. */
const DEEP = 1e-8;
/** Exact pivots at most, and products of integers at most (about 10 seconds). */
const PIVOTS = 400;
const WORK = 5e7;

/**
 * Whether parts of the domain have an interior.
 *
 * @param scale the length over which the network bends, for coordinates in which the domain is infinite.
 */
export async function decider(cells: Arrangement, scale: number): Promise<Decider> {
  const { lower, upper } = cells;
  const frame = frameOf(cells, scale);
  const inFrame = (x: Float64Array) =>
    x.map((v, c) => (v - frame.origin[c]!) * 2 ** -frame.unitExponents[c]!);
  const advisor = await adviser(inFrame(lower), inFrame(upper));
  const bounded = [...lower, ...upper].every(Number.isFinite);
  return {
    decide: (spaces) => decide(cells, frame, advisor, bounded, spaces),
    dispose: advisor.dispose,
  };
}

function decide(
  cells: Arrangement,
  frame: Frame,
  advisor: Adviser,
  bounded: boolean,
  spaces: readonly HalfSpace[],
): Verdict {
  const units = spaces.map((space) => unitRow(space, frame));
  const usable = units.every(({ row }) => Number.isFinite(row.b) && row.a.every(Number.isFinite));
  const advice = usable ? advisor.deepest(units.map(({ row }) => row)) : undefined;
  const verified = (inner: Float64Array): Verdict | undefined => {
    const point = inward(cells, frame, inDomain(cells, frame, inner), spaces);
    return point && { kind: 'interior', point };
  };
  if (advice && advice.depth > DEEP) {
    const inside = verified(advice.point);
    if (inside) return inside;
  }
  const multipliers = advice?.multipliers.map((y, j) => y / units[j]!.length);
  if (multipliers && bounded && conflictOnBox(cells, spaces, multipliers)) return { kind: 'empty' };
  if (advice && advice.depth > 0 && advice.depth <= DEEP) {
    const inside = verified(advice.point);
    if (inside) return inside;
  }
  const support = advice && supportOf(spaces, advice.multipliers);
  if (support && !bounded && conflictOfSimplex(support)) return { kind: 'empty' };
  return decideExactly(cells, frame, spaces, support);
}

/** Those that the solver found to conflict. */
function supportOf(spaces: readonly HalfSpace[], multipliers: Float64Array): readonly HalfSpace[] {
  const most = multipliers.reduce((a, b) => Math.max(a, b), 0);
  return spaces.filter((_, j) => multipliers[j]! > 1e-9 * most);
}

/** Gordan's alternative: first on the rows that the solver found to conflict, then on all of them. */
function decideExactly(
  cells: Arrangement,
  frame: Frame,
  spaces: readonly HalfSpace[],
  support: readonly HalfSpace[] | undefined,
): Verdict {
  const unknown: Verdict = { kind: 'unknown' };
  const { unitExponents } = frame;
  const d = unitExponents.length;
  const exactRows = (chosen: readonly HalfSpace[]): IntegerRow[] | undefined => {
    const lowest = Math.min(0, ...unitExponents);
    const rows: IntegerRow[] = [];
    for (const space of chosen) {
      const row = space.exact();
      if (!row) return undefined;
      rows.push({ a: row.a.map((v, c) => shift(v, unitExponents[c]!, lowest)), b: shift(row.b, 0, lowest) });
    }
    return [...rows, ...boxRows(cells, unitExponents)];
  };
  const feasible = (chosen: readonly HalfSpace[]) => {
    const m = chosen.length + 2 * d;
    if ((d + 2) ** 2 * (m + d + 2) > WORK / 50) return undefined;
    const rows = exactRows(chosen);
    const found = rows && strictlyFeasible(rows, PIVOTS);
    return found?.kind === 'empty' && !provesEmpty(rows!, found.multipliers) ? undefined : found;
  };
  if (support && support.length < spaces.length && feasible(support)?.kind === 'empty') {
    return { kind: 'empty' };
  }
  const found = feasible(spaces);
  if (!found) return unknown;
  if (found.kind === 'empty') return found;
  const x = found.point.map((v, c) => v * 2 ** unitExponents[c]!);
  const point = inward(cells, frame, clamped(cells, x), spaces);
  return point ? { kind: 'interior', point } : unknown;
}

/** Steps from the boundary of the domain to its middle. */
const STEPS = [2 ** -6, 2 ** -14, 2 ** -26, 2 ** -44, 0];

/**
 * x, or if it lies on the boundary of the domain a point next to it that does not, as long as it is in all half-spaces:
 * only those are in the interior of every neuron's side that was left out as implied. Certain where not undefined.
 */
function inward(
  { lower, upper }: Arrangement,
  { origin }: Frame,
  x: Float64Array,
  spaces: readonly HalfSpace[],
): Float64Array | undefined {
  if (!x.every(Number.isFinite)) return undefined;
  const outermost = x.map((v, c) => (v === lower[c] || v === upper[c] ? 1 : 0));
  const steps = outermost.includes(1) ? STEPS : [0];
  for (const step of steps) {
    const point = x.map((v, c) => (outermost[c] ? v + step * (origin[c]! - v) : v));
    const exactPoint = dyadics(point);
    if (spaces.every((space) => contains(space, point, exactPoint))) return point;
  }
  return undefined;
}

/** The point of the domain at coordinates of the frame. */
function inDomain(cells: Arrangement, { origin, unitExponents }: Frame, inner: Float64Array): Float64Array {
  return clamped(
    cells,
    inner.map((v, c) => origin[c]! + v * 2 ** unitExponents[c]!),
  );
}

function clamped({ lower, upper }: Arrangement, x: Float64Array): Float64Array {
  return x.map((v, c) => Math.min(Math.max(v, lower[c]!), upper[c]!));
}

/** The finite sides of the domain, over x / unit. */
function boxRows({ lower, upper }: Arrangement, unitExponents: readonly number[]): IntegerRow[] {
  const side = (c: number, sign: 1n | -1n, end: number): IntegerRow[] => {
    if (!Number.isFinite(end)) return [];
    const { values, exponent } = dyadics([end]);
    const low = Math.min(0, exponent - unitExponents[c]!);
    const a = new Array<bigint>(lower.length).fill(0n);
    a[c] = sign * shift(1n, 0, low);
    return [{ a, b: sign * shift(values[0]!, exponent - unitExponents[c]!, low) }];
  };
  return Array.from(lower, (_, c) => [...side(c, 1n, upper[c]!), ...side(c, -1n, lower[c]!)]).flat();
}

/** The half-space over x' with |a'| = 1, and |a| in units of x'. */
function unitRow(
  { a, b }: HalfSpace,
  { origin, unitExponents }: Frame,
): { readonly row: UnitRow; readonly length: number } {
  const scaled = a.map((v, c) => v * 2 ** unitExponents[c]!);
  const length = Math.hypot(...scaled);
  const shifted = a.reduce((rest, v, c) => rest - v * origin[c]!, b);
  return { row: { a: scaled.map((v) => v / length), b: shifted / length }, length };
}

function frameOf({ lower, upper }: Arrangement, scale: number): Frame {
  const finite = lower.map((l, c) => (Number.isFinite(l) && Number.isFinite(upper[c]!) ? 1 : 0));
  return {
    origin: lower.map((l, c) => (finite[c] ? l / 2 + upper[c]! / 2 : 0)),
    unitExponents: Array.from(lower, (l, c) =>
      Math.max(-1000, Math.floor(Math.log2(finite[c] ? upper[c]! / 2 - l / 2 : scale))),
    ),
  };
}
