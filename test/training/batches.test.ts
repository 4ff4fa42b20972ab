// Training on mini-batches, with statistics, and what is measured of it.
import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/graph/index.ts';
import { mlp, modelGraph, twoLayer, twoLayerBatchNorm } from '../../src/models/index.ts';
import { normal, permutation, rng, signs, sphere } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import {
  accurate,
  adam,
  adversarial,
  constantRate,
  crossEntropy,
  exploded,
  fgsmRandomStart,
  type Measures,
  plain,
  robustlyAccurate,
  type Samples,
  sgd,
  signsMemorized,
  squaredLoss,
  type TrainingPlan,
  type TrainingResult,
  train,
} from '../../src/training/index.ts';

const randomSamples = (n: number, d: number): Samples => ({
  x: sphere(rng('points'), n, d),
  shape: [n, d],
  y: signs(rng('labels'), n),
});

const planOf = (parts: Partial<TrainingPlan>): TrainingPlan => ({
  family: twoLayer(4, 8),
  objective: plain(squaredLoss),
  optimiser: adam(),
  learningRate: constantRate(0.01),
  steps: 30,
  stop: [],
  ...parts,
});

/** The predictions of a result as it is used. */
async function predictions({ family }: TrainingPlan, result: TrainingResult, samples: Samples) {
  const program = await compile(modelGraph(family, result.weights, samples.shape[0]!));
  const { y } = await program.run({ x: Float32Array.from(samples.x) });
  await program.dispose();
  return Array.from(y as Float32Array);
}

describe('mini-batches', () => {
  test('are permutations of the key cut into pieces, the rest of each left out', async () => {
    // f(x) = w x + b on points whose batches can be told from the gradient at w = b = 0 under a tiny rate.
    const [n, size] = [7, 2];
    const x = Float64Array.from({ length: n }, (_, i) => 3 ** i);
    const samples = { x, shape: [n, 1], y: new Float64Array(n).fill(1) };
    const seen: number[] = [];
    let before = Number.NaN;
    const plan = planOf({
      family: { ...mlp([1, 1]), initialise: (_, dtype = 'float32') => zeroLine(dtype) },
      optimiser: sgd(),
      learningRate: () => 1e-12,
      batch: size,
      steps: 7,
    });
    await train(
      plan,
      samples,
      rng(5),
      async ({ progress }) => {
        const w = (await progress()).state.arrays['layer1.weight']![0] as number;
        // w moves by rate (2 / size) sum x y.
        if (!Number.isNaN(before)) seen.push(Math.round(((w - before) / 1e-12) * (size / 2)));
        before = w;
        return undefined;
      },
      'float64',
    );
    const expected = [0, 1, 2].flatMap((epoch) => {
      const order = permutation(rng(5).split('batches').split(epoch), n);
      return [0, 1, 2].map((b) => x[order[2 * b]!]! + x[order[2 * b + 1]!]!);
    });
    expect(seen).toEqual(expected.slice(0, 6));
  });

  test('rules are asked between epochs, of all samples; measures are those of the weights returned', async () => {
    const samples = randomSamples(50, 12);
    const plan = planOf({
      family: twoLayer(12, 60),
      batch: 8,
      learningRate: constantRate(0.005),
      steps: 2000,
      stop: [signsMemorized(0.05)],
    });
    const result = await train(plan, samples, rng(1));
    expect(result.reason).toBe('memorized');
    expect(result.steps % 6).toBe(0);
    const f = await predictions(plan, result, samples);
    const errors = f.map((v, i) => Math.abs(v - samples.y[i]!));
    expect(result.measures.meanSquaredError).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / 50, 5);
    expect(result.measures.meanSquaredError).toBeLessThanOrEqual(0.05);
    expect(result.measures.maxError).toBeCloseTo(Math.max(...errors), 5);
    expect(result.measures.margin).toBeCloseTo(Math.min(...f.map((v, i) => v * samples.y[i]!)), 5);
    expect(result.measures.accuracy).toBe(1);
    expect(result.losses).toHaveLength(result.steps + 1);
  });

  test('a batch of all points is full-batch training; others differ, and repeat with their key', async () => {
    const samples = randomSamples(12, 4);
    const full = await train(planOf({}), samples, rng(1));
    expect(await train(planOf({ batch: 12 }), samples, rng(1))).toEqual(full);
    const small = await train(planOf({ batch: 5 }), samples, rng(1));
    expect(small.weights).not.toEqual(full.weights);
    expect(await train(planOf({ batch: 5 }), samples, rng(1))).toEqual(small);
  });

  test('a single point, batches of one, and batches that do not fit', async () => {
    const samples = randomSamples(3, 4);
    const one = await train(planOf({ batch: 1, steps: 4 }), samples, rng(1));
    expect([one.reason, one.steps]).toEqual(['step-limit', 4]);
    const single = { x: samples.x.slice(0, 4), shape: [1, 4], y: samples.y.slice(0, 1) };
    expect((await train(planOf({ batch: 1, steps: 4 }), single, rng(1))).steps).toBe(4);
    for (const batch of [4, 0, 1.5, Number.NaN]) {
      await expect(train(planOf({ batch }), samples, rng(1))).rejects.toThrow(
        `invalid batch: ${batch}; expected an integer in [1, 3], for n = 3 points`,
      );
    }
  });

  test('a label that is no number diverges in the epoch that meets it', async () => {
    const samples = randomSamples(20, 4);
    const broken = { ...samples, y: samples.y.map((v, i) => (i === 7 ? Number.NaN : v)) };
    const result = await train(planOf({ batch: 5, steps: 100 }), broken, rng(1));
    expect(result.reason).toBe('diverged');
    expect(result.steps).toBeLessThan(4);
  });
});

describe('classes', () => {
  const [n, d, m] = [60, 8, 3];
  const y = Float64Array.from({ length: n * m }, (_, i) => (i % m === Math.floor(i / m) % m ? 1 : 0));
  const samples = { x: normal(rng('x'), n * d), shape: [n, d], y };

  test('accuracy and margin count the largest output, in both ways of measuring', async () => {
    for (const batch of [n, 20]) {
      const plan = planOf({ family: mlp([d, 10, m]), objective: plain(crossEntropy()), batch, steps: 25 });
      const result = await train(plan, samples, rng(2));
      const f = await predictions(plan, result, samples);
      const margins = Array.from({ length: n }, (_, i) => {
        const row = f.slice(i * m, i * m + m);
        return row[i % m]! - Math.max(...row.filter((_, k) => k !== i % m));
      });
      expect(result.measures.accuracy).toBe(margins.filter((v) => v > 0).length / n);
      expect(result.measures.margin).toBeCloseTo(Math.min(...margins), 5);
    }
  });

  test('training stops at an accuracy, and at a robust one', async () => {
    const plan = planOf({
      family: mlp([d, 40, m]),
      objective: plain(crossEntropy()),
      steps: 2000,
      stop: [accurate(0.9)],
    });
    const told: Measures[] = [];
    const result = await train(plan, samples, rng(2), async ({ measures }) => {
      told.push(await measures());
      return undefined;
    });
    expect(result.reason).toBe('memorized');
    expect(result.measures.accuracy).toBeGreaterThanOrEqual(0.9);
    for (const { accuracy } of told) expect(accuracy).toBeLessThan(0.9);

    const objective = adversarial(crossEntropy(), fgsmRandomStart('linf', 0.05));
    const robust = await train(
      { ...plan, objective, batch: 20, stop: [robustlyAccurate(0.9)] },
      samples,
      rng(2),
    );
    expect(robust.reason).toBe('memorized');
    expect(robust.measures.robustAccuracy).toBeGreaterThanOrEqual(0.9);
    expect(() => accurate(1.1)).toThrow('invalid accuracy: 1.1');
  });
});

describe('batch normalisation', () => {
  test('in full-batch training, measures hold of the weights returned as they are used', async () => {
    const samples = randomSamples(40, 12);
    const plan = planOf({
      family: twoLayerBatchNorm(12, 50),
      steps: 500,
      stop: [signsMemorized(0.02)],
    });
    const result = await train(plan, samples, rng(1));
    expect(result.reason).toBe('memorized');
    const f = await predictions(plan, result, samples);
    const mean = f.reduce((sum, v, i) => sum + (v - samples.y[i]!) ** 2, 0) / 40;
    expect(mean).toBeLessThanOrEqual(0.02 * (1 + 1e-3));
    expect(mean).toBeCloseTo(result.measures.meanSquaredError, 5);
  });

  test('running statistics are r <- 0.9 r + 0.1 s of the batches, without gradient', async () => {
    const [n, d, k] = [30, 5, 4];
    const samples = randomSamples(n, d);
    const family = twoLayerBatchNorm(d, k);
    const plan = planOf({ family, batch: 15, steps: 1, optimiser: sgd(), learningRate: () => 0.1 });
    const initial = family.initialise(rng(1), 'float64');
    const result = await train(plan, samples, rng(1), undefined, 'float64');
    const rows = permutation(rng(1).split('batches').split(0), n).slice(0, 15);
    const w = initial['layer1.weight']!.data as Float64Array;
    const mean = new Float64Array(k);
    const variance = new Float64Array(k);
    for (let l = 0; l < k; l++) {
      const z = Array.from(rows, (row) =>
        Array.from({ length: d }, (_, j) => samples.x[row * d + j]! * w[l * d + j]!).reduce((a, b) => a + b),
      );
      mean[l] = z.reduce((sum, v) => sum + v, 0) / 15;
      variance[l] = z.reduce((sum, v) => sum + (v - mean[l]!) ** 2, 0) / 14;
    }
    for (const [name, fresh, old] of [
      ['normalisation.mean', mean, 0],
      ['normalisation.variance', variance, 1],
    ] as const) {
      fresh.forEach((value, l) => {
        expect(result.weights[name]!.data[l]).toBeCloseTo(0.9 * old + 0.1 * value, 12);
      });
    }
  });

  test('mini-batches memorize with running statistics, too', async () => {
    const samples = randomSamples(40, 12);
    const plan = planOf({
      family: twoLayerBatchNorm(12, 50),
      batch: 20,
      steps: 1500,
      stop: [signsMemorized(0.05)],
    });
    const result = await train(plan, samples, rng(1));
    expect(result.reason).toBe('memorized');
    const f = await predictions(plan, result, samples);
    const mean = f.reduce((sum, v, i) => sum + (v - samples.y[i]!) ** 2, 0) / 40;
    expect(mean).toBeCloseTo(result.measures.meanSquaredError, 6);
  });
});

test('a loss far above its start for long is divergence, as a result', async () => {
  // rate * curvature > 2: plain gradient descent on a parabola grows without bound.
  const plan = planOf({
    family: mlp([1, 1]),
    optimiser: sgd(),
    learningRate: constantRate(1.05),
    steps: 10_000,
    stop: [exploded(100, 10)],
  });
  const samples = { x: Float64Array.of(0.1, -0.1), shape: [2, 1], y: Float64Array.of(0.4, 0.6) };
  const result = await train(plan, samples, rng(1));
  expect(result.reason).toBe('diverged');
  expect(Number.isFinite(result.measures.loss)).toBe(true);
  const least = Math.min(...result.losses.slice(-10));
  expect(least).toBeGreaterThan(100 * result.losses[0]!);
  expect(Math.min(...result.losses.slice(-11, -1))).toBeLessThanOrEqual(100 * result.losses[0]!);
  // A first loss of zero says nothing about what follows.
  expect(exploded(10, 2)({} as Measures, [0, 1, 1, 1])).toBeUndefined();
});

function zeroLine(dtype: 'float32' | 'float64') {
  return Object.fromEntries(
    Object.entries(mlp([1, 1]).parameterShapes).map(([name, shape]) => [
      name,
      tensor(dtype, shape, new Float64Array(1)),
    ]),
  );
}
