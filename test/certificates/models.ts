// Small models with known answers, and what the tests ask of them.
import {
  graph,
  input,
  linear,
  type Model,
  modelFrom,
  parameter,
  relu,
  tensor,
  type Value,
} from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { normal, type Rng } from '../../src/random/index.ts';

export const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

export const CLASSES = { kind: 'classification' } as const;

/** x -> W x + b with `[outputs, features]` weights, in float64. */
export function linearModel(
  w: readonly (readonly number[])[],
  b: readonly number[],
  last: (y: Value) => Value = (y) => y,
): Model {
  const weights = parameter('w', tensor('float64', [w.length, w[0]!.length], w.flat()));
  const bias = parameter('b', tensor('float64', [b.length], b));
  return modelFrom('linear', (batch) => {
    const x = input('x', 'float64', [batch, w[0]!.length]);
    return graph([x], { y: last(linear(x, weights, bias)) });
  });
}

/** A ReLU network with Gaussian weights and biases, in float64. */
export function reluModel(key: Rng, sizes: readonly number[], scale = 1): Model {
  const layers = sizes.slice(1).map((rows, k) => {
    const columns = sizes[k]!;
    const entries = normal(key.split(`w${k}`), rows * columns).map(
      (z) => (scale * 1.5 * z) / Math.sqrt(columns),
    );
    const bias = normal(key.split(`b${k}`), rows).map((z) => 0.4 * z * scale);
    return [
      parameter(`w${k}`, tensor('float64', [rows, columns], entries)),
      parameter(`b${k}`, tensor('float64', [rows], bias)),
    ] as const;
  });
  return modelFrom('relu', (batch) => {
    let h: Value = input('x', 'float64', [batch, sizes[0]!]);
    const x = h;
    layers.forEach(([w, b], k) => {
      h = linear(h, w, b);
      if (k < layers.length - 1) h = relu(h);
    });
    return graph([x], { y: h });
  });
}

/** A row of labels. */
export function label(c: number, classes: number): Float32Array {
  return new Float32Array(classes).fill(1, c, c + 1);
}

/** ||x|| in the norm. */
export function size(x: readonly number[], norm: Norm): number {
  if (norm === 'l2') return Math.hypot(...x);
  const sizes = x.map(Math.abs);
  return norm === 'l1' ? sizes.reduce((a, b) => a + b, 0) : Math.max(...sizes);
}
