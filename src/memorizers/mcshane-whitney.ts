// The extension of McShane and Whitney (both 1934): the smoothest function through scalar labels.
import {
  add,
  graph,
  input,
  mul,
  parameter,
  reduceMax,
  reduceMin,
  reshape,
  sub,
  tensor,
} from '../graph/index.ts';
import { type Matrix, row } from '../linalg/index.ts';
import { bulkForm } from './bulk.ts';
import { type Distances, distances } from './distances.ts';
import { exact } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { steepestPair } from './pairs.ts';
import { checkedScalarSample } from './sample.ts';

/**
 * f(x) = ( max_i (y_i - L |x - x_i|) + min_i (y_i + L |x - x_i|) ) / 2 with L = max_{i<j} |y_i - y_j| / |x_i - x_j|:
 * the mean of the least and the greatest L-Lipschitz function through the labels.
 *
 * No function through the labels has a smaller Lipschitz constant. Exact and global: f is L-Lipschitz as a mean of
 * two such functions, and the steepest pair of the data attains L.
 *
 * P = n(d + 1) + 1: points, labels and L, with n the number of distinct points.
 *
 * @param points `[n, d]`. @param labels `[n, 1]`.
 * @throws as `checkedSample`; invalid-argument for more than one label per point.
 */
export async function mcShaneWhitney(points: Matrix, labels: Matrix): Promise<Memorizer> {
  const sample = checkedScalarSample('the McShane-Whitney extension', points, labels);
  const { rows: n, columns: d } = sample.points;
  const steepest = await steepestPair(sample.points, sample.labels);
  const enclosure = steepest?.enclosure ?? ([0, 0] as const);
  const centres = parameter('points', tensor('float64', [n, d], sample.points.data));
  const values = parameter('labels', tensor('float64', [n], sample.labels.data));
  const constant = parameter('lipschitz', tensor('float64', [], [enclosure[1]]));
  const build = (batch: number, from: Distances) => {
    const x = input('x', 'float64', [batch, d]);
    const reach = mul(constant, from(x, centres));
    const least = reduceMax(sub(values, reach), [1]);
    const greatest = reduceMin(add(values, reach), [1]);
    return graph([x], { y: reshape(mul(add(least, greatest), 0.5), [-1, 1]) });
  };
  const bulk = bulkForm(sample.points, steepest?.separation ?? 0, build);
  return {
    name: 'McShane-Whitney',
    inputDimension: d,
    outputDimension: 1,
    parameterCount: n * (d + 1) + 1,
    lipschitz: exact(enclosure, 'maximal slope between data points'),
    ...(steepest && {
      witness: {
        kind: 'pair',
        a: row(sample.points, steepest.first).slice(),
        b: row(sample.points, steepest.second).slice(),
      },
    }),
    graph: (batch) => build(batch, distances),
    ...(bulk && { bulk }),
  };
}
