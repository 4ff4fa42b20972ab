// Exact arithmetic on float64 values as integers times 2^-1074: the independent truth for enclosures.

/** x as an integer multiple of 2^-1074. */
export function exact(x: number): bigint {
  if (!Number.isFinite(x)) throw new Error(`not finite: ${x}`);
  const bits = new BigUint64Array(Float64Array.of(x).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1);
  return bits >> 63n ? -magnitude : magnitude;
}

/** sum_i x_i in units of 2^-1074. */
export function exactSum(values: ArrayLike<number>): bigint {
  return Array.from(values).reduce((sum, x) => sum + exact(x), 0n);
}

/** sum_i a_i b_i in units of 2^-2148. */
export function exactDot(a: ArrayLike<number>, b: ArrayLike<number>): bigint {
  return Array.from(a).reduce((sum, x, i) => sum + exact(x) * exact(b[i]!), 0n);
}

/** |a - b|^2 in units of 2^-2148. */
export function exactSquaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): bigint {
  return Array.from(a).reduce((sum, x, i) => sum + (exact(x) - exact(b[i]!)) ** 2n, 0n);
}

/** Whether lower <= value 2^-1074 <= upper, infinite ends allowed. */
export function encloses([lower, upper]: readonly [number, number], value: bigint): boolean {
  return (lower === -Infinity || exact(lower) <= value) && (upper === Infinity || value <= exact(upper));
}
