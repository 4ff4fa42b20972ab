// Powers of two, by which float64 multiplies and divides without rounding.

/** Whether |x| is a power of two. */
export function isPowerOfTwo(x: number): boolean {
  return Math.abs(x) === 2 ** Math.round(Math.log2(Math.abs(x)));
}
