// Splittable random keys: a key is a path of names, and all randomness is a function of that path (Claessen and Palka, "Splittable pseudorandom number generators using cryptographic hashing", 2013).
import { invalidArgument } from '../errors.ts';

/**
 * An immutable random key. Every sampler of this folder is a pure function of the key: the same key gives
 * the same numbers, whoever asks and however often. Independent numbers come from `split`.
 */
export interface Rng {
  /** Readable and unambiguous name of the key: seed and split names as JSON literals, e.g. `7/"init"/0`. */
  readonly path: string;
  /**
   * The child key called `name`. `split('a').split('b')`, `split('ab')`, `split(1)` and `split('1')` all
   * differ.
   */
  split(name: string | number): Rng;
}

/**
 * The root key of `seed`.
 *
 * @param seed a finite number or any string; `rng(1)` and `rng('1')` are different keys.
 * @throws invalid-argument when `seed` is neither, e.g. NaN.
 */
export function rng(seed: number | string): Rng {
  return key(literal('seed', seed));
}

function key(path: string): Rng {
  return Object.freeze({
    path,
    split: (name: string | number): Rng => key(`${path}/${literal('split name', name)}`),
  });
}

/** JSON literals delimit themselves (a slash inside a name stays inside its quotes), so paths are injective. */
function literal(what: string, value: number | string): string {
  if (typeof value !== 'string' && !Number.isFinite(value)) {
    throw invalidArgument(what, value, 'a string or a finite number');
  }
  return JSON.stringify(value);
}
