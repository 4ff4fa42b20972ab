import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, type Dataset, opticalDigits } from '../../src/data/index.ts';
import { paperEnvelope, scalingLawParameters, talkEnvelope } from '../../src/law/index.ts';
import { type PlanRequest, type PlanResult, plan, planName, planSchema } from '../../src/plan/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';

const TWO_LAYER = { model: 'two-layer', activation: 'relu', batchNorm: false } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Gaussian points with labels that are fair coins: nothing but noise. */
function coins(n: number, d: number): Dataset {
  return createDataset({
    name: 'coins',
    x: normal(rng('points'), n * d),
    shape: [n, d],
    y: Float64Array.from(signs(rng('labels'), n), (sign) => (sign + 1) / 2),
    outputs: 1,
    source: 'a test',
    transformations: [],
  });
}

function request(data: Dataset, changes: Partial<PlanRequest> = {}): PlanRequest {
  return {
    data,
    task: 'classification',
    wish: { kind: 'radius', norm: 'l2', radius: 0.5 },
    flips: 0,
    noise: null,
    bounds: [-Infinity, Infinity],
    pilot: null,
    seed: 1,
    timeLimit: Infinity,
    workers: 2,
    versions: { robustlaw: '0' },
    ...changes,
  };
}

const small = { model: TWO_LAYER, sizes: [40, 80], seeds: 2, threshold: 0.75, updates: 60 };

describe('a plan by the law', () => {
  it('is the closed form for data whose dimension, noise and spread are known', async () => {
    // N(0, I) in 20 dimensions: stable rank 20, spread sqrt(20); coin labels: sigma = 1 in the scale of the law.
    const result = await plan(
      request(coins(2000, 20), { noise: { flips: 0.5 }, wish: { kind: 'radius', norm: 'l2', radius: 2 } }),
      folder,
    );
    const expected = scalingLawParameters(2000, 20, Math.sqrt(20) / 2);
    // The stable rank of 2000 points is estimated to some 15 %.
    expect(Math.abs(result.law.value / expected - 1)).toBeLessThan(0.2);
    expect(result.law.hull[0]).toBeLessThan(result.law.independent[0]);
    expect(result.answer).toMatchObject({ from: 'law', parameters: result.law.value });
    expect(result.pilot).toEqual({ status: 'skipped', reason: 'none was asked for' });
    const features = result.law.readings.find(({ name }) => name === 'features')!;
    expect(features.parameters / expected).toBeCloseTo(1, 1);
    expect(planSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  it('shows the envelopes of talk and paper as they are in the law, and the same for the data', async () => {
    const digits = opticalDigits();
    const { examples, law, answer, verdict } = await plan(
      request(digits, { flips: 0.1, bounds: [0, 1], wish: { kind: 'radius', norm: 'l2', radius: 0.8 } }),
      folder,
    );
    const published = [...talkEnvelope(), ...paperEnvelope()];
    expect(examples.length).toBe(published.length + 1);
    published.forEach(({ lines }, i) => {
      expect(examples[i]!.lines.map(({ value }) => value)).toEqual(lines.map(({ value }) => value));
      expect(examples[i]!.lines.map(({ rounded }) => rounded)).toEqual(lines.map(({ rounded }) => rounded));
    });
    const own = new Map(examples.at(-1)!.lines.map(({ quantity, value }) => [quantity, value]));
    expect(own.get('P')).toBeCloseTo(1797 * Number(own.get('d_eff')), 6);
    // The law asks for less than memorizing: that binds.
    expect(law.value).toBeLessThan(1797);
    expect(answer).toMatchObject({ from: 'memorizing', parameters: 1797 });
    expect(verdict[0]).toMatch(/1,800 parameters .* the law of robustness asks for less/);
  });

  it('works in regression, with a wanted constant', async () => {
    const { x, shape } = coins(300, 5);
    const y = Float64Array.from({ length: 300 }, (_, i) => 10 * x[5 * i]! + 100);
    const data = createDataset({
      name: 'line',
      x,
      shape,
      y,
      outputs: 1,
      source: 'a test',
      transformations: [],
    });
    const result = await plan(
      request(data, {
        task: 'regression',
        wish: { kind: 'lipschitz', lipschitz: 1 },
        noise: { variance: 25 },
      }),
      folder,
    );
    // Labels reach over +-h around their midrange: sigma^2 / h^2 in the scale of the law.
    const h = (Math.max(...y) - Math.min(...y)) / 2;
    expect(result.law.value / (300 * 5)).toBeCloseTo(
      (25 / h ** 2) * (result.law.readings[1]!.dimension.value / 5),
      6,
    );
  });

  it('says of few points that they are too few for a pilot, and answers by the law', async () => {
    const result = await plan(request(coins(60, 4), { pilot: { ...small, sizes: null } }), folder);
    expect(result.pilot).toMatchObject({
      status: 'skipped',
      reason: expect.stringMatching(/60 points are too few/),
    });
    expect(result.answer.parameters).toBeGreaterThan(0);
  });

  it('refuses what makes no sense, naming it', async () => {
    const data = coins(60, 4);
    const refused = (changes: Partial<PlanRequest>, message: RegExp) =>
      expect(plan(request(data, changes), folder)).rejects.toThrow(message);
    for (const radius of [0, -1, Number.NaN, Infinity])
      await refused({ wish: { kind: 'radius', norm: 'l2', radius } }, /invalid radius/);
    await refused({ wish: { kind: 'lipschitz', lipschitz: 0 } }, /Lipschitz/);
    await refused({ flips: 1.5 }, /flip/);
    await refused({ flips: 0.1, noise: { flips: 0.1 } }, /one of the two/);
    await refused({ pilot: { ...small, sizes: [40, 80, 61] } }, /\[20, 60\]/);
    await refused({ pilot: { ...small, sizes: [40, 30] } }, /grow/);
    await refused({ pilot: { ...small, threshold: 1 } }, /threshold/);
    await refused({ pilot: { ...small, sizes: [20, 40] }, bounds: [0, 0.1] }, /one that holds the data/);
    await refused({ task: 'regression' }, /radius/);
    const one = { ...data, y: data.y.map(() => 1) };
    await expect(plan(request(one), folder)).rejects.toThrow(/two classes or more/);
    const all = { ...data, y: data.y.map((_, i) => i) };
    await expect(plan(request(all), folder)).rejects.toThrow(/different ones/);
    const same = { ...data, x: data.x.map(() => 3) };
    await expect(plan(request(same), folder)).rejects.toThrow(/points that differ/);
    await expect(plan(request(coins(3, 4)), folder)).rejects.toThrow(/at least 4/);
  });
});

describe('a pilot', () => {
  const asked = request(coins(120, 6), {
    pilot: small,
    noise: { flips: 0.5 },
    wish: { kind: 'radius', norm: 'l2', radius: 0.25 },
  });
  let straight: PlanResult;

  it('finds the take-off on subsamples and foretells it for all points', async () => {
    straight = await plan(asked, join(folder, 'straight'));
    expect(straight.pilot.status).toBe('done');
    if (!('value' in straight.pilot)) return;
    const { runs, takeOffs, prediction, growth, curves } = straight.pilot.value;
    expect(takeOffs.map(({ n }) => n)).toEqual([40, 80]);
    for (const run of runs) {
      // An example that counts was checked: robust points are right ones, and P is that of a network with biases.
      expect(run.robust).toBeLessThanOrEqual(run.correct);
      expect(run.correct).toBeLessThanOrEqual(run.n);
      expect(run.parameters).toBe(run.width * 7 + 2 * (run.width + 1));
    }
    for (const { n, points } of curves) {
      const of = runs.filter((run) => run.n === n);
      expect(points.reduce((sum, { accuracies }) => sum + accuracies.length, 0)).toBe(of.length);
    }
    if (growth && prediction) {
      expect(prediction.value).toBeCloseTo(growth.prefactor * 120 ** growth.exponent, 3);
      expect(straight.verdict[0]).toMatch(/for a fit of \d+ % of these/);
      expect(straight.answer).toMatchObject({ from: 'pilot', parameters: prediction.value });
    }
    expect(planSchema.parse(JSON.parse(JSON.stringify(straight)))).toEqual(straight);
  });

  it('gives the same when it was broken off in the middle', async () => {
    const directory = join(folder, 'broken');
    let seen = 0;
    const first = plan(
      asked,
      directory,
      ({ runs }) => {
        seen = runs;
      },
      () => seen >= 4,
    );
    await expect(first).rejects.toMatchObject({ code: 'interrupted' });
    expect(seen).toBeGreaterThan(0);
    expect(await plan(asked, directory)).toEqual(straight);
  });

  it('tells what it has when time is out', async () => {
    const late = await plan({ ...asked, timeLimit: 0.001 }, join(folder, 'late'));
    expect(late.pilot).toMatchObject({ status: 'partial', reason: expect.stringMatching(/time limit/) });
    expect(late.answer.parameters).toBeGreaterThan(0);
  });

  it('has a name that depends on what the result depends on', () => {
    expect(planName(asked)).toBe(planName({ ...asked, workers: 7, timeLimit: 3 }));
    expect(planName(asked)).not.toBe(planName({ ...asked, seed: 2 }));
  });
});
