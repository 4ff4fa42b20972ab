import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mul, sub } from '../../src/graph/index.ts';
import { mlp, twoLayer, type Weights } from '../../src/models/index.ts';
import { normal, rng, signs, sphere } from '../../src/random/index.ts';
import {
  adam,
  atNoiseLevel,
  constantRate,
  cosineRate,
  createTrainer,
  labelsMemorized,
  type Optimiser,
  plain,
  type Samples,
  signsMemorized,
  squaredLoss,
  stalled,
  type TrainingPlan,
  train,
} from '../../src/training/index.ts';

/** theta <- theta - alpha g: a second optimiser behind the same contract, from which the gradient can be read off. */
const gradientDescent: Optimiser = {
  name: 'gradient-descent',
  moments: [],
  scalars: ['rate'],
  knowsWeights: false,
  scalarsAt: (_, rate) => ({ rate }),
  update: (parameter, gradient, _, scalars) => ({
    parameter: sub(parameter, mul(gradient, scalars.rate!)),
    moments: {},
  }),
};

/** A two-layer network as one flat float64 vector [W (k, d), b (k), a (k), c], with loops for everything. */
function lossAndGradient(
  d: number,
  k: number,
  theta: Float64Array,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
) {
  const n = y.length;
  const [b, a, c] = [k * d, k * d + k, k * d + 2 * k];
  const gradient = new Float64Array(theta.length);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const z = Array.from({ length: k }, (_, l) => {
      let sum = theta[b + l]!;
      for (let j = 0; j < d; j++) sum += theta[l * d + j]! * x[i * d + j]!;
      return sum;
    });
    const error = z.reduce((sum, v, l) => sum + theta[a + l]! * Math.max(0, v), theta[c]!) - y[i]!;
    loss += error ** 2 / n;
    const e = (2 * error) / n;
    gradient[c]! += e;
    for (let l = 0; l < k; l++) {
      if (z[l]! <= 0) continue;
      gradient[a + l]! += e * z[l]!;
      gradient[b + l]! += e * theta[a + l]!;
      for (let j = 0; j < d; j++) gradient[l * d + j]! += e * theta[a + l]! * x[i * d + j]!;
    }
  }
  return { loss, gradient };
}

const flat = (weights: Weights) =>
  Float64Array.from(
    ['layer1.weight', 'layer1.bias', 'layer2.weight', 'layer2.bias'].flatMap((name) =>
      Array.from(weights[name]!.data as Float64Array),
    ),
  );

const randomSamples = (n: number, d: number, seed: number): Samples => ({
  x: sphere(rng(seed).split('x'), n, d),
  shape: [n, d],
  y: signs(rng(seed).split('y'), n),
});

const planOf = (parts: Partial<TrainingPlan>): TrainingPlan => ({
  family: twoLayer(3, 4),
  objective: plain(squaredLoss),
  optimiser: adam(),
  learningRate: constantRate(0.01),
  steps: 10,
  stop: [],
  ...parts,
});

describe('adam', () => {
  test('agrees step by step with Algorithm 1 of the paper, written out in float64', async () => {
    const [n, d, k] = [20, 6, 5];
    const samples = randomSamples(n, d, 4);
    const [beta1, beta2, epsilon] = [0.8, 0.97, 1e-3];
    const family = twoLayer(d, k);
    const rate = cosineRate(0.05, 60);
    const trainer = await createTrainer(
      { family, objective: plain(squaredLoss), optimiser: adam(beta1, beta2, epsilon) },
      n,
      'signs',
      'everything',
      'float64',
    );
    let state = trainer.start(family.initialise(rng(9), 'float64'));
    const theta = flat(trainer.weights(state));
    const m = new Float64Array(theta.length);
    const v = new Float64Array(theta.length);
    for (let t = 1; t <= 60; t++) {
      const { loss, gradient: g } = lossAndGradient(d, k, theta, samples.x, samples.y);
      for (let i = 0; i < theta.length; i++) {
        m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!;
        v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! ** 2;
        const [mHat, vHat] = [m[i]! / (1 - beta1 ** t), v[i]! / (1 - beta2 ** t)];
        theta[i]! -= (rate(t) * mHat) / (Math.sqrt(vHat) + epsilon);
      }
      const result = await trainer.update(state, samples.x, samples.y, [rate(t)]);
      state = result.state;
      expect(result.measures[0]!.loss).toBeCloseTo(loss, 10);
      const got = flat(trainer.weights(state));
      for (const [i, value] of theta.entries()) expect(got[i]).toBeCloseTo(value, 9);
    }
    await trainer.dispose();
  });

  test('the first update moves every weight by the learning rate against the sign of its gradient', async () => {
    const [n, d, k] = [12, 4, 3];
    const samples = randomSamples(n, d, 1);
    const family = twoLayer(d, k);
    const trainer = await createTrainer(
      { family, objective: plain(squaredLoss), optimiser: adam() },
      n,
      'signs',
      'everything',
      'float64',
    );
    const start = trainer.start(family.initialise(rng(1), 'float64'));
    const before = flat(trainer.weights(start));
    const { gradient } = lossAndGradient(d, k, before, samples.x, samples.y);
    const { state } = await trainer.update(start, samples.x, samples.y, [0.125]);
    flat(trainer.weights(state)).forEach((value, i) => {
      if (Math.abs(gradient[i]!) > 1e-3)
        expect(value - before[i]!).toBeCloseTo(-0.125 * Math.sign(gradient[i]!), 5);
    });
    await trainer.dispose();
  });

  test('reaches the least-squares solution of a linear regression', async () => {
    const [n, d] = [60, 4];
    const x = normal(rng(2), n * d);
    const y = Float64Array.from(
      { length: n },
      (_, i) => 0.5 + x[i * d]! - 2 * x[i * d + 2]! + normal(rng(3).split(i), 1)[0]!,
    );
    const result = await train(
      planOf({ family: mlp([d, 1]), learningRate: cosineRate(0.1, 1500), steps: 1500 }),
      { x, shape: [n, d], y },
      rng(1),
      undefined,
      'float64',
    );
    const solution = leastSquares(
      Array.from({ length: n }, (_, i) => [...x.subarray(i * d, i * d + d), 1]),
      y,
    );
    const got = [
      ...(result.weights['layer1.weight']!.data as Float64Array),
      (result.weights['layer1.bias']!.data as Float64Array)[0]!,
    ];
    for (const [i, value] of solution.entries()) expect(got[i]).toBeCloseTo(value, 6);
  });

  test('refuses decays outside of [0, 1)', () => {
    expect(() => adam(1)).toThrow('invalid beta1: 1; expected a number in [0, 1)');
    expect(() => adam(0.9, -0.1)).toThrow('invalid beta2');
    expect(() => adam(0.9, 0.99, 0)).toThrow('invalid epsilon');
  });
});

describe('the step', () => {
  test('the gradient of the loss equals central differences', async () => {
    const [n, d, k] = [7, 3, 4];
    const samples = randomSamples(n, d, 8);
    const family = twoLayer(d, k);
    const trainer = await createTrainer(
      { family, objective: plain(squaredLoss), optimiser: gradientDescent },
      n,
      'signs',
      'everything',
      'float64',
    );
    const start = trainer.start(family.initialise(rng(6), 'float64'));
    const before = flat(trainer.weights(start));
    const { state } = await trainer.update(start, samples.x, samples.y, [1]);
    const after = flat(trainer.weights(state));
    const h = 1e-6;
    before.forEach((_, i) => {
      const moved = (by: number) => {
        const theta = before.slice();
        theta[i]! += by;
        return lossAndGradient(d, k, theta, samples.x, samples.y).loss;
      };
      expect(before[i]! - after[i]!).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 6);
    });
    await trainer.dispose();
  });

  test('two states take turns: the new one lies in the arrays of the spare one', async () => {
    const samples = randomSamples(5, 3, 1);
    const family = twoLayer(3, 4);
    const trainer = await createTrainer(
      { family, objective: plain(squaredLoss), optimiser: adam() },
      5,
      'signs',
      'everything',
      'float64',
    );
    const weights = family.initialise(rng(1), 'float64');
    const [a, b] = [trainer.start(weights), trainer.start(weights)];
    const fresh = await trainer.update(a, samples.x, samples.y, [0.01]);
    const reused = await trainer.update(a, samples.x, samples.y, [0.01], b);
    expect(reused.state.step).toBe(1);
    for (const [name, array] of Object.entries(reused.state.arrays)) {
      expect(array).toBe(b.arrays[name]);
      expect(array).toEqual(fresh.state.arrays[name]);
    }
    await trainer.dispose();
  });

  test('feeding a large array takes no memory for a copy', async () => {
    const [n, d] = [64, 500_000];
    const [x, y] = [new Float32Array(n * d).fill(0.5), new Float32Array(n).fill(1)];
    const family = mlp([d, 1], 'relu', false);
    const trainer = await createTrainer(
      { family, objective: plain(squaredLoss), optimiser: gradientDescent },
      n,
      'signs',
      'everything',
    );
    const weights = family.initialise(rng(1));
    let state = trainer.start(weights);
    let spare = trainer.start(weights);
    const peak = () => process.resourceUsage().maxRSS * 1024;
    const before = Math.max(process.memoryUsage().rss, peak());
    for (let t = 0; t < 3; t++) {
      const { state: next } = await trainer.update(state, x, y, [1e-9], spare);
      [state, spare] = [next, state];
    }
    // 128 MB are fed each time.
    expect(peak() - before).toBeLessThan(0.75 * x.byteLength);
    await trainer.dispose();
  });
});

describe('schedules', () => {
  test('a cosine starts at the rate, passes the mean half way, ends at the last rate and stays', () => {
    const rate = cosineRate(1, 101, 0.2);
    expect([1, 51, 101, 500].map(rate)).toEqual([
      1,
      expect.closeTo(0.6, 12),
      expect.closeTo(0.2, 12),
      expect.closeTo(0.2, 12),
    ]);
    expect(cosineRate(1, 1)(1)).toBe(0);
    expect(constantRate(0.3)(77)).toBe(0.3);
  });
  test('refuse bad rates', () => {
    expect(() => constantRate(0)).toThrow('invalid learning rate: 0');
    expect(() => constantRate(Number.NaN)).toThrow('invalid learning rate: NaN');
    expect(() => cosineRate(1, 10, 2)).toThrow('invalid last rate: 2');
  });
});

describe('train', () => {
  test('memorizes random labels on the sphere, and says so of the weights it returns', async () => {
    const [n, d, k] = [60, 30, 20];
    const samples = randomSamples(n, d, 3);
    const plan = planOf({
      family: twoLayer(d, k),
      learningRate: constantRate(0.003),
      steps: 2000,
      stop: [signsMemorized(0.02)],
    });
    const result = await train(plan, samples, rng(7));
    expect(result.reason).toBe('memorized');
    expect(result.steps).toBeGreaterThan(10);
    expect(result.losses).toHaveLength(result.steps + 1);
    const { loss } = lossAndGradient(d, k, flat(result.weights), samples.x, samples.y);
    expect(loss).toBeLessThanOrEqual(0.02 * (1 + 1e-5));
    expect(result.measures.loss).toBeCloseTo(loss, 6);
    expect(result.measures.meanSquaredError).toBeCloseTo(loss, 6);
    expect(result.losses.at(-1)).toBe(result.measures.loss);
    expect(result.measures.margin).toBeGreaterThan(0);
    // With |y| = 1, min f y >= 1 - max |f - y|, and the mean square is at most the largest.
    expect(result.measures.margin).toBeGreaterThanOrEqual(1 - result.measures.maxError - 1e-6);
    expect(result.measures.maxError ** 2).toBeGreaterThanOrEqual(loss);
  });

  test('the same key gives the same bytes, another key another network', async () => {
    const samples = randomSamples(20, 6, 3);
    const plan = planOf({ family: twoLayer(6, 8), steps: 50 });
    const first = await train(plan, samples, rng('a'));
    expect(await train(plan, samples, rng('a'))).toEqual(first);
    expect((await train(plan, samples, rng('b'))).weights).not.toEqual(first.weights);
  });

  test('stops at the noise level before it memorizes', async () => {
    const samples = randomSamples(60, 30, 3);
    const plan = planOf({
      family: twoLayer(30, 20),
      learningRate: constantRate(0.003),
      steps: 2000,
      stop: [atNoiseLevel(0.5), signsMemorized(0.02)],
    });
    const result = await train(plan, samples, rng(7));
    expect(result.reason).toBe('noise-level');
    expect(result.measures.meanSquaredError).toBeLessThanOrEqual(0.5);
    expect(result.losses.at(-2)).toBeGreaterThan(0.5);
  });

  test('perfect memorization of real labels up to a tolerance', async () => {
    const x = normal(rng(1), 5 * 4);
    const y = normal(rng(2), 5);
    const plan = planOf({
      family: twoLayer(4, 30),
      learningRate: constantRate(0.01),
      steps: 3000,
      stop: [labelsMemorized(0.01)],
    });
    const result = await train(plan, { x, shape: [5, 4], y }, rng(3));
    expect(result.reason).toBe('memorized');
    expect(result.measures.maxError).toBeLessThanOrEqual(0.01);
  });

  test('contradictory labels stall at the variance between them', async () => {
    const plan = planOf({
      family: twoLayer(1, 3),
      steps: 5000,
      stop: [stalled(200, 0.01), signsMemorized(0.01)],
    });
    const result = await train(
      plan,
      { x: Float64Array.of(1, 1), shape: [2, 1], y: Float64Array.of(1, -1) },
      rng(1),
    );
    expect(result.reason).toBe('stalled');
    expect(result.measures.meanSquaredError).toBeCloseTo(1, 2);
  });

  test('an absurd learning rate and labels that are no numbers diverge, as a result', async () => {
    const samples = randomSamples(10, 3, 1);
    const absurd = await train(planOf({ learningRate: constantRate(1e30), steps: 100 }), samples, rng(1));
    expect(absurd.reason).toBe('diverged');
    expect(Number.isFinite(absurd.measures.loss)).toBe(false);
    const broken = { ...samples, y: samples.y.map((y, i) => (i === 4 ? Number.NaN : y)) };
    const result = await train(planOf({}), broken, rng(1));
    expect([result.reason, result.steps]).toEqual(['diverged', 0]);
  });

  test('stops at the step limit, also at zero steps, and when the observer says so', async () => {
    const samples = randomSamples(10, 3, 1);
    const limited = await train(planOf({ steps: 7 }), samples, rng(1));
    expect([limited.reason, limited.steps, limited.losses.length]).toEqual(['step-limit', 7, 8]);
    const none = await train(planOf({ steps: 0 }), samples, rng(1));
    expect([none.reason, none.steps]).toEqual(['step-limit', 0]);
    expect(none.weights).toEqual(twoLayer(3, 4).initialise(rng(1)));
    const seen: number[] = [];
    const cut = await train(planOf({}), samples, rng(1), ({ step }) => {
      seen.push(step);
      return step === 3 ? 'stop' : undefined;
    });
    expect([cut.reason, cut.steps, seen]).toEqual(['interrupted', 3, [0, 1, 2, 3]]);
  });

  test('one point in one dimension, any number of outputs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), async (n, outputs) => {
        const x = Float64Array.from({ length: n }, (_, i) => i - 0.5);
        const y = new Float64Array(n * outputs).fill(0.5);
        const plan = planOf({ family: mlp([1, 8, outputs]), steps: 2000, stop: [labelsMemorized(0.05)] });
        expect((await train(plan, { x, shape: [n, 1], y }, rng(n))).reason).toBe('memorized');
      }),
      { numRuns: 6 },
    );
  });

  test('says what does not fit', async () => {
    const samples = randomSamples(10, 3, 1);
    await expect(train(planOf({ family: twoLayer(4, 2) }), samples, rng(1))).rejects.toThrow(
      'the samples have shape [10,3]; relu-mlp-4-2-1 expects [n, 4] with n >= 1',
    );
    const short = { ...samples, y: samples.y.slice(1) };
    await expect(train(planOf({}), short, rng(1))).rejects.toThrow(
      '30 features and 9 labels were given; expected 30 and 10',
    );
    const empty = { x: new Float64Array(0), shape: [0, 3], y: new Float64Array(0) };
    await expect(train(planOf({}), empty, rng(1))).rejects.toThrow('with n >= 1');
    await expect(train(planOf({ steps: -1 }), samples, rng(1))).rejects.toThrow('invalid steps: -1');
  });
});

/** Normal equations by Gaussian elimination. */
function leastSquares(rows: readonly number[][], y: ArrayLike<number>): number[] {
  const p = rows[0]!.length;
  const system = Array.from({ length: p }, (_, i) => [
    ...Array.from({ length: p }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row, r) => sum + row[i]! * y[r]!, 0),
  ]);
  for (let i = 0; i < p; i++) {
    for (let r = 0; r < p; r++) {
      if (r === i) continue;
      const factor = system[r]![i]! / system[i]![i]!;
      for (let c = i; c <= p; c++) system[r]![c]! -= factor * system[i]![c]!;
    }
  }
  return system.map((row, i) => row[p]! / row[i]!);
}
