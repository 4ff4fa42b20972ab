// The closest points of another class in l1 and l2, for blocks of points: bounds first, differences where they do not decide.
import { gemm, graph, input } from '../graph/index.ts';
import { compile, type Program } from '../runtime/index.ts';
import type { Arrangement } from './arrangement.ts';
import { euclideanBelow, sumBelow } from './limited-distance.ts';

/** Rows and columns of one product of matrices. */
export const BLOCK = 256;
const TILE = 2048;

/** The closest pairs so far: distances in the units of the arrangement, and the positions of both ends. */
export interface Nearest {
  readonly distances: Float64Array;
  readonly own: Int32Array;
  readonly others: Int32Array;
}

export interface ClassSearch {
  /**
   * For every position in [from, to), to - from <= BLOCK, and each norm of `nearest`: the nearest position of another class
   * among all, if it is nearer than what `nearest` has there.
   */
  search(from: number, to: number, nearest: Partial<Readonly<Record<'l1' | 'l2', Nearest>>>): Promise<void>;
  /** How many features were compared one by one in each norm. */
  readonly compared: { l1: number; l2: number };
  dispose(): Promise<void>;
}

/**
 * A search that is exact: a pair is left out only where a bound that holds with all rounding says that it is no nearer.
 *
 *   |x-y|_2^2 >= (1 - e)(|x|^2 + |y|^2) - 2 <x,y> - t     <x,y> a product in float32, e and t its rounding
 *   |x-y|_1   >= |x-y|_2^2 / R                            R the largest range of a feature
 *
 * What the bounds leave is compared feature by feature until the best so far is reached.
 */
export async function createClassSearch(arrangement: Arrangement): Promise<ClassSearch> {
  const { n, d, centred } = arrangement;
  const [block, tile] = [Math.min(BLOCK, n), Math.min(TILE, n)];
  const some = input('some', 'float32', [block, d]);
  const all = input('all', 'float32', [tile, d]);
  const program = await compile(graph([some, all], { products: gemm(some, all, { transB: 1 }) }));
  const reduced = reducedSquares(centred, n, d);
  const compared = { l1: 0, l2: 0 };
  return {
    compared,
    async search(from, to, { l1, l2 }) {
      for (let column = 0; column < n; column += tile) {
        const last = Math.min(n, column + tile);
        const products = await productsOf(program, arrangement, from, column, block, tile);
        for (let i = from; i < to; i++)
          compareByProducts(arrangement, reduced, products, i, i - from, column, last, l1, l2, compared);
      }
    },
    dispose: () => program.dispose(),
  };
}

/** Products of one block of rows with one tile of columns: a function of both positions. */
interface Products {
  readonly values: Float32Array;
  readonly rowStart: number;
  readonly columnStart: number;
  readonly width: number;
}

async function productsOf(
  program: Program,
  { n, d, centred }: Arrangement,
  from: number,
  column: number,
  block: number,
  tile: number,
): Promise<Products> {
  const rowStart = Math.min(from, n - block);
  const columnStart = Math.min(column, n - tile);
  const { products } = await program.run({
    some: centred.subarray(rowStart * d, (rowStart + block) * d),
    all: centred.subarray(columnStart * d, (columnStart + tile) * d),
  });
  return { values: products as Float32Array, rowStart, columnStart, width: tile };
}

/** (1 - e) |x|^2 at each position, e the relative rounding of a product in float32 and of its inputs; and what underflow takes. */
function reducedSquares(centred: Float32Array, n: number, d: number) {
  const unit = (d + 16) * 2 ** -24;
  const error = unit < 0.5 ? unit / (1 - unit) : 1;
  const squares = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let k = i * d; k < (i + 1) * d; k++) sum += centred[k]! * centred[k]!;
    squares[i] = (1 - error) * sum;
  }
  return { squares, underflow: d * 2 ** -120 };
}

function compareByProducts(
  { points, classes, d, range }: Arrangement,
  { squares, underflow }: ReturnType<typeof reducedSquares>,
  { values, rowStart, columnStart, width }: Products,
  i: number,
  at: number,
  column: number,
  last: number,
  l1: Nearest | undefined,
  l2: Nearest | undefined,
  compared: ClassSearch['compared'],
): void {
  const own = classes[i]!;
  const base = (i - rowStart) * width - columnStart;
  const limit = () =>
    Math.max(l2 ? l2.distances[at]! ** 2 : 0, l1 ? l1.distances[at]! * range : 0) - squares[i]! + underflow;
  let most = limit();
  for (let j = column; j < last; j++) {
    if (squares[j]! - 2 * values[base + j]! > most || classes[j]! === own) continue;
    const bound = squares[i]! + squares[j]! - 2 * values[base + j]! - underflow;
    if (l2 && bound <= l2.distances[at]! ** 2) {
      const far = euclideanBelow(points, i * d, j * d, d, l2.distances[at]!);
      compared.l2 += d;
      if (far < l2.distances[at]!) take(l2, at, far, i, j);
    }
    if (l1 && bound <= l1.distances[at]! * range) {
      const before = l1.distances[at]!;
      const far = sumBelow(points, i * d, j * d, d, before);
      compared.l1 += d;
      if (far < before) take(l1, at, far, i, j);
    }
    most = limit();
  }
}

/** Notes a closer pair. */
export function take(
  { distances, own, others }: Nearest,
  at: number,
  far: number,
  i: number,
  j: number,
): void {
  distances[at] = far;
  own[at] = i;
  others[at] = j;
}
