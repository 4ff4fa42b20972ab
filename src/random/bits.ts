// From a key to random bits: xoroshiro128+ (Blackman and Vigna 2018, by pure-rand) started from SHA-256 of the key's path.
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { Rng } from './key.ts';

/** A running stream of bits; it lives only inside one call of a sampler. */
export interface Bits {
  /** 32 random bits as a signed integer. The lowest bits of xoroshiro128+ are weak: use the upper ones. */
  next(): number;
}

/** Part of the hashed text; changing it changes every random number of every study. */
const VERSION = 'robustlaw random 1';

/**
 * The bit stream of `rng` for one sampler. The sampler's name enters the hash, so that `uniform(key)` and
 * `normal(key)` are independent although the key is the same.
 */
export function bits(rng: Rng, sampler: string): Bits {
  const digest = sha256(utf8ToBytes(`${VERSION}\n${sampler}\n${rng.path}`));
  const view = new DataView(digest.buffer, digest.byteOffset, 16);
  return xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => view.getInt32(offset)));
}

/** A uniform integer in [0, 2^53), from the upper bits of two draws. */
export function next53(source: Bits): number {
  return (source.next() >>> 5) * 0x4000000 + (source.next() >>> 6);
}

/** A uniform integer in [0, range) for an integer `range` in [1, 2^32], without modulo bias (rejection). */
export function nextBelow(source: Bits, range: number): number {
  // Quotients of integers below 2^53 whose product with the divisor stays below 2^53 are floored exactly.
  const bucket = Math.floor(2 ** 53 / range);
  for (;;) {
    const value = Math.floor(next53(source) / bucket);
    if (value < range) return value;
  }
}
