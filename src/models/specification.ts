// The trainable family that a specification means, with one number for its capacity.
import { requireInteger } from '../errors.ts';
import type { Shape } from '../graph/index.ts';
import { flatten, sizeOf } from '../graph/index.ts';
import type { Activation } from './activations.ts';
import { cnn } from './cnn.ts';
import type { ModelFamily } from './family.ts';
import { madry } from './madry.ts';
import { mlp, twoLayer } from './mlp.ts';
import { residualCnn } from './residual-cnn.ts';
import type { ModelSpecification } from './schema.ts';
import { startingAtZero } from './starting-at-zero.ts';
import { twoLayerBatchNorm } from './two-layer-batch-norm.ts';
import { visionTransformer } from './vision-transformer.ts';

/** Hidden units of a CNN per base channel. */
const HIDDEN_PER_CHANNEL = 16;

/**
 * The family of this capacity for points of `inputShape` and `outputs` numbers per point. What `size` is, and the order
 * of P in it with all else fixed (d numbers per point, m outputs):
 *
 * - `two-layer`: k neurons; P = k (d + 1) + m (k + 1), or k (d + 2) + m (k + 1) with batch normalisation: linear.
 * - `mlp`: width of every hidden layer; quadratic for two hidden layers and more, linear for one.
 * - `cnn`: channels s of the first convolution; the next have 2 s, 4 s, ..., the hidden layer 16 s units: quadratic.
 * - `madry`: the capacity scale s; P = 12744 s^2 + 760 s + 10 on MNIST: quadratic.
 * - `residual-cnn`: channels; quadratic, and independent of the size of the image.
 * - `vision-transformer`: the embedding dimension; quadratic.
 *
 * Vector models (`two-layer`, `mlp`) take points of any shape, flattened inside the graph. Image models take
 * `[channels, height, width]`, `[height, width]`, or `[d]` with d a square, which is then an image of one channel.
 *
 * @throws invalid-argument where size or outputs are no integers >= 1, the points are no images, the patch does not divide
 *   the image, or the heads do not divide the embedding.
 */
export function createFamily(
  specification: ModelSpecification,
  size: number,
  inputShape: Shape,
  outputs: number,
): ModelFamily {
  requireInteger(describeSize(specification), size);
  requireInteger('outputs', outputs);
  const d = sizeOf(inputShape);
  switch (specification.model) {
    case 'two-layer': {
      const { activation } = specification;
      const family = specification.batchNorm
        ? twoLayerBatchNorm(d, size, outputs, activation)
        : twoLayer(d, size, outputs, activation);
      return flattening(specification.fromZero ? startingAtZero(family, 'layer2') : family, inputShape);
    }
    case 'mlp': {
      const hidden = new Array<number>(specification.layers).fill(size);
      return flattening(mlp([d, ...hidden, outputs], specification.activation), inputShape);
    }
    case 'cnn': {
      const channels = Array.from({ length: specification.layers }, (_, i) => size * 2 ** i);
      return cnn(inputShape, channels, HIDDEN_PER_CHANNEL * size, outputs, specification.activation);
    }
    case 'madry':
      return madry(size, inputShape, outputs);
    case 'residual-cnn':
      return residualCnn(inputShape, size, specification.blocks, outputs, specification.activation);
    case 'vision-transformer':
      return visionTransformer(
        inputShape,
        specification.patch,
        size,
        specification.depth,
        specification.heads,
        outputs,
      );
  }
}

/** The activation of the hidden layers: what the specification says, or what the architecture has by definition. */
export function activationOf(specification: ModelSpecification): Activation {
  if ('activation' in specification) return specification.activation;
  return specification.model === 'madry' ? 'relu' : 'gelu';
}

/** What the capacity of a family counts, in the plural: "neurons". */
export function describeSize(specification: Pick<ModelSpecification, 'model'>): string {
  switch (specification.model) {
    case 'two-layer':
      return 'neurons';
    case 'mlp':
      return 'neurons per hidden layer';
    case 'cnn':
      return 'channels of the first convolution';
    case 'madry':
      return 'capacity scale';
    case 'residual-cnn':
      return 'channels';
    case 'vision-transformer':
      return 'embedding dimensions';
  }
}

/** A family of vectors on points of another shape, which the graph flattens. */
function flattening(family: ModelFamily, inputShape: Shape): ModelFamily {
  if (inputShape.length === 1) return family;
  const { forwardInTraining } = family;
  return {
    ...family,
    inputShape,
    forward: (x, weights) => family.forward(flatten(x), weights),
    ...(forwardInTraining
      ? { forwardInTraining: (x, weights) => forwardInTraining(flatten(x), weights) }
      : {}),
  };
}
