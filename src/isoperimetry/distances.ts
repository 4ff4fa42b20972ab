// Distances to sets of points of the training half, which are 1-Lipschitz in the norm of the distance.
import type { Norm } from '../guarantee/index.ts';
import { matrix } from '../linalg/index.ts';
import { certified, type Evaluated, type FunctionFamily, type Points } from './family.ts';
import { distance } from './norms.ts';
import { innerProducts } from './products.ts';

/** A set by its points, `[at least one, features]`. */
export interface PointSet {
  readonly name: string;
  readonly points: Points;
}

/** x -> min over a in A of |x - a|, for each set A; and (d_A - d_B) / 2 for each pair (A, B) of numbers of sets. */
export function setDistances(
  norm: Norm,
  sets: readonly PointSet[],
  differences: readonly (readonly [number, number])[],
): FunctionFamily | undefined {
  if (sets.length === 0) return undefined;
  const functions = [
    ...sets.map(({ name }) => `distance to ${name}`),
    ...differences.map(([a, b]) => `half of the distance to ${sets[a]!.name} less that to ${sets[b]!.name}`),
  ];
  return {
    name: 'distance to a set',
    functions: functions.map((name) => ({ name, constant: certified(norm, 1, 'triangle inequality') })),
    async evaluate(points) {
      const to: Float64Array[] = [];
      for (const set of sets) to.push(await distancesTo(norm, points, set.points));
      const between = differences.map(([a, b]) => to[a]!.map((t, i) => (t - to[b]![i]!) / 2));
      return [...to, ...between].map((values): Evaluated => ({ values }));
    },
  };
}

/** The distance of each row to the nearest point of the set. */
async function distancesTo(norm: Norm, points: Points, set: Points): Promise<Float64Array> {
  const { rows, features, data } = points;
  if (norm !== 'l2' || set.rows === 1) {
    const nearest = new Float64Array(rows).fill(Infinity);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < set.rows; j++)
        nearest[i] = Math.min(nearest[i]!, distance(norm, data, i, set.data, j, features));
    }
    return nearest;
  }
  const anchors = matrix(set.rows, features, set.data);
  const products = await innerProducts(points, anchors);
  const squares = Float64Array.from({ length: set.rows }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < features; k++) sum += set.data[j * features + k]! ** 2;
    return sum;
  });
  return Float64Array.from({ length: rows }, (_, i) => {
    let [best, least] = [0, Infinity];
    for (let j = 0; j < set.rows; j++) {
      const square = squares[j]! - 2 * products.data[i * set.rows + j]!;
      if (square < least) [best, least] = [j, square];
    }
    // From the differences: the products only say which point is nearest.
    return distance(norm, data, i, set.data, best, features);
  });
}
