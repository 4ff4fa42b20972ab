// Writes an array as NPY version 1: little-endian, C order, float32 or float64.
import { invalidArgument } from '../../errors.ts';
import { writeWhole } from '../../files/index.ts';
import type { NumericArray } from '../readers/elements.ts';

/**
 * Writes `array` to `path`, whole or not at all; `readArray` and `numpy.load` give the same numbers back, bit for bit.
 *
 * @throws RobustlawError `invalid-argument` when shape and length disagree, `not-found` when the path cannot be written.
 */
export function writeNpy(path: string, array: NumericArray): void {
  writeWhole(path, [encodeNpy(array)]);
}

/** The bytes of an NPY file. */
export function encodeNpy({ data, shape }: NumericArray): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length) throw invalidArgument('shape', `[${shape}]`, `one of ${data.length} elements`);
  const descr = data instanceof Float32Array ? '<f4' : '<f8';
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version, length, text and a line feed fill a multiple of 64 bytes, so that the data can be mapped aligned.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = `${text.padEnd(start - 11)}\n`;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
