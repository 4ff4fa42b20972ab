// How dense data are around each row: the distance of a neighbour in l1.
import { RobustlawError } from '../../errors.ts';
import { gemm, graph, input } from '../../graph/index.ts';
import { permutation, type Rng } from '../../random/index.ts';
import { compile } from '../../runtime/index.ts';
import type { Stop } from '../../stop.ts';
import { distanceBelow } from './clusters.ts';
import { scaledRows } from './scaled-rows.ts';
import { selectSmallest } from './select.ts';

/** The neighbour whose distance counts; where there are fewer than 500 rows, a tenth of them. */
const NEIGHBOUR = 50;
/** Euclidean neighbours among which the nearest in l1 are sought, for each of those. */
const CANDIDATES = 3;
/** Multiplications of one search: rows * references * features. */
const MOST_PRODUCTS = 1e11;
/** Entries of the product of one block. */
const BLOCK_ENTRIES = 2 ** 21;

/**
 * For each of the rows the l1 distance to a neighbour, in units of the data; the smaller, the denser. The neighbour is the 50th
 * nearest other row; where rows^2 features is above 1e11, neighbours are sought among m reference rows drawn at random and the
 * neighbour is number 50 m / rows of these, which is as far on average. It is sought among three times as many of its nearest in
 * l2, which products of matrices in float32 find: an upper bound on the exact distance.
 *
 * Cost: rows * m * features multiplications, 4 rows * m comparisons, and at most 150 * rows * features differences.
 *
 * @param points `[rows, features]`.
 * @returns `[rows]`, in the order of `rows`.
 * @throws RobustlawError `interrupted` when `stop` says so before the end.
 */
export async function neighbourDistances(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  random: Rng,
  stop: Stop,
  mostProducts = MOST_PRODUCTS,
): Promise<Float64Array> {
  const count = rows.length;
  if (count < 2) return new Float64Array(count);
  const most = Math.max(2, Math.floor(mostProducts / (features * count)));
  const chosen = permutation(random, count).slice(0, Math.min(most, count)).sort();
  const among = chosen.length;
  const rank = Math.max(1, Math.min(NEIGHBOUR, Math.floor(count / 10)));
  const neighbour = Math.max(1, Math.round((rank * among) / count));
  const { data } = scaledRows(points, features, rows).x;
  const references = new Float32Array(among * features);
  const squares = new Float32Array(among);
  const place = new Int32Array(count).fill(-1);
  chosen.forEach((i, at) => {
    place[i] = at;
    const own = data.subarray(i * features, (i + 1) * features);
    references.set(own, at * features);
    squares[at] = own.reduce((sum, value) => sum + value * value, 0);
  });
  const block = Math.max(1, Math.min(count, Math.floor(BLOCK_ENTRIES / among)));
  const some = input('some', 'float32', [block, features]);
  const all = input('all', 'float32', [among, features]);
  const program = await compile(graph([some, all], { products: gemm(some, all, { transB: 1 }) }));
  const fed = new Float32Array(block * features);
  const products = new Float32Array(block * among);
  const kept = Math.min(among, CANDIDATES * neighbour + 1);
  const [values, scratch] = [new Float32Array(among), new Float32Array(among)];
  const result = new Float64Array(count);
  try {
    for (let from = 0; from < count; from += block) {
      if (stop()) throw new RobustlawError('interrupted', 'the search for dense rows was stopped');
      const end = Math.min(count, from + block);
      fed.set(data.subarray(from * features, end * features));
      await program.run({ some: fed, all: references }, { products });
      for (let i = from; i < end; i++) {
        const offset = (i - from) * among;
        for (let j = 0; j < among; j++) values[j] = squares[j]! - 2 * products[offset + j]!;
        // The row itself is at no distance from itself, and is not its neighbour.
        if (place[i]! >= 0) values[place[i]!] = Infinity;
        scratch.set(values);
        const limit = selectSmallest(scratch, kept - 1);
        const far: number[] = [];
        for (let j = 0; j < among; j++) {
          if (values[j]! > limit || place[i] === j) continue;
          const other = rows[chosen[j]!]! * features;
          far.push(distanceBelow(points, rows[i]! * features, points, other, features, Infinity));
        }
        far.sort((a, b) => a - b);
        result[i] = far[Math.min(neighbour, far.length) - 1] ?? 0;
      }
    }
  } finally {
    await program.dispose();
  }
  return result;
}
