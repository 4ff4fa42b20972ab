// An order of rows that spreads those that lie together in a file.

/** 0 .. m-1 in steps near the golden section of m. */
export function mixed(m: number): Int32Array {
  let step = Math.max(1, Math.round(m * 0.6180339887));
  while (greatestCommonDivisor(step, m) > 1) step++;
  return Int32Array.from({ length: m }, (_, i) => (i * step) % m);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
