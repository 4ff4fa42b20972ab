// Certificates against the verdicts of VNN-COMP 2021 on mnistfc 256x2.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createThreat } from '../../src/attacks/index.ts';
import { createCertifier } from '../../src/certificates/index.ts';
import { modelFromOnnx } from '../../src/graph/index.ts';
import { readModel } from '../../src/runtime/index.ts';
import { CLASSES, label } from './models.ts';

const reference = process.env.ROBUSTLAW_REFERENCE;
const VIOLATED: Record<string, readonly number[]> = {
  '0.03': [7, 14],
  '0.05': [0, 1, 3, 5, 7, 8, 9, 12, 13, 14],
};
/** Proven by linear bounds alone, and by all methods within 3 s each on an idle core. */
const LEAST: Record<string, readonly [linear: number, all: number]> = { '0.03': [7, 9], '0.05': [4, 5] };

test.skipIf(!reference)(
  'agree with the verdicts (set ROBUSTLAW_REFERENCE to the folder that holds vnncomp)',
  () => {
    const model = modelFromOnnx(readModel(`${reference}/vnncomp/mnist-net_256x2.onnx`));
    const certifier = createCertifier(model, CLASSES, createThreat('linf', Infinity, [0, 1]), 1);
    for (const eps of ['0.03', '0.05']) {
      const counts = { linear: 0, all: 0 };
      for (let k = 0; k < 15; k++) {
        const text = gunzipSync(readFileSync(`${reference}/vnncomp/prop_${k}_${eps}.vnnlib.gz`)).toString();
        const [lower, upper] = [new Float64Array(784), new Float64Array(784)];
        for (const [, relation, i, value] of text.matchAll(/\(assert \((<=|>=) X_(\d+) ([-\d.e]+)\)\)/g))
          (relation === '<=' ? upper : lower)[Number(i)] = Number(value);
        // The box is the ball cut to [0, 1]; where it is not cut, its middle is the image.
        const x = lower.map((low, i) =>
          low === 0 ? upper[i]! - Number(eps) : upper[i] === 1 ? low + Number(eps) : 0.5 * (low + upper[i]!),
        );
        const row = label(Number(/label: (\d+)/.exec(text)![1]), 10);
        const point = x.map((v) => Math.min(1, Math.max(0, v)));
        const verdict = certifier.at(point, row, Number(eps) * (1 + 1e-9), 3);
        if (VIOLATED[eps]!.includes(k)) expect(verdict.kind, `${k} at ${eps}`).not.toBe('proven');
        else expect(verdict.kind, `${k} at ${eps}`).not.toBe('refuted');
        if (verdict.kind === 'proven') counts.all++;
        if (verdict.kind === 'proven' && verdict.method !== 'branch and bound') counts.linear++;
        const { radius } = certifier.radius(point, row);
        if (VIOLATED[eps]!.includes(k)) expect(radius).toBeLessThan(Number(eps));
      }
      expect(counts.linear).toBeGreaterThanOrEqual(LEAST[eps]![0]);
      expect(counts.all).toBeGreaterThanOrEqual(LEAST[eps]![1]);
    }
  },
  300_000,
);
