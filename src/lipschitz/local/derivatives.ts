// Jacobians and their factors at given slopes, in plain float64: for choices, not for certificates.
import type { Range } from '../../intervals/index.ts';
import { type Matrix, matrix, multiply } from '../../linalg/index.ts';
import { evaluateForm } from '../network/evaluate.ts';
import { type AffineForm, type Network, sizeOfBlock } from '../network/network.ts';

/** d z_k / d x_0 for each block, in float64. */
export function tangentMatrices(network: Network, slopes: readonly Float64Array[]): Matrix[] {
  const result: Matrix[] = [];
  for (const { preactivation } of network.blocks)
    result.push(tangentOf(preactivation, network, slopes, result));
  return result;
}

/** The Jacobian at x, in float64; at a kink, with a slope between those that meet there. */
export function jacobianAt(network: Network, x: Float64Array): Matrix {
  const values = [x];
  const slopes = network.blocks.map(({ preactivation, activations }) => {
    const z = evaluateForm(preactivation, values);
    values.push(z.map((v, i) => activations[i]!.value(v)));
    return z.map((v, i) => middleOf(activations[i]!.slopesOn(v, v)));
  });
  // From the side with fewer directions.
  return network.output.rows <= network.features
    ? gradientMatrices(network, slopes)[0]!
    : tangentOf(network.output, network, slopes, tangentMatrices(network, slopes));
}

function tangentOf(
  form: AffineForm,
  network: Network,
  slopes: readonly Float64Array[],
  before: readonly Matrix[],
): Matrix {
  const sum = matrix(form.rows, network.features);
  for (const [k, w] of form.terms) {
    add(sum, k === 0 ? w : multiply(w, scaledRows(before[k - 1]!, slopes[k - 1]!)));
  }
  return sum;
}

/** d f / d x_k for the input and each block, `[outputs, entries of x_k]`, in float64. */
export function gradientMatrices(network: Network, slopes: readonly Float64Array[]): Matrix[] {
  const result = Array.from({ length: network.blocks.length + 1 }, (_, k) => {
    const sum = matrix(network.output.rows, sizeOfBlock(network, k));
    const direct = network.output.terms.get(k);
    if (direct) add(sum, direct);
    return sum;
  });
  for (let k = network.blocks.length; k >= 1; k--) {
    const scaled = scaledColumns(result[k]!, slopes[k - 1]!);
    for (const [j, w] of network.blocks[k - 1]!.preactivation.terms) add(result[j]!, multiply(scaled, w));
  }
  return result;
}

function add(sum: Matrix, term: Matrix): void {
  for (let i = 0; i < sum.data.length; i++) sum.data[i]! += term.data[i]!;
}

const scaledRows = ({ rows, columns, data }: Matrix, factors: Float64Array): Matrix =>
  matrix(
    rows,
    columns,
    data.map((v, i) => v * factors[Math.floor(i / columns)]!),
  );

const scaledColumns = ({ rows, columns, data }: Matrix, factors: Float64Array): Matrix =>
  matrix(
    rows,
    columns,
    data.map((v, i) => v * factors[i % columns]!),
  );

/** Half of each end, so that large ones do not overflow. */
export const middleOf = ([a, b]: Range): number => 0.5 * a + 0.5 * b;
