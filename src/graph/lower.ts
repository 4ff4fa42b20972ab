// Lowering: rewrites what the CPU provider of ONNX Runtime cannot run in terms of what it can.
import { RobustlawError } from '../errors.ts';
import { blocked } from './blocked.ts';
import type { Graph } from './graph.ts';
import { rebuild } from './graph.ts';
import { indicator } from './indicator.ts';
import { untransposed } from './transposed.ts';
import type { Node, Value } from './value.ts';
import { emit } from './value.ts';

/**
 * Operators of which ONNX Runtime 1.30 has a float32 kernel on the CPU but none in float64. Found by trying each
 * operator of the registry; test/graph/lower.test.ts tries them again and fails when this list is no longer true.
 */
export const WITHOUT_FLOAT64_KERNEL: ReadonlySet<string> = new Set([
  'Acos',
  'Acosh',
  'Asin',
  'Asinh',
  'Atan',
  'Atanh',
  'AveragePool',
  'Celu',
  'Conv',
  'ConvTranspose',
  'Cosh',
  'Elu',
  'Erf',
  'Gelu',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'HardSigmoid',
  'HardSwish',
  'InstanceNormalization',
  'LRN',
  'LeakyRelu',
  'Mean',
  'Mish',
  'PRelu',
  'Selu',
  'Sinh',
  'Softplus',
  'Softsign',
  'Tan',
  'ThresholdedRelu',
]);

/**
 * The same graph, inputs and outputs included, in operators that ONNX Runtime's CPU provider can run in the element
 * types they have. `block` is the number of channels in a block of its blocked convolutions, which are used where they
 * are faster; without it they are not. Throws `unsupported-op` for an operator with neither a kernel nor a
 * decomposition.
 */
export function lowerForRuntime(g: Graph, block?: number): Graph {
  const names = Object.keys(g.outputs);
  const outputs = lower(Object.values(g.outputs), new Set(), block);
  return { inputs: g.inputs, outputs: Object.fromEntries(names.map((name, i) => [name, outputs[i]!])) };
}

/** The values lowered, down to the values of `frontier`, which are. */
function lower(values: readonly Value[], frontier: ReadonlySet<Value>, block?: number): Value[] {
  return rebuild(values, (node, inputs) => lowerNode({ ...node, inputs }, block), frontier);
}

/** The outputs of the node in other operators or with other attributes; undefined if it can run as it is. */
function lowerNode(node: Node, block?: number): readonly (Value | undefined)[] | undefined {
  if (lacksKernel(node) || node.op.refused?.(node)) return lowerDecomposition(node, block);
  const faster =
    untransposed(node) ?? indicator(node) ?? (block === undefined ? undefined : blocked(node, block));
  if (faster) return faster;
  const explicit = node.op.explicit?.(node);
  return explicit && emit(node.op, node.inputs, explicit);
}

/** A decomposition may itself hold operators that need lowering. */
function lowerDecomposition(node: Node, block?: number): (Value | undefined)[] {
  if (!node.op.decompose) {
    throw new RobustlawError(
      'unsupported-op',
      `ONNX Runtime has no ${node.outputs[0]!.dtype} kernel for ${node.op.name} and no form in other operators is known; use float32`,
    );
  }
  const parts = node.op.decompose(node);
  const lowered = lower(
    parts.filter((value) => value !== undefined),
    new Set(node.inputs.filter((value) => value !== undefined)),
    block,
  );
  let next = 0;
  return parts.map((value) => (value ? lowered[next++] : undefined));
}

function lacksKernel(node: Node): boolean {
  const all = [...node.inputs, ...node.outputs];
  return WITHOUT_FLOAT64_KERNEL.has(node.op.name) && all.some((value) => value?.dtype === 'float64');
}
