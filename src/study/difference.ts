// Where two specifications differ: the keys, and the value on either side.
import { pathName, showValue } from '../validation/index.ts';

export interface Difference {
  /** `data.sphere.n`. */
  readonly key: string;
  /** The value in the earlier specification; undefined where it has none. */
  readonly before: unknown;
  readonly after: unknown;
}

/** The deepest keys at which two pieces of plain data differ, in the order of the first; none where they are equal. */
export function differences(
  before: unknown,
  after: unknown,
  path: readonly PropertyKey[] = [],
): readonly Difference[] {
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  // Lists of maps (trials) are compared entry by entry, lists of numbers or names as a whole.
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].every(isMap)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => differences(before[i], after[i], [...path, i])).flat();
  }
  const same = Object.is(before, after) || JSON.stringify(before) === JSON.stringify(after);
  return same ? [] : [{ key: pathName(path), before, after }];
}

/** `data.sphere.n: 1000 in the earlier run, 500 in the file`. */
export function describeDifference({ key, before, after }: Difference, earlier: string, now: string): string {
  return `${key}: ${shown(before)} in ${earlier}, ${shown(after)} in ${now}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : showValue(value);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
