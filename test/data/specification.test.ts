import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type DatasetSpecification,
  featureCount,
  opticalDigits,
  pointCount,
  writeNpy,
} from '../../src/data/index.ts';
import {
  datasetSchema,
  distributionOf,
  makeDataset,
  resolveDatasetSpecification,
} from '../../src/data/schema.ts';
import { rng } from '../../src/random/index.ts';
import { errorOf, mean, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const key = rng('specification');
const labels = { signal: 'zero', noise: 'signs' } as const;

describe('makeDataset', () => {
  const specifications: [string, DatasetSpecification][] = [
    ['sphere', { distribution: 'sphere', n: 20, d: 15, labels }],
    [
      'gaussian',
      {
        distribution: 'gaussian',
        n: 20,
        d: 15,
        labels: { signal: { kind: 'linear', norm: 2 }, noise: { kind: 'gaussian', sigma: 0.5 } },
      },
    ],
    ['hypercube', { distribution: 'hypercube', n: 20, d: 15, labels: { signal: 'half-space', flips: 0.1 } }],
    [
      'random mixture',
      {
        distribution: 'gaussian-mixture',
        n: 20,
        d: 15,
        components: 3,
        separation: 4,
        scale: 0.1,
        labels: { signal: 'component', flips: 0.2 },
      },
    ],
    [
      'listed mixture',
      {
        distribution: 'gaussian-mixture',
        n: 20,
        d: 1,
        components: [{ centre: [-3] }, { centre: [3], weight: 2, scale: 0.5 }],
        labels,
      },
    ],
    [
      'manifold',
      {
        distribution: 'manifold',
        n: 20,
        d: 15,
        intrinsicDimension: 2,
        labels: {
          signal: { kind: 'teacher', neurons: 3 },
          noise: { kind: 'uniform', halfWidth: 1 },
          clip: true,
        },
      },
    ],
    ['teacher sign', { distribution: 'sphere', n: 20, d: 1, labels: { signal: 'teacher-sign', flips: 0.5 } }],
    [
      'heteroscedastic',
      {
        distribution: 'sphere',
        n: 1,
        d: 3,
        labels: { signal: 'teacher', noise: { kind: 'heteroscedastic', sigma: 1 } },
      },
    ],
    ['digits', { source: 'optical-digits', n: 30, task: 'parity', flips: 0.1 }],
    [
      'digits, one class',
      {
        source: 'optical-digits',
        n: 30,
        task: { kind: 'one-versus-rest', positiveClass: 8 },
        noise: 'signs',
        clip: true,
      },
    ],
    [
      'digits, one-hot',
      { source: 'optical-digits', n: 30, task: 'one-hot', noise: { kind: 'gaussian', sigma: 0.1 } },
    ],
  ];

  it.each(specifications)(
    '%s: same key, same bytes; other key, other bytes; survives JSON',
    (_, specification) => {
      const dataset = makeDataset(specification, key);
      const again = makeDataset(JSON.parse(JSON.stringify(specification)), key);
      expect(again.provenance).toEqual(dataset.provenance);
      expect(makeDataset(resolveDatasetSpecification(specification), key).provenance).toEqual(
        dataset.provenance,
      );
      expect(makeDataset(specification, key.split('other')).provenance.sha256).not.toBe(
        dataset.provenance.sha256,
      );
      expect(structuredClone(dataset)).toEqual(dataset); // a data set goes to worker threads
      expect(pointCount(dataset)).toBe(specification.n);
      if ('d' in specification) expect(featureCount(dataset)).toBe(specification.d);
    },
  );

  it.each([
    ['pure noise', labels, 1],
    ['linear with Gaussian noise', { signal: 'linear', noise: { kind: 'gaussian', sigma: 0.5 } }, 0.25],
    ['a half-space with flips', { signal: 'half-space', flips: 0.2 }, 0.64],
    ['no noise', { signal: 'linear' }, 0],
  ] as const)('%s has the noise it states', (_, labelling, variance) => {
    const dataset = makeDataset({ distribution: 'sphere', n: 20_000, d: 3, labels: labelling }, key);
    expect(dataset.noiseVariance).toBeCloseTo(variance, 12);
    const squares = dataset.y.map((value, i) => (value - dataset.clean![i]!) ** 2);
    expect(Math.abs(mean(squares) - variance)).toBeLessThan(0.03);
  });

  it('carries the isoperimetry of the distribution it was drawn from', () => {
    for (const [, specification] of specifications) {
      const law = distributionOf(specification, key);
      expect(makeDataset(specification, key).isoperimetry).toEqual(law?.isoperimetry);
      if (law === undefined) expect('source' in specification).toBe(true);
    }
  });

  it('labels the components of the very points it drew', () => {
    const specification: DatasetSpecification = {
      distribution: 'gaussian-mixture',
      n: 200,
      d: 1,
      components: [{ centre: [-9] }, { centre: [9] }],
      labels: { signal: 'component' },
    };
    const { x, y } = makeDataset(specification, key);
    expect([...y]).toEqual(Array.from(x, (value) => (value < 0 ? 1 : -1)));
    expect(new Set(y).size).toBe(2);
  });

  it('takes real labels for the signal, and says nothing of noise it did not add', () => {
    const plain = makeDataset({ source: 'optical-digits' }, key);
    expect(plain.provenance).toEqual(opticalDigits().provenance);
    expect([plain.noiseVariance, plain.clean]).toEqual([undefined, undefined]);
    const flipped = makeDataset({ source: 'optical-digits', task: 'parity', flips: 0.1 }, key);
    expect(flipped.noiseVariance).toBeCloseTo(0.36, 12);
    expect([...flipped.unflipped!]).toEqual(
      Array.from(opticalDigits().y, (digit) => (digit % 2 === 1 ? 1 : -1)),
    );
    const rate = mean(flipped.y.map((value, i) => (value === flipped.unflipped![i] ? 0 : 1)));
    expect(Math.abs(rate - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / 1797));
  });

  it('reads files', () => {
    const csv = put(folder, 'a.csv', 'height,species,width\n1,b,255\n2,a,510\n');
    const dataset = makeDataset(
      { source: 'file', path: csv, labelColumn: 'species', scale: 0.1, task: 'parity' },
      key,
    );
    expect([...dataset.x]).toEqual([0.1, 25.5, 0.2, 51]);
    expect([...dataset.y]).toEqual([1, -1]);
    const [x, y] = [join(folder, 'x.npy'), join(folder, 'y.npy')];
    writeNpy(x, { data: Float64Array.of(1, 2), shape: [2, 1] });
    writeNpy(y, { data: Float64Array.of(3, 4), shape: [2] });
    expect([...makeDataset({ source: 'file', path: x, labels: y }, key).y]).toEqual([3, 4]);
    expect(errorOf(() => makeDataset({ source: 'file', path: join(folder, 'absent') }, key)).code).toBe(
      'not-found',
    );
  });
});

describe('errors', () => {
  const sphere = { distribution: 'sphere', n: 10, d: 5, labels };
  it.each([
    [{ ...sphere, n: 0 }, /^data set: n: 0; expected a number >= 1$/],
    [{ ...sphere, d: 2.5 }, /d: 2\.5; expected an integer/],
    [{ ...sphere, d: '5' }, /d: "5"; expected/],
    [{ ...sphere, n: Number.NaN }, /n: NaN/],
    [{ distribution: 'sphere', n: 10, labels }, /d: missing/],
    [{ ...sphere, seed: 1 }, /^data set: seed: unknown key/],
    [
      { ...sphere, distribution: 'spheer' },
      /distribution: "spheer"; expected one of "sphere", "gaussian", "hypercube"/,
    ],
    [
      { n: 10, d: 5, labels },
      /expected the key distribution with one of .* or the key source with one of "optical-digits", "file"/,
    ],
    [null, /^data set: null; expected a map of keys and values$/],
    ['sphere', /^data set: "sphere"; expected a map of keys and values$/],
    [
      { ...sphere, labels: { signal: 'zer' } },
      /labels\.signal: "zer"; expected "zero", "linear".* or a map .*; did you mean "zero"\?/,
    ],
    [{ ...sphere, labels: { signal: 'zero', noise: { kind: 'gaussian' } } }, /labels\.noise\.sigma: missing/],
    [
      { ...sphere, labels: { signal: 'zero', noise: { kind: 'cauchy' } } },
      /labels\.noise\.kind: "cauchy"; expected one of/,
    ],
    [
      { ...sphere, labels: { signal: 'zero', noise: { kind: 'gaussian', sigma: 1, mean: 2 } } },
      /labels\.noise\.mean: unknown key/,
    ],
    [
      { ...sphere, labels: { signal: 'half-space', flips: 0.6 } },
      /labels\.flips: 0\.6; expected a number <= 0\.5/,
    ],
    [
      { ...sphere, labels: { signal: 'half-space', flips: 0.1, noise: 'signs' } },
      /labels\.flips: 0\.1; cannot stand beside noise or clip/,
    ],
    [{ ...sphere, labels: { signal: 'zero', flips: 0.1 } }, /label of row 0 .*: 0; expected labels -1 or 1/],
    [
      { ...sphere, labels: { signal: 'component' } },
      /labels\.signal: "component"; expected another signal, or a gaussian-mixture/,
    ],
    [{ ...sphere, n: 1e7, d: 1e7 }, /10000000 x 10000000 values/],
    [{ ...sphere, distribution: 'gaussian-mixture', components: 0 }, /components: 0; expected a number >= 1/],
    [
      { ...sphere, distribution: 'gaussian-mixture', components: [{ centre: [1] }] },
      /centre of component 0: 1; expected 5/,
    ],
    [
      { ...sphere, distribution: 'gaussian-mixture', components: [{ centre: [1] }], scale: 2 },
      /scale: 2; cannot stand beside a list/,
    ],
    [
      { ...sphere, distribution: 'manifold', intrinsicDimension: 9 },
      /invalid d: 5; expected an integer >= 30/,
    ],
    [
      { ...sphere, distribution: 'manifold', intrinsicDimension: 1, curvature: 1 },
      /curvature: 1; expected a number < 1/,
    ],
    [{ source: 'optical-digits', n: 1798 }, /n \(of 1797 points in optical digits\): 1798/],
    [{ source: 'optical-digits', task: 'odd' }, /task: "odd"; expected "given", "parity"/],
    [{ source: 'optical-digits', flips: 0.1 }, /expected labels -1 or 1.*choose a signal or a task/],
    [{ source: 'optical-digits', clip: true }, /clip: true; needs noise/],
    [{ source: 'file', path: '' }, /path: ""; expected text that is not empty/],
    [{ source: 'web', path: 'x' }, /source: "web"; expected one of "optical-digits", "file"/],
  ])('%o names the field', (specification, message) => {
    const error = errorOf(() => makeDataset(specification as DatasetSpecification, key));
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(message);
  });

  it('names every field that is wrong', () => {
    const error = errorOf(() => resolveDatasetSpecification({ ...sphere, n: 0, d: -1 }));
    expect(error.message).toBe('data set: n: 0; expected a number >= 1; d: -1; expected a number >= 1');
  });
});

it('has a JSON Schema in which nothing with a default is required', () => {
  const schema = JSON.stringify(z.toJSONSchema(datasetSchema, { io: 'input' }));
  expect(schema).toContain('"additionalProperties":false');
  expect(schema).toContain('"const":"gaussian-mixture"');
  expect(schema).toContain('"required":["distribution","n","d","labels","intrinsicDimension"]');
});
