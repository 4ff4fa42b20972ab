import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, counted, decimals, percent, powerOfTen, significant } from '../../src/report/number.ts';

describe('significant', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [1, '1.00'],
    [31.622, '31.6'],
    [0.001234, '0.00123'],
    [0.000999, '9.99\u202F\u00D7\u202F10\u207B\u2074'],
    [999.6, '1\u202F000'],
    [12_345, '12\u202F300'],
    [999_400, '999\u202F000'],
    [999_600, '1.00\u202F\u00D7\u202F10\u2076'],
    [2.4e8, '2.40\u202F\u00D7\u202F10\u2078'],
    [-0.5, '\u22120.500'],
    [Number.NaN, 'not finite'],
    [Number.POSITIVE_INFINITY, 'not finite'],
  ])('%d reads %s', (x, text) => {
    expect(significant(x)).toBe(text);
  });

  const finite = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((x) => Math.abs(x) > 1e-300 && Math.abs(x) < 1e300);

  test('up never reads below the number, down never above, both within a unit of the last digit', () => {
    fc.assert(
      fc.property(finite, fc.constantFrom(3, 2, 6), (x, figures) => {
        const [down, up] = [read(significant(x, 'down', figures)), read(significant(x, 'up', figures))];
        const unit = 10 ** (Math.floor(Math.log10(Math.abs(x))) - (figures - 1)) * 1.0001;
        expect(down).toBeLessThanOrEqual(x);
        expect(up).toBeGreaterThanOrEqual(x);
        expect(up - down).toBeLessThanOrEqual(unit * 1.1);
      }),
      {
        numRuns: 3000,
        examples: [9.995, 0.9999999, 1e21, -99.95, 1 / 3, 1.23, 5e-300].map((x): [number, number] => [x, 3]),
      },
    );
  });

  test('nearest is as near as the two others', () => {
    fc.assert(
      fc.property(finite, (x) => {
        const error = Math.abs(read(significant(x)) - x);
        for (const direction of ['up', 'down'] as const) {
          expect(error).toBeLessThanOrEqual(Math.abs(read(significant(x, direction)) - x) * (1 + 1e-9));
        }
      }),
    );
  });
});

test('counts are written in full', () => {
  expect(count(1_000_000)).toBe('1\u202F000\u202F000');
  expect(count(-1797)).toBe('\u22121\u202F797');
  expect(count(7)).toBe('7');
  expect(count(2.5)).toBe('2.50');
  expect(count(3e16)).toBe('3.00\u202F\u00D7\u202F10\u00B9\u2076');
  fc.assert(
    fc.property(fc.integer(), (x) => {
      expect(read(count(x))).toBe(x);
    }),
  );
});

test('decimals are those after the point, without a signed zero', () => {
  expect([-0.5598, 0.00382, -0.0004, -0].map((x) => decimals(x, 3))).toEqual([
    '\u22120.560',
    '0.004',
    '0.000',
    '0.000',
  ]);
  expect(decimals(Number.NaN, 3)).toBe('not finite');
});

test('shares, powers and counted nouns', () => {
  expect(percent(0.95)).toBe('95\u202F%');
  expect(percent(0.997)).toBe('99.7\u202F%');
  expect(percent(Number.NaN)).toBe('not finite');
  expect(powerOfTen(-12)).toBe('10\u207B\u00B9\u00B2');
  expect([counted(1, 'trial'), counted(0, 'trial'), counted(2000, 'trial')]).toEqual([
    '1 trial',
    '0 trials',
    '2\u202F000 trials',
  ]);
});

/** The number a reader sees, read back by the runtime's own decimal parser. */
function read(text: string): number {
  const superscripts = '\u2070\u00B9\u00B2\u00B3\u2074\u2075\u2076\u2077\u2078\u2079';
  const plain = text
    .replaceAll('\u2212', '-')
    .replace(/\u202F\u00D7\u202F10(.+)$/, (_, power: string) => {
      const digits = Array.from(power, (c) => (c === '\u207B' ? '-' : superscripts.indexOf(c)));
      return `e${digits.join('')}`;
    })
    .replaceAll('\u202F', '');
  return Number(plain);
}
