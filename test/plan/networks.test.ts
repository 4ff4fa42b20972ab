// The families of a pilot: P against published counts, and a run of each from shapes to a checked count.
import { describe, expect, it } from 'vitest';
import { modelSchema } from '../../src/models/schema.ts';
import { networksName, PILOT_MODELS, type PilotModel, parametersOf } from '../../src/plan/index.ts';
import { run } from '../../src/plan/trial.ts';
import { rng, uniform } from '../../src/random/index.ts';

const model = (name: string) => modelSchema.parse({ model: name }) as PilotModel;

describe('networks of a pilot', () => {
  it('have the P of their families', () => {
    const mnist = (name: string) => ({ model: model(name), shape: [28, 28], classes: 10 });
    // k (d + 1) + C (k + 1).
    expect(parametersOf(mnist('two-layer'), 100)).toBe(100 * 785 + 10 * 101);
    expect(parametersOf(mnist('mlp'), 100)).toBe(100 * 785 + 100 * 101 + 10 * 101);
    // The capacity scales 1, 4 and 16 of Madry et al.: 12,744 s^2 + 760 s + 10; 16 is their published network.
    expect([1, 4, 16].map((s) => parametersOf(mnist('madry'), s))).toEqual([13_514, 206_954, 3_274_634]);
    expect(new Set(PILOT_MODELS.map((name) => networksName({ model: model(name) }))).size).toBe(4);
  });

  it('are trained and attacked in the shape of their points', async () => {
    const n = 12;
    const points = Float32Array.from(uniform(rng('points'), n * 16));
    for (const name of ['mlp', 'cnn'] as const) {
      const networks = { model: model(name), shape: [16], classes: 2 };
      const job = {
        points,
        classes: { count: 2, of: Int32Array.from({ length: n }, (_, i) => i % 2) },
        networks,
        bounds: [0, 1] as const,
        norm: 'linf' as const,
        radius: 0.01,
        width: 2,
        updates: 4,
        seed: 0,
        planSeed: 0,
      };
      const found = await run(job, { interrupted: () => false });
      expect(found).toMatchObject({ n, width: 2, parameters: parametersOf(networks, 2) });
      expect(found.robust).toBeLessThanOrEqual(found.correct);
      expect(found.updates).toBeLessThanOrEqual(4);
    }
  });
});
