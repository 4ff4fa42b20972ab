// Surveys of samples whose noise, separation and dimension are known, and of data for which little can be said.
import { describe, expect, it, test } from 'vitest';
import { createDataset, type Dataset } from '../../src/data/index.ts';
import { normal, rng, sphere, uniform } from '../../src/random/index.ts';
import { type DataSurvey, type SurveyRequest, surveyData, surveySchema } from '../../src/survey/index.ts';

function dataset(x: ArrayLike<number>, features: number, y: ArrayLike<number>, name = 'sample'): Dataset {
  return createDataset({
    name,
    x: Float64Array.from(x),
    shape: [x.length / features, features],
    y: Float64Array.from(y),
    outputs: y.length / (x.length / features),
    source: 'a test',
    transformations: [],
  });
}

function survey(data: Dataset, more: Partial<SurveyRequest> = {}, stop = () => false): Promise<DataSurvey> {
  const request: SurveyRequest = {
    data,
    task: undefined,
    noise: undefined,
    radii: [],
    warnings: [],
    seed: 1,
    timeLimit: Number.POSITIVE_INFINITY,
    workers: 2,
    version: 'test',
    ...more,
  };
  return surveyData(request, () => {}, stop);
}

function known<Value>(part: { readonly status: string } & ({ readonly value: Value } | object)): Value {
  if (!('value' in part)) throw new Error(JSON.stringify(part));
  return part.value;
}

function reasonOf(part: DataSurvey['noise'] | DataSurvey['separation'] | DataSurvey['dimensions']): string {
  return 'reason' in part ? part.reason : '';
}

describe('two noisy Gaussian classes', async () => {
  const [n, d, q, gap] = [800, 6, 0.1, 12];
  const clean = Float64Array.from({ length: n }, (_, i) => i % 2);
  const flips = uniform(rng('flips'), n);
  const x = normal(rng('gauss'), n * d).map((value, at) =>
    at % d === 0 ? value + gap * clean[Math.floor(at / d)]! : value,
  );
  const y = clean.map((label, i) => (flips[i]! < q ? 1 - label : label));
  const result = await survey(dataset(x, d, y), {
    noise: { flips: q },
    radii: [
      { norm: 'l2', radius: 0.01 },
      { norm: 'linf', radius: 100 },
    ],
  });

  it('every part is there', () => {
    for (const part of [
      'repeats',
      'noise',
      'separation',
      'dimensions',
      'isoperimetry',
      'concentration',
      'law',
    ] as const)
      expect([part, result[part].status]).toEqual([part, 'done']);
    expect(surveySchema.safeParse(JSON.parse(JSON.stringify(result))).success).toBe(true);
  });

  it('noise: the given flips in closed form first, and neighbours agree with them', () => {
    const { level, readings, crossEntropyFloor, variance } = known(result.noise);
    const truth = 1 - (1 - q) ** 2 - q ** 2;
    expect(level.value).toBeCloseTo(truth, 12);
    expect(readings.map(({ name }) => name)).toEqual(['given flips', 'nearest neighbours']);
    const [low, high] = readings[1]!.level.interval;
    expect(low).toBeLessThan(truth);
    expect(high).toBeGreaterThan(truth);
    expect(crossEntropyFloor).toBeCloseTo(-(0.9 * Math.log(0.9) + 0.1 * Math.log(0.1)), 12);
    // Two classes of one half: Var y = 1/4 + 1/4.
    expect(variance).toBeCloseTo(0.5, 2);
  });

  it('separation: against brute force, and radii against it', () => {
    const found = known(result.separation);
    let least = Infinity;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        if (y[i] === y[j]) continue;
        let sum = 0;
        for (let k = 0; k < d; k++) sum += (x[i * d + k]! - x[j * d + k]!) ** 2;
        least = Math.min(least, sum);
      }
    }
    const l2 = found.find(({ norm }) => norm === 'l2')!;
    expect(l2.closest.distance).toBeCloseTo(Math.sqrt(least), 12);
    expect(l2.robustRadius).toBe(l2.closest.distance / 2);
    expect(l2.radii[0]!.ratio).toBeCloseTo(0.01 / l2.robustRadius, 12);
    expect(l2.radii[0]!.sharedShare).toBe(0);
    expect(l2.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(n);
    const linf = found.find(({ norm }) => norm === 'linf')!;
    expect(linf.radii[0]).toMatchObject({ parameters: null, sharedShare: 1 });
    expect(linf.radii[0]!.ratio).toBeGreaterThan(1);
  });

  it('the law: n D for every dimension, sqrt(D) at P = n', () => {
    const { asks } = known(result.law);
    const features = asks.find(({ name }) => name === 'features')!;
    expect(features.parameters.value).toBeCloseTo(n * d, 6);
    expect(features.lipschitz.value).toBeCloseTo(Math.sqrt(d), 12);
    for (const { dimension, parameters } of asks)
      expect(parameters.interval[1]).toBeCloseTo(n * dimension.interval[1], 6);
  });

  it('isoperimetry: far clusters are seen overall, Gaussians pass', () => {
    const { overall, groups } = known(result.isoperimetry);
    // The transport constant of x / s is at least d Var f / s^2, for f along the gap: 36 + 1 of 36 + d.
    const truth = (d * 37) / (36 + d);
    const { reading } = overall.constants.find(({ name }) => name === 'transport')!;
    expect(reading.interval[0]).toBeGreaterThan(0.7 * truth);
    expect(reading.interval[0]).toBeLessThan(1.05 * truth);
    expect(groups.length).toBe(2);
    const [{ norm, sample }] = known(result.isoperimetry).otherNorms as [
      { norm: string; sample: typeof overall },
    ];
    // In linf a coordinate varies as in l2, and the distances to the mean are shorter.
    expect(norm).toBe('linf');
    expect(sample.scale!).toBeLessThan(overall.scale!);
    expect(sample.c!.value).toBeGreaterThan(overall.c!.value);
  });

  it('the same request, the same result but for seconds', async () => {
    const small = dataset(x.subarray(0, 100 * d), d, y.subarray(0, 100));
    const plain = async () =>
      JSON.stringify(await survey(small), (key, value) => (key === 'seconds' ? 0 : value));
    expect(await plain()).toBe(await plain());
  });
});

test('a sphere: stable rank near d, no repeats, no isoperimetry refuted', async () => {
  const [n, d] = [800, 12];
  const x = sphere(rng('sphere'), n, d);
  const result = await survey(
    dataset(
      x,
      d,
      Array.from({ length: n }, (_, i) => i % 3),
    ),
  );
  expect(known(result.repeats)).toMatchObject({ copies: 0, places: n, contradictory: 0, list: [] });
  const rank = known(result.dimensions).readings.find(({ name }) => name === 'stable rank')!;
  expect(rank.dimension!.interval[0]).toBeLessThanOrEqual(d);
  expect(rank.dimension!.interval[1]).toBeGreaterThan(0.8 * d);
  expect(known(result.isoperimetry).overall.verdict.kind).toMatch(/consistent|too few rows/);
});

describe('data of which little can be said', () => {
  it('one class: no noise, no separation, and the others answer', async () => {
    const result = await survey(dataset(normal(rng('one'), 60 * 3), 3, new Array(60).fill(5)));
    expect(reasonOf(result.noise)).toMatch(/all labels are the same \(5\)/);
    expect(reasonOf(result.separation)).toMatch(/nothing to separate/);
    expect(result.dimensions.status).toBe('done');
    expect(result.law.status).toBe('done');
    expect(result.data.warnings.join()).toMatch(/all labels are the same: 5/);
  });

  it('constant points: copies and contradictions, distance 0', async () => {
    const result = await survey(
      dataset(
        new Float64Array(40).fill(2),
        2,
        Array.from({ length: 20 }, (_, i) => i % 2),
      ),
    );
    expect(known(result.repeats)).toMatchObject({ copies: 20, places: 1, contradictory: 1 });
    expect(known(result.repeats).list[0]!.rows.slice(0, 2)).toEqual([
      { row: 0, label: '0' },
      { row: 1, label: '1' },
    ]);
    expect(known(result.separation).map(({ closest }) => closest.distance)).toEqual([0, 0, 0]);
    expect(result.verdict.join(' ')).toMatch(/Equal points have different labels/);
    expect(result.data.warnings).toContain('all points are equal');
  });

  it.each([
    ['one row', [3, 4], [0]],
    ['two rows', [3, 4, 5, 9], [0, 1]],
  ])('%s: every part says something', async (_, x, y) => {
    const result = await survey(dataset(x, 2, y), { radii: [{ norm: 'l2', radius: 1 }] });
    for (const part of [
      'noise',
      'separation',
      'dimensions',
      'isoperimetry',
      'concentration',
      'repeats',
    ] as const) {
      expect(result[part].status, `${part}: ${JSON.stringify(result[part])}`).not.toBe('failed');
    }
    expect(result.verdict.length).toBeGreaterThan(0);
  });

  it('numbers as labels: noise in their units, no separation', async () => {
    const x = uniform(rng('line'), 400);
    const noise = normal(rng('noise'), 400);
    const result = await survey(
      dataset(
        x,
        1,
        x.map((value, i) => 3 * value + 0.2 * noise[i]!),
      ),
    );
    expect(result.data.labels.kind).toBe('regression');
    expect(result.data.warnings.join()).toMatch(/all 400 labels are distinct/);
    const [low, high] = known(result.noise).level.interval;
    expect(low).toBeLessThan(0.04);
    expect(high).toBeGreaterThan(0.04);
    expect(reasonOf(result.separation)).toMatch(/only classes are separated/);
  });

  it('what makes no sense is refused before anything runs', async () => {
    const numbers = dataset([1, 2, 3], 1, [0.5, 1.5, 2.5]);
    const classes = dataset([1, 2, 3], 1, [0, 1, 1]);
    const many = dataset(
      normal(rng('m'), 20),
      1,
      Array.from({ length: 20 }, (_, i) => i),
    );
    await expect(survey(numbers, { noise: { flips: 0.1 } })).rejects.toThrow(/a variance, as the labels/);
    await expect(survey(many, { task: 'classification' })).rejects.toThrow(/20 distinct ones in 20 rows/);
    await expect(survey(classes, { noise: { flips: 2 } })).rejects.toThrow(/flip probability/);
    await expect(survey(classes, { noise: { accuracy: 0.2, rows: undefined } })).rejects.toThrow(
      /reference accuracy/,
    );
    await expect(survey(classes, { timeLimit: 0 })).rejects.toThrow(/time limit/);
    await expect(survey(classes, { radii: [{ norm: 'l1', radius: -1 }] })).rejects.toThrow(/radius/);
  });
});

describe('work that is ended', () => {
  const data = dataset(
    normal(rng('end'), 2600 * 8),
    8,
    Array.from({ length: 2600 }, (_, i) => i % 2),
  );

  it('at once: nothing is measured, and it says so', async () => {
    const result = await survey(data, {}, () => true);
    expect(result.separation).toEqual({ status: 'skipped', reason: 'the survey was stopped' });
    expect(result.law.status).toBe('skipped');
    expect(result.verdict[0]).toMatch(/2,600 points of 8 features/);
  });

  it('in threads, by a time limit: parts are incomplete or left out, never wrong', {
    timeout: 60_000,
  }, async () => {
    const result = await survey(data, { timeLimit: 1.5 });
    for (const part of ['noise', 'separation', 'dimensions', 'isoperimetry', 'concentration'] as const)
      expect(result[part].status).not.toBe('failed');
    if (result.separation.status === 'partial')
      expect(known(result.separation).some(({ exhaustive }) => !exhaustive)).toBe(true);
  });
});
