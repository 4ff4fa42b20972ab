// Convolutional networks for small images, without pooling: convolutions, activations, two dense layers.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Shape } from '../graph/index.ts';
import { flatten } from '../graph/index.ts';
import { ACTIVATIONS, type Activation } from './activations.ts';
import type { ModelFamily } from './family.ts';
import { asImages, imageAxes } from './image.ts';
import { draw, type InitialWeights, shapesOf } from './initialisation.ts';
import { convolution, convolutionWeights, dense, denseWeights } from './layers.ts';

const KERNEL = 3;

/** Every convolution looks at every second cell: the image shrinks without a maximum, which would add kinks. */
const STRIDE = 2;

/**
 * Convolutions 3 x 3 with stride 2 to c_1, ..., c_D channels, each followed by the activation, then a layer of `hidden`
 * units with the activation, then the outputs; all with biases. An h x w image becomes ceil(h / 2) x ceil(w / 2) at every
 * convolution. With q cells left at the end,
 *
 * P = sum_i c_i (9 c_(i-1) + 1) + hidden (c_D q + 1) + m (hidden + 1).
 *
 * @param imageShape shape of one point, as `imageAxes()` takes them.
 * @param channels `[c_1, ..., c_D]`, D >= 1.
 * @throws invalid-argument for no channels and for sizes that are no integers >= 1.
 */
export function cnn(
  imageShape: Shape,
  channels: readonly number[],
  hidden: number,
  outputs: number,
  activation: Activation = 'relu',
): ModelFamily {
  if (channels.length === 0) throw invalidArgument('channels', '[]', 'at least one convolution');
  for (const count of channels) requireInteger('channels', count);
  requireInteger('hidden units', hidden);
  requireInteger('outputs', outputs);
  const image = imageAxes(imageShape);
  const phi = ACTIVATIONS[activation];
  const shrunk = (side: number) => channels.reduce((length) => Math.ceil(length / STRIDE), side);
  const features = channels.at(-1)! * shrunk(image.height) * shrunk(image.width);
  const layers = channels.map((out, i) => ({
    name: `convolution${i + 1}`,
    in: i === 0 ? image.channels : channels[i - 1]!,
    out,
  }));
  const initial: InitialWeights = Object.assign(
    {},
    ...layers.map((layer) => convolutionWeights(layer.name, layer.in, layer.out, KERNEL, phi.gain)),
    denseWeights('dense1', features, hidden, phi.gain),
    denseWeights('dense2', hidden, outputs, 1),
  );
  return {
    name: `${activation}-cnn-${imageShape.join('x')}-${channels.join('-')}-${hidden}-${outputs}`,
    inputShape: imageShape,
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount:
      layers.reduce((sum, layer) => sum + layer.out * (KERNEL ** 2 * layer.in + 1), 0) +
      hidden * (features + 1) +
      outputs * (hidden + 1),
    statisticShapes: {},
    initialise: (rng, dtype = 'float32') => draw(initial, rng, dtype),
    forward: (x, weights) => {
      const h = layers.reduce(
        (z, layer) => phi.apply(convolution(layer.name, z, weights, STRIDE)),
        asImages(x, image),
      );
      return dense('dense2', phi.apply(dense('dense1', flatten(h), weights)), weights);
    },
  };
}
