// Tighter enclosures on small boxes: what feeds a nonlinear operator is also enclosed by its mean value form (Moore 1966),
// v(x) in v(c) + J (x - c) with J an enclosure of the Jacobian of v on the box, and the two are intersected.
import type { Graph, Node, Value } from '../graph/index.ts';
import { isFloat, sizeOf, topological } from '../graph/index.ts';
import { backwardOf, rowsOf } from './backward.ts';
import type { Bounds, Box } from './box.ts';
import { exactly, requireBox } from './box.ts';
import { fixedValues, follow, type Known, planFor, prepared } from './evaluate.ts';
import { anyMatrix, assembled, isUndecided, type JacobianBox, jumpingValues } from './jacobian.ts';
import { productDown, productUp } from './product.ts';
import { addDown, addUp } from './rounding.ts';

/** Operators that are linear in all operands together. */
const LINEAR: ReadonlySet<string> = new Set([
  'Add',
  'Cast',
  'Centre',
  'Concat',
  'CumSum',
  'DivideByCount',
  'Expand',
  'Flatten',
  'Gather',
  'GatherElements',
  'GatherND',
  'Identity',
  'Mean',
  'Neg',
  'Pad',
  'ReduceMean',
  'ReduceSum',
  'Reshape',
  'ScatterElements',
  'ScatterND',
  'Slice',
  'Split',
  'Squeeze',
  'Sub',
  'Sum',
  'Tile',
  'Transpose',
  'Trilu',
  'Unsqueeze',
]);

/** Those that only move elements. */
const MOVING: ReadonlySet<string> = new Set([
  'Expand',
  'Flatten',
  'Gather',
  'Pad',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** Operators that are linear in each operand. */
const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Einsum', 'Gemm', 'MatMul', 'Mul']);

/** Whether a node maps its moving operands linearly. */
function isLinear(node: Node, moves: (value: Value | undefined) => boolean): boolean {
  const { name } = node.op;
  if (LINEAR.has(name)) return true;
  if (name === 'Div') return !moves(node.inputs[1]);
  return PRODUCTS.has(name) && node.inputs.filter(moves).length <= 1;
}

/** Values at which mean value forms pay: made by sums and products, and used by an operator that is not linear. */
function cutsOf(y: Value, fixed: Known): Set<Value> {
  const moves = (value: Value | undefined) =>
    value !== undefined && !fixed.has(value) && isFloat(value.dtype);
  const cuts = new Set<Value>();
  for (const node of topological([y])) {
    if (isLinear(node, moves)) continue;
    for (const value of node.inputs) if (moves(value) && isSum(value!.node)) cuts.add(value!);
  }
  return new Set([...cuts].filter((value) => !isFirstLayer(value, moves)));
}

/** Whether at most one sum or product of constants lies between the input and the value: then its bounds are exact already. */
function isFirstLayer(value: Value, moves: (value: Value | undefined) => boolean): boolean {
  let products = 0;
  for (let at = value; at.node.inputs.length > 0; ) {
    const moving = at.node.inputs.filter(moves);
    if (moving.length !== 1 || !isSum(at.node)) return false;
    if (!MOVING.has(at.node.op.name)) products++;
    at = moving[0]!;
  }
  return products <= 1;
}

const isSum = (node: Node): boolean => LINEAR.has(node.op.name) || PRODUCTS.has(node.op.name);

/** The middle of each entry; 0 where there is none. */
function middleOf({ lower, upper }: Box): Float64Array {
  return lower.map((low, i) => {
    const middle = low === upper[i] ? low : low / 2 + upper[i]! / 2;
    return Number.isFinite(middle)
      ? Math.min(Math.max(middle, low), upper[i]!)
      : Math.min(Math.max(0, low), upper[i]!);
  });
}

/** v(c) + J (x - c) intersected with what is known of v. */
function meanValueForm(
  known: Bounds,
  atCentre: Box,
  row: (i: number) => Box,
  steps: Box,
  stop: () => boolean,
): Bounds {
  const [lower, upper] = [known.lower.slice(), known.upper.slice()];
  for (let i = 0; i < lower.length && !stop(); i++) {
    const slopes = row(i);
    let [low, high] = [atCentre.lower[i]!, atCentre.upper[i]!];
    for (let j = 0; j < steps.lower.length; j++) {
      const [l, u, s, t] = [slopes.lower[j]!, slopes.upper[j]!, steps.lower[j]!, steps.upper[j]!];
      low = addDown(low, productDown(l, u, s, t));
      high = addUp(high, productUp(l, u, s, t));
    }
    lower[i] = Math.max(lower[i]!, low);
    upper[i] = Math.min(upper[i]!, high);
  }
  return { lower, upper, fixed: false };
}

/**
 * jacobianIntervals() with mean value forms: to first order in the size of the box, values are then as wide as they are, where plain
 * interval evaluation widens them by every layer. What is gained on small boxes is large for deep networks, attention and
 * normalisation; on wide boxes nothing is.
 *
 * @param stop asked before each entry is refined: once it is true, what follows is evaluated plainly.
 * Guarantee: enclosure. Cost: a backward pass for each entry that feeds a nonlinear operator.
 */
export function refinedJacobian(g: Graph, box: Box, stop: () => boolean): JacobianBox {
  const { input: x, output: y } = prepared(g);
  requireBox(box, sizeOf(x.shape));
  const fixed = fixedValues([y]);
  const jumping = new Set(jumpingValues(y, fixed));
  const cuts = cutsOf(y, fixed);
  const centre = middleOf(box);
  const everything = new Set(topological([y]).flatMap((node) => node.outputs));
  const atCentre = follow(
    planFor([...cuts], new Map(fixed).set(x, { ...exactly(centre), fixed: false }), cuts),
    new Map(fixed).set(x, { ...exactly(centre), fixed: false }),
  );
  const steps: Box = {
    lower: box.lower.map((low, j) => addDown(low, -centre[j]!)),
    upper: box.upper.map((high, j) => addUp(high, -centre[j]!)),
  };
  const start = new Map(fixed).set(x, { ...box, fixed: false });
  let jumped = false;
  const refine = (value: Value, bounds: Bounds, known: Known): Bounds => {
    if (jumping.has(value) && isUndecided(bounds)) jumped = true;
    if (!cuts.has(value) || jumped || !isUndecided(bounds) || stop()) return bounds;
    const backward = backwardOf(value, x);
    const constants = fixedValues([backward.slope], known);
    const row = rowsOf(backward, new Map([...known, ...constants]));
    return meanValueForm(bounds, atCentre.get(value)!, row, steps, stop);
  };
  const known = follow(planFor([y], start, everything), start, refine);
  if (jumped) return anyMatrix(sizeOf(y.shape), sizeOf(x.shape));
  const backward = backwardOf(y, x);
  return assembled(backward, x, new Map([...known, ...fixedValues([backward.slope], known)]));
}
