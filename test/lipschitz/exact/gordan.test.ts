import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitLength, dyadics, ratio } from '../../../src/lipschitz/exact/dyadic.ts';
import { type IntegerRow, provesEmpty, strictlyFeasible } from '../../../src/lipschitz/exact/gordan.ts';

describe('dyadic numbers', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

  it('are the float64 numbers themselves', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 5 }), (numbers) => {
        const { exponent, values } = dyadics(numbers);
        numbers.forEach((x, i) => {
          const m = values[i]!;
          expect(exponent < 0 ? ratio(m, 1n << BigInt(-exponent)) : ratio(m << BigInt(exponent), 1n)).toBe(
            x + 0,
          );
        });
      }),
    );
  });

  it('add without rounding', () => {
    const { exponent, values } = dyadics([0.1, 0.2, -0.3]);
    // 0.1 + 0.2 - 0.3 of the float64 numbers is exactly 2^-55.
    expect(values.reduce((a, b) => a + b)).toBe(1n << BigInt(-55 - exponent));
  });

  it('know their lengths and ratios', () => {
    const integer = fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n });
    fc.assert(
      fc.property(integer, fc.bigInt({ min: 1n, max: 2n ** 300n }), (n, d) => {
        const size = n < 0n ? -n : n;
        expect(bitLength(n)).toBe(n === 0n ? 0 : size.toString(2).length);
        const q = ratio(n, d);
        // |q d - n| in integers, to within 2^-50 |n|.
        const { exponent, values } = dyadics([q]);
        const [low, scaled] =
          exponent < 0 ? [values[0]! * d, n << BigInt(-exponent)] : [(values[0]! << BigInt(exponent)) * d, n];
        const error = low > scaled ? low - scaled : scaled - low;
        expect(error << 50n <= (scaled < 0n ? -scaled : scaled)).toBe(true);
      }),
    );
    expect(() => dyadics([1, Number.NaN])).toThrow(/number 1/);
  });
});

describe("Gordan's alternative", () => {
  const small = fc.integer({ min: -3, max: 3 }).map(BigInt);
  const systems = fc
    .integer({ min: 1, max: 4 })
    .chain((d) =>
      fc.array(fc.tuple(fc.array(small, { minLength: d, maxLength: d }), small), {
        minLength: 1,
        maxLength: 9,
      }),
    )
    .map((rows): IntegerRow[] => rows.map(([a, b]) => ({ a, b })));

  it('gives a proof or a point, on systems full of ties', () => {
    let [empty, interior] = [0, 0];
    fc.assert(
      fc.property(systems, (rows) => {
        const found = strictlyFeasible(rows, 1000)!;
        if (found.kind === 'empty') {
          empty++;
          expect(provesEmpty(rows, found.multipliers)).toBe(true);
        } else {
          interior++;
          for (const { a, b } of rows) {
            expect(a.reduce((s, v, i) => s + Number(v) * found.point[i]!, 0)).toBeLessThan(Number(b));
          }
        }
      }),
      { numRuns: 1000, seed: 5 },
    );
    expect(empty).toBeGreaterThan(100);
    expect(interior).toBeGreaterThan(100);
  });

  it('agrees with a point that is known, and with a conflict that is known', () => {
    fc.assert(
      fc.property(
        systems,
        fc.array(small, { minLength: 4, maxLength: 4 }),
        fc.array(small, { minLength: 9, maxLength: 9 }),
        (rows, x, slack) => {
          const solved = rows.map(({ a }, i) => ({
            a,
            b: a.reduce((s, v, c) => s + v * x[c]!, 1n + slack[i]! * slack[i]!),
          }));
          expect(strictlyFeasible(solved, 1000)!.kind).toBe('interior');
          const total = solved[0]!.a.map((_, c) => -solved.reduce((s, { a }) => s + a[c]!, 0n));
          const against = { a: total, b: -solved.reduce((s, { b }) => s + b, 0n) };
          expect(strictlyFeasible([...solved, against], 1000)!.kind).toBe('empty');
          // One unit more room, and the conflict is gone or was another one.
          const roomy = [...solved, { ...against, b: against.b + 1n }];
          const found = strictlyFeasible(roomy, 1000)!;
          if (found.kind === 'empty') expect(provesEmpty(roomy, found.multipliers)).toBe(true);
        },
      ),
      { numRuns: 300, seed: 6 },
    );
  });

  it('takes no false proof, and gives up after its pivots', () => {
    const rows: IntegerRow[] = [
      { a: [1n], b: 1n },
      { a: [-1n], b: -1n },
    ];
    expect(provesEmpty(rows, [1n, 1n])).toBe(true);
    expect(provesEmpty(rows, [2n, 1n])).toBe(false);
    expect(provesEmpty(rows, [0n, 0n])).toBe(false);
    expect(provesEmpty(rows, [-1n, -1n])).toBe(false);
    expect(provesEmpty([rows[0]!, { a: [-1n], b: 0n }], [1n, 1n])).toBe(false);
    expect(strictlyFeasible(rows, 0)).toBeUndefined();
  });

  it('decides by less than float64 can see', () => {
    const big = 10n ** 40n;
    // x < big and x > big - 1 has a solution; x > big has none.
    const one = { a: [1n], b: big };
    expect(strictlyFeasible([one, { a: [-1n], b: 1n - big }], 100)!.kind).toBe('interior');
    expect(strictlyFeasible([one, { a: [-1n], b: -big }], 100)!.kind).toBe('empty');
  });
});
