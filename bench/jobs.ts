// What is measured: plain data, so that both engines prepare exactly the same work.

/** A training step is forward, backward and the update of plain gradient descent; the others are one operation. */
export type Job =
  | {
      readonly kind: 'product';
      readonly name: string;
      readonly size: number;
      readonly repeats: number;
      readonly bar: number;
    }
  | {
      readonly kind: 'mlp';
      readonly name: string;
      readonly sizes: readonly number[];
      readonly batch: number;
      readonly loss: 'cross-entropy' | 'squares';
      readonly repeats: number;
      readonly bar: number;
    }
  | {
      readonly kind: 'convolution';
      readonly name: string;
      readonly part: 'forward' | 'input gradient' | 'weight gradient';
      readonly batch: number;
      readonly channels: number;
      readonly filters: number;
      readonly side: number;
      readonly kernel: number;
      readonly repeats: number;
      readonly bar: number;
    }
  | {
      readonly kind: 'cnn';
      readonly name: string;
      readonly batch: number;
      readonly side: number;
      readonly channels: readonly number[];
      readonly kernel: number;
      readonly classes: number;
      readonly repeats: number;
      readonly bar: number;
    };

const convolution = {
  kind: 'convolution',
  batch: 100,
  channels: 32,
  filters: 64,
  side: 14,
  kernel: 5,
  repeats: 3,
  bar: 0,
} as const;

/** `repeats` is the number of steps in one turn of an engine, `bar` the ratio that is asked for (0: none). */
export const JOBS: readonly Job[] = [
  { kind: 'product', name: 'matrix product 1024^3', size: 1024, repeats: 3, bar: 0 },
  {
    kind: 'mlp',
    name: 'training step 784-1024-1024-10, batch 256',
    sizes: [784, 1024, 1024, 10],
    batch: 256,
    loss: 'cross-entropy',
    repeats: 6,
    bar: 1,
  },
  {
    kind: 'mlp',
    name: 'training step 50-100-100-1, batch 64',
    sizes: [50, 100, 100, 1],
    batch: 64,
    loss: 'squares',
    repeats: 30,
    bar: 1.5,
  },
  { ...convolution, name: 'Conv 5x5 32->64 on 14x14, batch 100: forward', part: 'forward' },
  { ...convolution, name: 'the same: input gradient', part: 'input gradient' },
  { ...convolution, name: 'the same: weight gradient', part: 'weight gradient' },
  {
    kind: 'cnn',
    name: 'training step conv-pool-conv-pool-fc on 28x28, batch 100',
    batch: 100,
    side: 28,
    channels: [1, 32, 64],
    kernel: 5,
    classes: 10,
    repeats: 3,
    bar: 1,
  },
];

/** Entry `i` of array number `index` of a job: the same numbers in both engines, without exchanging them. */
export function entry(index: number, i: number, scale: number): number {
  return Math.fround(scale * Math.sin(12.9898 * i + 78.233 * (index + 1)));
}

export const LEARNING_RATE = 0.01;
