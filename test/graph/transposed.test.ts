// Products with a transposed first factor, by the runtime and by the definition.
import { describe, expect, test } from 'vitest';
import {
  encode,
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

function product(transB: number, columns: number, dtype: 'float32' | 'float64') {
  const [k, rows] = [5, 7];
  const a = input('a', dtype, [k, rows]);
  const b = input('b', dtype, transB ? [columns, k] : [k, columns]);
  const c = input('c', dtype, [columns]);
  const y = gemm(a, b, { transA: 1, transB, alpha: 0.5, beta: -2 }, c);
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
    for (let l = 0; l < k; l++) {
      sum += data.a![l * rows + i]! * data.b![transB ? j * k + l : l * columns + j]!;
    }
    return 0.5 * sum - 2 * data.c![j]!;
  });
  return { g, data, expected };
}

describe('a product with a transposed first factor', () => {
  test.each([
    [0, 'float64'],
    [1, 'float64'],
    [0, 'float32'],
  ] as const)('is the product by the definition, transB = %i, %s', async (transB, dtype) => {
    const { g, data, expected } = product(transB, COLUMNS, dtype);
    const program = await compile(g);
    const { y } = await program.run(data);
    expected.forEach((value, i) => {
      expect(y![i]).toBeCloseTo(value, dtype === 'float64' ? 12 : 5);
    });
    await program.dispose();
  });

  test('is transposed once where the result is wide, and left alone where it is not', () => {
    const names = (columns: number) =>
      topological(Object.values(lowerForRuntime(product(0, columns, 'float32').g).outputs))
        .filter(({ inputs }) => inputs.length > 0)
        .map(({ op, attributes }) => `${op.name} ${attributes.transA ?? ''}`.trim());
    expect(names(COLUMNS)).toEqual(['Transpose', 'Gemm']);
    expect(names(100)).toEqual(['Gemm 1']);
  });

  test('is written to files as it is', () => {
    const { g } = product(0, COLUMNS, 'float32');
    expect(new TextDecoder('latin1').decode(encode(g))).not.toContain('Transpose');
  });
});
