// Constants of the margins f_i - f_j between classes, and the radius within which no class overtakes the predicted one
// (Tsuzuku, Sato and Sugiyama 2018; the constants by LipSDP as in Fazlyab et al. 2019).
import { invalidArgument, RobustlawError } from '../errors.ts';
import { constant, type Graph, gemm, graph, reshape, sizeOf, tensor } from '../graph/index.ts';
import type { CertifiedUpperBound, Norm } from '../guarantee/index.ts';
import { intervalEvaluator } from '../intervals/index.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import { divideDown, multiplyUp, nextDown, normEnclosure } from '../numeric/index.ts';
import { afterSeconds, type Stop } from '../stop.ts';
import { compositionBound } from './composition/composition-bound.ts';
import { composeOutput } from './network/compose.ts';
import { type Network, neuronCount } from './network/network.ts';
import { readNetwork } from './network/read.ts';
import { globalSlopes } from './semidefinite/bounds.ts';
import { lipsdp } from './semidefinite/lipsdp.ts';

/** Lip(f_i - f_j) of one pair of outputs i < j; the same for j, i. */
export interface MarginConstant {
  readonly pair: readonly [i: number, j: number];
  readonly bound: CertifiedUpperBound;
}

/**
 * An upper bound on |(f_i - f_j)(x) - (f_i - f_j)(x')| / ||x - x'|| over all x, x', for every pair of outputs. In l2
 * LipSDP-Neuron on the network of the margin, each pair starting from the multipliers of the one before, the time shared
 * evenly; sqrt(2) Lip(f) for the pairs that the time does not reach, with Lip(f) by LipSDP, and for all where the graph is no
 * network of affine forms and activations or too large for it, with the composition of norms. In l1 and linf the composition of
 * norms up to the margin. Each pair has a certificate however little time there is.
 *
 * @param g the graph of one sample with at least two outputs.
 * @throws invalid-argument for fewer outputs; unsupported-op where there is no global constant. Certified upper bounds.
 */
export function marginConstants(g: Graph, norm: Norm, seconds: number, stop: Stop): MarginConstant[] {
  const outputs = outputCount(g);
  if (outputs < 2) throw invalidArgument('number of outputs', outputs, 'at least 2, one for each class');
  const pairs = Array.from({ length: outputs }, (_, i) => i).flatMap((i) =>
    Array.from({ length: outputs - i - 1 }, (_, k) => [i, i + 1 + k] as const),
  );
  const rows = matrix(pairs.length, outputs);
  pairs.forEach(([i, j], at) => {
    rows.data[at * outputs + i] = 1;
    rows.data[at * outputs + j] = -1;
  });
  const bounds = rowConstants(g, rows, norm, seconds, stop);
  return pairs.map((pair, at) => ({ pair, bound: bounds[at]! }));
}

/**
 * An upper bound on the Lipschitz constant of <row, f> for every row of R, by the methods of marginConstants(); where l2 has no
 * network, |row|_2 Lip(f).
 *
 * @param rows R, `[rows, outputs]`.
 * @throws as marginConstants(). Certified upper bounds.
 */
export function rowConstants(
  g: Graph,
  rows: Matrix,
  norm: Norm,
  seconds: number,
  stop: Stop,
): CertifiedUpperBound[] {
  const all = Array.from({ length: rows.rows }, (_, at) => row(rows, at));
  if (norm !== 'l2') return all.map((one) => compositionBound(withOutput(g, one), norm));
  const network = networkOf(g);
  if (network && secondsOfOne(network) < seconds) return networkConstants(network, all, seconds, stop);
  const whole = compositionBound(g, norm);
  return all.map((one) => scaledBy(one, whole));
}

/** Lip(<row, f>) <= |row|_2 Lip(f). */
const scaledBy = (one: Float64Array, whole: CertifiedUpperBound): CertifiedUpperBound => ({
  ...whole,
  value: multiplyUp(normEnclosure(one)[1], whole.value),
});

/** About how long the first certificate of LipSDP takes: a factorisation of all neurons. */
const secondsOfOne = (network: Network): number => (neuronCount(network) / 512) ** 3;

function networkConstants(
  network: Network,
  rows: readonly Float64Array[],
  seconds: number,
  stop: Stop,
): CertifiedUpperBound[] {
  const end = performance.now() + 1e3 * seconds;
  let start: readonly Float64Array[] | undefined;
  let whole: CertifiedUpperBound | undefined;
  return rows.map((one, done) => {
    const left = (end - performance.now()) / 1e3;
    // What time has not sufficed for shares one constant.
    if (done > 0 && (stop() || left <= 0)) {
      whole ??= withoutMultipliers(lipsdp(network, 'neuron', () => true, globalSlopes(network)));
      return scaledBy(one, whole);
    }
    const late = afterSeconds(left / (rows.length - done));
    const margin = composeOutput(network, matrix(1, one.length, one));
    const bound = lipsdp(margin, 'neuron', () => stop() || late(), globalSlopes(margin), start);
    start = bound.multipliers;
    return withoutMultipliers(bound);
  });
}

function withoutMultipliers({ multipliers: _, ...bound }: ReturnType<typeof lipsdp>): CertifiedUpperBound {
  return bound;
}

/**
 * For each point the output that is largest and a radius around the point within which it stays so: min_j (f_c - f_j)(x) /
 * Lip(f_c - f_j), rounding subtracted; 0 where the largest is not certain.
 *
 * @param g the graph of one sample, the one that `constants` belong to.
 * @param points `[count, features]`. Lower bound on the distance to the nearest change of the prediction, in the norm of
 *   the constants.
 */
export function certifiedRadii(
  g: Graph,
  constants: readonly MarginConstant[],
  points: Float64Array,
): { readonly prediction: number; readonly radius: number }[] {
  const features = sizeOf(g.inputs[0]!.shape);
  const evaluate = intervalEvaluator(g);
  const bounds = new Map(constants.map(({ pair: [i, j], bound }) => [`${i},${j}`, bound.value]));
  return Array.from({ length: points.length / features }, (_, at) => {
    const x = points.slice(at * features, (at + 1) * features);
    const { lower, upper } = evaluate({ lower: x, upper: x });
    const prediction = lower.reduce((best, value, i) => (value > lower[best]! ? i : best), 0);
    const radius = upper.reduce((least, value, j) => {
      if (j === prediction) return least;
      const margin = nextDown(lower[prediction]! - value);
      const key = prediction < j ? `${prediction},${j}` : `${j},${prediction}`;
      return Math.min(least, margin > 0 ? divideDown(margin, bounds.get(key)!) : 0);
    }, Number.POSITIVE_INFINITY);
    return { prediction, radius };
  });
}

function outputCount(g: Graph): number {
  const outputs = Object.values(g.outputs);
  return outputs.length === 1 ? sizeOf(outputs[0]!.shape) : 0;
}

/** x -> <row, f(x)>, of shape [1, 1]. */
function withOutput(g: Graph, weights: Float64Array): Graph {
  const [y] = Object.values(g.outputs);
  const flat = reshape(y!, [1, weights.length]);
  return graph(g.inputs, { ':margin': gemm(flat, constant(tensor(y!.dtype, [weights.length, 1], weights))) });
}

/** The graph as a network; undefined where it has another form. */
function networkOf(g: Graph): Network | undefined {
  try {
    return readNetwork(g);
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'unsupported-op') return undefined;
    throw error;
  }
}
