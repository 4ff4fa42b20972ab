// What the first bytes of a PNG (W3C, "PNG Specification") or JPEG (ITU-T T.81) say: the size of the image and its colours,
// before any memory is taken for pixels.
import { malformed } from './bytes.ts';

/** What an image declares of itself. */
export interface ImageHeader {
  readonly format: 'PNG' | 'JPEG';
  readonly width: number;
  readonly height: number;
  /** Channels without transparency: 1 gray, 3 red, green, blue. */
  readonly channels: 1 | 3;
  /** Bits per channel that its values are decoded to. */
  readonly bits: 8 | 16;
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the bytes begin as a PNG or JPEG file does. */
export function isImage(bytes: Uint8Array): boolean {
  return isPng(bytes) || isJpeg(bytes);
}

/**
 * The header of a PNG or JPEG file; a palette counts as three channels.
 *
 * @param name of the image in messages.
 * @throws RobustlawError `malformed-file` for anything else, for a damaged header, and for the four inks of print (CMYK).
 */
export function imageHeader(name: string, bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) throw malformed(name, 'is empty; expected a PNG or JPEG image');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = isPng(bytes) ? pngHeader(name, view) : isJpeg(bytes) ? jpegHeader(name, view) : undefined;
  if (header === undefined) throw malformed(name, 'is no PNG or JPEG image, whatever its name says');
  if (header.width === 0 || header.height === 0)
    throw malformed(
      name,
      `the image declares ${header.width} x ${header.height} pixels; expected at least 1 x 1`,
    );
  return header;
}

function isPng(bytes: Uint8Array): boolean {
  return PNG.every((byte, i) => bytes[i] === byte);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

const PALETTE = 3;
/** Colour types of PNG without their bit for transparency: 0 gray, 2 colours, 3 a palette. */
const PNG_CHANNELS: ReadonlyMap<number, 1 | 3> = new Map([
  [0, 1],
  [2, 3],
  [PALETTE, 3],
  [4, 1],
  [6, 3],
]);

function pngHeader(name: string, view: DataView): ImageHeader {
  const IHDR = 0x49484452;
  if (view.byteLength < 33 || view.getUint32(12) !== IHDR)
    throw malformed(name, 'the PNG header is damaged or cut off');
  const channels = PNG_CHANNELS.get(view.getUint8(25));
  if (channels === undefined)
    throw malformed(name, `the PNG colour type is ${view.getUint8(25)}; expected 0, 2, 3, 4 or 6`);
  return {
    format: 'PNG',
    width: view.getUint32(16),
    height: view.getUint32(20),
    channels,
    bits: view.getUint8(24) === 16 ? 16 : 8,
  };
}

/** The frame header (markers SOF0 to SOF15) behind whatever segments precede it. */
function jpegHeader(name: string, view: DataView): ImageHeader {
  const cut = () => malformed(name, 'the JPEG image is cut off before its frame header');
  let at = 2;
  for (;;) {
    // Any number of bytes 0xff may fill the space before a marker.
    while (at < view.byteLength && view.getUint8(at) === 0xff) at++;
    if (at + 8 > view.byteLength) throw cut();
    const marker = view.getUint8(at++);
    const length = view.getUint16(at);
    if (isFrame(marker)) {
      const components = view.getUint8(at + 7);
      if (components !== 1 && components !== 3) {
        throw malformed(
          name,
          `the JPEG image has ${components} components; expected 1 (gray) or 3 (colours): convert it from CMYK to RGB`,
        );
      }
      const bits = view.getUint8(at + 2);
      if (bits !== 8) throw malformed(name, `the JPEG image has ${bits} bits per component; expected 8`);
      return {
        format: 'JPEG',
        width: view.getUint16(at + 5),
        height: view.getUint16(at + 3),
        channels: components,
        bits: 8,
      };
    }
    if (marker === 0xd9 || marker === 0xda || length < 2)
      throw malformed(name, 'the JPEG image has no frame header before its data');
    at += length;
    if (at < view.byteLength && view.getUint8(at) !== 0xff)
      throw malformed(name, `the JPEG image has no marker at byte ${at}: a segment is damaged`);
  }
}

/** SOF0 to SOF15 without the tables that lie among them: DHT, JPG and DAC. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
