// Powers of two past the range of float64: networks are brought to moderate scale by exact changes of units.
import { multiplyUp, SMALLEST_SUBNORMAL } from '../../numeric/index.ts';

/** floor(log2 |x|), -Infinity for 0. */
export function exponentOf(x: number): number {
  return x === 0 ? Number.NEGATIVE_INFINITY : Math.floor(Math.log2(Math.abs(x)));
}

/** x 2^e for any integer e, exact unless the result underflows; 0 for e = -Infinity. */
export function scaled(x: number, e: number): number {
  if (x === 0 || e < -2200) return 0;
  const half = Math.max(-1000, Math.min(1000, Math.trunc(e / 2)));
  const rest = e - half;
  return Math.abs(rest) <= 1000 ? x * 2 ** half * 2 ** rest : scaled(x * 2 ** half, rest);
}

/** An upper bound on x 2^e, x >= 0. */
export function scaledUp(x: number, e: number): number {
  if (x === 0) return 0;
  if (e < -2200) return SMALLEST_SUBNORMAL;
  let value = x;
  for (let rest = e; rest !== 0 && value < Number.POSITIVE_INFINITY; ) {
    const step = Math.max(-1000, Math.min(1000, rest));
    value = multiplyUp(value, 2 ** step);
    rest -= step;
  }
  return value;
}
