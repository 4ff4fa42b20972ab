import { expect, test } from 'vitest';
import * as g from '../../../src/graph/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

const matrix = (rows: number, columns: number) => g.input(`m${rows}${columns}`, 'float64', [rows, columns]);

test('shapes of explicit, implicit and hidden axes', () => {
  const [a, b] = [matrix(2, 3), matrix(3, 4)];
  expect(g.einsum('ij,jk->ik', [a, b]).shape).toEqual([2, 4]);
  expect(g.einsum('ij, jk -> ki', [a, b]).shape).toEqual([4, 2]);
  // Without an arrow the names that occur once, in alphabetical order.
  expect(g.einsum('zj,ja', [a, b]).shape).toEqual([4, 2]);
  expect(g.einsum('...j,jk', [a, b]).shape).toEqual([2, 4]);
  expect(g.einsum('ij->', [a]).shape).toEqual([]);
});

test('the cotangent of an axis that is summed over in one operand alone is the same all along it', async () => {
  const [a, v] = [matrix(2, 3), g.input('v', 'float64', [2])];
  const [ga, gv] = g.gradient(g.reduceSum(g.einsum('ij,i->i', [a, v])), [a, v]) as [g.Value, g.Value];
  const out = await evaluate(
    { ga, gv },
    { m23: Float64Array.of(1, 2, 3, 4, 5, 6), v: Float64Array.of(10, 20) },
  );
  expect(out.ga.data).toEqual(Float64Array.of(10, 10, 10, 20, 20, 20));
  expect(out.gv.data).toEqual(Float64Array.of(6, 15));
});

test('what does not fit is said', () => {
  const a = matrix(2, 3);
  expect(() => g.einsum('ij,jk->ik', [a])).toThrow(/has 2 operands; 1 are given/);
  expect(() => g.einsum('ijk->i', [a])).toThrow(/does not fit an operand of shape \[2,3\]/);
  expect(() => g.einsum('ij,ji->i', [a, a])).toThrow(/axis j of length 3 and 2|axis i of length/);
  expect(() => g.einsum('ij->ik', [a])).toThrow(/no operand has/);
  expect(() => g.einsum('ij->ii', [a])).toThrow(/twice/);
  const square = matrix(3, 3);
  expect(() => g.gradient(g.reduceSum(g.einsum('ii->i', [square])), [square])).toThrow(/names twice/);
});
