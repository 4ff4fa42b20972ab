// What is known of a graph while it is read: the form of each value, and the blocks found so far.
import { invalidArgument, RobustlawError } from '../../errors.ts';
import type { Node, Value } from '../../graph/index.ts';
import { nameOf, showType, sizeOf, tensorOf } from '../../graph/index.ts';
import type { Activation } from '../../intervals/index.ts';
import type { AddRow, Form } from './form.ts';
import {
  blocksOf,
  combine,
  constantForm,
  dense,
  denseSize,
  identityForm,
  isConstant,
  requireRoom,
} from './form.ts';
import type { Block } from './network.ts';

export interface Reading {
  readonly forms: Map<Value, Form>;
  readonly blocks: Block[];
  /** First entry of each block among the entries of all; the last number is how many there are. */
  readonly offsets: number[];
  /** Activations of forms, by what they are, so that each is one block. */
  readonly applied: WeakMap<Form, Map<string, Form>>;
  /** Values that are written out as dense matrices: what activations act on, and the output. */
  readonly written: ReadonlySet<Value>;
  /** Coefficients of all blocks so far. */
  coefficients: number;
}

/** A reading that knows the input x_0 only. */
export function readingFrom(x: Value, written: ReadonlySet<Value>): Reading {
  const features = sizeOf(x.shape);
  return {
    forms: new Map([[x, identityForm(0, features)]]),
    blocks: [],
    offsets: [0, features],
    applied: new WeakMap(),
    written,
    coefficients: 0,
  };
}

/** The form of a value that has been read, or of a constant. */
export function formOf(value: Value, reading: Reading): Form {
  const known = reading.forms.get(value);
  if (known) return known;
  if (!tensorOf(value))
    throw unsupported(value.node, `has an output (${showType(value)}) that is no affine map`);
  const form = constantForm(Float64Array.from(finiteNumbers(value)));
  reading.forms.set(value, form);
  return form;
}

/** A constant, each number within `error` (exact without it) of the true one. */
export interface Constant {
  readonly values: ArrayLike<number>;
  readonly error?: Float64Array;
}

/** The constant behind a value; undefined if it depends on the input. */
export function constantOf(value: Value, reading: Reading): Constant | undefined {
  const form = reading.forms.get(value);
  if (form) return isConstant(form) ? { values: form.bias, error: form.biasError } : undefined;
  return tensorOf(value) && { values: finiteNumbers(value) };
}

/** The numbers of a constant. @throws invalid-argument naming it when one is NaN or infinite. */
export function finiteNumbers(value: Value): ArrayLike<number> {
  const { data } = tensorOf(value)!;
  const values = data instanceof BigInt64Array ? Array.from(data, Number) : data;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) continue;
    const name = nameOf(value);
    const weight = name === undefined ? `a constant ${showType(value)}` : `the weight "${name}"`;
    throw invalidArgument(`entry ${i} of ${weight}`, values[i], 'a finite number');
  }
  return values;
}

/** An operator with the types of its inputs, as messages name it. */
export function describe(node: Node): string {
  const inputs = node.inputs.map((value) => {
    if (!value) return '-';
    const name = nameOf(value);
    return name === undefined ? showType(value) : `${name} ${showType(value)}`;
  });
  return `${node.op.name}(${inputs.join(', ')})`;
}

export function unsupported(node: Node, why: string): RobustlawError {
  return new RobustlawError(
    'unsupported-op',
    `the operator ${describe(node)} ${why}; a network is read as affine maps, elementwise activations and maxima. For other operators take local bounds, by interval arithmetic on the Jacobian`,
  );
}

/** The form of the output `value` of a node whose row i is the sum of what `combination(i, add)` adds. */
export function combined(
  value: Value,
  forms: readonly Form[],
  reading: Reading,
  combination: (row: number, add: AddRow) => void,
): Form {
  const { offsets } = reading;
  const rows = sizeOf(value.shape);
  const what = describe(value.node);
  if (reading.written.has(value)) {
    const blocks = [...new Set(forms.flatMap((form) => blocksOf(form, offsets)))];
    requireRoom(what, reading.coefficients + denseSize(rows, blocks, offsets));
  }
  return combine(what, forms, rows, offsets.at(-1)!, combination);
}

/**
 * The form of x_k for a new block k = activations(form); that of the block there is already when `key`, which says what
 * the activations are, has been applied to the same form before.
 */
export function activated(
  what: string,
  form: Form,
  activations: () => readonly Activation[],
  key: string,
  reading: Reading,
): Form {
  const before = reading.applied.get(form)?.get(key);
  if (before) return before;
  const { offsets } = reading;
  const size = denseSize(form.rows, blocksOf(form, offsets), offsets);
  requireRoom(what, reading.coefficients + size);
  reading.blocks.push({ preactivation: dense(form, offsets), activations: activations() });
  reading.coefficients += size;
  const first = offsets.at(-1)!;
  offsets.push(first + form.rows);
  const result = identityForm(first, form.rows);
  reading.applied.set(form, (reading.applied.get(form) ?? new Map<string, Form>()).set(key, result));
  return result;
}
