// Parsers of command-line values that say what they expected.
import { InvalidArgumentError } from 'commander';
import type { Norm } from '../guarantee/index.ts';

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

/** Comma-separated values, each parsed by `item`. */
export function list<Item>(item: (text: string) => Item): (text: string) => Item[] {
  return (text) => text.split(',').map((part) => item(part.trim()));
}

/** l1, l2 or linf. */
export function normName(text: string): Norm {
  if (text !== 'l1' && text !== 'l2' && text !== 'linf')
    throw new InvalidArgumentError('expected l1, l2 or linf, or several like l2,linf.');
  return text;
}

/** Two finite numbers low <= high, as in -1,1. */
export function numberRange(text: string): readonly [number, number] {
  const [low, high, ...rest] = text
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (rest.length > 0 || !Number.isFinite(low) || !Number.isFinite(high) || low! > high!)
    throw new InvalidArgumentError('expected two numbers low,high with low <= high, like 0,1.');
  return [low!, high!];
}
