// The shortest linear function through the labels, for n <= d (Bubeck, Li and Nagaraj 2020, section 3.1).
import { graph, input, linear, parameter, tensor } from '../graph/index.ts';
import {
  leastNorm,
  type Matrix,
  matrix,
  row,
  spectralNormUpper,
  spectralNormWitness,
} from '../linalg/index.ts';
import { type Enclosure, normEnclosure } from '../numeric/index.ts';
import { exact } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { checkedSample } from './sample.ts';

/**
 * f(x) = W x with W = Y^T (X X^T)^{-1} X, the shortest rows with W x_i = y_i.
 *
 * Exact and global: Lip f = |W|_2, the length of w for scalar labels. No bias, as in the paper. P = d m.
 *
 * @param points `[n, d]` with linearly independent distinct rows, so n <= d. @param labels `[n, m]`.
 * @throws construction-impossible when the points are linearly dependent to working precision; as `checkedSample`.
 */
export async function minimumNorm(points: Matrix, labels: Matrix): Promise<Memorizer> {
  const sample = checkedSample(points, labels);
  const { rows: n, columns: d } = sample.points;
  const m = sample.labels.columns;
  const weights = matrix(m, d);
  for (let k = 0; k < m; k++) {
    const labelsOfOutput = Float64Array.from({ length: n }, (_, i) => sample.labels.data[i * m + k]!);
    row(weights, k).set(leastNorm(sample.points, labelsOfOutput));
  }
  const steepest = spectralNormWitness(weights);
  const enclosure: Enclosure =
    m === 1 ? normEnclosure(weights.data) : [steepest.value, spectralNormUpper(weights)];
  const w = parameter('weights', tensor('float64', [m, d], weights.data));
  return {
    name: 'minimum-norm linear',
    inputDimension: d,
    outputDimension: m,
    parameterCount: d * m,
    lipschitz: exact(enclosure, m === 1 ? 'length of the weight vector' : 'spectral norm of the weights'),
    witness: { kind: 'pair', a: new Float64Array(d), b: steepest.direction },
    graph: (batch) => {
      const x = input('x', 'float64', [batch, d]);
      return graph([x], { y: linear(x, w) });
    },
  };
}
