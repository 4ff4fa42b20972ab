import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { pythonWith, runPython } from '../oracles/python.ts';

const shapes = {
  x: [3, 2, 9, 8],
  w1: [4, 2, 3, 3],
  b1: [4],
  mean: [4],
  variance: [4],
  scale: [4],
  shift: [4],
  w2: [6, 2, 3, 2],
  w3: [6, 3, 3, 3],
  b3: [3],
  gain: [24],
  offset: [24],
  w4: [3, 24],
  b4: [3],
} as const;

type Weights = { readonly [name in keyof typeof shapes]: Value };

/** The network of test/oracles/pytorch_gradients.py. */
function loss(t: Weights): Value {
  const stem = g.conv(t.x, t.w1, t.b1, { pads: [2, 1, 2, 1] });
  const normal = g.relu(g.batchNormalization(stem, t.scale, t.shift, t.mean, t.variance, 0.125));
  const pooled = g.maxPool(normal, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 });
  const grouped = g.conv(pooled, t.w2, undefined, {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    dilations: [1, 2],
    group: 2,
  });
  const averaged = g.averagePool(g.elu(grouped), [2, 2], { pads: [1, 1, 1, 1] });
  const wide = g.convTranspose(averaged, t.w3, t.b3, {
    strides: [2, 1],
    pads: [1, 1, 1, 1],
    output_padding: [1, 0],
  });
  const features = g.flatten(g.maxPool(g.gelu(wide), [2, 2], { strides: [2, 2] }));
  const logits = g.softplus(
    g.linear(g.layerNormalization(features, t.gain, t.offset, -1, 0.125), t.w4, t.b4),
  );
  const labels = g.constant(g.tensor('float64', [3, 3], [0, 1, 0, 1, 0, 0, 0, 0, 1]));
  return g.neg(g.div(g.innerProduct(labels, g.logSoftmax(logits)), 3));
}

const python = pythonWith('torch');
if (!python) console.warn('no Python with PyTorch here: its gradients are not compared with ours');

test.skipIf(!python)('gradients of a convolutional network are those of PyTorch', async () => {
  const key = rng('pytorch');
  const arrays = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      name === 'variance'
        ? uniform(key.split(name), g.sizeOf(shape), 0.5, 2)
        : normal(key.split(name), g.sizeOf(shape)),
    ]),
  );
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, g.input(name, 'float64', shape)]),
  ) as Weights;
  const value = loss(inputs);
  const wanted = Object.keys(shapes).filter((name) => name !== 'mean' && name !== 'variance');
  const slopes = g.gradient(
    value,
    wanted.map((name) => inputs[name as keyof Weights]),
  );
  const outputs = Object.fromEntries(wanted.map((name, i) => [`d_${name}`, slopes[i]!]));
  const got = await evaluate({ loss: value, ...outputs } as Record<string, Value>, arrays);

  const described = Object.entries(shapes).map(([name, shape]) => [
    name,
    { shape, values: [...arrays[name]!] },
  ]);
  const script = join(import.meta.dirname, '../oracles/pytorch_gradients.py');
  const reference = JSON.parse(runPython(python!, script, JSON.stringify(Object.fromEntries(described))));

  // ONNX keeps epsilon in float32, hence 1/8.
  expect(got.loss!.data[0]).toBeCloseTo(reference.loss, 12);
  for (const name of wanted) {
    const theirs: number[] = reference[name];
    const ours = got[`d_${name}`]!.data as Float64Array;
    expect(ours.length, name).toBe(theirs.length);
    const size = Math.max(...theirs.map(Math.abs));
    const apart = Math.max(...theirs.map((slope, i) => Math.abs(slope - ours[i]!)));
    expect(size, name).toBeGreaterThan(1e-4);
    expect(apart / size, name).toBeLessThan(1e-12);
  }
});
