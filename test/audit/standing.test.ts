// The standing against the law: arithmetic by hand, constants that do not depend on units, and sentences for every case.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oneHot } from '../../src/attacks/index.ts';
import { measureMemorization } from '../../src/audit/memorization.ts';
import { auditSchema } from '../../src/audit/result.ts';
import { type LawInputs, lawStanding, rootMeanSquareSpread } from '../../src/audit/standing.ts';
import { createDataset, normalize } from '../../src/data/index.ts';
import type { EffectiveDimension } from '../../src/dimension/index.ts';
import { parametricClass, universalLaw } from '../../src/law/index.ts';
import { givenVariance, type NoiseLevel } from '../../src/noise/index.ts';
import { normal, rng } from '../../src/random/index.ts';

function dimensions(
  features: number,
  rank?: readonly [value: number, low: number, high: number],
): EffectiveDimension[] {
  const one = (name: string, value: number, interval: readonly [number, number]): EffectiveDimension => ({
    name,
    dimension: { kind: 'estimate', value, interval, confidence: 0.95, method: 'hand' },
    meaning: '',
  });
  return [
    one('features', features, [features, features]),
    ...(rank ? [one('stable rank', rank[0], [rank[1], rank[2]])] : []),
  ];
}

/** Regression y = noise on [-1, 1], fitted with the error `left` of each label. */
function regression(noise: NoiseLevel | null, left: number, change: Partial<LawInputs> = {}): LawInputs {
  const labels = Float32Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const scores = labels.map((y) => y * (1 - left));
  const task = { kind: 'regression', tolerance: 0.01 } as const;
  return {
    n: 1000,
    parameterCount: 2000,
    dimensions: dimensions(100, [10, 9, 11]),
    memorization: measureMemorization({
      data: 'hand',
      task,
      outputs: 1,
      scores,
      labels,
      noise,
      flipped: null,
      suspicious: [],
    }),
    task,
    outputs: 1,
    scores,
    labels,
    spread: 2,
    lipschitz: { lower: 3, upper: 5 },
    ...change,
  };
}

test('n D, sqrt(n D / P) and P / (n D) of every dimension', () => {
  const { dimensions: list, d } = lawStanding(regression(givenVariance(1), 0));
  expect(d).toBe(100);
  expect(list.map(({ robustParameters }) => robustParameters)).toEqual([100_000, 10_000]);
  expect(list[1]!.ratio).toBeCloseTo(0.2, 12);
  expect(list[1]!.scale).toBeCloseTo(Math.sqrt(5), 12);
});

test('a standing is valid by the schema of results', () => {
  const schema = auditSchema.shape.law;
  for (const inputs of [
    regression(givenVariance(1), 0),
    regression(null, 0),
    regression(givenVariance(1), 0, { spread: 0, n: 1, dimensions: dimensions(3) }),
    regression(givenVariance(1), 0, { spread: 1e200, lipschitz: { lower: null, upper: 1e200 } }),
    regression(givenVariance(1), 0, { labels: new Float32Array(1000) }),
  ]) {
    const value = lawStanding(inputs);
    expect(schema.safeParse({ status: 'done', seconds: 0, value }).error).toBeUndefined();
  }
  expect(() => lawStanding(regression(null, 0, { parameterCount: 0 }))).toThrow(/number of parameters/);
});

test('a linear regression: the constant of the same function on normalised data and labels', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: -5, max: 5, noNaN: true }),
      (pixel, unit, offset) => {
        const x = normal(rng('x'), 200 * 3).map((v) => pixel * v + 7);
        const w = [1, -2, 0.5];
        const y = Float32Array.from(
          { length: 200 },
          (_, i) => unit * (offset + w.reduce((sum, v, j) => sum + v * x[i * 3 + j]!, 0)),
        );
        const slope = unit * Math.hypot(...w);
        const { measured } = lawStanding(
          regression(null, 0, {
            scores: y,
            labels: y,
            spread: rootMeanSquareSpread(x, 3),
            lipschitz: { lower: slope, upper: slope },
          }),
        );
        // The slope of labels in [-1, 1] along the normalised points, between the two extreme rows.
        const source = {
          name: 'x',
          x,
          shape: [200, 3],
          y: Float64Array.from(y),
          outputs: 1,
          source: '',
          transformations: [],
        };
        const unitData = normalize(createDataset(source)).x;
        const [low, high] = [Math.min(...y), Math.max(...y)];
        const scaled = Float64Array.from(y, (v) => (2 * (v - low)) / (high - low) - 1);
        const [a, b] = [y.indexOf(low), y.indexOf(high)];
        const along = w.reduce(
          (sum, v, j) => sum + (v * (unitData[b * 3 + j]! - unitData[a * 3 + j]!)) / Math.hypot(...w),
          0,
        );
        expect(measured.upper! / ((scaled[b]! - scaled[a]!) / along)).toBeCloseTo(1, 3);
        expect(measured.lower).toBe(measured.upper);
      },
    ),
    { numRuns: 20 },
  );
});

test('classification: neither the unit of pixels nor that of logits matters; one-hot scores are labels at distance 2', () => {
  const labels = oneHot([0, 1, 1, 0], 2);
  const of = (pixel: number, logit: number) =>
    lawStanding({
      ...regression(null, 0),
      task: { kind: 'classification' },
      outputs: 2,
      labels,
      scores: labels.map((y) => logit * y),
      spread: 2 * pixel,
      lipschitz: { lower: (3 * logit) / pixel, upper: (5 * logit) / pixel },
    }).measured;
  expect(of(1, 1).upper).toBeCloseTo(5 * 2 * Math.SQRT2, 6);
  expect(of(255, 1).upper).toBeCloseTo(of(1, 1).upper!, 6);
  expect(of(1, 17).lower).toBeCloseTo(of(1, 1).lower!, 6);
  expect(of(1, 17).scaling).toMatch(/median margin/);
  const wrongOnly = lawStanding({
    ...regression(null, 0),
    task: { kind: 'classification' },
    outputs: 2,
    labels,
    scores: labels.map((y) => -y),
  }).measured;
  expect(wrongOnly).toMatchObject({ lower: null, upper: null, scaling: expect.stringMatching(/no row/) });
});

test('one-hot labels, label distances: the steepest pair of rows has the constant that the scale says', () => {
  // Two rows at distance 1, spread 1/2: on data of norm 1 they are 2 apart, as are labels 1 and -1, so the constant is 1.
  const labels = oneHot([0, 1], 2);
  const { measured } = lawStanding({
    ...regression(null, 0),
    task: { kind: 'classification' },
    outputs: 2,
    labels,
    scores: labels,
    spread: rootMeanSquareSpread([0, 1], 1),
    lipschitz: { lower: Math.SQRT2, upper: Math.SQRT2 },
  });
  expect(measured.upper).toBeCloseTo(1, 12);
});

test('Theorem 3: its formula with log(60 W J / epsilon) = 1, and nothing certified', () => {
  const { certified } = lawStanding(regression(givenVariance(1), 0));
  const epsilon = 1;
  const expected = universalLaw(
    { n: 1000, d: 100, epsilon, delta: 0.05, c: 10, k: 1, noiseVariance: 1 },
    parametricClass(2000, 1, (Math.E * epsilon) / 60),
  ).formula;
  expect(certified.formula).toBeCloseTo(expected, 12);
  // sqrt(1000 * 10 / 2000) / 2^9 but for log(4 / delta).
  expect(certified.formula).toBeCloseTo(Math.sqrt(5) / 512, 4);
  expect(certified.value).toBe(0);
  const light = (name: string) => certified.lights.find((one) => one.name === name)!;
  expect(light('fit below the noise')).toMatchObject({ holds: true, assumed: false });
  expect(light('parametrised class')).toMatchObject({ holds: false });
  expect(light('enough samples').holds).toBe(false);
  expect(light('isoperimetry').assumed).toBe(true);
});

test('epsilon is counted from the low end of the noise level, in labels of [-1, 1]', () => {
  const noise: NoiseLevel = {
    level: { kind: 'estimate', value: 0.8, interval: [0.5, 0.9], confidence: 0.95, method: 'hand' },
    source: 'hand',
  };
  const { certified } = lawStanding(regression(noise, 0.5));
  expect(certified.lights[0]!.statement).toMatch(/epsilon = 0.25,/);
});

test.each([
  [
    'too small',
    500,
    [10, 9, 11],
    /^This model has 0\.05 times the parameters that a robust fit of this data needs by the law .*; expect no robust fit at this size, whatever the training\./,
  ],
  [
    'large enough',
    2e6,
    [10, 9, 11],
    /^This model has 200 times .*enough by the law, which does not promise that training finds/,
  ],
  ['in between', 10_000, [10, 5, 20], /^This model has about as many .*0\.5 to 2 times.* does not decide/],
] as const)('the size: %s', (_, parameterCount, rank, sentence) => {
  const inputs = regression(givenVariance(1), 0, { parameterCount, dimensions: dimensions(100, rank) });
  const standing = lawStanding(inputs);
  expect(standing.sentence).toMatch(sentence);
  expect(standing.sentence).toMatch(/not good news/);
  expect(standing.sentence).not.toMatch(/undecided|only/);
});

test('where the number of features would decide otherwise, that is said', () => {
  const inputs = regression(givenVariance(1), 0, { parameterCount: 50_000 });
  expect(lawStanding(inputs).sentence).toMatch(/with all 100 features counted it has 0\.5 times/);
});

test('a model that does not memorize is not judged by the law', () => {
  const { sentence } = lawStanding(regression(givenVariance(0.5), 1));
  expect(sentence).toMatch(
    /^This model does not memorize: its loss of 1 is not below the noise level of 0\.5/,
  );
  expect(sentence).toMatch(/does not apply/);
  expect(sentence).not.toMatch(/expect no robust fit/);
});

test('undecided, and few points', () => {
  expect(lawStanding(regression(null, 0)).sentence).toMatch(
    /undecided: the noise level of the labels is not known/,
  );
  expect(lawStanding(regression(null, 0, { memorization: null })).sentence).toMatch(/undecided/);
  expect(lawStanding(regression(givenVariance(1), 0, { n: 12 })).sentence).toMatch(/With only 12 points/);
});

test('the spread is the scale on which normalize() brings data to norm 1', () => {
  for (const scale of [1e-150, 1, 1e150]) {
    const x = normal(rng('spread'), 90).map((v) => scale * (v + 3));
    const before = rootMeanSquareSpread(x, 3);
    const centre = [0, 1, 2].map((j) =>
      x.filter((_, at) => at % 3 === j).reduce((sum, v) => sum + v / 30, 0),
    );
    const expected = Math.sqrt(x.reduce((sum, v, at) => sum + ((v - centre[at % 3]!) / scale) ** 2, 0) / 30);
    expect(before / scale).toBeCloseTo(expected, 9);
  }
  expect(rootMeanSquareSpread([5, 5, 5], 1)).toBe(0);
});
