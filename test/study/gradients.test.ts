import { describe, expect, it } from 'vitest';
import { constant, type Graph, graph, input, linear, mul, square, tensor } from '../../src/graph/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { matrix, singularValues } from '../../src/linalg/index.ts';
import { construct } from '../../src/memorizers/index.ts';
import { normal, rng, signs, sphere } from '../../src/random/index.ts';
import { gradientSample, steepestGradient } from '../../src/study/gradients.ts';

const fresh = (count: number, d: number) => ({
  x: normal(rng('fresh'), count * d),
  count,
  source: 'normal',
});

/** x -> W x with W `[m, d]`. */
function linearMap(m: number, d: number): { W: Float64Array; graphFor: (batch: number) => Graph } {
  const W = normal(rng('weights').split(m), m * d);
  return {
    W,
    graphFor: (batch) => {
      const x = input('x', 'float64', [batch, d]);
      return graph([x], { y: linear(x, constant(tensor('float64', [m, d], W))) });
    },
  };
}

describe('gradientSample', () => {
  it('of the least-norm linear fit is |w| everywhere, its Lipschitz constant, and |w|^2 on average', async () => {
    const [n, d] = [20, 30];
    const points = matrix(n, d, sphere(rng(1), n, d));
    const labels = matrix(n, 1, signs(rng(2), n));
    const memorizer = await construct('minimum-norm', points, labels, undefined, rng(0));
    const { largest, meanSquare, points: count } = await gradientSample(memorizer.graph, fresh(50, d));
    const { lipschitz } = memorizer;
    expect(count).toBe(50);
    expect(largest.value).toBeLessThanOrEqual(upperEnd(lipschitz));
    expect(largest.value / lipschitz.value).toBeCloseTo(1, 9);
    expect(meanSquare.value / lipschitz.value ** 2).toBeCloseTo(1, 12);
    expect(meanSquare.interval[0] / meanSquare.value).toBeCloseTo(1, 9);
    expect(meanSquare.interval[1] / meanSquare.value).toBeCloseTo(1, 9);
  });

  it('of a linear map of several outputs has the operator norm and the Frobenius norm', async () => {
    const [m, d] = [3, 5];
    const { W, graphFor } = linearMap(m, d);
    const { largest, meanSquare } = await gradientSample(graphFor, fresh(7, d));
    const [top] = singularValues(matrix(m, d, W));
    expect(largest.value / top!).toBeCloseTo(1, 9);
    expect(largest.value).toBeLessThanOrEqual(top! * (1 + 1e-12));
    expect(meanSquare.value).toBeCloseTo(
      W.reduce((sum, w) => sum + w * w, 0),
      9,
    );
  });

  it('finds the steepest point of x^2 and the second moment 4 E x^2 of its slope', async () => {
    const graphFor = (batch: number) => {
      const x = input('x', 'float64', [batch, 1]);
      return graph([x], { y: mul(square(x), 1) });
    };
    const { x } = fresh(1000, 1);
    const { largest, meanSquare } = await gradientSample(graphFor, fresh(1000, 1));
    const steepest = Math.max(...x.map((value) => Math.abs(2 * value)));
    // A pair about z has the slope 2 z; one that ends there has at most 2 z + h.
    expect(largest.value).toBeGreaterThan(steepest * (1 - 1e-6));
    expect(largest.value).toBeLessThan(steepest * 1.11);
    const squares = x.map((value) => 4 * value * value);
    expect(meanSquare.value).toBeCloseTo(squares.reduce((sum, value) => sum + value, 0) / 1000, 9);
    // E = 4; standard error sqrt(32 / 1000) = 0.18.
    expect(meanSquare.interval[0]).toBeLessThan(4);
    expect(meanSquare.interval[1]).toBeGreaterThan(4);
    expect(meanSquare.interval[1] - meanSquare.interval[0]).toBeCloseTo(2 * 1.962 * Math.sqrt(32 / 1000), 0);
  });

  it('is 0 where the function is flat: bumps on single points do not reach fresh ones', async () => {
    const [n, d] = [10, 40];
    const points = matrix(n, d, sphere(rng(3), n, d));
    const memorizer = await construct('rbf', points, matrix(n, 1, signs(rng(4), n)), undefined, rng(0));
    const at = { x: sphere(rng(5), 100, d), count: 100, source: 'sphere' };
    const { largest, meanSquare } = await gradientSample(memorizer.graph, at);
    expect([largest.value, meanSquare.value, ...meanSquare.interval]).toEqual([0, 0, 0, 0]);
    // At the edge of a bump the slope is there.
    const inside = points.data.slice(0, d).map((value, k) => value + (k === 0 ? 1e-3 : 0));
    expect((await steepestGradient(memorizer.graph, inside, 1)).value).toBeGreaterThan(0.5);
  });

  it('takes one point, and gives the same bits again', async () => {
    const { graphFor } = linearMap(1, 4);
    const one = await gradientSample(graphFor, fresh(1, 4));
    expect(one.meanSquare.interval).toEqual([0, Infinity]);
    const first = await gradientSample(graphFor, fresh(300, 4));
    expect(await gradientSample(graphFor, fresh(300, 4))).toEqual(first);
  });
});
