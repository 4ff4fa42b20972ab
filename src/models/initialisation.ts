// Random initial weights (He, Zhang, Ren and Sun 2015, "Delving deep into rectifiers", equation (10)).
import type { FloatType, Shape, Tensor } from '../graph/index.ts';
import { sizeOf, tensor } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';
import { normal } from '../random/index.ts';

/**
 * How a weight starts: every entry equal to `fill`, or independent N(0, gain / fanIn) entries, where `fanIn` is how many
 * numbers enter one output of the layer.
 */
export type InitialWeight =
  | { readonly shape: Shape; readonly fill: number }
  | { readonly shape: Shape; readonly fanIn: number; readonly gain: number };

/** Named weights in the order in which the forward pass uses them, and how each starts. */
export type InitialWeights = Readonly<Record<string, InitialWeight>>;

/**
 * Independent N(0, gain / fanIn) entries. The gain of an activation (`ACTIVATIONS`) keeps the second moment of a signal
 * through it: 2 for a ReLU, 1 for a linear layer.
 */
export function heNormal(rng: Rng, dtype: FloatType, shape: Shape, fanIn: number, gain: number): Tensor {
  const deviation = Math.sqrt(gain / fanIn);
  const entries = normal(rng, sizeOf(shape));
  for (let i = 0; i < entries.length; i++) entries[i]! *= deviation;
  return tensor(dtype, shape, entries);
}

/** The weights themselves; those of each name are a function of `rng.split(name)`. */
export function draw(weights: InitialWeights, rng: Rng, dtype: FloatType): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]): [string, Tensor] => [
      name,
      'fill' in weight
        ? tensor(dtype, weight.shape, new Float64Array(sizeOf(weight.shape)).fill(weight.fill))
        : heNormal(rng.split(name), dtype, weight.shape, weight.fanIn, weight.gain),
    ]),
  );
}

export function shapesOf(weights: InitialWeights): Record<string, Shape> {
  return Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
}
