// Rows on which a set is chosen and rows on which it is measured: what is measured on other rows than it was chosen on has an honest interval.
import { invalidArgument, requireInteger, requirePositive } from '../../errors.ts';
import { permutation, type Rng } from '../../random/index.ts';

/** Numbers of rows; no row is in both parts. */
export interface Split {
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
}

/** Fewer rows say nothing about the mass of a set. */
const LEAST_ROWS = 10;

/**
 * Two random halves of n rows, each in ascending order; with an odd number the training half has one row less.
 *
 * @throws RobustlawError `invalid-argument` for fewer than 10 rows.
 */
export function halves(n: number, random: Rng): Split {
  requireRows(n);
  const order = permutation(random, n);
  const half = Math.floor(n / 2);
  return { training: order.slice(0, half).sort(), heldOut: order.slice(half).sort() };
}

/** What both families of sets are asked; throws where that cannot be. */
export function requireQuestion(
  points: ArrayLike<number>,
  features: number,
  alpha: number,
  epsilons: readonly number[],
): void {
  requireInteger('features', features);
  requireRows(points.length / features);
  if (!(alpha > 0 && alpha < 1)) throw invalidArgument('alpha', alpha, 'a risk in (0, 1)');
  if (epsilons.length === 0) throw invalidArgument('epsilons', '[]', 'at least one distance');
  for (const epsilon of epsilons) {
    if (epsilon !== 0) requirePositive('epsilon', epsilon);
  }
  for (let at = 0; at < points.length; at++) {
    if (!Number.isFinite(points[at])) {
      const place = `feature ${at % features} of row ${Math.floor(at / features)} (counted from 0)`;
      throw invalidArgument(place, points[at], 'a finite number');
    }
  }
}

/** Throws unless both parts have rows, every row is one of n and is there once. */
export function requireSplit({ training, heldOut }: Split, n: number): void {
  if (training.length === 0) throw invalidArgument('training rows', 0, 'at least one');
  if (heldOut.length === 0) throw invalidArgument('held-out rows', 0, 'at least one');
  const seen = new Uint8Array(n);
  for (const row of [...training, ...heldOut]) {
    if (!(row >= 0 && row < n)) throw invalidArgument('row of the split', row, `one of 0 to ${n - 1}`);
    if (seen[row]) throw invalidArgument('split', `row ${row} twice`, 'every row at most once');
    seen[row] = 1;
  }
}

/**
 * The share of the training rows that a set is made to hold so that its mass reaches alpha on other rows too: alpha + 0.5 /
 * sqrt(n), the margin of Prescott, Zhang and Evans (2021), at most 1.
 */
export function shareToHold(alpha: number, trainingRows: number): number {
  return Math.min(1, alpha + 0.5 / Math.sqrt(trainingRows));
}

function requireRows(n: number): void {
  requireInteger('number of rows (half of them find a set, half measure it)', n, LEAST_ROWS);
}
