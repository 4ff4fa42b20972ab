// Operators that repeat, mask, accumulate or fold elements by position: Tile, Trilu, CumSum, DepthToSpace, SpaceToDepth.
import { RobustlawError } from '../../errors.ts';
import { known, normalAxis, required, requireRank } from '../shape.ts';
import type { Attributes, Op, Value } from '../value.ts';
import { emit1, int64s } from '../value.ts';
import { intOf, stringOf } from './attributes.ts';
import { reshape, transpose } from './layout.ts';
import { reduceSum } from './reduction.ts';

/** The whole tensor repeated along each axis. */
export const Tile: Op = {
  name: 'Tile',
  attributes: {},
  infer: (inputs) => {
    const { dtype, shape } = required(inputs, 0);
    const repeats = known(inputs, 1, 'the repeats');
    if (repeats.length !== shape.length || repeats.some((n) => n < 0))
      throw new RobustlawError(
        'shape-mismatch',
        `repeats [${repeats}]; expected ${shape.length} integers >= 0`,
      );
    return [{ dtype, shape: shape.map((n, i) => n * repeats[i]!) }];
  },
  vjp: (node, [g]) => {
    const { shape } = node.inputs[0]!;
    const repeats = known(node.inputs, 1, 'the repeats');
    const copies = reshape(
      g!,
      shape.flatMap((n, i) => [repeats[i]!, n]),
    );
    return [
      reduceSum(
        copies,
        shape.map((_, i) => 2 * i),
      ),
    ];
  },
};

/** The upper (or lower) triangle of the last two axes, from the k-th diagonal on, among zeros. */
export const Trilu: Op = {
  name: 'Trilu',
  attributes: { upper: 'int' },
  infer: (inputs) => {
    const { dtype, shape } = requireRank(required(inputs, 0), 2, 64);
    return [{ dtype, shape }];
  },
  vjp: (node, [g]) => [emit1(Trilu, [g, ...node.inputs.slice(1)], node.attributes)],
};

/** Running sums along an axis; the adjoint runs the other way. */
export const CumSum: Op = {
  name: 'CumSum',
  attributes: { exclusive: 'int', reverse: 'int' },
  infer: (inputs) => {
    const { dtype, shape } = required(inputs, 0);
    const axis = known(inputs, 1, 'the axis');
    normalAxis(axis[0]!, shape.length);
    return [{ dtype, shape }];
  },
  vjp: (node, [g]) => {
    const reversed = intOf(node.attributes, 'reverse', 0) === 1 ? 0 : 1;
    return [emit1(CumSum, [g, node.inputs[1]], { ...node.attributes, reverse: reversed })];
  },
};

function blockOf(x: Value, attributes: Attributes, divided: readonly number[], parts: number): number {
  const block = intOf(attributes, 'blocksize', 0);
  if (block < 1 || divided.some((n) => n % (parts === 2 ? block * block : block) !== 0))
    throw new RobustlawError('shape-mismatch', `blocksize ${block} does not divide [${x.shape}]`);
  return block;
}

/** Blocks of channels become squares of pixels: `[b, c s s, h, w]` to `[b, c, h s, w s]`. */
export const DepthToSpace: Op = {
  name: 'DepthToSpace',
  attributes: { blocksize: 'int', mode: 'string' },
  infer: (inputs, attributes) => {
    const x = requireRank(required(inputs, 0), 4);
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const s = blockOf(x, attributes, [channels], 2);
    return [{ dtype: x.dtype, shape: [batch, channels / (s * s), height * s, width * s] }];
  },
  decompose: (node) => {
    const x = node.inputs[0]!;
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const s = intOf(node.attributes, 'blocksize', 1);
    const depth = channels / (s * s);
    const byRow = stringOf(node.attributes, 'mode', 'DCR') === 'CRD';
    const split = reshape(
      x,
      byRow ? [batch, depth, s, s, height, width] : [batch, s, s, depth, height, width],
    );
    const ordered = transpose(split, byRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
    return [reshape(ordered, [batch, depth, height * s, width * s])];
  },
};

/** Squares of pixels become blocks of channels: `[b, c, h s, w s]` to `[b, s s c, h, w]`. */
export const SpaceToDepth: Op = {
  name: 'SpaceToDepth',
  attributes: { blocksize: 'int' },
  infer: (inputs, attributes) => {
    const x = requireRank(required(inputs, 0), 4);
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const s = blockOf(x, attributes, [height, width], 1);
    return [{ dtype: x.dtype, shape: [batch, channels * s * s, height / s, width / s] }];
  },
  decompose: (node) => {
    const x = node.inputs[0]!;
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const s = intOf(node.attributes, 'blocksize', 1);
    const split = reshape(x, [batch, channels, height / s, s, width / s, s]);
    return [reshape(transpose(split, [0, 3, 5, 1, 2, 4]), [batch, channels * s * s, height / s, width / s])];
  },
};

/** The whole tensor repeated `repeats[i]` times along axis i. */
export const tile = (x: Value, repeats: readonly number[]): Value => emit1(Tile, [x, int64s(repeats)]);
