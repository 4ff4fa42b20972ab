// Networks of disjoint spherical caps: the cap network with k = n (Bubeck, Li and Nagaraj 2020, section 3.2) and the sqrt-7 interpolant of Shmalo (2026).
import { invalidArgument, RobustlawError } from '../errors.ts';
import { gemm, graph, input, linear, parameter, relu, tensor } from '../graph/index.ts';
import type { Witness } from '../guarantee/index.ts';
import { type Matrix, matrix, row, spectralNormUpper } from '../linalg/index.ts';
import {
  addUp,
  divideDown,
  divideUp,
  dotEnclosure,
  type Enclosure,
  gamma,
  multiplyDown,
  multiplyUp,
  nextDown,
  nextUp,
  normEnclosure,
  sqrtDown,
  sqrtUp,
} from '../numeric/index.ts';
import { exact, upperBound } from './guarantees.ts';
import type { Memorizer } from './memorizer.ts';
import { visitProducts } from './product.ts';
import { checkedSample, type Sample } from './sample.ts';

/**
 * The cap network f(x) = sum_i a_i ReLU(x_i . x - t), a_i = y_i / (|x_i|^2 - t): n neurons, one for each point,
 * whose caps {x_i . x > t} do not meet on the unit sphere. The paper takes t = 0.9, a_i = 10 y_i.
 *
 * Exact on the unit sphere: Lip f = max_i |a_i| sqrt(|x_i|^2 - t^2), which is sqrt((1 + t) / (1 - t)) for labels of
 * norm 1. See `slopeOnSphere`. Off the sphere several caps can be active: `globalLipschitz` is |A|_2 |X|_2.
 *
 * P = n(d + 1 + m): weights, biases and output weights of a two-layer network.
 *
 * @param points `[n, d]` on the unit sphere to 1e-6, d >= 2. @param labels `[n, m]`; |y_i| is the l2 norm.
 * @param threshold t; defaults to the smallest one whose caps are disjoint, cos(smallest angle between points / 2), for the
 * smallest constant.
 * @throws construction-impossible when points are off the sphere or so close that 1 - t < 1e-5; invalid-argument for a
 * threshold whose caps meet; as `checkedSample`.
 */
export async function capNetwork(points: Matrix, labels: Matrix, threshold?: number): Promise<Memorizer> {
  const sample = checkedSample(points, labels);
  const smallest = await disjointThreshold(sample.points);
  const t = threshold ?? smallest;
  requireThreshold('threshold', t, smallest);
  const heights = norms(sample.points).map(([lower, upper]) => ((lower + upper) / 2) ** 2 - t);
  const { rows: n, columns: d } = sample.points;
  const weights = parameter('weights', tensor('float64', [n, d], sample.points.data));
  const biases = parameter('biases', tensor('float64', [n], new Float64Array(n).fill(-t)));
  const outputs = outputWeights(sample, heights);
  return {
    ...onSphere('cap network', sample, outputs, t),
    parameterCount: n * (d + 1 + outputs.columns),
    graph: twoLayers(weights, biases, outputs),
  };
}

/**
 * The interpolant f(x) = sum_i a_i [ ReLU(x_i . x - (1 - s)) - ReLU(x_i . x - 1) ], a_i = y_i / s, of width 2n.
 *
 * Exact on the unit sphere: Lip f = sqrt((2 - s) / s) max_i |y_i|, that is sqrt 7 for s = 1/4. Bumps are disjoint,
 * which the constant needs, when x_i . x_j <= 2 (1 - s)^2 - 1 for i ≠ j: 1/8 for s = 1/4. (Interpolation alone needs
 * only x_i . x_j <= 1 - s.) Unlike the cap network, each bump stays bounded off the sphere.
 *
 * P = 2n(d + 1 + m).
 *
 * @param points `[n, d]` on the unit sphere to 1e-6, d >= 2. @param labels `[n, m]`.
 * @param s height of the caps; defaults to 1/4, or to the largest s below whose bumps are disjoint.
 * @throws as `capNetwork`.
 */
export async function sqrt7Interpolant(points: Matrix, labels: Matrix, s?: number): Promise<Memorizer> {
  const sample = checkedSample(points, labels);
  const smallest = await disjointThreshold(sample.points);
  const t = s === undefined ? Math.max(0.75, smallest) : 1 - s;
  requireThreshold('threshold 1 - s', t, smallest);
  const { rows: n, columns: d } = sample.points;
  // A point just inside the sphere does not reach the second ReLU.
  const heights = norms(sample.points).map(([lower, upper]) => Math.min(1, ((lower + upper) / 2) ** 2) - t);
  const outputs = outputWeights(sample, heights);
  const rising = matrix(2 * n, d);
  rising.data.set(sample.points.data);
  rising.data.set(sample.points.data, n * d);
  const both = matrix(2 * n, outputs.columns);
  both.data.set(outputs.data);
  both.data.set(
    outputs.data.map((a) => -a),
    outputs.data.length,
  );
  const weights = parameter('weights', tensor('float64', [2 * n, d], rising.data));
  const biases = parameter(
    'biases',
    tensor('float64', [2 * n], new Float64Array(2 * n).fill(-1).fill(-t, 0, n)),
  );
  return {
    ...onSphere('sqrt-7 interpolant', sample, outputs, t),
    parameterCount: 2 * n * (d + 1 + outputs.columns),
    graph: twoLayers(weights, biases, both),
  };
}

/** Below this distance of the threshold from 1 the slopes leave no digits for interpolation to 1e-9. */
const SMALLEST_CAP = 1e-5;

/** What both networks share: disjoint caps x_i . x > t with outputs a_i (x_i . x - t), capped or not. */
function onSphere(name: string, sample: Sample, outputs: Matrix, t: number) {
  const { points } = sample;
  const { steepest, slope } = slopeOnSphere(points, outputs, t);
  return {
    name,
    inputDimension: points.columns,
    outputDimension: outputs.columns,
    lipschitz: exact(slope, 'slope at the rim of disjoint spherical caps', { kind: 'sphere' }),
    witness: rim(row(points, steepest), t),
    globalLipschitz: () =>
      upperBound(
        multiplyUp(spectralNormUpper(outputs), spectralNormUpper(points)),
        'product of spectral norms',
      ),
  } as const;
}

/**
 * The Lipschitz constant on the unit sphere, in Euclidean distance, of disjoint caps with t >= 0.
 *
 * With cap i of angle theta_i, cos theta_i = t / |x_i|, and K_i = |a_i| |x_i|, it is G = max_i K_i sin theta_i. Two
 * points a, b of one cap: |x_i . (a - b)| <= |a - b| |x_i| sin(angle(x_i, a + b)), as a - b is orthogonal to a + b, and
 * the cap is convex. It is approached at the rim.
 *
 * Two points of different caps, at depths u and v along the geodesic from a to b: since the caps are disjoint,
 * |a - b| >= 2 sin((u + v)/2). A height at depth u is largest on a geodesic through the centre of its cap, so the two
 * are at most G [sin u - c (1 - cos u)] and G [sin v - c (1 - cos v)] with c = cot(largest theta) >= 0. Their sum is at
 * most 2 G sin((u + v)/2), because sin is concave on [0, pi] and cos u + cos v <= 2 cos((u + v)/2).
 */
function slopeOnSphere(points: Matrix, outputs: Matrix, t: number): { steepest: number; slope: Enclosure } {
  let steepest = 0;
  let slope: Enclosure = [0, 0];
  for (let i = 0; i < points.rows; i++) {
    const [low, high] = dotEnclosure(row(points, i), row(points, i));
    const [outLow, outHigh] = normEnclosure(row(outputs, i));
    const lower = multiplyDown(outLow, sqrtDown(Math.max(0, nextDown(low - nextUp(t * t)))));
    const upper = multiplyUp(outHigh, sqrtUp(Math.max(0, nextUp(high - nextDown(t * t)))));
    if (lower > slope[0]) steepest = i;
    slope = [Math.max(slope[0], lower), Math.max(slope[1], upper)];
  }
  return { steepest, slope };
}

/** A point just inside the rim of the cap of x_i, and the unit tangent towards its centre. */
function rim(x: Float64Array, t: number): Witness {
  const length = Math.sqrt(x.reduce((sum, u) => sum + u * u, 0));
  const centre = x.map((u) => u / length);
  const side = new Float64Array(x.length);
  side[centre.reduce((best, u, k) => (Math.abs(u) < Math.abs(centre[best]!) ? k : best), 0)] = 1;
  const overlap = side.reduce((sum, u, k) => sum + u * centre[k]!, 0);
  const across = side.map((u, k) => u - overlap * centre[k]!);
  const acrossLength = Math.sqrt(across.reduce((sum, u) => sum + u * u, 0));
  const angle = Math.acos(t / length) * (1 - 1e-11);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    kind: 'direction',
    point: centre.map((u, k) => cos * u + (sin * across[k]!) / acrossLength),
    direction: centre.map((u, k) => sin * u - (cos * across[k]!) / acrossLength),
  };
}

/**
 * The smallest t >= 0 whose caps are certainly disjoint on the unit sphere: t / |x_i| >= cos(angle / 2) for the
 * smallest angle.
 */
async function disjointThreshold(points: Matrix): Promise<number> {
  const d = points.columns;
  if (d < 2) {
    throw new RobustlawError(
      'construction-impossible',
      'the unit sphere in dimension 1 is two points; caps on it need dimension 2 or more',
    );
  }
  const lengths = norms(points);
  const off = lengths.findIndex(([lower, upper]) => lower < 1 - 1e-6 || upper > 1 + 1e-6);
  if (off >= 0) {
    throw new RobustlawError(
      'construction-impossible',
      `a point has length ${lengths[off]![1]}; spherical caps need points on the unit sphere: divide each point by its length`,
    );
  }
  let largest = Number.NEGATIVE_INFINITY;
  await visitProducts(points, (_i, low, high, products, offset) => {
    for (let j = low; j < high; j++) largest = Math.max(largest, products[offset + j - low]!);
  });
  if (points.rows === 1) return 0;
  const shortest = Math.min(...lengths.map(([lower]) => lower));
  const longest = Math.max(...lengths.map(([, upper]) => upper));
  // Each product errs by at most gamma(d) |x_i| |x_j|.
  const product = addUp(largest, multiplyUp(gamma(d + 1), 1.01));
  const square = multiplyDown(shortest, shortest);
  const cosine =
    product > 0 ? divideUp(product, square) : Math.max(-1, -divideDown(-product, nextUp(longest * longest)));
  return multiplyUp(longest, sqrtUp(addUp(1, cosine) / 2));
}

function requireThreshold(name: string, t: number, smallest: number): void {
  if (smallest > 1 - SMALLEST_CAP) {
    throw new RobustlawError(
      'construction-impossible',
      `two points are so close that caps around them are disjoint only from the threshold ${smallest} on; expected at most ${1 - SMALLEST_CAP}`,
    );
  }
  if (!(t >= smallest && t <= 1 - SMALLEST_CAP)) {
    throw invalidArgument(
      name,
      t,
      `a number in [${smallest}, ${1 - SMALLEST_CAP}], so that the caps are disjoint`,
    );
  }
}

function norms(points: Matrix): Enclosure[] {
  return Array.from({ length: points.rows }, (_, i) => normEnclosure(row(points, i)));
}

/** a_i = y_i / height_i, `[n, m]`. */
function outputWeights({ labels }: Sample, heights: readonly number[]): Matrix {
  const m = labels.columns;
  return matrix(
    labels.rows,
    m,
    labels.data.map((y, at) => y / heights[Math.floor(at / m)]!),
  );
}

/** x -> A^T ReLU(W x + b). */
function twoLayers(
  weights: ReturnType<typeof parameter>,
  biases: ReturnType<typeof parameter>,
  outputs: Matrix,
): Memorizer['graph'] {
  const a = parameter('outputs', tensor('float64', [outputs.rows, outputs.columns], outputs.data));
  return (batch) => {
    const x = input('x', 'float64', [batch, weights.shape[1]!]);
    return graph([x], { y: gemm(relu(linear(x, weights, biases)), a) });
  };
}
