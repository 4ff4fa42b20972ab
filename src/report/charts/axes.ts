// Logarithmic axes: the map between values and pixels, and ticks a reader can take in.
import { count, powerOfTen } from '../number.ts';

/** A logarithmic scale from `domain` to `range` (pixels; y runs downwards, so its range is reversed). */
export interface LogScale {
  readonly domain: readonly [low: number, high: number];
  readonly range: readonly [from: number, to: number];
  apply(value: number): number;
  invert(pixel: number): number;
}

/** @param domain positive and increasing. */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): LogScale {
  const low = Math.log(domain[0]);
  const unit = (range[1] - range[0]) / (Math.log(domain[1]) - low);
  return {
    domain,
    range,
    apply: (value) => range[0] + (Math.log(value) - low) * unit,
    invert: (pixel) => Math.exp(low + (pixel - range[0]) / unit),
  };
}

/** The smallest interval that holds all `values` (positive), widened by `factor` on both sides. */
export function paddedDomain(values: readonly number[], factor: number): readonly [number, number] {
  return [Math.min(...values) / factor, Math.max(...values) * factor];
}

const MANTISSAS = [
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 5, 7],
  [1, 2, 5],
  [1, 3],
];

/** Ticks inside the domain, at most about `most`: powers of ten, with more between where there is room. */
export function logTicks([low, high]: readonly [number, number], most: number): readonly number[] {
  const decades = Math.log10(high / low);
  const mantissas = MANTISSAS.find((choice) => decades * choice.length <= most) ?? [1];
  const stride = Math.max(1, Math.ceil(decades / most));
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    if (exponent % stride !== 0) continue;
    for (const mantissa of mantissas) {
      // From decimal text, so that 0.3 is 0.3.
      const tick = Number(`${mantissa}e${exponent}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

/** `0.5`, `20`, `1 000`, `10⁴`, `3 × 10⁴`. */
export function tickText(tick: number): string {
  if (tick >= 0.01 && tick < 10_000) return tick >= 1 ? count(tick) : String(tick);
  const [mantissa, exponent] = tick.toExponential(0).split('e') as [string, string];
  const power = powerOfTen(Number(exponent));
  return mantissa === '1' ? power : `${mantissa}\u202F\u00D7\u202F${power}`;
}
