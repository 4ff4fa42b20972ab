// What is measured of a model on all points, and no farther than is wanted.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tensor } from '../../src/graph/index.ts';
import { mlp, type Weights } from '../../src/models/index.ts';
import { integers, normal, rng, signs, sphere } from '../../src/random/index.ts';
import { arraysOf, createEvaluator } from '../../src/training/evaluate.ts';
import {
  accurate,
  adam,
  adversarial,
  atNoiseLevel,
  type Constraint,
  constantRate,
  exploded,
  type Fit,
  fgsmRandomStart,
  labelsMemorized,
  type Measures,
  plain,
  robustlyAccurate,
  type StopRule,
  signsMemorized,
  squaredLoss,
  stalled,
  type TrainingPlan,
  train,
} from '../../src/training/index.ts';

/** f(x) = x W^T + b of one layer, by loops. */
function predictions(x: Float64Array, d: number, w: ArrayLike<number>, b: ArrayLike<number>): number[][] {
  return Array.from({ length: x.length / d }, (_, i) =>
    Array.from(b, (bias, k) => {
      let sum = bias;
      for (let j = 0; j < d; j++) sum += w[k * d + j]! * x[i * d + j]!;
      return sum;
    }),
  );
}

describe('the evaluator', () => {
  for (const n of [1, 2, 256, 257, 1000]) {
    test(`measures ${n} points as their definitions say`, async () => {
      const [d, m] = [3, 4];
      const x = normal(rng(1), n * d);
      const classes = integers(rng(2), n, 0, m);
      const y = new Float64Array(n * m);
      classes.forEach((k, i) => {
        y[i * m + k] = 1;
      });
      const family = mlp([d, m]);
      const weights = family.initialise(rng(3), 'float64');
      const f = predictions(x, d, weights['layer1.weight']!.data as Float64Array, [
        ...(weights['layer1.bias']!.data as Float64Array),
      ]);
      const errors = f.flatMap((row, i) => row.map((v, k) => Math.abs(v - y[i * m + k]!)));
      const margins = f.map((row, i) => {
        const others = row.filter((_, k) => k !== classes[i]);
        return row[classes[i]!]! - Math.max(...others);
      });
      const evaluator = await createEvaluator(family, x, y, 'classes', 'float64');
      const found = await evaluator.measure(arraysOf(weights));
      expect(found.meanSquaredError).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / n, 12);
      expect(found.maxError).toBeCloseTo(Math.max(...errors), 12);
      expect(found.margin).toBeCloseTo(Math.min(...margins), 12);
      expect(found.accuracy).toBe(margins.filter((margin) => margin > 0).length / n);
      await evaluator.dispose();
    });
  }

  test('tells the best that the measures may be, which gets worse up to what they are', async () => {
    const [n, d] = [1000, 2];
    const family = mlp([d, 1]);
    const weights = arraysOf(family.initialise(rng(3), 'float64'));
    const evaluator = await createEvaluator(
      family,
      sphere(rng(1), n, d),
      signs(rng(2), n),
      'signs',
      'float64',
    );
    const told: Fit[] = [];
    const all = await evaluator.measureIf((best) => told.push(best) > 0, weights);
    expect(all).toEqual(await evaluator.measure(weights));
    expect(told[0]).toEqual({
      meanSquaredError: 0,
      maxError: 0,
      margin: Number.POSITIVE_INFINITY,
      accuracy: 1,
    });
    expect(told.length).toBeGreaterThan(2);
    for (const [i, now] of [...told.slice(1), all!].entries()) expect(noBetter(now, told[i]!)).toBe(true);
    // A refusal ends it there.
    let asked = 0;
    expect(await evaluator.measureIf(() => ++asked < 3, weights)).toBeUndefined();
    expect(asked).toBe(3);
    await evaluator.dispose();
  });
});

const noBetter = (a: Fit, b: Fit) =>
  a.meanSquaredError >= b.meanSquaredError &&
  a.maxError >= b.maxError &&
  a.margin <= b.margin &&
  (a.accuracy ?? 0) <= (b.accuracy ?? 0) &&
  (a.robustAccuracy ?? 0) <= (b.robustAccuracy ?? 0);

test('the rules are monotone: worse measures make none stop', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const size = fc.double({ min: 0, max: 2, noNaN: true });
  const fitOf = fc.record({
    meanSquaredError: size,
    maxError: size,
    margin: fc.double({ min: -1, max: 1, noNaN: true }),
    accuracy: share,
    robustAccuracy: share,
  });
  const rules: readonly StopRule[] = [
    signsMemorized(0.5),
    labelsMemorized(0.7),
    accurate(0.6),
    robustlyAccurate(0.3),
    atNoiseLevel(0.8),
    stalled(2, 0.1),
    exploded(2, 2),
  ];
  fc.assert(
    fc.property(fitOf, fitOf, fc.array(size, { minLength: 1, maxLength: 9 }), (a, b, losses) => {
      const worse = {
        meanSquaredError: Math.max(a.meanSquaredError, b.meanSquaredError),
        maxError: Math.max(a.maxError, b.maxError),
        margin: Math.min(a.margin, b.margin),
        accuracy: Math.min(a.accuracy, b.accuracy),
        robustAccuracy: Math.min(a.robustAccuracy, b.robustAccuracy),
      };
      for (const rule of rules) if (!rule(a, losses)) expect(rule(worse, losses)).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

describe('training on mini-batches', () => {
  const [n, d, m] = [600, 10, 3];
  const classes = integers(rng('classes'), n, 0, m);
  const y = new Float64Array(n * m);
  classes.forEach((k, i) => {
    y[i * m + k] = 1;
  });
  const samples = { x: normal(rng('x'), n * d), shape: [n, d], y };
  const plan: TrainingPlan = {
    family: mlp([d, 150, m]),
    objective: plain(squaredLoss),
    optimiser: adam(),
    learningRate: constantRate(0.01),
    steps: 2000,
    batch: 50,
    stop: [],
  };
  const rules: readonly (readonly [string, StopRule])[] = [
    ['an accuracy', accurate(0.9)],
    ['all labels', accurate(1)],
    ['a mean squared error', atNoiseLevel(0.3)],
  ];
  for (const [name, rule] of rules) {
    test(`stops between the epochs where all points first have ${name}`, async () => {
      const result = await train({ ...plan, stop: [rule] }, samples, rng(1));
      // The same training without a rule, all points measured before every epoch.
      const epochs: Measures[] = [];
      await train({ ...plan, steps: result.steps }, samples, rng(1), async ({ step, measures }) => {
        if (step % (n / 50) === 0) epochs.push(await measures());
        return undefined;
      });
      const without = await train({ ...plan, steps: result.steps }, samples, rng(1));
      expect([result.reason === 'step-limit', without.reason]).toEqual([false, 'step-limit']);
      expect(result.steps).toBeGreaterThan(n / 50);
      expect(epochs).toHaveLength(result.steps / (n / 50));
      for (const measures of epochs) expect(rule(measures, [])).toBeUndefined();
      expect(result).toEqual({ ...without, reason: result.reason });
    });
  }

  test('an observer that looks changes nothing, and sees what the weights do at any update', async () => {
    const seen: number[] = [];
    const limited = { ...plan, steps: 30 };
    const watched = await train(limited, samples, rng(1), async ({ step, measures }) => {
      if (step % 7 === 0) seen.push((await measures()).meanSquaredError);
      return undefined;
    });
    expect(watched).toEqual(await train(limited, samples, rng(1)));
    for (const [i, error] of seen.entries()) {
      const cut = await train({ ...plan, steps: 7 * i }, samples, rng(1));
      expect(cut.measures.meanSquaredError).toBe(error);
    }
    expect(seen).toHaveLength(5);
  });

  test('the measures of a result are of the weights returned, where a constraint changes them at the end', async () => {
    const halved = (weights: Weights): Weights =>
      Object.fromEntries(
        Object.entries(weights).map(([name, of]) => [
          name,
          tensor(
            of.dtype,
            of.shape,
            Float64Array.from(of.data as Float32Array, (v) => v / 2),
          ),
        ]),
      );
    const constraint: Constraint = { apply: (parameter) => parameter, certify: halved };
    const stopped = { ...plan, constraint, stop: [accurate(0.9)] };
    const { reason, weights, measures } = await train(stopped, samples, rng(1));
    expect(reason).toBe('memorized');
    const y32 = Float32Array.from(y);
    const x32 = Float32Array.from(samples.x);
    const evaluator = await createEvaluator(plan.family, x32, y32, 'classes', 'float32');
    expect(measures).toMatchObject(await evaluator.measure(arraysOf(weights)));
    await evaluator.dispose();
  });

  test('an observer that looks at every update has each made twice at most', async () => {
    for (const batch of [50, n]) {
      let updates = 0;
      const learningRate = (step: number) => {
        updates++;
        return constantRate(0.01)(step);
      };
      let looked = 0;
      const limited = { ...plan, batch, learningRate, steps: 100 };
      await train(limited, samples, rng(1), async ({ measures }) => {
        await measures();
        looked++;
        return undefined;
      });
      expect(looked).toBe(100);
      expect(updates).toBeLessThanOrEqual(2 * 101);
    }
  });

  test('the robust accuracy of a result is the mean over its last epoch, whatever is asked', async () => {
    const told: number[] = [];
    const objective = adversarial(squaredLoss, fgsmRandomStart('l2', 0.1));
    const attacked = { ...plan, objective, stop: [robustlyAccurate(0.6)] };
    const result = await train(attacked, samples, rng(1), ({ robustAccuracy }) => {
      told.push(robustAccuracy!);
      return undefined;
    });
    expect(result.reason).toBe('memorized');
    expect(result.measures.robustAccuracy).toBeGreaterThanOrEqual(0.6);
    // Between epochs it is that of the last, which ended just before; within one, of it so far.
    const perEpoch = n / 50;
    const last = told[result.steps - 1]!;
    expect(result.measures.robustAccuracy).toBeCloseTo(last, 12);
    for (let step = perEpoch; step < result.steps; step += perEpoch) {
      expect(told[step]).toBeCloseTo(told[step - 1]!, 12);
      expect(told[step]).toBeLessThan(0.6);
    }
  });
});
