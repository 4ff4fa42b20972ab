// Parsers of command-line values that say what they expected.
import { InvalidArgumentError } from 'commander';
import type { NormRadii } from '../audit/index.ts';
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

/** A finite number. */
export function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('expected a number.');
  return value;
}

/** A number > 0, as 0.1 or 8/255. */
export function factor(text: string): number {
  const [numerator, denominator = '1', ...rest] = text.split('/');
  const value = rest.length > 0 ? Number.NaN : Number(numerator) / Number(denominator);
  if (!(value > 0 && value < Infinity))
    throw new InvalidArgumentError('expected a number > 0, like 0.1 or 8/255.');
  return value;
}

/** A number in [0, 1]. */
export function probability(text: string): number {
  const value = number(text);
  if (value < 0 || value > 1) throw new InvalidArgumentError('expected a number in [0, 1].');
  return value;
}

/** A finite number >= 0. */
export function tolerance(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError('expected a number >= 0.');
  return value;
}

/** One of the names. */
export function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`expected ${names.join(', ')}.`);
    return found;
  };
}

/** Rows from:to, the last left out; either may be missing. */
export function rowRange(text: string): readonly [from: number, to: number] {
  const match = /^(\d*):(\d*)$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('expected from:to, like 0:1000 or 1400:.');
  return [Number(match[1]), match[2] === '' ? Number.POSITIVE_INFINITY : Number(match[2])];
}

/** Width and height in pixels, as in 224x224. */
export function imageSize(text: string): { readonly width: number; readonly height: number } {
  const match = /^(\d+)x(\d+)$/.exec(text.trim());
  if (!match || Number(match[1]) === 0 || Number(match[2]) === 0)
    throw new InvalidArgumentError('expected WIDTHxHEIGHT, like 224x224.');
  return { width: Number(match[1]), height: Number(match[2]) };
}

/** A norm with radii, as in linf:0.05,8/255; added to those before. */
export function radii(text: string, before: readonly NormRadii[]): readonly NormRadii[] {
  const [name = '', numbers = '', ...rest] = text.split(':');
  if (rest.length > 0 || numbers.trim() === '')
    throw new InvalidArgumentError('expected a norm and radii, like linf:0.05,0.1.');
  return [...before, { norm: normName(name.trim()), radii: list(factor)(numbers) }];
}
