// Mini-batches: which points each update sees.
import type { TensorData } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';
import { permutation } from '../random/index.ts';

type Floats = Float32Array | Float64Array;

/** The points of successive updates. */
export interface Batches {
  /** Updates per epoch. */
  readonly perEpoch: number;
  /** x and y of the batch that comes after `step` updates. Valid until the next call. */
  at(step: number): { readonly x: TensorData; readonly y: TensorData };
}

/** All points, in their order, every time. */
export function fullBatch(x: Floats, y: Floats): Batches {
  return { perEpoch: 1, at: () => ({ x, y }) };
}

/**
 * Every epoch is a random permutation of all n points, cut into batches of `size`; the n mod `size` points that are left
 * wait for another epoch. Which points an update sees depends on the key and its number alone.
 */
export function miniBatches(x: Floats, y: Floats, n: number, size: number, key: Rng): Batches {
  const perEpoch = Math.floor(n / size);
  const [width, outputs] = [x.length / n, y.length / n];
  const [xs, ys] = [x.slice(0, size * width), y.slice(0, size * outputs)];
  let order: { readonly epoch: number; readonly rows: Int32Array } = { epoch: -1, rows: new Int32Array() };
  return {
    perEpoch,
    at(step) {
      const epoch = Math.floor(step / perEpoch);
      if (epoch !== order.epoch) order = { epoch, rows: permutation(key.split(epoch), n) };
      const from = (step % perEpoch) * size;
      for (let i = 0; i < size; i++) {
        const row = order.rows[from + i]!;
        xs.set(x.subarray(row * width, (row + 1) * width), i * width);
        ys.set(y.subarray(row * outputs, (row + 1) * outputs), i * outputs);
      }
      return { x: xs, y: ys };
    },
  };
}
