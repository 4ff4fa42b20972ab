import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDifference, differences } from '../../src/study/difference.ts';

describe('differences', () => {
  it('are none exactly where the values are equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(differences(a, structuredClone(a))).toEqual([]);
        const equal = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(differences(a, b).length === 0).toBe(equal);
      }),
    );
  });

  it('name the deepest key: into maps and lists of maps, not into lists of values', () => {
    const before = { a: { n: [1, 2], d: 3 }, t: [{ seeds: 1 }, { seeds: 2 }] };
    const after = { a: { n: [1, 5], d: 3, e: 4 }, t: [{ seeds: 1 }, { seeds: 3 }, { seeds: 9 }] };
    const found = differences(before, after);
    expect(found.map(({ key }) => key)).toEqual(['a.n', 'a.e', 't[1].seeds', 't[2]']);
    expect(describeDifference(found[0]!, 'the earlier run', 'the file')).toBe(
      'a.n: [1,2] in the earlier run, [1,5] in the file',
    );
    expect(describeDifference(found[1]!, 'the run', 'study.yaml')).toBe(
      'a.e: absent in the run, 4 in study.yaml',
    );
  });
});

/** The order of keys makes no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}
