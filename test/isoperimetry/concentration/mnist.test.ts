// MNIST does not come with the project: name a folder with its four IDX files in gzip to run this (some minutes).
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/data/index.ts';
import { coverConcentration, halfSpaceConcentration } from '../../../src/isoperimetry/index.ts';
import { rng } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';

const mnist = process.env.ROBUSTLAW_MNIST;

describe.skipIf(mnist === undefined)('MNIST (skipped unless ROBUSTLAW_MNIST names its folder)', () => {
  const images = () => {
    const points = new Float32Array(70_000 * 784);
    let at = 0;
    for (const part of ['train', 't10k']) {
      const { data } = readArray(join(mnist!, `${part}-images-idx3-ubyte.gz`));
      for (let i = 0; i < data.length; i++) points[at++] = Number(data[i]) / 255;
    }
    return points;
  };
  const numbers = (from: number, count: number) => Int32Array.from({ length: count }, (_, i) => from + i);

  test('boxes at linf 0.2 to 0.4 within two published standard deviations, half-spaces below them', {
    timeout: 3_600_000,
  }, async () => {
    const points = images();
    // As in Mahloujifar et al. 2019, Table 1: 60,000 images choose 10 boxes, 10,000 measure; alpha 1 %.
    const split = { training: numbers(0, 60_000), heldOut: numbers(60_000, 10_000) };
    const radii = [0.2, 0.3, 0.4];
    const published = [
      [5.89, 0.44],
      [7.24, 0.38],
      [9.92, 0.6],
    ] as const;
    const ask = [points, 784, 'linf', 0.01, radii, rng(0), whenDone, () => {}, split] as const;
    const boxes = await coverConcentration(...ask, 10);
    const planes = await halfSpaceConcentration(...ask);
    // One run against a mean of ten differs by sqrt(1 + 1/10) of the deviation between runs.
    const spread = 2 * Math.sqrt(1.1);
    published.forEach(([mean, deviation], e) => {
      expect(Math.abs(100 * boxes[e]!.expanded.value - mean)).toBeLessThan(spread * deviation);
      expect(Math.abs(100 * boxes[e]!.risk.value - 1)).toBeLessThan(0.5);
      expect(planes[e]!.expanded.interval[1]).toBeLessThan(boxes[e]!.expanded.interval[0]);
      expect(planes[e]!.risk.interval[1]).toBeGreaterThan(0.01);
    });
  });
});
