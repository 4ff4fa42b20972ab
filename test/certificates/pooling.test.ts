// Networks with max-pooling, which linear bounds write out as differences: two ways to interval bounds, and radii in two steps.
import { expect, test } from 'vitest';
import { argmax, createThreat, createVictim, minimumNorm } from '../../src/attacks/index.ts';
import { createCertifier, METHODS } from '../../src/certificates/index.ts';
import {
  conv,
  graph,
  input,
  linear,
  type Model,
  maxPool,
  modelFrom,
  parameter,
  relu,
  reshape,
  tensor,
} from '../../src/graph/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { CLASSES, label } from './models.ts';

const random = rng('pooling');
const weights = (name: string, shape: number[], scale: number) =>
  parameter(
    name,
    tensor(
      'float32',
      shape,
      normal(
        random.split(name),
        shape.reduce((a, b) => a * b, 1),
      ).map((z) => scale * z),
    ),
  );

/** Convolution, ReLU, max-pooling, convolution, ReLU, dense, on 8 x 8 pixels. */
const [kernel, second, dense, bias] = [
  weights('kernel', [3, 1, 3, 3], 0.5),
  weights('second', [4, 3, 3, 3], 0.3),
  weights('dense', [3, 64], 0.4),
  weights('bias', [3], 0.1),
];
const pooled: Model = modelFrom('pooled', (batch) => {
  const x = input('x', 'float32', [batch, 1, 8, 8]);
  const padded = { pads: [1, 1, 1, 1] } as const;
  const first = maxPool(relu(conv(x, kernel, undefined, padded)), [2, 2], { strides: [2, 2] });
  const h = relu(conv(first, second, undefined, padded));
  return graph([x], { scores: linear(reshape(h, [batch, 64]), dense, bias) });
});

async function pointsOf(count: number) {
  const victim = await createVictim(pooled, CLASSES);
  const points = Float32Array.from(uniform(random.split('points'), 64 * count));
  const classes = Array.from({ length: count }, (_, i) => i);
  const scores = await victim.scores(points);
  return {
    victim,
    rows: classes.map((i) => ({
      point: points.subarray(64 * i, 64 * (i + 1)),
      label: label(argmax(scores.subarray(3 * i, 3 * (i + 1))), 3),
    })),
  };
}

test('cheap radii, then the others, are the radii at once, and stay below what attacks find', async () => {
  const { victim, rows } = await pointsOf(2);
  for (const norm of ['linf', 'l2'] as const) {
    const certifier = createCertifier(pooled, CLASSES, createThreat(norm, Infinity, [0, 1]), 0.3);
    expect(certifier.methods).toEqual(METHODS);
    for (const [id, { point, label: row }] of rows.entries()) {
      const cheap = certifier.cheapRadius(point, row);
      expect(cheap.certificates.map(({ method }) => method)).toEqual(METHODS.slice(0, 2));
      const inTwo = certifier.radius(point, row, 0, () => false, cheap);
      const atOnce = certifier.radius(point, row);
      expect(inTwo.radius).toBe(atOnce.radius);
      expect(inTwo.method).toBe(atOnce.method);
      expect(inTwo.radius).toBeGreaterThanOrEqual(cheap.radius);
      // Stopped at once, what is known stays.
      expect(certifier.radius(point, row, 0, () => true, cheap).radius).toBe(cheap.radius);
      const samples = { points: point.slice(), labels: row, ids: [id] };
      const found = await minimumNorm.run(
        victim,
        samples,
        createThreat(norm, Infinity, [0, 1]),
        random,
        () => false,
      );
      const steps = found.map((v, i) => v - point[i]!);
      const distance = norm === 'l2' ? Math.hypot(...steps) : Math.max(...steps.map(Math.abs));
      expect(inTwo.radius).toBeLessThan(distance * (1 + 1e-5));
    }
  }
  await victim.dispose();
});
