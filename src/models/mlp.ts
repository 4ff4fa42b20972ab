// Fully connected ReLU networks; with one hidden layer, the class F_k of Bubeck, Li and Nagaraj (2021).
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Shape, Tensor } from '../graph/index.ts';
import { linear, relu, tensor } from '../graph/index.ts';
import type { ModelFamily } from './family.ts';
import { heNormal } from './initialisation.ts';

/**
 * f(x) = W_D relu(... relu(W_1 x + b_1) ...) + b_D, with layer widths `[d, k_1, ..., k_(D-1), m]`.
 *
 * Parameters `layer<i>.weight` `[k_i, k_(i-1)]` and `layer<i>.bias` `[k_i]`, i = 1..D, so that
 * P = sum_i k_i (k_(i-1) + 1), or sum_i k_i k_(i-1) without biases. Initial weights are He's with zero biases; the
 * last layer has no ReLU behind it and therefore half the variance.
 *
 * @param widths at least `[d, m]` (a linear model).
 * @throws invalid-argument for fewer than two widths or a width that is no integer >= 1.
 */
export function mlp(widths: readonly number[], bias = true): ModelFamily {
  if (widths.length < 2)
    throw invalidArgument('widths', `[${widths}]`, '[inputs, ...hidden layers, outputs]');
  for (const width of widths) requireInteger('width', width);
  const layers = widths.slice(1).map((out, i) => ({
    weight: `layer${i + 1}.weight`,
    bias: `layer${i + 1}.bias`,
    in: widths[i]!,
    out,
    last: i === widths.length - 2,
  }));
  return {
    name: `relu-mlp-${widths.join('-')}${bias ? '' : '-no-bias'}`,
    inputShape: [widths[0]!],
    outputs: widths.at(-1)!,
    parameterShapes: Object.fromEntries(
      layers.flatMap((layer): [string, Shape][] => [
        [layer.weight, [layer.out, layer.in]],
        ...(bias ? [[layer.bias, [layer.out]] as [string, Shape]] : []),
      ]),
    ),
    parameterCount: layers.reduce((sum, layer) => sum + layer.out * (layer.in + (bias ? 1 : 0)), 0),
    statisticShapes: {},
    initialise: (rng, dtype = 'float32') =>
      Object.fromEntries(
        layers.flatMap((layer): [string, Tensor][] => [
          [
            layer.weight,
            heNormal(rng.split(layer.weight), dtype, [layer.out, layer.in], layer.in, layer.last ? 1 : 2),
          ],
          ...(bias
            ? [[layer.bias, tensor(dtype, [layer.out], new Array(layer.out).fill(0))] as [string, Tensor]]
            : []),
        ]),
      ),
    forward: (x, parameters) =>
      layers.reduce((h, layer) => {
        const z = linear(h, parameters[layer.weight]!, bias ? parameters[layer.bias]! : undefined);
        return layer.last ? z : relu(z);
      }, x),
  };
}

/**
 * f(x) = a . relu(W x + b) + c, the two-layer network of k neurons on R^d:
 * P = k (d + 1) + (k + 1) with biases, k (d + 1) without.
 */
export function twoLayer(inputs: number, width: number, bias = true): ModelFamily {
  return mlp([inputs, width, 1], bias);
}
