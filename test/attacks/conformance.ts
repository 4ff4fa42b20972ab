// What every attack must do, whatever it is: one suite that every implementation runs.
import { expect, test } from 'vitest';
import type { Attack, Samples, Threat, Victim } from '../../src/attacks/index.ts';
import {
  allows,
  argmax,
  createThreat,
  createVictim,
  distance,
  margins,
  oneHot,
  UNBOUNDED,
  wrong,
} from '../../src/attacks/index.ts';
import type { InputBounds } from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { rng, uniform } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';
import { exactExcess, type Linear, modelOf, randomLinear } from '../oracles/linear-attacks.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];
const FEATURES = 6;
/** Near the median distance to the boundary of the random models below, so that some rows break and some do not. */
const RADII: Readonly<Record<Norm, number>> = { l1: 0.3, l2: 0.2, linf: 0.1 };

/** Points in [0, 1] that the linear model gets right, as many as asked for. */
export function samplesOf(model: Linear, rows: number): Samples {
  const points = Float32Array.from(uniform(rng('conformance'), rows * model.features));
  const labels: number[] = [];
  for (let i = 0; i < rows; i++) {
    const x = points.subarray(i * model.features, (i + 1) * model.features);
    labels.push(predicted(model, x));
  }
  return { points, labels: oneHot(labels, model.classes), ids: labels.map((_, i) => 7 * i + 3) };
}

function predicted({ features, classes, w, b }: Linear, x: Float32Array): number {
  const scores = Array.from(b, (bias, k) => {
    let sum = bias;
    for (let j = 0; j < features; j++) sum += w[k * features + j]! * x[j]!;
    return sum;
  });
  expect(scores).toHaveLength(classes);
  return argmax(scores);
}

function rowsOf({ points, labels, ids }: Samples, chosen: readonly number[]): Samples {
  const pick = (rows: Float32Array) => {
    const width = rows.length / ids.length;
    return Float32Array.from(chosen.flatMap((i) => [...rows.subarray(i * width, (i + 1) * width)]));
  };
  return { points: pick(points), labels: pick(labels), ids: chosen.map((i) => ids[i]!) };
}

async function broken(victim: Victim, changed: Float32Array, labels: Float32Array): Promise<boolean[]> {
  return wrong(victim.task, await victim.scores(changed), labels, victim.outputs);
}

/** Every row strictly within the threat model. */
export function expectAllowed(threat: Threat, { points }: Samples, changed: Float32Array): void {
  expect(changed).toHaveLength(points.length);
  for (let from = 0; from < points.length; from += FEATURES) {
    const [x, row] = [points, changed].map((rows) => rows.subarray(from, from + FEATURES));
    expect(allows(threat, x!, row!), `row ${from / FEATURES}: ${row} of ${x}`).toBe(true);
  }
}

/**
 * Registers the tests of the contract for `norms`. With `nearest` the attack is also asked, with an infinite radius, for the
 * nearest harmful change. All models are linear with 2, 3 and 10 classes, or a regression, so that exact answers are known:
 * no attack may break a row that cannot be broken.
 */
export function conformance(attack: Attack, norms: readonly Norm[] = NORMS, nearest = false): void {
  const about = (what: string) => `${attack.name}: ${what}`;
  const bounds: readonly InputBounds[] = [UNBOUNDED, [0, 1]];
  const threatsOf = (norm: Norm) =>
    bounds.flatMap((limits) => [
      createThreat(norm, RADII[norm], limits),
      ...(nearest ? [createThreat(norm, Infinity, limits)] : []),
    ]);
  const show = ({ norm, radius, bounds: [low, high] }: Threat) => `${norm} ${radius} in [${low}, ${high}]`;

  test.each(norms)(about('%s: allowed changes, and nothing broken that cannot be'), async (norm) => {
    for (const classes of [2, 3, 10]) {
      const model = randomLinear(rng('model').split(classes), FEATURES, classes);
      const victim = await createVictim(modelOf(model), { kind: 'classification' });
      const samples = samplesOf(model, nearest ? 12 : 40);
      for (const threat of threatsOf(norm)) {
        const before = samples.points.slice();
        const changed = await attack.run(victim, samples, threat, rng('seed'), whenDone);
        expect(samples.points).toEqual(before);
        expectAllowed(threat, samples, changed);
        const harmed = await broken(victim, changed, samples.labels);
        harmed.forEach((isBroken, i) => {
          if (!isBroken) return;
          const x = samples.points.subarray(i * FEATURES, (i + 1) * FEATURES);
          const label = argmax(samples.labels.subarray(i * classes, (i + 1) * classes));
          const reach = distance(norm, x, changed.subarray(i * FEATURES, (i + 1) * FEATURES));
          const used = { ...threat, radius: Math.min(threat.radius, reach) };
          expect(exactExcess(model, used, x, label), `${show(threat)}, row ${i}`).toBeGreaterThan(-1e-4);
        });
      }
      await victim.dispose();
    }
  });

  test(about('the same seed gives the same bits, and a row does not depend on the others'), async () => {
    const model = randomLinear(rng('model').split('rows'), FEATURES, 3);
    const victim = await createVictim(modelOf(model), { kind: 'classification' });
    const samples = samplesOf(model, nearest ? 12 : 30);
    const reversed = samples.ids.map((_, i) => samples.ids.length - 1 - i);
    const some = reversed.filter((i) => i % 3 === 1);
    for (const norm of norms)
      for (const threat of threatsOf(norm)) {
        const run = (which: Samples) => attack.run(victim, which, threat, rng('seed'), whenDone);
        const changed = await run(samples);
        expect(await run(samples)).toEqual(changed);
        for (const chosen of [reversed, some]) {
          const part = rowsOf(samples, chosen);
          const found = await run(part);
          const expected = rowsOf({ ...samples, points: changed }, chosen);
          const [mine, its] = [
            await broken(victim, found, part.labels),
            await broken(victim, expected.points, part.labels),
          ];
          expect(mine, show(threat)).toEqual(its);
          found.forEach((v, i) => {
            expect(Math.abs(v - expected.points[i]!), show(threat)).toBeLessThan(1e-3);
          });
        }
      }
    await victim.dispose();
  });

  test.each([0, 1, 300])(about('%i rows'), async (rows) => {
    const model = randomLinear(rng('model').split('many'), FEATURES, 2);
    const victim = await createVictim(modelOf(model), { kind: 'classification' });
    const samples = samplesOf(model, rows);
    const threat = createThreat(norms[0]!, RADII[norms[0]!], [0, 1]);
    expectAllowed(threat, samples, await attack.run(victim, samples, threat, rng('seed'), whenDone));
    await victim.dispose();
  });

  test(about('ends when told to, with what is allowed'), async () => {
    const model = randomLinear(rng('model').split('stop'), FEATURES, 3);
    const victim = await createVictim(modelOf(model), { kind: 'classification' });
    const samples = samplesOf(model, 20);
    const total = ({ scores, gradients }: { scores: number; gradients: number }) => scores + gradients;
    for (const norm of norms) {
      const threat = createThreat(norm, RADII[norm] / 50, [0, 1]);
      for (const after of [0, 1, 5]) {
        let asked = 0;
        const changed = await attack.run(victim, samples, threat, rng('seed'), () => asked++ >= after);
        expectAllowed(threat, samples, changed);
      }
      const before = total(victim.spent());
      await attack.run(victim, samples, threat, rng('seed'), () => true);
      // A few evaluations of every row, to begin with.
      expect(total(victim.spent()) - before).toBeLessThanOrEqual(5 * 20);
    }
    await victim.dispose();
  });

  test(about('regression: allowed, and off by no more than the model can be'), async () => {
    const model = randomLinear(rng('model').split('regression'), FEATURES, 2);
    const victim = await createVictim(modelOf(model), { kind: 'regression', tolerance: 0.2 });
    const { points, ids } = samplesOf(model, 20);
    const labels = await victim.scores(points);
    for (const norm of norms) {
      const threat = createThreat(norm, RADII[norm], [0, 1]);
      const samples = { points, ids, labels };
      const changed = await attack.run(victim, samples, threat, rng('seed'), whenDone);
      expectAllowed(threat, samples, changed);
      expect(margins(victim.task, await victim.scores(changed), labels, 2).some(Number.isNaN)).toBe(false);
    }
    await victim.dispose();
  });

  test(about('a flat model and one of NaN are no reason to fail'), async () => {
    for (const entry of [0, Number.NaN]) {
      const w = new Float64Array(3 * FEATURES).fill(entry);
      const model: Linear = { features: FEATURES, classes: 3, w, b: Float64Array.of(1, 0, 0) };
      const victim = await createVictim(modelOf(model), { kind: 'classification' });
      const points = Float32Array.from(uniform(rng('flat'), 10 * FEATURES));
      const ids = Array.from({ length: 10 }, (_, i) => i);
      const samples = { points, labels: oneHot(new Array(10).fill(0), 3), ids };
      for (const norm of norms) {
        const threat = createThreat(norm, RADII[norm], [0, 1]);
        const changed = await attack.run(victim, samples, threat, rng('seed'), whenDone);
        expectAllowed(threat, samples, changed);
      }
      await victim.dispose();
    }
  });
}
