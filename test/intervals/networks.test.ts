import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Graph, modelFromOnnx, sizeOf } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import type { Box, JacobianBox } from '../../src/intervals/index.ts';
import { intervalsOf, jacobianIntervals } from '../../src/intervals/index.ts';
import { normal, type Rng, rng, uniform } from '../../src/random/index.ts';
import { randomModel } from '../lipschitz/random-models.ts';
import { boxAround, entries, expectWithin, jacobiansAt, pointsOf, valuesAt, widthOf } from './containment.ts';
import { randomNetwork } from './random-networks.ts';

/** f(a) - f(b) lies in J (a - b) for the enclosure J of the Jacobian on a box with a and b. */
function expectMeanValue(
  a: Float64Array,
  b: Float64Array,
  fa: Float64Array,
  fb: Float64Array,
  { lower, upper }: JacobianBox,
  label: string,
): void {
  fa.forEach((value, i) => {
    let [low, high, size] = [0, 0, Math.abs(value)];
    a.forEach((v, j) => {
      const step = v - b[j]!;
      if (step === 0) return;
      const [l, u] = [lower.data[i * lower.columns + j]!, upper.data[i * lower.columns + j]!];
      low += Math.min(l * step, u * step);
      high += Math.max(l * step, u * step);
      size += Math.abs(step);
    });
    const slack = 1e-12 * size;
    const difference = value - fb[i]!;
    if (!(low - slack <= difference && difference <= high + slack))
      expect.fail(`${label}: output ${i} moves by ${difference}, outside of [${low}, ${high}]`);
  });
}

/** Values, difference quotients and (where asked) the engine's gradients within their enclosures on one random box. */
async function check(graph: Graph, key: Rng, gradients: boolean, label: string): Promise<void> {
  const features = sizeOf(graph.inputs[0]!.shape);
  const centre = normal(key.split('centre'), features);
  const radius = 10 ** uniform(key.split('radius'), 1, -6, 0)[0]!;
  const box = boxAround(centre, radius);
  const points = pointsOf(box, 4, key.split('points'));
  const values = await valuesAt(graph, points);
  const enclosure = intervalsOf(graph, box);
  for (const value of values) expectWithin(value, enclosure, 1e-12, `${label} radius ${radius}`);
  const jacobian = jacobianIntervals(graph, box);
  for (let i = 1; i < points.length; i++)
    expectMeanValue(points[i]!, points[i - 1]!, values[i]!, values[i - 1]!, jacobian, label);
  if (gradients) {
    for (const slopes of await jacobiansAt(graph, points))
      expectWithin(slopes, entries(jacobian), 1e-11, `${label}: gradient, radius ${radius}`);
  }
  const [first] = points;
  const exact = intervalsOf(graph, { lower: first!, upper: first! });
  expectWithin(values[0]!, exact, 1e-12, label);
  expect(widthOf(exact), label).toBeLessThan(1e-11);
}

describe('random networks', () => {
  it('dense, convolutional and residual: values and difference quotients lie in their enclosures', async () => {
    for (let i = 0; i < 220; i++) {
      const { model, description } = randomModel(rng('intervals').split(i));
      await check(model.forBatch(1), rng('boxes').split(i), i % 4 === 0, description);
    }
  }, 120_000);

  it('with attention, normalisation and transposed convolutions', async () => {
    for (let i = 0; i < 100; i++)
      await check(
        randomNetwork(rng('networks').split(i)),
        rng('boxes').split(i),
        i % 4 === 0,
        `network ${i}`,
      );
  }, 120_000);
});

const folder = new URL('../fixtures/onnx/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

describe.each(files)('%s', (file) => {
  const model = modelFromOnnx(decodeModel(new Uint8Array(readFileSync(new URL(file, folder)))));
  const graph = model.forBatch(model.fixedBatch ?? 1);
  const { shape, x } = JSON.parse(readFileSync(new URL(file.replace('.onnx', '.json'), folder), 'utf8')) as {
    shape: number[];
    x: number[];
  };
  const sample = Float64Array.from(x.slice(0, sizeOf(shape.slice(1))));

  const rounding = 1e-12;

  it('has its values and derivatives within their enclosures', async () => {
    for (const radius of [0, 1e-6, 1e-3]) {
      const box: Box = boxAround(sample, radius);
      const points = pointsOf(box, 3, rng(file));
      const values = await valuesAt(graph, points);
      for (const value of values) expectWithin(value, intervalsOf(graph, box), rounding, file);
      const jacobian = jacobianIntervals(graph, box);
      for (const slopes of await jacobiansAt(graph, points))
        expectWithin(slopes, entries(jacobian), 10 * rounding, file);
      if (radius === 0) expect(widthOf(intervalsOf(graph, box))).toBeLessThan(1e-11);
      if (radius === 1e-6) expect(widthOf(entries(jacobian))).toBeLessThan(1e-2);
    }
  });
});
