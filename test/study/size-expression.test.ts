import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeOn, sizeSchema } from '../../src/study/size-expression.ts';

describe('sizes of a family', () => {
  it.each([
    [7, 7],
    ['7', 7],
    ['d', 30],
    ['n', 100],
    ['n/4', 25],
    ['10 n/d', 33],
    ['10n / d', 33],
    ['0.5 * n', 50],
    ['n d', 3000],
    ['2 n d / 7', 857],
    ['n/2d', 2],
    ['n/400', 0],
  ])('%s on n = 100, d = 30 is %d', (size, expected) => {
    expect(sizeOn(sizeSchema.parse(size), 100, 30)).toBe(expected);
  });

  it.each([
    0,
    -3,
    1.5,
    '',
    '/',
    'n/',
    '/d',
    'n/d/2',
    'e',
    'n+1',
    '-n',
    'n ** 2',
    '0 n',
    'n/0',
    'n*',
    'N',
    '1e3',
    null,
  ])('refuses %j', (size) => {
    expect(sizeSchema.safeParse(size).success).toBe(false);
  });

  it('is the product of its factors, rounded', () => {
    const factor = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom('n' as const, 'd' as const));
    const product = fc.array(factor, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        product,
        product,
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 1000 }),
        (a, b, n, d) => {
          const value = (factors: typeof a) =>
            factors.reduce<number>((all, f) => all * (f === 'n' ? n : f === 'd' ? d : f), 1);
          const text = `${a.join(' ')} / ${b.join(' * ')}`;
          expect(sizeOn(sizeSchema.parse(text), n, d)).toBe(Math.round(value(a) / value(b)));
        },
      ),
    );
  });
});
