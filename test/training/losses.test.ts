import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradient, input, tensor } from '../../src/graph/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { crossEntropy, klDivergence, type Loss, labelKind, marginLoss } from '../../src/training/index.ts';

/** A loss and its gradient by the predictions, in float64. */
async function lossAt(loss: Loss, prediction: readonly number[][], target: readonly number[][]) {
  const shape = [prediction.length, prediction[0]!.length];
  const [f, y] = [input('f', 'float64', shape), input('y', 'float64', shape)];
  const value = loss(f, y);
  const found = await evaluate(
    { value, slope: gradient(value, [f])[0]! },
    {
      f: tensor('float64', shape, prediction.flat()).data,
      y: tensor('float64', shape, target.flat()).data,
    },
  );
  return { value: Number(found.value.data[0]), slope: Array.from(found.slope.data as Float64Array) };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const random = (rows: number, columns: number, seed: number) =>
  Array.from({ length: rows }, (_, i) => [...normal(rng(seed).split(i), columns)]);
const hot = (classes: readonly number[], count: number) =>
  classes.map((k) => Array.from({ length: count }, (_, i) => (i === k ? 1 : 0)));

describe('cross-entropy', () => {
  test('of classes is the mean of log(sum e^z) - sum t z with smoothed targets', async () => {
    const [z, classes] = [random(6, 4, 1), [0, 3, 1, 1, 2, 0]];
    for (const smoothing of [0, 0.2]) {
      const expected = mean(
        z.map((row, i) => {
          const logSum = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
          return (
            logSum -
            row.reduce((s, v, k) => s + v * ((k === classes[i] ? 1 - smoothing : 0) + smoothing / 4), 0)
          );
        }),
      );
      expect((await lossAt(crossEntropy(smoothing), z, hot(classes, 4))).value).toBeCloseTo(expected, 12);
    }
  });

  test('of signs is the logistic loss, and two classes with logits [f, 0] are the same', async () => {
    const f = random(5, 1, 2);
    const y = [1, -1, -1, 1, 1];
    const signs = await lossAt(
      crossEntropy(),
      f,
      y.map((v) => [v]),
    );
    expect(signs.value).toBeCloseTo(mean(f.map(([v], i) => Math.log1p(Math.exp(-y[i]! * v!)))), 12);
    signs.slope.forEach((slope, i) => {
      expect(slope).toBeCloseTo(-y[i]! / (1 + Math.exp(y[i]! * f[i]![0]!)) / 5, 12);
    });
    for (const smoothing of [0, 0.3]) {
      const one = await lossAt(
        crossEntropy(smoothing),
        f,
        y.map((v) => [v]),
      );
      const two = await lossAt(
        crossEntropy(smoothing),
        f.map(([v]) => [v!, 0]),
        y.map((v) => (v === 1 ? [1, 0] : [0, 1])),
      );
      expect(one.value).toBeCloseTo(two.value, 12);
    }
  });

  test('stays finite where e^z overflows', async () => {
    const far = await lossAt(crossEntropy(), [[1e4, -1e4, 0]], [[0, 1, 0]]);
    expect(far.value).toBe(2e4);
    expect(far.slope).toEqual([1, -1, 0]);
    expect((await lossAt(crossEntropy(), [[-1e5]], [[1]])).value).toBe(1e5);
    expect((await lossAt(crossEntropy(), [[1e5]], [[1]])).value).toBeCloseTo(0, 300);
  });

  test('refuses smoothing outside of [0, 1)', () => {
    expect(() => crossEntropy(1)).toThrow('invalid label smoothing: 1; expected a number in [0, 1)');
    expect(() => crossEntropy(Number.NaN)).toThrow('invalid label smoothing');
  });
});

describe('margin loss', () => {
  test('is the hinge of the right output above the largest other one', async () => {
    const [z, classes] = [random(40, 3, 3), Array.from({ length: 40 }, (_, i) => i % 3)];
    const hinge = (row: readonly number[], k: number) =>
      Math.max(0, 0.7 - row[k]! + Math.max(...row.filter((_, i) => i !== k)));
    const found = await lossAt(marginLoss(0.7), z, hot(classes, 3));
    expect(found.value).toBeCloseTo(mean(z.map((row, i) => hinge(row, classes[i]!))), 12);
    const h = 1e-6;
    z.flat().forEach((_, j) => {
      const moved = (by: number) =>
        mean(
          z.map((row, i) =>
            hinge(
              row.map((v, k) => v + (3 * i + k === j ? by : 0)),
              classes[i]!,
            ),
          ),
        );
      expect(found.slope[j]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 6);
    });
  });

  test('of signs is the hinge of y f', async () => {
    const found = await lossAt(marginLoss(), [[0.25], [3], [-2]], [[1], [1], [1]]);
    expect(found.value).toBeCloseTo((0.75 + 0 + 3) / 3, 14);
    expect(found.slope).toEqual([-1 / 3, 0, -1 / 3].map((v) => expect.closeTo(v, 14)));
    expect(() => marginLoss(0)).toThrow('invalid margin: 0');
  });
});

test('the divergence of TRADES is that of Kullback and Leibler, from the points to the changed ones', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 4 }), async (seed, k) => {
      const [changed, at] = [random(3, k, seed), random(3, k, seed + 1)];
      const probabilities = (row: readonly number[]) => {
        const e = (k === 1 ? [row[0]!, 0] : row).map(Math.exp);
        return e.map((v) => v / e.reduce((a, b) => a + b, 0));
      };
      const expected = mean(
        at.map((row, i) => {
          const [p, q] = [probabilities(row), probabilities(changed[i]!)];
          return p.reduce((sum, v, j) => sum + v * Math.log(v / q[j]!), 0);
        }),
      );
      expect((await lossAt(klDivergence, changed, at)).value).toBeCloseTo(expected, 10);
    }),
    { numRuns: 8 },
  );
});

test('the kind of labels is read off them', () => {
  expect(labelKind([1, -1, 1], 1)).toBe('signs');
  expect(labelKind([1, 0, 1], 1)).toBe('values');
  expect(labelKind([1, -1, Number.NaN], 1)).toBe('values');
  expect(labelKind([0, 1, 1, 0], 2)).toBe('classes');
  expect(labelKind([0, 1, 1, 1], 2)).toBe('values');
  expect(labelKind([0, 0, 1, 0], 2)).toBe('values');
  expect(labelKind([0.5, 0.5, 1, 0], 2)).toBe('values');
});
