// The capacity-scaled MNIST networks of Madry, Makelov, Schmidt, Tsipras and Vladu (2018), "Towards deep learning models resistant to adversarial attacks", section 4.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Shape } from '../graph/index.ts';
import { flatten, maxPool, relu } from '../graph/index.ts';
import type { ModelFamily } from './family.ts';
import { asImages, imageAxes } from './image.ts';
import { draw, type InitialWeights, shapesOf } from './initialisation.ts';
import { convolution, convolutionWeights, dense, denseWeights } from './layers.ts';

const KERNEL = 5;

/**
 * Convolution to 2 s channels, maximum over 2 x 2, convolution to 4 s channels, maximum over 2 x 2, 64 s hidden units,
 * outputs. Kernels are 5 x 5 with zeros around the image, behind every layer but the last comes a ReLU, all layers have
 * biases. On images of c channels and h x w cells, with q = floor(h / 4) floor(w / 4),
 *
 * P = 25 c 2s + 2s + 25 (2s) (4s) + 4s + 64 s (4 s q + 1) + m (64 s + 1),
 *
 * which on MNIST is 12744 s^2 + 760 s + 10.
 *
 * @param scale s; 1, 2, 4, 8 and 16 in the paper.
 * @param imageShape shape of one point, as `imageAxes()` takes them.
 * @throws invalid-argument for a scale that is no integer >= 1, and for images below 4 x 4.
 */
export function madry(scale: number, imageShape: Shape = [1, 28, 28], outputs = 10): ModelFamily {
  requireInteger('scale', scale);
  requireInteger('outputs', outputs);
  const image = imageAxes(imageShape);
  if (image.height < 4 || image.width < 4) {
    throw invalidArgument(
      'image shape',
      `[${imageShape}]`,
      'at least 4 x 4 cells, since every side is halved twice',
    );
  }
  const [first, second, hidden] = [2 * scale, 4 * scale, 64 * scale];
  const cells = Math.floor(image.height / 4) * Math.floor(image.width / 4);
  const initial: InitialWeights = {
    ...convolutionWeights('convolution1', image.channels, first, KERNEL, 2),
    ...convolutionWeights('convolution2', first, second, KERNEL, 2),
    ...denseWeights('dense1', second * cells, hidden, 2),
    ...denseWeights('dense2', hidden, outputs, 1),
  };
  return {
    name: `madry-${scale}-${imageShape.join('x')}-${outputs}`,
    inputShape: imageShape,
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount:
      first * (KERNEL ** 2 * image.channels + 1) +
      second * (KERNEL ** 2 * first + 1) +
      hidden * (second * cells + 1) +
      outputs * (hidden + 1),
    statisticShapes: {},
    initialise: (rng, dtype = 'float32') => draw(initial, rng, dtype),
    forward: (x, weights) => {
      const half = (name: string, h: typeof x) =>
        // The same as the maximum of ReLUs, at a quarter of the ReLUs.
        relu(maxPool(convolution(name, h, weights), [2, 2], { strides: [2, 2] }));
      const h = half('convolution2', half('convolution1', asImages(x, image)));
      return dense('dense2', relu(dense('dense1', flatten(h), weights)), weights);
    },
  };
}
