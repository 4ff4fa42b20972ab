// The labelled points a memorizer is made from: checked, in canonical order, each point once.
import { invalidArgument, RobustlawError } from '../errors.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';

/** n distinct points `[n, d]` with their labels `[n, m]`. */
export interface Sample {
  readonly points: Matrix;
  readonly labels: Matrix;
}

/**
 * Checks points and labels and sorts them lexicographically, so that a construction depends on the set of points
 * and not on their order. Points that occur more than once with the same label are kept once.
 *
 * @throws shape-mismatch when the numbers of rows differ; invalid-argument naming row and column of a number that is
 * not finite; contradictory-labels naming rows of equal points with different labels. Rows are counted from 0.
 */
export function checkedSample(points: Matrix, labels: Matrix): Sample {
  if (points.rows !== labels.rows) {
    throw new RobustlawError(
      'shape-mismatch',
      `${points.rows} points but ${labels.rows} labels; expected one row of labels for each point`,
    );
  }
  requireFiniteMatrix('points', points);
  requireFiniteMatrix('labels', labels);
  const order = Array.from({ length: points.rows }, (_, i) => i).sort((i, j) => compareRows(points, i, j));
  const distinct = order.filter((j, place) => {
    const i = order[place - 1];
    if (i === undefined || compareRows(points, i, j) !== 0) return true;
    if (compareRows(labels, i, j) === 0) return false;
    throw contradiction(labels, Math.min(i, j), Math.max(i, j));
  });
  return { points: chosenRows(points, distinct), labels: chosenRows(labels, distinct) };
}

/**
 * As `checkedSample`, for constructions of scalar functions. @throws invalid-argument unless there is one label per
 * point.
 */
export function checkedScalarSample(name: string, points: Matrix, labels: Matrix): Sample {
  if (labels.columns !== 1) {
    throw invalidArgument(
      'number of labels per point',
      labels.columns,
      `1: ${name} is a scalar function; use one memorizer per label, or kirszbraun()`,
    );
  }
  return checkedSample(points, labels);
}

/** max |y| over all entries of the labels. */
export function labelScale(labels: Matrix): number {
  return labels.data.reduce((largest, y) => Math.max(largest, Math.abs(y)), 0);
}

function requireFiniteMatrix(name: string, a: Matrix): void {
  const at = a.data.findIndex((entry) => !Number.isFinite(entry));
  if (at < 0) return;
  const place = `${name} at row ${Math.floor(at / a.columns)}, column ${at % a.columns} (counted from 0)`;
  throw invalidArgument(place, a.data[at], 'a finite number');
}

/** Lexicographic; 0 and -0 are equal. */
function compareRows(a: Matrix, i: number, j: number): number {
  const [p, q] = [i * a.columns, j * a.columns];
  for (let k = 0; k < a.columns; k++) {
    const difference = a.data[p + k]! - a.data[q + k]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function chosenRows(a: Matrix, rows: readonly number[]): Matrix {
  const chosen = matrix(rows.length, a.columns);
  // Adding 0 turns -0 into 0, so that equal points give equal bytes.
  rows.forEach((i, place) => {
    row(chosen, place).set(row(a, i).map((entry) => entry + 0));
  });
  return chosen;
}

function contradiction(labels: Matrix, i: number, j: number): RobustlawError {
  const show = (k: number) => Array.from(row(labels, k)).join(', ');
  return new RobustlawError(
    'contradictory-labels',
    `rows ${i} and ${j} (counted from 0) are equal points with different labels (${show(i)} and ${show(j)}); ` +
      'no function fits them: remove one of the rows or merge their labels',
  );
}
