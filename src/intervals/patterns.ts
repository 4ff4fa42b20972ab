// Several operators that together mean something with bounds of its own: normalisation spelled out, selections that are continuous.
import type { Node, Value } from '../graph/index.ts';
import {
  add,
  clip,
  div,
  emit1,
  floor,
  isFloat,
  mul,
  numbersOf,
  sameShape,
  scalar,
  sizeOf,
  sub,
  substitute,
  tensorOf,
} from '../graph/index.ts';
import type { Bounds, Box, EnclosedOp } from './box.ts';
import { exactly } from './box.ts';
import { centred, standardised } from './derivatives/normalised.ts';
import { enclosedOp, sharpActivation } from './derivatives/slopes.ts';
import { ruleOf } from './rules/index.ts';
import { reducedAxes } from './rules/reductions.ts';

/** The same value by operators with tighter rules; undefined where nothing is recognised. */
export function patternOf(node: Node): Value | undefined {
  switch (node.op.name) {
    case 'Sub':
      return centrePattern(node);
    case 'Div':
      return quotientPattern(node.inputs[0]!, node.inputs[1]!);
    case 'Mul': {
      const [a, b] = node.inputs as [Value, Value];
      return productPattern(a, b) ?? productPattern(b, a) ?? maskPattern(a, b) ?? maskPattern(b, a);
    }
    case 'Where': {
      const [condition, a, b] = node.inputs as [Value, Value, Value];
      return continuousSelection(condition, a, b);
    }
    case 'Mod':
      return isFloat(node.outputs[0]!.dtype) ? remainder(node) : undefined;
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

/** Towards zero; named as an operator that jumps. */
const TRUNCATE: EnclosedOp = {
  ...enclosedOp('Truncate', (_node, [x]) => [
    { lower: x!.lower.map(Math.trunc), upper: x!.upper.map(Math.trunc) },
  ]),
  constantAlmostEverywhere: true,
};

/** x - y q with q the quotient rounded towards zero (fmod) or downwards. */
function remainder({ inputs: [x, y], attributes }: Node): Value {
  const quotient = div(x!, y!);
  return sub(x!, mul(y!, attributes.fmod === 1 ? emit1(TRUNCATE, [quotient]) : floor(quotient)));
}

const ORDERS: ReadonlySet<string> = new Set(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual']);

/** a times 1 where a comparison holds, and 0 elsewhere. */
function maskPattern(a: Value, mask: Value): Value | undefined {
  const { op, inputs } = mask.node;
  if (op.name !== 'Cast' || inputs[0]!.dtype !== 'bool') return undefined;
  return continuousSelection(inputs[0]!, a, scalar(a.dtype, 0));
}

/**
 * `u > c ? a(u) : b(u)` with a and b functions entry by entry that agree at c, as a(max(u, c)) + b(min(u, c)) - a(c), which has no
 * comparison that jumps. Undefined where that cannot be shown.
 */
function continuousSelection(condition: Value, a: Value, b: Value): Value | undefined {
  const { op, inputs } = condition.node;
  if (!ORDERS.has(op.name)) return undefined;
  const [left, right] = inputs as [Value, Value];
  const rightward = scalarOf(right) !== undefined;
  const [u, c] = rightward ? [left, right] : [right, left];
  const at = scalarOf(c);
  if (at === undefined || tensorOf(u) || !isFloat(u.dtype)) return undefined;
  const meeting = valueAt(a, u, at);
  if (meeting === undefined || meeting !== valueAt(b, u, at)) return undefined;
  const [above, below] = op.name.startsWith('Greater') === rightward ? [a, b] : [b, a];
  const on = (branch: Value, side: Value) => substitute([branch], new Map([[u, side]]))[0]!;
  const sum = add(on(above, held(u, at, undefined)), on(below, held(u, undefined, at)));
  return sameShape(sum.shape, condition.shape) ? sub(sum, meeting) : undefined;
}

/** u held on one side of a number, with both slopes at it. */
function held(u: Value, low: number | undefined, high: number | undefined): Value {
  const { node } = clip(u, low, high);
  return emit1(sharpActivation(node)!, node.inputs);
}

/** Operators that work entry by entry. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  'Abs',
  'Add',
  'Clip',
  'Div',
  'Elu',
  'Erf',
  'Exp',
  'Gelu',
  'Identity',
  'LeakyRelu',
  'Log',
  'Max',
  'Min',
  'Mul',
  'Neg',
  'Pow',
  'Relu',
  'Sigmoid',
  'Sin',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Sub',
  'Tanh',
]);

/** An elementwise function of u and of constants of one element at one number, where its value there is known exactly. */
function valueAt(value: Value, u: Value, at: number): number | undefined {
  const box = boundsAt(value, u, at);
  return box && box.lower[0] === box.upper[0] ? box.lower[0] : undefined;
}

function boundsAt(value: Value, u: Value, at: number): Box | undefined {
  if (value === u) return exactly(Float64Array.of(at));
  const constant = scalarOf(value);
  if (constant !== undefined) return exactly(Float64Array.of(constant));
  const { node } = value;
  if (!ELEMENTWISE.has(node.op.name)) return undefined;
  const inputs = node.inputs.map((input) => input && boundsAt(input, u, at));
  if (inputs.some((x, i) => !x && node.inputs[i])) return undefined;
  const one = rebuilt(node);
  const bounds = inputs.map((x): Bounds | undefined => x && { ...x, fixed: true });
  return ruleOf(one)?.(one, bounds)[0];
}

/** The node on operands of one element. */
function rebuilt(node: Node): Node {
  const inputs = node.inputs.map((value) => {
    const t = value && tensorOf(value);
    return value && scalar(value.dtype, t ? numbersOf(t)[0]! : 0);
  });
  return emit1(node.op, inputs, node.attributes).node;
}
