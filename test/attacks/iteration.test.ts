// Many steps in one execution against the same steps one by one in float64, written out here: PGD and APGD in linf on small networks.
import { expect, test } from 'vitest';
import {
  apgd,
  createThreat,
  createVictim,
  margin,
  oneHot,
  pgd,
  type Task,
  type Threat,
} from '../../src/attacks/index.ts';
import { randomStarts } from '../../src/attacks/steps.ts';
import { wrong } from '../../src/attacks/task.ts';
import { right } from '../../src/attacks/verdict.ts';
import {
  add,
  constant,
  type FloatType,
  graph,
  input,
  matMul,
  modelFrom,
  relu,
  tensor,
} from '../../src/graph/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { whenDone } from '../../src/stop.ts';

const [FEATURES, HIDDEN, CLASSES] = [12, 24, 3];
const float32 = (values: Float64Array) => values.map(Math.fround);

/** A network with one hidden layer, in float64 and as a model. */
function network(name: string, dtype: FloatType) {
  const w = float32(normal(rng(name).split('w'), FEATURES * HIDDEN));
  const v = float32(normal(rng(name).split('v'), HIDDEN * CLASSES));
  const weights = (values: Float64Array, shape: number[]) => constant(tensor(dtype, shape, values));
  const model = modelFrom(name, (batch) => {
    const x = input('x', dtype, [batch, FEATURES]);
    const hidden = relu(matMul(x, weights(w, [FEATURES, HIDDEN])));
    return graph([x], { y: add(matMul(hidden, weights(v, [HIDDEN, CLASSES])), 0) });
  });
  const at = (x: Float32Array, label: number) => {
    const before = Array.from({ length: HIDDEN }, (_, h) => sum(FEATURES, (j) => x[j]! * w[j * HIDDEN + h]!));
    const scores = Array.from({ length: CLASSES }, (_, k) =>
      sum(HIDDEN, (h) => Math.max(0, before[h]!) * v[h * CLASSES + k]!),
    );
    const others = scores.map((score, k) => (k === label ? -Infinity : score));
    const other = others.indexOf(Math.max(...others));
    const slope = (j: number) =>
      sum(HIDDEN, (h) =>
        before[h]! > 0 ? w[j * HIDDEN + h]! * (v[h * CLASSES + other]! - v[h * CLASSES + label]!) : 0,
      );
    return {
      scores,
      loss: scores[other]! - scores[label]!,
      wrong: scores.indexOf(Math.max(...scores)) !== label,
      signs: Array.from({ length: FEATURES }, (_, j) => Math.sign(slope(j))),
    };
  };
  return { model, at };
}

const sum = (n: number, of: (i: number) => number) =>
  Array.from({ length: n }, (_, i) => of(i)).reduce((a, b) => a + b, 0);

function setting(name: string, rows: number, dtype: FloatType = 'float32') {
  const net = network(name, dtype);
  const points = Float32Array.from(uniform(rng(name).split('x'), rows * FEATURES));
  const row = (i: number) => points.subarray(i * FEATURES, (i + 1) * FEATURES);
  const classes = Array.from({ length: rows }, (_, i) => {
    const { scores } = net.at(row(i), 0);
    return scores.indexOf(Math.max(...scores));
  });
  const ids = classes.map((_, i) => i);
  return { ...net, row, classes, samples: { points, labels: oneHot(classes, CLASSES), ids } };
}

const clipped = ({ radius }: Threat, x: Float32Array, z: ArrayLike<number>) =>
  Float32Array.from(z, (v, j) => Math.min(Math.max(v, x[j]! - radius, 0), x[j]! + radius, 1));

type At = ReturnType<typeof network>['at'];

/** PGD on the margin as defined: the first harmful point, or the last one. */
function plainPgd(
  at: At,
  threat: Threat,
  x: Float32Array,
  start: Float32Array,
  label: number,
  steps: number,
) {
  let current = start;
  for (let step = 0; step < steps; step++) {
    const { wrong: isWrong, signs } = at(current, label);
    if (isWrong) return current;
    const size = (2.5 * threat.radius) / steps;
    current = clipped(
      threat,
      x,
      signs.map((s, j) => current[j]! + size * s),
    );
  }
  return current;
}

/** APGD, algorithm 1 of Croce and Hein (2020), that ends at the first harmful point. */
function plainApgd(
  at: At,
  threat: Threat,
  x: Float32Array,
  start: Float32Array,
  label: number,
  steps: number,
) {
  let [current, previous, best] = [start, start, start];
  let { loss, signs, wrong: isWrong } = at(start, label);
  if (isWrong) return start;
  let [largest, size, rises, checked, halved] = [loss, 2 * threat.radius, 0, -Infinity, true];
  const share = (part: number) => Math.max(1, Math.floor(part * steps + 1e-9));
  let interval = share(0.22);
  let checkpoint = interval;
  for (let step = 1; step <= steps; step++) {
    const z = clipped(
      threat,
      x,
      signs.map((s, j) => current[j]! + size * s),
    );
    const moved = z.map(
      (v, j) => current[j]! + 0.75 * (v - current[j]!) + 0.25 * (current[j]! - previous[j]!),
    );
    const next = step === 1 ? z : clipped(threat, x, moved);
    [previous, current] = [current, next];
    const seen = at(current, label);
    if (seen.wrong) return current;
    if (seen.loss > loss) rises++;
    ({ loss, signs } = seen);
    if (loss > largest) [best, largest] = [current, loss];
    if (step !== checkpoint) continue;
    const halve: boolean = rises <= 0.75 * interval || (!halved && checked >= largest);
    if (halve) {
      size /= 2;
      current = best;
      signs = at(best, label).signs;
    }
    [halved, checked, rises] = [halve, largest, 0];
    interval = Math.max(interval - share(0.03), share(0.06));
    checkpoint += interval;
  }
  return best;
}

const RUNS = [
  ['PGD', pgd(margin, 20, 1), plainPgd, 20],
  ['APGD-100', apgd('APGD', margin, 100, () => 1), plainApgd, 100],
  ['APGD-30', apgd('APGD', margin, 30, () => 1), plainApgd, 30],
] as const;

test.each(RUNS)('%s ends where the steps one by one in float64 end', async (_, attack, plain, steps) => {
  let [broken, off] = [0, 0];
  for (const [rows, dtype] of [
    [1, 'float32'],
    [5, 'float64'],
    [40, 'float32'],
  ] as const) {
    const { model, at, row, classes, samples } = setting(`rows ${rows}`, rows, dtype);
    const victim = await createVictim(model, { kind: 'classification' });
    for (const radius of [0.02, 0.08]) {
      const threat = createThreat('linf', radius, [0, 1]);
      const keys = samples.ids.map((id) => rng('seed').split(id).split(0));
      const starts = randomStarts(threat, samples.points, keys, FEATURES);
      const found = await attack.run(victim, samples, threat, rng('seed'), whenDone);
      for (let i = 0; i < rows; i++) {
        const own = found.subarray(i * FEATURES, (i + 1) * FEATURES);
        const start = starts.subarray(i * FEATURES, (i + 1) * FEATURES);
        const expected = plain(at, threat, row(i), start, classes[i]!, steps);
        broken += Number(at(own, classes[i]!).wrong);
        expect(at(own, classes[i]!).wrong, `row ${i}`).toBe(at(expected, classes[i]!).wrong);
        off += Number(own.some((value, j) => Math.abs(value - expected[j]!) > 1e-5));
      }
    }
    await victim.dispose();
  }
  // Where two losses differ by float32 rounding alone, which of them is larger is open.
  expect(off).toBeLessThanOrEqual(1);
  expect(broken).toBeGreaterThan(10);
  expect(broken).toBeLessThan(60);
});

test('a row that is wrong stays at its first harmful point while others go on', async () => {
  const { model, at, row, classes, samples } = setting('rows 40', 64);
  const victim = await createVictim(model, { kind: 'classification' });
  const threat = createThreat('linf', 0.05, [0, 1]);
  const together = await pgd(margin, 20, 1).run(victim, samples, threat, rng('seed'), whenDone);
  const broken = classes.filter(
    (label, i) => at(together.subarray(i * FEATURES, (i + 1) * FEATURES), label).wrong,
  );
  expect(broken.length).toBeGreaterThan(5);
  expect(broken.length).toBeLessThan(60);
  // All by themselves the rows come to the same points, whatever the executions that they share.
  for (const i of [0, 7, 33, 63]) {
    const labels = oneHot([classes[i]!], CLASSES);
    const alone = { points: row(i).slice(), labels, ids: [i] };
    const found = await pgd(margin, 20, 1).run(victim, alone, threat, rng('seed'), whenDone);
    found.forEach((value, j) => {
      expect(value).toBeCloseTo(together[i * FEATURES + j]!, 6);
    });
  }
  await victim.dispose();
});

test.each([
  [{ kind: 'classification' }, [1, 0, 0]],
  [{ kind: 'regression', tolerance: Math.fround(0.1) }, [0.5, -2, 7]],
] as [Task, number[]][])(
  'within an execution outputs are as wrong as outside, ties and NaN included: %o',
  async (task, label) => {
    const [big, least] = [Infinity, 2 ** -149];
    const exact = Math.fround(0.1);
    const rows = [
      [1, 0, 0],
      [1, 1, 1],
      [0, 1, 1],
      [1, 1, 2],
      [0, -0, 0],
      [least, 0, 0],
      [0, least, 0],
      [Number.NaN, 0, 0],
      [2, Number.NaN, 0],
      [2, 0, Number.NaN],
      [big, 0, 0],
      [big, big, 0],
      [-big, -big, -big],
      [0, big, 0],
      [0.5, -2, 7],
      [0.5 + exact, -2, 7],
      [0.625, -2, 7],
      [0.5, -2, 7.25],
      [0.5, -2 - exact, 7],
    ];
    for (const turn of [0, 1, 2]) {
      const turned = (row: number[]) => row.map((_, k) => row[(k + turn) % 3]!);
      const scores = Float32Array.from(rows.flatMap(turned));
      const labels = Float32Array.from(rows.flatMap(() => turned(label)));
      const values = ['scores', 'labels'].map((name) => input(name, 'float32', [rows.length, 3]));
      const found = await evaluate({ right: right(task, values[0]!, values[1]!) }, { scores, labels });
      expect(Array.from(found.right.data as Float32Array, (value) => value === 0)).toEqual(
        wrong(task, scores, labels, 3),
      );
    }
  },
);
