import { describe, expect, it } from 'vitest';
import {
  constant,
  gemm,
  graph,
  input,
  linear,
  modelFrom,
  parameter,
  relu,
  softmax,
  tensor,
} from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { certifiedRadii, marginConstants } from '../../src/lipschitz/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

const NEVER = () => false;
const dual = (w: readonly number[], norm: Norm): number =>
  norm === 'l1'
    ? Math.max(...w.map(Math.abs))
    : norm === 'linf'
      ? w.reduce((sum, v) => sum + Math.abs(v), 0)
      : Math.hypot(...w);

describe('a linear classifier', () => {
  const rows = [
    [1, 2, -1],
    [0, 1, 1],
    [-2, 0.5, 3],
  ];
  const x = input('x', 'float64', [1, 3]);
  const g = graph([x], { y: linear(x, parameter('w', tensor('float64', [3, 3], rows.flat()))) });

  it.each<Norm>(['l1', 'l2', 'linf'])('has the dual norms of the differences of its rows, %s', (norm) => {
    const constants = marginConstants(g, norm, 5, NEVER);
    expect(constants.map(({ pair }) => pair)).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    for (const { pair, bound } of constants) {
      const difference = rows[pair[0]]!.map((v, i) => v - rows[pair[1]]![i]!);
      expect(bound.value / dual(difference, norm)).toBeCloseTo(1, 9);
      expect(bound.value).toBeGreaterThanOrEqual(dual(difference, norm) * (1 - 1e-15));
    }
    // The distance of a point to a hyperplane is its margin by the dual norm.
    const points = normal(rng('points'), 60);
    for (const [at, { prediction, radius }] of certifiedRadii(g, constants, points).entries()) {
      const point = [...points.subarray(3 * at, 3 * at + 3)];
      const scores = rows.map((row) => row.reduce((sum, w, i) => sum + w * point[i]!, 0));
      const best = scores.indexOf(Math.max(...scores));
      const distance = Math.min(
        ...[0, 1, 2]
          .filter((j) => j !== best)
          .map(
            (j) =>
              (scores[best]! - scores[j]!) /
              dual(
                rows[best]!.map((v, i) => v - rows[j]![i]!),
                norm,
              ),
          ),
      );
      expect(prediction).toBe(best);
      expect(radius / distance).toBeCloseTo(1, 6);
      expect(radius).toBeLessThanOrEqual(distance * (1 + 1e-12));
    }
  });
});

describe('a network', () => {
  const key = rng('margins');
  const weight = (name: string, out: number, fanIn: number) =>
    parameter(name, tensor('float64', [out, fanIn], normal(key.split(name), out * fanIn)));
  const model = modelFrom('classifier', (batch) => {
    const x = input('x', 'float64', [batch, 3]);
    return graph([x], { y: linear(relu(linear(x, weight('a', 8, 3))), weight('b', 4, 8)) });
  });

  it.each<Norm>(['l1', 'l2', 'linf'])(
    'keeps its prediction within the certified radius, %s',
    async (norm) => {
      const g = model.forBatch(1);
      const constants = marginConstants(g, norm, 5, NEVER);
      expect(constants).toHaveLength(6);
      const points = normal(key.split('points'), 3 * 20);
      const radii = certifiedRadii(g, constants, points);
      expect(radii.some(({ radius }) => radius > 0)).toBe(true);
      const moves = normal(key.split('moves'), 3 * 50);
      for (const [at, { prediction, radius }] of radii.entries()) {
        const around = Float64Array.from({ length: 150 }, (_, i) => {
          const row = Math.floor(i / 3);
          const size = dual(
            [...moves.subarray(3 * row, 3 * row + 3)],
            norm === 'l1' ? 'linf' : norm === 'linf' ? 'l1' : 'l2',
          );
          return points[3 * at + (i % 3)]! + (0.999 * radius * moves[i]!) / size;
        });
        const { y } = await evaluate({ y: model.forBatch(50).outputs.y! }, { x: around });
        const values = y!.data as Float64Array;
        for (let row = 0; row < 50; row++) {
          const scores = [...values.subarray(4 * row, 4 * row + 4)];
          expect(scores.indexOf(Math.max(...scores))).toBe(prediction);
        }
      }
    },
  );

  it('never exceeds sqrt(2) times the constant of the whole, and bounds what is no network by it', () => {
    const x = input('x', 'float64', [1, 3]);
    const probabilities = graph([x], { y: softmax(linear(x, weight('a', 8, 3))) });
    const constants = marginConstants(probabilities, 'l2', 1, NEVER);
    expect(constants).toHaveLength(28);
    expect(new Set(constants.map(({ bound }) => bound.value)).size).toBe(1);
  });

  it('refuses a single output', () => {
    const x = input('x', 'float64', [1, 3]);
    const g = graph([x], { y: gemm(x, constant(tensor('float64', [3, 1], [1, 2, 3]))) });
    expect(() => marginConstants(g, 'l2', 1, NEVER)).toThrow(/outputs: 1; expected at least 2/);
  });
});
