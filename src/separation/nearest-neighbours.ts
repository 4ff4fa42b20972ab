// Exact nearest neighbours in Euclidean distance, by brute force through products of matrices.
import { requireInteger } from '../errors.ts';
import { gemm, graph, input } from '../graph/index.ts';
import { centredRows, powerOfTwoNear } from '../linalg/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import { compile } from '../runtime/index.ts';

/** The k nearest other rows of each of m rows, nearest first, ties to the row that comes first. */
export interface Neighbourhoods {
  /** Numbers of the m rows among which neighbours were sought. */
  readonly rows: Int32Array;
  /** How many rows there are in all. */
  readonly of: number;
  readonly k: number;
  /** `[m, k]` numbers of rows. */
  readonly neighbours: Int32Array;
  /** `[m, k]` Euclidean distances, computed from the differences: 0 exactly where two rows are equal. */
  readonly distances: Float64Array;
}

const MOST_ROWS = 10_000;
/** Multiplications of one search; ONNX Runtime does some ten billion a second. */
const MOST_PRODUCTS = 1e11;
/** Rows of one product. */
const BLOCK = 256;

/**
 * The k nearest neighbours of each row among the other rows. Of more than 10,000 rows, or fewer where they are long, a random
 * choice is searched: each row of it among the others of it.
 *
 * Cost: m^2 d multiplications, at most 1e11; memory 8 m (d + 256) bytes.
 *
 * @param points `[rows, features]`.
 * @param k neighbours of each row; fewer where there are fewer rows.
 * @throws RobustlawError `invalid-argument` for fewer than two rows or a number that is not finite.
 */
export async function nearestNeighbours(
  points: ArrayLike<number>,
  features: number,
  k: number,
  random: Rng,
): Promise<Neighbourhoods> {
  requireInteger('features', features);
  requireInteger('k', k);
  const of = points.length / features;
  requireInteger('rows', of, 2);
  const most = Math.max(2, Math.min(of, MOST_ROWS, Math.floor(Math.sqrt(MOST_PRODUCTS / features))));
  const rows =
    most === of ? Int32Array.from({ length: of }, (_, i) => i) : permutation(random, of).slice(0, most);
  rows.sort();
  const x = centredRows(points, features, rows).data;
  const m = rows.length;
  const squares = new Float64Array(m);
  for (let at = 0; at < x.length; at++) squares[Math.floor(at / features)]! += x[at]! ** 2;
  const kept = Math.min(k, m - 1);
  const neighbours = new Int32Array(m * kept);
  const distances = new Float64Array(m * kept);

  const block = Math.min(BLOCK, m);
  const all = input('all', 'float64', [m, features]);
  const some = input('some', 'float64', [block, features]);
  const program = await compile(graph([all, some], { products: gemm(some, all, { transB: 1 }) }));
  try {
    for (let from = 0; from < m; from += block) {
      const start = Math.min(from, m - block);
      const { products } = await program.run({
        all: x,
        some: x.subarray(start * features, (start + block) * features),
      });
      for (let i = from; i < Math.min(from + block, m); i++) {
        const own = products!.subarray((i - start) * m, (i - start + 1) * m) as Float64Array;
        const nearest = smallest(kept, m, (j) => (j === i ? Infinity : squares[j]! - 2 * own[j]!));
        nearest
          .map((j) => ({ j, far: distanceOf(points, features, rows[i]!, rows[j]!) }))
          .sort((a, b) => a.far - b.far || a.j - b.j)
          .forEach(({ j, far }, at) => {
            neighbours[i * kept + at] = rows[j]!;
            distances[i * kept + at] = far;
          });
      }
    }
  } finally {
    await program.dispose();
  }
  return { rows, of, k: kept, neighbours, distances };
}

/** The k indices with the smallest values, in no order; among equal ones those that come first. */
function smallest(k: number, count: number, value: (index: number) => number): number[] {
  const indices: number[] = [];
  const values: number[] = [];
  for (let j = 0; j < count; j++) {
    const v = value(j);
    if (indices.length === k && !(v < values[k - 1]!)) continue;
    let at = indices.length < k ? indices.length : k - 1;
    for (; at > 0 && v < values[at - 1]!; at--) {
      indices[at] = indices[at - 1]!;
      values[at] = values[at - 1]!;
    }
    indices[at] = j;
    values[at] = v;
  }
  return indices;
}

function distanceOf(points: ArrayLike<number>, features: number, i: number, j: number): number {
  let largest = 0;
  for (let k = 0; k < features; k++) {
    largest = Math.max(largest, Math.abs(points[i * features + k]! - points[j * features + k]!));
  }
  if (largest === 0) return 0;
  const scale = powerOfTwoNear(largest);
  let sum = 0;
  for (let k = 0; k < features; k++)
    sum += ((points[i * features + k]! - points[j * features + k]!) * scale) ** 2;
  return Math.sqrt(sum) / scale;
}
