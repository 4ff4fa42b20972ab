// The largest eigenvalue of a symmetric positive semidefinite matrix, estimated by the Lanczos process with full reorthogonalisation.
import { normal, rng } from '../random/index.ts';
import { symmetricEigen } from './decompositions.ts';
import { type Matrix, matrix, row } from './matrix.ts';
import { addCombination, multiplyVector, multiplyVectorTransposed } from './product.ts';

/**
 * An estimate of the largest eigenvalue of A and a unit vector near its eigenvector, good to about 1e-13 when
 * the eigenvalue is separated. Never above the true value but for rounding; no certificate.
 *
 * @param a symmetric positive semidefinite, entries of moderate scale.
 */
export function largestEigenpair(a: Matrix): { value: number; vector: Float64Array } {
  const n = a.rows;
  const steps = Math.min(n, MAX_STEPS);
  const basis = matrix(steps, n);
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  // A fixed generic start: the answer does not depend on it, but for eigenvectors exactly orthogonal to it.
  let next = unit(normal(rng('lanczos start'), n));
  for (let k = 0; ; k++) {
    row(basis, k).set(next);
    const known = matrix(k + 1, n, basis.data.subarray(0, (k + 1) * n));
    const image = multiplyVector(a, next);
    diagonal.push(dot(image, next));
    for (let pass = 0; pass < 2; pass++) {
      addCombination(known.data, k + 1, multiplyVector(known, image), -1, image);
    }
    const length = Math.sqrt(dot(image, image));
    const done = k + 1 === steps || length <= ROUNDING * Math.abs(diagonal[0]!);
    if (done || k % CHECK_EVERY === CHECK_EVERY - 1) {
      const ritz = topOfTridiagonal(diagonal, offDiagonal);
      const residual = length * Math.abs(ritz.vector[k]!);
      if (done || residual <= RESIDUAL * ritz.value) {
        return { value: ritz.value, vector: unit(multiplyVectorTransposed(known, ritz.vector)) };
      }
    }
    offDiagonal.push(length);
    next = image.map((t) => t / length);
  }
}

const MAX_STEPS = 300;
const CHECK_EVERY = 10;
/** The Ritz value errs by residual^2 / gap, so this residual serves gaps down to 1e-3. */
const RESIDUAL = 1e-8;
/** A remainder this small means the Krylov space is exhausted. */
const ROUNDING = 1e-14;

function topOfTridiagonal(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
): { value: number; vector: Float64Array } {
  const k = diagonal.length;
  const t = matrix(k, k);
  for (let i = 0; i < k; i++) {
    t.data[i * k + i] = diagonal[i]!;
    if (i > 0) t.data[i * k + i - 1] = t.data[(i - 1) * k + i] = offDiagonal[i - 1]!;
  }
  const { values, vectors } = symmetricEigen(t);
  return {
    value: values[k - 1]!,
    vector: Float64Array.from({ length: k }, (_, i) => vectors.data[i * k + k - 1]!),
  };
}

function unit(x: Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, x));
  return x.map((t) => t / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, t, i) => sum + t * b[i]!, 0);
}
