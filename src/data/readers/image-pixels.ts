// The pixels of one PNG or JPEG file, as libpng and libjpeg-turbo decode them (through sharp).
import type { OutputInfo } from 'sharp';
import { malformed } from './bytes.ts';
import type { ImageHeader } from './image-header.ts';

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export interface Pixels {
  /** `[height, width, channels]`, without alpha; 8 or 16 bits as the header says. */
  readonly values: Uint8Array | Uint16Array;
  /** Whether the file has an alpha channel, all opaque. */
  readonly alpha: boolean;
}

/**
 * Decodes a file whose header has been read, and accepted: no more pixels than it declares are decoded. Embedded colour
 * profiles and orientations are not applied.
 *
 * @throws RobustlawError `malformed-file` for damaged or cut off files, and for transparent pixels.
 */
export async function decodePixels(
  name: string,
  bytes: Uint8Array,
  header: ImageHeader,
  resize?: ImageSize,
): Promise<Pixels> {
  const { width, height, channels } = header;
  const stored = await decode(name, bytes, header, channels, resize);
  const expected = resize ?? header;
  const { info } = stored;
  if (info.width !== expected.width || info.height !== expected.height || info.channels < channels) {
    throw malformed(
      name,
      `the image decodes to ${info.width} x ${info.height} pixels of ${info.channels} channels; its header declares ${width} x ${height} of ${channels}`,
    );
  }
  if (!info.hasAlpha) return { values: stored.values, alpha: false };
  // Gray is decoded without its alpha channel, colours with theirs.
  const { values } = channels === 1 ? await decode(name, bytes, header, 3, resize) : stored;
  return { values: withoutAlpha(name, values, channels, header.bits === 16 ? 65535 : 255), alpha: true };
}

async function decode(
  name: string,
  bytes: Uint8Array,
  { width, height, bits }: ImageHeader,
  channels: 1 | 3,
  resize: ImageSize | undefined,
): Promise<{ values: Uint8Array | Uint16Array; info: OutputInfo }> {
  // Loaded where it is needed: the decoders are native code, which other formats do without.
  const { default: sharp } = await import('sharp');
  const deep = bits === 16;
  try {
    const image = sharp(bytes, { limitInputPixels: width * height, ignoreIcc: true, failOn: 'warning' });
    const sized = resize
      ? image.resize(resize.width, resize.height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
      : image;
    const { data, info } = await sized
      .toColourspace(channels === 1 ? (deep ? 'grey16' : 'b-w') : deep ? 'rgb16' : 'srgb')
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const values = deep
      ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length))
      : data;
    return { values, info };
  } catch (error) {
    // The decoder says last, and of no use here, that its warnings are errors.
    const lines = (error as Error).message.split('\n').filter((line) => !line.startsWith('Warning treated'));
    const reason = lines.at(-1)?.trim() ? ` (${lines.at(-1)!.trim()})` : '';
    throw malformed(name, `the image is damaged or cut off${reason}`, error);
  }
}

/** The first `channels` of red, green, blue and alpha, where all is opaque. */
function withoutAlpha<T extends Uint8Array | Uint16Array>(
  name: string,
  rgba: T,
  channels: 1 | 3,
  opaque: number,
): T {
  const pixels = rgba.length / 4;
  const values = (
    rgba instanceof Uint16Array ? new Uint16Array(pixels * channels) : new Uint8Array(pixels * channels)
  ) as T;
  for (let p = 0; p < pixels; p++) {
    if (rgba[4 * p + 3] !== opaque) {
      throw malformed(
        name,
        'the image has transparent pixels, whose colours are not said; put it on a background first (flatten it)',
      );
    }
    for (let c = 0; c < channels; c++) values[p * channels + c] = rgba[4 * p + c]!;
  }
  return values;
}
