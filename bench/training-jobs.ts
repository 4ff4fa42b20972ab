// The trainings that are measured: family, data and settings, the same for both engines.
import { type ModelFamily, madry, mlp, twoLayer, visionTransformer } from '../src/models/index.ts';
import { integers, normal, rng, signs, sphere } from '../src/random/index.ts';

export interface TrainingJob {
  readonly name: string;
  /** What the reference builds, with its sizes. */
  readonly model: 'mlp' | 'madry' | 'vision-transformer';
  readonly heads?: number;
  readonly patch?: number;
  readonly family: ModelFamily;
  readonly n: number;
  /** n for full-batch training. */
  readonly batch: number;
  readonly loss: 'squared' | 'cross-entropy';
  readonly learningRate: number;
  /** Steps in one turn of an engine: about as many as train() makes in one execution of such a training. */
  readonly repeats: number;
  /** How large the image of its class is in a point, beside noise of size 1; 0.25 by default. */
  readonly signal?: number;
  /** Most steps of a training to memorization. */
  readonly limit: number;
  /** The ratio of PyTorch's time by ours that is asked for. */
  readonly bar: number;
}

const images = { n: 2000, loss: 'cross-entropy', limit: 600 } as const;

export const TRAINING_JOBS: readonly TrainingJob[] = [
  ...[100, 1000].map(
    (k): TrainingJob => ({
      name: `two-layer d = 100, k = ${k}, n = 1000, full batch`,
      model: 'mlp',
      family: twoLayer(100, k),
      n: 1000,
      batch: 1000,
      loss: 'squared',
      learningRate: k === 100 ? 0.003 : 0.001,
      repeats: k === 100 ? 20 : 6,
      limit: 3000,
      bar: k === 100 ? 1.5 : 1,
    }),
  ),
  {
    ...images,
    name: 'MLP 784-1024-1024-10, batch 256',
    model: 'mlp',
    family: mlp([784, 1024, 1024, 10]),
    batch: 256,
    // The others take hundreds of steps; this one would be done after two epochs.
    signal: 0,
    learningRate: 0.001,
    repeats: 7,
    bar: 1,
  },
  ...[1, 4].map(
    (scale): TrainingJob => ({
      ...images,
      name: `Madry s = ${scale}, batch 50`,
      model: 'madry',
      family: madry(scale),
      batch: 50,
      learningRate: 0.001,
      repeats: 40,
      // 13,514 parameters behind two filters do not learn these classes at the common signal within 3,000 steps.
      ...(scale === 1 ? { signal: 0.5, limit: 1500 } : {}),
      bar: scale === 1 ? 1.5 : 1,
    }),
  ),
  {
    ...images,
    name: 'vision transformer 28 x 28, patch 7, E = 64, depth 4, batch 64',
    model: 'vision-transformer',
    heads: 4,
    patch: 7,
    family: visionTransformer([1, 28, 28], 7, 64, 4, 4, 10),
    batch: 64,
    learningRate: 0.001,
    repeats: 12,
    bar: 1,
  },
];

/** Key of the initial weights and batches of a job. */
export const keyOf = (job: TrainingJob) => rng('training benchmark').split(job.name);

/**
 * Points and labels: random signs on the sphere for the squared loss; for classes ten random images with noise, as large as
 * the images, which takes a few epochs to learn.
 */
export function dataOf(job: TrainingJob): { readonly x: Float32Array; readonly y: Float32Array } {
  const key = keyOf(job).split('data');
  const d = job.family.inputShape.reduce((product, axis) => product * axis, 1);
  if (job.loss === 'squared') {
    return {
      x: Float32Array.from(sphere(key, job.n, d)),
      y: Float32Array.from(signs(key.split('labels'), job.n)),
    };
  }
  const classes = integers(key.split('labels'), job.n, 0, 10);
  const images = normal(key.split('images'), 10 * d);
  const x = Float32Array.from(
    normal(key, job.n * d),
    (z, i) => 0.3 * (z + (job.signal ?? 0.25) * images[classes[Math.floor(i / d)]! * d + (i % d)]!),
  );
  const y = new Float32Array(10 * job.n);
  classes.forEach((label, i) => {
    y[10 * i + label] = 1;
  });
  return { x, y };
}
