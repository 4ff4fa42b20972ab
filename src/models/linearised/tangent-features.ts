// Neural tangent features (Jacot, Gabriel and Hongler 2018) of a two-layer network at its random start, as Bombari, Kiyani and Mondelli (2023, "Beyond the universal law of robustness") study them.
import { invalidArgument, requireInteger } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { full, gemm, matMul, mul, reduceSum, reshape, transpose, vjp } from '../../graph/index.ts';
import type { Rng } from '../../random/index.ts';
import { ACTIVATIONS, type Activation } from '../activations.ts';
import { draw, shapesOf } from '../initialisation.ts';
import { type FeatureFamily, gaussianProjection, project } from './feature-family.ts';

/**
 * f(x) = sum_l phi'(v_l . x) theta_l . x: the features of x are the gradient of sum_l phi(v_l . x) by V, that is
 * phi'(V x) (x) x. Trained is theta `[m, k, d]`: P = m k d. V stays as it is drawn.
 *
 * f is differentiable where phi is twice: its gradient is sum_l phi''(v_l . x) (theta_l . x) v_l + phi'(v_l . x) theta_l.
 * With a kink in phi, f has jumps and no Lipschitz constant.
 *
 * @param width k.
 * @param rng determines V, with N(0, 1 / radius^2) entries.
 * @param radius norm of a typical point; defaults to sqrt(d), the scale of the paper.
 * @throws invalid-argument for an activation that is not smooth, sizes that are no integers >= 1, and a radius that is not
 *   positive.
 */
export function tangentFeatures(
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
  if (!phi.smooth) {
    const smooth = Object.entries(ACTIVATIONS).flatMap(([name, { smooth }]) => (smooth ? [name] : []));
    throw invalidArgument(
      'activation of tangent features',
      activation,
      `one of ${smooth.join(', ')}, which have a second derivative: with a kink, the model has jumps`,
    );
  }
  const slope = (z: Value) => vjp([phi.apply(z)], [full(z.dtype, z.shape, 1)], [z])[0]!;
  const initial = { theta: { shape: [outputs, width, inputs], fill: 0 } };
  return {
    name: `${activation}-tangent-features-${inputs}-${width}-${outputs}`,
    inputShape: [inputs],
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount: outputs * width * inputs,
    statisticShapes: {},
    projection,
    fixedParameters: width * inputs,
    features: width * inputs,
    initialise: (key, dtype = 'float32') => draw(initial, key, dtype),
    forward: (x, weights) => {
      const batch = x.shape[0]!;
      const rows = reshape(weights.theta!, [outputs * width, inputs]);
      const along = reshape(gemm(x, rows, { transB: 1 }), [batch, outputs, width]);
      const slopes = reshape(slope(project(x, projection)), [batch, 1, width]);
      return reduceSum(mul(along, slopes), [2], false);
    },
    hidden: slope,
    featuresOf: (hidden, x) => {
      const [n, k] = hidden.shape as [number, number];
      const products = mul(reshape(hidden, [n, k, 1]), reshape(x, [n, 1, inputs]));
      return reshape(products, [n, k * inputs]);
    },
    kernelOf: (hiddenGram, x) => mul(hiddenGram, gemm(x, x, { transB: 1 })),
    combine: (hidden, x, alpha) => {
      const n = x.shape[0]!;
      const weighted = mul(reshape(transpose(alpha), [outputs, n, 1]), reshape(x, [1, n, inputs]));
      return matMul(transpose(hidden), weighted);
    },
  };
}
