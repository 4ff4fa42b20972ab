import { describe, expect, it } from 'vitest';
import { steepness } from '../../src/plan/analysis.ts';

const run = (n: number, seed: number, parameters: number, accuracy: number) => ({
  n,
  seed,
  parameters,
  width: parameters,
  robust: Math.round(accuracy * n),
  correct: n,
  trained: n,
  updates: 1,
  ended: 'step-limit',
});

describe('steepness of curves at the threshold', () => {
  it('is the slope that all curves share, wherever each of them lies', () => {
    // Accuracy 0.65 + 0.2 log(P / P*), P* different for every curve.
    const runs = [300, 900].flatMap((middle, seed) =>
      [0.7, 1, 1.4].map((share) => run(100_000, seed, middle * share, 0.65 + 0.2 * Math.log(share))),
    );
    expect(steepness(runs, 0.65)).toBeCloseTo(0.2, 3);
  });

  it('takes no notice of runs far from the threshold', () => {
    const near = [run(1000, 0, 100, 0.6), run(1000, 0, 100 * Math.E, 0.7)];
    const far = [run(1000, 0, 1, 0.1), run(1000, 0, 1e6, 1)];
    expect(steepness([...near, ...far], 0.65)).toBeCloseTo(0.1, 9);
  });

  it('is not there where nothing rises', () => {
    expect(steepness([], 0.65)).toBeUndefined();
    expect(steepness([run(100, 0, 10, 0.6)], 0.65)).toBeUndefined();
    expect(steepness([run(100, 0, 10, 0.7), run(100, 0, 20, 0.6)], 0.65)).toBeUndefined();
  });
});
