import { describe, expect, it } from 'vitest';
import { modelFromOnnx } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { rng } from '../../src/random/index.ts';
import { makeChoice } from '../../src/study/data-choice.ts';
import { execute } from '../../src/study/execute.ts';
import { toJson } from '../../src/study/json.ts';
import { planStudy } from '../../src/study/plan.ts';
import { parseStudy } from '../../src/study/specification.ts';

const STUDY = `
name: trained
title: Trained families
seed: 5
data:
  gauss: { distribution: gaussian, n: 60, d: 20, labels: { signal: zero, noise: signs } }
  noisy: { distribution: gaussian, n: 60, d: 10, labels: { signal: linear, noise: { kind: gaussian, sigma: 0.5 } } }
  digits: { source: optical-digits, n: 60, task: one-hot, normalize: true }
families:
  normalised:
    train: { model: two-layer, batchNorm: true }
    sizes: [n/2]
    training: { learningRate: 0.01, schedule: constant, steps: 500, stop: { signs: 0.02 } }
  too-short: { train: { model: two-layer }, sizes: [20], training: { steps: 3, stop: { signs: 0.02 } } }
  early: { train: { model: two-layer }, sizes: [40], training: { learningRate: 0.005, schedule: constant, steps: 2000, stop: { noiseLevel: 0.25 } } }
  late: { train: { model: two-layer }, sizes: [40], training: { learningRate: 0.005, schedule: constant, steps: 2000, stop: { memorized: 0.05 } } }
  network: { train: { model: mlp, layers: 2 }, sizes: [16], training: { loss: cross-entropy, learningRate: 0.01, steps: 300, batch: 30, stop: { accuracy: 1 } } }
  images: { train: { model: cnn, layers: 1 }, sizes: [2], training: { learningRate: 0.01, steps: 100, stop: { accuracy: 1 } } }
  attention: { train: { model: vision-transformer, depth: 1 }, sizes: [8], training: { learningRate: 0.01, steps: 30 } }
  diverging: { train: { model: two-layer }, sizes: [20], training: { optimiser: sgd, learningRate: 1.0e+6, steps: 200 } }
  linear: { memorizer: minimum-norm }
trials:
  - { data: [gauss], families: [normalised, too-short, diverging], measures: [gradients, model], search: sample }
  - { data: [noisy], families: [early, late], measures: [trajectory], search: sample }
  - { data: [digits], families: [network, images, attention], measures: [gradients], search: sample }
  - { data: [gauss], families: [linear], measures: [gradients] }
`;
const PLAN = planStudy(parseStudy('trained.yaml', STUDY));
const run = (data: string, family: string) =>
  execute(
    PLAN.trials.find(({ parameters: { trial } }) => trial.data === data && trial.family === family)!
      .parameters,
  );

describe('trained families', () => {
  it('with batch normalisation memorize as the training says, in use as in training', async () => {
    const { result, model } = await run('gauss', 'normalised');
    expect(result.training!.reason).toBe('memorized');
    expect(result.memorized).toBe(true);
    expect(result.meanSquaredError).toBeLessThanOrEqual(0.02 * 1.001);
    expect(result.parameterCount).toBe(30 * 20 + 2 * 30 + 31);
    expect(modelFromOnnx(decodeModel(model!)).parameterCount).toBe(result.parameterCount);
    const { upper, lower } = result.lipschitz;
    const { largest, meanSquare, points } = result.gradients!;
    expect(points).toBe(1000);
    expect(lower!.value).toBeLessThanOrEqual(upperEnd(upper));
    expect(largest.value).toBeLessThanOrEqual(lower!.value);
    expect(meanSquare.value).toBeLessThanOrEqual(largest.value ** 2 * (1 + 1e-6));
    // Interpolating opposite signs up to the square root of the error takes at least this slope.
    expect(lower!.value).toBeGreaterThan(1);
  });

  it('that did not memorize are results, and marked', async () => {
    const { result } = await run('gauss', 'too-short');
    expect(result.training).toMatchObject({ reason: 'step limit', steps: 3 });
    expect(result.memorized).toBe(false);
    expect(result.memorization).toBe('none');
    expect(result.lipschitz.lower!.value).toBeGreaterThan(0);
  });

  it('that diverge say so, with what to do', async () => {
    await expect(run('gauss', 'diverging')).rejects.toThrow(
      /diverged after \d+ steps; use a learning rate below 1000000/,
    );
  });

  it('stop at the noise level where asked, and are smoother than those that go on to the labels', async () => {
    const [early, late] = [(await run('noisy', 'early')).result, (await run('noisy', 'late')).result];
    expect(early.training!.reason).toBe('noise-level');
    expect(early.meanSquaredError).toBeLessThanOrEqual(0.25 * 1.001);
    expect(early.meanSquaredError).toBeGreaterThan(0.125);
    expect(early.memorized).toBe(false);
    expect(late.memorized).toBe(true);
    // Certified: no rounding or sampling can turn this around.
    expect(upperEnd(early.lipschitz.upper)).toBeLessThan(late.lipschitz.lower!.value);
  });

  it('have a trajectory that ends with the function of the trial', async () => {
    const { result } = await run('noisy', 'late');
    const trajectory = result.trajectory!;
    expect(trajectory[0]!.step).toBe(0);
    expect(trajectory.at(-1)).toEqual({
      step: result.training!.steps,
      meanSquaredError: result.meanSquaredError,
      upper: result.lipschitz.upper,
      lower: result.lipschitz.lower,
    });
    // The loss of the training is the mean squared error, counted in float32.
    const losses = new Map(result.training!.losses.map(([step, loss]) => [step, loss]));
    for (const { step, meanSquaredError, upper, lower } of trajectory) {
      expect(lower.value).toBeLessThanOrEqual(upperEnd(upper));
      const loss = losses.get(step);
      if (loss !== undefined) expect(meanSquaredError / loss).toBeCloseTo(1, 3);
    }
    const steps = trajectory.map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].toSorted((a, b) => a - b));
  });

  it('take classes and images, and mini-batches', async () => {
    const { result } = await run('digits', 'network');
    expect(result.parameterCount).toBe(64 * 16 + 16 + 16 * 16 + 16 + 16 * 10 + 10);
    expect(result.memorized).toBe(true);
    expect(result.gradients!.source).toMatch(/rows of optical digits/);
    // |J|_op <= |J|_F, at every point and so at the steepest.
    expect(result.lipschitz.lower!.value).toBeLessThanOrEqual(upperEnd(result.lipschitz.upper));
    const images = (await run('digits', 'images')).result;
    expect(images.gradients!.largest.value).toBeLessThanOrEqual(upperEnd(images.lipschitz.upper));
    // No theorem is at hand for classes of images.
    expect(images.law.certifiedBound).toBeUndefined();
  });

  it('with attention have no finite certificate, which is said, and a witness', async () => {
    const { result } = await run('digits', 'attention');
    expect(upperEnd(result.lipschitz.upper)).toBe(Infinity);
    expect(result.lipschitz.upper.method).toMatch(/no finite global bound/);
    expect(result.lipschitz.lower!.value).toBeGreaterThan(0);
  });

  it('give the same bits again, gradients and trajectories included', async () => {
    for (const [data, family] of [
      ['gauss', 'normalised'],
      ['noisy', 'early'],
    ] as const) {
      expect(toJson((await run(data, family)).result)).toBe(toJson((await run(data, family)).result));
    }
  });

  it('end where the time of a trial is over, and say so', async () => {
    const text = STUDY.replace('trials:', 'limits: { seconds: 1.0e-9 }\ntrials:');
    const { trials } = planStudy(parseStudy('trained.yaml', text));
    const { parameters } = trials.find(({ parameters: { trial } }) => trial.family === 'late')!;
    const { training, trajectory, lipschitz } = (await execute(parameters)).result;
    expect(training).toMatchObject({ reason: 'time limit', steps: 0 });
    expect(trajectory).toHaveLength(1);
    expect(lipschitz.lower!.value).toBeLessThanOrEqual(upperEnd(lipschitz.upper));
  });

  it('are interrupted without a result', async () => {
    const { parameters } = PLAN.trials.find(({ parameters: { trial } }) => trial.family === 'early')!;
    await expect(execute(parameters, () => true)).rejects.toThrow(/interrupted after 0 steps/);
  });
});

describe('memorizers', () => {
  it('by the least norm have gradients of |w| everywhere: largest, constant and mean agree', async () => {
    const text = STUDY.replace('n: 60, d: 20', 'n: 20, d: 60');
    const { trials } = planStudy(parseStudy('trained.yaml', text));
    const { parameters } = trials.find(({ parameters: { trial } }) => trial.family === 'linear')!;
    const { result } = await execute(parameters);
    const constant = result.lipschitz.upper.value;
    expect(result.gradients!.largest.value / constant).toBeCloseTo(1, 9);
    expect(Math.sqrt(result.gradients!.meanSquare.value) / constant).toBeCloseTo(1, 9);
    // |w|^2 = y^T (X X^T)^-1 y by conjugate gradients on the normal equations.
    const { x, y } = makeChoice(parameters.data, rng(5).split('data').split('gauss').split(0));
    expect(constant).toBeCloseTo(leastNorm(x as Float64Array, y, 20, 60), 6);
  });
});

describe('bad input', () => {
  const refuse = (from: string, to: string, message: RegExp) =>
    expect(() => planStudy(parseStudy('trained.yaml', STUDY.replace(from, to)))).toThrow(message);

  it.each([
    ['a size of 0', 'sizes: [n/2]', 'sizes: [0]', /families\.normalised\.sizes\[0\]: 0; expected/],
    [
      'an unknown field of a model',
      'batchNorm: true',
      'batchNorms: true',
      /families\.normalised\.train\.batchNorms: unknown key/,
    ],
    [
      'an unknown field of a training',
      'steps: 3,',
      'step: 3,',
      /families\.too-short\.training\.step: unknown key/,
    ],
    ['an unknown model', 'model: mlp', 'model: mpl', /families\.network\.train/],
    [
      'a batch larger than n',
      'batch: 30',
      'batch: 61',
      /families\.network\.training\.batch: 61; expected at most the n = 60 points/,
    ],
    [
      'a limit of no time',
      'trials:',
      'limits: { seconds: 0 }\ntrials:',
      /limits\.seconds: 0; expected a number > 0/,
    ],
    ['an unknown search', 'search: sample', 'search: quick', /trials\[0\]\.search: "quick"/],
    [
      'an unknown measure',
      'measures: [trajectory]',
      'measures: [trajectories]',
      /"trajectories".*did you mean "trajectory"/,
    ],
  ])('refuses %s, naming the field', (_, from, to, message) => {
    refuse(from, to, message);
  });

  it.each([
    [
      'families: [normalized]',
      /analysis\.fits\[0\]\.families\[0\]: there is no family "normalized"; did you mean "normalised"/,
    ],
    ['data: [gaus]', /analysis\.fits\[0\]\.data\[0\]: there is no data set "gaus"; did you mean "gauss"/],
    ['predictor: sqrt(k/n)', /analysis\.fits\[0\]\.predictor: "sqrt\(k\/n\)"/],
    ['bins: 0', /analysis\.fits\[0\]\.bins: 0/],
    ['published: [figure-2]', /analysis\.fits\[0\]\.published\[0\]/],
  ])('refuses a fit with %s', (field, message) => {
    const known = field.startsWith('predictor') ? '' : 'predictor: n, ';
    refuse(
      'trials:',
      `analysis: { fits: [{ title: F, quantity: upper, ${known}${field} }] }\ntrials:`,
      message,
    );
  });

  it('refuses a fit of gradients that nobody measures', () => {
    const text = STUDY.replaceAll('gradients', 'model');
    const fits = 'analysis: { fits: [{ title: F, quantity: gradients, predictor: n }] }\ntrials:';
    expect(() => parseStudy('trained.yaml', text.replace('trials:', fits))).toThrow(
      /quantity: "gradients" needs an entry of trials with measures: \[gradients\]/,
    );
  });

  it('skips sizes that are nothing on the data, with a note', () => {
    const { notes } = planStudy(
      parseStudy('trained.yaml', STUDY.replace('sizes: [n/2]', 'sizes: [n/200, n/2]')),
    );
    expect(notes.join()).toContain('gauss, normalised: skipped size n/200 = 0: is 0 on these data');
  });
});

/** |w| for the w of least norm with X w = y: conjugate gradients on X X^T a = y, then |X^T a|. */
function leastNorm(x: Float64Array, y: Float64Array, n: number, d: number): number {
  const gram = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += x[i * d + k]! * x[j * d + k]!;
      return sum;
    }),
  );
  const product = (v: readonly number[]) => gram.map((row) => row.reduce((sum, g, j) => sum + g * v[j]!, 0));
  const inner = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  let a = new Array<number>(n).fill(0);
  let r = Array.from(y);
  let p = r;
  for (let step = 0; step < 5 * n && inner(r, r) > 1e-26; step++) {
    const image = product(p);
    const rate = inner(r, r) / inner(p, image);
    a = a.map((value, i) => value + rate * p[i]!);
    const next = r.map((value, i) => value - rate * image[i]!);
    const turn = inner(next, next) / inner(r, r);
    r = next;
    p = r.map((value, i) => value + turn * p[i]!);
  }
  return Math.sqrt(inner(a, product(a)));
}
