// Memorization of models whose fit is known: the best possible one, a table of the labels, and those in between.
import { expect, test } from 'vitest';
import { oneHot } from '../../src/attacks/index.ts';
import { type Fitted, measureMemorization, softmax } from '../../src/audit/memorization.ts';
import {
  entropyOfFlips,
  entropyOfKnownFlips,
  givenEntropy,
  givenFlips,
  givenVariance,
  noiseOfFlips,
} from '../../src/noise/index.ts';
import { integers, normal, rng, uniform } from '../../src/random/index.ts';

const N = 4000;
const CLASSES = 5;
const Q = 0.2;

/** Clean classes, and labels of which a share Q is flipped. */
function data() {
  const clean = integers(rng('clean'), N, 0, CLASSES);
  const u = uniform(rng('flip'), N);
  const shift = integers(rng('shift'), N, 1, CLASSES);
  const labels = Float64Array.from(clean, (c, i) => (u[i]! < Q ? (c + shift[i]!) % CLASSES : c));
  return { clean, labels, flipped: Array.from(u, (v, i) => (v < Q ? i : -1)).filter((i) => i >= 0) };
}

function fitted(scores: Float32Array, labels: ArrayLike<number>, change: Partial<Fitted> = {}): Fitted {
  return {
    data: 'simulated',
    task: { kind: 'classification' },
    outputs: CLASSES,
    scores,
    labels: oneHot(labels, CLASSES),
    noise: givenFlips(Q, CLASSES),
    flipped: null,
    suspicious: [],
    ...change,
  };
}

test('the true probabilities reach the noise level and no less', () => {
  const { clean, labels, flipped } = data();
  const scores = Float32Array.from({ length: N * CLASSES }, (_, at) =>
    Math.log(at % CLASSES === clean[Math.floor(at / CLASSES)] ? 1 - Q : Q / (CLASSES - 1)),
  );
  const noise = noiseOfFlips(flipped.length, N, CLASSES);
  const found = measureMemorization(fitted(scores, labels, { flipped, noise }));
  expect(found.loss.name).toMatch(/probabilities/);
  expect(found.loss.value).toBeCloseTo(givenFlips(Q, CLASSES).level.value, 2);
  expect(found.fitsBelowNoise).toBe('undecided');
  expect(found.perfect.correct).toBe(N - flipped.length);
  expect(found.flipped).toEqual({ rows: flipped.length, memorized: 0, chance: 0 });
});

test('a table of the labels memorizes them perfectly, as scores and as logits', () => {
  const { labels, flipped } = data();
  for (const factor of [1, 50]) {
    const found = measureMemorization(
      fitted(
        oneHot(labels, CLASSES).map((y) => factor * y),
        labels,
        { flipped },
      ),
    );
    expect(found.loss.value).toBeLessThan(1e-12);
    expect(found.fitsBelowNoise).toBe('yes');
    expect(found.perfect).toEqual({ points: N, correct: N });
    expect(found.flipped).toEqual({ rows: flipped.length, memorized: flipped.length, chance: 0 });
  }
});

test('a blind model reproduces flipped labels as often as chance says, and does not memorize', () => {
  const { labels, flipped } = data();
  const found = measureMemorization(
    fitted(Float32Array.from(normal(rng('blind'), N * CLASSES)), labels, { flipped }),
  );
  expect(found.fitsBelowNoise).toBe('no');
  const { rows, memorized, chance } = found.flipped!;
  expect(Math.abs(memorized / rows - 1 / CLASSES)).toBeLessThan(0.06);
  expect(chance).toBeCloseTo(1 / CLASSES, 1);
});

test('a constant prediction errs by the Brier score 1 - 1/C', () => {
  const { labels } = data();
  const found = measureMemorization(fitted(new Float32Array(N * CLASSES), labels));
  expect(found.loss.value).toBeCloseTo(1 - 1 / CLASSES, 12);
});

test('regression: noise of known variance, with and without fitting it', () => {
  const z = Float32Array.from(normal(rng('z'), 2000), (v) => 0.3 * v);
  const base: Fitted = {
    data: 'noise',
    task: { kind: 'regression', tolerance: 0.1 },
    outputs: 1,
    scores: new Float32Array(2000),
    labels: z,
    noise: givenVariance(0.09),
    flipped: [1, 2],
    suspicious: [],
  };
  const mean = measureMemorization(base);
  expect(mean.loss.value).toBeCloseTo(0.09, 2);
  // |z| <= 0.1 has probability 2 Phi(1/3) - 1 = 0.2611.
  expect(mean.perfect.correct / 2000).toBeCloseTo(0.2611, 1);
  expect(mean.flipped).toBeNull();
  const half = measureMemorization({ ...base, scores: z.map((v) => v / 2) });
  expect(half.loss.value).toBeCloseTo(mean.loss.value / 4, 6);
  expect(half.fitsBelowNoise).toBe('yes');
  expect(measureMemorization({ ...base, noise: null }).fitsBelowNoise).toBe('undecided');
});

test('softmax of scores of any size', () => {
  expect([...softmax(Float32Array.of(0, Math.log(3), 1e30, -1e30), 2)]).toEqual([
    expect.closeTo(0.25, 6),
    expect.closeTo(0.75, 6),
    1,
    0,
  ]);
});

test('bad input is named', () => {
  const labels = [0, 1];
  const scores = new Float32Array(2 * CLASSES);
  expect(() => measureMemorization(fitted(scores.subarray(1), labels))).toThrow(/number of scores/);
  expect(() => measureMemorization(fitted(scores.fill(Number.NaN, 7, 8), labels))).toThrow(/score of row 1/);
  expect(() => measureMemorization(fitted(new Float32Array(10), labels, { flipped: [2] }))).toThrow(
    /flipped row/,
  );
});

test('the cross-entropy of the true probabilities is the entropy of the flips', () => {
  const { clean, labels, flipped } = data();
  const logits = Float32Array.from({ length: N * CLASSES }, (_, at) =>
    Math.log(at % CLASSES === clean[Math.floor(at / CLASSES)] ? 1 - Q : Q / (CLASSES - 1)),
  );
  const probabilities = logits.map(Math.exp);
  const entropy = entropyOfKnownFlips(flipped.length, N, CLASSES);
  for (const scores of [logits, probabilities]) {
    const found = measureMemorization(fitted(scores, labels, { flipped, entropy }));
    expect(found.crossEntropy?.loss).toBeCloseTo(entropyOfFlips(Q, CLASSES), 1);
    expect(found.crossEntropy?.fitsBelowFloor).toBe('undecided');
    expect(found.fitsBelowNoise).toBe('undecided');
  }
});

test('noise that is fitted shows in one of the two losses at least', () => {
  const { clean, labels } = data();
  const entropy = givenEntropy(Q, CLASSES);
  // Logits of a fit of the labels, and of the clean classes with too much confidence.
  const learned = oneHot(labels, CLASSES).map((y) => 9 * y);
  const memorized = measureMemorization(fitted(learned, labels, { entropy }));
  expect(memorized.crossEntropy?.fitsBelowFloor).toBe('yes');
  expect(memorized.crossEntropy?.loss).toBeCloseTo(Math.log(1 + (CLASSES - 1) * Math.exp(-9)), 5);
  expect(memorized.fitsBelowNoise).toBe('yes');
  const sure = oneHot(Float64Array.from(clean), CLASSES).map((y) => 40 * y);
  const honest = measureMemorization(fitted(sure, labels, { entropy }));
  expect(honest.crossEntropy?.fitsBelowFloor).toBe('no');
  expect(honest.fitsBelowNoise).toBe('no');
  // Half of the wrong labels known, and little confidence: the cross-entropy lies below its floor, the squared error above.
  const [p, flat] = [0.9, givenVariance(0)];
  const soft = oneHot(labels, CLASSES).map((y) => Math.log(y === 1 ? p : (1 - p) / (CLASSES - 1)));
  const only = measureMemorization(fitted(soft, labels, { entropy, noise: flat }));
  expect(only.crossEntropy?.loss).toBeCloseTo(-Math.log(p), 6);
  expect(only.fitsBelowNoise).toBe('yes');
});

test('no cross-entropy where flips are not known, where scores fit better, or where a label has the probability 0', () => {
  const { labels } = data();
  const table = oneHot(labels, CLASSES);
  expect(measureMemorization(fitted(table, labels)).crossEntropy).toBeUndefined();
  const entropy = givenEntropy(Q, CLASSES);
  // Scores near the one-hot labels, no probabilities.
  const squares = table.map((y) => y - 0.01);
  expect(measureMemorization(fitted(squares, labels, { entropy })).crossEntropy).toBeUndefined();
  const never = table.slice();
  never.copyWithin(0, CLASSES, 2 * CLASSES);
  const other = Float64Array.from(labels);
  other[0] = (other[1]! + 1) % CLASSES;
  expect(measureMemorization(fitted(never, other, { entropy })).crossEntropy).toBeUndefined();
});
