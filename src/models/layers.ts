// The layers that families are put together from: each is the initial weights under a name, and what it does to a value.
import type { Value } from '../graph/index.ts';
import { conv, gemm } from '../graph/index.ts';
import type { InitialWeights } from './initialisation.ts';

type Values = Readonly<Record<string, Value>>;

/**
 * Weights of a dense layer: `<name>.weight` `[out, in]` and `<name>.bias` `[out]`, that is out (in + 1) parameters.
 *
 * @param gain variance of a weight times `inputs`; the gain of the activation behind the layer.
 */
export function denseWeights(name: string, inputs: number, outputs: number, gain: number): InitialWeights {
  return {
    [`${name}.weight`]: { shape: [outputs, inputs], fanIn: inputs, gain },
    [`${name}.bias`]: { shape: [outputs], fill: 0 },
  };
}

/** x W^T + b, or x W^T where the layer has no bias: `[batch, in]` to `[batch, out]`. */
export function dense(name: string, x: Value, weights: Values): Value {
  return gemm(x, weights[`${name}.weight`]!, { transB: 1 }, weights[`${name}.bias`]);
}

/**
 * Weights of a convolution with a square kernel: `<name>.weight` `[filters, channels, kernel, kernel]` and
 * `<name>.bias` `[filters]`, that is filters (channels kernel^2 + 1) parameters.
 */
export function convolutionWeights(
  name: string,
  channels: number,
  filters: number,
  kernel: number,
  gain: number,
): InitialWeights {
  return {
    [`${name}.weight`]: {
      shape: [filters, channels, kernel, kernel],
      fanIn: channels * kernel ** 2,
      gain,
    },
    [`${name}.bias`]: { shape: [filters], fill: 0 },
  };
}

/**
 * The convolution with (kernel - 1) / 2 zeros around the image, for an odd kernel: with stride 1 images keep their size,
 * with stride s they shrink to ceil(size / s).
 */
export function convolution(name: string, x: Value, weights: Values, stride = 1): Value {
  const weight = weights[`${name}.weight`]!;
  const around = (weight.shape[2]! - 1) / 2;
  return conv(x, weight, weights[`${name}.bias`], {
    pads: [around, around, around, around],
    ...(stride === 1 ? {} : { strides: [stride, stride] }),
  });
}
