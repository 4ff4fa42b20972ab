// Numbers of a plan as its page words them.
import { significant } from '../number.ts';

/** `4 800 to 5 600`; one number where both ends agree. */
export function rangeText([low, high]: readonly [number, number]): string {
  return low === high
    ? significant(low, 'nearest', 2)
    : `${significant(low, 'nearest', 2)} to ${significant(high, 'nearest', 2)}`;
}

/** Two digits: more are not known. */
export function about(value: number): string {
  return significant(value, 'nearest', 2);
}
