// Half squared distances of all pairs of rows, a square block at a time, as products of matrices in ONNX Runtime with bounds on their rounding.
import { availableParallelism } from 'node:os';
import { RobustlawError } from '../errors.ts';
import { gemm, graph, input, reduceMax, reshape } from '../graph/index.ts';
import { powerOfTwoNear } from '../linalg/index.ts';
import { compile } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';

/** Hears how much of the work is done. */
export type Observe = (done: number, total: number) => void;

export interface Precision {
  readonly dtype: 'float32' | 'float64';
  readonly arrays: Float32ArrayConstructor | Float64ArrayConstructor;
  /** Unit roundoff. */
  readonly u: number;
  /** No product that vanishes is larger. */
  readonly vanishing: number;
}

export const SINGLE: Precision = {
  dtype: 'float32',
  arrays: Float32Array,
  u: 2 ** -24,
  vanishing: 2 ** -126,
};
export const DOUBLE: Precision = {
  dtype: 'float64',
  arrays: Float64Array,
  u: 2 ** -53,
  vanishing: 2 ** -1022,
};

/** A square block of products -h_ij, with h_ij half of the squared distance of row i and column j. */
export interface Tile {
  readonly products: Floats;
  /** `[block, groups]` the largest product of row i among the columns t, t + groups, t + 2 groups, ... */
  readonly ofRows: Floats;
  /** `[groups, block]` the largest product of column j among block / groups rows one after another. */
  readonly ofColumns: Floats;
  readonly block: number;
  readonly groups: number;
  /** The position of the first row of the block, and the range of positions that count. */
  readonly rows: readonly [start: number, from: number, to: number];
  readonly columns: readonly [start: number, from: number, to: number];
  /** The largest margin of the rows, and of the columns. */
  readonly widest: readonly [rows: number, columns: number];
}

type Floats = Float32Array | Float64Array;

/** Rows ready to be multiplied. */
export interface Tiling {
  /** E of each row: a product is within E_i + E_j of -h_ij, and of what computed distances make of it. */
  readonly margins: Float64Array;
  /** h_ij = (scale |x_i - x_j|)^2 / 2. */
  readonly scale: number;
  /**
   * Shows every pair of blocks once, a block of rows with itself included, until `visit` returns false: those of columns one
   * after another, each with the blocks of rows up to it, or with the first `most` of these. The arrays of a tile are
   * overwritten by the next one. Throws `interrupted` when `stop` says so.
   */
  visit(visit: (tile: Tile) => boolean, observe: Observe, stop: Stop, most?: number): Promise<void>;
}

/** Rows of one product: its result, 4 MiB in float32, stays in the cache while it is read. */
const BLOCK = 1024;
/** Products whose largest is found in the graph: most groups hold no candidate and are not read one by one. */
const GROUP = 32;

/**
 * With rows c_i without their mean and s_i = |c_i|^2, the products of [c_i, -s_i/2, 1] and [c_j, 1, -s_j/2] are
 * -|c_i - c_j|^2 / 2, so that one product of a pair of blocks serves the rows of both. Whatever the order of its sums, it is off
 * by at most E_i + E_j with E_i = (gamma(d + 2) + 3u) s_i plus what underflow takes: the c are rounded to u once, and
 * sum_k |c_ik c_jk| + (s_i + s_j) / 2 <= s_i + s_j (Higham 2002, (3.5)).
 *
 * Cost of a visit: m^2 d / 2 multiplications in ONNX Runtime on all cores; memory m d numbers.
 *
 * @param points `[all rows, features]`, finite.
 * @param rows numbers of the m rows.
 */
export function tilingOf(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  { dtype, arrays, u, vanishing }: Precision,
): Tiling {
  const m = rows.length;
  const width = features + 2;
  const { first, second, middle } = rowScales(points, features, rows);
  const augmented = new arrays(m * width);
  const margins = new Float64Array(m);
  const relative = 1.01 * (sumError(width, u) + 3 * u + 2 * (features + 8) * 2 ** -53);
  for (let i = 0; i < m; i++) {
    const [from, to] = [rows[i]! * features, i * width];
    let square = 0;
    for (let j = 0; j < features; j++) {
      augmented[to + j] = (points[from + j]! * first - middle[j]!) * second;
      square += augmented[to + j]! ** 2;
    }
    augmented[to + features] = 1;
    augmented[to + features + 1] = -square / 2;
    margins[i] = relative * square + 8 * width * vanishing;
  }

  return {
    margins,
    scale: first * second,
    async visit(visit, observe, stop, most = Infinity) {
      const block = Math.min(BLOCK, m);
      const groups = block % GROUP === 0 ? block / GROUP : block;
      // The last block overlaps the one before it: its rows count from where they are new.
      const blocks = Array.from({ length: Math.ceil(m / block) }, (_, b) => {
        const start = Math.min(b * block, m - block);
        return {
          range: [start, b * block, Math.min((b + 1) * block, m)] as const,
          widest: margins.subarray(start, start + block).reduce((most, e) => Math.max(most, e), 0),
          data: augmented.subarray(start * width, (start + block) * width),
        };
      });
      const swapped = new arrays(block * width);
      const one = input('one', dtype, [block, width]);
      const other = input('other', dtype, [block, width]);
      const products = gemm(one, other, { transB: 1 });
      const program = await compile(
        graph([one, other], {
          products,
          ofRows: reduceMax(reshape(products, [block, block / groups, groups]), [1]),
          ofColumns: reduceMax(reshape(products, [groups, block / groups, block]), [1]),
        }),
        availableParallelism(),
      );
      const arraysOfTile = {
        products: new arrays(block * block),
        ofRows: new arrays(block * groups),
        ofColumns: new arrays(groups * block),
      };
      const pairs = blocks.flatMap((right, b) =>
        blocks.slice(0, Math.min(b + 1, most)).map((left) => ({ left, right })),
      );
      let done = 0;
      try {
        for (const { left, right } of pairs) {
          if (stop()) throw new RobustlawError('interrupted', 'the search for close pairs was stopped');
          swapped.set(left.data);
          for (let at = features; at < swapped.length; at += width) {
            [swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!];
          }
          await program.run({ one: swapped, other: right.data }, arraysOfTile);
          const tile = {
            ...arraysOfTile,
            block,
            groups,
            rows: left.range,
            columns: right.range,
            widest: [left.widest, right.widest] as const,
          };
          if (!visit(tile)) return;
          observe(++done, pairs.length);
        }
      } finally {
        await program.dispose();
      }
    },
  };
}

/** c = (x first - middle) second has entries near 1. */
export function rowScales(points: ArrayLike<number>, features: number, rows: Int32Array) {
  let most = 0;
  for (const row of rows) {
    for (let at = row * features; at < (row + 1) * features; at++) {
      const value = Math.abs(points[at]!);
      if (value > most) most = value;
    }
  }
  // No difference may overflow; the second scale is for a spread that is far below the offset.
  const first = most < 2 ** 1000 ? 1 : 2 ** -2;
  const middle = new Float64Array(features);
  for (const row of rows) {
    for (let j = 0; j < features; j++) middle[j]! += (points[row * features + j]! * first) / rows.length;
  }
  let spread = 0;
  for (const row of rows) {
    for (let j = 0; j < features; j++) {
      const off = Math.abs(points[row * features + j]! * first - middle[j]!);
      if (off > spread) spread = off;
    }
  }
  return { first, second: powerOfTwoNear(spread), middle };
}

/** gamma(n) = n u / (1 - n u); Infinity where sums of n terms have no bound. */
function sumError(n: number, u: number): number {
  return n * u < 1 ? (n * u) / (1 - n * u) : Infinity;
}
