// Operators that pick or place elements by index: the gathering and the scattering ones.
import { RobustlawError } from '../../errors.ts';
import { commonType, normalAxis, required } from '../shape.ts';
import { numbersOf, sameShape, sizeOf } from '../tensor.ts';
import type { Node, Op, Value } from '../value.ts';
import { emit1, tensorOf } from '../value.ts';
import { expand, zeros } from './fill.ts';
import { reshape } from './layout.ts';
import { padAxis } from './slicing.ts';

export const Gather: Op = {
  name: 'Gather',
  attributes: { axis: 'int' },
  infer: (inputs, attributes) => {
    const x = required(inputs, 0);
    const axis = normalAxis((attributes.axis as number | undefined) ?? 0, x.shape.length);
    const indices = required(inputs, 1);
    return [
      { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] },
    ];
  },
  vjp: (node, [g]) => {
    const [x, indices] = node.inputs as [Value, Value];
    const axis = normalAxis((node.attributes.axis as number | undefined) ?? 0, x.shape.length);
    const count = sizeOf(indices.shape);
    const flat = reshape(g!, [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)]);
    const first = startOfRun(indices, x.shape[axis]!);
    if (first !== undefined) return [padAxis(flat, axis, first, x.shape[axis]! - first - count), undefined];
    return [scatterAdd(flat, axis, reshape(indices, [count]), x.shape[axis]!), undefined];
  },
};

/** The first of constant indices that follow each other, as when one token or one channel is picked. */
function startOfRun(indices: Value, n: number): number | undefined {
  const t = tensorOf(indices);
  if (!t || t.data.length === 0) return undefined;
  const positions = numbersOf(t).map((i) => (i < 0 ? i + n : i));
  return positions.every((i, k) => i === positions[0]! + k) ? positions[0] : undefined;
}

/** out[..., indices[k], ...] += g[..., k, ...] along `axis` of length n. */
export function scatterAdd(g: Value, axis: number, indices: Value, n: number): Value {
  const target = zeros(
    g.dtype,
    g.shape.map((m, i) => (i === axis ? n : m)),
  );
  const column = reshape(
    indices,
    g.shape.map((m, i) => (i === axis ? m : 1)),
  );
  return scatterElements(target, expand(column, g.shape), g, axis);
}

export const GatherElements: Op = {
  name: 'GatherElements',
  attributes: { axis: 'int' },
  infer: (inputs) => [{ dtype: required(inputs, 0).dtype, shape: required(inputs, 1).shape }],
  vjp: (node, [g]) => {
    const [x, indices] = node.inputs as [Value, Value];
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    return [scatterElements(zeros(x.dtype, x.shape), indices, g!, axis), undefined];
  },
};

/** Without reduction, indices must not repeat (ONNX); with `add` they may; the other reductions have no rule. */
export const ScatterElements: Op = {
  name: 'ScatterElements',
  attributes: { axis: 'int', reduction: 'string' },
  infer: (inputs) => {
    const [target, indices, updates] = [0, 1, 2].map((i) => required(inputs, i)) as [Value, Value, Value];
    if (!sameShape(indices.shape, updates.shape) || indices.shape.length !== target.shape.length) {
      throw new RobustlawError(
        'shape-mismatch',
        `indices [${indices.shape}] and updates [${updates.shape}] must have one shape, of rank ${target.shape.length}`,
      );
    }
    return [{ dtype: commonType([target, updates]), shape: target.shape }];
  },
  vjp: (node, [g]) => {
    const [target, indices, updates] = node.inputs as [Value, Value, Value];
    const axis = (node.attributes.axis as number | undefined) ?? 0;
    const picked = emit1(GatherElements, [g!, indices], { axis });
    if (adds(node)) return [g!, undefined, picked];
    const erased = emit1(ScatterElements, [g!, indices, zeros(target.dtype, updates.shape)], { axis });
    return [erased, undefined, picked];
  },
};

/** Whether a scattering node adds (true) or overwrites (false); throws for the reductions that have no rule. */
function adds(node: Node): boolean {
  const reduction = node.attributes.reduction ?? 'none';
  if (reduction === 'add' || reduction === 'none') return reduction === 'add';
  throw new RobustlawError(
    'unsupported-op',
    `${node.op.name} is differentiable with reduction "add" or "none", not with "${reduction}"`,
  );
}

/** out[i][j] = target[i][j] + the updates whose index says so, along `axis`. */
export function scatterElements(target: Value, indices: Value, updates: Value, axis: number): Value {
  return emit1(ScatterElements, [target, indices, updates], { axis, reduction: 'add' });
}

/** x[..., indices[i][j], ...] along `axis`. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  return emit1(GatherElements, [x, indices], { axis });
}

/** Shape of what GatherND picks: the batch and index axes of `indices`, then what each index vector leaves of x. */
function gatheredShape(x: Value, indices: Value, batch: number): number[] {
  const depth = indices.shape.at(-1)!;
  if (indices.shape.length === 0 || batch + depth > x.shape.length || batch >= indices.shape.length) {
    throw new RobustlawError(
      'shape-mismatch',
      `indices of shape [${indices.shape}] do not index [${x.shape}] after ${batch} batch axes`,
    );
  }
  return [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)];
}

export const GatherND: Op = {
  name: 'GatherND',
  attributes: { batch_dims: 'int' },
  infer: (inputs, attributes) => {
    const x = required(inputs, 0);
    const shape = gatheredShape(x, required(inputs, 1), (attributes.batch_dims as number | undefined) ?? 0);
    return [{ dtype: x.dtype, shape }];
  },
  vjp: (node, [g]) => {
    const [x, indices] = node.inputs as [Value, Value];
    if (node.attributes.batch_dims) {
      throw new RobustlawError('unsupported-op', 'GatherND with batch_dims has no derivative rule');
    }
    return [emit1(ScatterND, [zeros(x.dtype, x.shape), indices, g!], { reduction: 'add' }), undefined];
  },
};

/** Without reduction, indices must not repeat (ONNX); with `add` they may; the other reductions have no rule. */
export const ScatterND: Op = {
  name: 'ScatterND',
  attributes: { reduction: 'string' },
  infer: (inputs) => {
    const [target, indices, updates] = [0, 1, 2].map((i) => required(inputs, i)) as [Value, Value, Value];
    const wanted = gatheredShape(target, indices, 0);
    if (!sameShape(wanted, updates.shape)) {
      throw new RobustlawError('shape-mismatch', `updates are [${updates.shape}]; expected [${wanted}]`);
    }
    return [{ dtype: commonType([target, updates]), shape: target.shape }];
  },
  vjp: (node, [g]) => {
    const [target, indices, updates] = node.inputs as [Value, Value, Value];
    const picked = emit1(GatherND, [g!, indices]);
    if (adds(node)) return [g!, undefined, picked];
    return [emit1(ScatterND, [g!, indices, zeros(target.dtype, updates.shape)]), undefined, picked];
  },
};

/** x[..., indices, ...] along `axis`. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  return emit1(Gather, [x, indices], { axis });
}
