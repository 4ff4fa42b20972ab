// Words and numbers that the sentences of an audit share.

/** The domain of a global Lipschitz constant. */
export const WHOLE_SPACE = 'the whole space';

/** Three significant digits, as a person writes them: `0.0153`, `7,140,000`, `3e-7`. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return value > 0 ? 'infinity' : String(value);
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return rounded.toExponential().replace('e+', 'e');
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: digits });
}

/** `93.2 %`; never `100 %` or `0 %` of what is not. */
export function percent(part: number, whole: number): string {
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
