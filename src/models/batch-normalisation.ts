// Batch normalisation (Ioffe and Szegedy 2015), with the running statistics that PyTorch keeps.
import { invalidArgument } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { add, batchNormalization, mul, reciprocal, reduceMean, sqrt, square, sub } from '../graph/index.ts';
import type { InitialWeights } from './initialisation.ts';

type Values = Readonly<Record<string, Value>>;

/** Added to a variance before its root is taken; in the precision in which ONNX keeps it. */
export const EPSILON = Math.fround(1e-5);

/** Share of the latest batch in the running statistics. */
const MOMENTUM = 0.1;

/** Trained weights: `<name>.gamma` and `<name>.beta`, `[channels]` each. */
export function normalisationWeights(name: string, channels: number): InitialWeights {
  return {
    [`${name}.gamma`]: { shape: [channels], fill: 1 },
    [`${name}.beta`]: { shape: [channels], fill: 0 },
  };
}

/** Running statistics: `<name>.mean` and `<name>.variance`, `[channels]` each; no parameters. */
export function normalisationStatistics(name: string, channels: number): InitialWeights {
  return {
    [`${name}.mean`]: { shape: [channels], fill: 0 },
    [`${name}.variance`]: { shape: [channels], fill: 1 },
  };
}

/** gamma (z - mean) / sqrt(variance + epsilon) + beta with the running statistics: an affine map of z `[batch, channels]`. */
export function normaliseByStatistics(name: string, z: Value, weights: Values): Value {
  const of = (part: string) => weights[`${name}.${part}`]!;
  return batchNormalization(z, of('gamma'), of('beta'), of('mean'), of('variance'), EPSILON);
}

/**
 * The same with mean and variance (1/n) of the batch z `[batch, channels]`, through which gradients pass, and the
 * running statistics after it: r <- 0.9 r + 0.1 s with s the mean and the unbiased variance (1/(n-1)) of the batch.
 *
 * @throws invalid-argument for a batch of one point, which has no variance.
 */
export function normaliseByBatch(
  name: string,
  z: Value,
  weights: Values,
): { readonly output: Value; readonly statistics: Record<string, Value> } {
  const batch = z.shape[0]!;
  if (batch < 2) {
    throw invalidArgument('batch size', batch, 'at least 2 points in training with batch normalisation');
  }
  const mean = reduceMean(z, [0], false);
  const centred = sub(z, mean);
  const variance = reduceMean(square(centred), [0], false);
  const slope = mul(weights[`${name}.gamma`]!, reciprocal(sqrt(add(variance, EPSILON))));
  const running = (part: string, latest: Value, factor: number) =>
    add(mul(weights[`${name}.${part}`]!, 1 - MOMENTUM), mul(latest, MOMENTUM * factor));
  return {
    output: add(mul(centred, slope), weights[`${name}.beta`]!),
    statistics: {
      [`${name}.mean`]: running('mean', mean, 1),
      [`${name}.variance`]: running('variance', variance, batch / (batch - 1)),
    },
  };
}

/** Mean and variance (1/n) of the one batch of `batch` points that took running statistics from zero to these. */
export function momentsFromRunning(
  mean: Float64Array,
  variance: Float64Array,
  batch: number,
): { readonly mean: Float64Array; readonly variance: Float64Array } {
  return {
    mean: mean.map((m) => m / MOMENTUM),
    variance: variance.map((v) => (v / MOMENTUM) * (1 - 1 / batch)),
  };
}
