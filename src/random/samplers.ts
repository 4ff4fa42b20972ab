// Samples from the elementary distributions, each a pure function of its key.
import { invalidArgument, requireInteger } from '../errors.ts';
import { type Bits, bits, next53, nextBelow } from './bits.ts';
import type { Rng } from './key.ts';

/**
 * `count` independent uniform numbers in [low, high), with 53 random bits each; defaults to [0, 1).
 * A longer sample of the same key starts with the shorter one.
 *
 * @throws invalid-argument unless low < high are finite with a finite difference.
 */
export function uniform(rng: Rng, count: number, low = 0, high = 1): Float64Array {
  requireInteger('count', count, 0);
  if (!(Number.isFinite(high - low) && low < high)) {
    throw invalidArgument('interval', `[${low}, ${high})`, 'finite low < high with a finite difference');
  }
  const source = bits(rng, 'uniform');
  const width = (high - low) * 2 ** -53;
  const out = new Float64Array(count);
  for (let i = 0; i < count; ) {
    const value = low + width * next53(source);
    // Rounding may carry a value up to `high`, which the interval excludes.
    if (value < high) out[i++] = value;
  }
  return out;
}

/**
 * `count` independent standard normal numbers, by the exact polar method of Marsaglia and Bray (1964).
 * A longer sample of the same key starts with the shorter one.
 */
export function normal(rng: Rng, count: number): Float64Array {
  requireInteger('count', count, 0);
  const out = new Float64Array(count);
  fillNormal(bits(rng, 'normal'), out);
  return out;
}

/** `count` independent fair signs, each -1 or +1. */
export function signs(rng: Rng, count: number): Float64Array {
  requireInteger('count', count, 0);
  const source = bits(rng, 'signs');
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) result[i] = source.next() < 0 ? -1 : 1;
  return result;
}

/**
 * `count` independent uniform integers in [low, high), without modulo bias.
 *
 * @throws invalid-argument unless low < high are integers of 32 bits (high at most 2^31).
 */
export function integers(rng: Rng, count: number, low: number, high: number): Int32Array {
  requireInteger('count', count, 0);
  requireInteger('low', low, -(2 ** 31), 2 ** 31 - 1);
  requireInteger('high', high, low + 1, 2 ** 31);
  const source = bits(rng, 'integers');
  const result = new Int32Array(count);
  for (let i = 0; i < count; i++) result[i] = low + nextBelow(source, high - low);
  return result;
}

/** A uniformly random permutation of 0 .. n-1, by the Fisher-Yates shuffle. */
export function permutation(rng: Rng, n: number): Int32Array {
  requireInteger('n', n, 0, 2 ** 31 - 1);
  const source = bits(rng, 'permutation');
  const out = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = nextBelow(source, i + 1);
    const held = out[i]!;
    out[i] = out[j]!;
    out[j] = held;
  }
  return out;
}

/**
 * `n` independent points uniform on the unit sphere S^{d-1}, as normalised normals.
 *
 * @returns `[n, d]` row-major.
 */
export function sphere(rng: Rng, n: number, d: number): Float64Array {
  requireInteger('n', n, 0);
  requireInteger('d', d);
  const source = bits(rng, 'sphere');
  const out = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const row = out.subarray(i * d, (i + 1) * d);
    let norm = 0;
    while (norm === 0) {
      fillNormal(source, row);
      for (let j = 0; j < d; j++) norm += row[j]! * row[j]!;
    }
    norm = Math.sqrt(norm);
    for (let j = 0; j < d; j++) row[j]! /= norm;
  }
  return out;
}

function fillNormal(source: Bits, out: Float64Array): void {
  for (let i = 0; i < out.length; i += 2) {
    let u: number;
    let v: number;
    let s: number;
    do {
      u = next53(source) * 2 ** -52 - 1;
      v = next53(source) * 2 ** -52 - 1;
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const factor = Math.sqrt((-2 * Math.log(s)) / s);
    out[i] = u * factor;
    if (i + 1 < out.length) out[i + 1] = v * factor;
  }
}
