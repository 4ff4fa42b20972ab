// Hand-made surveys: what a page must show is known without any measurement.
import type { DataSurvey } from '../../src/survey/index.ts';

const estimate = (value: number, low: number, high: number, method = 'by hand') => ({
  value,
  interval: [low, high] as [number, number],
  confidence: 0.95,
  method,
});

/** Sixteen pixels of a ramp, as little-endian float32. */
function picture(offset: number): string {
  const bytes = Buffer.alloc(4 * 16);
  for (let i = 0; i < 16; i++) bytes.writeFloatLE(((i + offset) % 16) / 15, 4 * i);
  return bytes.toString('base64');
}

const row = (number: number, label: string) => ({ row: number, label });

/** 2 exp(-d t^2 / 2c) beside a tail that falls twice as fast in the exponent. */
function curve(family: string, speed: number) {
  return {
    family,
    function: `${family} 1`,
    functions: 8,
    points: Array.from({ length: 24 }, (_, i) => {
      const t = (i + 1) / 24;
      return { t, observed: Math.exp(-speed * t * t), bound: Math.min(1, 2 * Math.exp(-4 * t * t)) };
    }),
  };
}

function sample(
  name: string,
  kind: string,
): Extract<DataSurvey['isoperimetry'], { value: unknown }>['value']['overall'] {
  return {
    name,
    rows: { training: 500, heldOut: 500 },
    scale: 1.5,
    refutedBelow: null,
    c: { value: 2, interval: [1.5, 3], confidence: 0.9, method: 'by hand' },
    concentrationDimension: { value: 8, interval: [5.3, 10.7], confidence: 0.9, method: 'by hand' },
    constants: [
      {
        name: 'transport',
        reading: { value: 2.5, interval: [1.75, null], confidence: 0.95, method: 'by hand' },
      },
      {
        name: 'Poincar\u00e9',
        reading: { value: 2.25, interval: [1.625, null], confidence: 0.95, method: 'by hand' },
      },
      {
        name: 'logarithmic Sobolev',
        reading: { value: 2.5, interval: [1.775, null], confidence: 0.9, method: 'by hand' },
      },
    ],
    curves: [curve('coordinates', 9), curve('principal directions', 5)],
    verdict: { kind, sentence: `${name}: ${kind}.` },
  };
}

export function completeSurvey(): DataSurvey {
  const dimension = estimate(5.5, 4.2, 7);
  const asks = (name: string, reading: typeof dimension) => ({
    name,
    dimension: reading,
    parameters: estimate(1000 * reading.value, 1000 * reading.interval[0], 1000 * reading.interval[1]),
    lipschitz: estimate(
      Math.sqrt(reading.value),
      Math.sqrt(reading.interval[0]),
      Math.sqrt(reading.interval[1]),
    ),
  });
  return {
    schema: 'robustlaw.data/1',
    version: '0.0.0',
    verdict: ['small pictures: 1,000 points.', 'Noise is 0.1.', 'A third sentence.'],
    data: {
      name: 'small pictures',
      source: 'a test',
      transformations: ['drawn by hand'],
      sha256: 'ab'.repeat(32),
      points: 1000,
      features: 16,
      shape: [4, 4],
      range: [0, 1],
      constantFeatures: 2,
      labels: {
        kind: 'classification',
        classes: [
          { name: 'cat', rows: 600 },
          { name: 'dog', rows: 400 },
        ],
      },
      warnings: ['2 features of 16 have one value in all rows'],
    },
    settings: { seed: 3, timeLimit: null },
    repeats: {
      status: 'done',
      seconds: 0.1,
      value: {
        copies: 5,
        places: 997,
        contradictory: 1,
        list: [
          { rows: [row(10, 'cat'), row(20, 'dog')], more: 0, contradictory: true },
          { rows: [row(1, 'dog'), row(2, 'dog'), row(3, 'dog')], more: 4, contradictory: false },
        ],
      },
    },
    noise: {
      status: 'done',
      seconds: 1,
      value: {
        level: estimate(0.1, 0.08, 0.12),
        source: 'labels of equal rows',
        readings: [
          { name: 'equal rows', level: estimate(0.1, 0.08, 0.12), source: 'labels of equal rows' },
          { name: 'nearest neighbours', level: estimate(0.16, 0.09, 0.2), source: 'neighbours' },
        ],
        variance: 0.48,
        crossEntropyFloor: 0.325,
        profile: [0.1, 0.2, 0.4, 0.8].map((distance) => ({
          distance,
          rows: 250,
          value: 0.1 + distance / 10,
          interval: [0.08 + distance / 10, 0.13 + distance / 10],
        })),
      },
    },
    separation: {
      status: 'partial',
      seconds: 2,
      reason: 'pairs of 512 of 1000 rows were compared',
      value: (['l2', 'linf'] as const).map((norm) => ({
        norm,
        closest: {
          distance: 0.25,
          rows: [row(7, 'cat'), row(9, 'dog')] as [
            { row: number; label: string },
            { row: number; label: string },
          ],
        },
        exhaustive: norm === 'linf',
        compared: norm === 'linf' ? 1000 : 512,
        robustRadius: 0.125,
        quantiles: [0, 0.05, 0.5, 0.95, 1].map((share) => ({ share, distance: 0.25 + share })),
        histogram: { from: 0.25, to: 1.25, counts: [1, 4, 9, 16, 25, 36, 25, 9] },
        sampled: 125,
        radii: [
          { radius: 0.1, ratio: 0.8, parameters: norm === 'l2' ? 200 : null, sharedShare: 0 },
          { radius: 0.3, ratio: 2.4, parameters: null, sharedShare: 0.4 },
        ],
      })),
    },
    dimensions: {
      status: 'done',
      seconds: 3,
      value: {
        readings: [
          {
            name: 'features',
            dimension: estimate(16, 16, 16),
            reason: null,
            meaning: 'all of them',
            notes: [],
          },
          { name: 'stable rank', dimension, reason: null, meaning: 'from above', notes: ['a note'] },
          { name: 'TwoNN', dimension: null, reason: 'rows are too few', meaning: 'manifolds', notes: [] },
        ],
        scales: [1, 2, 4, 8].map((neighbours) => ({
          neighbours,
          distance: 0.1 * neighbours,
          dimension: estimate(6 - neighbours / 4, 5 - neighbours / 4, 7 - neighbours / 4),
        })),
      },
    },
    isoperimetry: {
      status: 'done',
      seconds: 4,
      value: {
        norm: 'l2',
        overall: sample('all rows', 'undecided'),
        origin: 'given',
        groups: [sample('cat', 'consistent'), sample('dog', 'consistent')],
        leftOut: 0,
        otherNorms: [{ norm: 'linf', sample: { ...sample('all rows', 'consistent'), constants: [] } }],
      },
    },
    concentration: {
      status: 'done',
      seconds: 5,
      value: (['half-spaces', 'boxes'] as const).flatMap((family) =>
        [0.1, 0.2].map((epsilon) => ({
          family,
          norm: 'linf' as const,
          alpha: 0.01,
          epsilon,
          risk: estimate(0.011, 0.008, 0.015),
          expanded: estimate(0.02 + epsilon / 2, 0.01 + epsilon / 2, 0.03 + epsilon / 2),
          meaning: `${family} within ${epsilon}`,
        })),
      ),
    },
    law: {
      status: 'done',
      seconds: 0,
      value: {
        n: 1000,
        asks: [
          asks('features', estimate(16, 16, 16)),
          asks('stable rank', dimension),
          asks('concentration dimension', estimate(8, 5.3, 10.7)),
        ],
      },
    },
    pictures: [7, 9, 10, 20].map((number) => ({ row: number, point: picture(number) })),
  };
}

/** Nothing was measured, and every text wants to be markup. */
export function failedSurvey(): DataSurvey {
  const evil = '<script>alert(1)</script>';
  const complete = completeSurvey();
  const skipped = { status: 'skipped', reason: evil } as const;
  return {
    ...complete,
    verdict: [evil],
    data: {
      ...complete.data,
      name: evil,
      source: evil,
      warnings: [evil],
      labels: { kind: 'classification', classes: [{ name: evil, rows: 1 }] },
    },
    repeats: { status: 'failed', seconds: 1, reason: evil },
    noise: skipped,
    separation: skipped,
    dimensions: skipped,
    isoperimetry: skipped,
    concentration: skipped,
    law: skipped,
    pictures: [],
  };
}
