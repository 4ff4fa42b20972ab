// Numbers as bytes: ONNX stores tensors little-endian, with float16 and bfloat16 as bit patterns.

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A copy of little-endian elements of `width` bytes in the byte order of this machine, aligned for typed arrays. */
export function fromLittleEndian(bytes: Uint8Array, width: number): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (!HOST_IS_LITTLE_ENDIAN) reverseEach(copy, width);
  return copy.buffer;
}

/** The elements of a typed array as little-endian bytes; shares memory where this machine is little-endian. */
export function toLittleEndian(data: ArrayBufferView & { readonly BYTES_PER_ELEMENT: number }): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (HOST_IS_LITTLE_ENDIAN) return bytes;
  const copy = bytes.slice();
  reverseEach(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

function reverseEach(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}

/** IEEE 754 binary16 bit patterns widened to binary32, which is exact. */
export function widenFloat16(patterns: Uint16Array): Float32Array {
  return Float32Array.from(patterns, (bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** bfloat16 bit patterns, the upper halves of binary32 ones, widened, which is exact. */
export function widenBfloat16(patterns: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(patterns, (bits) => bits << 16).buffer);
}
