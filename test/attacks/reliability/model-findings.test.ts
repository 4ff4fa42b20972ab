// Models with one defect each, made from a sound classifier of real digits: exactly that defect is found, and none in the sound one.
import { expect, test } from 'vitest';
import {
  createVictim,
  type Finding,
  modelFindings,
  oneHot,
  randomisedOutput,
  type Victim,
} from '../../../src/attacks/index.ts';
import {
  add,
  div,
  emit1,
  graph,
  Identity,
  type InputBounds,
  input,
  linear,
  log,
  type Model,
  modelFrom,
  mul,
  parameter,
  relu,
  round,
  sigmoid,
  softmax,
  sub,
  tensor,
} from '../../../src/graph/index.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { CLASSES, digits, FEATURES, nearestMean, victimOf } from './digits.ts';

const ROWS = 400;
const { points: PIXELS, labels: LABELS } = digits(ROWS);

async function findings(
  model: Model,
  points = PIXELS,
  labels: readonly number[] = LABELS,
  bounds: InputBounds = [0, 1],
): Promise<readonly Finding[]> {
  const victim = await victimOf(model);
  const found = await modelFindings(model, victim, points, oneHot(labels, victim.outputs), bounds, [1, 8, 8]);
  await victim.dispose();
  return found;
}

const named = (found: readonly Finding[]) => found.map(({ id, severity }) => `${id}: ${severity}`);

test('a sound model has no findings', async () => {
  expect(await findings(nearestMean())).toEqual([]);
  expect(await findings(nearestMean(), PIXELS, LABELS, [-Infinity, Infinity])).toEqual([]);
  // A rounding error below 0 is no other range.
  expect(
    await findings(
      nearestMean(),
      PIXELS.map((v) => v - 3e-8),
    ),
  ).toEqual([]);
});

test('a sound network with hidden layers has no findings', async () => {
  // The first layer keeps x and -x in positive parts, so the network is the sound model.
  const split = parameter(
    'split',
    tensor(
      'float32',
      [2 * FEATURES, FEATURES],
      Float64Array.from({ length: 2 * FEATURES * FEATURES }, (_, at) => {
        const [i, j] = [Math.floor(at / FEATURES), at % FEATURES];
        return i % FEATURES === j ? (i < FEATURES ? 1 : -1) : 0;
      }),
    ),
  );
  const join = parameter(
    'join',
    tensor(
      'float32',
      [FEATURES, 2 * FEATURES],
      Float64Array.from({ length: 2 * FEATURES * FEATURES }, (_, at) => {
        const [j, i] = [Math.floor(at / (2 * FEATURES)), at % (2 * FEATURES)];
        return i % FEATURES === j ? (i < FEATURES ? 1 : -1) : 0;
      }),
    ),
  );
  const before = (x: Parameters<typeof relu>[0]) => linear(relu(linear(x, split)), join);
  expect(await findings(nearestMean({ before }))).toEqual([]);
});

test('quantised inputs have zero gradients', async () => {
  const before = (x: Parameters<typeof round>[0]) => div(round(mul(x, 16)), 16);
  const found = await findings(nearestMean({ before }));
  expect(named(found)).toEqual(['zero-gradients: critical']);
  expect(found[0]!.evidence).toEqual({ rows: ROWS, zero: ROWS, operators: 'Round' });
});

test('a cold softmax that cannot be cut off: probabilities and zero gradients', async () => {
  const after = (z: Parameters<typeof softmax>[0]) => emit1(Identity, [softmax(mul(z, 1e6))]);
  const found = await findings(nearestMean({ after }));
  expect(named(found)).toEqual(['softmax-output: critical', 'zero-gradients: critical']);
  expect(found[0]!.evidence).toMatchObject({ rows: ROWS, operator: 'Identity' });
  expect(found[0]!.evidence.probabilityOne).toBeGreaterThan(0.99 * ROWS);
});

test('a mild softmax that cannot be cut off is a warning; one at the end is left out', async () => {
  const mild = (z: Parameters<typeof softmax>[0]) => emit1(Identity, [softmax(mul(z, 0.1))]);
  expect(named(await findings(nearestMean({ after: mild })))).toEqual(['softmax-output: warning']);
  const last = (z: Parameters<typeof softmax>[0]) => softmax(z);
  expect(named(await findings(nearestMean({ after: last })))).toEqual(['softmax-output: info']);
});

test('scores too far apart: the cross-entropy has no gradient, the margin has', async () => {
  const found = await findings(nearestMean({ sharpness: 1e4 }));
  expect(named(found)).toEqual(['vanishing-gradients: warning']);
  expect(found[0]!.evidence).toMatchObject({ tiny: 0 });
  expect(found[0]!.evidence.saturated).toBeGreaterThan(0.85 * ROWS);
});

test('a slope below what float32 resolves is no slope', async () => {
  // A smooth step x^2 (3 - 2x) has the slope 6 x (1 - x): 6e-10 at nearly black pixels and 0 at white ones.
  const before = (x: Parameters<typeof sigmoid>[0]) => mul(mul(x, x), sub(3, mul(2, x)));
  const found = await findings(
    nearestMean({ before }),
    PIXELS.map((v) => (v > 0.5 ? 1 : 1e-10)),
  );
  expect(named(found)).toEqual(['vanishing-gradients: critical']);
  expect(found[0]!.evidence).toMatchObject({ tiny: ROWS });
});

/** Images of ten shades of grey, each a class of its own, with a little noise; and the model that knows the shades. */
function shades(before: (x: ReturnType<typeof linear>) => ReturnType<typeof linear>) {
  const noise = normal(rng('shades'), ROWS * FEATURES);
  const points = new Float32Array(ROWS * FEATURES);
  const labels = Array.from({ length: ROWS }, (_, i) => i % CLASSES);
  points.forEach((_, at) => {
    const grey = 0.05 + 0.1 * labels[Math.floor(at / FEATURES)]! + 0.03 * noise[at]!;
    points[at] = Math.min(Math.max(grey, 0), 1);
  });
  // 2 <m, x> - |m|^2 for m = s (1, ..., 1), divided by the 64 features.
  const shade = Float64Array.from({ length: CLASSES }, (_, k) => 0.05 + 0.1 * k);
  const w = parameter(
    'w',
    tensor(
      'float32',
      [CLASSES, FEATURES],
      Float64Array.from({ length: CLASSES * FEATURES }, (_, at) => 0.2 * shade[Math.floor(at / FEATURES)]!),
    ),
  );
  const b = parameter(
    'b',
    tensor(
      'float32',
      [CLASSES],
      shade.map((s) => -6.4 * s * s),
    ),
  );
  const model = modelFrom('shades', (batch) => {
    const x = input('x', 'float32', [batch, FEATURES]);
    return graph([x], { y: linear(before(x), w, b) });
  });
  return { model, points, labels };
}

test('forgotten division by 255, on both sides', async () => {
  const { model, points, labels } = shades((x) => x);
  const bytes = points.map((v) => 255 * v);
  expect(await findings(model, points, labels)).toEqual([]);
  const forgotten = await findings(model, bytes, labels, [0, 255]);
  expect(named(forgotten)).toEqual(['normalisation: critical']);
  expect(forgotten[0]!.evidence).toMatchObject({ normalisation: 'divided by 255', accuracy: 0.1 });
  expect(forgotten[0]!.evidence.accuracyThen).toBeGreaterThan(0.95);
  const inBytes = shades((x) => div(x, 255)).model;
  const found = await findings(inBytes, points, labels);
  expect(named(found)).toEqual(['normalisation: critical']);
  expect(found[0]!.evidence).toMatchObject({ normalisation: 'multiplied by 255', accuracy: 0.1 });
  // The right units on this side too.
  expect(await findings(inBytes, bytes, labels, [0, 255])).toEqual([]);
});

test.each([
  ['normalised as usual for MNIST', 0.1307, 0.3081],
  ['mapped from [0, 1] to [-1, 1]', 0.5, 0.5],
])('a model of points %s', async (name, mean, sd) => {
  const { model, points, labels } = shades((x) => add(mul(x, sd), mean));
  const found = await findings(model, points, labels);
  expect(found.map(({ id }) => id)).toEqual(['normalisation']);
  expect(found[0]!.evidence.accuracyThen).toBeGreaterThan(0.95);
  expect(found[0]!.evidence.normalisation).toBe(name);
  const bytes = await findings(
    model,
    points.map((v) => 255 * v),
    labels,
    [0, 255],
  );
  expect(bytes.map(({ id }) => id)).toEqual(['normalisation']);
  expect(bytes[0]!.evidence.normalisation).toBe(`divided by 255 and ${name}`);
});

test('a model of standardised points, and one of inverted images', async () => {
  const x = shades((v) => v).points;
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const sd = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length);
  const { model, points, labels } = shades((v) => add(mul(v, sd), mean));
  const found = await findings(model, points, labels);
  expect(found.map(({ id }) => id)).toEqual(['normalisation']);
  expect(found[0]!.evidence.normalisation).toBe('standardised by their mean and standard deviation');
  const inverted = await findings(nearestMean({ before: (v) => sub(1, v) }));
  expect(inverted.map(({ id }) => id)).toEqual(['normalisation']);
  expect(inverted[0]!.evidence.normalisation).toBe('inverted, 1 - x');
});

test('data outside of the bounds, by more than rounding, or with another unit', async () => {
  const model = nearestMean();
  const below = await findings(
    model,
    PIXELS.map((v) => v - 0.1),
  );
  expect(named(below)).toEqual(['input-range: critical']);
  expect(below[0]!.evidence.outside).toBe(PIXELS.filter((v) => v < 0.1).length);
  const wide = await findings(model, PIXELS, LABELS, [0, 255]);
  expect(named(wide)).toEqual(['input-range: warning']);
  const bytes = await findings(
    nearestMean({ before: (x) => div(x, 255) }),
    PIXELS.map((v) => 255 * v),
  );
  expect(named(bytes)).toEqual(['input-range: critical']);
  expect(bytes[0]!.explanation).toMatch(/look like bytes/);
});

test('classes that are numbered otherwise', async () => {
  const names = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];
  const permuted = await findings(nearestMean({ names }));
  expect(named(permuted)).toEqual(['labels-shifted: critical']);
  expect(permuted[0]!.evidence.renaming).toContain('class 3 is labelled 0');
  const shifted = await findings(nearestMean({ names: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] }));
  expect(named(shifted)).toEqual(['labels-shifted: critical']);
  const swapped = await findings(nearestMean({ names: [0, 1, 2, 4, 3, 6, 5, 7, 8, 9] }));
  expect(named(swapped)).toEqual(['labels-shifted: critical']);
  expect(swapped[0]!.evidence.renaming).toBe(
    'class 3 is labelled 4, class 4 is labelled 3, class 5 is labelled 6, class 6 is labelled 5',
  );
});

test('random labels are no renaming, and a model that is wrong is not always mended', async () => {
  const random = Array.from(normal(rng('labels'), ROWS), (v) => Math.floor(1000 * Math.abs(v)) % CLASSES);
  expect(await findings(nearestMean(), PIXELS, random)).toEqual([]);
});

test('a constant model, and one of NaN', async () => {
  const flat = await findings(nearestMean({ before: (x) => mul(x, 0) }));
  expect(named(flat)).toEqual(['constant-output: critical']);
  // Whatever the constant is: in [0, 1] with the sum 1, too.
  const even = await findings(nearestMean({ after: (z) => add(mul(z, 0), 1 / CLASSES) }));
  expect(named(even)).toEqual(['constant-output: critical']);
  const broken = await findings(nearestMean({ after: (z) => log(sub(z, 1e9)) }));
  expect(named(broken)).toEqual(['nan-output: critical']);
});

test('two and three classes: what takes the place of DLR', async () => {
  for (const classes of [2, 3]) {
    const w = parameter('w', tensor('float32', [classes, FEATURES], normal(rng('few'), classes * FEATURES)));
    const model = modelFrom('few', (batch) => {
      const x = input('x', 'float32', [batch, FEATURES]);
      return graph([x], { y: linear(x, w) });
    });
    const victim = await victimOf(model);
    const scores = await victim.scores(PIXELS);
    const labels = LABELS.map((_, i) => {
      const row = [...scores.subarray(i * classes, (i + 1) * classes)];
      return row.indexOf(Math.max(...row));
    });
    const found = await findings(model, PIXELS, labels);
    expect(named(found)).toEqual(['too-few-classes: info']);
    expect(found[0]!.evidence).toEqual({ classes, targets: classes - 1 });
    await victim.dispose();
  }
});

test('one output: a logit is fine, a sigmoid at the end is left out, a probability is read wrongly', async () => {
  const w = parameter('w', tensor('float32', [1, FEATURES], normal(rng('one'), FEATURES)));
  const one = (last: (z: ReturnType<typeof linear>) => ReturnType<typeof linear>) =>
    modelFrom('one', (batch) => {
      const x = input('x', 'float32', [batch, FEATURES]);
      return graph([x], { y: last(linear(x, w)) });
    });
  const victim = await victimOf(one((z) => z));
  const scores = await victim.scores(PIXELS);
  const labels = LABELS.map((_, i) => Number(scores[2 * i + 1]! > 0));
  await victim.dispose();
  const ids = async (model: Model) => named(await findings(model, PIXELS, labels));
  expect(await ids(one((z) => z))).toEqual(['too-few-classes: info']);
  expect(await ids(one((z) => sigmoid(z)))).toEqual(['softmax-output: info', 'too-few-classes: info']);
  expect(await ids(one((z) => emit1(Identity, [sigmoid(z)])))).toEqual([
    'softmax-output: critical',
    'too-few-classes: info',
  ]);
});

/** The victim with noise on its scores, another one at each evaluation. */
function noisy(victim: Victim, size: number): Victim {
  let evaluations = 0;
  return {
    ...victim,
    async scores(points) {
      const scores = await victim.scores(points);
      const noise = normal(rng('noise').split(evaluations++), scores.length);
      return scores.map((v, i) => v + size * noise[i]!);
    },
  };
}

test('scores that differ between evaluations', async () => {
  const victim = await victimOf(nearestMean());
  expect(await randomisedOutput(victim, PIXELS)).toBeUndefined();
  const small = await randomisedOutput(noisy(victim, 1e-4), PIXELS.subarray(0, 20 * FEATURES));
  expect(small).toMatchObject({ id: 'randomised-output', severity: 'warning' });
  const large = await randomisedOutput(noisy(victim, 10), PIXELS);
  expect(large).toMatchObject({ id: 'randomised-output', severity: 'critical' });
  expect(large!.evidence).toMatchObject({ rows: ROWS, differing: ROWS });
  await victim.dispose();
});

test('regression has no findings about classes', async () => {
  const w = parameter('w', tensor('float32', [1, FEATURES], normal(rng('regression'), FEATURES)));
  const model = modelFrom('regression', (batch) => {
    const x = input('x', 'float32', [batch, FEATURES]);
    return graph([x], { y: linear(x, w) });
  });
  const victim = await createVictim(model, { kind: 'regression', tolerance: 0.1 });
  const labels = await victim.scores(PIXELS);
  // At an error of exactly zero there is no slope, so the labels are off by a little.
  const noise = normal(rng('off'), ROWS);
  const off = labels.map((v, i) => v + 0.05 * noise[i]!);
  expect(await modelFindings(model, victim, PIXELS, off, [0, 1])).toEqual([]);
  const exact = await modelFindings(model, victim, PIXELS, labels, [0, 1]);
  expect(named(exact)).toEqual([]);
  await victim.dispose();
});
