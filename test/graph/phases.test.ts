// Convolutions with max pooling behind them in phases, against the same cell by cell.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Attributes,
  add,
  conv,
  gradient,
  innerProduct,
  inPhases,
  input,
  maxPool,
  nameOf,
  relu,
  sizeOf,
  tanh,
  topological,
  type Value,
} from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

const fed = (name: string, shape: readonly number[]) => input(name, 'float64', shape);
const operators = (values: readonly Value[]) => topological(values).map(({ op }) => op.name);
const tiles = (window: readonly number[]): Attributes => ({ strides: [...window] });

/** The largest difference of two lists of values, by the largest of the second. */
async function difference(
  found: readonly Value[],
  expected: readonly Value[],
  feeds: Readonly<Record<string, Float64Array>>,
): Promise<number> {
  const named = [...found, ...expected].map((value, i) => [`${i}`, value] as const);
  const all = await evaluate(Object.fromEntries(named), feeds);
  const data = (i: number) => all[`${i}`]!.data as Float64Array;
  return Math.max(
    ...expected.map((_, i) => {
      const right = data(found.length + i);
      const scale = Math.max(...right.map(Math.abs), Number.MIN_VALUE);
      expect(data(i).length).toBe(right.length);
      return Math.max(...data(i).map((value, k) => Math.abs(value - right[k]!))) / scale;
    }),
  );
}

describe('a convolution with max pooling behind it', () => {
  const axis = fc.record({
    kernel: fc.integer({ min: 1, max: 4 }),
    window: fc.integer({ min: 1, max: 3 }),
    windows: fc.integer({ min: 1, max: 3 }),
    /** Cells of the convolution that belong to no window. */
    rest: fc.nat(2),
    before: fc.nat(5),
    after: fc.nat(5),
  });
  const problem = fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 4 }),
    axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
    biased: fc.boolean(),
    constant: fc.boolean(),
    seed: fc.nat(1000),
  });

  test('has the values and gradients that it has cell by cell', async () => {
    let rewritten = 0;
    await fc.assert(
      fc.asyncProperty(problem, async ({ batch, channels, filters, axes, biased, constant, seed }) => {
        const padded = axes.map((a) => a.kernel - 1 + a.window * a.windows + Math.min(a.rest, a.window - 1));
        const lengths = padded.map((length, i) => length - axes[i]!.before - axes[i]!.after);
        fc.pre(lengths.every((length) => length >= 1));
        const x = fed('x', [batch, channels, ...lengths]);
        const w = fed('w', [filters, channels, ...axes.map((a) => a.kernel)]);
        const b = fed('b', [filters]);
        const inputs = biased ? [x, w, b] : [x, w];
        const pads = [...axes.map((a) => a.before), ...axes.map((a) => a.after)];
        const window = axes.map((a) => a.window);
        const plain = maxPool(conv(x, w, biased ? b : undefined, { pads }), window, tiles(window));
        const [phased] = inPhases([plain]) as [Value];
        const outputs = (y: Value) => {
          const loss = innerProduct(tanh(y), y);
          return [y, ...gradient(loss, inputs)];
        };
        // Windows of a constant image tie, wherever no padding is seen.
        const draws = (value: Value, i: number) =>
          constant && value === x
            ? new Float64Array(sizeOf(x.shape)).fill(0.7)
            : normal(rng(seed).split(i), sizeOf(value.shape));
        const feeds = Object.fromEntries(inputs.map((value, i) => [nameOf(value)!, draws(value, i)]));
        expect(await difference(outputs(phased), outputs(plain), feeds)).toBeLessThan(1e-12);
        if (phased !== plain) rewritten++;
      }),
      { numRuns: 80 },
    );
    expect(rewritten).toBeGreaterThan(40);
  });

  test('looks at the image once per window, and adds the bias to the largest value', () => {
    const y = conv(fed('x', [5, 1, 28, 28]), fed('w', [2, 1, 5, 5]), fed('b', [2]), { pads: [2, 2, 2, 2] });
    const [pooled] = inPhases([maxPool(y, [2, 2], tiles([2, 2]))]) as [Value];
    expect(pooled.shape).toEqual([5, 2, 14, 14]);
    const nodes = topological([pooled]);
    const convolution = nodes.find(({ op }) => op.name === 'Conv')!;
    expect(convolution.inputs.map((value) => value!.shape)).toEqual([
      [5, 1, 28, 28],
      [8, 1, 6, 6],
    ]);
    expect(convolution.attributes).toMatchObject({ strides: [2, 2], pads: [2, 2, 2, 2] });
    expect(nodes.at(-1)!.op.name).toBe('Add');
    expect(operators([pooled])).not.toContain('MaxPool');
  });

  test('may follow another', async () => {
    const [x, w, v] = [fed('x', [2, 1, 12, 12]), fed('w', [2, 1, 3, 3]), fed('v', [3, 2, 3, 3])];
    const pads = { pads: [1, 1, 1, 1] };
    const h = relu(maxPool(conv(x, w, undefined, pads), [2, 2], tiles([2, 2])));
    const plain = maxPool(conv(h, v, undefined, pads), [3, 3], tiles([3, 3]));
    const [phased] = inPhases([plain]) as [Value];
    expect(operators([phased])).not.toContain('MaxPool');
    const feeds = Object.fromEntries(
      [x, w, v].map((value, i) => [nameOf(value)!, normal(rng('two').split(i), sizeOf(value.shape))]),
    );
    const slopes = (y: Value) => gradient(innerProduct(y, y), [x, w, v]);
    expect(await difference(slopes(phased), slopes(plain), feeds)).toBeLessThan(1e-12);
  });
});

describe('left cell by cell are', () => {
  const x = fed('x', [2, 4, 12, 12]);
  const y = conv(x, fed('w', [3, 4, 3, 3]));
  const window = tiles([2, 2]);

  test.each<[string, readonly Value[]]>([
    ['a convolution without pooling', [relu(y)]],
    ['pooling without a convolution', [maxPool(relu(y), [2, 2], window)]],
    ['windows that overlap', [maxPool(y, [2, 2])]],
    ['windows that begin in the padding', [maxPool(y, [2, 2], { ...window, pads: [1, 1, 1, 1] })]],
    [
      'a strided convolution',
      [maxPool(conv(x, fed('w', [3, 4, 3, 3]), undefined, { strides: [2, 2] }), [2, 2], window)],
    ],
    [
      'a dilated convolution',
      [maxPool(conv(x, fed('w', [3, 4, 3, 3]), undefined, { dilations: [2, 2] }), [2, 2], window)],
    ],
    [
      'groups of channels',
      [maxPool(conv(x, fed('w', [4, 2, 3, 3]), undefined, { group: 2 }), [2, 2], window)],
    ],
    ['many weights per tap', [maxPool(conv(x, fed('many', [17, 4, 3, 3])), [2, 2], window)]],
    ['a convolution that is asked for itself', [maxPool(y, [2, 2], window), y]],
    ['a convolution that something else uses', [add(maxPool(y, [10, 10], tiles([10, 10])), y)]],
    ['positions of the largest cells', [maxPool(y, [2, 2], window).node.outputs[1]!]],
  ])('%s', (_, values) => {
    expect(inPhases(values)).toEqual(values);
  });
});
