import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../../src/graph/index.ts';
import * as g from '../../../src/graph/index.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { singularValues } from '../../../src/linalg/index.ts';
import { jacobianBound } from '../../../src/lipschitz/local/interval-jacobian.ts';
import { length } from '../../../src/lipschitz/norms.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';
import { boxAround, jacobiansAt, pointsOf, valuesAt } from '../../intervals/containment.ts';
import { randomNetwork } from '../../intervals/random-networks.ts';
import { randomModel } from '../random-models.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

const graphOf = (features: number, f: (x: Value) => Value): Graph => {
  const x = g.input('x', 'float64', [1, features]);
  return g.graph([x], { y: f(x) });
};

/** Largest column sum, singular value or row sum, by the definitions. */
function normOf(j: Float64Array, rows: number, columns: number, norm: Norm): number {
  const at = (i: number, k: number) => Math.abs(j[i * columns + k]!);
  const indices = (n: number) => Array.from({ length: n }, (_, i) => i);
  if (norm === 'l1')
    return Math.max(...indices(columns).map((k) => indices(rows).reduce((s, i) => s + at(i, k), 0)));
  if (norm === 'linf')
    return Math.max(...indices(rows).map((i) => indices(columns).reduce((s, k) => s + at(i, k), 0)));
  return singularValues({ rows, columns, data: j })[0]!;
}

describe('bounds by an enclosure of the Jacobian', () => {
  it('is the operator norm of an affine map', () => {
    const w = normal(rng('affine'), 12);
    const graph = graphOf(4, (x) => g.linear(x, g.parameter('w', g.tensor('float64', [3, 4], w))));
    for (const norm of NORMS) {
      const { value } = jacobianBound(graph, boxAround(new Float64Array(4), 10), norm);
      const exact = normOf(w, 3, 4, norm);
      expect(value).toBeGreaterThanOrEqual(exact * (1 - 1e-15));
      expect(value).toBeLessThan(exact * (1 + 1e-12));
    }
  });

  it('is exact for one neuron that is on, off or both', () => {
    const w = g.parameter('w', g.tensor('float64', [1, 2], [3, -4]));
    const graph = graphOf(2, (x) => g.relu(g.linear(x, w)));
    const at = (x: number, y: number) => boxAround(Float64Array.of(x, y), 0.1);
    for (const [norm, exact] of [
      ['l1', 4],
      ['l2', 5],
      ['linf', 7],
    ] as const) {
      expect(jacobianBound(graph, at(2, 0), norm).value).toBeCloseTo(exact, 12);
      expect(jacobianBound(graph, at(-2, 0), norm).value).toBe(0);
      expect(jacobianBound(graph, at(0, 0), norm).value).toBeCloseTo(exact, 12);
    }
  });

  it('says what it bounds', () => {
    const box = boxAround(Float64Array.of(1), 0.5);
    const bound = jacobianBound(graphOf(1, g.tanh), box, 'l2');
    expect(bound).toMatchObject({
      kind: 'upper',
      norm: 'l2',
      arithmetic: 'float64',
      domain: { kind: 'box' },
    });
    // tanh is steepest at the near end.
    expect(bound.value).toBeCloseTo(1 - Math.tanh(0.5) ** 2, 12);
  });

  it('is unbounded across a jump', () => {
    const box = boxAround(Float64Array.of(0, 1), 0.5);
    expect(jacobianBound(graphOf(2, g.sign), box, 'linf').value).toBe(Infinity);
    expect(jacobianBound(graphOf(2, g.reciprocal), box, 'l2').value).toBe(Infinity);
  });

  it('is never below a difference quotient or a gradient, for networks of every kind', async () => {
    for (let i = 0; i < 90; i++) {
      const key = rng('bounds').split(i);
      const graph = i % 3 === 0 ? randomNetwork(key) : randomModel(key).model.forBatch(1);
      const features = g.sizeOf(graph.inputs[0]!.shape);
      const outputs = g.sizeOf(Object.values(graph.outputs)[0]!.shape);
      const radius = 10 ** uniform(key.split('radius'), 1, -5, 0)[0]!;
      const box = boxAround(normal(key.split('x'), features), radius);
      const points = pointsOf(box, 5, key.split('points'));
      const values = await valuesAt(graph, points);
      const slopes = i % 5 === 0 ? await jacobiansAt(graph, points) : [];
      for (const norm of NORMS) {
        const { value: plain } = jacobianBound(graph, box, norm);
        const refines = i % 2 === 0 && norm === 'l2';
        const value = refines ? jacobianBound(graph, box, norm, whenDone).value : plain;
        expect(value).toBeLessThanOrEqual(plain * (1 + 1e-9));
        for (let a = 1; a < points.length; a++) {
          const moved = length(
            values[a]!.map((v, k) => v - values[a - 1]![k]!),
            norm,
          );
          const step = length(
            points[a]!.map((v, k) => v - points[a - 1]![k]!),
            norm,
          );
          expect(moved, `network ${i} in ${norm}`).toBeLessThanOrEqual(value * step * (1 + 1e-9) + 1e-12);
        }
        for (const slope of slopes)
          expect(normOf(slope, outputs, features, norm)).toBeLessThanOrEqual(value * (1 + 1e-9));
      }
    }
  }, 60_000);

  it('gains by mean value forms on small boxes of deep networks, and stops when told', () => {
    // Rotations by 45 degrees keep the length of x; interval by interval the box grows by sqrt 2 in each layer.
    const turn = Float64Array.of(1, -1, 1, 1).map((v) => v * Math.SQRT1_2);
    const depth = 24;
    const graph = graphOf(2, (x) =>
      Array.from({ length: depth }).reduce<Value>((h, _, i) => {
        const w = g.parameter(`w${i}`, g.tensor('float64', [2, 2], turn));
        const bend = g.mul(g.sin(h), 1e-3);
        return g.add(g.linear(h, w), bend);
      }, x),
    );
    const box = boxAround(Float64Array.of(0.5, 0.2), 1e-3);
    const plain = jacobianBound(graph, box, 'l2').value;
    const refined = jacobianBound(graph, box, 'l2', whenDone).value;
    // |J| <= (1 + 1e-3)^depth, which the refined bound nearly reaches.
    expect(refined).toBeLessThan(1.03);
    expect(refined).toBeGreaterThan(0.97);
    expect(refined).toBeLessThan(plain);
    expect(jacobianBound(graph, box, 'l2', () => true).value).toBeCloseTo(plain, 12);
  });

  it('closes on the norm of the gradient as the box shrinks', async () => {
    for (let i = 0; i < 6; i++) {
      const key = rng('shrinking').split(i);
      const graph = randomNetwork(key);
      const centre = normal(key.split('x'), g.sizeOf(graph.inputs[0]!.shape));
      const outputs = g.sizeOf(Object.values(graph.outputs)[0]!.shape);
      const [slope] = await jacobiansAt(graph, [centre]);
      for (const norm of NORMS) {
        const exact = normOf(slope!, outputs, centre.length, norm);
        const { value } = jacobianBound(graph, boxAround(centre, 1e-9), norm);
        expect(value).toBeGreaterThanOrEqual(exact * (1 - 1e-7));
        expect(value).toBeLessThan(exact * (1 + 1e-3));
      }
    }
  });
});
