// Optimisers on f(x) = w . x + b with the squared loss, whose gradient is written out here, step by step in float64.
import { describe, expect, test } from 'vitest';
import { mlp } from '../../src/models/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import {
  adamW,
  constantRate,
  cosineRate,
  createTrainer,
  linearWarmup,
  type Optimiser,
  oneCycle,
  plain,
  sgd,
  squaredLoss,
  stepRate,
} from '../../src/training/index.ts';

const [n, d] = [9, 4];
const x = normal(rng(1), n * d);
const y = normal(rng(2), n);

/** (2/n) sum_i (f(x_i) - y_i) (x_i, 1), at theta = (w, b). */
function slope(theta: ArrayLike<number>): number[] {
  const g = new Array(d + 1).fill(0);
  for (let i = 0; i < n; i++) {
    let error = theta[d]! - y[i]!;
    for (let j = 0; j < d; j++) error += theta[j]! * x[i * d + j]!;
    for (let j = 0; j <= d; j++) g[j] += (2 / n) * error * (j < d ? x[i * d + j]! : 1);
  }
  return g;
}

/** theta = (w, b) before the first and after every one of `steps` updates. */
async function path(
  optimiser: Optimiser,
  rate: (t: number) => number,
  steps: number,
): Promise<Float64Array[]> {
  const family = mlp([d, 1]);
  const trainer = await createTrainer(
    { family, objective: plain(squaredLoss), optimiser },
    n,
    'values',
    'everything',
    'float64',
  );
  let state = trainer.start(family.initialise(rng(5), 'float64'));
  const theta = () =>
    Float64Array.of(
      ...(trainer.named(state)['layer1.weight'] as Float64Array),
      ...(trainer.named(state)['layer1.bias'] as Float64Array),
    );
  const visited = [theta()];
  for (let t = 1; t <= steps; t++) {
    state = (await trainer.update(state, x, y, [rate(t)])).state;
    visited.push(theta());
  }
  await trainer.dispose();
  return visited;
}

function expectPath(found: readonly Float64Array[], next: (theta: number[], t: number) => number[]): void {
  let theta = Array.from(found[0]!);
  for (let t = 1; t < found.length; t++) {
    theta = next(theta, t);
    for (const [i, value] of theta.entries()) expect(found[t]![i], `step ${t}`).toBeCloseTo(value, 11);
  }
}

describe('sgd', () => {
  test('without momentum follows the gradient', async () => {
    expectPath(await path(sgd(), (t) => 0.1 / t, 20), (theta, t) => {
      const g = slope(theta);
      return theta.map((w, i) => w - (0.1 / t) * g[i]!);
    });
  });

  test('with momentum follows the velocity, with Nesterov the gradient ahead of it', async () => {
    for (const nesterov of [false, true]) {
      let v = new Array(d + 1).fill(0);
      expectPath(await path(sgd(0.8, nesterov), (t) => 0.05 / t, 25), (theta, t) => {
        const g = slope(theta);
        v = v.map((old, i) => 0.8 * old + g[i]!);
        return theta.map((w, i) => w - (0.05 / t) * (nesterov ? g[i]! + 0.8 * v[i]! : v[i]!));
      });
    }
  });

  test('on a quadratic contracts by 1 - 2 rate lambda along an eigenvector', async () => {
    // x = e_1 four times: the loss is (w_1 + b - y)^2, with eigenvalue 2 along (1, 1) / sqrt(2).
    const family = mlp([1, 1]);
    const trainer = await createTrainer(
      { family, objective: plain(squaredLoss), optimiser: sgd() },
      4,
      'values',
      'everything',
      'float64',
    );
    let state = trainer.start(family.initialise(rng(1), 'float64'));
    const error = () => trainer.named(state)['layer1.weight']![0] as number;
    const sum = () => error() + (trainer.named(state)['layer1.bias']![0] as number) - 3;
    const before = sum();
    const ones = new Float64Array(4).fill(1);
    for (let t = 0; t < 10; t++)
      state = (
        await trainer.update(
          state,
          ones,
          ones.map(() => 3),
          [0.1],
        )
      ).state;
    expect(sum()).toBeCloseTo(before * (1 - 2 * 0.1 * 2) ** 10, 12);
    await trainer.dispose();
  });

  test('refuses momenta outside of [0, 1), and Nesterov without', () => {
    expect(() => sgd(1)).toThrow('invalid momentum: 1; expected a number in [0, 1)');
    expect(() => sgd(0, true)).toThrow("a number in (0, 1) for Nesterov's variant");
  });
});

test('adamW is Algorithm 2 of Loshchilov and Hutter; biases do not decay', async () => {
  const [decay, beta1, beta2, epsilon] = [0.3, 0.7, 0.95, 1e-4];
  const rate = cosineRate(0.1, 30);
  const m = new Array(d + 1).fill(0);
  const v = new Array(d + 1).fill(0);
  expectPath(await path(adamW(decay, beta1, beta2, epsilon), rate, 30), (theta, t) => {
    const g = slope(theta);
    return theta.map((w, i) => {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i]!;
      v[i] = beta2 * v[i] + (1 - beta2) * g[i]! ** 2;
      const step = m[i] / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
      return w - rate(t) * (step + (i < d ? decay * w : 0));
    });
  });
  expect(() => adamW(-1)).toThrow('invalid weight decay: -1');
});

describe('schedules', () => {
  test('fall after milestones', () => {
    const rate = stepRate(1, [10, 20], 0.5);
    expect([1, 10, 11, 20, 21, 1000].map(rate)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
    expect(() => stepRate(1, [10, 10])).toThrow('invalid milestone: 10; expected an integer >= 11');
    expect(() => stepRate(1, [10], 1)).toThrow('invalid factor: 1');
  });

  test('warm up linearly into the schedule', () => {
    const rate = linearWarmup(constantRate(2), 4);
    expect([1, 2, 3, 4, 5, 99].map(rate)).toEqual([0.5, 1, 1.5, 2, 2, 2]);
    expect(() => linearWarmup(constantRate(1), 0)).toThrow('invalid warmup: 0');
  });

  test('one cycle rises from 1/25 to the rate at 30 %, then falls to nothing, never above the rate', () => {
    const rates = Array.from({ length: 100 }, (_, i) => oneCycle(0.5, 100)(i + 1));
    expect(rates[0]).toBeCloseTo(0.02, 12);
    expect(rates[29]).toBe(0.5);
    expect(rates[64]).toBeCloseTo(0.25, 12);
    expect(rates[99]).toBeCloseTo(0, 12);
    rates.slice(1, 30).forEach((rate, i) => {
      expect(rate).toBeGreaterThan(rates[i]!);
    });
    rates.slice(30).forEach((rate, i) => {
      expect(rate).toBeLessThan(rates[29 + i]!);
    });
    expect([1, 2, 3].map(oneCycle(1, 1))).toEqual([1, 0, 0].map((v) => expect.closeTo(v, 12)));
  });
});
