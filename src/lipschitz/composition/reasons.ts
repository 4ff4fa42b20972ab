// Why an operator has no finite global Lipschitz constant, as messages say it.
import type { Node, Value } from '../../graph/index.ts';
import { nameOf, showType } from '../../graph/index.ts';

const STEEP = 'its slope grows without bound';
const JUMPS = 'it jumps';

const REASONS: Readonly<Record<string, string>> = {
  Mul: 'the product of two computed values has slopes as large as its factors, which are unbounded',
  MatMul:
    'the product of two computed values (as in attention) has slopes as large as its factors, which are unbounded',
  Gemm: 'the product of two computed values has slopes as large as its factors, which are unbounded',
  Conv: 'the kernel is computed, so that slopes are as large as the image, which is unbounded',
  ConvTranspose: 'the kernel is computed, so that slopes are as large as the image, which is unbounded',
  Einsum: 'the product of computed values has slopes as large as its factors, which are unbounded',
  Div: 'the divisor is computed and may come near zero',
  Reciprocal: 'its slope has no bound near zero',
  Sqrt: 'its slope has no bound near zero',
  Log: 'its slope has no bound near zero',
  Pow: 'the slope of a power is unbounded, near zero or far from it',
  ReduceSumSquare: STEEP,
  ReduceProd: STEEP,
  ReduceLogSum: 'its slope has no bound near zero',
  ThresholdedRelu: JUMPS,
  Mod: JUMPS,
  Sign: JUMPS,
  Floor: JUMPS,
  Ceil: JUMPS,
  Round: JUMPS,
  Where: 'which branch it takes is computed, and it jumps where the branches differ',
};

/** Why the slopes of a node as a function of its inputs `computed` are not bounded, or that no rule is known. */
export function reasonFor(node: Node, computed: readonly Value[]): string {
  const { name } = node.op;
  if (
    PRODUCTS.has(name) &&
    computed.length === 1 &&
    node.inputs.filter((v) => v === computed[0]).length === 1
  )
    return computed[0] === node.inputs[0] || name !== 'Div' ? UNKNOWN_OPERAND : REASONS.Div!;
  const known = REASONS[name];
  if (known) return known;
  if (name.endsWith('Normalization'))
    return 'its scale is computed, or it divides by a deviation without a positive epsilon';
  if (node.op.constantAlmostEverywhere || node.outputs[0]!.dtype.startsWith('float') === false) return JUMPS;
  return KNOWN_STEEP.has(name) ? STEEP : 'no bound on its slopes is known here';
}

const PRODUCTS: ReadonlySet<string> = new Set(['Mul', 'Div', 'MatMul', 'Gemm', 'Conv', 'ConvTranspose']);
const UNKNOWN_OPERAND = 'its constant operand is no finite number, or a divisor is zero';

const KNOWN_STEEP: ReadonlySet<string> = new Set([
  'Exp',
  'Sinh',
  'Cosh',
  'Tan',
  'Acos',
  'Asin',
  'Acosh',
  'Atanh',
]);

/** `Gemm(float32 [1, 3], "fc.weight" float32 [4, 3])`. */
export function describe(node: Node): string {
  const inputs = node.inputs.map((value) => (value ? describeValue(value) : '-'));
  return `${node.op.name}(${inputs.join(', ')})`;
}

function describeValue(value: Value): string {
  const name = nameOf(value);
  return name === undefined ? showType(value) : `"${name}" ${showType(value)}`;
}
