// The derivative of a ReLU by the operator that the runtime is given, and by its definition.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cast,
  type FloatType,
  type Graph,
  gradient,
  graph,
  greater,
  input,
  lowerForRuntime,
  reduceSum,
  relu,
  tensor,
  topological,
  type Value,
} from '../../src/graph/index.ts';
import { compile } from '../../src/runtime/index.ts';

const operators = ({ outputs }: Graph) =>
  topological(Object.values(lowerForRuntime({ inputs: [], outputs }).outputs)).map(({ op }) => op.name);

/** Of values of x, by the runtime. */
async function valuesOf(y: (x: Value) => Value, dtype: FloatType, values: readonly number[]) {
  const x = input('x', dtype, [values.length]);
  const program = await compile(graph([x], { y: y(x) }));
  const { data } = tensor(dtype, [values.length], values);
  const found = await program.run({ x: data });
  await program.dispose();
  return Array.from(found.y as Float32Array | Float64Array);
}

const derivative = (x: Value) => gradient(reduceSum(relu(x)), [x])[0]!;

test('is 1 for positive numbers and 0 for others, in both types', async () => {
  const smallest = 2 ** -127;
  const edges = [0, -0, 1, -1, smallest, -smallest, 2 ** -126, 3e38, -3e38, Infinity, -Infinity, 1e-30];
  const numbers = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 40 });
  for (const dtype of ['float32', 'float64'] as const) {
    await fc.assert(
      fc.asyncProperty(numbers, async (drawn) => {
        const values = [...edges, ...drawn.filter((x) => Math.abs(x) >= smallest || x === 0)];
        const found = await valuesOf(derivative, dtype, values);
        expect(found.map(Math.abs)).toEqual(values.map((x) => (x > 0 ? 1 : 0)));
      }),
      { numRuns: 30 },
    );
  }
});

test('is 2^127 x in float32 for numbers that are smaller still, and 1 in float64', async () => {
  const values = [2 ** -128, 2 ** -140, 2 ** -149];
  expect(await valuesOf(derivative, 'float32', values)).toEqual(values.map((x) => 2 ** 127 * x));
  expect(await valuesOf(derivative, 'float64', values)).toEqual([1, 1, 1]);
});

test('does not hide that a float32 value is not a number', async () => {
  for (const length of [1, 17]) {
    const values = new Array<number>(length).fill(Number.NaN);
    expect(await valuesOf(derivative, 'float32', values)).toEqual(values);
  }
});

test('takes one operator where the compared value is a ReLU in float32, and the comparison elsewhere', () => {
  const of = (dtype: FloatType, y: (x: Value) => Value) =>
    operators({ inputs: [], outputs: { y: y(input('x', dtype, [3])) } });
  expect(of('float32', derivative)).toContain('HardSigmoid');
  expect(of('float32', derivative)).not.toContain('Greater');
  expect(of('float64', derivative)).toContain('Greater');
  expect(of('float32', (x) => cast(greater(x, 0), 'float32'))).toContain('Greater');
  expect(of('float32', (x) => cast(greater(relu(x), 1), 'float32'))).toContain('Greater');
  expect(of('float32', (x) => cast(greater(relu(x), 0), 'float64'))).toContain('Greater');
});
