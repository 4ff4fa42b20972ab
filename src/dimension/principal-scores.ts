// Rows in coordinates along their principal directions: distances as they are, and the fewest coordinates that tell them.
import { gram, type Matrix, matrix, multiply, symmetricEigen, transpose } from '../linalg/index.ts';

/**
 * The rows along the principal directions in which they vary, the widest first, in the scale E|x - Ex|^2 = 1: `[rows,
 * directions]`, with the distances of the rows up to this scale. The sign of a direction is that its largest score is positive, so that a
 * rotation of the rows changes nothing.
 *
 * Cost: products for, and the eigenvectors of, a matrix of as many rows as there are rows or features, whichever is less.
 *
 * @param centred rows of mean 0, `[rows, features]`, not all 0.
 */
export function principalScores(centred: Matrix): Matrix {
  const { rows, columns } = centred;
  const narrow = columns < rows;
  const { values, vectors } = symmetricEigen(gram(narrow ? transpose(centred) : centred));
  const trace = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const kept = [...values.keys()].filter((j) => values[j]! > ROUNDING * trace).reverse();
  const scale = Math.sqrt((rows - 1) / trace);
  const along = narrow ? multiply(centred, vectors) : vectors;
  const scores = matrix(rows, kept.length);
  kept.forEach((j, column) => {
    const own = Float64Array.from({ length: rows }, (_, i) => along.data[i * along.columns + j]!);
    const largest = own.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    const factor = Math.sign(largest) * scale * (narrow ? 1 : Math.sqrt(values[j]!));
    own.forEach((value, i) => {
      scores.data[i * kept.length + column] = factor * value;
    });
  });
  return scores;
}

/** Variance below this share of all is rounding. */
const ROUNDING = 1e-12;
