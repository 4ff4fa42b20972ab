// Evaluation in batches, and the metadata of an exported file.
import { expect, test } from 'vitest';
import { evaluateMemorizer, exportMemorizer, mcShaneWhitney } from '../../src/memorizers/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { gaussianSample } from './subjects.ts';

test('many points are evaluated in batches with the results of single ones', async () => {
  const { points, labels } = gaussianSample(121, 300, 50);
  const memorizer = await mcShaneWhitney(points, labels);
  // P = 15301 allows batches of 274 points; 600 is two of them and a rest.
  const x = normal(rng('many'), 600 * 50);
  const all = await evaluateMemorizer(memorizer, x);
  expect(all.length).toBe(600);
  for (const b of [0, 273, 274, 547, 548, 599]) {
    expect((await evaluateMemorizer(memorizer, x.slice(50 * b, 50 * b + 50)))[0]).toBe(all[b]);
  }
});

test('an array that is no whole number of points is refused', async () => {
  const { points, labels } = gaussianSample(122, 5, 3);
  const memorizer = await mcShaneWhitney(points, labels);
  for (const length of [0, 2, 7]) {
    await expect(evaluateMemorizer(memorizer, new Float64Array(length))).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  }
});

test('the file is the same bytes each time and names its constant', async () => {
  const { points, labels } = gaussianSample(123, 5, 3);
  const memorizer = await mcShaneWhitney(points, labels);
  const bytes = exportMemorizer(memorizer);
  expect(exportMemorizer(await mcShaneWhitney(points, labels))).toEqual(bytes);
  const text = new TextDecoder('latin1').decode(bytes);
  for (const part of ['McShane-Whitney', String(memorizer.lipschitz.value), 'global', 'exact']) {
    expect(text).toContain(part);
  }
});
