// Synthetic study results: the shape and the magnitudes of a real study, made in a moment, and its awkward relatives.
import {
  type Estimate,
  GLOBAL,
  type UpperGuarantee,
  type WitnessedLowerBound,
} from '../../src/guarantee/index.ts';
import { normal, type Rng, rng } from '../../src/random/index.ts';
import type {
  PlaneSlice,
  Series,
  StudyResult,
  Trial,
  TrialOutcome,
  TrialResult,
} from '../../src/study/index.ts';

const ROOT = rng('report fixtures');

export interface DataShape {
  readonly name: string;
  readonly n: number;
  readonly d: number;
}

export const SPHERE: DataShape = { name: 'sphere n=1000 d=1000', n: 1000, d: 1000 };
const SMALLER: readonly DataShape[] = [
  { name: 'sphere n=500 d=500', n: 500, d: 500 },
  { name: 'sphere n=500 d=250', n: 500, d: 250 },
  { name: 'mixture', n: 1000, d: 500 },
  { name: 'digits', n: 1797, d: 64 },
];
const DIGITS_NOISE: DataShape = { name: 'digits-noise', n: 1797, d: 64 };
const PROJECTIONS = [1, 3, 10, 20, 40, 80, 160, 320, 640, 1000];
const WIDTHS = [20, 50, 100, 200];

/** Everything at once: several data sets, exact, bounded and trained families, failures, fits, slices. */
export function richStudy(): StudyResult {
  const outcomes = [
    ...[SPHERE, ...SMALLER, DIGITS_NOISE].flatMap((data) => [
      ...PROJECTIONS.filter((size) => size <= data.d).flatMap((size) =>
        seeds(5).map((seed) => projected(data, size, seed)),
      ),
      ...seeds(5).map((seed) => mcShane(data, seed)),
      ...seeds(5).map((seed) => baum(data, seed)),
    ]),
    ...[SPHERE, SMALLER[0]!, SMALLER[3]!].flatMap((data) =>
      WIDTHS.flatMap((size) => seeds(3).map((seed) => twoLayer(data, size, seed))),
    ),
    failed(
      SPHERE,
      'cap',
      'construction-impossible',
      'the cap network needs n <= d/10; here n = 1000, d = 1000',
    ),
    failed(
      DIGITS_NOISE,
      'minimum-norm',
      'construction-impossible',
      'rows 12 and 471 are equal but their labels differ',
    ),
  ];
  return study(outcomes, {
    fits: [SPHERE, ...SMALLER].map((data, index) => ({
      data: data.name,
      family: 'projected-rbf',
      exponent: estimate(-0.56 - 0.004 * index, 0.011, 'least squares on the logarithms, Student t'),
      prefactor: estimate(1.83 + 0.03 * index, 0.06, 'least squares on the logarithms, Student t'),
      rSquared: 0.9942,
      trials: 30,
      range: 'P >= 40 n',
    })),
    effectiveDimensions: [
      {
        data: DIGITS_NOISE.name,
        ambient: 64,
        estimate: {
          kind: 'estimate',
          value: 10.6,
          interval: [9.7, 11.8],
          confidence: 0.95,
          method: 'bootstrap over seeds',
        },
        reference: [3, 4, 6, 8, 12, 16, 24, 32, 48, 64].map((d) => ({
          d,
          constants: seeds(5).map((seed) => referenceConstant(d) * wobble(0.03, 'reference', d, seed)),
        })),
        constants: seeds(5).map((seed) => referenceConstant(10.6) * wobble(0.02, 'digits', seed)),
      },
    ],
    checks: [
      {
        statement: 'No constant lies below the certified lower bound of its class',
        holds: true,
        detail: '330 trials',
      },
      {
        statement: 'Every witnessed lower end is at most the certified upper end',
        holds: true,
        detail: '336 trials',
      },
      {
        statement: 'Interpolation error of every memorizer is below 1e-9',
        holds: false,
        detail: 'baum on mixture, seed 3: 4.1e-9',
      },
    ],
    verdict: [
      'On this machine the Lipschitz constant of the best construction fell with the number of parameters as P to the power \u22120.56, next to the \u22120.5 of the law, and never fell below the proved bound.',
      'With P = n = 1 000 parameters the noisy labels can be memorized only by a function that changes wildly; a robust fit took P = nd = 1 000 000.',
    ],
  });
}

/** One data set, one family, one size, one seed: no spread anywhere. */
export function oneTrialStudy(): StudyResult {
  return study([projected(SPHERE, 40, 0)], {
    verdict: [
      'One trial finished, so no exponent can be fitted.',
      'Its constant is 2.7 times the scaling of the law.',
    ],
  });
}

/** A single family over its sizes. */
export function singleSeriesStudy(): StudyResult {
  return study(
    PROJECTIONS.slice(3).flatMap((size) => seeds(3).map((seed) => projected(SPHERE, size, seed))),
    { verdict: ['One family was measured.', 'It follows the law.'] },
  );
}

/** Nothing but what the types require. */
export function bareStudy(): StudyResult {
  const full = oneTrialStudy().outcomes[0]!;
  if (full.state !== 'done') throw new Error('the fixture is a finished trial');
  const { n, d, parameterCount, interpolationError, meanSquaredError, memorization, lipschitz, law } =
    full.result;
  const { scaling, mcShaneOptimum } = law;
  const { size: _, ...trial } = full.trial;
  const result: TrialResult = {
    n,
    d,
    parameterCount,
    interpolationError,
    meanSquaredError,
    memorization,
    lipschitz: { upper: lipschitz.upper },
    law: { scaling, mcShaneOptimum },
  };
  return study([{ ...full, trial, result }], {
    verdict: ['One trial finished.', 'It has no optional fields.'],
  });
}

/** Every trial failed. */
export function failedStudy(): StudyResult {
  return study(
    [
      failed(SPHERE, 'baum', 'contradictory-labels', 'rows 3 and 8 are equal but their labels are 1 and -1'),
      failed(SPHERE, 'projected-rbf', 'interrupted', 'stopped by a signal'),
    ],
    { verdict: ['No trial finished.', 'There is nothing to conclude.'] },
  );
}

/** A study without any trial. */
export function emptyStudy(): StudyResult {
  return study([], { verdict: ['The study holds no trial.', 'There is nothing to conclude.'] });
}

/** Numbers that are not finite, zeros, an interval beyond the reference, a diverged training. */
export function awkwardStudy(): StudyResult {
  const diverged = twoLayer(SPHERE, 50, 0);
  if (diverged.state !== 'done') throw new Error('the fixture is a finished trial');
  const { result, trial } = diverged;
  const flat = projected({ name: 'constant labels', n: 1, d: 1 }, 1, 0);
  if (flat.state !== 'done') throw new Error('the fixture is a finished trial');
  return study(
    [
      projected(SPHERE, 40, 0),
      {
        ...diverged,
        trial: { ...trial, family: 'diverged', id: 'd1' },
        result: {
          ...result,
          interpolationError: Number.NaN,
          meanSquaredError: Number.POSITIVE_INFINITY,
          memorization: 'none',
          lipschitz: { upper: certified(Number.POSITIVE_INFINITY), lower: witnessed(Number.NaN) },
          training: {
            steps: 12,
            reason: 'diverged',
            losses: [
              [1, 1],
              [12, Number.POSITIVE_INFINITY],
            ],
          },
        },
      },
      {
        ...flat,
        result: {
          ...flat.result,
          lipschitz: { upper: exact(0) },
          law: { scaling: 1, mcShaneOptimum: 0, certifiedBound: 0 },
        },
      },
    ],
    {
      fits: [
        {
          data: SPHERE.name,
          family: 'projected-rbf',
          exponent: {
            kind: 'estimate',
            value: -0.5,
            interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
            confidence: 0.95,
            method: 'two points',
          },
          prefactor: {
            kind: 'estimate',
            value: Number.NaN,
            interval: [Number.NaN, Number.NaN],
            confidence: 0.95,
            method: 'two points',
          },
          rSquared: Number.NaN,
          trials: 2,
          range: 'all',
        },
      ],
      effectiveDimensions: [
        {
          data: SPHERE.name,
          ambient: 1000,
          estimate: {
            kind: 'estimate',
            value: 64,
            interval: [50, Number.POSITIVE_INFINITY],
            confidence: 0.9,
            method: 'bootstrap',
          },
          reference: [8, 16, 32, 64].map((d) => ({ d, constants: [referenceConstant(d)] })),
          constants: [referenceConstant(90)],
        },
        {
          data: 'below the curve',
          ambient: 5,
          estimate: { kind: 'estimate', value: 8, interval: [0, 9.5], confidence: 0.95, method: 'bootstrap' },
          reference: [8, 16, 32].map((d) => ({ d, constants: [referenceConstant(d)] })),
          constants: [referenceConstant(7)],
        },
        {
          data: 'wholly beyond the curve',
          ambient: 500,
          estimate: {
            kind: 'estimate',
            value: 32,
            interval: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
            confidence: 0.95,
            method: 'bootstrap',
          },
          reference: [8, 16, 32].map((d) => ({ d, constants: [referenceConstant(d)] })),
          constants: [referenceConstant(100)],
        },
        {
          data: 'unreadable',
          ambient: 10,
          estimate: {
            kind: 'estimate',
            value: Number.NaN,
            interval: [Number.NaN, Number.NaN],
            confidence: 0.9,
            method: 'bootstrap',
          },
          reference: [],
          constants: [],
        },
      ],
      verdict: ['Some numbers are not finite.', 'The report still stands.'],
    },
  );
}

export const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;\u0000\u202Eevil\uD800,\r\n"quoted"`;

/** Every string comes from someone who means harm. */
export function hostileStudy(): StudyResult {
  const rich = richStudy();
  const data: DataShape = { name: `${HOSTILE} n=1000`, n: 1000, d: 1000 };
  const outcomes = PROJECTIONS.slice(2)
    .flatMap((size) => seeds(2).map((seed) => projected(data, size, seed)))
    .concat(baum(data, 0), failed(data, HOSTILE, HOSTILE, HOSTILE))
    .map((outcome) => ({
      ...outcome,
      trial: { ...outcome.trial, family: `${HOSTILE}${outcome.trial.family}` },
    }));
  const base = study(outcomes, {
    fits: rich.analysis.fits.map((fit) => ({ ...fit, data: HOSTILE, family: HOSTILE, range: HOSTILE })),
    effectiveDimensions: rich.analysis.effectiveDimensions.map((one) => ({
      ...one,
      data: HOSTILE,
      estimate: { ...one.estimate, method: HOSTILE },
    })),
    checks: [{ statement: HOSTILE, holds: false, detail: HOSTILE }],
    verdict: [HOSTILE, HOSTILE],
  });
  return {
    ...base,
    name: HOSTILE,
    title: HOSTILE,
    hash: HOSTILE,
    specification: HOSTILE,
    versions: { [HOSTILE]: HOSTILE },
  };
}

/** Twelve families on one data set: more than there are colours or room for labels. */
export function crowdedStudy(): StudyResult {
  const outcomes = Array.from({ length: 12 }, (_, family) =>
    [20, 80, 320].flatMap((size) =>
      seeds(2).map((seed) => {
        const outcome = projected(SPHERE, size, seed);
        const name = `a construction with a long name, number ${family + 1}`;
        return { ...outcome, trial: { ...outcome.trial, family: name, id: `${outcome.trial.id}-${family}` } };
      }),
    ),
  ).flat();
  return study(outcomes, { verdict: ['Twelve families were measured.', 'They coincide.'] });
}

/** Few points in two dimensions: P = n and P = nd lie side by side. */
export function planeStudy(): StudyResult {
  const data: DataShape = { name: 'plane', n: 24, d: 2 };
  const outcomes = [
    projected(data, 1, 0),
    projected(data, 2, 0),
    mcShane(data, 0),
    baum(data, 0),
    twoLayer(data, 50, 0),
  ];
  return study(outcomes, { verdict: ['A few points in the plane.', 'All marks are close.'] });
}

/** Series as the analysis makes them: one point per size, replicates in the order of their seeds. */
export function seriesOf(outcomes: readonly TrialOutcome[]): readonly Series[] {
  const done = outcomes.filter((outcome) => outcome.state === 'done');
  const groups = Map.groupBy(done, ({ trial }) => JSON.stringify([trial.data, trial.family]));
  return Array.from(groups.values(), (group) => {
    const bySize = Map.groupBy(group, ({ trial }) => trial.size);
    return {
      data: group[0]!.trial.data,
      family: group[0]!.trial.family,
      n: group[0]!.result.n,
      d: group[0]!.result.d,
      points: Array.from(bySize, ([size, cell]) => {
        const { lipschitz, law, parameterCount } = cell[0]!.result;
        const lower = cell.map(({ result }) => result.lipschitz.lower?.value ?? Number.NaN);
        return {
          ...(size !== undefined && { size }),
          parameterCount,
          upper: cell.map(
            ({
              result: {
                lipschitz: { upper },
              },
            }) => (upper.kind === 'exact' ? upper.enclosure[1] : upper.value),
          ),
          ...(lipschitz.lower && { lower }),
          exact: lipschitz.upper.kind === 'exact',
          ...(law.certifiedBound !== undefined && { certifiedBound: law.certifiedBound }),
          interpolationError: Math.max(...cell.map(({ result }) => result.interpolationError)),
        };
      }),
    };
  });
}

function study(
  outcomes: readonly TrialOutcome[],
  analysis: Partial<StudyResult['analysis']> & Pick<StudyResult['analysis'], 'verdict'>,
): StudyResult {
  return {
    name: 'law-of-robustness',
    title: 'The universal law of robustness on this machine',
    hash: '3f9a1c07be42',
    specification: SPECIFICATION,
    versions: { robustlaw: '0.1.0', node: '24.21.0', 'onnxruntime-node': '1.30.0' },
    outcomes,
    analysis: { series: seriesOf(outcomes), fits: [], effectiveDimensions: [], checks: [], ...analysis },
  };
}

const SPECIFICATION = `name: law-of-robustness
title: The universal law of robustness on this machine
seed: 2021
data:
  sphere: { distribution: sphere, n: 1000, d: 1000, labels: { signal: zero, noise: signs } }
families:
  projected-rbf: { memorizer: projected-rbf, sizes: [1, 3, 10, 20, 40, 80, 160, 320, 640, 1000] }
trials:
  - { data: [sphere], families: [projected-rbf], seeds: 5 }
`;

/** Ratios of theory: 3.44 at 20, 2.69 at 40, 2.13 at 80, 1.52 at d; far above below 10. */
function projected(data: DataShape, size: number, seed: number): TrialOutcome {
  const { n, d } = data;
  const gap =
    Math.sqrt((2 * size) / d) *
    Math.max(1 - 1.9 * Math.sqrt(Math.log(Math.max(n, 2)) / (4 * size)), 0.35 * n ** (-2 / size));
  const constant = (2 / gap) * wobble(size < 10 ? 0.3 : 0.03, 'projected', data.name, size, seed);
  return done(data, 'projected-rbf', seed, n * size, exact(constant), {
    size,
    ...(seed === 0 &&
      data === SPHERE &&
      [20, 320].includes(size) && { slice: slice((u, v) => cones(u, v, size / 1000)) }),
  });
}

function mcShane(data: DataShape, seed: number): TrialOutcome {
  const { n, d } = data;
  return done(data, 'mcshane', seed, n * (d + 1), exact(optimum(data, seed)), {
    ...(seed === 0 && data === SPHERE && { slice: slice((u, v) => cones(u, v, 1)) }),
  });
}

function baum(data: DataShape, seed: number): TrialOutcome {
  const constant = 2.4e8 * wobble(0.6, 'baum', data.name, seed);
  const P = 4 * Math.ceil(data.n / data.d) * (data.d + 2) + 1;
  return done(data, 'baum', seed, P, certified(constant * 1.3), {
    lower: witnessed(constant),
    ...(seed === 0 && data === SPHERE && { slice: slice(spikes) }),
  });
}

function twoLayer(data: DataShape, width: number, seed: number): TrialOutcome {
  const constant =
    9 *
    Math.sqrt(data.n / data.d) *
    (200 / width) ** 0.35 *
    wobble(0.08, 'two-layer', data.name, width, seed);
  return done(data, 'two-layer', seed, width * (data.d + 2) + 1, certified(constant * 9), {
    size: width,
    lower: witnessed(constant),
    training: {
      steps: 3000,
      reason: width > 20 ? 'memorized' : 'step limit',
      losses: [1, 3, 10, 30, 100, 300, 1000, 3000].map((step) => [step, step ** -0.9]),
    },
    memorization: width > 20 ? 'perfect' : 'partial',
  });
}

interface Extras {
  readonly size?: number;
  readonly lower?: WitnessedLowerBound;
  readonly slice?: PlaneSlice;
  readonly training?: TrialResult['training'];
  readonly memorization?: TrialResult['memorization'];
}

function done(
  data: DataShape,
  family: string,
  seed: number,
  P: number,
  upper: UpperGuarantee,
  extras: Extras,
): TrialOutcome {
  const { n, d, name } = data;
  const { size, lower, slice, training, memorization = 'perfect' } = extras;
  const trial: Trial = {
    id: `${name}/${family}/${size ?? ''}/${seed}`,
    data: name,
    family,
    seed,
    ...(size !== undefined && { size }),
  };
  const certifiedBound =
    family === 'baum'
      ? 0
      : Math.max(0, 1 - Math.sqrt((2 * Math.log(400)) / n)) * Math.sqrt((n * d) / (2 * (P * 28 + 5.3)));
  return {
    state: 'done',
    trial,
    seconds: 0.2,
    result: {
      n,
      d,
      parameterCount: P,
      interpolationError: memorization === 'perfect' ? 3.2e-13 : 0.4,
      meanSquaredError: memorization === 'perfect' ? 1.1e-26 : 0.02,
      noiseVariance: 1,
      memorization,
      lipschitz: { upper, ...(lower && { lower }) },
      law: {
        scaling: Math.sqrt((n * d) / P),
        certifiedBound,
        certifiedConfidence: 0.99,
        hypotheses: [
          { name: 'sample size', statement: 'n is at least 27 380 / eps^2', holds: n >= 27_380 },
          { name: 'noise', statement: 'the label noise has positive variance', holds: true },
        ],
        mcShaneOptimum: optimum(data, seed),
      },
      ...(slice && { slice }),
      ...(training && { training }),
    },
  };
}

function failed(data: DataShape, family: string, code: string, message: string): TrialOutcome {
  return {
    state: 'failed',
    trial: { id: `${data.name}/${family}/failed`, data: data.name, family, seed: 0 },
    error: { code, message },
    seconds: 0.01,
  };
}

function exact(value: number): UpperGuarantee {
  return {
    kind: 'exact',
    value,
    enclosure: [value * (1 - 1e-15), value * (1 + 1e-15)],
    norm: 'l2',
    domain: GLOBAL,
    method: 'distance of the closest pair of opposite labels',
    arithmetic: 'float64',
  };
}

function certified(value: number): UpperGuarantee {
  return {
    kind: 'upper',
    value,
    norm: 'l2',
    domain: GLOBAL,
    method: 'product of spectral norms',
    arithmetic: 'float64',
  };
}

function witnessed(value: number): WitnessedLowerBound {
  return {
    kind: 'lower',
    value,
    norm: 'l2',
    domain: GLOBAL,
    method: 'gradient norm ascent',
    arithmetic: 'float64',
    witness: { kind: 'direction', point: new Float64Array(2), direction: Float64Array.of(1, 0) },
  };
}

function estimate(value: number, halfWidth: number, method: string): Estimate {
  return {
    kind: 'estimate',
    value,
    interval: [value - halfWidth, value + halfWidth],
    confidence: 0.95,
    method,
  };
}

function optimum(data: DataShape, seed: number): number {
  return (
    (2 / Math.sqrt(2 * (1 - Math.sqrt((4 * Math.log(Math.max(data.n, 2))) / (data.d + 60))))) *
    wobble(0.01, 'optimum', data.name, seed)
  );
}

/** Decreases with d: points on a sphere of higher dimension lie farther apart. */
function referenceConstant(d: number): number {
  return 1.55 + 95 * d ** -1.55;
}

function wobble(scale: number, ...path: readonly (string | number)[]): number {
  const key: Rng = path.reduce<Rng>((parent, name) => parent.split(name), ROOT);
  return Math.exp(scale * normal(key, 1)[0]!);
}

function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, seed) => seed);
}

const CORNERS = [
  { u: -0.5, v: -0.35, label: 1 },
  { u: 0.55, v: -0.35, label: -1 },
  { u: 0, v: 0.6, label: 1 },
] as const;

/** An inclusive grid on [-1, 1]^2. */
function slice(f: (u: number, v: number) => number): PlaneSlice {
  const side = 61;
  const coordinate = (index: number): number => -1 + (2 * index) / (side - 1);
  const values = Array.from({ length: side * side }, (_, index) =>
    f(coordinate(index % side), coordinate(Math.floor(index / side))),
  );
  return { side, values, extent: [-1, 1], points: CORNERS };
}

function cones(u: number, v: number, share: number): number {
  const radius = 0.15 + 0.55 * Math.sqrt(share);
  return CORNERS.reduce(
    (sum, corner) => sum + corner.label * Math.max(0, 1 - Math.hypot(u - corner.u, v - corner.v) / radius),
    0,
  );
}

/** Steep slabs through the points, 0 elsewhere, with a few huge values. */
function spikes(u: number, v: number): number {
  const slab = 12 * u + 3.3 * v + 4;
  const other = 2 * u - 9 * v + 1.2;
  return (
    3.1e4 * Math.exp(-(((slab - 1) / 0.3) ** 2)) - 2.2e4 * Math.exp(-((other / 0.25) ** 2)) + Math.sin(40 * u)
  );
}
