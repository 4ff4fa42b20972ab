import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { twoLayer, twoLayerBatchNorm } from '../../src/models/index.ts';
import { rng, signs, sphere } from '../../src/random/index.ts';
import {
  adam,
  adversarial,
  constantRate,
  cosineRate,
  crossEntropy,
  fgsmRandomStart,
  loadCheckpoint,
  type Progress,
  plain,
  type Samples,
  saveCheckpoint,
  sgd,
  spectralNorm,
  squaredLoss,
  type TrainingPlan,
  train,
} from '../../src/training/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'robustlaw-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'training.checkpoint');

const samples: Samples = { x: sphere(rng(1), 23, 4), shape: [23, 4], y: signs(rng(2), 23) };
const base: TrainingPlan = {
  family: twoLayer(4, 6),
  objective: plain(squaredLoss),
  optimiser: adam(),
  learningRate: cosineRate(0.02, 40),
  steps: 40,
  stop: [],
};

/** The training after `steps` updates. */
async function interruptedAt(plan: TrainingPlan, steps: number, key = rng(7)): Promise<Progress> {
  let saved: Progress | undefined;
  const result = await train(plan, samples, key, async ({ step, progress }) => {
    if (step < steps) return undefined;
    saved = await progress();
    return 'stop';
  });
  expect([result.reason, result.steps]).toEqual(['interrupted', steps]);
  return saved!;
}

describe('a training that goes on from a file gives the bits of one that ran through', () => {
  const plans: Record<string, TrainingPlan> = {
    'full batch': base,
    'mini-batches, in the middle of an epoch': { ...base, batch: 5 },
    'momentum and batch normalisation': {
      ...base,
      family: twoLayerBatchNorm(4, 6),
      optimiser: sgd(0.9),
      batch: 7,
    },
    'an adversary that draws, and a constraint': {
      ...base,
      objective: adversarial(crossEntropy(), fgsmRandomStart('l2', 0.1)),
      constraint: spectralNorm(2),
      batch: 5,
    },
  };
  for (const [name, plan] of Object.entries(plans)) {
    test(name, async () => {
      const straight = await train(plan, samples, rng(7));
      for (const steps of [0, 18]) {
        saveCheckpoint(path, await interruptedAt(plan, steps));
        const resumed = await train(plan, samples, rng(7), undefined, 'float32', loadCheckpoint(path));
        expect(resumed).toEqual(straight);
      }
    });
  }

  test('the observer is told the same, from the update it stopped at', async () => {
    const tell = async (from?: Progress) => {
      const told: unknown[] = [];
      await train(
        { ...base, batch: 5 },
        samples,
        rng(7),
        async ({ step, loss, measures }) => {
          told.push([step, loss, await measures()]);
          return undefined;
        },
        'float32',
        from,
      );
      return told;
    };
    const progress = await interruptedAt({ ...base, batch: 5 }, 18);
    expect(await tell(progress)).toEqual((await tell()).slice(18));
  });

  test('more steps of a constant rate continue a training that has reached its limit', async () => {
    const plan = { ...base, learningRate: constantRate(0.01) };
    const progress = await interruptedAt({ ...plan, steps: 20 }, 19);
    expect(await train(plan, samples, rng(7), undefined, 'float32', progress)).toEqual(
      await train(plan, samples, rng(7)),
    );
  });
});

test('what is saved is what is loaded, and replaces an older file', async () => {
  writeFileSync(path, 'old');
  const progress = await interruptedAt({ ...base, batch: 5 }, 9);
  saveCheckpoint(path, progress);
  expect(loadCheckpoint(path)).toEqual(progress);
});

describe('refuses', () => {
  test('a checkpoint of another training, naming what differs', async () => {
    const progress = await interruptedAt(base, 3);
    const resume = (plan: Partial<TrainingPlan>, data: Samples = samples, key = rng(7)) =>
      train({ ...base, ...plan }, data, key, undefined, 'float32', progress);
    const refused = 'this checkpoint is of another training: ';
    await expect(resume({ family: twoLayer(4, 5) })).rejects.toThrow(
      `${refused}it trains relu-mlp-4-6-1, not relu-mlp-4-5-1; start without it`,
    );
    const moved = { ...samples, x: samples.x.map((v, i) => (i === 3 ? v + 1e-3 : v)) };
    await expect(resume({}, moved)).rejects.toThrow(`${refused}its data differ`);
    await expect(resume({ objective: plain(crossEntropy()) })).rejects.toThrow(
      `${refused}its losses, penalties, optimiser, batch or arithmetic differ`,
    );
    await expect(resume({ batch: 5 })).rejects.toThrow(`${refused}its losses`);
    await expect(resume({ constraint: spectralNorm(1) })).rejects.toThrow(`${refused}its losses`);
    await expect(resume({ learningRate: constantRate(0.02) })).rejects.toThrow(
      `${refused}its learning rates differ`,
    );
    await expect(resume({ optimiser: adam(0.9, 0.99) })).rejects.toThrow(refused);
    await expect(resume({}, samples, rng(8))).rejects.toThrow(`${refused}its random key is 7, not 8`);
  });

  test('files that are no checkpoints, cut short or damaged', async () => {
    saveCheckpoint(path, await interruptedAt(base, 3));
    const whole = readFileSync(path);
    const load = (bytes: Uint8Array) => {
      writeFileSync(path, bytes);
      return () => loadCheckpoint(path);
    };
    expect(load(whole.subarray(0, whole.length - 1))).toThrow('this checkpoint is cut short');
    expect(load(whole.subarray(0, 40))).toThrow('the header of this checkpoint is damaged');
    expect(load(Buffer.concat([whole, Buffer.of(0)]))).toThrow('bytes of arrays in place of');
    const flipped = Buffer.from(whole);
    flipped[whole.length - 2]! ^= 1;
    expect(load(flipped)).toThrow('its checksum differs');
    const changes = [
      ['"step":3', '"step":-'],
      ['"step":3', '"step":-3'],
      ['"dtype":"float64"', '"dtype":"float16"'],
      ['"length":', '"length":0.5,"size":'],
      ['"arrays":[', '"arrays":[null,'],
      ['"key":', '"key":7,"name":'],
      ['"sha256"', '"sha1"'],
    ] as const;
    for (const [from, to] of changes) {
      const changed = whole.toString('latin1').replace(from, to);
      expect(changed).not.toBe(whole.toString('latin1'));
      expect(load(Buffer.from(changed, 'latin1'))).toThrow('the header of this checkpoint is damaged');
    }
    expect(load(Buffer.from('hello'))).toThrow('this is no checkpoint of a training');
    expect(load(Buffer.of())).toThrow('this is no checkpoint of a training');
    expect(() => loadCheckpoint(join(folder, 'absent'))).toThrow('cannot be read');
    expect(() => saveCheckpoint(join(folder, 'absent', 'x'), {} as Progress)).toThrow();
  });
});
