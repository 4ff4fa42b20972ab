// Rows shortened to few coordinates that bring no two of them further apart: principal directions and the norm of the rest.
import { gemm, graph, input } from '../graph/index.ts';
import { type Matrix, matrix, multiplyTransposed, orthonormalRows, row } from '../linalg/index.ts';
import { normal, rng } from '../random/index.ts';
import { compile } from '../runtime/index.ts';
import { rowScales } from './tiles.ts';

/** Short rows e(x) with |e(x) - e(y)| <= scale |x - y| + 2 error, whatever the rounding. */
export interface Embedding {
  /** Coordinates of each row. */
  readonly width: number;
  /** `[rows, width]`. */
  readonly coordinates: Float32Array;
  readonly scale: number;
  readonly error: number;
}

/** Rows from which directions are taken, and numbers in them together. */
const SAMPLE = 2048;
const SAMPLE_NUMBERS = 4e7;
/** Steps of the iteration for directions: they need not be exact. */
const STEPS = 4;
/** Rows of one product. */
const BLOCK = 512;

/** `[directions, features]`, orthonormal to rounding, those of much variance first. */
export type Directions = Matrix;

/**
 * About the first principal directions of the listed rows, by orthogonal iteration (Golub and Van Loan 2013, 8.2.4) on at most
 * 2048 of them. Any directions serve; these leave short rows far apart.
 *
 * @param rows in an order in which the first ones are like any others.
 * @param most fewer where there are few rows or features.
 */
export async function principalDirections(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  most: number,
): Promise<Directions> {
  const some = rows.subarray(0, Math.min(SAMPLE, Math.max(1, Math.floor(SAMPLE_NUMBERS / features))));
  const count = Math.min(most, features, some.length);
  const centred = centredAt(points, features, some, rowScales(points, features, some));
  const z = input('z', 'float64', [some.length, features]);
  const v = input('v', 'float64', [count, features]);
  const program = await compile(graph([z, v], { next: gemm(gemm(v, z, { transB: 1 }), z) }));
  try {
    const energy = centred.reduce((sum, value) => sum + value * value, 0);
    // Where rows span fewer directions than are asked for, the others are any.
    const rest = (1e-9 * energy) / features;
    let directions = orthonormalRows(matrix(count, features, normal(rng(0), count * features)));
    for (let step = 0; step < STEPS; step++) {
      const { next } = await program.run({ z: centred, v: directions.data });
      const data = next as Float64Array;
      for (let at = 0; at < data.length; at++) data[at]! += rest * directions.data[at]!;
      directions = orthonormalRows(matrix(count, features, data));
    }
    return directions;
  } finally {
    await program.dispose();
  }
}

/**
 * e(x) = (V c, (|c|^2 - |V c|^2)^(1/2)) for the first `count` directions V and c = scale (x - middle). With exactly orthonormal
 * directions V', |e(x) - e(y)| <= |c(x) - c(y)| since norms of remainders differ by no more than remainders. V is within
 * a = |V V^T - 1| of such V', products are off by gamma(features) |V|_F |c|, the square of the last coordinate by no more than
 * 3 (a + ...) |c|^2 and the coordinate by its root; rounding to float32 adds 2^-24 |e|. The error says all of that.
 *
 * Cost: rows features count multiplications in float64; memory 4 (count + 1) bytes for each row.
 */
export async function embed(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  directions: Directions,
  count: number,
): Promise<Embedding> {
  const scales = rowScales(points, features, rows);
  const width = count + 1;
  const used = matrix(count, features, directions.data.slice(0, count * features));
  const coordinates = new Float32Array(rows.length * width);
  const block = Math.min(BLOCK, rows.length);
  const z = input('z', 'float64', [block, features]);
  const v = input('v', 'float64', [count, features]);
  const program = await compile(graph([z, v], { products: gemm(z, v, { transB: 1 }) }));
  let longest = 0;
  try {
    for (let from = 0; from < rows.length; from += block) {
      const start = Math.min(from, rows.length - block);
      const centred = centredAt(points, features, rows.subarray(start, start + block), scales);
      const { products } = await program.run({ z: centred, v: used.data });
      for (let i = 0; i < block; i++) {
        const square = squareOf(centred, i * features, features);
        let rest = square;
        for (let k = 0; k < count; k++) {
          const coordinate = (products as Float64Array)[i * count + k]!;
          coordinates[(start + i) * width + k] = coordinate;
          rest -= coordinate * coordinate;
        }
        coordinates[(start + i) * width + count] = Math.sqrt(Math.max(0, rest));
        if (square > longest) longest = square;
      }
    }
  } finally {
    await program.dispose();
  }
  const sums = 2 * (features + count + 8) * 2 ** -53;
  const inProducts = departure(used) + sums * (1 + 2 * Math.sqrt(count));
  const relative = inProducts + Math.sqrt(4 * inProducts + 4 * sums) + 2 ** -22;
  return {
    width,
    coordinates,
    scale: scales.first * scales.second,
    error: 1.01 * relative * Math.sqrt(longest),
  };
}

/** At least |V V^T - 1|, by the norm of Frobenius. */
function departure(directions: Matrix): number {
  const products = multiplyTransposed(directions, directions);
  let sum = 0;
  for (let i = 0; i < products.rows; i++) {
    row(products, i).forEach((value, j) => {
      sum += (value - (i === j ? 1 : 0)) ** 2;
    });
  }
  return Math.sqrt(sum) + products.rows * 2 * (directions.columns + 8) * 2 ** -53;
}

function centredAt(
  points: ArrayLike<number>,
  features: number,
  rows: Int32Array,
  { first, second, middle }: ReturnType<typeof rowScales>,
): Float64Array {
  const centred = new Float64Array(rows.length * features);
  rows.forEach((row, i) => {
    for (let j = 0; j < features; j++)
      centred[i * features + j] = (points[row * features + j]! * first - middle[j]!) * second;
  });
  return centred;
}

function squareOf(values: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let at = from; at < from + count; at++) sum += values[at]! * values[at]!;
  return sum;
}
