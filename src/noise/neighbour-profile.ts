// How the noise level read from neighbours' labels grows with the distance of the neighbours: its bias, made visible.
import { type Enclosure, groupedInterval, mean, median } from '../numeric/index.ts';
import type { Neighbourhoods } from '../separation/index.ts';

/** The reading from the rows whose nearest neighbour lies at about this distance. */
export interface NeighbourReading {
  /** Median distance to the nearest neighbour among these rows. */
  readonly distance: number;
  readonly rows: number;
  /** Mean of |y_i - y_j|^2 / 2. */
  readonly value: number;
  /** 95 %, of Clopper and Pearson for classes; undefined in regression. */
  readonly interval: Enclosure | undefined;
}

const CONFIDENCE = 0.95;

/**
 * The reading of `noiseOfNeighbours` in `parts` groups of rows, those with the nearest neighbours first. Labels that change
 * with x add the mean of |g(x_i) - g(x_j)|^2 / 2 to sigma^2, which grows with the distance and vanishes at 0: readings that
 * rise show this bias, readings that are level show none at these distances.
 *
 * @param labels `[rows, outputs]` of all rows, one-hot for classes.
 * @param parts at most so many, each of at least 20 rows.
 */
export function neighbourProfile(
  { rows, k, neighbours, distances }: Neighbourhoods,
  labels: ArrayLike<number>,
  outputs: number,
  kind: 'classification' | 'regression',
  parts: number,
): readonly NeighbourReading[] {
  const order = Array.from(rows, (_, i) => i).sort((a, b) => distances[a * k]! - distances[b * k]! || a - b);
  const count = Math.max(1, Math.min(parts, Math.floor(rows.length / LEAST_ROWS)));
  return Array.from({ length: count }, (_, part) => {
    const members = order.slice(
      Math.floor((part * order.length) / count),
      Math.floor(((part + 1) * order.length) / count),
    );
    const halves = members.map((i) => halfSquare(labels, outputs, rows[i]!, neighbours[i * k]!));
    return {
      distance: median(members.map((i) => distances[i * k]!)),
      rows: members.length,
      value: mean(halves),
      interval:
        kind === 'classification'
          ? groupedInterval(halves, pairsOf(members, rows, neighbours, k), CONFIDENCE)
          : undefined,
    };
  });
}

const LEAST_ROWS = 20;

/** Two rows that are each other's nearest neighbour are one observation. */
function pairsOf(
  members: readonly number[],
  rows: Int32Array,
  neighbours: Int32Array,
  k: number,
): readonly number[] {
  const nearest = new Map(members.map((i) => [rows[i]!, neighbours[i * k]!]));
  return members.map((i) => {
    const [row, other] = [rows[i]!, neighbours[i * k]!];
    return nearest.get(other) === row ? Math.min(row, other) : row;
  });
}

function halfSquare(labels: ArrayLike<number>, outputs: number, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < outputs; k++) sum += (labels[i * outputs + k]! - labels[j * outputs + k]!) ** 2;
  return sum / 2;
}
