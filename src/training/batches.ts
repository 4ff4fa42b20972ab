// Mini-batches: which points each update sees.
import type { TensorData } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';
import { permutation } from '../random/index.ts';

type Floats = Float32Array | Float64Array;

/** The points of successive updates. */
export interface Batches {
  /** Updates per epoch. */
  readonly perEpoch: number;
  /** Whether x and y are the same in all updates. */
  readonly same: boolean;
  /**
   * x and y of the `count` batches that come after `step` updates: `[count, batch, ...]`, or where all are the same
   * one of them. Valid until the next call.
   */
  from(step: number, count: number): { readonly x: TensorData; readonly y: TensorData };
}

/** All points, in their order, every time. */
export function fullBatch(x: Floats, y: Floats): Batches {
  return { perEpoch: 1, same: true, from: () => ({ x, y }) };
}

/**
 * Every epoch is a random permutation of all n points, cut into batches of `size`; the n mod `size` points that are left
 * wait for another epoch. Which points an update sees depends on the key and its number alone.
 */
export function miniBatches(x: Floats, y: Floats, n: number, size: number, key: Rng): Batches {
  const perEpoch = Math.floor(n / size);
  const [width, outputs] = [x.length / n, y.length / n];
  let [xs, ys] = [x.slice(0, 0), y.slice(0, 0)];
  let order: { readonly epoch: number; readonly rows: Int32Array } = { epoch: -1, rows: new Int32Array() };
  /** The number of the point at a place of the sequence of all batches. */
  const rowAt = (place: number): number => {
    const epoch = Math.floor(place / (perEpoch * size));
    if (epoch !== order.epoch) order = { epoch, rows: permutation(key.split(epoch), n) };
    return order.rows[place % (perEpoch * size)]!;
  };
  return {
    perEpoch,
    same: false,
    from(step, count) {
      const rows = count * size;
      if (xs.length !== rows * width) {
        const Floats = x.constructor as Float32ArrayConstructor;
        [xs, ys] = [new Floats(rows * width), new Floats(rows * outputs)];
      }
      for (let i = 0; i < rows; i++) {
        const row = rowAt(step * size + i);
        xs.set(x.subarray(row * width, (row + 1) * width), i * width);
        ys.set(y.subarray(row * outputs, (row + 1) * outputs), i * outputs);
      }
      return { x: xs, y: ys };
    },
  };
}
