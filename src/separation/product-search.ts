// Nearest neighbours in l2 of all rows at once: candidates from blocked products of matrices in ONNX Runtime, then their exact distances.
import { availableParallelism } from 'node:os';
import { RobustlawError } from '../errors.ts';
import { gemm, graph, input, reduceMax, reshape } from '../graph/index.ts';
import { powerOfTwoNear } from '../linalg/index.ts';
import { compile } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import { distanceBetween } from './distance.ts';
import { createShortlists, type Nearest } from './shortlists.ts';

/** Hears how much of the work is done. */
export type Observe = (done: number, total: number) => void;

/** Rows of one product: its result, 4 MiB in float32, stays in the cache while it is read. */
const BLOCK = 1024;
/** Products whose largest is found in the graph: most groups hold no candidate and are not read one by one. */
const GROUP = 32;

/**
 * For each listed row the positions in `rows` of the k nearest other ones, and their distances.
 *
 * With rows c_i without their mean and s_i = |c_i|^2, the products of [c_i, -s_i/2, 1] and [c_j, 1, -s_j/2] are -|c_i - c_j|^2 / 2,
 * so that one product of a pair of blocks serves the rows of both. Whatever the order of its sums, it is off by at most
 * E_i + E_j with E_i = (gamma(d + 2) + 3u) s_i plus what underflow takes: the c are rounded to u once, and
 * sum_k |c_ik c_jk| + (s_i + s_j) / 2 <= s_i + s_j (Higham 2002, (3.5)). Every j that could be among the k nearest within these
 * margins gets its distance computed from differences, so that the result is that of comparing all computed distances, ties to
 * the lower position, whatever the precision of the products.
 *
 * float32 does unless too many pairs lie within its margins, as where clusters are far apart and narrow; then float64 does.
 *
 * Cost: m^2 d / 2 multiplications in ONNX Runtime, m^2 / 16 comparisons and some m k d operations in JavaScript; memory
 * 4 m d + 12 m (2k + 32) bytes, twice the first in float64.
 *
 * @param points `[rows, features]`, finite.
 */
export async function searchByProducts(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  k: number,
  observe: Observe,
  stop: Stop,
): Promise<Nearest> {
  const task = { points, features, rows, k, observe, stop };
  const found = features < MOST_SINGLE_FEATURES ? await search(task, SINGLE) : undefined;
  return found ?? (await search(task, DOUBLE))!;
}

/** Margins of sums of so many terms in float32 are 6 % of the squares. */
const MOST_SINGLE_FEATURES = 1e6;

interface Precision {
  readonly dtype: 'float32' | 'float64';
  readonly arrays: Float32ArrayConstructor | Float64ArrayConstructor;
  /** Unit roundoff. */
  readonly u: number;
  /** No product that vanishes is larger. */
  readonly vanishing: number;
  /** Whether to give up where too many pairs are too close to tell. */
  readonly impatient: boolean;
}

const SINGLE: Precision = {
  dtype: 'float32',
  arrays: Float32Array,
  u: 2 ** -24,
  vanishing: 2 ** -126,
  impatient: true,
};
const DOUBLE: Precision = {
  dtype: 'float64',
  arrays: Float64Array,
  u: 2 ** -53,
  vanishing: 2 ** -1022,
  impatient: false,
};

interface Task {
  readonly points: ArrayLike<number>;
  readonly features: number;
  readonly rows: Int32Array;
  readonly k: number;
  readonly observe: Observe;
  readonly stop: Stop;
}

async function search(task: Task, precision: Precision): Promise<Nearest | undefined> {
  const { points, features, rows, k, observe, stop } = task;
  const { dtype, arrays, impatient } = precision;
  const m = rows.length;
  const width = features + 2;
  const { augmented, margins, scale } = augment(task, precision);
  // A product of a pair takes a hundredth of the time that its distance takes.
  const affordable = impatient ? 4 * m * (k + 16) + m ** 2 / 64 : Infinity;
  const lists = createShortlists(m, k, margins, (i, j) => {
    const distance = distanceBetween('l2', points, features, rows[i]!, rows[j]!);
    return { distance, half: (distance * scale) ** 2 / 2 };
  });

  const block = Math.min(BLOCK, m);
  const starts = Array.from({ length: Math.ceil(m / block) }, (_, b) => Math.min(b * block, m - block));
  const widest = starts.map((start) => largest(margins.subarray(start, start + block)));
  const tiles = starts.map((start) => augmented.subarray(start * width, (start + block) * width));
  const one = input('one', dtype, [block, width]);
  const other = input('other', dtype, [block, width]);
  const products = gemm(one, other, { transB: 1 });
  const groups = block % GROUP === 0 ? block / GROUP : block;
  const program = await compile(
    graph([one, other], {
      products,
      ofRows: reduceMax(reshape(products, [block, block / groups, groups]), [1]),
      ofColumns: reduceMax(reshape(products, [groups, block / groups, block]), [1]),
    }),
    availableParallelism(),
  );
  const tile = {
    products: new arrays(block * block),
    ofRows: new arrays(block * groups),
    ofColumns: new arrays(groups * block),
  };
  const total = (starts.length * (starts.length + 1)) / 2;
  let done = 0;
  try {
    for (let a = 0; a < starts.length; a++) {
      const swapped = tiles[a]!.slice();
      for (let at = features; at < swapped.length; at += width) {
        [swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!];
      }
      for (let b = a; b < starts.length; b++) {
        if (stop()) throw new RobustlawError('interrupted', 'the search for nearest neighbours was stopped');
        await program.run({ one: swapped, other: tiles[b]! }, tile);
        // The last block overlaps the one before it: its rows count from where they are new.
        lists.offer({
          ...tile,
          block,
          groups,
          rows: [starts[a]!, a * block, Math.min((a + 1) * block, m)],
          columns: [starts[b]!, b * block, Math.min((b + 1) * block, m)],
          widest: [widest[a]!, widest[b]!],
        });
        if (lists.evaluated() > affordable) return undefined;
        observe(++done, total);
      }
    }
  } finally {
    await program.dispose();
  }
  return lists.nearest();
}

/** `[m, features + 2]` rows [c, 1, -s/2] at a power of two that brings the entries near 1, and the margin E of each. */
function augment(
  { points, features, rows }: Task,
  { arrays, u, vanishing }: Precision,
): { augmented: Float32Array | Float64Array; margins: Float64Array; scale: number } {
  const m = rows.length;
  const width = features + 2;
  let most = 0;
  for (let i = 0; i < m; i++) {
    for (let at = rows[i]! * features; at < (rows[i]! + 1) * features; at++) {
      const value = Math.abs(points[at]!);
      if (value > most) most = value;
    }
  }
  // No difference may overflow; the second scale is for a spread that is far below the offset.
  const first = most < 2 ** 1000 ? 1 : 2 ** -2;
  const middle = new Float64Array(features);
  for (let i = 0; i < m; i++) {
    const from = rows[i]! * features;
    for (let j = 0; j < features; j++) middle[j]! += (points[from + j]! * first) / m;
  }
  let spread = 0;
  for (let i = 0; i < m; i++) {
    const from = rows[i]! * features;
    for (let j = 0; j < features; j++) {
      const off = Math.abs(points[from + j]! * first - middle[j]!);
      if (off > spread) spread = off;
    }
  }
  const second = powerOfTwoNear(spread);
  const augmented = new arrays(m * width);
  const margins = new Float64Array(m);
  const relative = 1.01 * (sumError(width, u) + 3 * u + 2 * (features + 8) * 2 ** -53);
  for (let i = 0; i < m; i++) {
    const [from, to] = [rows[i]! * features, i * width];
    let square = 0;
    for (let j = 0; j < features; j++) {
      const value = (points[from + j]! * first - middle[j]!) * second;
      augmented[to + j] = value;
      square += augmented[to + j]! ** 2;
    }
    augmented[to + features] = 1;
    augmented[to + features + 1] = -square / 2;
    margins[i] = relative * square + 8 * width * vanishing;
  }
  return { augmented, margins, scale: first * second };
}

/** gamma(n) = n u / (1 - n u); Infinity where sums of n terms have no bound. */
function sumError(n: number, u: number): number {
  return n * u < 1 ? (n * u) / (1 - n * u) : Infinity;
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
