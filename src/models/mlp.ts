// Fully connected networks; with one hidden layer, the class F_k(phi) of Bubeck, Li and Nagaraj (2021).
import { invalidArgument, requireInteger } from '../errors.ts';
import { ACTIVATIONS, type Activation } from './activations.ts';
import type { ModelFamily } from './family.ts';
import { draw, type InitialWeights, shapesOf } from './initialisation.ts';
import { dense, denseWeights } from './layers.ts';

/**
 * f(x) = W_D phi(... phi(W_1 x + b_1) ...) + b_D, with layer widths `[d, k_1, ..., k_(D-1), m]`.
 *
 * Parameters `layer<i>.weight` `[k_i, k_(i-1)]` and `layer<i>.bias` `[k_i]`, i = 1..D, so that
 * P = sum_i k_i (k_(i-1) + 1), or sum_i k_i k_(i-1) without biases. Initial weights are He's for the activation, with
 * zero biases; the last layer has no activation behind it and weights of variance 1 / fan-in.
 *
 * @param widths at least `[d, m]` (a linear model).
 * @throws invalid-argument for fewer than two widths or a width that is no integer >= 1.
 */
export function mlp(widths: readonly number[], activation: Activation = 'relu', bias = true): ModelFamily {
  if (widths.length < 2)
    throw invalidArgument('widths', `[${widths}]`, '[inputs, ...hidden layers, outputs]');
  for (const width of widths) requireInteger('width', width);
  const phi = ACTIVATIONS[activation];
  const depth = widths.length - 1;
  const initial: InitialWeights = Object.fromEntries(
    widths
      .slice(1)
      .flatMap((out, i) =>
        Object.entries(denseWeights(layerName(i), widths[i]!, out, i === depth - 1 ? 1 : phi.gain)).filter(
          ([name]) => bias || !name.endsWith('.bias'),
        ),
      ),
  );
  return {
    name: `${activation}-mlp-${widths.join('-')}${bias ? '' : '-no-bias'}`,
    inputShape: [widths[0]!],
    outputs: widths.at(-1)!,
    parameterShapes: shapesOf(initial),
    parameterCount: widths.slice(1).reduce((sum, out, i) => sum + out * (widths[i]! + (bias ? 1 : 0)), 0),
    statisticShapes: {},
    initialise: (rng, dtype = 'float32') => draw(initial, rng, dtype),
    forward: (x, weights) =>
      widths.slice(1).reduce((h, _, i) => {
        const z = dense(layerName(i), h, weights);
        return i === depth - 1 ? z : phi.apply(z);
      }, x),
  };
}

/** Layers count from 1. */
const layerName = (i: number): string => `layer${i + 1}`;

/**
 * f(x) = A phi(W x + b) + c, the two-layer network of k neurons from R^d to R^m:
 * P = k (d + 1) + m (k + 1) with biases, k (d + m) without.
 *
 * @param width k.
 * @throws invalid-argument for a size that is no integer >= 1.
 */
export function twoLayer(
  inputs: number,
  width: number,
  outputs = 1,
  activation: Activation = 'relu',
  bias = true,
): ModelFamily {
  return mlp([inputs, width, outputs], activation, bias);
}
