// What must hold at a changed input for its prediction to stand: linear inequalities between outputs.
import type { Task } from '../attacks/index.ts';
import { invalidArgument } from '../errors.ts';
import type { Box } from '../intervals/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import { addDown, nextDown } from '../numeric/index.ts';

/** R f(x') + offset > 0, row by row; `strict` is false where 0 will do. */
export interface Requirement {
  /** R, `[rows, outputs]`, of entries -1, 0 and 1. */
  readonly rows: Matrix;
  /** Rounded downwards. */
  readonly offset: Float64Array;
  readonly strict: boolean;
  /** Requirements with the same key have the same rows. */
  readonly key: number;
}

/**
 * Classification: f_c - f_j > 0 for all j other than the class c, strictly, so that ties count as lost whichever class a
 * program would choose. Regression: tolerance - (f_k - y_k) >= 0 and tolerance + (f_k - y_k) >= 0.
 *
 * @param label one row of labels: one-hot, or the wanted outputs.
 * @throws invalid-argument when the label is no class of the model or a wanted output is not finite.
 */
export function requirementOf(task: Task, label: ArrayLike<number>): Requirement {
  const outputs = label.length;
  if (task.kind === 'classification') {
    const chosen = Array.from(label).indexOf(1);
    if (chosen < 0 || outputs < 2)
      throw invalidArgument('label', `[${Array.from(label)}]`, 'a row of at least two classes with a one');
    const rows = matrix(outputs - 1, outputs);
    for (let j = 0, at = 0; j < outputs; j++) {
      if (j === chosen) continue;
      rows.data[at * outputs + chosen] = 1;
      rows.data[at * outputs + j] = -1;
      at++;
    }
    return { rows, offset: new Float64Array(outputs - 1), strict: true, key: chosen };
  }
  const rows = matrix(2 * outputs, outputs);
  const offset = new Float64Array(2 * outputs);
  for (let k = 0; k < outputs; k++) {
    if (!Number.isFinite(label[k]!)) throw invalidArgument(`wanted output ${k}`, label[k], 'a finite number');
    rows.data[2 * k * outputs + k] = -1;
    rows.data[(2 * k + 1) * outputs + k] = 1;
    offset[2 * k] = addDown(task.tolerance, label[k]!);
    offset[2 * k + 1] = addDown(task.tolerance, -label[k]!);
  }
  return { rows, offset, strict: false, key: 0 };
}

/** Lower bounds on R f(x') with the offsets added, rounded downwards; -Infinity where nothing is known. */
export function withOffsets({ offset }: Requirement, lower: ArrayLike<number>): Float64Array {
  return offset.map((v, r) => {
    const margin = v === 0 ? lower[r]! : addDown(lower[r]!, v);
    return Number.isNaN(margin) ? -Infinity : margin;
  });
}

/** The least of them: the requirement is proven where it is positive, or zero where that will do. */
export function leastMargin(requirement: Requirement, lower: ArrayLike<number>): number {
  return Math.min(...withOffsets(requirement, lower));
}

/** Whether a least margin proves the requirement. */
export function suffices({ strict }: Requirement, margin: number): boolean {
  return strict ? margin > 0 : margin >= 0;
}

/** Lower and upper bounds on R f from bounds on f, which lose what the entries of f have in common. */
export function marginsOf({ rows }: Requirement, outputs: Box): Box {
  const lower = lowerMargins(rows, outputs);
  const upper = lowerMargins(rows, { lower: outputs.upper, upper: outputs.lower });
  // Two roundings downwards at most, undone and turned upwards.
  return { lower, upper: upper.map((v) => (v === -Infinity ? Infinity : -nextDown(nextDown(nextDown(-v))))) };
}

function lowerMargins({ rows, columns, data }: Matrix, { lower, upper }: Box): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) {
      const c = data[r * columns + k]!;
      if (c === 0) continue;
      const end = c > 0 ? lower[k]! : -upper[k]!;
      sum = sum === 0 ? end : addDown(sum, end);
    }
    return sum;
  });
}
