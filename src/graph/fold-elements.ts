// The elements of small tensors for constant folding: how they are picked and stored.
import type { Tensor, TensorData, TensorType } from './tensor.ts';
import { allocate } from './tensor.ts';
import type { Attributes } from './value.ts';

export interface Application {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  /** The inferred types of the outputs. */
  readonly types: readonly TensorType[];
}

/** The elements of the outputs, or undefined where the operator leaves the result open (a NaN cast to an integer). */
export type Fold = (application: Application) => readonly TensorData[] | undefined;

/** Stores a number or bigint, wrapped to the width of an integer array. */
export function store(out: TensorData, i: number, value: number | bigint): void {
  if (out instanceof BigInt64Array) out[i] = BigInt(value);
  else out[i] = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value;
}

export function pick(x: Tensor, index: Int32Array): TensorData {
  const out = allocate(x.dtype, index.length);
  for (let i = 0; i < index.length; i++) store(out, i, x.data[index[i]!]!);
  return out;
}
