// How the values of a point are put in the order that a model takes them in: axes exchanged, then split or joined.
import { type Shape, sameShape, sizeOf } from '../graph/index.ts';

/**
 * The order in which a model takes the values of an image: channels first (`nchw`, PyTorch), channels last (`nhwc`,
 * TensorFlow), or as the data set stores them (`flat`). A model may take the ordered values in any shape, one axis included.
 */
export type Layout = 'nchw' | 'nhwc' | 'flat';

export const LAYOUTS: readonly Layout[] = ['nchw', 'nhwc', 'flat'];

/** What leads from a point of the data to a point that the model takes; shapes are without the batch axis. */
export interface Arrangement {
  /** The point before its axes are exchanged. */
  readonly stored: Shape;
  /** Ordered axis i is stored axis order[i]; left out where the values stay in their order. */
  readonly order?: Shape;
  /** The point with its axes in order, for an image `[c, h, w]` or `[h, w, c]`. */
  readonly ordered: Shape;
  /** The same values in the shape of the model. */
  readonly shape: Shape;
}

/**
 * The arrangement of points of shape `data` for a model that takes the shape `model`; undefined where none fits.
 *
 * Axes of length 1 come and go freely, and data with one long axis are taken as stored. Where an image may be read with its
 * channels first or last, the reading that moves nothing is chosen; for a model of one axis, hasChannelsFirst() decides.
 */
export function arrange(data: Shape, model: Shape, layout: Layout): Arrangement | undefined {
  if (sizeOf(data) !== sizeOf(model)) return undefined;
  if (isFlat(data)) {
    const ordered = isFlat(model) ? [sizeOf(data)] : model;
    return { stored: ordered, ordered, shape: model };
  }
  const image = imageOf(data);
  if (layout === 'flat' || image === undefined) {
    const fits = (layout === 'flat' && isFlat(model)) || sameShape(longAxes(data), longAxes(model));
    return fits ? { stored: data, ordered: data, shape: model } : undefined;
  }
  const readings = [
    { first: true, order: layout === 'nchw' ? [0, 1, 2] : [1, 2, 0] },
    { first: false, order: layout === 'nchw' ? [2, 0, 1] : [0, 1, 2] },
  ]
    // Two long axes are the rows and columns of a gray image: exchanging them is no layout.
    .filter(({ order }) => longAxes(image).length === 3 || keepsValues(order, image))
    .map((reading) => ({ ...reading, ordered: reading.order.map((axis) => image[axis]!) }));
  const fitting = isFlat(model)
    ? readings.filter(({ first }, _, all) => all.length === 1 || first === hasChannelsFirst(image))
    : readings.filter(({ ordered }) => sameShape(longAxes(ordered), longAxes(model)));
  const chosen = fitting.find(({ order }) => keepsValues(order, image)) ?? fitting[0];
  if (chosen === undefined) return undefined;
  const { order, ordered } = chosen;
  return keepsValues(order, image)
    ? { stored: ordered, ordered, shape: model }
    : { stored: image, order, ordered, shape: model };
}

/** Where the channels are in an ordered point that has so many of them; undefined where no axis fits. */
export function channelAxis({ ordered }: Arrangement, layout: Layout, channels: number): number | undefined {
  const last = ordered.length - 1;
  const candidates = layout === 'nchw' ? [0] : layout === 'nhwc' ? [last] : [0, last];
  return candidates.find((axis) => ordered[axis] === channels);
}

/** Whether all values lie along one axis. */
export function isFlat(shape: Shape): boolean {
  return longAxes(shape).length <= 1;
}

/** The axes longer than 1. */
export function longAxes(shape: Shape): Shape {
  return shape.filter((length) => length !== 1);
}

/** Whether an image `[a, b, c]` reads as channels first: its first axis has at most 4 entries, or its last has more. */
export function hasChannelsFirst([first, , last]: Shape): boolean {
  return first! <= 4 || last! > 4;
}

/** The point as an image of three axes, a gray one as `[1, h, w]`; undefined where it is none. */
export function imageOf(data: Shape): Shape | undefined {
  if (data.length === 3) return data;
  const long = longAxes(data);
  return long.length === 2 ? [1, ...long] : long.length === 3 ? long : undefined;
}

/** Whether an exchange moves only axes of length 1, and so no value. */
function keepsValues(order: Shape, shape: Shape): boolean {
  const moved = order.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > moved[i - 1]!);
}
