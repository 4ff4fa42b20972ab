// The NPY format of NumPy, versions 1 to 3 (numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
import { type FileBytes, malformed } from './bytes.ts';
import { decodeElements, type ElementType, type NumericArray, requireElementCount } from './elements.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const ELEMENT_TYPES = new Set<string>(['f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1']);
/** As in NumPy, so that parsing a hostile header stays cheap. */
const MAX_HEADER = 10_000;

/** Whether the bytes begin as an NPY file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * The array of an NPY file: real and integer types of 1 to 8 bytes and booleans, either byte order, C or Fortran order.
 *
 * @throws RobustlawError `malformed-file` naming the field of the header, `file-too-large`.
 */
export function decodeNpy({ file, bytes, maxBytes }: FileBytes): NumericArray {
  const { text, dataStart } = headerText(bytes, file);
  const { descr, fortran_order: fortranOrder, shape } = parseHeader(text, file);
  const { type, littleEndian } = elementType(descr, file);
  const count = requireElementCount(file, shape, type, bytes.length - dataStart, maxBytes);
  const data = decodeElements(file, bytes.subarray(dataStart), count, type, littleEndian);
  return { shape, data: fortranOrder && shape.length > 1 ? toRowMajor(data, shape) : data };
}

function headerText(bytes: Uint8Array, file: string): { text: string; dataStart: number } {
  if (!isNpy(bytes)) throw malformed(file, 'does not begin with the NPY magic string \\x93NUMPY');
  if (bytes.length < 10) throw malformed(file, `NPY header has ${bytes.length} bytes; expected at least 10`);
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw malformed(file, `NPY version is ${version}.${bytes[7]}; expected 1, 2 or 3`);
  const lengthStart = 8;
  const textStart = version === 1 ? 10 : 12;
  if (bytes.length < textStart) throw malformed(file, 'NPY header is cut off before its length');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(lengthStart, true) : view.getUint32(lengthStart, true);
  if (length > MAX_HEADER)
    throw malformed(file, `NPY header length is ${length}; expected at most ${MAX_HEADER}`);
  const dataStart = textStart + length;
  if (bytes.length < dataStart) {
    throw malformed(
      file,
      `NPY header length is ${length}, but only ${bytes.length - textStart} bytes follow`,
    );
  }
  // Versions 1 and 2 are latin1, version 3 UTF-8; outside field names, which are not supported, both are ASCII.
  const text = Array.from(bytes.subarray(textStart, dataStart), (code) => String.fromCharCode(code)).join('');
  return { text, dataStart };
}

interface NpyHeader {
  readonly descr: string;
  readonly fortran_order: boolean;
  readonly shape: readonly number[];
}

/** The Python dictionary literal `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`. */
function parseHeader(text: string, file: string): NpyHeader {
  const dictionary = /^\s*\{(.*)\}\s*$/s.exec(text);
  if (!dictionary) throw malformed(file, `NPY header is ${quote(text)}; expected a Python dictionary`);
  const entries = new Map<string, string>();
  const entry = /\s*(?:'(\w*)'|"(\w*)")\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d\s,L]*\)|\[.*\])\s*(?:,|$)/sy;
  const body = dictionary[1]!.trimEnd();
  while (entry.lastIndex < body.length) {
    const start = entry.lastIndex;
    const match = entry.exec(body);
    if (!match) throw malformed(file, `NPY header has ${quote(body.slice(start))} where an entry should be`);
    const key = match[1] ?? match[2]!;
    if (entries.has(key)) throw malformed(file, `NPY header has the key '${key}' twice`);
    entries.set(key, match[3]!);
  }
  for (const key of entries.keys()) {
    if (!['descr', 'fortran_order', 'shape'].includes(key)) {
      throw malformed(
        file,
        `NPY header has the unknown key '${key}'; expected descr, fortran_order and shape`,
      );
    }
  }
  const value = (key: string) => {
    const found = entries.get(key);
    if (found === undefined) throw malformed(file, `NPY header lacks '${key}'`);
    return found;
  };
  const order = value('fortran_order');
  if (order !== 'True' && order !== 'False') {
    throw malformed(file, `NPY fortran_order is ${quote(order)}; expected True or False`);
  }
  return { descr: value('descr'), fortran_order: order === 'True', shape: parseShape(value('shape'), file) };
}

function parseShape(text: string, file: string): readonly number[] {
  const parts = text
    .slice(1, -1)
    .split(',')
    .map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (!text.startsWith('(') || !parts.every((part) => /^\d+L?$/.test(part))) {
    throw malformed(file, `NPY shape is ${quote(text)}; expected a tuple of integers`);
  }
  const shape = parts.map((part) => Number.parseInt(part, 10));
  if (shape.length > 64) throw malformed(file, `NPY shape has ${shape.length} axes; expected at most 64`);
  const bad = shape.find((size) => !Number.isSafeInteger(size));
  if (bad !== undefined) throw malformed(file, `NPY shape has an axis of ${bad}; expected at most 2^53 - 1`);
  return shape;
}

function elementType(descr: string, file: string): { type: ElementType; littleEndian: boolean } {
  const match = /^['"]([<>|=])([a-zA-Z]\d*)['"]$/.exec(descr);
  if (!match || !ELEMENT_TYPES.has(match[2]!)) {
    const advice = descr.includes('O')
      ? 'object arrays hold pickled Python code, which is not read'
      : 'convert it in Python with .astype("float64")';
    throw malformed(
      file,
      `NPY descr is ${quote(descr)}; expected f4, f8, i1 to i8, u1 to u8 or b1: ${advice}`,
    );
  }
  // '=' is the order of the machine that wrote the file; all that run this program are little-endian.
  return { type: match[2] as ElementType, littleEndian: match[1] !== '>' };
}

/** Column-major to row-major. */
function toRowMajor(
  data: Float64Array | Float32Array,
  shape: readonly number[],
): Float64Array | Float32Array {
  const out = data.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  let position = 0;
  for (let i = 0; i < data.length; i++) {
    out[i] = data[position]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
