// Checks on arrays of numbers that the files of this folder share.
import { invalidArgument } from '../errors.ts';

/** Throws unless all numbers are finite. */
export function requireFinite(values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw invalidArgument(`entry ${i}`, values[i], 'a finite number');
  }
}

/** Throws unless both arrays have the same length. */
export function requireSameLength(a: ArrayLike<unknown>, b: ArrayLike<unknown>): void {
  if (a.length !== b.length) {
    throw invalidArgument('length of the second array', b.length, `${a.length}, that of the first`);
  }
}

/** Throws unless there are at least `count` numbers, all of them finite. */
export function requireSample(values: ArrayLike<number>, count = 1): void {
  if (values.length < count) throw invalidArgument('sample size', values.length, `at least ${count}`);
  requireFinite(values);
}

/** Throws unless 0 < confidence < 1. */
export function requireConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1))
    throw invalidArgument('confidence', confidence, 'a number in (0, 1)');
}
