// Points as pictures: which shapes are images, and PNG files of pixels and of changes inside the page.
import { encode } from 'fast-png';
import { significant } from '../number.ts';

export interface PictureLayout {
  readonly height: number;
  readonly width: number;
  /** One is grey, three are red, green and blue. */
  readonly channels: 1 | 3;
  /** Where channels stand: `[c, h, w]` or `[h, w, c]`. */
  readonly planar: boolean;
  /** A flat vector whose length is a square: it may be no picture at all. */
  readonly guessed: boolean;
}

/** The least flat vector taken for a picture: shorter ones are more often tables. */
const LEAST_SQUARE = 64;
/** Longer sides are reduced to means of blocks. */
export const LONGEST_SIDE = 96;

/** `[1, h, w]`, `[3, h, w]`, `[h, w, 1]`, `[h, w, 3]`, `[h, w]`, or a flat square of at least 64 values. */
export function pictureLayout(shape: readonly number[]): PictureLayout | undefined {
  const [a = 0, b = 0, c = 0] = shape;
  const layout = (height: number, width: number, channels: 1 | 3, planar: boolean, guessed = false) =>
    height > 1 && width > 1 ? { height, width, channels, planar, guessed } : undefined;
  if (shape.length === 3 && (a === 1 || a === 3)) return layout(b, c, a, true);
  if (shape.length === 3 && (c === 1 || c === 3)) return layout(a, b, c, false);
  if (shape.length === 2 && a > 1) return layout(a, b, 1, true);
  const flat = shape.length === 2 ? b : a;
  const side = Math.round(Math.sqrt(flat));
  if (shape.length > 2 || shape.length === 0 || flat < LEAST_SQUARE || side * side !== flat) return undefined;
  return layout(side, side, 1, true, true);
}

/** Little-endian float32 in base64; undefined unless it holds so many values. */
export function decodeFloats(base64: string, length: number): Float32Array | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== 4 * length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length }, (_, index) => view.getFloat32(4 * index, true));
}

/** A point as a data URI: `low` is black, `high` is white or the full colour. */
export function picturePng(
  values: Float32Array,
  layout: PictureLayout,
  [low, high]: readonly [number, number],
): string {
  const unit = high > low ? 255 / (high - low) : 0;
  return png(values, layout, layout.channels, (value, pixel, at) => {
    pixel[at] = byte((value - low) * unit);
  });
}

/**
 * A change as a data URI, grey where there is none. Of grey pictures more is orange and less is blue, in full colour at
 * `scale`; of colours each channel is lighter or darker than grey.
 */
export function changePng(change: Float32Array, layout: PictureLayout, scale: number): string {
  if (layout.channels === 3) {
    return png(change, layout, 3, (value, pixel, at) => {
      pixel[at] = byte(GREY + (scale > 0 ? value / scale : 0) * (255 - GREY));
    });
  }
  return png(change, layout, 3, (value, pixel, at) => {
    const part = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
    const colour = value > 0 ? MORE : LESS;
    for (let channel = 0; channel < 3; channel++) {
      pixel[3 * at + channel] = byte(GREY + part * (colour[channel]! - GREY));
    }
  });
}

/** `Grey: unchanged; orange: up to +0.0312; blue: down to −0.0312` */
export function changeKey({ channels }: PictureLayout, scale: number): string {
  const end = significant(scale);
  return channels === 1
    ? `Grey: unchanged; orange: up to +${end}; blue: down to \u2212${end}`
    : `Grey: unchanged; each colour up to \u00B1${end}`;
}

const GREY = 128;
const MORE = [255, 140, 0] as const;
const LESS = [0, 115, 255] as const;

/** `paint(value, data, index)` is called for every value, index counting pixels and channels of the picture drawn. */
function png(
  values: Float32Array,
  layout: PictureLayout,
  channels: 1 | 3,
  paint: (value: number, data: Uint8Array, index: number) => void,
): string {
  const { height, width, channels: given, planar } = layout;
  const block = Math.ceil(Math.max(height, width) / LONGEST_SIDE);
  const [rows, columns] = [Math.ceil(height / block), Math.ceil(width / block)];
  const data = new Uint8Array(rows * columns * channels);
  const value = (y: number, x: number, channel: number): number =>
    values[planar ? (channel * height + y) * width + x : (y * width + x) * given + channel]!;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let channel = 0; channel < given; channel++) {
        let [sum, count] = [0, 0];
        for (let y = row * block; y < Math.min(height, (row + 1) * block); y++) {
          for (let x = column * block; x < Math.min(width, (column + 1) * block); x++) {
            sum += value(y, x, channel);
            count++;
          }
        }
        paint(sum / count, data, (row * columns + column) * given + channel);
      }
    }
  }
  const file = encode({ width: columns, height: rows, data, channels, depth: 8 });
  return `data:image/png;base64,${Buffer.from(file).toString('base64')}`;
}

/** To the nearest of 0 ... 255; what is no number is black. */
function byte(value: number): number {
  return Number.isNaN(value) ? 0 : Math.round(Math.min(255, Math.max(0, value)));
}
