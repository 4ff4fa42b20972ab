// Enclosures of the generalised Jacobian on a box, by interval evaluation of the gradient graph.
import type { Graph, Node, Value } from '../graph/index.ts';
import { isFloat, sizeOf, topological } from '../graph/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import { type Backward, backwardOf, rowsOf } from './backward.ts';
import type { Bounds, Box } from './box.ts';
import { requireBox } from './box.ts';
import { fixedValues, follow, type Known, planFor, prepared } from './evaluate.ts';

/** lower <= J <= upper entry by entry, both `[outputs, features]`. */
export interface JacobianBox {
  readonly lower: Matrix;
  readonly upper: Matrix;
}

/** Operators with jumps: constant between them, and without a Lipschitz constant across them. */
const JUMPING: ReadonlySet<string> = new Set([
  'ArgMax',
  'ArgMin',
  'Ceil',
  'Equal',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Round',
  'Sign',
  'Truncate',
]);

const jumps = (node: Node): boolean =>
  JUMPING.has(node.op.name) ||
  (node.op.name === 'Cast' && isFloat(node.inputs[0]!.dtype) && !isFloat(node.outputs[0]!.dtype));

/** The values behind y that jump, unless they are fixed. */
export function jumpingValues(y: Value, fixed: Known): Value[] {
  const values = topological([y])
    .filter(jumps)
    .flatMap((node) => node.outputs);
  return values.filter((value) => !fixed.has(value));
}

export const isUndecided = ({ lower, upper }: Bounds): boolean =>
  lower !== upper && lower.some((low, i) => low !== upper[i]);

/** All matrices of this size. */
export function anyMatrix(outputs: number, features: number): JacobianBox {
  const [lower, upper] = [matrix(outputs, features), matrix(outputs, features)];
  lower.data.fill(-Infinity);
  upper.data.fill(Infinity);
  return { lower, upper };
}

/** All rows of the Jacobian of y by x. */
export function assembled(backward: Backward, x: Value, known: Known): JacobianBox {
  const [outputs, features] = [sizeOf(backward.seed.shape), sizeOf(x.shape)];
  const [lower, upper] = [matrix(outputs, features), matrix(outputs, features)];
  const row = rowsOf(backward, known);
  for (let i = 0; i < outputs; i++) {
    const { lower: low, upper: high } = row(i);
    lower.data.set(low, i * features);
    upper.data.set(high, i * features);
  }
  return { lower, upper };
}

/** The Jacobians of one graph on many boxes; see jacobianIntervals(). */
export function jacobianEvaluator(g: Graph): (box: Box) => JacobianBox {
  const { input: x, output: y } = prepared(g);
  const backward = backwardOf(y, x);
  const fixed = fixedValues([y, backward.slope]);
  const jumping = jumpingValues(y, fixed);
  const kept = new Set([...backward.needed, ...jumping]);
  return (box) => {
    requireBox(box, sizeOf(x.shape));
    const start = new Map(fixed).set(x, { ...box, fixed: false });
    const known = follow(planFor([...kept], start, kept), start);
    if (jumping.some((value) => isUndecided(known.get(value)!)))
      return anyMatrix(sizeOf(y.shape), sizeOf(x.shape));
    return assembled(backward, x, known);
  };
}

/**
 * A box of matrices that holds the Jacobian at every x of the box where f has one, and with it all generalised Jacobians of
 * Clarke there: at a kink both sides count. The difference quotients of f between points of the box then lie in it too (mean value
 * theorem), f being what the graph defines in real arithmetic. All entries are unbounded where f may jump on the box.
 *
 * @param g one floating-point input and one output, of any shapes; features and outputs are flat, row-major.
 * @param box as for intervalsOf().
 * @throws what intervalsOf() throws, and unsupported-op for an operator without a derivative rule.
 * Guarantee: enclosure. Cost: one interval evaluation, and for each output one of the backward pass.
 */
export function jacobianIntervals(g: Graph, box: Box): JacobianBox {
  return jacobianEvaluator(g)(box);
}
