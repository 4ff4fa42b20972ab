// Random small models of every kind that a certificate must survive: dense, convolutional, residual and densely connected,
// with every activation; each a function of its key alone.
import {
  abs,
  add,
  averagePool,
  batchNormalization,
  celu,
  clip,
  concat,
  conv,
  elu,
  gelu,
  graph,
  hardSwish,
  input,
  leakyRelu,
  linear,
  type Model,
  maximum,
  maxPool,
  mish,
  modelFrom,
  mul,
  parameter,
  prelu,
  relu,
  reshape,
  selu,
  sigmoid,
  softplus,
  softsign,
  tanh,
  tensor,
  type Value,
} from '../../src/graph/index.ts';
import { integers, normal, type Rng, uniform } from '../../src/random/index.ts';

export const ACTIVATIONS: Readonly<Record<string, (x: Value, weights: Weights) => Value>> = {
  relu,
  'leaky relu': (x) => leakyRelu(x, 0.1),
  prelu: (x, weights) => prelu(x, weights('slopes', [x.shape[1]!, ...x.shape.slice(2).map(() => 1)], 0.5)),
  'max with 0': (x) => maximum(x, 0),
  clip: (x) => clip(x, -0.5, 1),
  abs,
  tanh,
  sigmoid,
  silu: (x) => mul(x, sigmoid(x)),
  gelu: (x) => gelu(x),
  'tanh gelu': (x) => gelu(x, 'tanh'),
  elu: (x) => elu(x, 0.7),
  selu,
  celu: (x) => celu(x),
  softplus,
  softsign,
  mish,
  'hard swish': hardSwish,
};

/** A new parameter with Gaussian entries of this scale (default 1 / sqrt(fan-in)). */
type Weights = (name: string, shape: readonly number[], scale?: number) => Value;

/** How a random model is built; `describe` names it in failures. */
export interface RandomModel {
  readonly description: string;
  readonly model: Model;
  readonly features: number;
}

/** `piecewise` keeps to activations with finitely many pieces, for exact constants. */
export function randomModel(key: Rng, piecewise = false): RandomModel {
  const pick = <T>(name: string, items: readonly T[]): T =>
    items[integers(key.split(name), 1, 0, items.length)[0]!]!;
  const names = Object.keys(ACTIVATIONS).slice(0, piecewise ? 6 : undefined);
  const activation = pick('activation', names);
  const kind = pick('kind', ['dense', 'dense', 'residual', 'concatenated', 'convolutional', 'residual cnn']);
  const depth = pick('depth', [1, 2, 3, 4, 5, 6]);
  const bias = pick('bias', [true, true, false]);
  const outputs = pick('outputs', [1, 1, 2, 4]);
  const side = 5;
  const features = kind.endsWith('cnn') || kind === 'convolutional' ? side * side : pick('d', [1, 2, 3, 6]);
  const width = pick('width', [1, 3, 6]);
  const build = (batch: number) => {
    let count = 0;
    const weights: Weights = (name, shape, scale) => {
      const path = `${name} ${count++}`;
      const size = shape.reduce((a, b) => a * b, 1);
      const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
      const entries = normal(key.split(path), size).map((z) => z * (scale ?? 1.5 / Math.sqrt(fanIn)));
      return parameter(path, tensor('float32', shape, entries));
    };
    const dense = (x: Value, out: number) =>
      linear(x, weights('weight', [out, x.shape[1]!]), bias ? weights('bias', [out], 0.5) : undefined);
    const act = (x: Value) => ACTIVATIONS[activation]!(x, weights);
    const normed = (x: Value) => {
      const channels = x.shape[1]!;
      const positive = (name: string) =>
        parameter(
          `${name} ${count++}`,
          tensor('float32', [channels], uniform(key.split(`${name} ${count}`), channels, 0.5, 2)),
        );
      return batchNormalization(
        x,
        weights('scale', [channels], 1),
        weights('shift', [channels], 0.5),
        weights('mean', [channels], 0.5),
        positive('variance'),
      );
    };
    const convolved = (x: Value, channels: number, how: string) => {
      const group = how === 'grouped' && channels % 2 === 0 && x.shape[1]! % 2 === 0 ? 2 : 1;
      const stride = how === 'strided' && x.shape[2]! > 2 ? 2 : 1;
      const dilation = how === 'dilated' ? 2 : 1;
      return conv(
        x,
        weights('kernel', [channels, x.shape[1]! / group, 3, 3]),
        bias ? weights('bias', [channels], 0.3) : undefined,
        {
          group,
          strides: [stride, stride],
          dilations: [dilation, dilation],
          pads: [dilation, dilation, dilation, dilation],
        },
      );
    };
    const x = input('x', 'float32', features === side * side ? [batch, 1, side, side] : [batch, features]);
    let h: Value = x;
    if (kind === 'dense') for (let i = 0; i < depth; i++) h = act(dense(h, width));
    if (kind === 'residual') {
      h = dense(h, width);
      for (let i = 0; i < Math.min(depth, 3); i++) h = add(h, dense(act(dense(h, width)), width));
    }
    if (kind === 'concatenated')
      for (let i = 0; i < Math.min(depth, 3); i++) h = concat([h, act(dense(h, width))], 1);
    if (kind === 'convolutional') {
      h = act(convolved(h, 2, pick('first', ['plain', 'strided', 'dilated'])));
      if (depth > 1) h = act(normed(convolved(h, 2, pick('second', ['plain', 'grouped', 'strided']))));
      if (depth > 3) h = maxPool(h, [2, 2], { strides: [2, 2] });
      else if (depth > 2) h = averagePool(h, [2, 2], { strides: [1, 1] });
    }
    if (kind === 'residual cnn') {
      h = convolved(h, 2, 'strided');
      h = add(h, normed(convolved(act(h), 2, 'plain')));
      if (depth > 3) h = maxPool(act(h), [2, 2], { strides: [1, 1] });
    }
    const flat = h.shape.length > 2 ? reshape(h, [batch, h.shape.slice(1).reduce((a, b) => a * b, 1)]) : h;
    return graph([x], { y: dense(flat, outputs) });
  };
  return {
    description: `${kind}, ${activation}, depth ${depth}, width ${width}, ${features} -> ${outputs}, key ${key.path}`,
    model: modelFrom('random', build),
    features,
  };
}
