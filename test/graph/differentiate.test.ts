import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rng } from '../../src/random/index.ts';
import { discrepancy } from './finite-difference.ts';
import { instances } from './ops/instances/index.ts';

describe('first and second derivatives agree with central differences, float32 with float64', () => {
  test.each(Object.keys(instances))('%s', async (name) => {
    for (const one of fc.sample(instances[name]!, {
      numRuns: Number(process.env.RUNS ?? 8),
      seed: Number(process.env.SEED ?? 1),
    })) {
      const { first, second, float32 } = await discrepancy(one, rng(one.label));
      expect(first, `first derivative of ${one.label}`).toBeLessThan(1e-6);
      expect(second, `second derivative of ${one.label}`).toBeLessThan(1e-6);
      expect(float32, `float32 against float64 of ${one.label}`).toBeLessThan(1e-5);
    }
  });
});
