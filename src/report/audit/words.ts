// Labels, shares and radii of an audit as its page words them.
import type { AuditResult } from '../../audit/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { shorten } from '../html.ts';
import { MISSING, type Rounding, significant } from '../number.ts';

const LONGEST_NAME = 40;
const MOST_OUTPUTS = 4;

/** `l2` where there is no room for a sign, as in names of charts. */
export const NORM_WORDS: Readonly<Record<Norm, string>> = {
  l1: 'the sum of all changes',
  l2: 'the Euclidean length of the change',
  linf: 'the largest change of any input',
};

/** The name of a class, or `class 3`. */
export function className({ data }: AuditResult, index: number): string {
  const name = data.classNames?.[index];
  return name === undefined || name === '' ? `class ${index}` : shorten(name, LONGEST_NAME);
}

/** A label or what a model says: the class, or the outputs of a regression; -1 and null stand for outputs that are no number. */
export function labelText(result: AuditResult, outputs: readonly (number | null)[]): string {
  const [first] = outputs;
  if (first === undefined) return MISSING;
  if (result.model.task.kind === 'classification') {
    return first === null || first < 0 ? 'not a number' : className(result, first);
  }
  const shown = outputs
    .slice(0, MOST_OUTPUTS)
    .map((output) => (output === null ? 'not a number' : significant(output)));
  return outputs.length > MOST_OUTPUTS ? `${shown.join(', ')}, \u2026` : shown.join(', ');
}

/** A certified radius: `≥ 0.0123`, rounded down; the greatest float64 says that no change does harm. */
export function certifiedText(radius: number): string {
  return isUnlimited(radius) ? 'any change' : `\u2265\u202F${significant(radius, 'down')}`;
}

/** Whether a certified radius stands for infinity, which JSON does not have. */
export function isUnlimited(radius: number): boolean {
  return radius > 1e300;
}

/** `93.2 %` of a whole, rounded as a bound where one is meant; a dash where the whole is nothing. */
export function share(part: number, whole: number, rounding: Rounding = 'nearest'): string {
  return whole > 0 ? `${trimmed((100 * part) / whole, rounding)}\u202F%` : MISSING;
}

/** `16.6 to 33.4 %`, rounded outwards; one share where certified and attacked are one. */
export function shares(certified: number, attacked: number, points: number): string {
  if (certified >= attacked) return share(certified, points);
  return `${share(certified, points, 'down').replace(/\D+$/, '')} to ${share(attacked, points, 'up')}`;
}

/** A radius or bound as it was given: `0.1`, `0.03137`, `−1`. */
export function radiusText(radius: number): string {
  const rounded = Number(radius.toPrecision(4));
  const size = Math.abs(rounded);
  if (size !== 0 && !(size >= 1e-4 && size < 1e5)) return significant(radius);
  return rounded < 0 ? `\u2212${size}` : String(size);
}

/** Three significant digits without zeros at the end. */
function trimmed(x: number, rounding: Rounding): string {
  const text = significant(x, rounding);
  return /^[\d.]+$/.test(text) && text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
