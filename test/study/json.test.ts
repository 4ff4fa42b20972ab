import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import { canonicalJson, contentHash, fromJson, toJson } from '../../src/study/json.ts';

const key = fc.string().filter((text) => !text.startsWith('$') && text !== '__proto__');
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.double()).map((numbers) => Float64Array.from(numbers)),
    fc.array(tie('any')),
    fc.dictionary(key, tie('any')),
  ),
})).any;

describe('toJson and fromJson', () => {
  it('give the same bits back, with NaN, infinities, -0 and subnormals', () => {
    fc.assert(
      fc.property(value, (original) => {
        // toStrictEqual compares numbers with Object.is, so it tells -0 from 0 and knows NaN.
        expect(fromJson(toJson(original))).toStrictEqual(normalised(original));
      }),
      { numRuns: 500 },
    );
    const extremes = [Number.NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE, 0.1 + 0.2];
    expect(fromJson(toJson(extremes))).toStrictEqual(extremes);
    expect(fromJson(toJson(Float64Array.from(extremes)))).toStrictEqual(Float64Array.from(extremes));
  });

  it('store float64 as little-endian IEEE 754, so that other programs can read it', () => {
    expect(toJson(Float64Array.of(1))).toBe(
      `{"$float64":"${Buffer.from('000000000000f03f', 'hex').toString('base64')}"}`,
    );
  });

  it('refuse what would be lost, and text they cannot have written', () => {
    for (const lost of [() => 0, 10n, new Map(), new Float32Array(1), new Date(), { $float64: 'AA==' }]) {
      expect(() => toJson(lost)).toThrow(RobustlawError);
    }
    for (const text of [
      '',
      '{',
      '{"$float64":"AAA="}',
      '{"$float64":7}',
      '{"$number":"1"}',
      '{"$other":"x"}',
    ]) {
      expect(() => fromJson(text)).toThrow(/invalid/);
    }
  });

  it('leave out keys without a value', () => {
    expect(toJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

describe('canonicalJson and contentHash', () => {
  it('do not depend on the order of keys', () => {
    expect(canonicalJson({ b: [{ y: 1, x: 2 }], a: 'é' })).toBe('{"a":"é","b":[{"x":2,"y":1}]}');
    expect(contentHash({ a: 1, b: 2 })).toBe(contentHash({ b: 2, a: 1 }));
  });

  it('are the SHA-256 of that text', () => {
    const expected = createHash('sha256').update('{"a":1}').digest('hex');
    expect(contentHash({ a: 1 }, 64)).toBe(expected);
    expect(contentHash({ a: 1 })).toBe(expected.slice(0, 12));
  });
});

/** Dictionaries of fast-check may have a null prototype; JSON gives ordinary objects. */
function normalised(original: unknown): unknown {
  if (Array.isArray(original)) return original.map(normalised);
  if (typeof original !== 'object' || original === null || original instanceof Float64Array) return original;
  return Object.fromEntries(Object.entries(original).map(([k, v]) => [k, normalised(v)]));
}
