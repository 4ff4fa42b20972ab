// MNIST does not come with the project: name a folder with its four IDX files in gzip to run this (some five minutes of processor time).
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArray } from '../../../src/data/index.ts';
import {
  boxesAround,
  clusterCentres,
  nearestCentres,
} from '../../../src/isoperimetry/concentration/clusters.ts';
import { neighbourDistances } from '../../../src/isoperimetry/concentration/density.ts';
import { distanceToBoxes } from '../../../src/isoperimetry/concentration/sets.ts';
import { coverConcentration, halfSpaceConcentration } from '../../../src/isoperimetry/index.ts';
import { rng } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';

const mnist = process.env.ROBUSTLAW_MNIST;
const [TRAINING, HELD_OUT, D] = [60_000, 10_000, 784];
const STARTS = 10;
const numbers = (from: number, count: number) => Int32Array.from({ length: count }, (_, i) => from + i);
const split = { training: numbers(0, TRAINING), heldOut: numbers(TRAINING, HELD_OUT) };

/** Mahloujifar et al. 2019, Table 1, alpha 1 %: boxes, q, and risk and adversarial risk in percent on the test images, over ten starts. */
const PUBLISHED = [
  { epsilon: 0.1, boxes: 5, q: 0.662, risk: 1.23, expanded: 3.64, deviation: 0.3 },
  { epsilon: 0.2, boxes: 10, q: 0.66, risk: 1.11, expanded: 5.89, deviation: 0.44 },
  { epsilon: 0.3, boxes: 10, q: 0.629, risk: 1.15, expanded: 7.24, deviation: 0.38 },
  { epsilon: 0.4, boxes: 10, q: 0.598, risk: 1.21, expanded: 9.92, deviation: 0.6 },
] as const;

describe.skipIf(mnist === undefined)('MNIST (skipped unless ROBUSTLAW_MNIST names its folder)', () => {
  const points = new Float32Array(mnist === undefined ? 0 : (TRAINING + HELD_OUT) * D);
  let at = 0;
  for (const part of mnist === undefined ? [] : ['train', 't10k']) {
    const { data } = readArray(join(mnist!, `${part}-images-idx3-ubyte.gz`));
    for (let i = 0; i < data.length; i++) points[at++] = Number(data[i]) / 255;
  }

  test('boxes at the published q and T: within two published standard deviations at linf 0.1 to 0.4', {
    timeout: 3_600_000,
  }, async () => {
    // Nothing is chosen here: densities by the 50th neighbour among all images, clusters of the q densest, means over ten starts.
    const far = await neighbourDistances(points, D, split.training, rng(0), whenDone, Infinity);
    const densest = Int32Array.from(Array.from(far.keys()).sort((a, b) => far[a]! - far[b]! || a - b));
    for (const { epsilon, boxes: count, q, risk, expanded, deviation } of PUBLISHED) {
      const rows = densest.slice(0, Math.floor(q * TRAINING)).sort();
      const runs = Array.from({ length: STARTS }, (_, start) => {
        const centres = clusterCentres(points, D, rows, count, rng(start).split(epsilon));
        const boxes = boxesAround(points, D, rows, centres, nearestCentres(points, D, rows, centres));
        const distances = Array.from(split.heldOut, (row) => distanceToBoxes(boxes, points, D, row));
        const percent = (least: number) =>
          (100 * distances.filter((distance) => distance > least).length) / HELD_OUT;
        return [percent(epsilon), percent(0)] as const;
      });
      const mean = (which: 0 | 1) => runs.reduce((sum, run) => sum + run[which] / runs.length, 0);
      console.log(`linf ${epsilon}: risk ${mean(0).toFixed(2)} %, expanded ${mean(1).toFixed(2)} %`);
      expect(Math.abs(mean(1) - expanded)).toBeLessThan(2 * deviation);
      expect(Math.abs(mean(0) - risk)).toBeLessThan(0.3);
    }
  });

  test('boxes chosen on training rows are no worse, and half-spaces better', {
    timeout: 3_600_000,
  }, async () => {
    const radii = PUBLISHED.map(({ epsilon }) => epsilon);
    const ask = [points, D, 'linf', 0.01, radii, rng(0), whenDone, () => {}, split] as const;
    const boxes = await coverConcentration(...ask);
    const planes = await halfSpaceConcentration(...ask);
    PUBLISHED.forEach(({ epsilon, expanded, deviation }, e) => {
      const show = (value: number) => (100 * value).toFixed(2);
      const [cover, plane] = [boxes[e]!, planes[e]!];
      console.log(
        `linf ${epsilon}: boxes ${show(cover.risk.value)} / ${show(cover.expanded.value)} %, ` +
          `half-space ${show(plane.risk.value)} / ${show(plane.expanded.value)} %`,
      );
      expect(100 * cover.expanded.value).toBeLessThan(expanded + 2 * deviation);
      expect(Math.abs(100 * cover.risk.value - 1)).toBeLessThan(0.5);
      expect(plane.expanded.interval[1]).toBeLessThan(cover.expanded.interval[0]);
      expect(plane.risk.interval[1]).toBeGreaterThan(0.01);
    });
  });
});
