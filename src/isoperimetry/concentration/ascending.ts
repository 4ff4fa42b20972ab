// Numbers in order by their digits, without comparisons (radix sort on the bits of float32).

const DIGIT = 11;
const DIGITS = 3;
const BUCKETS = 2 ** DIGIT;

/** The indices of numbers >= 0 by rising value, of equal ones the smaller index first. Cost: six passes over the numbers. */
export function ascending(values: Float32Array<ArrayBuffer>): Int32Array {
  // The bits of floats that are not negative have the order of the floats.
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const starts = new Int32Array(DIGITS * BUCKETS);
  for (let i = 0; i < bits.length; i++) {
    for (let digit = 0; digit < DIGITS; digit++) {
      starts[digit * BUCKETS + ((bits[i]! >>> (digit * DIGIT)) & (BUCKETS - 1))]! += 1;
    }
  }
  for (let digit = 0; digit < DIGITS; digit++) {
    let before = 0;
    for (let at = digit * BUCKETS; at < (digit + 1) * BUCKETS; at++) {
      const count = starts[at]!;
      starts[at] = before;
      before += count;
    }
  }
  let order = Int32Array.from(bits.keys());
  let next = new Int32Array(bits.length);
  for (let digit = 0; digit < DIGITS; digit++) {
    const [shift, base] = [digit * DIGIT, digit * BUCKETS];
    for (let at = 0; at < order.length; at++) {
      const i = order[at]!;
      next[starts[base + ((bits[i]! >>> shift) & (BUCKETS - 1))]!++] = i;
    }
    [order, next] = [next, order];
  }
  return order;
}
