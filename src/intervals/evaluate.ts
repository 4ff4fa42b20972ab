// Evaluates a graph on a box of inputs, node after node, each by its rule.
import { RobustlawError } from '../errors.ts';
import type { Graph, Node, Value } from '../graph/index.ts';
import { isFloat, nameOf, showType, sizeOf, tensorOf, toFloat, topological } from '../graph/index.ts';
import type { Bounds, Box } from './box.ts';
import { exactly, requireBox } from './box.ts';
import { ruleOf } from './rules/index.ts';
import { sharpened } from './sharpen.ts';

/** What is known of values so far. */
export type Known = ReadonlyMap<Value, Bounds>;

/** A graph of one input and one output, in operators with rules. */
export interface Prepared {
  readonly input: Value;
  readonly output: Value;
}

/** Throws `invalid-argument` unless the graph has one floating-point input and one such output. */
export function prepared(g: Graph): Prepared {
  const outputs = Object.entries(g.outputs);
  if (g.inputs.length !== 1 || outputs.length !== 1) {
    throw new RobustlawError(
      'invalid-argument',
      `the graph has ${g.inputs.length} inputs and ${outputs.length} outputs; enclosures take a graph of one input and one output: choose one output, and make the other inputs constants`,
    );
  }
  for (const [name, value] of [[nameOf(g.inputs[0]!)!, g.inputs[0]!] as const, outputs[0]!]) {
    if (!isFloat(value.dtype)) {
      throw new RobustlawError(
        'unsupported-type',
        `"${name}" is ${showType(value)}; enclosures take floating-point inputs and outputs`,
      );
    }
  }
  // Decompositions then round their constants to float64, not to float32.
  const double = toFloat(g, 'float64');
  const [output] = sharpened([Object.values(double.outputs)[0]!]);
  return { input: double.inputs[0]!, output: output! };
}

/** The nodes in an order, and after which of them each value has served its last purpose. */
export interface Plan {
  readonly nodes: readonly Node[];
  readonly expired: readonly (readonly Value[])[];
}

/** A plan for the values, from those of `given`; what is in `kept` never expires. */
export function planFor(values: readonly Value[], given: Known, kept: ReadonlySet<Value>): Plan {
  const nodes = topological(values, new Set(given.keys())).filter(
    (node) => !node.outputs.some((output) => given.has(output)),
  );
  const last = new Map<Value, number>();
  for (const [i, node] of nodes.entries()) {
    for (const value of [...node.inputs, ...node.outputs]) if (value) last.set(value, i);
  }
  const expired: Value[][] = nodes.map(() => []);
  for (const [value, i] of last) if (!kept.has(value) && !given.has(value)) expired[i]!.push(value);
  return { nodes, expired };
}

/** Tighter bounds of a value from its bounds and what is known before it. */
export type Refine = (value: Value, bounds: Bounds, known: Known) => Bounds;

/** The bounds of all values of the plan that do not expire, and those given. */
export function follow(
  plan: Plan,
  given: Known,
  refine: Refine = (_value, bounds) => bounds,
): Map<Value, Bounds> {
  const known = new Map(given);
  for (const [i, node] of plan.nodes.entries()) {
    for (const [k, bounds] of boundsOf(node, known).entries()) {
      const output = node.outputs[k]!;
      known.set(output, bounds);
      known.set(output, refine(output, bounds, known));
    }
    for (const value of plan.expired[i]!) known.delete(value);
  }
  return known;
}

function boundsOf(node: Node, known: Known): Bounds[] {
  if (node.inputs.length === 0) {
    const t = tensorOf(node.outputs[0]!);
    if (t) return [{ ...exactly(weightsOf(node.outputs[0]!)), fixed: true }];
    if (node.op.name === 'Input')
      throw new RobustlawError(
        'internal',
        `no bounds were given for the input "${nameOf(node.outputs[0]!)}"`,
      );
  }
  const inputs = node.inputs.map((value) => (value ? known.get(value)! : undefined));
  const rule = ruleOf(node);
  if (!rule)
    throw new RobustlawError('unsupported-op', `no enclosure is known for the operator ${node.op.name}`);
  const fixed = inputs.every((x) => !x || x.fixed);
  return rule(node, inputs).map((box) => ({ ...(fixed ? narrowed(box) : box), fixed }));
}

/** A box of one point as such. */
function narrowed(box: Box): Box {
  return box.lower !== box.upper && box.lower.every((v, i) => v === box.upper[i]) ? exactly(box.lower) : box;
}

/** The numbers of a constant or parameter. */
function weightsOf(value: Value): Float64Array {
  const { data } = tensorOf(value)!;
  const numbers =
    data instanceof Float64Array ? data : Float64Array.from(data as ArrayLike<number | bigint>, Number);
  const at = isFloat(value.dtype) ? positionOfNaN(numbers) : -1;
  if (at >= 0) {
    const what = nameOf(value) === undefined ? 'a constant' : `the parameter "${nameOf(value)}"`;
    throw new RobustlawError(
      'invalid-argument',
      `${what} ${showType(value)} is NaN at position ${at}; nothing can be said about this model`,
    );
  }
  return numbers;
}

/** Not by findIndex: a call for each weight takes longer than the evaluation. */
function positionOfNaN(numbers: Float64Array): number {
  for (let i = 0; i < numbers.length; i++) if (Number.isNaN(numbers[i])) return i;
  return -1;
}

/** The values that depend on no input, as far as others need them and they are not known: computed once for many boxes. */
export function fixedValues(values: readonly Value[], given: Known = new Map()): Map<Value, Bounds> {
  const moving = new Set<Value>();
  const needed = new Set<Value>();
  const nodes = topological(values);
  for (const node of nodes) {
    const moves = node.op.name === 'Input' || node.inputs.some((value) => value && moving.has(value));
    if (!moves) continue;
    for (const output of node.outputs) moving.add(output);
    for (const value of node.inputs) if (value && !moving.has(value)) needed.add(value);
  }
  for (const value of values) if (!moving.has(value)) needed.add(value);
  const wanted = [...needed];
  const before = new Map([...given].filter(([, bounds]) => bounds.fixed));
  const known = follow(planFor(wanted, before, needed), before);
  return new Map(wanted.map((value) => [value, known.get(value)!]));
}

/** The evaluation of one graph on many boxes; see intervalsOf(). */
export function intervalEvaluator(g: Graph): (box: Box) => Box {
  const { input, output } = prepared(g);
  const fixed = fixedValues([output]);
  const start = new Map(fixed).set(input, { ...exactly(new Float64Array(0)), fixed: false });
  const plan = planFor([output], start, new Set([output]));
  return (box) => {
    requireBox(box, sizeOf(input.shape));
    const known = follow(plan, new Map(fixed).set(input, { ...box, fixed: false }));
    const { lower, upper } = known.get(output)!;
    return { lower: lower.slice(), upper: upper.slice() };
  };
}

/**
 * A box that holds f(x) for all x in the box, f the function that the graph defines in real arithmetic from its weights and
 * attributes as they are stored. Every rounding is accounted for. A box of one point gives an enclosure of f at the point, as wide
 * as the rounding of some float64 operations.
 *
 * Comparisons of values that depend on the input are undecided at equality, so that a gradient graph gives an enclosure of both
 * sides at a kink.
 *
 * @param g one floating-point input and one output, of any shapes; flat, row-major boxes.
 * @param box its ends may be infinite; `lower` and `upper` may be the same array for a point.
 * @throws unsupported-op for an operator without a rule, invalid-argument for several inputs or outputs, a box with NaN or with
 *   lower > upper, and NaN weights.
 * Guarantee: enclosure. Cost: two to three times that of the float64 evaluation per product with a constant.
 */
export function intervalsOf(g: Graph, box: Box): Box {
  return intervalEvaluator(g)(box);
}
