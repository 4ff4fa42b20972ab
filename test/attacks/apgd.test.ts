// APGD: the contract, exact robust accuracy of linear and of nearest-centre models.
import { expect, test } from 'vitest';
import { apgdCe, apgdDlr, apgdTargeted } from '../../src/attacks/apgd/apgd.ts';
import { apgdTrace } from '../../src/attacks/apgd/trace.ts';
import {
  type Attack,
  argmax,
  createThreat,
  createVictim,
  crossEntropy,
  margin,
  oneHot,
  UNBOUNDED,
  wrong,
} from '../../src/attacks/index.ts';
import type { InputBounds } from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { rng, uniform } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';
import { exactExcess, modelOf, randomLinear } from '../oracles/linear-attacks.ts';
import { classOf, exactDistance, modelOfCentres, randomCentres } from '../oracles/nearest-centre.ts';
import { conformance, samplesOf } from './conformance.ts';

conformance(apgdCe);
conformance(apgdDlr);
conformance(apgdTargeted);

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const BOUNDS: readonly InputBounds[] = [UNBOUNDED, [0, 1]];
const CASES = NORMS.flatMap((norm) => BOUNDS.map((bounds) => [norm, bounds] as const));

test.each(CASES)(
  '%s in [%s]: on linear models APGD breaks exactly what can be broken',
  async (norm, bounds) => {
    for (const [classes, features, attacks] of [
      [2, 1, [apgdCe, apgdTargeted]],
      [2, 20, [apgdCe, apgdDlr, apgdTargeted]],
      [3, 8, [apgdTargeted]],
      [6, 20, [apgdTargeted]],
    ] as [number, number, Attack[]][]) {
      const model = randomLinear(rng('linear').split(classes).split(features), features, classes);
      const victim = await createVictim(modelOf(model), { kind: 'classification' });
      const samples = samplesOf(model, 60);
      for (const radius of [0.08, 0.5]) {
        const threat = createThreat(norm, radius, bounds);
        const excesses = samples.ids.map((_, i) => {
          const x = samples.points.subarray(i * features, (i + 1) * features);
          const label = argmax(samples.labels.subarray(i * classes, (i + 1) * classes));
          return exactExcess(model, threat, x, label);
        });
        for (const attack of attacks) {
          const changed = await attack.run(victim, samples, threat, rng('seed'), whenDone);
          const harmed = wrong(victim.task, await victim.scores(changed), samples.labels, classes);
          // Within 1e-3 of the boundary either answer is right.
          excesses.forEach((excess, i) => {
            if (Math.abs(excess) > 1e-3)
              expect(harmed[i], `${attack.name}, ${classes} classes, radius ${radius}, row ${i}`).toBe(
                excess > 0,
              );
          });
        }
      }
      await victim.dispose();
    }
  },
);

test.each(NORMS)(
  '%s: on nearest-centre models APGD-T never beats the exact distance and nearly reaches it',
  async (norm) => {
    const [features, classes, rows] = [4, 4, 60];
    const model = randomCentres(rng('centres'), features, classes, 3);
    const victim = await createVictim(modelOfCentres(model), { kind: 'classification' });
    const points = Float32Array.from(uniform(rng('points'), rows * features, -1, 1));
    const row = (i: number) => points.subarray(i * features, (i + 1) * features);
    const classOfRow = Array.from({ length: rows }, (_, i) => classOf(model, row(i)));
    const distances = classOfRow.map((label, i) => exactDistance(model, norm, row(i), label));
    const samples = { points, labels: oneHot(classOfRow, classes), ids: classOfRow.map((_, i) => i) };
    // Radii at which about a third and two thirds of the points can be broken.
    for (const share of [0.33, 0.67]) {
      const radius = distances.toSorted((a, b) => a - b)[Math.floor(share * rows)]! * 1.0001;
      const changed = await apgdTargeted.run(
        victim,
        samples,
        createThreat(norm, radius),
        rng('seed'),
        whenDone,
      );
      const harmed = wrong(victim.task, await victim.scores(changed), samples.labels, classes);
      distances.forEach((exact, i) => {
        if (exact > radius * 1.001) expect(harmed[i], `row ${i}`).toBe(false);
      });
      const possible = distances.filter((exact) => exact < 0.99 * radius).length;
      expect(harmed.filter(Boolean).length).toBeGreaterThanOrEqual(Math.ceil(0.95 * possible));
    }
    await victim.dispose();
  },
);

test.each(NORMS)('%s: the trace of a linear model rises to the exact largest loss', async (norm) => {
  const [features, rows] = [12, 30];
  const model = randomLinear(rng('trace'), features, 2);
  const victim = await createVictim(modelOf(model), { kind: 'classification' });
  const samples = samplesOf(model, rows);
  const threat = createThreat(norm, 0.2, [0, 1]);
  const { losses, largest, robust } = await apgdTrace(
    victim,
    margin,
    100,
    samples,
    threat,
    rng('seed'),
    whenDone,
  );
  expect([losses.length, largest.length, robust.length]).toEqual([101, 101, 101]);
  const exact = samples.ids.map((_, i) => {
    const x = samples.points.subarray(i * features, (i + 1) * features);
    return exactExcess(model, threat, x, samples.labels[2 * i] === 1 ? 0 : 1);
  });
  // The margin loss of a linear model is what the oracle maximises.
  const most = exact.reduce((sum, v) => sum + v, 0) / rows;
  expect(largest.at(-1)).toBeLessThan(most + 1e-5);
  // Sparse steps give up a little where bounds stop the steepest entries.
  expect(largest.at(-1)).toBeGreaterThan(most - (norm === 'l1' ? 0.1 : 1e-3));
  expect(robust.at(-1)).toBeCloseTo(exact.filter((v) => v < 0).length / rows, norm === 'l1' ? 1 : 9);
  for (let k = 1; k <= 100; k++) {
    expect(largest[k]).toBeGreaterThanOrEqual(largest[k - 1]!);
    expect(robust[k]).toBeLessThanOrEqual(robust[k - 1]!);
    expect(largest[k]).toBeGreaterThanOrEqual(losses[k]!);
  }
  await victim.dispose();
});

test('where gradients vanish, the trace does not rise', async () => {
  // Scores so far apart that the cross-entropy is 0 in float32.
  const plain = randomLinear(rng('flat'), 4, 2);
  const model = { ...plain, w: plain.w.map((v) => 1e-3 * v), b: Float64Array.of(1000, 0) };
  const victim = await createVictim(modelOf(model), { kind: 'classification' });
  const { largest, robust } = await apgdTrace(
    victim,
    crossEntropy,
    20,
    samplesOf(model, 8),
    createThreat('linf', 0.1, [0, 1]),
    rng('seed'),
    whenDone,
  );
  expect(largest.at(-1)).toBe(largest[0]);
  expect(robust.at(-1)).toBe(1);
  await victim.dispose();
});
