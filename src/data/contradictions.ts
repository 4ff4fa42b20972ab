// Duplicate points with different labels: no function at all fits them, so no Lipschitz function does.
import { RobustlawError } from '../errors.ts';
import { type Dataset, featureCount, pointCount } from './dataset.ts';

/** Two rows, counted from 0, with equal features and different labels; `first` < `second`. */
export interface Contradiction {
  readonly first: number;
  readonly second: number;
}

/**
 * The rows that contradict each other: for every row j the first earlier row i with x_i = x_j, if y_i ≠ y_j.
 * At most n - 1 pairs, in the order of `second`; empty exactly when y is a function of x. Time O(n (d + m)) by hashing rows;
 * equality is of numbers, so 0 and -0 are equal.
 */
export function contradictoryPairs(dataset: Dataset): readonly Contradiction[] {
  const [n, d, m] = [pointCount(dataset), featureCount(dataset), dataset.outputs];
  const pairs: Contradiction[] = [];
  const firstRows = new Map<number, number[]>();
  const row = new Float64Array(d);
  const words = new Uint32Array(row.buffer);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < d; k++) row[k] = dataset.x[j * d + k]! + 0; // -0 + 0 = 0
    const key = hash(words);
    const candidates = firstRows.get(key);
    const i = candidates?.find((candidate) => sameRow(dataset.x, candidate, j, d));
    if (i === undefined) {
      if (candidates === undefined) firstRows.set(key, [j]);
      else candidates.push(j);
    } else if (!sameRow(dataset.y, i, j, m)) {
      pairs.push({ first: i, second: j });
    }
  }
  return pairs;
}

/**
 * Throws unless y is a function of x.
 *
 * @throws RobustlawError `contradictory-labels` naming the rows.
 */
export function requireConsistentLabels(dataset: Dataset): void {
  const pairs = contradictoryPairs(dataset);
  if (pairs.length === 0) return;
  const labelsOf = (row: number) =>
    Array.from(dataset.y.subarray(row * dataset.outputs, (row + 1) * dataset.outputs)).join(', ');
  const shown = pairs
    .slice(0, 5)
    .map(({ first, second }) => `${first} and ${second} (labels ${labelsOf(first)} and ${labelsOf(second)})`);
  const more = pairs.length > shown.length ? ` and ${pairs.length - shown.length} more pairs` : '';
  throw new RobustlawError(
    'contradictory-labels',
    `${dataset.name}: equal points with different labels in rows ${shown.join(', ')}${more}, counted from 0; ` +
      'no Lipschitz function fits them: remove one row of each pair or merge their labels',
  );
}

function sameRow(values: Float64Array | Float32Array, i: number, j: number, width: number): boolean {
  for (let k = 0; k < width; k++) if (values[i * width + k] !== values[j * width + k]) return false;
  return true;
}

/** Two independent multiplicative hashes of 32 bits, 53 bits of which make the key. */
function hash(words: Uint32Array): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, 0x85ebca6b);
    b ^= b >>> 13;
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
