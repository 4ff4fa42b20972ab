// Numbers and counts as the sentences of a survey word them.
import type { Norm } from '../guarantee/index.ts';

/** Three significant digits, as a person writes them: `0.0153`, `7,140,000`, `3e-7`. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return value > 0 ? 'infinity' : String(value);
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return rounded.toExponential().replace('e+', 'e');
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: digits });
}

/** `1 row`, `1,200 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** `3.2 %`. */
export function percent(share: number): string {
  return `${short(100 * share)} %`;
}

export const NORM_NAMES: Readonly<Record<Norm, string>> = { l1: 'l1', l2: 'l2', linf: 'l-infinity' };
