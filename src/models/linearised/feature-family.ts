// Models that are linear in what is trained: f(x) = Phi(x)^T theta with features made of a random projection that stays fixed.
import { invalidArgument, requireInteger, requirePositive } from '../../errors.ts';
import type { Tensor, Value } from '../../graph/index.ts';
import { constant, gemm, tensor } from '../../graph/index.ts';
import { normal, type Rng } from '../../random/index.ts';
import type { ModelFamily } from '../family.ts';

/** A family whose only weight is `theta`, and whose outputs are linear in it. Its theta starts at zero. */
export interface FeatureFamily extends ModelFamily {
  /** V, `[k, d]`: a constant of the class, drawn before the data are seen. */
  readonly projection: Tensor;
  /** The entries of V. They are not trained and not part of P, which counts theta alone. */
  readonly fixedParameters: number;
  /** p, features per output; P = m p. */
  readonly features: number;
  /** What the features are made of: z = x V^T `[n, k]` to `[n, k]`, neuron by neuron. */
  hidden(z: Value): Value;
  /** Phi `[n, p]` from hidden values `[n, k]` and points `[n, d]`. */
  featuresOf(hidden: Value, x: Value): Value;
  /** Phi Phi^T `[n, n]` from the Gram matrix of the hidden values. */
  kernelOf(hiddenGram: Value, x: Value): Value;
  /** Phi^T alpha in the shape of theta, for the neurons whose hidden values `[n, part of k]` are given; alpha `[n, m]`. */
  combine(hidden: Value, x: Value, alpha: Value): Value;
}

/**
 * V with independent N(0, 1 / radius^2) entries, so that v . x is a standard normal number for points of that norm.
 *
 * @throws invalid-argument for sizes that are no integers >= 1 and a radius that is not positive.
 */
export function gaussianProjection(inputs: number, width: number, rng: Rng, radius: number): Tensor {
  requireInteger('inputs', inputs);
  requireInteger('neurons', width);
  requirePositive('radius', radius);
  const entries = normal(rng.split('projection'), width * inputs).map((z) => z / radius);
  if (!entries.every(Number.isFinite)) throw invalidArgument('radius', radius, 'the typical norm of a point');
  return tensor('float64', [width, inputs], entries);
}

/** x V^T in the type of x. */
export function project(x: Value, projection: Tensor): Value {
  const { shape, data } = projection;
  const v = x.dtype === 'float32' ? tensor('float32', shape, data) : projection;
  return gemm(x, constant(v), { transB: 1 });
}
