// A convolution with max pooling behind it, in phases: the windows of the pooling, p_1 x p_2 x ... cells side by side, become
// the stride of a convolution with a kernel per cell of a window, and the largest of these p_1 p_2 ... phases is taken. (The
// polyphase decomposition of filter banks: Vaidyanathan 1993, section 4.3.)
//
//   max over a of (sum over t of x[p o + a + t] w[t])  =  max over a of (sum over t of x[p o + t] w_a[t]),   w_a[t] = w[t - a]
//
// ONNX Runtime copies every cell of the image into the windows that see it: with a kernel of k x k cells that is k^2 copies, in
// phases ((k + p - 1) / p)^2, of larger kernels with zeros at their rims. Pooling and its derivative become a maximum of arrays
// side by side. To be applied before differentiation: the gradients by image and kernel have fewer copies then, too.
import { rebuild, topological } from './graph.ts';
import { add } from './ops/arithmetic.ts';
import { Conv, conv, convSweeps } from './ops/conv.ts';
import { concat, reshape } from './ops/layout.ts';
import { MaxPool, poolSweeps, tiles } from './ops/pooling.ts';
import { reduceMax } from './ops/reduction.ts';
import { pad } from './ops/slicing.ts';
import type { Node, Value } from './value.ts';

/**
 * Most weights per tap of a kernel, channels by filters, with which phases pay: kernels with zeros take ((k + p - 1) / k)^2 as
 * many multiplications, which at some number of weights is more than the copies save. Training steps of two convolutions with
 * kernels of 5 x 5 and windows of 2 x 2 take 0.50 of the time with 2 and 8 weights and 0.62 with 4 and 32. In phases a
 * convolution with 128 weights saves 3 % of a step, one with 512 costs 19 %.
 */
const FEW_WEIGHTS = 64;

/** The same values, with convolutions of few channels and filters that go into max pooling alone computed in phases. */
export function inPhases(outputs: readonly Value[]): Value[] {
  const uses = usesOf(outputs);
  return rebuild(outputs, (node, inputs) => {
    if (!isTiling(node, uses)) return undefined;
    const [image] = inputs as readonly [Value];
    const only = uses.get(node.inputs[0]!) === 1;
    return only && suits(image.node) ? [pooledConv(image.node, windowOf(node)), undefined] : undefined;
  });
}

/** How many inputs of operators, and outputs of the whole, a value is. */
function usesOf(outputs: readonly Value[]): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const used = [...topological(outputs).flatMap((node) => node.inputs), ...outputs];
  for (const value of used) if (value) uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

/** Max pooling with windows side by side, of which the positions of the largest cells are not asked for. */
function isTiling(node: Node, uses: ReadonlyMap<Value, number>): boolean {
  if (node.op !== MaxPool || uses.has(node.outputs[1]!)) return false;
  return poolSweeps(node.inputs, node.attributes).every(tiles);
}

const windowOf = (node: Node): number[] => poolSweeps(node.inputs, node.attributes).map((s) => s.kernel);

/** A convolution that looks at every cell, with few weights per tap. */
function suits({ op, inputs, attributes }: Node): boolean {
  if (op !== Conv || (attributes.group ?? 1) !== 1) return false;
  const [x, w] = inputs as readonly [Value, Value];
  const dense = convSweeps(x, w, attributes).every((s) => s.stride === 1 && s.dilation === 1);
  return dense && w.shape[0]! * w.shape[1]! <= FEW_WEIGHTS;
}

/** The largest value in each window of a convolution x `[batch, channels, ...]` by w `[filters, channels, ...]`. */
function pooledConv({ inputs, attributes }: Node, window: readonly number[]): Value {
  const [x, w, bias] = inputs as readonly [Value, Value, Value | undefined];
  const all = convSweeps(x, w, attributes);
  const kernels = offsetsIn(window).map((offset) =>
    pad(w, [0, 0, ...offset], [0, 0, ...offset.map((a, i) => window[i]! - 1 - a)]),
  );
  const y = conv(x, concat(kernels, 0), undefined, {
    strides: window,
    pads: [...all.map((s) => s.before), ...all.map((s) => s.after)],
  });
  const [batch, , ...positions] = y.shape as readonly [number, number, ...number[]];
  const filters = w.shape[0]!;
  const largest = reduceMax(reshape(y, [batch, kernels.length, filters, ...positions]), [1], false);
  return bias ? add(largest, reshape(bias, [filters, ...positions.map(() => 1)])) : largest;
}

/** The cells of a window, by their distance from its first. */
function offsetsIn(window: readonly number[]): number[][] {
  return window.reduce<number[][]>(
    (offsets, length) => offsets.flatMap((offset) => Array.from({ length }, (_, a) => [...offset, a])),
    [[]],
  );
}
