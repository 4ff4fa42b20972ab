// One cell of a network: the pieces of all neurons around a point, its Jacobian, and a pair of points inside that
// attains it.
import type { Norm } from '../../guarantee/index.ts';
import { length } from '../norms.ts';
import { type Arrangement, firstStage, holdsAt, isLast, nextStage, pieceAt, type Stage } from './cells.ts';
import { dyadics } from './dyadic.ts';
import type { Enclosed } from './enclosed.ts';
import { steepestDirection, stretchOfPair } from './norm-bounds.ts';

/** All neurons decided: stage k and the pieces of its neurons, and the Jacobian (with the constants as last column). */
export interface Cell {
  readonly stages: readonly Stage[];
  readonly choices: readonly Int8Array[];
  readonly jacobian: Enclosed;
}

/**
 * The cell that has x in its interior; undefined when x is on the boundary of one, or that cannot be told. Certain.
 *
 * Cost: one pass through the network with as many columns as free coordinates.
 */
export function cellAt(cells: Arrangement, x: Float64Array): Cell | undefined {
  const exactPoint = dyadics(x);
  const stages: Stage[] = [];
  const choices: Int8Array[] = [];
  let stage = firstStage(cells);
  while (!isLast(cells, stage)) {
    const choice = new Int8Array(stage.forms.rows);
    for (let i = 0; i < choice.length; i++) {
      const piece = pieceAt(cells, stage, i, x, exactPoint);
      if (piece === undefined) return undefined;
      choice[i] = piece;
    }
    stages.push(stage);
    choices.push(choice);
    stage = nextStage(cells, stage, choice);
  }
  return { stages, choices, jacobian: stage.forms };
}

/** How far a pair reaches at most where nothing bounds its cell, as multiples of the size of its point. */
const REACH = 1024;

/**
 * Two points of the closure of the cell, of free coordinates, whose quotient is close to the norm of its Jacobian, and a
 * lower bound on this quotient. Lower bound, with its witness.
 *
 * @param scale the least size of a point, for `REACH`.
 */
export function steepestPair(
  cells: Arrangement,
  cell: Cell,
  x: Float64Array,
  norm: Norm,
  scale: number,
): { readonly a: Float64Array; readonly b: Float64Array; readonly value: number } | undefined {
  const v = steepestDirection(cell.jacobian, norm);
  const far = (REACH * Math.max(length(x, 'linf'), scale)) / length(v, 'linf');
  let [back, forth] = extent(cells, cell, x, v, far);
  const at = (t: number) =>
    x.map((p, c) => Math.min(Math.max(p + t * v[c]!, cells.lower[c]!), cells.upper[c]!));
  for (let attempt = 0; attempt < 12; attempt++) {
    const [a, b] = [at(-back), at(forth)];
    if (within(cells, cell, a) && within(cells, cell, b)) {
      return { a, b, value: stretchOfPair(cell.jacobian, a, b, norm) };
    }
    [back, forth] = [back / 2, forth / 2];
  }
  return undefined;
}

/** About how far one can go from x along -v and v without leaving the cell or the domain, `far` at most. */
function extent(
  { pieces, lower, upper }: Arrangement,
  { stages, choices }: Cell,
  x: Float64Array,
  v: Float64Array,
  far: number,
): [back: number, forth: number] {
  let [back, forth] = [far, far];
  const limit = (value: number, rate: number, from: number, to: number) => {
    if (rate === 0) return;
    const ends = [(from - value) / rate, (to - value) / rate];
    forth = Math.min(forth, Math.max(ends[0]!, ends[1]!));
    back = Math.min(back, -Math.min(ends[0]!, ends[1]!));
  };
  x.forEach((p, c) => {
    limit(p, v[c]!, lower[c]!, upper[c]!);
  });
  stages.forEach(({ forms, block }, s) => {
    const n = forms.columns;
    for (let i = 0; i < forms.rows; i++) {
      let [value, rate] = [forms.centre[(i + 1) * n - 1]!, 0];
      for (let c = 0; c < n - 1; c++) {
        value += forms.centre[i * n + c]! * x[c]!;
        rate += forms.centre[i * n + c]! * v[c]!;
      }
      const { from, to } = pieces[block - 1]![i]![choices[s]![i]!]!;
      limit(value, rate, from, to);
    }
  });
  const inside = 1 - 2 ** -10;
  return [Math.max(0, back) * inside, Math.max(0, forth) * inside];
}

/** Whether y lies in the closure of the cell, on which the network is affine by continuity. Certain where true. */
function within({ pieces }: Arrangement, { stages, choices }: Cell, y: Float64Array): boolean {
  const exactPoint = dyadics(y);
  return stages.every((stage, s) => {
    const choice = choices[s]!;
    for (let i = 0; i < choice.length; i++) {
      const own = pieces[stage.block - 1]![i]!;
      if (own.length > 1 && !holdsAt(stage, i, own[choice[i]!]!, y, exactPoint)) return false;
    }
    return true;
  });
}
