// Random features (Rahimi and Recht 2007), as Bombari, Kiyani and Mondelli (2023, "Beyond the universal law of robustness") study them.
import { requireInteger } from '../../errors.ts';
import { gemm, transpose } from '../../graph/index.ts';
import type { Rng } from '../../random/index.ts';
import { ACTIVATIONS, type Activation } from '../activations.ts';
import { draw, shapesOf } from '../initialisation.ts';
import { type FeatureFamily, gaussianProjection, project } from './feature-family.ts';

/**
 * f(x) = theta phi(V x) with k random neurons, of which only theta `[m, k]` is trained: P = m k.
 *
 * @param width k.
 * @param rng determines V, with N(0, 1 / radius^2) entries.
 * @param radius norm of a typical point; defaults to sqrt(d), the scale of the paper.
 * @throws invalid-argument for sizes that are no integers >= 1 and a radius that is not positive.
 */
export function randomFeatures(
  inputs: number,
  width: number,
  outputs: number,
  activation: Activation,
  rng: Rng,
  radius: number = Math.sqrt(inputs),
): FeatureFamily {
  requireInteger('outputs', outputs);
  const projection = gaussianProjection(inputs, width, rng, radius);
  const phi = ACTIVATIONS[activation];
  const initial = { theta: { shape: [outputs, width], fill: 0 } };
  return {
    name: `${activation}-random-features-${inputs}-${width}-${outputs}`,
    inputShape: [inputs],
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount: outputs * width,
    statisticShapes: {},
    projection,
    fixedParameters: width * inputs,
    features: width,
    initialise: (key, dtype = 'float32') => draw(initial, key, dtype),
    forward: (x, weights) => gemm(phi.apply(project(x, projection)), weights.theta!, { transB: 1 }),
    hidden: (z) => phi.apply(z),
    featuresOf: (hidden) => hidden,
    kernelOf: (hiddenGram) => hiddenGram,
    combine: (hidden, _, alpha) => gemm(transpose(alpha), hidden),
  };
}
