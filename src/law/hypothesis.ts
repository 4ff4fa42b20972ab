// The hypotheses of a theorem, checked and reported one by one: a number without them is not a certificate.
import { RobustlawError } from '../errors.ts';

/** One hypothesis of a theorem, as it stands for given numbers. */
export interface Hypothesis {
  readonly name: string;
  /** The hypothesis in the words of the theorem, with its formula. */
  readonly statement: string;
  /** Whether it holds; true for what numbers cannot decide (`assumed`). */
  readonly holds: boolean;
  /** Whether it is about the data or the class and was taken on trust. */
  readonly assumed: boolean;
  /** The quantity that must reach `required`; null for what is assumed. */
  readonly value: number | null;
  readonly required: number | null;
}

/** A hypothesis that numbers decide: value >= required. */
export function reaches(name: string, statement: string, value: number, required: number): Hypothesis {
  return { name, statement, holds: value >= required, assumed: false, value, required };
}

/** A hypothesis that numbers decide: value > required. */
export function exceeds(name: string, statement: string, value: number, required: number): Hypothesis {
  return { name, statement, holds: value > required, assumed: false, value, required };
}

/** A hypothesis about the data or the class, which the caller answers for. */
export function assumed(name: string, statement: string): Hypothesis {
  return { name, statement, holds: true, assumed: true, value: null, required: null };
}

/** Throws hypothesis-violated, naming theorem and hypothesis, unless `condition`. */
export function requireHypothesis(
  condition: boolean,
  theorem: string,
  hypothesis: string,
  value: number,
): void {
  if (!condition) {
    throw new RobustlawError('hypothesis-violated', `${theorem} needs ${hypothesis}; got ${value}`);
  }
}

/** Throws hypothesis-violated unless epsilon is in (0, 1], delta in (0, 1) and k a positive integer. */
export function requireLevels(theorem: string, levels: { epsilon: number; delta: number; k: number }): void {
  requireHypothesis(levels.epsilon > 0 && levels.epsilon <= 1, theorem, '0 < epsilon <= 1', levels.epsilon);
  requireHypothesis(levels.delta > 0 && levels.delta < 1, theorem, '0 < delta < 1', levels.delta);
  requireHypothesis(
    Number.isInteger(levels.k) && levels.k >= 1,
    theorem,
    'an integer number k >= 1 of mixture components',
    levels.k,
  );
}

/** A number as statements print it: four digits. */
export const rounded = (value: number): string => String(Number(value.toPrecision(4)));
