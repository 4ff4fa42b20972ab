// Random networks with attention, normalisation and transposed convolutions; each a function of its key alone.
import type { Graph, Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import { integers, normal, type Rng, uniform } from '../../src/random/index.ts';

interface Draws {
  readonly int: (low: number, high: number) => number;
  readonly weight: (shape: readonly number[], scale?: number) => Value;
  readonly positive: (shape: readonly number[]) => Value;
  readonly pick: <T>(items: readonly T[]) => T;
}

function drawsOf(key: Rng): Draws {
  let count = 0;
  const next = () => key.split(count++);
  const make = (shape: readonly number[], values: Float64Array) =>
    g.parameter(`weight ${count}`, g.tensor('float32', shape, values));
  return {
    int: (low, high) => integers(next(), 1, low, high)[0]!,
    pick: (items) => items[integers(next(), 1, 0, items.length)[0]!]!,
    positive: (shape) => make(shape, uniform(next(), g.sizeOf(shape), 0.5, 1.5)),
    weight: (shape, scale) =>
      make(
        shape,
        normal(next(), g.sizeOf(shape)).map((z) => z * (scale ?? 1 / Math.sqrt(g.sizeOf(shape.slice(1))))),
      ),
  };
}

const ACTIVATIONS: readonly ((x: Value) => Value)[] = [
  g.relu,
  g.gelu,
  g.tanh,
  g.mish,
  g.selu,
  g.hardSwish,
  (x) => g.mul(x, g.sigmoid(x)),
];

/** Tokens through attention with a residual and normalisation, as a transformer does it, written out or as operators. */
function transformer(d: Draws): Graph {
  const [tokens, heads, each] = [d.int(2, 5), d.int(1, 3), d.int(2, 4)];
  const width = heads * each;
  const x = g.input('x', 'float32', [1, tokens, width]);
  const spelledOut = d.int(0, 2) === 1;
  const normed = (value: Value) => {
    const [scale, bias] = [d.weight([width], 1), d.weight([width], 0.3)];
    if (!spelledOut) return g.layerNormalization(value, scale, bias);
    const centred = g.sub(value, g.reduceMean(value, [-1], true));
    const deviation = g.sqrt(g.add(g.reduceMean(g.pow(centred, 2), [-1], true), 1e-5));
    return g.add(g.mul(g.div(centred, deviation), scale), bias);
  };
  const apply = (value: Value, out: number) => g.matMul(value, d.weight([value.shape.at(-1)!, out]));
  const byHead = (value: Value) => g.transpose(g.reshape(value, [1, tokens, heads, each]), [0, 2, 1, 3]);
  const normal = normed(x);
  const [q, k, v] = [0, 1, 2].map(() => byHead(apply(normal, width))) as [Value, Value, Value];
  const products = d.int(0, 2) === 1;
  const scores = products ? g.einsum('bhid,bhjd->bhij', [q, k]) : g.matMul(q, g.transpose(k, [0, 1, 3, 2]));
  const attended = g.matMul(g.softmax(g.mul(scores, 1 / Math.sqrt(each))), v);
  const merged = g.reshape(g.transpose(attended, [0, 2, 1, 3]), [1, tokens, width]);
  const residual = g.add(x, apply(merged, width));
  const hidden = d.pick(ACTIVATIONS)(apply(normed(residual), 2 * width));
  const features = g.reduceMean(g.add(residual, apply(hidden, width)), [1]);
  return g.graph([x], { y: g.matMul(features, d.weight([width, d.int(1, 4)])) });
}

/** An image through convolutions, every normalisation and pooling, and back by transposed convolution. */
function autoencoder(d: Draws): Graph {
  const x = g.input('x', 'float32', [1, 2, 6, 5]);
  const norm = d.pick<(value: Value) => Value>([
    (v) => g.instanceNormalization(v, d.weight([4], 1), d.weight([4], 1)),
    (v) => g.groupNormalization(v, 2, d.weight([2], 1), d.weight([2], 1)),
    (v) => g.batchNormalization(v, d.weight([4], 1), d.weight([4], 1), d.weight([4], 1), d.positive([4])),
    (v) => g.emit1(g.LRN, [v], { size: 3, alpha: 0.5, beta: 0.75, bias: 1 }),
    (v) => g.prelu(v, d.weight([4, 1, 1], 0.5)),
    (v) => g.sub(v, g.reduceL2(v, [1], true)),
  ]);
  const stem = norm(g.conv(x, d.weight([4, 2, 3, 3]), d.weight([4], 0.3), { pads: [1, 1, 1, 1] }));
  const active = d.pick(ACTIVATIONS)(stem);
  const pooled = d.pick<(value: Value) => Value>([
    (v) => g.maxPool(v, [2, 2], { strides: [2, 2], pads: [0, 0, 0, 1] }),
    (v) => g.maxPool(v, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    (v) => g.averagePool(v, [3, 2], { strides: [2, 2], pads: [1, 0, 1, 1] }),
    (v) => g.sub(v, g.globalMaxPool(v)),
    (v) => g.mul(v, g.sigmoid(g.globalAveragePool(v))),
  ])(active);
  const up = g.convTranspose(pooled, d.weight([4, 2, 2, 3], 0.4), d.weight([2], 0.3), {
    strides: [d.int(1, 3), 1],
    pads: [0, 1, 1, 1],
  });
  const flat = g.flatten(d.pick(ACTIVATIONS)(up));
  return g.graph([x], { y: g.linear(flat, d.weight([3, flat.shape[1]!]), d.weight([3], 0.2)) });
}

export function randomNetwork(key: Rng): Graph {
  const d = drawsOf(key);
  return d.pick([transformer, autoencoder])(d);
}
