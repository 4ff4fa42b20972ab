import { describe, expect, it } from 'vitest';
import { constant, graph, importForBatch, input, linear, tensor } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { leastNorm, matrix, singularValues } from '../../src/linalg/index.ts';
import { randomFeatures, tangentFeatures } from '../../src/models/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { analyse } from '../../src/study/analysis/index.ts';
import { makeChoice } from '../../src/study/data-choice.ts';
import { execute } from '../../src/study/execute.ts';
import { freshPoints } from '../../src/study/fresh-points.ts';
import { gradientSample } from '../../src/study/gradients.ts';
import { toJson } from '../../src/study/json.ts';
import { planStudy, type TrialParameters } from '../../src/study/plan.ts';
import type { TrialOutcome } from '../../src/study/result.ts';
import { parseStudy } from '../../src/study/specification.ts';

const STUDY = `
name: features
title: Features
seed: 3
data:
  gauss: { distribution: gaussian, n: 30, d: 8, labels: { signal: zero, noise: signs } }
  single: { distribution: sphere, n: 1, d: 1, labels: { signal: zero, noise: signs } }
  digits: { source: optical-digits, n: 40, task: one-hot, normalize: true }
families:
  random-tanh: { features: random, activation: tanh, sizes: [3n] }
  random-square: { features: random, activation: square, sizes: [3n] }
  tangent-tanh: { features: tangent, activation: tanh, sizes: [n/2] }
  tangent-square: { features: tangent, activation: square, sizes: [n/2] }
trials:
  - { data: [gauss], families: [random-tanh, tangent-tanh, tangent-square, random-square], seeds: 2, measures: [gradients, model] }
  - { data: [single, digits], families: [random-tanh], measures: [gradients] }
`;

const planOf = (text: string) => planStudy(parseStudy('features.yaml', text));
const PLAN = planOf(STUDY);

function parametersOf(data: string, family: string, plan = PLAN): TrialParameters {
  return plan.trials.find(({ parameters: { trial } }) => trial.data === data && trial.family === family)!
    .parameters;
}

/** The data and the fresh points of a trial, and the key of its random weights. */
function settingOf({ data, trial, studySeed }: TrialParameters) {
  const key = rng(studySeed);
  const dataKey = key.split('data').split(data.label).split(trial.seed);
  return {
    dataset: makeChoice(data, dataKey),
    fresh: freshPoints(data, dataKey, key.split('fresh').split(trial.data).split(trial.seed), 1000),
    weights: key.split('fit').split(trial.data).split(trial.family).split(trial.seed).split('features'),
  };
}

const norm = (v: ArrayLike<number>) => Math.hypot(...Array.from(v));
const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const rowsOf = (x: ArrayLike<number>, d: number) => {
  const all = Array.from(x);
  return Array.from({ length: all.length / d }, (_, i) => all.slice(i * d, (i + 1) * d));
};
const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('features fitted in closed form', () => {
  it('of squares are the quadratic form of least norm: sensitivity and steepest gradient by hand', async () => {
    const parameters = parametersOf('gauss', 'tangent-square');
    const { result } = await execute(parameters);
    const { dataset, fresh, weights } = settingOf(parameters);
    const [d, k] = [8, 15];
    const V = rowsOf(tangentFeatures(d, k, 1, 'square', weights, 1).projection.data as Float64Array, d);
    // phi'(z) = 2 z: the feature (l, j) of x is 2 (v_l . x) x_j.
    const phi = rowsOf(dataset.x, d).flatMap((x) =>
      V.flatMap((v) => x.map((entry) => 2 * inner(v, x) * entry)),
    );
    const theta = rowsOf(leastNorm(matrix(30, k * d, Float64Array.from(phi)), dataset.y), d);
    const points = rowsOf(fresh.x, d);
    const gradients = points.map((z) =>
      z.map((_, j) =>
        V.reduce((sum, v, l) => sum + 2 * (inner(v, z) * theta[l]![j]! + inner(theta[l]!, z) * v[j]!), 0),
      ),
    );
    const { sensitivity, largest, meanSquare } = result.gradients!;
    const expected = average(gradients.map((g, i) => norm(g) * norm(points[i]!)));
    expect(sensitivity!.value / expected).toBeCloseTo(1, 8);
    expect(meanSquare.value / average(gradients.map((g) => inner(g, g)))).toBeCloseTo(1, 8);
    const steepest = Math.max(...gradients.map(norm));
    // A pair of a quadratic function about a point proves the slope there; one that ends there, a little more.
    expect(largest.value).toBeGreaterThan(steepest * (1 - 1e-6));
    expect(largest.value).toBeLessThan(steepest * 1.3);
    // Student: 1.96 standard deviations of a mean of 1000.
    const values = gradients.map((g, i) => norm(g) * norm(points[i]!));
    const spread = Math.sqrt(average(values.map((value) => (value - expected) ** 2)) / 1000);
    expect((sensitivity!.interval[1] - sensitivity!.interval[0]) / (2 * 1.9623 * spread)).toBeCloseTo(1, 2);
  });

  it.each(['random-tanh', 'random-square', 'tangent-tanh', 'tangent-square'])(
    '%s: the sensitivity is that of the ONNX file, by central differences of its values',
    async (family) => {
      const parameters = parametersOf('gauss', family);
      const { result, model } = await execute(parameters);
      const { fresh, dataset } = settingOf(parameters);
      const [d, h, count] = [8, 1e-5, 1000];
      const moved = Float64Array.from({ length: count * 2 * d * d }, (_, at) => {
        const [j, side, axis, i] = [
          at % d,
          Math.floor(at / d) % 2,
          Math.floor(at / (2 * d)) % d,
          Math.floor(at / (2 * d * d)),
        ];
        return fresh.x[i * d + j]! + (j === axis ? (side === 0 ? h : -h) : 0);
      });
      const values = async (x: Float64Array) => {
        const g = importForBatch(decodeModel(model!), x.length / d);
        const [name] = Object.keys(g.outputs);
        const found = await evaluate(
          { y: g.outputs[name!]! },
          { [g.inputs[0]!.node.attributes.name as string]: x },
        );
        return found.y.data as Float64Array;
      };
      const y = await values(moved);
      const slopes = Array.from({ length: count * d }, (_, i) => (y[2 * i]! - y[2 * i + 1]!) / (2 * h));
      const points = rowsOf(fresh.x, d);
      const expected = average(rowsOf(slopes, d).map((g, i) => norm(g) * norm(points[i]!)));
      expect(result.gradients!.sensitivity!.value / expected).toBeCloseTo(1, 5);
      // It interpolates, in the file as in the trial.
      const fitted = await values(Float64Array.from(dataset.x));
      expect(Math.max(...fitted.map((value, i) => Math.abs(value - dataset.y[i]!)))).toBeLessThan(1e-8);
      expect(result.interpolationError).toBeLessThan(1e-8);
      expect(result).toMatchObject({ memorization: 'perfect', memorized: true });
    },
  );

  it('count what is fitted, and tell the fixed weights apart', async () => {
    const random = (await execute(parametersOf('gauss', 'random-tanh'))).result;
    expect([random.parameterCount, random.fixedParameters]).toEqual([90, 90 * 8]);
    const tangent = (await execute(parametersOf('gauss', 'tangent-tanh'))).result;
    expect([tangent.parameterCount, tangent.fixedParameters]).toEqual([15 * 8, 15 * 8]);
  });

  it('have a certificate where there is one: |theta| |V| for tanh, none for what grows like |x|^2', async () => {
    const parameters = parametersOf('gauss', 'random-tanh');
    const { result } = await execute(parameters);
    const { dataset, weights } = settingOf(parameters);
    const V = randomFeatures(8, 90, 1, 'tanh', weights, 1).projection.data as Float64Array;
    const phi = rowsOf(dataset.x, 8).flatMap((x) => rowsOf(V, 8).map((v) => Math.tanh(inner(v, x))));
    const theta = leastNorm(matrix(30, 90, Float64Array.from(phi)), dataset.y);
    const { upper, lower } = result.lipschitz;
    expect(upper.value / (norm(theta) * singularValues(matrix(90, 8, V))[0]!)).toBeCloseTo(1, 6);
    expect(lower!.value).toBeLessThanOrEqual(upper.value);
    expect(lower!.value).toBeGreaterThanOrEqual(result.gradients!.largest.value);
    // Theorem 3 for linear functions of bounded features: a bound that the certificate must not undercut.
    expect(result.law.certifiedBound!).toBeLessThanOrEqual(upperEnd(upper));
    for (const family of ['random-square', 'tangent-tanh', 'tangent-square']) {
      const { lipschitz, law } = (await execute(parametersOf('gauss', family))).result;
      expect(upperEnd(lipschitz.upper)).toBe(Infinity);
      expect(lipschitz.upper.method).toBe('none: gradients of these features grow with |x|');
      expect(lipschitz.lower!.value).toBeGreaterThan(0);
      expect(law.certifiedBound).toBeUndefined();
    }
  });

  it('give the same bits again, and other weights for other seeds', async () => {
    for (const family of ['random-tanh', 'tangent-square']) {
      const parameters = parametersOf('gauss', family);
      const first = toJson((await execute(parameters)).result);
      expect(toJson((await execute(parameters)).result)).toBe(first);
      const other = PLAN.trials.find(
        ({ parameters: { trial } }) => trial.family === family && trial.seed === 1,
      )!.parameters;
      expect(toJson((await execute(other)).result)).not.toBe(first);
    }
  });

  it('add neurons to the same ones as the size grows', () => {
    const key = settingOf(parametersOf('gauss', 'random-tanh')).weights;
    const [small, large] = [5, 9].map(
      (k) => randomFeatures(8, k, 1, 'tanh', key, 1).projection.data as Float64Array,
    );
    expect(large!.slice(0, 40)).toEqual(small!);
  });

  it('take one point in one dimension, and classes of images', async () => {
    const single = (await execute(parametersOf('single', 'random-tanh'))).result;
    expect(single.interpolationError).toBeLessThan(1e-12);
    expect(single.memorized).toBe(true);
    const digits = (await execute(parametersOf('digits', 'random-tanh'))).result;
    expect(digits.memorized).toBe(true);
    expect(digits.parameterCount).toBe(10 * 3 * 40);
    expect(digits.fixedParameters).toBe(3 * 40 * 64);
    expect(digits.gradients!.source).toMatch(/rows of optical digits/);
    // No theorem is at hand for real data.
    expect(digits.law.certifiedBound).toBeUndefined();
  });

  it('that are linearly dependent fail with what to do: squares span d (d + 1) / 2 dimensions', async () => {
    const plan = planOf(STUDY.replace('n: 30, d: 8', 'n: 30, d: 4'));
    await expect(execute(parametersOf('gauss', 'random-square', plan))).rejects.toThrow(
      /features of the 30 points are linearly dependent to working precision/,
    );
  });

  // Read off the plots of the code that Bombari, Kiyani and Mondelli (2023) publish: n = 1600 points, d = 1000, k = 600.
  it('have the sensitivities that were published', async () => {
    const plan = planOf(
      STUDY.replace('n: 30, d: 8', 'n: 1600, d: 1000')
        .replace('activation: square, sizes: [n/2]', 'activation: square, sizes: [600]')
        .replace('activation: tanh, sizes: [n/2]', 'activation: tanh, sizes: [600]'),
    );
    const sensitivity = async (family: string) =>
      (await execute(parametersOf('gauss', family, plan))).result.gradients!.sensitivity!.value;
    expect((await sensitivity('tangent-square')) / 3.5).toBeCloseTo(1, 1);
    expect((await sensitivity('tangent-tanh')) / 24.5).toBeCloseTo(1, 1);
  }, 300_000);
});

describe('the sensitivity', () => {
  it('of a linear function is |w| E |z|, whatever the scale of the points', async () => {
    const w = [3, -4, 12];
    const z = normal(rng('z'), 300);
    for (const scale of [1e-6, 1, 1e6]) {
      const graphFor = (batch: number) => {
        const x = input('x', 'float64', [batch, 3]);
        const row = constant(
          tensor(
            'float64',
            [1, 3],
            Float64Array.from(w, (entry) => entry / scale),
          ),
        );
        return graph([x], { y: linear(x, row) });
      };
      const x = z.map((entry) => entry * scale);
      const { sensitivity } = await gradientSample(graphFor, { x, count: 100, source: 'normal' });
      expect(sensitivity!.value / (13 * average(rowsOf(z, 3).map(norm)))).toBeCloseTo(1, 12);
      expect(sensitivity!.interval[0]).toBeLessThan(sensitivity!.value);
      expect(sensitivity!.interval[1]).toBeGreaterThan(sensitivity!.value);
    }
  });
});

describe('the analysis of features', () => {
  it('fits sensitivities, and says how many functions have no certificate', async () => {
    const text = STUDY.replace('tanh, sizes: [3n]', 'tanh, sizes: [2n, 4n, 8n]')
      .replace(
        '[random-tanh, tangent-tanh, tangent-square, random-square], seeds: 2',
        '[random-tanh, tangent-square], seeds: 3',
      )
      .replace(
        '  - { data: [single, digits], families: [random-tanh], measures: [gradients] }\n',
        'analysis: { fits: [{ title: F, quantity: sensitivity, predictor: P, per: [family] }] }\n',
      );
    const study = parseStudy('features.yaml', text);
    const outcomes: TrialOutcome[] = [];
    for (const { parameters } of planStudy(study).trials) {
      const { result } = await execute(parameters);
      outcomes.push({ state: 'done', trial: parameters.trial, result, seconds: 0 });
    }
    const { verdict, predictorFits, checks } = analyse(study, outcomes);
    expect(verdict[0]).toMatch(
      /^The certified Lipschitz constants of 9 functions .* 3 functions have no certificate\.$/,
    );
    expect(verdict[1]).toContain(
      'All 12 trials agree with the law: no certified constant lies below the bound',
    );
    expect(checks.every(({ holds }) => holds)).toBe(true);
    const { points, line } = predictorFits![0]!.groups.find(({ name }) => name === 'random-tanh')!;
    expect(points).toHaveLength(9);
    // Least squares of the logarithms, by the textbook.
    const [x, y] = [points.map((p) => Math.log(p.x)), points.map((p) => Math.log(p.y))];
    const [mx, my] = [average(x), average(y)];
    const slope =
      inner(
        x.map((v) => v - mx),
        y.map((v) => v - my),
      ) /
      inner(
        x.map((v) => v - mx),
        x.map((v) => v - mx),
      );
    expect(line!.slope.value).toBeCloseTo(slope, 9);
    const measured = outcomes.flatMap((one) =>
      one.state === 'done' && one.trial.family === 'random-tanh'
        ? [one.result.gradients!.sensitivity!.value]
        : [],
    );
    expect(points.map((p) => p.y).toSorted()).toEqual(measured.toSorted());
  });
});

describe('bad input', () => {
  it.each([
    [
      'tangent features of an activation with a kink',
      'tangent, activation: tanh',
      'tangent, activation: relu',
      /families\.tangent-tanh\.activation: "relu"; expected one of .*"tanh"/,
    ],
    [
      'an unknown activation',
      'random, activation: tanh',
      'random, activation: tahn',
      /"tahn".*did you mean "tanh"/,
    ],
    [
      'features without an activation',
      'random, activation: tanh,',
      'random,',
      /families\.random-tanh\.activation/,
    ],
    [
      'unknown features',
      'features: random, activation: tanh',
      'features: rondom, activation: tanh',
      /families\.random-tanh\.features: "rondom".*did you mean "random"/,
    ],
    ['a size of 0', 'sizes: [3n]', 'sizes: [0]', /families\.random-tanh\.sizes\[0\]: 0; expected/],
    [
      'a training of features',
      'sizes: [3n]',
      'sizes: [3n], training: {}',
      /families\.random-tanh\.training: unknown key/,
    ],
    [
      'a fit of sensitivities that nobody measures',
      'measures: [gradients, model]',
      'measures: [model]',
      /analysis\.fits\[0\]\.quantity: "sensitivity" needs an entry of trials with measures: \[gradients\]/,
    ],
  ])('refuses %s, naming the field', (_, from, to, message) => {
    const fits = 'analysis: { fits: [{ title: F, quantity: sensitivity, predictor: P }] }\ntrials:';
    const text = STUDY.replace(
      '  - { data: [single, digits], families: [random-tanh], measures: [gradients] }\n',
      '',
    )
      .replace('trials:', fits)
      .replace(from, to);
    expect(() => planOf(text)).toThrow(message);
  });

  it('skips sizes with fewer features than points, and says why', () => {
    const { notes, trials } = planOf(
      STUDY.replace('tanh, sizes: [3n]', 'tanh, sizes: [n/2, n]').replace(
        'tanh, sizes: [n/2]',
        'tanh, sizes: [3, 4]',
      ),
    );
    expect(notes).toContain(
      'gauss, random-tanh: skipped size n/2 = 15: 15 features are fewer than the n = 30 points, whose labels they cannot all fit',
    );
    expect(notes).toContain(
      'gauss, tangent-tanh: skipped size 3: 24 features are fewer than the n = 30 points, whose labels they cannot all fit',
    );
    const sizes = trials.flatMap(({ parameters: { trial } }) =>
      trial.family === 'tangent-tanh' ? [trial.size] : [],
    );
    expect(new Set(sizes)).toEqual(new Set([4]));
  });
});
