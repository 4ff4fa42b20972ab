// Convolution on channels in blocks: the kernels that ONNX Runtime's layout optimiser puts in place of Conv where the
// weights are constants of the model (domain com.microsoft.nchwc). In training the weights are inputs, so the weights
// are brought into blocks in the graph, on every run. It saves a quarter of the time of a convolution that has many
// positions per weight. The input gradient with stride 1 is such a convolution too, with the kernel turned around.
// The kernels are internal to ONNX Runtime, so runtime/ tries them against the plain ones before it asks for them, and
// they never stand in a file that encode() writes.
import { topological } from './graph.ts';
import { conv, convSweeps, transposedSweeps } from './ops/conv.ts';
import { zeros } from './ops/fill.ts';
import { concat, reshape, transpose } from './ops/layout.ts';
import { reverse } from './ops/slicing.ts';
import type { Sweep } from './ops/window.ts';
import { explicitPads, extent } from './ops/window.ts';
import type { Attributes, Node, Op, Value } from './value.ts';
import { emit1, INPUT } from './value.ts';

const DOMAIN = 'com.microsoft.nchwc';

/** `[batch, channels, height, width]` to the same, with the channels of each block innermost in memory. */
const ReorderInput: Op = {
  name: 'ReorderInput',
  domain: DOMAIN,
  attributes: { channels_last: 'int' },
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
};

/** The inverse of ReorderInput, without the channels that fill up the last block. */
const ReorderOutput: Op = {
  name: 'ReorderOutput',
  domain: DOMAIN,
  attributes: { channels: 'int', channels_last: 'int' },
  infer: ([x], { channels }) => [{ dtype: x!.dtype, shape: x!.shape.with(1, channels as number) }],
};

/** Conv to blocked images, with a kernel as inBlocks() makes it, from blocked ones or those of less than a block. */
const BlockedConv: Op = {
  name: 'Conv',
  domain: DOMAIN,
  attributes: { dilations: 'ints', group: 'int', kernel_shape: 'ints', pads: 'ints', strides: 'ints' },
  infer: ([x, w], attributes) => {
    const counts = convSweeps(x!, w!, attributes).map((s) => s.count);
    return [{ dtype: x!.dtype, shape: [x!.shape[0]!, w!.shape[0]!, ...counts] }];
  },
};

/** Positions per weight from which bringing the weights into blocks pays. */
const MANY_POSITIONS = 1024;

/**
 * The outputs of a float32 Conv or ConvTranspose by these kernels, in blocks of `block` channels; undefined where
 * they do not apply or would not be faster.
 */
export function blocked({ op, inputs, attributes }: Node, block: number): Value[] | undefined {
  const [x, w, bias] = inputs as readonly [Value, Value, Value | undefined];
  const transposed = op.name === 'ConvTranspose';
  if (!transposed && op.name !== 'Conv') return undefined;
  const [filters, channels] = transposed ? [w.shape[1]!, w.shape[0]!] : [w.shape[0]!, w.shape[1]!];
  if (!inBlocksOf(block, channels, filters) || !knownToKernels(x, attributes)) return undefined;
  const all = transposed ? transposedSweeps(x, w, attributes) : convSweeps(x, w, attributes);
  if (!pays(x, all)) return undefined;
  if (!transposed) return changes(w) ? [blockedConv(x, w, bias, all, block)] : undefined;
  const back = all.map(turned);
  if (back.some((s) => s.stride !== 1 || s.before < 0 || s.after < 0)) return undefined;
  const kernel = reverse(reverse(transpose(w, [1, 0, 2, 3]), 2), 3);
  // Where the kernel is a constant, ONNX Runtime brings it into blocks by itself.
  return [changes(w) ? blockedConv(x, kernel, bias, back, block) : conv(x, kernel, bias, explicitPads(back))];
}

/** Whether channels are whole blocks or less than one, and filters fill blocks by half at least. */
function inBlocksOf(block: number, channels: number, filters: number): boolean {
  return (channels % block === 0 || channels < block) && 2 * filters >= filled(filters, block);
}

const filled = (count: number, block: number): number => Math.ceil(count / block) * block;

/** The one type and rank. */
function knownToKernels(x: Value, attributes: Attributes): boolean {
  return x.dtype === 'float32' && x.shape.length === 4 && (attributes.group ?? 1) === 1;
}

function pays(x: Value, all: readonly Sweep[]): boolean {
  const positions = all.reduce((product, s) => product * s.count, x.shape[0]!);
  return positions >= MANY_POSITIONS && all.every((s) => s.dilation === 1) && all.some((s) => s.kernel > 1);
}

/** The sweep over its input of the convolution that a transposed one with stride 1 is. */
function turned(s: Sweep): Sweep {
  const before = extent(s) - 1 - s.before;
  return {
    ...s,
    length: s.count,
    count: s.length,
    before,
    after: s.length - s.count - before + extent(s) - 1,
  };
}

/** Whether a value depends on what is fed. */
function changes(value: Value): boolean {
  return topological([value]).some((node) => node.op === INPUT);
}

function blockedConv(
  x: Value,
  w: Value,
  bias: Value | undefined,
  all: readonly Sweep[],
  block: number,
): Value {
  const [filters, channels] = w.shape as readonly [number, number];
  const missing = filled(filters, block) - filters;
  const image = channels < block ? x : emit1(ReorderInput, [x], { channels_last: 0 });
  const kernel = inBlocks(extended(w, missing), block);
  const y = emit1(BlockedConv, bias ? [image, kernel, extended(bias, missing)] : [image, kernel], {
    ...explicitPads(all),
    group: 1,
    kernel_shape: all.map((s) => s.kernel),
  });
  return emit1(ReorderOutput, [y], { channels: filters, channels_last: 0 });
}

/** With zeros behind it along the first axis. */
function extended(value: Value, by: number): Value {
  return by === 0 ? value : concat([value, zeros(value.dtype, value.shape.with(0, by))], 0);
}

/**
 * `[filters, channels, ...]` with blocks of channels by filters innermost, as the kernels read it (OIHWBiBo), or of filters
 * alone where there is less than a block of channels (OIHWBo).
 */
function inBlocks(w: Value, block: number): Value {
  const [filters, channels, rows, columns] = w.shape as [number, number, number, number];
  if (channels < block) {
    const split = reshape(w, [filters / block, block, channels, rows, columns]);
    return reshape(transpose(split, [0, 2, 3, 4, 1]), w.shape);
  }
  const split = reshape(w, [filters / block, block, channels / block, block, rows, columns]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), w.shape);
}
