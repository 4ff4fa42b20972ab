import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, listed, nearestName, suggestion } from '../../src/validation/index.ts';

/** The recursive definition, without a table. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [p, q] = [a.slice(0, -1), b.slice(0, -1)];
  const options = [distance(p, b) + 1, distance(a, q) + 1, distance(p, q) + (a.at(-1) === b.at(-1) ? 0 : 1)];
  if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
    options.push(distance(a.slice(0, -2), b.slice(0, -2)) + 1);
  }
  return Math.min(...options);
}

describe('editDistance', () => {
  it('is its recursive definition', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === distance(a, b)));
  });

  it('has the textbook values', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('mixtrue', 'mixture')).toBe(1);
  });
});

describe('nearestName', () => {
  it('is the nearest, and none where none is near', () => {
    const names = ['sphere', 'sphere-reference', 'mixture', 'digits'];
    expect(nearestName('spere', names)).toBe('sphere');
    expect(nearestName('sphere-refernce', names)).toBe('sphere-reference');
    expect(nearestName('gaussian', names)).toBeUndefined();
    expect(nearestName('x', names)).toBeUndefined();
    expect(nearestName('x'.repeat(1e6), names)).toBeUndefined();
  });

  it('becomes half a sentence', () => {
    expect(suggestion('digit', ['digits'])).toBe('; did you mean "digits"?');
    expect(suggestion('gaussian', ['digits', 'sphere'])).toBe('; there is "digits", "sphere"');
    expect(suggestion('gaussian', [])).toBe('');
    expect(listed(['a', 'b', 'c'], 2)).toBe('"a", "b" and 1 more');
  });
});
