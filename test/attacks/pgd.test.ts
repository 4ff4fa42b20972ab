// FGSM and PGD: the contract, and closed forms of linear models.
import { expect, test } from 'vitest';
import { fgsm } from '../../src/attacks/fgsm.ts';
import { createThreat, createVictim, crossEntropy, UNBOUNDED, wrong } from '../../src/attacks/index.ts';
import { pgd } from '../../src/attacks/pgd.ts';
import type { InputBounds } from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { rng } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';
import { exactExcess, modelOf, randomLinear } from '../oracles/linear-attacks.ts';
import { conformance, samplesOf } from './conformance.ts';

conformance(fgsm);
conformance(pgd(crossEntropy, 10, 2));

const BOUNDS: readonly InputBounds[] = [UNBOUNDED, [0, 1]];
const CASES = (['l1', 'l2', 'linf'] as Norm[]).flatMap((norm) =>
  BOUNDS.map((bounds) => [norm, bounds] as const),
);

test.each(CASES)(
  '%s in [%s]: on two linear classes FGSM breaks exactly what can be broken, PGD nearly all of it',
  async (norm, bounds) => {
    for (const features of [1, 2, 9]) {
      const model = randomLinear(rng('two classes').split(features), features, 2);
      const victim = await createVictim(modelOf(model), { kind: 'classification' });
      const samples = samplesOf(model, 150);
      for (const radius of [0.05, 0.3, 1]) {
        const threat = createThreat(norm, radius, bounds);
        const excesses = samples.ids.map((_, i) =>
          exactExcess(
            model,
            threat,
            samples.points.subarray(i * features, (i + 1) * features),
            samples.labels[2 * i] === 1 ? 0 : 1,
          ),
        );
        for (const attack of [fgsm, pgd(crossEntropy, 40, 1)]) {
          const changed = await attack.run(victim, samples, threat, rng('seed'), whenDone);
          const harmed = wrong(victim.task, await victim.scores(changed), samples.labels, 2);
          // Within 1e-3 of the boundary either answer is right; PGD may start on the far side of the ball.
          const enough = attack === fgsm ? 1e-3 : 0.3 * radius;
          excesses.forEach((excess, i) => {
            if (excess < -1e-3 || excess > enough)
              expect(harmed[i], `${attack.name} radius ${radius}, excess ${excess}`).toBe(excess > 0);
          });
        }
      }
      await victim.dispose();
    }
  },
);

test('an infinite radius is refused with advice', async () => {
  const model = randomLinear(rng('refused'), 3, 2);
  const victim = await createVictim(modelOf(model), { kind: 'classification' });
  const samples = samplesOf(model, 2);
  for (const attack of [fgsm, pgd(crossEntropy, 3, 1)])
    await expect(
      attack.run(victim, samples, createThreat('l2', Infinity), rng('seed'), whenDone),
    ).rejects.toThrow(/minimum-norm/);
  await victim.dispose();
});

test('steps and restarts are counts', () => {
  expect(() => pgd(crossEntropy, 0, 1)).toThrow(/invalid steps: 0/);
  expect(() => pgd(crossEntropy, 1, 1.5)).toThrow(/invalid restarts: 1.5/);
});
