// Norms of linear nodes whose structure is not kept as a map.
import type { Node, Value } from '../../graph/index.ts';
import { div, sizeOf, tensorOf } from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';
import { matrix, transpose } from '../../linalg/index.ts';
import { divideUp, sqrtUp } from '../../numeric/index.ts';
import { axisOf } from '../network/positions.ts';
import { constantOf, largestWithError } from './constants.ts';
import { timesUp } from './entries.ts';
import { mapNormUpper } from './linear-map.ts';
import { gemmProduct, otherThan } from './linear-nodes.ts';
import { repetitionNorm } from './selections.ts';

/**
 * The norm of a node that is linear in x, its other inputs constants, and without one of the structures: a Gemm that also
 * transposes, a batched product, products and quotients that stretch x, sums over axes apart from each other, running
 * sums. Undefined for other operators.
 */
export function linearNormUpper(node: Node, x: Value, norm: Norm): number | undefined {
  const y = node.outputs[0]!;
  const stretch = () => repetitionNorm(sizeOf(y.shape) / sizeOf(x.shape), norm);
  switch (node.op.name) {
    case 'Mul':
      return timesLargest(stretch(), otherThan(node, x));
    case 'Div':
      return node.inputs[0] === x ? timesLargest(stretch(), div(1, node.inputs[1]!)) : undefined;
    case 'Gemm': {
      const product = gemmProduct(node, x);
      return product && mapNormUpper(product.map, norm);
    }
    case 'MatMul':
      return batchedNormUpper(node, x, norm);
    case 'ReduceSum':
    case 'ReduceMean': {
      // A sum of n entries: 1 in l1, sqrt(n) in l2, n in linf.
      const n = sizeOf(x.shape) / sizeOf(y.shape);
      const sum = norm === 'l1' ? 1 : norm === 'l2' ? sqrtUp(n) : n;
      return node.op.name === 'ReduceSum' ? sum : divideUp(sum, n);
    }
    case 'CumSum': {
      // Rows and columns of ones, at most as long as the axis.
      const axis = tensorOf(node.inputs[1]!);
      return axis && x.shape[axisOf(Number(axis.data[0]), x.shape.length)]!;
    }
    default:
      return undefined;
  }
}

/** A product with a stack of constant matrices: the largest of their norms, times that of stretching x over the stack. */
function batchedNormUpper(node: Node, x: Value, norm: Norm): number | undefined {
  const weight = otherThan(node, x);
  const constant = weight && constantOf(weight);
  if (!constant) return undefined;
  const { values, error } = constant;
  const [rows, columns] = [weight.shape.at(-2)!, weight.shape.at(-1)!];
  const norms = Array.from({ length: values.length / (rows * columns) }, (_, i) => {
    const m = matrix(rows, columns, values.slice(i * rows * columns, (i + 1) * rows * columns));
    const oriented = node.inputs[0] === x ? transpose(m) : m;
    return mapNormUpper({ kind: 'along axis', outer: 1, matrix: oriented, inner: 1, error }, norm);
  });
  const stacked = sizeOf(node.outputs[0]!.shape.slice(0, -2)) / sizeOf(x.shape.slice(0, -2));
  return timesUp(
    repetitionNorm(Math.max(1, stacked), norm),
    norms.reduce((a, b) => Math.max(a, b), 0),
  );
}

/** A norm times the largest size of constant factors. */
function timesLargest(norm: number, factors: Value | undefined): number | undefined {
  const constant = factors && constantOf(factors);
  return constant && timesUp(norm, largestWithError(constant));
}
