// The minimum-norm attack on groups of rows: what it finds for a row depends on the row alone.
import { expect, test } from 'vitest';
import { createThreat, createVictim, minimumNorm, UNBOUNDED } from '../../../src/attacks/index.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';
import { modelOf, nearestCentre, samplesOf } from './models.ts';

const [ROWS, FEATURES] = [64, 4];
/** Rows that are also attacked in smaller groups. */
const SOME = 6;

test.each<Norm>(['l1', 'l2', 'linf'])('%s: the same alone, in threes, and among 64', async (norm) => {
  const centres = Array.from({ length: 9 }, (_, k) =>
    normal(rng('groups').split(`centre ${k}`), FEATURES).map(Math.fround),
  );
  const pieces = nearestCentre(FEATURES, centres, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
  const points = Float32Array.from(normal(rng('groups').split('points'), ROWS * FEATURES));
  const { labels } = samplesOf(pieces, points);
  const victim = await createVictim(modelOf(pieces), { kind: 'classification' });
  const outputs = labels.length / ROWS;
  const inGroupsOf = async (size: number, rows: number) => {
    const found = new Float32Array(rows * FEATURES);
    for (let from = 0; from < rows; from += size) {
      const ids = Array.from({ length: size }, (_, i) => from + i);
      const part = {
        points: points.slice(from * FEATURES, (from + ids.length) * FEATURES),
        labels: labels.slice(from * outputs, (from + ids.length) * outputs),
        ids,
      };
      const threat = createThreat(norm, Infinity, UNBOUNDED);
      found.set(await minimumNorm.run(victim, part, threat, rng('attack'), whenDone), from * FEATURES);
    }
    return found;
  };
  const together = await inGroupsOf(ROWS, ROWS);
  const some = together.subarray(0, SOME * FEATURES);
  expect(some).not.toEqual(points.subarray(0, SOME * FEATURES));
  expect(await inGroupsOf(3, SOME)).toEqual(some);
  expect(await inGroupsOf(1, SOME)).toEqual(some);
  await victim.dispose();
});
