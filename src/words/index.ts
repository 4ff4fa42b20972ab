// Numbers, shares and counts as sentences have them.

/** Three significant digits, as a person writes them: `0.0153`, `7,140,000`, `3e-7`. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return value > 0 ? 'infinity' : String(value);
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return rounded.toExponential().replace('e+', 'e');
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: digits });
}

/** A bound from above, three significant digits, never below `value` > 0. */
export function atMost(value: number): string {
  return short(directed(value, (rounded) => rounded >= value, 1));
}

/** A bound from below, three significant digits, never above `value` > 0. */
export function atLeast(value: number): string {
  return short(directed(value, (rounded) => rounded <= value, -1));
}

/** The nearest number of three digits that `holds`, one unit of the last of them further where rounding went the other way. */
function directed(value: number, holds: (rounded: number) => boolean, direction: 1 | -1): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const rounded = Number(value.toPrecision(3));
  if (holds(rounded)) return rounded;
  const unit = 10 ** (Number(value.toExponential().split('e')[1]) - 2);
  return Number((rounded + direction * unit).toPrecision(3));
}

/** A share with three significant digits: `3.25 %`. */
export function percent(share: number): string {
  return `${short(100 * share)} %`;
}

/** `93.2 %`; never `100 %` or `0 %` of what is not. */
export function percentOf(part: number, whole: number): string {
  const share = (100 * part) / whole;
  const shown = Number(share.toFixed(1));
  if (shown === 100 && part < whole) return 'over 99.9 %';
  if (shown === 0 && part > 0) return 'under 0.1 %';
  return `${shown} %`;
}

/** `1 point`, `1,200 points`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
