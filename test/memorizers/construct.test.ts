// The constructions by name build what their functions build, and say which of them need a size.
import { expect, test } from 'vitest';
import {
  CONSTRUCTIONS,
  type ConstructionName,
  construct,
  constructionOf,
  groupedNetwork,
  projectedRbf,
} from '../../src/memorizers/index.ts';
import { rng } from '../../src/random/index.ts';
import { signedSphere } from './subjects.ts';

const names = Object.keys(CONSTRUCTIONS) as ConstructionName[];
const { points, labels } = signedSphere(131, 12, 30);

test('every name builds a memorizer of the data', async () => {
  const built = await Promise.all(
    names.map((name) => construct(name, points, labels, constructionOf(name).size ? 6 : undefined, rng(1))),
  );
  expect(new Set(built.map((memorizer) => memorizer.name)).size).toBe(names.length);
  for (const memorizer of built) expect(memorizer.inputDimension).toBe(30);
});

test('the size is the dimension of a projection and the number of neurons of a grouped network', async () => {
  const projected = await construct('projected-rbf', points, labels, 5, rng(2));
  expect(projected.parameterCount).toBe((await projectedRbf(points, labels, 5, rng(2))).parameterCount);
  const grouped = await construct('grouped', points, labels, 6, rng(2));
  expect(grouped.parameterCount).toBe((await groupedNetwork(points, labels, 6, rng(2))).parameterCount);
});

test('a construction with a size does not guess it', async () => {
  for (const name of names.filter((one) => constructionOf(one).size)) {
    for (const size of [undefined, 0, 2.5]) {
      await expect(construct(name, points, labels, size, rng(3))).rejects.toMatchObject({
        code: 'invalid-argument',
      });
    }
  }
});
