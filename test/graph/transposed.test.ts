// Products with transposed factors, by the runtime and by the definition.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encode,
  type Graph,
  gemm,
  graph,
  input,
  lowerForRuntime,
  sizeOf,
  tensor,
  topological,
} from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';

const COLUMNS = 600;

interface Sizes {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly transA: number;
  readonly transB: number;
}

function product({ rows, inner, columns, transA, transB }: Sizes, dtype: 'float32' | 'float64') {
  const a = input('a', dtype, transA ? [inner, rows] : [rows, inner]);
  const b = input('b', dtype, transB ? [columns, inner] : [inner, columns]);
  const c = input('c', dtype, [columns]);
  const y = gemm(a, b, { transA, transB, alpha: 0.5, beta: -2 }, c);
  const g = graph([a, b, c], { y });
  const data = Object.fromEntries(
    g.inputs.map((value, i) => {
      const size = sizeOf(value.shape);
      return [['a', 'b', 'c'][i]!, tensor(dtype, [size], normal(rng(i), size)).data as Float64Array];
    }),
  );
  const expected = Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let l = 0; l < inner; l++) {
      const left = data.a![transA ? l * rows + i : i * inner + l]!;
      sum += left * data.b![transB ? j * inner + l : l * columns + j]!;
    }
    return 0.5 * sum - 2 * data.c![j]!;
  });
  return { g, data, expected };
}

/** The operators that run, with the flags of products. */
const operators = ({ outputs }: Graph) =>
  topological(Object.values(outputs))
    .filter(({ inputs }) => inputs.length > 0)
    .map(({ op, attributes: { transA, transB } }) =>
      [op.name, transA ? 'A' : '', transB ? 'B' : ''].filter(Boolean).join(' '),
    );

const wide = { rows: 7, inner: 5, columns: COLUMNS, transA: 1, transB: 0 };

describe('a product with a transposed first factor', () => {
  test.each([
    [0, 'float64'],
    [1, 'float64'],
    [0, 'float32'],
  ] as const)('is the product by the definition, transB = %i, %s', async (transB, dtype) => {
    const { g, data, expected } = product({ ...wide, transB }, dtype);
    const program = await compile(g);
    const { y } = await program.run(data);
    expected.forEach((value, i) => {
      expect(y![i]).toBeCloseTo(value, dtype === 'float64' ? 12 : 5);
    });
    await program.dispose();
  });

  test('is transposed once where the result is wide, and left alone where it is not', () => {
    const names = (columns: number) => operators(lowerForRuntime(product({ ...wide, columns }, 'float32').g));
    expect(names(COLUMNS)).toEqual(['Transpose', 'Gemm']);
    expect(names(100)).toEqual(['Gemm A']);
  });

  test('is written to files as it is', () => {
    const { g } = product(wide, 'float32');
    expect(new TextDecoder('latin1').decode(encode(g))).not.toContain('Transpose');
  });
});

describe('a product with a transposed vector', () => {
  const size = fc.constantFrom(1, 2, 5);
  const flag = fc.constantFrom(0, 1);
  const sizes = fc.record({ rows: size, inner: size, columns: size, transA: flag, transB: flag });

  test('is the product by the definition', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async (of) => {
        const { g, data, expected } = product(of, 'float64');
        const program = await compile(g);
        const { y } = await program.run(data);
        expected.forEach((value, i) => {
          expect(y![i]).toBeCloseTo(value, 12);
        });
        await program.dispose();
      }),
      { numRuns: 60 },
    );
  });

  test('has no flag for it, and one for a matrix', () => {
    fc.assert(
      fc.property(sizes, (of) => {
        const { rows, inner, columns, transA, transB } = of;
        const [, flags] = operators(lowerForRuntime(product(of, 'float32').g))
          .at(-1)!
          .match(/^Gemm(.*)$/)!;
        expect(flags!.includes('A')).toBe(transA === 1 && rows > 1 && inner > 1);
        expect(flags!.includes('B')).toBe(transB === 1 && columns > 1 && inner > 1);
      }),
    );
  });
});
