// Certificates against the verdicts of VNN-COMP 2021 on mnistfc 256x2.
import { expect, test } from 'vitest';
import { createThreat } from '../../src/attacks/index.ts';
import { createCertifier } from '../../src/certificates/index.ts';
import { instances, mnistfc, reference } from '../oracles/mnistfc.ts';
import { CLASSES, label } from './models.ts';

/** Proven by linear bounds alone, and by all methods within 3 s each on an idle core. */
const LEAST: Record<string, readonly [linear: number, all: number]> = { '0.03': [7, 9], '0.05': [4, 5] };

test.skipIf(!reference)(
  'agree with the verdicts (set ROBUSTLAW_REFERENCE to the folder that holds vnncomp)',
  () => {
    const certifier = createCertifier(mnistfc(), CLASSES, createThreat('linf', Infinity, [0, 1]), 1);
    for (const eps of ['0.03', '0.05']) {
      const counts = { linear: 0, all: 0 };
      for (const { name, image, label: digit, violated, eps: radius } of instances(eps)) {
        const row = label(digit, 10);
        const verdict = certifier.at(image, row, radius * (1 + 1e-9), 3);
        expect(verdict.kind, name).not.toBe(violated ? 'proven' : 'refuted');
        if (verdict.kind === 'proven') counts.all++;
        if (verdict.kind === 'proven' && verdict.method !== 'branch and bound') counts.linear++;
        if (violated) expect(certifier.radius(image, row).radius).toBeLessThan(radius);
      }
      expect(counts.linear).toBeGreaterThanOrEqual(LEAST[eps]![0]);
      expect(counts.all).toBeGreaterThanOrEqual(LEAST[eps]![1]);
    }
  },
  300_000,
);
