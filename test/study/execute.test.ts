import { describe, expect, it } from 'vitest';
import { featureCount, pointCount } from '../../src/data/index.ts';
import { distributionOf, makeDataset } from '../../src/data/schema.ts';
import { modelFromOnnx } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { mergedConeClass, sharperBound } from '../../src/law/index.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { rng } from '../../src/random/index.ts';
import { makeChoice } from '../../src/study/data-choice.ts';
import { execute } from '../../src/study/execute.ts';
import { toJson } from '../../src/study/json.ts';
import { planStudy, type TrialParameters } from '../../src/study/plan.ts';
import { planeSlice } from '../../src/study/slice.ts';
import { parseStudy } from '../../src/study/specification.ts';
import { logarithmicallySpaced } from '../../src/study/trained-member.ts';
import { certifiedLaw, DELTA, isPureNoise } from '../../src/study/trial-law.ts';
import { trainingSchema } from '../../src/training/schema.ts';

const STUDY = `
name: study
title: Study
seed: 11
data:
  sphere: { distribution: sphere, n: 60, d: 100, labels: { signal: zero, noise: signs } }
  gauss: { distribution: gaussian, n: 60, d: 30, labels: { signal: linear, noise: { kind: uniform, halfWidth: 0.5 }, clip: true } }
  classes: { source: optical-digits, n: 40, task: one-hot, normalize: true }
families:
  projected-rbf: { memorizer: projected-rbf, sizes: [5, d] }
  mcshane: { memorizer: mcshane }
  kirszbraun: { memorizer: kirszbraun }
  rbf: { memorizer: rbf }
  baum: { memorizer: baum }
  caps: { memorizer: caps }
  sqrt7: { memorizer: sqrt7 }
  grouped: { memorizer: grouped, sizes: [20] }
  tensor: { memorizer: tensor, sizes: [4] }
  tensor-interpolant: { memorizer: tensor-interpolant, sizes: [4] }
  network: { train: { model: two-layer }, sizes: [30], training: { steps: 1500, learningRate: 0.01, stop: { memorized: 0.05 } } }
trials:
  - { data: [sphere], families: [projected-rbf, mcshane, kirszbraun, rbf, baum, caps, sqrt7, grouped, tensor, tensor-interpolant, network] }
  - { data: [sphere], families: [mcshane, baum, network], measures: [slice, model] }
  - { data: [gauss], families: [mcshane, network] }
  - { data: [classes], families: [kirszbraun, mcshane] }
`;
const PLAN = planStudy(parseStudy('study.yaml', STUDY)).trials.map(({ parameters }) => parameters);
const trial = (data: string, family: string, size?: number) =>
  PLAN.find(
    ({ trial }) =>
      trial.data === data && trial.family === family && (size === undefined || trial.size === size),
  )!;
const run = (data: string, family: string, size?: number) => execute(trial(data, family, size));
const datasetOf = ({ data, studySeed, trial }: TrialParameters) =>
  makeChoice(data, rng(studySeed).split('data').split(data.label).split(trial.seed));

/** max |y_i - y_j| / |x_i - x_j| by the definition. */
function steepest(parameters: TrialParameters): number {
  const { x, y, outputs, ...rest } = datasetOf(parameters);
  const n = pointCount({ x, y, outputs, ...rest });
  const d = x.length / n;
  let slope = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      let [dx, dy] = [0, 0];
      for (let k = 0; k < d; k++) dx += (x[i * d + k]! - x[j * d + k]!) ** 2;
      for (let k = 0; k < outputs; k++) dy += (y[i * outputs + k]! - y[j * outputs + k]!) ** 2;
      slope = Math.max(slope, Math.sqrt(dy / dx));
    }
  }
  return slope;
}

describe('execute', () => {
  it('measures every construction: interpolation, the optimum of the data, P, and both ends of the constant', async () => {
    const optimum = steepest(trial('sphere', 'mcshane'));
    const expectedCounts: Record<string, number> = {
      // The formulas of the constructions at n = 60, d = 100, m = 1.
      'projected-rbf 5': 60 * 6 + 1,
      'projected-rbf 100': 60 * 101 + 1,
      'mcshane undefined': 60 * 101 + 1,
      'kirszbraun undefined': 60 * 101 + 1,
      'rbf undefined': 60 * 101 + 1,
      'baum undefined': 4 * 1 * 102,
      'caps undefined': 60 * 102,
      'sqrt7 undefined': 2 * 60 * 102,
      'grouped 20': 20 * 102,
      'tensor 4': 60 * 101,
      'tensor-interpolant 4': 60 * 101,
      'network 30': 30 * 102 + 1,
    };
    for (const parameters of PLAN.filter(({ trial }) => trial.data === 'sphere')) {
      const { family, size } = parameters.trial;
      const { result } = await execute(parameters);
      const name = `${family} ${size}`;
      expect(result.parameterCount, name).toBe(expectedCounts[name]);
      expect(result.law.mcShaneOptimum / optimum, name).toBeCloseTo(1, 12);
      expect(result.law.scaling, name).toBeCloseTo(Math.sqrt((60 * 100) / result.parameterCount), 12);
      const { upper, lower } = result.lipschitz;
      const top = upper.kind === 'exact' ? upper.enclosure[1] : upper.value;
      if (family === 'tensor' || family === 'network') {
        expect(result.memorization, name).not.toBe('none');
      } else {
        expect(result.interpolationError, name).toBeLessThan(1e-9);
        expect(result.memorization, name).toBe('perfect');
        expect(top, name).toBeGreaterThanOrEqual(optimum * (1 - 1e-9));
      }
      if (lower) expect(lower.value, name).toBeLessThanOrEqual(top);
      expect(result.law.certifiedBound ?? 0, name).toBeLessThanOrEqual(top);
      const isDrawn = ['mcshane', 'baum', 'network'].includes(family);
      expect(result.slice?.values.length, name).toBe(isDrawn ? 101 ** 2 : undefined);
      expect(result.meanSquaredError, name).toBeLessThanOrEqual(result.interpolationError ** 2);
    }
  });

  it('gives the smoothest constructions the constant of the optimum', async () => {
    const optimum = steepest(trial('sphere', 'mcshane'));
    for (const [family, size] of [['mcshane'], ['projected-rbf', 100], ['kirszbraun']] as const) {
      const { result } = await run('sphere', family, size);
      const { upper } = result.lipschitz;
      expect(upper.kind).toBe('exact');
      expect(upper.value / optimum).toBeCloseTo(1, 12);
    }
  });

  it('reproduces Lip / sqrt(nd/P) of projected radial bumps at n = d = 500 within 15 %', async () => {
    const text = `
name: ratios
title: Ratios
data: { sphere: { distribution: sphere, n: 500, d: 500, labels: { signal: zero, noise: signs } } }
families: { bumps: { memorizer: projected-rbf, sizes: [20, 40, 80, 160, d] } }
trials: [{ data: [sphere], families: [bumps] }]
`;
    // Measured with another program on other random numbers.
    const expected = [3.29, 2.53, 2.11, 1.8, 1.59];
    const { trials } = planStudy(parseStudy('ratios.yaml', text));
    for (const [i, { parameters }] of trials.entries()) {
      const { lipschitz, law } = (await execute(parameters)).result;
      expect(Math.abs(lipschitz.upper.value / law.scaling / expected[i]! - 1)).toBeLessThan(0.15);
    }
  });

  it('is a function of its parameters, whatever ran before', async () => {
    const first = await run('sphere', 'baum');
    await run('gauss', 'mcshane');
    const again = await run('sphere', 'baum');
    expect(toJson(again.result)).toBe(toJson(first.result));
    expect(again.model).toEqual(first.model);
  });

  it('writes the function as an .onnx file where asked, and only there', async () => {
    const { model } = await run('sphere', 'baum');
    expect(modelFromOnnx(decodeModel(model!)).parameterCount).toBe(4 * 102);
    expect((await run('gauss', 'mcshane')).model).toBeUndefined();
  });

  it('records the training, and why it ended', async () => {
    const { result } = await run('sphere', 'network');
    const { losses, steps, reason } = result.training!;
    expect(reason).toBe('memorized');
    expect(result.interpolationError).toBeLessThanOrEqual(0.05 * 1.001);
    expect(losses[0]![0]).toBe(0);
    expect(losses.at(-1)![0]).toBe(steps);
    // The loss of the record is the error that is measured, up to float32.
    expect(losses.at(-1)![1]).toBeGreaterThan(0.3 * result.meanSquaredError);
    expect(losses.at(-1)![1]).toBeLessThan(3 * result.meanSquaredError);
    expect(result.lipschitz.lower!.value).toBeGreaterThan(0);
  });

  it('fits vector labels with vector constructions, and says why others cannot', async () => {
    const { result } = await run('classes', 'kirszbraun');
    expect(result.interpolationError).toBeLessThan(1e-9);
    expect(result.lipschitz.upper.value / steepest(trial('classes', 'kirszbraun'))).toBeCloseTo(1, 12);
    await expect(run('classes', 'mcshane')).rejects.toThrow(/number of labels per point: 10/);
  });

  it('claims no certified bound on data whose concentration is unknown', async () => {
    const { result } = await run('classes', 'kirszbraun');
    expect(result.law.certifiedBound).toBeUndefined();
    expect(result.noiseVariance).toBeUndefined();
  });

  it('uses Theorem 3 where labels are not pure noise, and lists the hypotheses that fail', async () => {
    const { result } = await run('gauss', 'mcshane');
    expect(result.law.certifiedBound).toBe(0);
    expect(result.law.hypotheses!.find(({ holds }) => !holds)!.statement).toMatch(/8\^4/);
  });
});

describe('certifiedLaw', () => {
  const specification = {
    distribution: 'sphere',
    n: 1000,
    d: 400,
    labels: { signal: 'zero', noise: 'signs' },
  } as const;
  const dataset = makeDataset(specification, rng(1));
  const distribution = distributionOf(specification, rng(1));
  const fitted = {
    member: { memorizer: 'projected-rbf', size: 10 },
    parameterNorm: 1,
    largestParameter: 1,
    centres: 1000,
    share: 1,
    levels: 1,
    domain: 'global',
  } as const;

  it('is the best over all slope bounds that are fixed beforehand', () => {
    const { certifiedBound, certifiedConfidence } = certifiedLaw(dataset, distribution, fitted)!;
    expect(certifiedConfidence).toBe(1 - DELTA);
    // Independent: for any slope bound S, every member has a constant of at least min(S, bound of the class).
    const setting = { n: 1000, concentration: 399, epsilon: 1, delta: DELTA, k: 1 };
    const least = (slopeBound: number) => {
      const cones = {
        cones: 1000,
        dimension: 10,
        centreRadius: 1,
        heightBound: 1,
        slopeBound,
        inputRadius: 1,
      };
      return Math.min(slopeBound, sharperBound(setting, mergedConeClass(cones)).bound);
    };
    const best = Math.max(...Array.from({ length: 4000 }, (_, i) => least(1.003 ** i * 0.01)));
    expect(certifiedBound).toBeGreaterThan(1);
    expect(certifiedBound / best).toBeCloseTo(1, 2);
    expect(certifiedBound).toBeGreaterThanOrEqual(best * (1 - 1e-6));
  });

  it('falls with the number of parameters and with the quality of the fit', () => {
    const bound = (changes: object) =>
      certifiedLaw(dataset, distribution, { ...fitted, ...changes })!.certifiedBound;
    expect(bound({ member: { memorizer: 'projected-rbf', size: 100 } })).toBeLessThan(bound({}) / 2);
    expect(bound({ share: 0.5 })).toBeLessThan(bound({}));
    expect(bound({ share: 0.999, levels: 2 })).toBeLessThan(bound({}));
  });

  it('applies to every construction with parameters and to trained networks', () => {
    const members = [
      { memorizer: 'mcshane' },
      { memorizer: 'rbf' },
      { memorizer: 'baum' },
      { memorizer: 'minimum-norm' },
      { memorizer: 'caps' },
      { memorizer: 'sqrt7' },
      { memorizer: 'grouped', size: 100 },
      { memorizer: 'tensor', size: 2 },
      { train: modelSchema.parse({ model: 'two-layer' }), size: 10, training: trainingSchema.parse({}) },
      {
        train: modelSchema.parse({ model: 'two-layer', batchNorm: true }),
        size: 10,
        training: trainingSchema.parse({}),
      },
    ] as const;
    for (const member of members) {
      const { certifiedBound, hypotheses } = certifiedLaw(dataset, distribution, { ...fitted, member })!;
      expect(certifiedBound, JSON.stringify(member)).toBeGreaterThan(0);
      expect(hypotheses.length).toBeGreaterThan(2);
    }
    expect(
      certifiedLaw(dataset, distribution, { ...fitted, member: { memorizer: 'kirszbraun' } }),
    ).toBeUndefined();
  });

  it('needs a fit, a distribution that concentrates, and a constant that holds where the data lie', () => {
    expect(certifiedLaw(dataset, distribution, { ...fitted, share: 0 })).toBeUndefined();
    expect(certifiedLaw(dataset, undefined, fitted)).toBeUndefined();
    expect(certifiedLaw(dataset, distribution, { ...fitted, domain: 'sphere' })).toBeDefined();
    const gaussian = { ...specification, distribution: 'gaussian' } as const;
    const wide = [makeDataset(gaussian, rng(1)), distributionOf(gaussian, rng(1))] as const;
    expect(certifiedLaw(...wide, fitted)!.certifiedBound).toBeGreaterThan(1);
    expect(certifiedLaw(...wide, { ...fitted, domain: 'sphere' })).toBeUndefined();
    const cube = { ...specification, distribution: 'hypercube' } as const;
    expect(certifiedLaw(makeDataset(cube, rng(1)), distributionOf(cube, rng(1)), fitted)).toBeUndefined();
  });

  it('is vacuous, and says so, for too few points', () => {
    const few = { ...specification, n: 8 } as const;
    const law = certifiedLaw(makeDataset(few, rng(1)), distributionOf(few, rng(1)), {
      ...fitted,
      centres: 8,
    })!;
    expect(law.certifiedBound).toBe(0);
    expect(law.hypotheses.some(({ holds }) => !holds)).toBe(true);
  });

  it('knows pure noise', () => {
    const make = (labels: object) => makeDataset({ ...specification, n: 50, labels } as never, rng(2));
    expect(isPureNoise(make({ signal: 'zero', noise: 'signs' }))).toBe(true);
    expect(isPureNoise(make({ signal: 'half-space', flips: 0.5 }))).toBe(true);
    expect(isPureNoise(make({ signal: 'half-space', flips: 0.4 }))).toBe(false);
    expect(isPureNoise(make({ signal: 'zero', noise: { kind: 'signs', amplitude: 2 } }))).toBe(false);
    expect(isPureNoise(make({ signal: 'zero', noise: { kind: 'gaussian', sigma: 1 } }))).toBe(false);
  });
});

describe('planeSlice', () => {
  const dataset = makeDataset(
    { distribution: 'gaussian', n: 20, d: 7, labels: { signal: 'zero', noise: 'signs' } },
    rng(4),
  );
  const d = featureCount(dataset);

  it('samples the plane through three data points: a linear function is linear on it and right at the points', async () => {
    const w = Float64Array.of(1, -2, 0.5, 3, 0, 1, -1);
    const linear = async (x: Float64Array) =>
      Float64Array.from({ length: x.length / d }, (_, i) =>
        w.reduce((sum, wk, k) => sum + wk * x[i * d + k]!, 5),
      );
    const { side, values, extent, points } = (await planeSlice(dataset, linear))!;
    const at = (i: number) => extent[0] + ((extent[1] - extent[0]) * i) / (side - 1);
    // The linear function in plane coordinates from three corners of the grid; all other values must follow.
    const slopeU = (values[side - 1]! - values[0]!) / (extent[1] - extent[0]);
    const slopeV = (values[side * (side - 1)]! - values[0]!) / (extent[1] - extent[0]);
    const plane = (u: number, v: number) => values[0]! + slopeU * (u - extent[0]) + slopeV * (v - extent[0]);
    for (let i = 0; i < side * side; i += 97) {
      const expected = plane(at(i % side), at(Math.floor(i / side)));
      expect(Math.abs(values[i]! - expected)).toBeLessThan(1e-3);
    }
    const exact = Array.from(await linear(Float64Array.from(dataset.x)));
    for (const { u, v } of points) {
      const nearest = Math.min(...exact.map((value) => Math.abs(value - plane(u, v))));
      expect(nearest).toBeLessThan(1e-3);
    }
    // Distances in the plane are those of the space: the first two points are nearest neighbours with different labels.
    const [a, b] = points;
    expect(a!.label).not.toBe(b!.label);
    const distance = (i: number) =>
      Math.sqrt(
        Array.from({ length: d }, (_, k) => (dataset.x[k]! - dataset.x[i * d + k]!) ** 2).reduce(
          (s, t) => s + t,
          0,
        ),
      );
    const opposite = Array.from({ length: 20 }, (_, i) => i).filter((i) => dataset.y[i] !== dataset.y[0]);
    expect(Math.hypot(a!.u - b!.u, a!.v - b!.v)).toBeCloseTo(Math.min(...opposite.map(distance)), 10);
    expect(extent[0]).toBe(-extent[1]);
  });

  it('is undefined where the points span no plane', async () => {
    const line = makeDataset(
      { distribution: 'gaussian', n: 20, d: 1, labels: { signal: 'zero', noise: 'signs' } },
      rng(4),
    );
    expect(await planeSlice(line, async (x) => x)).toBeUndefined();
    const one = makeDataset(
      { distribution: 'gaussian', n: 1, d: 3, labels: { signal: 'zero', noise: 'signs' } },
      rng(4),
    );
    expect(await planeSlice(one, async (x) => x)).toBeUndefined();
  });
});

describe('logarithmicallySpaced', () => {
  it('keeps the first and the last step and grows between them', () => {
    const losses = Float64Array.from({ length: 1001 }, (_, i) => 1 / (1 + i));
    const record = logarithmicallySpaced(losses);
    expect(record[0]).toEqual([0, 1]);
    expect(record.at(-1)).toEqual([1000, 1 / 1001]);
    const steps = record.map(([step]) => step);
    expect(steps).toEqual([...new Set(steps)].toSorted((a, b) => a - b));
    expect(steps.length).toBeLessThanOrEqual(61);
    expect(logarithmicallySpaced(Float64Array.of(3))).toEqual([[0, 3]]);
  });
});
