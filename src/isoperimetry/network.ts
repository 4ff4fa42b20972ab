// Small networks of one output divided by a certified Lipschitz constant: values, gradients' norms, certificate.
import type { CertifiedUpperBound, Norm } from '../guarantee/index.ts';
import { gram, type Matrix, matrix, row, spectralNormUpper } from '../linalg/index.ts';
import { multiplyUp } from '../numeric/index.ts';
import { certified, type Evaluated, type FunctionFamily, type Points } from './family.ts';
import { dualNormUpper, SLACK } from './norms.ts';
import { innerProducts } from './products.ts';

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

/** The networks divided by their certified constants; those whose constant is 0 or not finite are left out. */
export function networkFunctions(
  name: string,
  norm: Norm,
  networks: readonly SmallNetwork[],
): FunctionFamily | undefined {
  const scaled = networks.flatMap((network) => {
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
  const [first, ...others] = layers as [Layer, ...Layer[]];
  const entry = await innerProducts(points, first.weight);
  const overlaps = gram(first.weight);
  const values = new Float64Array(points.rows);
  const slopes = new Float64Array(points.rows);
  for (let i = 0; i < points.rows; i++) {
    let hidden: Float64Array = row(entry, i).map((t, j) => t + first.bias[j]!);
    const before: Float64Array[] = [];
    for (const layer of others) {
      before.push(hidden);
      const active = activate(activation, hidden);
      hidden = apply(layer, active);
    }
    values[i] = hidden[0]!;
    let cotangent: Float64Array = Float64Array.of(1);
    for (let k = others.length - 1; k >= 0; k--) {
      cotangent = activateBackward(activation, before[k]!, applyBackward(others[k]!, cotangent));
    }
    let square = 0;
    for (let a = 0; a < overlaps.rows; a++) {
      if (cotangent[a] === 0) continue;
      let sum = 0;
      for (let b = 0; b < overlaps.rows; b++) sum += overlaps.data[a * overlaps.rows + b]! * cotangent[b]!;
      square += cotangent[a]! * sum;
    }
    slopes[i] = Math.min(1, Math.max(0, square));
  }
  return { values, slopes };
}

function apply({ weight, bias }: Layer, x: Float64Array): Float64Array {
  const out = bias.slice();
  for (let i = 0; i < weight.rows; i++) {
    for (let j = 0; j < weight.columns; j++) out[i]! += weight.data[i * weight.columns + j]! * x[j]!;
  }
  return out;
}

function applyBackward({ weight }: Layer, cotangent: Float64Array): Float64Array {
  const out = new Float64Array(weight.columns);
  for (let i = 0; i < weight.rows; i++) {
    for (let j = 0; j < weight.columns; j++) out[j]! += weight.data[i * weight.columns + j]! * cotangent[i]!;
  }
  return out;
}

function activate(activation: SmallNetwork['activation'], x: Float64Array): Float64Array {
  if (activation === 'relu') return x.map((t) => Math.max(0, t));
  const half = x.length / 2;
  return x.map((t, j) => (j < half ? Math.max(t, x[j + half]!) : Math.min(t, x[j - half]!)));
}

function activateBackward(
  activation: SmallNetwork['activation'],
  x: Float64Array,
  cotangent: Float64Array,
): Float64Array {
  if (activation === 'relu') return cotangent.map((t, j) => (x[j]! > 0 ? t : 0));
  const half = x.length / 2;
  const out = new Float64Array(x.length);
  for (let j = 0; j < half; j++) {
    const kept = x[j]! >= x[j + half]!;
    out[j] = cotangent[kept ? j : j + half]!;
    out[j + half] = cotangent[kept ? j + half : j]!;
  }
  return out;
}
