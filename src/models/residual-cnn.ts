// Residual convolutional networks with pre-activation blocks (He, Zhang, Ren and Sun 2016, "Identity mappings in deep residual networks"), without batch normalisation.
import { requireInteger } from '../errors.ts';
import type { Shape, Value } from '../graph/index.ts';
import { add, flatten, globalAveragePool } from '../graph/index.ts';
import { ACTIVATIONS, type Activation } from './activations.ts';
import type { ModelFamily } from './family.ts';
import { asImages, imageAxes } from './image.ts';
import { draw, type InitialWeights, shapesOf } from './initialisation.ts';
import { convolution, convolutionWeights, dense, denseWeights } from './layers.ts';

const KERNEL = 3;

/**
 * h_0 = C_0 x with stride 2, h_i = h_(i-1) + C_i' phi(C_i phi(h_(i-1))) for i = 1..B, and
 * f(x) = A mean over cells of phi(h_B) + c, where the C are 3 x 3 convolutions with biases to C channels:
 *
 * P = C (9 c + 1) + 2 B C (9 C + 1) + m (C + 1) for images of c channels, whatever their size.
 *
 * The last convolution C_i' of each block starts at zero, so that every block starts as the identity and the network is
 * trainable at any depth without normalisation (Zhang, Dauphin and Ma 2019, "Fixup initialization").
 *
 * @param imageShape shape of one point, as `imageAxes()` takes them.
 * @param channels C.
 * @param blocks B >= 0.
 * @throws invalid-argument for sizes that are no integers in their range.
 */
export function residualCnn(
  imageShape: Shape,
  channels: number,
  blocks: number,
  outputs: number,
  activation: Activation = 'relu',
): ModelFamily {
  requireInteger('channels', channels);
  requireInteger('blocks', blocks, 0);
  requireInteger('outputs', outputs);
  const image = imageAxes(imageShape);
  const phi = ACTIVATIONS[activation];
  const names = Array.from(
    { length: blocks },
    (_, i) => [`block${i + 1}.first`, `block${i + 1}.last`] as const,
  );
  const initial: InitialWeights = Object.assign(
    {},
    convolutionWeights('stem', image.channels, channels, KERNEL, 1),
    ...names.flatMap(([first, last]) => [
      convolutionWeights(first, channels, channels, KERNEL, phi.gain),
      convolutionWeights(last, channels, channels, KERNEL, 1),
      { [`${last}.weight`]: { shape: [channels, channels, KERNEL, KERNEL], fill: 0 } },
    ]),
    denseWeights('output', channels, outputs, 1),
  );
  const block = (
    h: Value,
    [first, last]: readonly [string, string],
    weights: Readonly<Record<string, Value>>,
  ) => add(h, convolution(last, phi.apply(convolution(first, phi.apply(h), weights)), weights));
  return {
    name: `${activation}-residual-cnn-${imageShape.join('x')}-${channels}-${blocks}-${outputs}`,
    inputShape: imageShape,
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount:
      channels * (KERNEL ** 2 * image.channels + 1) +
      2 * blocks * channels * (KERNEL ** 2 * channels + 1) +
      outputs * (channels + 1),
    statisticShapes: {},
    initialise: (rng, dtype = 'float32') => draw(initial, rng, dtype),
    forward: (x, weights) => {
      const stem = convolution('stem', asImages(x, image), weights, 2);
      const h = names.reduce((value, pair) => block(value, pair, weights), stem);
      return dense('output', flatten(globalAveragePool(phi.apply(h))), weights);
    },
  };
}
