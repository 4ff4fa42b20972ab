// Strict linear inequalities decided without rounding (Gordan 1873): either some x has A x < b, or some y >= 0, y != 0
// has y^T A = 0 and y^T b <= 0. Found by the simplex method on integers (Edmonds' integer pivoting, Bland's rule).
import { bitLength, ratio } from './dyadic.ts';

/** a x < b, all integers; `a` has one entry per coordinate. */
export interface IntegerRow {
  readonly a: readonly bigint[];
  readonly b: bigint;
}

/** Why A x < b has no solution, or about where one is. */
export type Alternative =
  | { readonly kind: 'empty'; readonly multipliers: readonly bigint[] }
  | { readonly kind: 'interior'; readonly point: Float64Array };

/**
 * Decides whether A x < b has a solution in R^d. With r_i about |a_i|, solves max t subject to A x + r t <= b, t <= 1
 * through its dual min b^T y + s subject to A^T y = 0, r^T y + s = 1, y, s >= 0, starting from s = 1, and ends as soon as
 * the objective is not positive: then y proves emptiness. Otherwise x is a solution; it is returned rounded to float64.
 *
 * Exact: `multipliers` prove emptiness as they are (see `provesEmpty`); a solution exists where `interior` is returned,
 * although its rounded `point` may not be one. Undefined when it needs more than `pivots` pivots.
 *
 * Cost per pivot: (d + 2)(m + d + 2) products and quotients of integers of up to d times the length of an entry.
 */
export function strictlyFeasible(rows: readonly IntegerRow[], pivots: number): Alternative | undefined {
  const d = rows[0]?.a.length ?? 0;
  const m = rows.length;
  // Columns: y_1..y_m, s, one artificial variable for each coordinate, right-hand side. Rows: d equations, the
  // normalisation, the reduced costs.
  const artificial = m + 1;
  const last = m + 1 + d;
  const tableau: bigint[][] = Array.from({ length: d }, (_, i) => {
    const equation = new Array<bigint>(last + 1).fill(0n);
    for (let j = 0; j < m; j++) equation[j] = rows[j]!.a[i]!;
    equation[artificial + i] = 1n;
    return equation;
  });
  const normalisation = new Array<bigint>(last + 1).fill(0n);
  for (let j = 0; j < m; j++) normalisation[j] = size(rows[j]!.a);
  normalisation[m] = 1n;
  normalisation[last] = 1n;
  // s is basic with cost 1: c - 1 * (its row).
  const costs = normalisation.map((v, j) => (j < m ? rows[j]!.b : j === m ? 1n : 0n) - v);
  tableau.push(normalisation, costs);
  const basis = [...Array.from({ length: d }, (_, i) => artificial + i), m];
  let scale = 1n;

  const pivot = (r: number, c: number) => {
    let pivotRow = tableau[r]!;
    if (pivotRow[c]! < 0n) {
      // Only rows with right-hand side 0, of artificial variables, are ever turned.
      pivotRow = pivotRow.map((v) => -v);
      tableau[r] = pivotRow;
    }
    const p = pivotRow[c]!;
    tableau.forEach((line, i) => {
      if (i === r) return;
      const factor = line[c]!;
      for (let j = 0; j <= last; j++) {
        const v = line[j]!;
        if (factor === 0n) {
          if (v !== 0n && p !== scale) line[j] = (v * p) / scale;
        } else line[j] = (v * p - factor * pivotRow[j]!) / scale;
      }
    });
    scale = p;
    basis[r] = c;
  };

  // The artificial variables are zero from the start; each leaves for any y that its equation contains.
  for (let r = 0; r < d; r++) {
    const c = tableau[r]!.findIndex((v, j) => j < m && v !== 0n);
    if (c >= 0) pivot(r, c);
  }
  for (let step = 0; step < pivots; step++) {
    // The last entry of the costs is minus the objective, times the scale.
    if (tableau[d + 1]![last]! >= 0n) {
      const multipliers = new Array<bigint>(m).fill(0n);
      basis.forEach((c, r) => {
        if (c < m) multipliers[c] = tableau[r]![last]!;
      });
      return { kind: 'empty', multipliers };
    }
    const reduced = tableau[d + 1]!;
    const c = reduced.findIndex((v, j) => j <= m && v < 0n);
    if (c < 0) {
      return {
        kind: 'interior',
        point: Float64Array.from({ length: d }, (_, i) => -ratio(reduced[artificial + i]!, scale)),
      };
    }
    let r = -1;
    for (let i = 0; i <= d; i++) {
      const v = tableau[i]![c]!;
      if (v <= 0n) continue;
      if (r < 0) {
        r = i;
        continue;
      }
      const difference = tableau[i]![last]! * tableau[r]![c]! - tableau[r]![last]! * v;
      if (difference < 0n || (difference === 0n && basis[i]! < basis[r]!)) r = i;
    }
    // The objective of the dual is at least that of some x, t: it has a minimum, so some row bounds the step.
    pivot(r, c);
  }
  return undefined;
}

/** Whether y >= 0, y != 0, y^T A = 0 and y^T b <= 0: then A x < b has no solution. Exact. */
export function provesEmpty(rows: readonly IntegerRow[], multipliers: readonly bigint[]): boolean {
  const d = rows[0]?.a.length ?? 0;
  const total = new Array<bigint>(d + 1).fill(0n);
  let some = false;
  for (const [j, { a, b }] of rows.entries()) {
    const y = multipliers[j]!;
    if (y < 0n) return false;
    if (y === 0n) continue;
    some = true;
    for (let i = 0; i < d; i++) total[i]! += y * a[i]!;
    total[d]! += y * b;
  }
  return some && total[d]! <= 0n && total.every((v, i) => i === d || v === 0n);
}

/** A positive integer of about the size of the row. */
function size(a: readonly bigint[]): bigint {
  const bits = a.reduce((most, v) => Math.max(most, bitLength(v)), 1);
  return 1n << BigInt(bits - 1);
}
