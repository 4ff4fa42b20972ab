// Baum's memorizer for real labels: 4 ceil(n/d) ReLUs, and a huge Lipschitz constant (Baum 1988; real labels after Bubeck, Eldan, Lee and Mikulincer 2020).
import { RobustlawError } from '../errors.ts';
import { gemm, graph, input, linear, parameter, relu, tensor } from '../graph/index.ts';
import type { UpperGuarantee, Witness } from '../guarantee/index.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import {
  distanceEnclosure,
  divideDown,
  divideUp,
  type Enclosure,
  normEnclosure,
  sumEnclosure,
} from '../numeric/index.ts';
import type { Rng } from '../random/index.ts';
import { bestGroups, type Spike } from './baum-groups.ts';
import { exact, upperBound } from './guarantees.ts';
import { evaluateMemorizer, type Memorizer } from './memorizer.ts';
import { checkedScalarSample, labelScale } from './sample.ts';

/**
 * f = sum over groups of at most d points of g(x) = D(b - s) - D(b + s), where
 * D(t) = [ ReLU((u + delta v) . x + delta c - t) - ReLU(u . x - t) ] / delta,
 * with a hyperplane u . x = b, |u| = 1, through exactly the points of the group and v . x_i + c = y_i on them. D(t) is
 * v . x + c where u . x > t with room to spare and 0 where u . x < t, so g carries the labels on a slab of half-width s
 * about the hyperplane and vanishes at all other points. With margin mu = min |u . x_j - b| over the other points, delta
 * is just below mu / (max_j |v . x_j + c| + max |y|).
 *
 * The groups are drawn at random, each the best of several by that quotient, since 1/delta is both the Lipschitz
 * constant and what rounding errors are multiplied by.
 *
 * The gradient of g is one of 0, v, (u + delta v)/delta, -u/delta; the last two, of length about 1/delta, occur on
 * strips beside the slab. So Lip g = max(|u + delta v|, |u|, |delta v|) / delta exactly, and Lip f is at most their
 * sum: exact for one group, an upper bound for more. The witness crosses the steepest strip.
 *
 * P = 4 ceil(n/d) (d + 2): a two-layer network. n is the number of distinct points.
 *
 * @param points `[n, d]` in general position: no d + 1 of them on one hyperplane. @param labels `[n, 1]`.
 * @param rng key of the grouping.
 * @throws construction-impossible when the points are not in general position, or so nearly not that float64 cannot hold
 * the labels to 1e-9 of their scale; as `checkedSample`.
 */
export async function baum(points: Matrix, labels: Matrix, rng: Rng): Promise<Memorizer> {
  const sample = checkedScalarSample("Baum's network", points, labels);
  const { rows: n, columns: d } = sample.points;
  const spikes = bestGroups(sample, rng);
  const network = assemble(spikes, d);
  const count = 4 * spikes.length;
  const witness = acrossSteepest(spikes, sample.points);
  const weights = parameter('weights', tensor('float64', [count, d], network.weights.data));
  const biases = parameter('biases', tensor('float64', [count], network.biases));
  const outputs = parameter('outputs', tensor('float64', [count, 1], network.outputs));
  const memorizer: Memorizer = {
    name: 'Baum',
    inputDimension: d,
    outputDimension: 1,
    parameterCount: 4 * Math.ceil(n / d) * (d + 2),
    lipschitz: totalSlope(network),
    ...(witness && { witness }),
    graph: (batch) => {
      const x = input('x', 'float64', [batch, d]);
      return graph([x], { y: gemm(relu(linear(x, weights, biases)), outputs) });
    },
  };
  await requireInterpolation(memorizer, sample.points, sample.labels);
  return memorizer;
}

interface Network {
  readonly weights: Matrix;
  readonly biases: Float64Array;
  readonly outputs: Float64Array;
}

/**
 * Neurons of a group, in order: (u + delta v, b - s), (u, b - s), (u + delta v, b + s), (u, b + s) with signs + - - +.
 */
function assemble(spikes: readonly Spike[], d: number): Network {
  const weights = matrix(4 * spikes.length, d);
  const biases = new Float64Array(4 * spikes.length);
  const outputs = new Float64Array(4 * spikes.length);
  spikes.forEach((spike, g) => {
    const { u, b, v, c, delta, halfWidth } = spike;
    const tilted = u.map((t, k) => t + delta * v[k]!);
    for (let k = 0; k < 4; k++) {
      const isTilted = k % 2 === 0;
      row(weights, 4 * g + k).set(isTilted ? tilted : u);
      biases[4 * g + k] = (isTilted ? delta * c : 0) - (k < 2 ? b - halfWidth : b + halfWidth);
      outputs[4 * g + k] = isFlat(spike) ? 0 : (k === 0 || k === 3 ? 1 : -1) / delta;
    }
  });
  return { weights, biases, outputs };
}

/** A group whose labels are all zero needs no spike. */
function isFlat({ v, c }: Spike): boolean {
  return c === 0 && v.every((t) => t === 0);
}

/** The sum over groups of the exact constants of g, from the stored weights. */
function totalSlope({ weights, outputs }: Network): UpperGuarantee {
  const slopes = Array.from({ length: outputs.length / 4 }, (_, g): Enclosure => {
    const [tilted, plain] = [row(weights, 4 * g), row(weights, 4 * g + 1)];
    const pieces = [normEnclosure(tilted), normEnclosure(plain), distanceEnclosure(tilted, plain)];
    const inverse = outputs[4 * g]!;
    if (inverse === 0) return [0, 0];
    return [
      divideDown(Math.max(...pieces.map((piece) => piece[0])), divideUp(1, inverse)),
      divideUp(Math.max(...pieces.map((piece) => piece[1])), divideDown(1, inverse)),
    ];
  });
  if (slopes.length === 1) return exact(slopes[0]!, 'gradients of the linear pieces');
  return upperBound(
    sumEnclosure(slopes.map((slope) => slope[1]))[1],
    'sum over groups of the steepest linear piece',
  );
}

/**
 * Two points at the ends of the strip u . x in [b - s - delta y, b - s] beside a point x_i of the narrowest slab,
 * where g climbs from 0 to its label y at slope 1/delta; undefined when all labels are zero.
 */
function acrossSteepest(spikes: readonly Spike[], points: Matrix): Witness | undefined {
  const raised = spikes.filter((g) => !isFlat(g));
  if (raised.length === 0) return undefined;
  const { u, b, v, c, delta, halfWidth, members } = raised.reduce((a, g) => (g.delta < a.delta ? g : a));
  const label = (i: number) => row(points, i).reduce((sum, t, k) => sum + v[k]! * t, c);
  const chosen = members.reduce((best, i) => (Math.abs(label(i)) > Math.abs(label(best)) ? i : best));
  const x = row(points, chosen);
  const level = x.reduce((sum, t, k) => sum + u[k]! * t, 0);
  const at = (target: number) => x.map((t, k) => t + (target - level) * u[k]!);
  return {
    kind: 'pair',
    a: at(b - halfWidth),
    b: at(b - halfWidth - delta * label(chosen)),
  };
}

async function requireInterpolation(memorizer: Memorizer, points: Matrix, labels: Matrix): Promise<void> {
  const fitted = await evaluateMemorizer(memorizer, points.data);
  const error = fitted.reduce((worst, value, i) => Math.max(worst, Math.abs(value - labels.data[i]!)), 0);
  const scale = labelScale(labels);
  if (error <= 1e-9 * scale) return;
  throw new RobustlawError(
    'construction-impossible',
    `the points are too close to a position that is not general: Baum's network would miss the labels by ${error} ` +
      `in float64, more than 1e-9 of their scale ${scale}; use fewer points, more dimensions or another seed`,
  );
}
