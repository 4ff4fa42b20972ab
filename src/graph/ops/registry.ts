// Every ONNX operator that robustlaw knows, by its ONNX name: what a reader of model files looks up.
import type { Op } from '../value.ts';
import * as activation from './activation.ts';
import * as arithmetic from './arithmetic.ts';
import * as casts from './cast.ts';
import * as conv from './conv.ts';
import * as einsum from './einsum.ts';
import * as elementary from './elementary.ts';
import * as fill from './fill.ts';
import * as indexing from './indexing.ts';
import * as layout from './layout.ts';
import * as matmul from './matmul.ts';
import * as normalization from './normalization.ts';
import * as pooling from './pooling.ts';
import * as rearrangement from './rearrangement.ts';
import * as reduction from './reduction.ts';
import * as resize from './resize.ts';
import * as slicing from './slicing.ts';
import * as softmax from './softmax.ts';
import * as trigonometric from './trigonometric.ts';

const families: readonly object[] = [
  activation,
  arithmetic,
  casts,
  conv,
  einsum,
  elementary,
  fill,
  indexing,
  layout,
  matmul,
  normalization,
  pooling,
  rearrangement,
  reduction,
  resize,
  slicing,
  softmax,
  trigonometric,
];

/** Operators are the exported objects with an ONNX name; builder functions are functions. */
const isOp = (exported: unknown): exported is Op =>
  typeof exported === 'object' && exported !== null && 'infer' in exported;

/** The operators of the default ONNX domain at OPSET that can be inferred, differentiated and run, by name. */
export const operators: ReadonlyMap<string, Op> = new Map(
  families.flatMap((family) =>
    Object.values(family)
      .filter(isOp)
      .map((op) => [op.name, op] as const),
  ),
);
