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

/** A label or prediction: the class, or the outputs of a regression. */
export function labelText(result: AuditResult, label: readonly number[]): string {
  if (label.length === 0) return MISSING;
  if (result.model.task.kind === 'classification') return className(result, label[0]!);
  const shown = label.slice(0, MOST_OUTPUTS).map((output) => significant(output));
  return label.length > MOST_OUTPUTS ? `${shown.join(', ')}, \u2026` : shown.join(', ');
}

/** `93.2 %` of a whole, rounded as a bound where one is meant; a dash where the whole is nothing. */
export function share(part: number, whole: number, rounding: Rounding = 'nearest'): string {
  return whole > 0 ? `${trimmed((100 * part) / whole, rounding)}\u202F%` : MISSING;
}

/** A radius as it was asked for: `0.1`, `0.0314`. */
export function radiusText(radius: number): string {
  const text = Number(radius.toPrecision(4));
  return text >= 1e-4 && text < 1e5 ? String(text) : significant(radius);
}

/** Three significant digits without zeros at the end. */
function trimmed(x: number, rounding: Rounding): string {
  const text = significant(x, rounding);
  return /^[\d.]+$/.test(text) && text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
