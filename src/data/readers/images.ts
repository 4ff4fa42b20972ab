// Images as points: PNG and JPEG files decoded to [n, channels, height, width] with values 0 to 255, all of one size.
import { RobustlawError, requireInteger } from '../../errors.ts';
import { malformed, requireDecodable } from './bytes.ts';
import { type ImageHeader, imageHeader } from './image-header.ts';
import { decodePixels, type ImageSize, type Pixels } from './image-pixels.ts';

/** What is done to images as they are read; nothing unless it is asked for. */
export interface ImageOptions {
  /** All images are brought to this size (linear interpolation, averaging where they shrink); the aspect is not kept. */
  readonly resize?: ImageSize;
  /** `rgb` repeats the gray of gray images; `gray` is the luma 0.299 R + 0.587 G + 0.114 B of ITU-R BT.601. */
  readonly color?: 'gray' | 'rgb';
  /** Told how many images of how many are read, after every few. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** An image that has not been read yet. */
export interface ImageSource {
  /** What errors call it. */
  readonly name: string;
  /** The bytes of the PNG or JPEG file. */
  readonly read: () => Uint8Array;
}

/** Decoded images, and what a person should know about them. */
export interface Images {
  readonly x: Float32Array;
  /** `[n, channels, height, width]`. */
  readonly shape: readonly [number, number, number, number];
  readonly notes: readonly string[];
}

/** Most pixels of one image: 268 MB in the decoder. */
const MAX_PIXELS = 2 ** 26;
/** Images that the decoder works on at the same time. */
const AT_ONCE = 8;

/**
 * All images of a data set, in the order of `sources`.
 *
 * The first image decides size and channels; the memory that all take follows from it and is checked before any is decoded,
 * and each header is checked before its pixels are. Values are those of libjpeg-turbo and libpng, embedded colour profiles and
 * orientations not applied, as Pillow has them; 16 bits are divided by 257 into [0, 255]. An opaque alpha channel is left out.
 *
 * @param file opens the messages that concern all images.
 * @throws RobustlawError `malformed-file` naming the image that is damaged, cut off, transparent, or of another size or other
 *   channels than the first; `file-too-large`; `invalid-argument` for a size to resize to that is none.
 */
export async function decodeImages(
  file: string,
  sources: readonly ImageSource[],
  options: ImageOptions & { readonly maxBytes: number },
): Promise<Images> {
  const { resize, color, onProgress, maxBytes } = options;
  if (resize) {
    requireInteger('width to resize to', resize.width, 1, 2 ** 16);
    requireInteger('height to resize to', resize.height, 1, 2 ** 16);
  }
  const [first] = sources;
  if (first === undefined) throw malformed(file, 'holds no images; expected at least one PNG or JPEG file');
  const reference = imageHeader(first.name, first.read());
  const { width, height } = resize ?? reference;
  const channels = color === 'rgb' ? 3 : color === 'gray' ? 1 : reference.channels;
  const size = channels * height * width;
  requireDecodable(file, sources.length * size, 4, maxBytes);
  const x = new Float32Array(sources.length * size);
  const seen = { alpha: 0, deep: 0 };
  for (let from = 0; from < sources.length; from += AT_ONCE) {
    const chunk = sources.slice(from, from + AT_ONCE);
    const results = await Promise.allSettled(
      chunk.map(async (source, k) => {
        const bytes = source.read();
        const header = imageHeader(source.name, bytes);
        requireSameKind(source.name, header, reference, first.name, options);
        const pixels = await decodePixels(source.name, bytes, header, resize);
        if (pixels.alpha) seen.alpha++;
        if (header.bits === 16) seen.deep++;
        fill(x.subarray((from + k) * size, (from + k + 1) * size), channels, pixels, header);
      }),
    );
    // The first in order, so that the same folder gives the same error.
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    onProgress?.(from + chunk.length, sources.length);
  }
  const notes = [
    ...(resize ? [`images resized to ${width} x ${height} pixels`] : []),
    ...(color ? [`images in ${color === 'gray' ? 'gray' : 'red, green, blue'}`] : []),
    ...(seen.alpha > 0 ? [`opaque alpha channels left out: ${seen.alpha}`] : []),
    ...(seen.deep > 0 ? [`images of 16 bits, divided by 257: ${seen.deep}`] : []),
  ];
  return { x, shape: [sources.length, channels, height, width], notes };
}

function requireSameKind(
  name: string,
  header: ImageHeader,
  reference: ImageHeader,
  firstName: string,
  { resize, color }: ImageOptions,
): void {
  const pixels = header.width * header.height;
  if (pixels > MAX_PIXELS) {
    throw new RobustlawError(
      'file-too-large',
      `${name}: the image declares ${header.width} x ${header.height} pixels; expected at most ${MAX_PIXELS} in all`,
    );
  }
  if (!resize && (header.width !== reference.width || header.height !== reference.height)) {
    throw malformed(
      name,
      `the image is ${header.width} x ${header.height}; expected ${reference.width} x ${reference.height} as ${firstName}: all must have one size (or say to which they are resized: resize)`,
    );
  }
  if (!color && header.channels !== reference.channels) {
    const colours = (channels: number) => (channels === 1 ? 'gray' : 'colours');
    throw malformed(
      name,
      `the image has ${colours(header.channels)}, ${firstName} has ${colours(reference.channels)}; all must have the same (or say which: color 'gray' or 'rgb')`,
    );
  }
}

/** Channels last to channels first, with the colours that are asked for. */
function fill(point: Float32Array, channels: number, { values }: Pixels, header: ImageHeader): void {
  const area = point.length / channels;
  const unit = header.bits === 16 ? 257 : 1;
  const stored = header.channels;
  if (channels === 1 && stored === 3) {
    for (let p = 0; p < area; p++) {
      const luma = lumaOf(values[3 * p]!, values[3 * p + 1]!, values[3 * p + 2]!);
      point[p] = unit === 1 ? Math.floor(luma + 0.5) : luma / unit;
    }
    return;
  }
  for (let c = 0; c < channels; c++) {
    const from = stored === 1 ? 0 : c;
    for (let p = 0; p < area; p++) point[c * area + p] = values[p * stored + from]! / unit;
  }
}

/** The luma of ITU-R BT.601 in units of 2^-16, as Pillow computes it. */
function lumaOf(red: number, green: number, blue: number): number {
  return (19595 * red + 38470 * green + 7471 * blue) / 65536;
}
