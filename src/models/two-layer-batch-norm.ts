// The two-layer network with batch normalisation of the experiments of Bubeck, Li and Nagaraj (2021, section 4).
import { requireInteger } from '../errors.ts';
import { ACTIVATIONS, type Activation } from './activations.ts';
import {
  EPSILON,
  normalisationStatistics,
  normalisationWeights,
  normaliseByBatch,
  normaliseByStatistics,
} from './batch-normalisation.ts';
import type { ModelFamily, Weights } from './family.ts';
import { draw, type InitialWeights, shapesOf } from './initialisation.ts';
import { dense, denseWeights } from './layers.ts';

const HIDDEN = 'layer1';
const NORMALISATION = 'normalisation';
const OUTPUT = 'layer2';

/**
 * f(x) = A phi(N(W x)) + c with k neurons from R^d to R^m, where N normalises every neuron over a batch, then scales by
 * gamma and shifts by beta: P = k d + 2 k + m (k + 1). W x has no bias of its own, which N would take away again.
 *
 * In use, N has the running statistics, which are constants: f is then the two-layer network with weights
 * gamma_l / sqrt(variance_l + 1e-5) w_l, whatever batch a point comes in. In training, N has the statistics of the batch,
 * so that f(x) depends on the other points. `withStatistics()` makes the two agree on a whole data set.
 *
 * @param width k.
 * @throws invalid-argument for a size that is no integer >= 1, and in training for batches of one point.
 */
export function twoLayerBatchNorm(
  inputs: number,
  width: number,
  outputs = 1,
  activation: Activation = 'relu',
): ModelFamily {
  requireInteger('inputs', inputs);
  requireInteger('width', width);
  requireInteger('outputs', outputs);
  const phi = ACTIVATIONS[activation];
  const { [`${HIDDEN}.bias`]: _, ...hidden } = denseWeights(HIDDEN, inputs, width, 1);
  const initial: InitialWeights = {
    ...hidden,
    ...normalisationWeights(NORMALISATION, width),
    ...denseWeights(OUTPUT, width, outputs, phi.gain),
  };
  const statistics = normalisationStatistics(NORMALISATION, width);
  return {
    name: `${activation}-two-layer-batch-norm-${inputs}-${width}-${outputs}`,
    inputShape: [inputs],
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount: width * inputs + 2 * width + outputs * (width + 1),
    statisticShapes: shapesOf(statistics),
    initialise: (rng, dtype = 'float32') => draw({ ...initial, ...statistics }, rng, dtype),
    forward: (x, weights) => {
      const z = normaliseByStatistics(NORMALISATION, dense(HIDDEN, x, weights), weights);
      return dense(OUTPUT, phi.apply(z), weights);
    },
    forwardInTraining: (x, weights) => {
      const { output, statistics } = normaliseByBatch(NORMALISATION, dense(HIDDEN, x, weights), weights);
      return { output: dense(OUTPUT, phi.apply(output), weights), statistics };
    },
  };
}

/**
 * Least Euclidean norm of all parameters of a plain two-layer ReLU network that is the same function as the network with
 * batch normalisation in use: sqrt( 2 sum_l |A_l| |(w_l', b_l')| + |c|^2 ) with A_l the column of A behind neuron l,
 * w_l' = s_l w_l, b_l' = beta_l - s_l mean_l, s_l = gamma_l / sqrt(variance_l + 1e-5).
 *
 * ReLU is homogeneous: (t v_l, A_l / t) is the same neuron for all t > 0, and t^2 |v|^2 + |A|^2 / t^2 is least, 2 |v| |A|,
 * at t^2 = |A| / |v|. So the function is in the class of plain networks with parameters of at most that norm, which is fixed
 * before the data are seen, although the statistics are not.
 *
 * @param weights of `twoLayerBatchNorm()`, parameters and statistics.
 */
export function plainNorm(weights: Weights): number {
  const of = (name: string) => weights[name]!.data as Float32Array | Float64Array;
  const [k, d] = weights[`${HIDDEN}.weight`]!.shape as readonly [number, number];
  const [w, a] = [of(`${HIDDEN}.weight`), of(`${OUTPUT}.weight`)];
  const [gamma, beta] = [of(`${NORMALISATION}.gamma`), of(`${NORMALISATION}.beta`)];
  const [mean, variance] = [of(`${NORMALISATION}.mean`), of(`${NORMALISATION}.variance`)];
  const outputs = a.length / k;
  const squareSum = (values: Float32Array | Float64Array, from: number, stride: number, count: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[from + i * stride]! ** 2;
    return sum;
  };
  let squares = squareSum(of(`${OUTPUT}.bias`), 0, 1, outputs);
  for (let l = 0; l < k; l++) {
    const slope = gamma[l]! / Math.sqrt(variance[l]! + EPSILON);
    const row = slope * Math.sqrt(squareSum(w, l * d, 1, d));
    const column = Math.sqrt(squareSum(a, l, k, outputs));
    squares += 2 * column * Math.hypot(row, beta[l]! - slope * mean[l]!);
  }
  return Math.sqrt(squares);
}
