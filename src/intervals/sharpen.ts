// Rewrites a graph so that every operator in it has a rule, and derivative rules that enclose its generalised derivative.
import { RobustlawError } from '../errors.ts';
import type { Node, Value } from '../graph/index.ts';
import { emit, emit1, isFloat, numbersOf, rebuild, tensorOf } from '../graph/index.ts';
import type { Box, EnclosedOp } from './box.ts';
import { sharpMaxPool, sharpReduction } from './derivatives/largest.ts';
import { sharpLength } from './derivatives/normalised.ts';
import { sharpProduct } from './derivatives/product.ts';
import { sharpActivation, sharpExtremum, sharpPow, sharpPRelu } from './derivatives/slopes.ts';
import { sharpSoftmax } from './derivatives/softmax.ts';
import { patternOf } from './patterns.ts';
import { ruleOf } from './rules/index.ts';
import { reducedAxes } from './rules/reductions.ts';

const LEAVES: ReadonlySet<string> = new Set(['Input', 'Parameter', 'Constant']);

/**
 * The same values, in real arithmetic, by operators that have rules. Those without one are decomposed; constants that a
 * decomposition brings are rounded, and become the intervals in which the true ones lie. Throws `unsupported-op` for an operator
 * with neither a rule nor a decomposition.
 */
export function sharpened(values: readonly Value[]): Value[] {
  return rewritten(values, new Set(), undefined);
}

/** `slack` is the error of constants where they are those of a decomposition. */
function rewritten(
  values: readonly Value[],
  frontier: ReadonlySet<Value>,
  slack: ((v: number) => number) | undefined,
): Value[] {
  return rebuild(
    values,
    (node, inputs) => {
      if (LEAVES.has(node.op.name)) return slack ? roughly(node, slack) : undefined;
      const moved = { ...node, inputs };
      const recognised = patternOf(moved);
      if (recognised) return [recognised];
      const op = sharpOp(moved);
      if (op) return emit(op, inputs, node.attributes);
      return ruleOf(moved) ? undefined : decomposed(moved);
    },
    frontier,
  );
}

function sharpOp(node: Node): Node['op'] | undefined {
  const { op } = node;
  switch (op.name) {
    case 'Max':
    case 'Min':
      return sharpExtremum(op);
    case 'ReduceMax':
    case 'ReduceMin':
      return sharpReduction(op);
    case 'MaxPool':
      return sharpMaxPool(op);
    case 'Softmax':
      return sharpSoftmax(op);
    case 'ReduceL2':
      return sharpLength(op, reducedAxes);
    case 'ReduceProd':
      return sharpProduct(op);
    case 'PRelu':
      return sharpActivation(node) ?? sharpPRelu(op);
    case 'Pow':
      return sharpPow(node);
    default:
      return sharpActivation(node);
  }
}

function decomposed(node: Node): (Value | undefined)[] {
  const { op } = node;
  if (!op.decompose) {
    throw new RobustlawError(
      'unsupported-op',
      `no enclosure is known for the operator ${op.name}; replace it in the model by other operators`,
    );
  }
  const parts = op.decompose(node);
  const frontier = new Set(node.inputs.filter((value) => value !== undefined));
  const rewrittenParts = rewritten(
    parts.filter((value) => value !== undefined),
    frontier,
    slackOf(node),
  );
  let next = 0;
  return parts.map((value) => (value ? rewrittenParts[next++] : undefined));
}

/** Operators whose decomposition has no constants but attributes and whole numbers. */
const EXACTLY_DECOMPOSED: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'GroupNormalization',
  'InstanceNormalization',
  'LayerNormalization',
]);

/** How far the constants of a decomposition are from the true ones: a few units, or, where they are positions on an axis, of those. */
function slackOf(node: Node): ((v: number) => number) | undefined {
  if (EXACTLY_DECOMPOSED.has(node.op.name)) return undefined;
  if (node.op.name !== 'Resize') return (v) => Math.abs(v) * 2 ** -49;
  const longest = Math.max(...node.inputs[0]!.shape, ...node.outputs[0]!.shape);
  return (v) => (Math.abs(v) + longest) * 2 ** -48;
}

/** A constant as an interval; whole numbers, halves, quarters and eighths are what they say. */
function roughly(node: Node, slack: (v: number) => number): Value[] | undefined {
  const value = node.outputs[0]!;
  const t = tensorOf(value);
  if (!t || !isFloat(t.dtype)) return undefined;
  const numbers = Float64Array.from(numbersOf(t));
  if (numbers.every((v) => Number.isInteger(8 * v))) return undefined;
  const box: Box = {
    lower: numbers.map((v) => (Number.isInteger(8 * v) ? v : v - slack(v))),
    upper: numbers.map((v) => (Number.isInteger(8 * v) ? v : v + slack(v))),
  };
  const op: EnclosedOp = {
    name: 'Roughly',
    domain: 'robustlaw.intervals',
    attributes: {},
    infer: () => [{ dtype: t.dtype, shape: t.shape }],
    enclose: () => [box],
  };
  return [emit1(op, [])];
}
