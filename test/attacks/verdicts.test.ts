// Attacks against the verdicts of VNN-COMP 2021 on mnistfc 256x2: what verifiers found violated is found, what they proved is not broken.
import { expect, test } from 'vitest';
import {
  allows,
  createThreat,
  createVictim,
  minimumNorm,
  oneHot,
  standardEnsemble,
  worstCase,
} from '../../src/attacks/index.ts';
import { rng } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';
import { instances, mnistfc, reference } from '../oracles/mnistfc.ts';

/**
 * Its nearest example known is at 0.0459. Of 2,000 seeds, the four attacks in PyTorch, written from their papers without any
 * of our code, find one in the ball of 0.05 with one or two (docs/audit.md has the table).
 */
const BEYOND_STANDARD = ['prop 0, eps 0.05'];

test.skipIf(!reference).each(['0.03', '0.05'])(
  'agree with the verdicts at eps %s (set ROBUSTLAW_REFERENCE to the folder that holds vnncomp)',
  async (eps) => {
    const asked = instances(eps);
    const victim = await createVictim(mnistfc(), { kind: 'classification' });
    const samples = {
      points: Float32Array.from(asked.flatMap(({ image }) => [...image])),
      labels: oneHot(
        asked.map(({ label }) => label),
        10,
      ),
      ids: asked.map((_, i) => i),
    };
    const threat = createThreat('linf', Number(eps), [0, 1]);
    const standard = standardEnsemble([1, 28, 28]);
    const attacks = [...standard, minimumNorm];
    const { examples } = await worstCase(attacks, victim, samples, threat, rng(0), whenDone);
    await victim.dispose();
    for (const { id, point } of examples)
      expect(allows(threat, Float32Array.from(asked[id]!.image), point)).toBe(true);
    const violated = asked.flatMap((instance, i) => (instance.violated ? [i] : []));
    expect(examples.map(({ id }) => id).sort((a, b) => a - b)).toEqual(violated);
    // What only the minimum-norm attack finds.
    const late = examples.filter(({ attack }) => !standard.some(({ name }) => name === attack));
    const beyondStandard = late.map(({ id }) => `prop ${id}, eps ${eps}`);
    for (const name of beyondStandard) expect(BEYOND_STANDARD).toContain(name);
  },
  300_000,
);
