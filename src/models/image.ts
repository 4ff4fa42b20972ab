// Points as images: which shapes of points image models take, and how they see them.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Shape, Value } from '../graph/index.ts';
import { reshape } from '../graph/index.ts';

/** Axes of an image. */
export interface ImageAxes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The image that a point is: `[channels, height, width]` as it is, `[height, width]` with one channel, and a flat point
 * `[d]` with d = s^2 as an image of one channel and s rows of s.
 *
 * @throws invalid-argument for other shapes.
 */
export function imageAxes(shape: Shape): ImageAxes {
  for (const axis of shape) requireInteger('axis of the image', axis);
  if (shape.length === 3) return { channels: shape[0]!, height: shape[1]!, width: shape[2]! };
  if (shape.length === 2) return { channels: 1, height: shape[0]!, width: shape[1]! };
  const side = Math.sqrt(shape[0] ?? 0);
  if (shape.length === 1 && Number.isInteger(side)) return { channels: 1, height: side, width: side };
  throw invalidArgument(
    'image shape',
    `[${shape}]`,
    '[channels, height, width], [height, width], or [d] with d a square, per point: choose a model of vectors (two-layer, mlp), or data of images',
  );
}

/** x `[batch, ...shape]` as `[batch, channels, height, width]`. */
export function asImages(x: Value, { channels, height, width }: ImageAxes): Value {
  return reshape(x, [x.shape[0]!, channels, height, width]);
}
