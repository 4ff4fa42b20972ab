// Shape rules shared by many operators: broadcasting, axes, and what to demand of inputs.
import { RobustlawError } from '../errors.ts';
import type { DataType, Shape } from './tensor.ts';
import { isFloat, numbersOf, showType } from './tensor.ts';
import type { Value } from './value.ts';
import { tensorOf } from './value.ts';

/** The common shape of operands under multidirectional broadcasting (ONNX, "Broadcasting in ONNX"). */
export function broadcast(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  const result: number[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    shape.forEach((axis, i) => {
      const current = result[offset + i]!;
      if (current === 1) result[offset + i] = axis;
      else if (axis !== 1 && axis !== current) {
        throw new RobustlawError(
          'shape-mismatch',
          `the shapes ${shapes.map((s) => `[${s}]`).join(' and ')} do not broadcast: axis ${offset + i} is ${current} and ${axis}`,
        );
      }
    });
  }
  return result;
}

/** The axis as a number in [0, rank); throws if it is outside [-rank, rank). */
export function normalAxis(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= Math.max(rank, 1)) {
    throw new RobustlawError('shape-mismatch', `axis ${axis} is outside of [${-rank}, ${rank})`);
  }
  return axis < 0 ? axis + rank : axis;
}

export function normalAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => normalAxis(axis, rank)).sort((a, b) => a - b);
}

/** The i-th input, which the operator cannot do without. */
export function required(inputs: readonly (Value | undefined)[], i: number): Value {
  const value = inputs[i];
  if (!value) throw new RobustlawError('shape-mismatch', `input ${i} is missing`);
  return value;
}

/** Throws unless all given inputs have one element type, which is returned. */
export function commonType(inputs: readonly (Value | undefined)[]): DataType {
  const present = inputs.filter((v) => v !== undefined);
  const dtype = required(present, 0).dtype;
  const other = present.find((v) => v.dtype !== dtype);
  if (other)
    throw new RobustlawError(
      'shape-mismatch',
      `element types differ: ${dtype} and ${other.dtype}; cast one of them`,
    );
  return dtype;
}

export function requireFloat(value: Value): Value {
  if (!isFloat(value.dtype))
    throw new RobustlawError('unsupported-type', `${showType(value)} is not floating-point`);
  return value;
}

export function requireRank(value: Value, low: number, high = low): Value {
  if (value.shape.length < low || value.shape.length > high) {
    throw new RobustlawError(
      'shape-mismatch',
      `${showType(value)} has rank ${value.shape.length}; expected ${low === high ? low : `${low} to ${high}`}`,
    );
  }
  return value;
}

/** The numbers of an input that must be known when the graph is built (shapes, axes, pads). */
export function known(inputs: readonly (Value | undefined)[], i: number, what: string): number[] {
  const t = tensorOf(required(inputs, i));
  if (!t) {
    throw new RobustlawError(
      'unsupported-op',
      `${what} (input ${i}) is computed from data; it must be a constant`,
    );
  }
  return numbersOf(t);
}
