// Rewrites a graph so that every operator in it has a rule, and derivative rules that enclose its generalised derivative.
import { RobustlawError } from '../errors.ts';
import type { Node, Value } from '../graph/index.ts';
import { emit, emit1, isFloat, numbersOf, rebuild, sizeOf, tensorOf } from '../graph/index.ts';
import type { Box, EnclosedOp } from './box.ts';
import { sharpMaxPool, sharpReduction } from './derivatives/largest.ts';
import { centred, sharpLength, standardised } from './derivatives/normalised.ts';
import { sharpActivation, sharpExtremum, sharpPow, sharpPRelu } from './derivatives/slopes.ts';
import { sharpSoftmax } from './derivatives/softmax.ts';
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

// Patterns that exporters spell out, with bounds of their own.

function patternOf(node: Node): Value | undefined {
  switch (node.op.name) {
    case 'Sub':
      return centrePattern(node);
    case 'Div':
      return quotientPattern(node.inputs[0]!, node.inputs[1]!);
    case 'Mul':
      return (
        productPattern(node.inputs[0]!, node.inputs[1]!) ?? productPattern(node.inputs[1]!, node.inputs[0]!)
      );
    case 'Greater':
      return signPattern(node);
    default:
      return undefined;
  }
}

/** relu(z) > 0 where z > 0: what is below 0 is then not taken for a kink. */
function signPattern(node: Node): Value | undefined {
  const [a, b] = node.inputs as [Value, Value];
  if (a.node.op.name !== 'Relu' || scalarOf(b) !== 0) return undefined;
  return emit1(node.op, [a.node.inputs[0], b]);
}

/** x - mean x. */
function centrePattern({ inputs: [x, mean] }: Node): Value | undefined {
  const reduction = mean!.node;
  if (reduction.op.name !== 'ReduceMean' || reduction.inputs[0] !== x) return undefined;
  if (reduction.attributes.keepdims === 0) return undefined;
  const axes = reducedAxes(reduction);
  return axes.length === 0 ? undefined : centred(x!, axes);
}

/** d / sqrt(mean d^2 + epsilon). */
function quotientPattern(d: Value, root: Value): Value | undefined {
  if (root.node.op.name !== 'Sqrt') return undefined;
  const [a, b] = root.node.inputs[0]!.node.inputs;
  if (root.node.inputs[0]!.node.op.name !== 'Add' || !a || !b) return undefined;
  return standardPattern(d, a, b) ?? standardPattern(d, b, a);
}

/** d times 1 / sqrt(mean d^2 + epsilon). */
function productPattern(d: Value, inverse: Value): Value | undefined {
  const { op, inputs } = inverse.node;
  return op.name === 'Reciprocal' ? quotientPattern(d, inputs[0]!) : undefined;
}

function standardPattern(d: Value, variance: Value, offset: Value): Value | undefined {
  const epsilon = scalarOf(offset);
  const mean = variance.node;
  if (epsilon === undefined || !(epsilon >= 0) || mean.op.name !== 'ReduceMean') return undefined;
  if (mean.attributes.keepdims === 0) return undefined;
  const { op, inputs } = mean.inputs[0]!.node;
  const square =
    (op.name === 'Mul' && inputs[0] === d && inputs[1] === d) ||
    (op.name === 'Pow' && inputs[0] === d && scalarOf(inputs[1]!) === 2);
  const axes = reducedAxes(mean);
  const count = axes.reduce((n, axis) => n * d.shape[axis]!, 1);
  return square ? standardised(d, axes, count, epsilon) : undefined;
}

function scalarOf(value: Value): number | undefined {
  const t = sizeOf(value.shape) === 1 ? tensorOf(value) : undefined;
  return t && numbersOf(t)[0];
}
