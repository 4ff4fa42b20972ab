// Unions of balls placed one after the other (Mahloujifar, Zhang, Mahmoody and Evans, "Empirically measuring concentration: fundamental limits on intrinsic robustness", 2019, for l2).
import { gemm, graph, input } from '../../graph/index.ts';
import type { Matrix } from '../../linalg/index.ts';
import { permutation, type Rng } from '../../random/index.ts';
import { compile } from '../../runtime/index.ts';
import type { Stop } from '../../stop.ts';
import { ascending } from './ascending.ts';
import { scaledRows, someOf } from './scaled-rows.ts';
import { type Balls, euclidean } from './sets.ts';

/** Training rows among which centres and radii are chosen. */
const MOST_ROWS = 50_000;
const MOST_CENTRES = 1024;
/** Distances from centres to rows, kept at 8 bytes each. */
const MOST_DISTANCES = 3e7;
/** Centres whose distances are computed at once. */
const BLOCK = 64;

/**
 * For each epsilon a union of at most `parts` balls that holds a share of the training rows, and few more rows when all radii
 * grow by epsilon. Ball t is centred at a training row and takes between ceil(rest / (parts - t)) and all of the `rest` of
 * the rows that are still to be covered; centre and radius are those with the fewest rows that the grown ball adds to the
 * grown balls before it, less those that the ball adds to the balls.
 *
 * Of more than 50,000 training rows as many are drawn at random, and of the centres at most 1024. Cost: centres * rows *
 * (features + log rows) for distances in order, and centres * rows * parts for every epsilon.
 *
 * @param share of the training rows to hold, in (0, 1].
 */
export async function greedyBalls(
  points: ArrayLike<number>,
  features: number,
  share: number,
  epsilons: readonly number[],
  parts: number,
  training: Int32Array,
  random: Rng,
  stop: Stop,
  observe: (done: number, of: number) => void,
): Promise<{ readonly sets: readonly Balls[]; readonly complete: boolean }> {
  const rows = someOf(training, Math.min(training.length, MOST_ROWS), random.split('rows'));
  const most = Math.min(MOST_CENTRES, rows.length, Math.max(1, Math.floor(MOST_DISTANCES / rows.length)));
  const wanted = permutation(random.split('centres'), rows.length).subarray(0, most);
  const steps = Math.ceil(most / BLOCK) + epsilons.length * parts;
  let step = 0;
  const advance = () => observe(++step, steps);
  const { x, scale } = scaledRows(points, features, rows);
  const neighbourhoods = await sortedNeighbours(x, wanted, stop, advance);
  const toCover = Math.max(1, Math.ceil(share * rows.length));
  let complete = neighbourhoods.length === most;
  const sets = epsilons.map((epsilon) => {
    const placed = place(neighbourhoods, rows.length, toCover, epsilon * scale, parts, stop, advance);
    complete &&= placed.complete;
    const centres = new Float64Array(placed.balls.length * features);
    const radii = placed.balls.map(({ centre, farthest }, t) => {
      const row = rows[centre]!;
      for (let j = 0; j < features; j++) centres[t * features + j] = points[row * features + j]!;
      // From the differences, as membership is decided, so that the farthest row stays on the boundary.
      return euclidean(centres, t, points, rows[farthest]!, features);
    });
    return { kind: 'balls', centres, radii: Float64Array.from(radii) } as const;
  });
  return { sets, complete };
}

/** A centre, its rows by rising distance, and these distances. */
interface Neighbourhood {
  readonly centre: number;
  readonly order: Int32Array;
  readonly distances: Float32Array;
}

interface Ball {
  readonly centre: number;
  readonly farthest: number;
}

/** All rows in order of distance from each centre; those of the first centres only where `stop` says so. */
async function sortedNeighbours(
  x: Matrix,
  centres: Int32Array,
  stop: Stop,
  advance: () => void,
): Promise<readonly Neighbourhood[]> {
  const { rows, columns, data } = x;
  const squares = new Float64Array(rows);
  for (let at = 0; at < data.length; at++) squares[Math.floor(at / columns)]! += data[at]! ** 2;
  const block = Math.min(BLOCK, centres.length);
  const some = input('some', 'float64', [block, columns]);
  const all = input('all', 'float64', [rows, columns]);
  const program = await compile(graph([some, all], { products: gemm(some, all, { transB: 1 }) }));
  const fed = new Float64Array(block * columns);
  const distances = new Float32Array(rows);
  const result: Neighbourhood[] = [];
  try {
    while (result.length < centres.length && !(result.length > 0 && stop())) {
      const chosen = centres.subarray(result.length, result.length + block);
      chosen.forEach((row, i) => {
        fed.set(data.subarray(row * columns, (row + 1) * columns), i * columns);
      });
      const { products } = await program.run({ some: fed, all: data });
      chosen.forEach((centre, i) => {
        const own = products!.subarray(i * rows, (i + 1) * rows) as Float64Array;
        for (let j = 0; j < rows; j++) {
          distances[j] = Math.sqrt(Math.max(0, squares[centre]! + squares[j]! - 2 * own[j]!));
        }
        distances[centre] = 0;
        result.push({ centre, ...inOrder(distances) });
      });
      advance();
    }
  } finally {
    await program.dispose();
  }
  return result;
}

/** Rows by rising distance, the smaller index first where distances in float32 are equal. */
function inOrder(distances: Float32Array<ArrayBuffer>): Omit<Neighbourhood, 'centre'> {
  const order = ascending(distances);
  const sorted = new Float32Array(order.length);
  for (let at = 0; at < order.length; at++) sorted[at] = distances[order[at]!]!;
  return { order, distances: sorted };
}

function place(
  neighbourhoods: readonly Neighbourhood[],
  rows: number,
  toCover: number,
  epsilon: number,
  parts: number,
  stop: Stop,
  advance: () => void,
): { readonly balls: readonly Ball[]; readonly complete: boolean } {
  const inside = new Uint8Array(rows);
  const reached = new Uint8Array(rows);
  const balls: Ball[] = [];
  let rest = toCover;
  let complete = true;
  while (rest > 0) {
    // Once work is to end, one ball takes all that is left.
    const ending = balls.length > 0 && stop();
    if (ending) complete = false;
    const left = ending ? 1 : parts - balls.length;
    const ball = bestBall(neighbourhoods, inside, reached, Math.ceil(rest / left), rest, epsilon);
    for (let p = 0; p <= ball.last; p++) {
      const row = ball.order[p]!;
      if (!inside[row]) rest -= 1;
      inside[row] = 1;
    }
    const grown = ball.distances[ball.last]! + epsilon;
    for (let p = 0; p < rows && ball.distances[p]! <= grown; p++) reached[ball.order[p]!] = 1;
    balls.push({ centre: ball.centre, farthest: ball.order[ball.last]! });
    advance();
  }
  return { balls, complete };
}

/**
 * The ball that adds between `least` and `most` rows (more where rows are equally far), with the least excess of rows that
 * it reaches grown over rows that it adds, then with the fewest that it reaches; `last` is its farthest row.
 */
function bestBall(
  neighbourhoods: readonly Neighbourhood[],
  inside: Uint8Array,
  reached: Uint8Array,
  least: number,
  most: number,
  epsilon: number,
): Neighbourhood & { readonly last: number } {
  let best = neighbourhoods[0]!;
  let last = 0;
  let [excess, reach] = [Infinity, Infinity];
  for (const one of neighbourhoods) {
    const { order, distances } = one;
    let [added, grown, q] = [0, 0, 0];
    for (let p = 0; p < order.length && grown - most <= excess; p++) {
      if (!inside[order[p]!]) added += 1;
      // Rows at the same distance are inside together.
      if (added < least || distances[p + 1] === distances[p]) continue;
      const radius = distances[p]! + epsilon;
      for (; q < order.length && distances[q]! <= radius; q++) if (!reached[order[q]!]) grown += 1;
      if (grown - added < excess || (grown - added === excess && grown < reach)) {
        [best, last, excess, reach] = [one, p, grown - added, grown];
      }
      if (added >= most) break;
    }
  }
  return { ...best, last };
}
