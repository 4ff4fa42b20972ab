// Instances of matrix products, reductions, softmax and normalisation.
import fc from 'fast-check';
import type { Op, Value } from '../../../../src/graph/index.ts';
import * as g from '../../../../src/graph/index.ts';
import type { Draw, Instance, Instances } from '../instance.ts';
import {
  awayFrom,
  broadcastable,
  distinct,
  gaussian,
  instance,
  integersBetween,
  positive,
  shapeAndAxis,
  shapes,
} from '../instance.ts';

const size = fc.integer({ min: 1, max: 5 });

const matMul = fc.oneof(
  fc.tuple(broadcastable(2), size, size, size).map(
    ([[a, b], m, k, n]) =>
      [
        [...a!, m, k],
        [...b!, k, n],
      ] as const,
  ),
  fc.tuple(shapes(0, 2), size, size).map(([batch, k, n]) => [[k], [...batch, k, n]] as const),
  fc.tuple(shapes(0, 2), size, size).map(([batch, m, k]) => [[...batch, m, k], [k]] as const),
  size.map((k) => [[k], [k]] as const),
  fc.tuple(shapes(1, 2), size, size, size).map(
    ([batch, m, k, n]) =>
      [
        [...batch, m, k],
        [k, n],
      ] as const,
  ),
);

const bit = fc.constantFrom(0, 1);
const factor = fc.constantFrom(1, 0.5, -1.25);

const gemm = fc
  .record({
    m: size,
    k: size,
    n: size,
    transA: bit,
    transB: bit,
    alpha: factor,
    beta: factor,
    bias: fc.constantFrom('none', 'scalar', 'row', 'column', 'full'),
  })
  .map(({ m, k, n, bias, ...attributes }) => {
    const { transA, transB } = attributes;
    const c = { none: undefined, scalar: [], row: [n], column: [m, 1], full: [m, n] }[bias];
    const all = [
      [transA ? [k, m] : [m, k], gaussian],
      [transB ? [n, k] : [k, n], gaussian],
      ...(c ? [[c, gaussian] as const] : []),
    ] as const;
    return instance(`Gemm ${JSON.stringify({ m, k, n, bias, ...attributes })}`, all, (values) => [
      g.emit1(g.Gemm, values, attributes),
    ]);
  });

function reduction(op: Op, draw: Draw): fc.Arbitrary<Instance> {
  const chosen = shapes(1, 4, 3).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axes: fc.option(
        fc.uniqueArray(fc.integer({ min: -shape.length, max: shape.length - 1 }), {
          minLength: 1,
          selector: (axis) => (axis + shape.length) % shape.length,
        }),
      ),
      keepdims: fc.constantFrom({}, { keepdims: 0 }, { keepdims: 1 }),
    }),
  );
  return chosen.map(({ shape, axes, keepdims }) =>
    instance(`${op.name} [${shape}] over ${axes} ${JSON.stringify(keepdims)}`, [[shape, draw]], ([x]) => [
      g.emit1(op, axes ? [x, g.int64s(axes)] : [x], keepdims),
    ]),
  );
}

function alongAxis(op: Op): fc.Arbitrary<Instance> {
  return shapeAndAxis().map(({ shape, axis }) =>
    instance(`${op.name} [${shape}] axis ${axis}`, [[shape, gaussian]], ([x]) => [
      g.emit1(op, [x], { axis }),
    ]),
  );
}

/** The position as a number, times x. */
function extremePosition(op: Op): fc.Arbitrary<Instance> {
  return fc
    .tuple(shapeAndAxis(1, 3), fc.constantFrom({}, { keepdims: 1 }))
    .map(([{ shape, axis }, keepdims]) =>
      instance(`${op.name} [${shape}] axis ${axis}`, [[shape, distinct]], ([x]) => [
        g.mul(g.cast(g.emit1(op, [x], { axis, ...keepdims }), x!.dtype), x!),
      ]),
    );
}

/** Not too small: a window of two nearly equal cells would be a kink at the scale of the differences. */
const epsilon = fc.constantFrom({ epsilon: 0.1 }, { epsilon: 0.5 });

/** x `[batch, channels, ...]` with at least `low` spatial axes, and vectors over its channels. */
function perChannel(
  op: Op,
  low: number,
  draws: readonly Draw[],
  attributes: fc.Arbitrary<g.Attributes> = epsilon,
): fc.Arbitrary<Instance> {
  return fc
    .record({
      batch: size,
      channels: size,
      rest: fc.array(fc.integer({ min: 2, max: 4 }), { minLength: low, maxLength: 2 }),
      attributes,
    })
    .map(({ batch, channels, rest, attributes }) => {
      const shape = [batch, channels, ...rest];
      return instance(
        `${op.name} [${shape}] ${JSON.stringify(attributes)}`,
        [[shape, gaussian], ...draws.map((draw) => [[channels], draw] as const)],
        (values) => [g.emit1(op, values, attributes)],
      );
    });
}

/** Equations and operand shapes that fit them. */
const equations = fc
  .constantFrom(
    'ij,jk->ik',
    'bij,bjk->bik',
    'ij->ji',
    'ij->i',
    'ij->',
    'ij,kj',
    'bhqd,bhkd->bhqk',
    'i,j->ij',
    'ij,j,k->ik',
    '...ij,...jk->...ik',
    'b...,b...->...',
  )
  .chain((equation) =>
    fc
      .tuple(fc.constant(equation), integersBetween(1, 3, 26), shapes(1, 2, 3))
      .map(([text, sizes, hidden]) => {
        const terms = text.split('->')[0]!.split(',');
        return {
          equation: text,
          all: terms.map((term) =>
            [...term.replace('...', '.')].flatMap((c) =>
              c === '.' ? hidden : [sizes[c.charCodeAt(0) - 97]!],
            ),
          ),
        };
      }),
  );

export const products: Instances = {
  Einsum: equations.map(({ equation, all }) =>
    instance(
      `Einsum ${equation} ${all.map((shape) => `[${shape}]`).join(' ')}`,
      all.map((shape) => [shape, gaussian] as const),
      (values) => [g.einsum(equation, values)],
    ),
  ),
  MatMul: matMul.map(([a, b]) =>
    instance(
      `MatMul [${a}] [${b}]`,
      [
        [a, gaussian],
        [b, gaussian],
      ] as const,
      ([x, y]) => [g.matMul(x!, y!)],
    ),
  ),
  Gemm: gemm,
  ReduceSum: reduction(g.ReduceSum, gaussian),
  ReduceMean: reduction(g.ReduceMean, gaussian),
  ReduceMax: reduction(g.ReduceMax, distinct),
  ReduceMin: reduction(g.ReduceMin, distinct),
  ReduceProd: reduction(g.ReduceProd, positive),
  ReduceL1: reduction(g.ReduceL1, awayFrom(0)),
  ReduceL2: reduction(g.ReduceL2, positive),
  ReduceLogSum: reduction(g.ReduceLogSum, positive),
  ReduceLogSumExp: reduction(g.ReduceLogSumExp, gaussian),
  ReduceSumSquare: reduction(g.ReduceSumSquare, gaussian),
  ArgMax: extremePosition(g.ArgMax),
  ArgMin: extremePosition(g.ArgMin),
  Softmax: alongAxis(g.Softmax),
  LogSoftmax: alongAxis(g.LogSoftmax),
  BatchNormalization: perChannel(g.BatchNormalization, 0, [gaussian, gaussian, gaussian, positive]),
  InstanceNormalization: perChannel(g.InstanceNormalization, 1, [gaussian, gaussian]),
  LayerNormalization: fc
    .tuple(shapeAndAxis(1, 3), fc.boolean(), fc.boolean(), epsilon)
    .map(([{ shape, axis }, bias, stash, attributes]) => {
      const trailing = shape.slice(axis < 0 ? axis + shape.length : axis);
      return instance(
        `LayerNormalization [${shape}] axis ${axis} ${bias} ${stash}`,
        [
          [[...shape, 2], gaussian],
          [[...trailing, 2], gaussian],
          ...(bias ? [[[...trailing, 2], gaussian] as const] : []),
        ],
        (values) => {
          const from = axis < 0 ? axis - 1 : axis;
          const [y, mean, deviation] = g.emit(g.LayerNormalization, values, {
            axis: from,
            ...attributes,
          });
          const stashed = (value: Value) => g.cast(value, y!.dtype);
          return stash && y!.dtype === 'float32' ? [y!, stashed(mean!), stashed(deviation!)] : [y!];
        },
      );
    }),
  GroupNormalization: fc
    .tuple(size, size, size, fc.boolean(), epsilon)
    .map(([batch, groups, depth, wide, attributes]) => {
      const channels = groups * depth;
      const affine = [wide ? channels : groups];
      return instance(
        `GroupNormalization ${batch} ${groups} ${depth} ${wide}`,
        [
          [[batch, channels, 3], gaussian],
          [affine, gaussian],
          [affine, gaussian],
        ] as const,
        (values) => [g.emit1(g.GroupNormalization, values, { num_groups: groups, ...attributes })],
      );
    }),
  LRN: fc
    .tuple(size, fc.integer({ min: 1, max: 6 }))
    .map(([channels, window]) =>
      instance(`LRN ${channels} ${window}`, [[[2, channels, 3, 2], gaussian]] as const, ([x]) => [
        g.emit1(g.LRN, [x], { size: window, alpha: 0.5, beta: 0.6, bias: 1.5 }),
      ]),
    ),
  Dropout: shapes(1, 3).map((shape) =>
    instance('Dropout', [[shape, gaussian]], ([x]) => {
      const [y, mask] = g.emit(g.Dropout, [x, g.constant(g.tensor('float32', [], [0.5]))]);
      return [g.mul(y!, g.cast(mask!, x!.dtype))];
    }),
  ),
};
