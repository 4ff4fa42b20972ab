// Windows of an image that a random search changes: how large they are at each query, and where.

/**
 * The layout of a point, row-major: its planes one after another, `[channels, height, width]` in memory or, with 'channels
 * last', `[height, width, channels]`. The sides are named in the order of the former.
 */
export type ImageShape = readonly [
  channels: number,
  height: number,
  width: number,
  order?: 'channels first' | 'channels last',
];

/** The index of a pixel within a point. */
export function pixelAt(
  [channels, height, width, order]: ImageShape,
  channel: number,
  row: number,
  column: number,
): number {
  if (order === 'channels last') return (row * width + column) * channels + channel;
  return (channel * height + row) * width + column;
}

/** The channel of the entry at an index within a point. */
export function channelOf([channels, height, width, order]: ImageShape, index: number): number {
  return order === 'channels last' ? index % channels : Math.floor(index / (height * width));
}

export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The share of the pixels that a window takes at first. */
const FIRST_SHARE = 0.8;

/** Of 10,000 queries, those after which the share is halved. */
const HALVED_AFTER = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** The share of the pixels at one of so many queries (Andriushchenko et al. 2020, section 3.1, scaled to the budget). */
export function share(query: number, queries: number): number {
  const scaled = Math.floor((query / queries) * 10_000);
  return FIRST_SHARE / 2 ** HALVED_AFTER.filter((after) => scaled > after).length;
}

/**
 * `[height, width]` of a window of so large a share of the image: a square with sides >= `least`, odd if `odd`, or, in an
 * image too flat for it, what fits, longer instead.
 */
export function windowSize(
  [, height, width]: ImageShape,
  pixels: number,
  least: number,
  odd: boolean,
): readonly [height: number, width: number] {
  const area = pixels * height * width;
  const rounded = Math.max(least, Math.round(Math.sqrt(area)));
  const side = odd && rounded % 2 === 0 ? rounded + 1 : rounded;
  return [
    Math.min(height, side > width ? Math.max(side, Math.round(area / width)) : side),
    Math.min(width, side > height ? Math.max(side, Math.round(area / height)) : side),
  ];
}

/** A window at a place uniform over all where it fits. */
export function placed(
  [, rows, columns]: ImageShape,
  [height, width]: readonly [number, number],
  draw: () => number,
): Window {
  return {
    top: Math.floor(draw() * (rows - height + 1)),
    left: Math.floor(draw() * (columns - width + 1)),
    height,
    width,
  };
}

/** Calls `at` with the index of every pixel of the window in one channel, and its place within the window. */
export function eachPixel(
  image: ImageShape,
  channel: number,
  window: Window,
  at: (index: number, place: number) => void,
): void {
  const apart = image[3] === 'channels last' ? image[0] : 1;
  for (let i = 0; i < window.height; i++) {
    const from = pixelAt(image, channel, window.top + i, window.left);
    for (let j = 0; j < window.width; j++) at(from + j * apart, i * window.width + j);
  }
}

/** Whether `test` holds at the index of some pixel of the window in one channel; those after it are not asked. */
export function somePixel(
  image: ImageShape,
  channel: number,
  window: Window,
  test: (index: number) => boolean,
): boolean {
  const apart = image[3] === 'channels last' ? image[0] : 1;
  for (let i = 0; i < window.height; i++) {
    const from = pixelAt(image, channel, window.top + i, window.left);
    for (let j = 0; j < window.width; j++) if (test(from + j * apart)) return true;
  }
  return false;
}

/** Copies a window of a point in all channels, or the whole point. */
export function copyWindow(
  image: ImageShape,
  window: Window | undefined,
  from: Float32Array,
  to: Float32Array,
): void {
  if (!window) to.set(from);
  else
    for (let c = 0; c < image[0]; c++)
      eachPixel(image, c, window, (at) => {
        to[at] = from[at]!;
      });
}
