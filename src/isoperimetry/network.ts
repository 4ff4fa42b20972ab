// Small networks of one output divided by a certified Lipschitz constant: values, gradients' norms, certificate.
import {
  add,
  concat,
  gemm,
  gradient,
  maximum,
  minimum,
  reduceSum,
  relu,
  slice,
  square,
  type Value,
} from '../graph/index.ts';
import type { CertifiedUpperBound, Norm } from '../guarantee/index.ts';
import { type Matrix, matrix, row, spectralNormUpper } from '../linalg/index.ts';
import { multiplyUp } from '../numeric/index.ts';
import { certified, type Evaluated, type FunctionFamily, type Points } from './family.ts';
import { dualNormUpper, SLACK } from './norms.ts';
import { inBlocks } from './products.ts';

/** W x + b. */
export interface Layer {
  /** `[outputs, inputs]`. */
  readonly weight: Matrix;
  readonly bias: Float64Array;
}

/**
 * Layers with an activation between them; the last layer has one output.
 * `sorted` puts (max, min) of units j and j + h/2 in their places: 1-Lipschitz in l2 and linf, and norms of gradients pass through
 * (Anil, Lucas and Grosse 2019, "Sorting out Lipschitz function approximation").
 */
export interface SmallNetwork {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly activation: 'relu' | 'sorted';
}

/**
 * An upper bound on the Lipschitz constant: the product of operator norms. Hidden values are measured in l2 for inputs in l2, and
 * in linf for inputs in l1 or linf, where the norm of a matrix is the largest dual norm of its rows.
 */
export function networkConstant(norm: Norm, { layers }: SmallNetwork): CertifiedUpperBound {
  const value = layers.reduce((product, { weight }, k) => {
    const factor =
      norm === 'l2' ? spectralNormUpper(weight) : largestDualNorm(k === 0 ? norm : 'linf', weight);
    return multiplyUp(product, factor);
  }, 1);
  return certified(norm, value, 'product of operator norms');
}

function largestDualNorm(norm: Norm, weight: Matrix): number {
  let largest = 0;
  for (let i = 0; i < weight.rows; i++) largest = Math.max(largest, dualNormUpper(norm, row(weight, i)));
  return largest;
}

/** The networks divided by their certified constants; those with weights or a constant that is not finite, or 0, are left out. */
export function networkFunctions(
  name: string,
  norm: Norm,
  networks: readonly SmallNetwork[],
): FunctionFamily | undefined {
  const scaled = networks.filter(hasFiniteWeights).flatMap((network) => {
    const { value } = networkConstant(norm, network);
    return value > 0 && value < Infinity ? [divided(network, SLACK / value)] : [];
  });
  if (scaled.length === 0) return undefined;
  return {
    name,
    functions: scaled.map((network) => ({ name: network.name, constant: networkConstant(norm, network) })),
    async evaluate(points) {
      const results: Evaluated[] = [];
      for (const network of scaled) results.push(await evaluateNetwork(network, points));
      return results;
    },
  };
}

function hasFiniteWeights({ layers }: SmallNetwork): boolean {
  return layers.every(
    ({ weight, bias }) => weight.data.every(Number.isFinite) && bias.every(Number.isFinite),
  );
}

/** The network times a factor, which goes into its last layer. */
function divided(network: SmallNetwork, factor: number): SmallNetwork {
  const last = network.layers.at(-1)!;
  const weight = matrix(
    1,
    last.weight.columns,
    last.weight.data.map((t) => t * factor),
  );
  return {
    ...network,
    layers: [...network.layers.slice(0, -1), { weight, bias: last.bias.map((t) => t * factor) }],
  };
}

/** Values and squared l2 norms of the gradients, cut at 1: almost everywhere the constant bounds them. */
async function evaluateNetwork({ layers, activation }: SmallNetwork, points: Points): Promise<Evaluated> {
  const fixed = Object.fromEntries(
    layers.flatMap(({ weight, bias }, k) => [
      [`weight ${k}`, weight],
      [`bias ${k}`, matrix(1, bias.length, bias)],
    ]),
  );
  const { values, slopes } = await inBlocks(points, fixed, (x, given) => {
    const layer = (z: Value, k: number) =>
      add(gemm(z, given[`weight ${k}`]!, { transB: 1 }), given[`bias ${k}`]!);
    const entry = layer(x, 0);
    let z = entry;
    for (let k = 1; k < layers.length; k++) z = layer(activation === 'relu' ? relu(z) : sortedPairs(z), k);
    const [cotangents] = gradient(reduceSum(z), [entry]);
    const slope = gemm(cotangents!, given['weight 0']!);
    return { values: z, slopes: reduceSum(square(slope), [1], true) };
  });
  return { values: values.data, slopes: slopes.data.map((t) => Math.min(1, t)) };
}

/** (max, min) of columns j and j + h/2 in their places. */
export function sortedPairs(z: Value): Value {
  const width = z.shape[1]!;
  const [a, b] = [slice(z, [1], [0], [width / 2]), slice(z, [1], [width / 2], [width])];
  return concat([maximum(a, b), minimum(a, b)], 1);
}
