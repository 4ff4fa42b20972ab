// Boxes of real numbers, as inputs and as what rules pass on, and the contract of a rule.
import { invalidArgument, RobustlawError } from '../errors.ts';
import type { Node, Op } from '../graph/index.ts';

/** All x with lower[i] <= x[i] <= upper[i]; flat, row-major; the ends may be infinite. */
export interface Box {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** What the elements of a value can be; a bool is 0 or 1, and [0, 1] while it is undecided. */
export interface Bounds extends Box {
  /** The value depends on no input of the graph. */
  readonly fixed: boolean;
}

/** Encloses the outputs of a node, in float64 with all rounding accounted for, whatever its inputs are in their bounds. */
export type Rule = (node: Node, inputs: readonly (Bounds | undefined)[]) => readonly Box[];

/** An operator of no file format that carries its own rule. */
export interface EnclosedOp extends Op {
  readonly enclose: Rule;
}

/** A box of one point; that both ends are one array says that there is nothing to round. */
export const exactly = (values: Float64Array): Box => ({ lower: values, upper: values });

export const isPoint = ({ lower, upper }: Box): boolean => lower === upper;

export function emptyBox(size: number): Box {
  return { lower: new Float64Array(size), upper: new Float64Array(size) };
}

/** The same elements picked from both ends; -1 picks `fill`. */
export function picked(box: Box, index: Int32Array, fill = 0): Box {
  const pick = (from: Float64Array) => {
    const to = new Float64Array(index.length);
    for (let i = 0; i < index.length; i++) {
      const at = index[i]!;
      to[i] = at < 0 ? fill : from[at]!;
    }
    return to;
  };
  return isPoint(box) ? exactly(pick(box.lower)) : { lower: pick(box.lower), upper: pick(box.upper) };
}

/** Throws `invalid-argument` unless the box has so many entries, none of them NaN, with lower <= upper. */
export function requireBox(box: Box, size: number): void {
  for (const end of ['lower', 'upper'] as const) {
    if (box[end].length !== size)
      throw new RobustlawError(
        'shape-mismatch',
        `the ${end} end of the box has ${box[end].length} entries; expected ${size}, those of the input`,
      );
  }
  for (let i = 0; i < size; i++) {
    if (!(box.lower[i]! <= box.upper[i]!) || box.lower[i] === Infinity || box.upper[i] === -Infinity)
      throw invalidArgument(
        `box, entry ${i}`,
        `[${box.lower[i]}, ${box.upper[i]}]`,
        'numbers low <= high; -Infinity and Infinity stand for no bound',
      );
  }
}
