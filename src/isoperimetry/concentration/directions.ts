// Normals of half-spaces to try: principal components, their signed powers, and coordinates (Prescott, Zhang and Evans 2021).
import { gemm, graph, input } from '../../graph/index.ts';
import { type Matrix, matrix, symmetricEigen } from '../../linalg/index.ts';
import type { Rng } from '../../random/index.ts';
import { compile } from '../../runtime/index.ts';
import { someOf } from './scaled-rows.ts';
import type { ExpansionNorm } from './sets.ts';

/** Rows of one product. */
const BLOCK = 1024;
/** Size of an eigenvalue problem that takes some seconds. */
export const MOST_COMPONENTS = 1024;
/** Eigenvalues below this share of the largest are rounding. */
const ROUNDING = 1e-12;

/**
 * Principal components of centred rows, as unit vectors by falling variance; those without variance are left out. Where
 * there are more features and more rows than `size`, they are those of as many rows drawn at random. Estimates.
 *
 * Cost: rows * features * min(rows, features) multiplications and an eigenvalue problem of that size, `size` at most.
 *
 * @param x `[rows, features]`, centred.
 * @param size defaults to 1024.
 * @returns vectors of `[features]`.
 */
export async function principalComponents(
  x: Matrix,
  random: Rng,
  size = MOST_COMPONENTS,
): Promise<readonly Float64Array[]> {
  const most = Math.min(x.rows, size);
  if (x.columns <= most) return fromCovariance(x);
  const d = x.columns;
  const drawn = new Float64Array(most * d);
  someOf(
    Int32Array.from({ length: x.rows }, (_, i) => i),
    most,
    random,
  ).forEach((row, i) => {
    drawn.set(x.data.subarray(row * d, (row + 1) * d), i * d);
  });
  return fromProducts(drawn, d);
}

async function fromCovariance(x: Matrix): Promise<readonly Float64Array[]> {
  const d = x.columns;
  const some = input('some', 'float64', [BLOCK, d]);
  const program = await compile(graph([some], { products: gemm(some, some, { transA: 1 }) }));
  const covariance = matrix(d, d);
  const padded = new Float64Array(BLOCK * d);
  try {
    for (let from = 0; from < x.rows; from += BLOCK) {
      const block = x.data.subarray(from * d, Math.min(x.rows, from + BLOCK) * d);
      padded.set(block);
      padded.fill(0, block.length);
      const { products } = await program.run({ some: padded });
      for (let at = 0; at < d * d; at++) covariance.data[at]! += products![at]! as number;
    }
  } finally {
    await program.dispose();
  }
  const { values, vectors } = symmetricEigen(covariance);
  const kept = Array.from(values.keys()).filter((i) => values[i]! > ROUNDING * values[d - 1]!);
  return kept
    .reverse()
    .map((column) => Float64Array.from({ length: d }, (_, j) => vectors.data[j * d + column]!));
}

/** From the products of rows X X^T = U diag(values) U^T: the components are the rows of diag(values)^(-1/2) U^T X. */
async function fromProducts(some: Float64Array, d: number): Promise<readonly Float64Array[]> {
  const rows = some.length / d;
  const left = input('left', 'float64', [rows, d]);
  const square = await compile(graph([left], { products: gemm(left, left, { transB: 1 }) }));
  const products = await square.run({ left: some }).finally(() => square.dispose());
  const { values, vectors } = symmetricEigen(matrix(rows, rows, products.products as Float64Array));
  const kept = Array.from(values.keys()).filter((i) => values[i]! > ROUNDING * values[rows - 1]!);
  if (kept.length === 0) return [];
  const weights = new Float64Array(kept.length * rows);
  kept.reverse().forEach((column, i) => {
    for (let j = 0; j < rows; j++) {
      weights[i * rows + j] = vectors.data[j * rows + column]! / Math.sqrt(values[column]!);
    }
  });
  const factor = input('factor', 'float64', [kept.length, rows]);
  const combine = await compile(graph([factor, left], { components: gemm(factor, left) }));
  const { components } = await combine.run({ factor: weights, left: some }).finally(() => combine.dispose());
  return kept.map((_, i) => (components as Float64Array).subarray(i * d, (i + 1) * d));
}

/**
 * w_j = sign(v_j) |v_j|^exponent, divided by the dual norm: |w|_2 = 1 for l2, |w|_1 = 1 for linf. As the exponent grows, w
 * tends to the coordinate in which |v| is largest.
 */
export function signedPower(v: Float64Array, exponent: number, norm: ExpansionNorm): Float64Array {
  const largest = v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const w = v.map((value) => Math.sign(value) * (Math.abs(value) / largest) ** exponent);
  let size = 0;
  for (const value of w) size += norm === 'l2' ? value * value : Math.abs(value);
  if (norm === 'l2') size = Math.sqrt(size);
  return w.map((value) => value / size);
}
