// Enclosures of the generalised Jacobian on a box, by interval evaluation of the gradient graph.
import { RobustlawError } from '../errors.ts';
import type { Graph, Node, Value } from '../graph/index.ts';
import { input, isFloat, sizeOf, topological, vjp } from '../graph/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import type { Bounds, Box } from './box.ts';
import { exactly, requireBox } from './box.ts';
import { fixedValues, follow, type Known, type Plan, planFor, prepared } from './evaluate.ts';

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
  'Mod',
  'Round',
  'Sign',
]);

const jumps = (node: Node): boolean =>
  JUMPING.has(node.op.name) ||
  (node.op.name === 'Cast' && isFloat(node.inputs[0]!.dtype) && !isFloat(node.outputs[0]!.dtype));

/** The Jacobians of one graph on many boxes; see jacobianIntervals(). */
export function jacobianEvaluator(g: Graph): (box: Box) => JacobianBox {
  const { input: x, output: y } = prepared(g);
  const seed = input('cotangent of the output', y.dtype, y.shape);
  const [slope] = vjp([y], [seed], [x]) as [Value];
  const fixed = fixedValues([y, slope]);
  const unknown: Bounds = { ...exactly(new Float64Array(0)), fixed: false };
  const given = new Map(fixed).set(x, unknown);
  // First what does not depend on the cotangent, once for all outputs; then the rest for each of them.
  const backward = new Set<Value>([seed]);
  const needed = new Set<Value>();
  for (const node of topological([slope])) {
    if (!node.inputs.some((value) => value && backward.has(value))) continue;
    for (const output of node.outputs) backward.add(output);
    for (const value of node.inputs) if (value && !backward.has(value)) needed.add(value);
  }
  const jumping = topological([y]).filter(jumps);
  const watched = jumping.flatMap((node) => node.outputs).filter((value) => !fixed.has(value));
  const forward = planFor([...needed, ...watched], given, new Set([...needed, ...watched]));
  const base = new Map([
    ...given,
    ...[...needed].map((value) => [value, unknown] as const),
    [seed, unknown] as const,
  ]);
  const back = planFor([slope], base, new Set([slope]));
  const [outputs, features] = [sizeOf(y.shape), sizeOf(x.shape)];
  return (box) => {
    requireBox(box, features);
    const known = follow(forward, new Map(fixed).set(x, { ...box, fixed: false }));
    const [lower, upper] = [matrix(outputs, features), matrix(outputs, features)];
    if (watched.some((value) => isUndecided(known.get(value)!))) {
      lower.data.fill(-Infinity);
      upper.data.fill(Infinity);
      return { lower, upper };
    }
    for (let i = 0; i < outputs; i++) {
      const { lower: low, upper: high } = rowOf(slope, seed, back, known, i);
      lower.data.set(low, i * features);
      upper.data.set(high, i * features);
    }
    return { lower, upper };
  };
}

/** The cotangent of the input for output i. */
function rowOf(slope: Value, seed: Value, plan: Plan, known: Known, i: number): Box {
  const one = new Float64Array(sizeOf(seed.shape));
  one[i] = 1;
  const start = new Map(known).set(seed, { ...exactly(one), fixed: false });
  const result = follow(plan, start).get(slope);
  if (!result) throw new RobustlawError('internal', 'the gradient graph did not reach the input');
  return result;
}

const isUndecided = ({ lower, upper }: Bounds): boolean =>
  lower !== upper && lower.some((low, i) => low !== upper[i]);

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
