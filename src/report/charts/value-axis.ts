// An axis for values that are all >= 0: linear from 0, or logarithmic where they lie far apart.
import { logScale, logTicks, tickText } from './axes.ts';

export interface ValueAxis {
  readonly kind: 'linear' | 'log';
  readonly domain: readonly [low: number, high: number];
  readonly range: readonly [from: number, to: number];
  readonly ticks: readonly number[];
  readonly tickText: (tick: number) => string;
  /** Pixels of a value, values off the axis at its nearest end. */
  apply(value: number): number;
  invert(pixel: number): number;
}

/** At most as many decades as a reader can tell steps apart in. */
const MOST_DECADES = 5;

/**
 * An axis that holds `always` and most of `values`: the lowest hundredth of a logarithmic axis and the highest of a linear
 * one may lie off it. Logarithmic where nine tenths of the values spread over more than `spread` times their least.
 * Undefined where no value is positive and finite.
 */
export function valueAxis(
  values: readonly number[],
  always: readonly number[],
  range: readonly [number, number],
  mostTicks: number,
  spread = 12,
): ValueAxis | undefined {
  const usable = (list: readonly number[]): Float64Array =>
    Float64Array.from(list.filter((value) => value > 0 && Number.isFinite(value))).sort();
  const all = usable([...values, ...always]);
  if (all.length === 0) return undefined;
  const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(share * all.length))]!;
  const fixed = usable(always);
  const [least, greatest] = [fixed[0] ?? Infinity, fixed.at(-1) ?? 0];
  if (at(0.95) > spread * at(0.05)) {
    const high = Math.max(all.at(-1)!, greatest) * 1.3;
    const low = Math.min(Math.max(at(0.01), high / 10 ** MOST_DECADES), least) / 1.5;
    if (low > 0 && Number.isFinite(high)) return logarithmic([low, high], range, mostTicks);
  }
  const high = Math.max(at(0.99), greatest) * 1.08;
  return Number.isFinite(high) ? linear([0, high], range, mostTicks) : undefined;
}

export function logarithmic(
  domain: readonly [number, number],
  range: readonly [number, number],
  mostTicks: number,
): ValueAxis {
  const scale = logScale(domain, range);
  const decimal = logTicks(domain, mostTicks);
  // Within a factor of two there may be one round number, or none.
  const narrow = decimal.length < 3 && domain[1] < 10 * domain[0];
  return {
    kind: 'log',
    domain,
    range,
    ticks: narrow ? linearTicks(domain, mostTicks) : decimal,
    tickText: narrow ? linearTickText : tickText,
    apply: (value) => scale.apply(clamped(value, domain)),
    invert: scale.invert,
  };
}

export function linear(
  domain: readonly [number, number],
  range: readonly [number, number],
  mostTicks: number,
): ValueAxis {
  const unit = (range[1] - range[0]) / (domain[1] - domain[0]);
  const ticks = linearTicks(domain, mostTicks);
  return {
    kind: 'linear',
    domain,
    range,
    ticks,
    tickText: linearTickText,
    apply: (value) => range[0] + (clamped(value, domain) - domain[0]) * unit,
    invert: (pixel) => domain[0] + (pixel - range[0]) / unit,
  };
}

/** Multiples of 1, 2 or 5 times a power of ten, at most `most`. */
function linearTicks([low, high]: readonly [number, number], most: number): readonly number[] {
  const raw = (high - low) / most;
  const power = Math.floor(Math.log10(raw));
  const mantissa = [1, 2, 5, 10].find((candidate) => candidate * 10 ** power >= raw) ?? 10;
  // From decimal text, so that 3 steps of 0.1 are 0.3.
  const tick = (multiple: number): number => Number(`${mantissa * multiple}e${power}`);
  const ticks: number[] = [];
  if (!(tick(1) > 0)) return ticks;
  for (let multiple = Math.ceil(low / tick(1)); tick(multiple) <= high; multiple++)
    ticks.push(tick(multiple));
  return ticks;
}

function linearTickText(tick: number): string {
  if (tick === 0) return '0';
  return tick < 0
    ? `\u2212${linearTickText(-tick)}`
    : tick >= 0.001 && tick < 1000
      ? String(tick)
      : tickText(tick);
}

function clamped(value: number, [low, high]: readonly [number, number]): number {
  return Math.min(high, Math.max(low, value));
}
