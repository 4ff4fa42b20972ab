// A victim against closed forms: scores and gradients of linear models, with and without a final softmax or sigmoid.
import { expect, test } from 'vitest';
import { createVictim, type Loss, oneHot, wrong } from '../../src/attacks/index.ts';
import {
  add,
  constant,
  emit1,
  graph,
  input,
  type Model,
  matMul,
  modelFrom,
  mul,
  parameter,
  reduceSum,
  Softmax,
  sub,
  tensor,
  type Value,
} from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';

const FEATURES = 5;

function linear(
  outputs: number,
  last: (scores: Value) => Value = (scores) => scores,
): { model: Model; w: Float64Array } {
  const w = normal(rng('weights'), FEATURES * outputs).map(Math.fround);
  const weights = parameter('w', tensor('float32', [FEATURES, outputs], w));
  const bias = constant(tensor('float32', [outputs], new Array(outputs).fill(0.25)));
  const model = modelFrom('linear', (batch) => {
    const x = input('x', 'float32', [batch, FEATURES]);
    return graph([x], { y: last(add(matMul(x, weights), bias)) });
  });
  return { model, w };
}

/** The score of the target minus that of the label. */
const difference: Loss = {
  name: 'difference',
  of: (scores, labels, targets) => reduceSum(mul(scores, sub(targets, labels)), [1], false),
};

test.each([1, 3, 8, 9, 128, 300])('scores and gradients of %i rows of a linear model', async (rows) => {
  const { model, w } = linear(3);
  const victim = await createVictim(model, { kind: 'classification' });
  const points = Float32Array.from(normal(rng('points'), rows * FEATURES));
  const labels = oneHot(
    Array.from({ length: rows }, (_, i) => i % 3),
    3,
  );
  const targets = oneHot(
    Array.from({ length: rows }, (_, i) => (i + 1) % 3),
    3,
  );
  const { scores, losses, gradients } = await victim.gradient(difference, points, labels, targets);
  expect(await victim.scores(points)).toEqual(scores);
  for (let i = 0; i < rows; i++) {
    const score = (k: number) => {
      let sum = 0.25;
      for (let j = 0; j < FEATURES; j++) sum += points[i * FEATURES + j]! * w[j * 3 + k]!;
      return sum;
    };
    for (let k = 0; k < 3; k++) expect(scores[i * 3 + k]).toBeCloseTo(score(k), 5);
    expect(losses[i]).toBeCloseTo(score((i + 1) % 3) - score(i % 3), 5);
    for (let j = 0; j < FEATURES; j++)
      expect(gradients[i * FEATURES + j]).toBeCloseTo(w[j * 3 + ((i + 1) % 3)]! - w[j * 3 + (i % 3)]!, 5);
  }
  expect(victim.spent()).toEqual({ scores: rows, gradients: rows });
  await victim.dispose();
});

test('a final softmax is left out, so that scores are those before it', async () => {
  const plain = await createVictim(linear(3).model, { kind: 'classification' });
  const softmax = await createVictim(linear(3, (y) => emit1(Softmax, [y], { axis: -1 })).model, {
    kind: 'classification',
  });
  const points = Float32Array.from(normal(rng('points'), 4 * FEATURES), (v) => 100 * v);
  expect(await softmax.scores(points)).toEqual(await plain.scores(points));
  expect(softmax.notes).toHaveLength(1);
  await plain.dispose();
  await softmax.dispose();
});

test('one output is a logit: class 1 where it is positive', async () => {
  const victim = await createVictim(linear(1).model, { kind: 'classification' });
  const points = Float32Array.from(normal(rng('points'), 50 * FEATURES));
  const scores = await victim.scores(points);
  expect(victim.outputs).toBe(2);
  const positive = Array.from({ length: 50 }, (_, i) => scores[2 * i + 1]! > 0);
  expect(wrong(victim.task, scores, oneHot(positive.map(Number), 2), 2)).toEqual(new Array(50).fill(false));
  expect(new Set(positive).size).toBe(2);
  await victim.dispose();
});

test('labels that are no class of the model are named', () => {
  expect(() => oneHot([0, 3], 3)).toThrow(/label of row 1.*: 3; expected a class in \[0, 2\]/);
});
