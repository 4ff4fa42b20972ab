// Numbers m 2^e with integers m of any length: sums and products of float64 numbers without rounding.
import { invalidArgument } from '../../errors.ts';

/** Entry i is `values[i]` 2^`exponent`. */
export interface Dyadics {
  readonly exponent: number;
  readonly values: readonly bigint[];
}

/**
 * Float64 numbers as they are.
 *
 * @throws invalid-argument when one is NaN or infinite. Exact.
 */
export function dyadics(numbers: ArrayLike<number>): Dyadics {
  const mantissas: bigint[] = [];
  const exponents: number[] = [];
  let exponent = Number.POSITIVE_INFINITY;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    if (!Number.isFinite(x)) throw invalidArgument(`number ${i}`, x, 'a finite number');
    const [m, e] = split(x);
    mantissas.push(m);
    exponents.push(e);
    if (x !== 0) exponent = Math.min(exponent, e);
  }
  if (exponent === Number.POSITIVE_INFINITY) exponent = 0;
  return {
    exponent,
    values: mantissas.map((m, i) => (m === 0n ? m : m << BigInt(exponents[i]! - exponent))),
  };
}

/** x = m 2^e with m odd or zero. */
function split(x: number): [m: bigint, e: number] {
  if (x === 0) return [0n, 0];
  let e = 0;
  let m = x;
  // Below 2^-1022 the scaling by 2^-e would overflow in one step.
  if (Math.abs(m) < 2 ** -900) [m, e] = [m * 2 ** 200, -200];
  // m is a multiple of 2^(floor(log2 |m|) - 52): every step is exact.
  const lowest = Math.floor(Math.log2(Math.abs(m))) - 54;
  m *= 2 ** -lowest;
  e += lowest;
  let integer = BigInt(m);
  const zeros = trailingZeros(integer);
  integer >>= BigInt(zeros);
  return [integer, e + zeros];
}

/** The number of zero bits at the end of m, m not zero. */
export function trailingZeros(m: bigint): number {
  let zeros = 0;
  while ((m & 0xffffffffn) === 0n) [m, zeros] = [m >> 32n, zeros + 32];
  const low = Number(m & 0xffffffffn) | 0;
  return zeros + 31 - Math.clz32(low & -low);
}

/** m 2^(from - to); to <= from. */
export function shift(m: bigint, from: number, to: number): bigint {
  return from === to || m === 0n ? m : m << BigInt(from - to);
}

/** The float64 number nearest to n / d up to a few units in the last place; d > 0. Estimate. */
export function ratio(n: bigint, d: bigint): number {
  const excess = bitLength(n) - bitLength(d);
  // 64 bits of the quotient, then its exponent in two steps, so that neither overflows early.
  const up = 64 - excess;
  const q = Number(up >= 0 ? (n << BigInt(up)) / d : n / (d << BigInt(-up)));
  const half = Math.trunc(-up / 2);
  return q * 2 ** half * 2 ** (-up - half);
}

/** Bits of |m|; 0 for 0. */
export function bitLength(m: bigint): number {
  if (m === 0n) return 0;
  const digits = (m < 0n ? -m : m).toString(16);
  return 4 * digits.length - (Math.clz32(Number.parseInt(digits[0]!, 16)) - 28);
}
