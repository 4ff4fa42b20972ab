// How parameters are stored between steps, and that a training does not depend on it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { sizeOf } from '../../src/graph/index.ts';
import { type ModelFamily, madry, mlp, twoLayerBatchNorm } from '../../src/models/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { type Group, groupsOf, regroup, ungrouped } from '../../src/training/groups.ts';
import {
  adam,
  adamW,
  constantRate,
  createTrainer,
  gradientPenalty,
  loadCheckpoint,
  type Progress,
  plain,
  saveCheckpoint,
  spectralNorm,
  squaredLoss,
  type TrainingPlan,
  train,
} from '../../src/training/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'robustlaw-groups-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shapesOf = (groups: readonly Group[]) => groups.map(({ name, shape }) => [name, ...shape]);
const WIDE = mlp([784, 1024, 1024, 10]);

describe('groups of parameters', () => {
  test('are small parameters together, and blocks of 512 columns of a weight whose rows are pages', () => {
    expect(shapesOf(groupsOf({ family: WIDE, optimiser: adam() }))).toEqual([
      ['small parameters', 1024 + 1024 + 10240 + 10],
      ['layer1.weight', 1024, 784],
      ['layer2.weight from 0', 1024, 512],
      ['layer2.weight from 512', 1024, 512],
    ]);
  });

  test('keep weights apart for an optimiser that knows them', () => {
    expect(shapesOf(groupsOf({ family: mlp([3, 4, 5]), optimiser: adamW() }))).toEqual([
      ['small weights', 1, 12 + 20],
      ['small parameters', 4 + 5],
    ]);
  });

  test.each<[string, ModelFamily]>([
    ['rows of other lengths', mlp([784, 1000, 1280, 10])],
    ['rows of half a page', mlp([784, 512, 512, 10])],
    ['few rows', mlp([1024, 100, 1])],
    ['a layer that nothing follows', mlp([1024, 200])],
    ['a layer before a normalisation', twoLayerBatchNorm(1024, 200)],
    ['images', madry(1)],
  ])('have no blocks with %s', (_, family) => {
    expect(groupsOf({ family, optimiser: adam() }).every(({ from }) => from === undefined)).toBe(true);
  });

  test('have no blocks under a constraint, which needs whole weights', () => {
    const groups = groupsOf({ family: WIDE, optimiser: adam(), constraint: spectralNorm(1) });
    expect(shapesOf(groups)).toContainEqual(['layer2.weight', 1024, 1024]);
  });

  test('hold what parameters hold', () => {
    const parts = fc.record({
      rows: fc.integer({ min: 2, max: 4 }),
      widths: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
    });
    fc.assert(
      fc.property(parts, fc.nat(100), ({ rows, widths }, seed) => {
        const columns = widths.reduce((sum, width) => sum + width, 0);
        const shapes = { W: [rows, columns], b: [rows], c: [1] };
        const groups: Group[] = [
          { name: 'both', members: ['b', 'c'], shape: [rows + 1] },
          ...widths.map((width, i) => ({
            name: `W${i}`,
            members: ['W'],
            shape: [rows, width],
            from: widths.slice(0, i).reduce((sum, w) => sum + w, 0),
          })),
        ];
        const given = Object.fromEntries(
          Object.entries(shapes).map(([name, shape]) => [name, normal(rng(seed).split(name), sizeOf(shape))]),
        );
        const arrays = Object.fromEntries(
          groups.map(({ name, shape }) => [name, new Float64Array(sizeOf(shape))]),
        );
        regroup(
          groups,
          shapes,
          (group) => arrays[group]!,
          (parameter) => given[parameter]!,
        );
        for (const { name, shape, from } of groups) {
          arrays[name]!.forEach((value, at) => {
            if (from === undefined) expect(value).toBe([...given.b!, ...given.c!][at]);
            else {
              const [row, column] = [Math.floor(at / shape[1]!), at % shape[1]!];
              expect(value).toBe(given.W![row * columns + from + column]);
            }
          });
        }
        expect(ungrouped(groups, shapes, (group) => arrays[group]!)).toEqual(given);
      }),
    );
  });
});

describe('a training of weights in blocks', () => {
  // 128 rows of a page: the least that comes in blocks.
  const family = mlp([2, 1024, 128, 1], 'tanh');
  const n = 6;
  const samples = { x: normal(rng(1), n * 2), shape: [n, 2], y: normal(rng(2), n) };
  const plan: TrainingPlan = {
    family,
    objective: plain(squaredLoss),
    optimiser: adam(),
    learningRate: constantRate(0.01),
    steps: 7,
    stop: [],
  };
  const blocks = groupsOf(plan).filter(({ from }) => from !== undefined);

  test('takes the steps that the same network takes with its layers one by one in loops', async () => {
    expect(blocks.map(({ from }) => from)).toEqual([0, 512]);
    const trainer = await createTrainer(plan, n, 'values', 'loss', 'float64', 'same');
    const initial = family.initialise(rng(3), 'float64');
    const weights = Object.fromEntries(
      Object.entries(initial).map(([name, { data }]) => [name, Float64Array.from(data as Float64Array)]),
    );
    const m = Object.fromEntries(
      Object.entries(weights).map(([name, w]) => [name, new Float64Array(w.length)]),
    );
    const v = Object.fromEntries(
      Object.entries(weights).map(([name, w]) => [name, new Float64Array(w.length)]),
    );
    let state = trainer.start(initial);
    for (let t = 1; t <= 3; t++) {
      const slopes = slopesOf([2, 1024, 128, 1], weights, samples);
      for (const [name, w] of Object.entries(weights)) {
        w.forEach((_, i) => {
          const g = slopes[name]![i]!;
          m[name]![i] = 0.9 * m[name]![i]! + 0.1 * g;
          v[name]![i] = 0.999 * v[name]![i]! + 0.001 * g * g;
          const [mHat, vHat] = [m[name]![i]! / (1 - 0.9 ** t), v[name]![i]! / (1 - 0.999 ** t)];
          w[i]! -= (0.01 * mHat) / (Math.sqrt(vHat) + 1e-8);
        });
      }
      state = (await trainer.update(state, samples.x, samples.y, [0.01])).state;
      const named = trainer.named(state);
      for (const [name, w] of Object.entries(weights)) {
        expect(largestDifference(named[name] as Float64Array, w)).toBeLessThan(1e-7);
        // Moments are kept without the factor 1 - beta.
        const first = Float64Array.from(named[`${name}:first`] as Float64Array, (value) => 0.1 * value);
        expect(largestDifference(first, m[name]!)).toBeLessThan(1e-12);
      }
    }
    await trainer.dispose();
  });

  test('goes on from a file with the bits of one that ran through', async () => {
    const path = join(folder, 'training.checkpoint');
    const mini = { ...plan, batch: 2 };
    const whole = await train(mini, samples, rng(5));
    let progress: Progress | undefined;
    await train(mini, samples, rng(5), async (moment) => {
      if (moment.step < 4) return undefined;
      progress = await moment.progress();
      return 'stop';
    });
    await saveCheckpoint(path, progress!);
    const continued = await train(mini, samples, rng(5), undefined, 'float32', await loadCheckpoint(path));
    expect(continued).toEqual(whole);
  });

  test('may have a penalty, which the blocks change', async () => {
    const unbiased = mlp([1024, 1024, 128], 'tanh', false);
    const points = { x: normal(rng(6), 2 * 1024), shape: [2, 1024], y: normal(rng(7), 2 * 128) };
    const objective = gradientPenalty(plain(squaredLoss), 1);
    expect(groupsOf({ ...plan, family: unbiased }).every(({ from }) => from !== undefined)).toBe(true);
    const { reason } = await train({ ...plan, family: unbiased, objective, steps: 1 }, points, rng(8));
    expect(reason).toBe('step-limit');
  });
});

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** Gradients of (1/n) sum |f - y|^2 by back propagation through tanh layers, in loops. */
function slopesOf(
  widths: readonly number[],
  weights: Readonly<Record<string, Float64Array>>,
  { x, y }: { readonly x: Float64Array; readonly y: Float64Array },
): Record<string, Float64Array> {
  const depth = widths.length - 1;
  const n = x.length / widths[0]!;
  const slopes = Object.fromEntries(
    Object.entries(weights).map(([name, w]) => [name, new Float64Array(w.length)]),
  );
  for (let i = 0; i < n; i++) {
    const activations: number[][] = [Array.from(x.subarray(i * widths[0]!, (i + 1) * widths[0]!))];
    for (let l = 1; l <= depth; l++) {
      const [before, W, b] = [activations[l - 1]!, weights[`layer${l}.weight`]!, weights[`layer${l}.bias`]!];
      activations.push(
        Array.from({ length: widths[l]! }, (_, r) => {
          const z = before.reduce((sum, value, c) => sum + W[r * before.length + c]! * value, b[r]!);
          return l === depth ? z : Math.tanh(z);
        }),
      );
    }
    let error = activations[depth]!.map((f, k) => (2 * (f - y[i * widths[depth]! + k]!)) / n);
    for (let l = depth; l >= 1; l--) {
      const before = activations[l - 1]!;
      const W = weights[`layer${l}.weight`]!;
      const back = new Array<number>(before.length).fill(0);
      error.forEach((e, r) => {
        slopes[`layer${l}.bias`]![r]! += e;
        before.forEach((value, c) => {
          slopes[`layer${l}.weight`]![r * before.length + c]! += e * value;
          back[c]! += e * W[r * before.length + c]!;
        });
      });
      error = back.map((e, c) => e * (1 - before[c]! ** 2));
    }
  }
  return slopes;
}
