// The worst case over attacks against exact answers of linear models, and against attacks that lie, fail or are stopped.
import { expect, test } from 'vitest';
import {
  type Attack,
  allows,
  attempt,
  createThreat,
  createVictim,
  distance,
  NOTHING_BROKEN,
  oneHot,
  record,
  type Samples,
  square,
  standardEnsemble,
  stillRobust,
  type Victim,
  type WorstCase,
  worstCase,
  wrong,
} from '../../src/attacks/index.ts';
import { rng, uniform } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';
import { exactExcess, type Linear, modelOf, randomLinear, scoresOf } from '../oracles/linear-attacks.ts';

const FEATURES = 6;
const THREAT = createThreat('linf', 0.2, [0, 1]);

interface Case {
  readonly model: Linear;
  readonly victim: Victim;
  readonly samples: Samples;
  readonly labels: readonly number[];
  /** Whether the best attack breaks the row; undefined where rounding decides. */
  readonly breakable: readonly (boolean | undefined)[];
}

async function linearCase(name: string, classes: number, rows: number): Promise<Case> {
  const model = randomLinear(rng(name), FEATURES, classes);
  const victim = await createVictim(modelOf(model), { kind: 'classification' });
  const points = Float32Array.from(uniform(rng(name).split('points'), rows * FEATURES));
  const row = (i: number) => points.subarray(i * FEATURES, (i + 1) * FEATURES);
  const labels = Array.from({ length: rows }, (_, i) => {
    const scores = scoresOf(model, row(i));
    return scores.indexOf(Math.max(...scores));
  });
  const excess = labels.map((label, i) => exactExcess(model, THREAT, row(i), label));
  return {
    model,
    victim,
    samples: { points, labels: oneHot(labels, classes), ids: labels.map((_, i) => 10 * i + 5) },
    labels,
    breakable: excess.map((e) => (Math.abs(e) < 1e-5 ? undefined : e > 0)),
  };
}

/** Steps by the radius towards one class, the best there is against it, with one evaluation per row. */
function towards({ model, labels, samples }: Case, name: string, classes: readonly number[]): Attack {
  const labelOf = new Map(samples.ids.map((id, i) => [id, labels[i]!]));
  return {
    name,
    access: 'white-box',
    async run(victim, { points, ids }, { radius }) {
      // One evaluation per row, so that the victim's account shows who was attacked.
      await victim.scores(points);
      return points.map((v, at) => {
        const label = labelOf.get(ids[Math.floor(at / FEATURES)]!)!;
        const other = classes.find((k) => k !== label) ?? label;
        const slope =
          model.w[other * FEATURES + (at % FEATURES)]! - model.w[label * FEATURES + (at % FEATURES)]!;
        const wanted = Math.min(Math.max(v + 0.999999 * radius * Math.sign(slope), 0), 1);
        return wanted;
      });
    },
  };
}

test('the worst case is the exact one, and rows broken earlier are not attacked again', async () => {
  const given = await linearCase('exact', 3, 90);
  const { victim, samples, breakable } = given;
  const attacks = [0, 1, 2].map((k) => towards(given, `to ${k}`, [k]));
  const found = await worstCase(attacks, victim, samples, THREAT, rng(1), whenDone);
  const broken = new Set(found.examples.map(({ id }) => id));
  expect(broken.size).toBe(found.examples.length);
  breakable.forEach((is, i) => {
    if (is !== undefined) expect(broken.has(samples.ids[i]!)).toBe(is);
  });
  expect(broken.size).toBeGreaterThan(10);
  expect(broken.size).toBeLessThan(80);
  // Each attack costs one evaluation per row that is still robust, and one check.
  let robust = 90;
  let cost = 0;
  for (const tally of found.attacks) {
    expect(tally).toMatchObject({ attacked: robust, notAttacked: 0, rejected: 0, access: 'white-box' });
    expect(tally.failure).toBeUndefined();
    cost += 2 * robust;
    robust -= tally.broken;
  }
  expect(victim.spent()).toEqual({ scores: cost, gradients: 0 });
  expect(robust).toBe(90 - broken.size);
  for (const { id, attack, point, distance: away } of found.examples) {
    const i = samples.ids.indexOf(id);
    const x = samples.points.subarray(i * FEATURES, (i + 1) * FEATURES);
    expect(allows(THREAT, x, point)).toBe(true);
    expect(away).toBe(distance('linf', x, point));
    const scores = scoresOf(given.model, point);
    expect(`to ${scores.indexOf(Math.max(...scores))}`).toBe(attack);
  }
  await victim.dispose();
});

test.each(['linf', 'l2', 'l1'] as const)(
  'the standard ensemble is exact on linear models: %s',
  async (norm) => {
    for (const classes of [2, 3, 5]) {
      const { model, victim, samples, labels } = await linearCase(`standard ${classes}`, classes, 40);
      const threat = createThreat(norm, { linf: 0.1, l2: 0.2, l1: 0.3 }[norm], [0, 1]);
      const attacks = standardEnsemble();
      expect(attacks.map(({ name }) => name)).toEqual(['APGD-CE', 'APGD-T', 'FAB-T', 'Square']);
      const quick = [...attacks.slice(0, 3), square(200)];
      const found = await worstCase(quick, victim, samples, threat, rng(1), whenDone);
      expect(found.attacks.map(({ failure, rejected }) => [failure, rejected])).toEqual(
        quick.map(() => [undefined, 0]),
      );
      const broken = new Set(found.examples.map(({ id }) => id));
      labels.forEach((label, i) => {
        const x = samples.points.subarray(i * FEATURES, (i + 1) * FEATURES);
        const excess = exactExcess(model, threat, x, label);
        if (Math.abs(excess) > 1e-3) expect(broken.has(samples.ids[i]!), `${excess}`).toBe(excess > 0);
      });
      await victim.dispose();
    }
  },
);

test('Square alone finds the exact worst case of a linear model', async () => {
  const { victim, samples, breakable } = await linearCase('square', 3, 60);
  const found = await worstCase([square(1000)], victim, samples, THREAT, rng(1), whenDone);
  const broken = new Set(found.examples.map(({ id }) => id));
  breakable.forEach((is, i) => {
    if (is !== undefined) expect(broken.has(samples.ids[i]!)).toBe(is);
  });
  await victim.dispose();
});

/** An attack that returns `points` whatever it is asked. */
const returning = (name: string, run: (samples: Samples) => Float32Array): Attack => ({
  name,
  access: 'black-box',
  run: async (_victim, samples) => run(samples),
});

test('attacks that lie never count', async () => {
  const { victim, samples } = await linearCase('liars', 3, 40);
  const far = returning('far', ({ points }) =>
    points.map((v, i) => (i % 2 ? v : v < 0.5 ? v + 0.5 : v - 0.5)),
  );
  const beyond = returning('beyond', ({ points }) => points.map((v) => v + 0.2000001));
  const outside = returning('outside', ({ points }) => points.map((v) => (v < 0.05 ? v - 0.09 : v)));
  const nan = returning('nan', ({ points }) => points.map((v, i) => (i % FEATURES === 2 ? Number.NaN : v)));
  const infinite = returning('infinite', ({ points }) => points.map(() => Infinity));
  const harmless = returning('harmless', ({ points }) => points);
  const short = returning('short', ({ points }) => points.subarray(1));
  const forger = returning('forger', ({ points, labels, ids }) => {
    // Would make every check agree if it reached the caller's arrays.
    points.fill(0.5);
    labels.fill(0);
    (ids as number[]).fill(0);
    return points;
  });
  const liars = [far, beyond, outside, nan, infinite, harmless, short, forger];
  const found = await worstCase(liars, victim, samples, THREAT, rng(1), whenDone);
  expect(found.examples).toEqual([]);
  const tally = Object.fromEntries(found.attacks.map((each) => [each.name, each]));
  for (const name of ['far', 'beyond', 'nan', 'infinite', 'forger']) {
    expect(tally[name]).toMatchObject({ attacked: 40, broken: 0, rejected: 40, notAttacked: 0 });
  }
  expect(tally.outside!.rejected).toBeGreaterThan(0);
  expect(tally.harmless).toMatchObject({ attacked: 40, broken: 0, rejected: 0 });
  expect(tally.short).toMatchObject({ attacked: 0, notAttacked: 40 });
  expect(tally.short!.failure).toMatch(/returned 239 numbers for 240/);
  await victim.dispose();
});

test('what an attack changes after it has returned does not count either', async () => {
  const given = await linearCase('later', 2, 30);
  const honest = towards(given, 'honest', [0, 1]);
  let kept: Float32Array | undefined;
  const later: Attack = {
    ...honest,
    run: async (...all) => (kept = await honest.run(...all)),
  };
  const found = await worstCase([later], given.victim, given.samples, THREAT, rng(1), whenDone);
  expect(found.examples.length).toBeGreaterThan(0);
  const before = found.examples.map(({ point }) => point.slice());
  kept!.fill(0);
  expect(found.examples.map(({ point }) => point)).toEqual(before);
  await given.victim.dispose();
});

test('an attack that throws has failed with its reason, and the others go on', async () => {
  const given = await linearCase('failing', 3, 600);
  let runs = 0;
  const failing: Attack = {
    name: 'failing',
    access: 'white-box',
    run: async () => {
      runs++;
      throw new Error('Bernoulli has no derivative');
    },
  };
  const attacks = [failing, ...[0, 1, 2].map((k) => towards(given, `to ${k}`, [k]))];
  const found = await worstCase(attacks, given.victim, given.samples, THREAT, rng(1), whenDone);
  expect(found.attacks[0]).toEqual({
    name: 'failing',
    access: 'white-box',
    attacked: 0,
    broken: 0,
    rejected: 0,
    notAttacked: 600,
    failure: 'Bernoulli has no derivative',
  });
  // 600 rows are more than go at once; what failed is not tried on the others.
  expect(runs).toBe(1);
  expect(found.attacks.slice(1).every(({ failure, notAttacked }) => !failure && notAttacked === 0)).toBe(
    true,
  );
  expect(found.examples.length).toBe(given.breakable.filter(Boolean).length);
  await given.victim.dispose();
});

test('a stop gives an honest partial answer', async () => {
  const given = await linearCase('stopped', 3, 600);
  const { victim, samples } = given;
  const attacks = [0, 1, 2].map((k) => towards(given, `to ${k}`, [k]));
  const progress: WorstCase[] = [];
  const full = await worstCase(attacks, victim, samples, THREAT, rng(1), whenDone, (known) => {
    progress.push(known);
  });
  expect(progress.at(-1)).toEqual(full);
  expect(progress.length).toBeGreaterThan(3);
  for (let after = 0; after <= progress.length; after++) {
    // These attacks do not ask, so the question is put once before each part.
    let asked = 0;
    const part = await worstCase(attacks, victim, samples, THREAT, rng(1), () => asked++ >= after);
    expect(part.examples).toEqual(after === 0 ? [] : progress[after - 1]!.examples);
    let robust = 600;
    for (const { attacked, broken, notAttacked } of part.attacks) {
      expect(attacked + notAttacked).toBe(robust);
      robust -= broken;
    }
    expect(part.attacks.length).toBe(3);
  }
  await victim.dispose();
});

test('rows of an attack that was told to stop count only where they are broken', async () => {
  const { victim, samples } = await linearCase('interrupted', 3, 60);
  let asked = 0;
  const { tally, examples } = await attempt(square(5000), victim, samples, THREAT, rng(1), () => {
    return ++asked > 4;
  });
  expect(examples.length).toBeGreaterThan(0);
  expect(tally).toEqual({
    name: 'Square',
    access: 'black-box',
    attacked: examples.length,
    broken: examples.length,
    rejected: 0,
    notAttacked: 60 - examples.length,
  });
  await victim.dispose();
});

test('parts put together in another process are the whole', async () => {
  const { victim, samples } = await linearCase('parts', 3, 50);
  const whole = await worstCase([square(100)], victim, samples, THREAT, rng(4), whenDone);
  let known = NOTHING_BROKEN;
  for (const from of [30, 0]) {
    const count = from === 30 ? 20 : 30;
    const slice = (array: Float32Array, width: number) =>
      array.subarray(from * width, (from + count) * width);
    const part: Samples = {
      points: slice(samples.points, FEATURES),
      labels: slice(samples.labels, 3),
      ids: samples.ids.slice(from, from + count),
    };
    const added = await attempt(square(100), victim, part, THREAT, rng(4), whenDone);
    known = record(known, structuredClone(added));
  }
  expect(known.attacks).toEqual(whole.attacks);
  const sorted = ({ examples }: WorstCase) => [...examples].sort((a, b) => a.id - b.id);
  expect(sorted(known)).toEqual(sorted(whole));
  const left = stillRobust(samples, known);
  expect(left.ids).toEqual(samples.ids.filter((id) => !whole.examples.some((each) => each.id === id)));
  const scores = await victim.scores(left.points);
  expect(wrong(victim.task, scores, left.labels, 3).some(Boolean)).toBe(false);
  await victim.dispose();
});

test('of two examples for a row the nearer one stays; names and ids are distinct', async () => {
  const tally = {
    name: 'a',
    access: 'black-box',
    attacked: 1,
    broken: 1,
    rejected: 0,
    notAttacked: 0,
  } as const;
  const example = (away: number) => ({ id: 3, attack: 'a', distance: away, point: Float32Array.of(away) });
  const add = (known: WorstCase, away: number) => record(known, { tally, examples: [example(away)] });
  for (const order of [
    [2, 1, 3],
    [1, 3, 2],
  ]) {
    const known = order.reduce(add, NOTHING_BROKEN);
    expect(known.examples).toEqual([example(1)]);
    expect(known.attacks).toEqual([{ ...tally, attacked: 3, broken: 3 }]);
  }
  const { victim, samples } = await linearCase('twice', 2, 2);
  const run = (attacks: readonly Attack[], which: Samples) =>
    worstCase(attacks, victim, which, THREAT, rng(1), whenDone);
  await expect(run([square(1), square(2)], samples)).rejects.toThrow(/Square occurs twice/);
  await expect(run([square(1)], { ...samples, ids: [4, 4] })).rejects.toThrow(/4 occurs twice/);
  const none = {
    points: new Float32Array(0),
    labels: new Float32Array(0),
    ids: [],
  };
  expect((await run([square(1)], none)).attacks).toMatchObject([{ attacked: 0, notAttacked: 0 }]);
  await victim.dispose();
});
