import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph, Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';

const key = rng('blocked convolution');

/** Names of the operators of a lowered graph, those of other domains than ONNX's with a star. */
function operatorsOf(graph: Graph, block?: number): string[] {
  return g
    .topological(Object.values(g.lowerForRuntime(graph, block).outputs))
    .map(({ op }) => (op.domain ? `*${op.name}` : op.name));
}

async function run(graph: Graph, arrays: Readonly<Record<string, Float64Array>>) {
  const program = await compile(graph);
  const feeds = graph.inputs.map((value) => {
    const data = arrays[g.nameOf(value)!]!;
    return [g.nameOf(value)!, value.dtype === 'float32' ? Float32Array.from(data) : data];
  });
  const out = await program.run(Object.fromEntries(feeds));
  await program.dispose();
  return out;
}

const small = fc.integer({ min: 1, max: 3 });
const problem = fc.record({
  batch: fc.integer({ min: 2, max: 5 }),
  /** Whole blocks of 8 or 16, or less than one. */
  channels: fc.oneof(fc.constantFrom(16, 32, 48), fc.integer({ min: 1, max: 9 })),
  filters: fc.oneof(fc.constantFrom(16, 32, 48), fc.integer({ min: 1, max: 40 })),
  side: fc.integer({ min: 17, max: 24 }),
  rows: small,
  columns: fc.integer({ min: 2, max: 5 }),
  stride: fc.integer({ min: 1, max: 2 }),
  pads: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
  bias: fc.boolean(),
  fixed: fc.boolean(),
});

test('values and gradients are those of float64, whether the kernel is fed or fixed', async () => {
  await fc.assert(
    fc.asyncProperty(
      problem,
      async ({ batch, channels, filters, side, rows, columns, stride, pads, bias, fixed }) => {
        const shapes = {
          x: [batch, channels, side, side],
          w: [filters, channels, rows, columns],
          b: [filters],
        };
        const arrays = Object.fromEntries(
          Object.entries(shapes).map(([name, shape]) => [
            name,
            normal(key.split(name), g.sizeOf(shape)).map(Math.fround),
          ]),
        );
        const x = g.input('x', 'float64', shapes.x);
        const w = fixed
          ? g.parameter('w', g.tensor('float64', shapes.w, arrays.w!))
          : g.input('w', 'float64', shapes.w);
        const b = bias ? g.input('b', 'float64', shapes.b) : undefined;
        const y = g.conv(x, w, b, { strides: [stride, stride], pads });
        const [gx, gw] = g.gradient(g.reduceMean(g.square(y)), [x, w]) as [Value, Value];
        const wide = g.graph([x, ...(fixed ? [] : [w]), ...(b ? [b] : [])], { y, gx, gw });
        const [exact, fast] = [await run(wide, arrays), await run(g.toFloat(wide, 'float32'), arrays)];
        for (const name of ['y', 'gx', 'gw']) {
          const [a, c] = [exact[name] as Float64Array, fast[name] as Float32Array];
          const size = a.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
          const apart = a.reduce((max, value, i) => Math.max(max, Math.abs(value - c[i]!)), 0);
          expect(apart / size, name).toBeLessThan(1e-5);
        }
      },
    ),
    { numRuns: 24, seed: 5 },
  );
});

describe('blocks are used', () => {
  const x = g.input('x', 'float32', [8, 16, 14, 14]);
  const kernel = (...shape: number[]) => g.input('w', 'float32', shape);
  const of = (y: Value, block?: number) => operatorsOf(g.graph(g.inputsOf([y]), { y }), block);

  test('where the kernel is fed and there are many positions', () => {
    expect(of(g.conv(x, kernel(16, 16, 3, 3)), 8)).toEqual(
      expect.arrayContaining(['*ReorderInput', '*Conv', '*ReorderOutput']),
    );
    expect(of(g.convTranspose(x, kernel(16, 16, 3, 3)), 8)).toContain('*Conv');
  });

  test('where an image has less than a block of channels, which stay as they are', () => {
    const few = of(g.conv(g.input('x', 'float32', [8, 3, 14, 14]), kernel(16, 3, 3, 3)), 8);
    expect(few).toEqual(expect.arrayContaining(['*Conv', '*ReorderOutput']));
    expect(few).not.toContain('*ReorderInput');
  });

  test('where filters fill blocks by half at least, with zeros for the rest', () => {
    expect(of(g.conv(x, kernel(12, 16, 3, 3)), 8)).toEqual(
      expect.arrayContaining(['Concat', '*Conv', '*ReorderOutput']),
    );
    expect(of(g.convTranspose(x, kernel(16, 4, 3, 3)), 8)).toContain('*Conv');
  });

  test('but not unless the length of a block is known', () => {
    expect(of(g.conv(x, kernel(16, 16, 3, 3)))).toContain('Conv');
  });

  test.each<[string, Value]>([
    [
      'with channels that are more than a block and no whole ones',
      g.conv(g.input('x', 'float32', [8, 12, 14, 14]), kernel(16, 12, 3, 3)),
    ],
    ['with filters that leave blocks emptier than half', g.conv(x, kernel(3, 16, 3, 3))],
    [
      'with a stride in the transposed one',
      g.convTranspose(x, kernel(16, 16, 3, 3), undefined, { strides: [2, 2] }),
    ],
    ['with dilation', g.conv(x, kernel(16, 16, 3, 3), undefined, { dilations: [2, 1] })],
    ['with groups', g.conv(x, kernel(16, 8, 3, 3), undefined, { group: 2 })],
    ['for 1 x 1, a product', g.conv(x, kernel(16, 16, 1, 1))],
    ['for few positions', g.conv(g.slice(x, [0], [0], [2]), kernel(16, 16, 3, 3))],
    ['in float64', g.conv(g.cast(x, 'float64'), g.cast(kernel(16, 16, 3, 3), 'float64'))],
    [
      'where pads exceed the kernel',
      g.convTranspose(x, kernel(16, 16, 3, 3), undefined, { pads: [3, 0, 0, 0] }),
    ],
  ])('nor %s', (_name, y) => {
    expect(of(y, 8).filter((name) => name.startsWith('*'))).toEqual([]);
  });

  test('by ONNX Runtime itself for a fixed kernel: a transposed convolution becomes a plain one', () => {
    const w = g.parameter('w', g.tensor('float32', [16, 16, 3, 3], new Float32Array(2304)));
    expect(of(g.conv(x, w), 8)).toEqual(of(g.conv(x, w)));
    expect(of(g.convTranspose(x, w), 8)).toContain('Conv');
    expect(of(g.convTranspose(x, w), 8)).not.toContain('ConvTranspose');
  });

  test('in no file: encoding a graph keeps it as it is', () => {
    const w = kernel(16, 16, 3, 3);
    const text = new TextDecoder('latin1').decode(g.encode(g.graph([x, w], { y: g.conv(x, w) })));
    expect(text).not.toContain('nchwc');
  });
});
