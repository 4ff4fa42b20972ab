// Parsers of command-line values that say what they expected.
import { InvalidArgumentError } from 'commander';

/** A finite number > 0; 6e4 is accepted. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity))
    throw new InvalidArgumentError('expected a number > 0, like 60000 or 6e4.');
  return value;
}

/** An integer >= 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected an integer >= 1.');
  return value;
}

/** An integer >= 0. */
export function seedNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected an integer >= 0.');
  return value;
}

/** A number in (0, 1]. */
export function fraction(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('expected a number in (0, 1].');
  return value;
}

/** A number in [0, 0.5], the probability of a sign flip. */
export function flipProbability(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 0.5) || text.trim() === '')
    throw new InvalidArgumentError('expected a number in [0, 0.5].');
  return value;
}
