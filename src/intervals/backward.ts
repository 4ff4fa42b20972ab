// The rows of a Jacobian, one backward pass each, from enclosures of the values of the forward pass.
import { RobustlawError } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { input, sizeOf, topological, vjp } from '../graph/index.ts';
import type { Bounds, Box } from './box.ts';
import { exactly } from './box.ts';
import { fixedValues, follow, type Known, planFor } from './evaluate.ts';

/** The gradient graph of y by x: `slope` is the cotangent of x for the cotangent `seed` of y. */
export interface Backward {
  readonly seed: Value;
  readonly slope: Value;
  /** Values without `seed` that the rest is computed from. */
  readonly needed: ReadonlySet<Value>;
}

export function backwardOf(y: Value, x: Value): Backward {
  const seed = input('cotangent', y.dtype, y.shape);
  const [slope] = vjp([y], [seed], [x]) as [Value];
  const behind = new Set<Value>([seed]);
  const needed = new Set<Value>();
  for (const node of topological([slope])) {
    if (!node.inputs.some((value) => value && behind.has(value))) continue;
    for (const output of node.outputs) behind.add(output);
    for (const value of node.inputs) if (value && !behind.has(value)) needed.add(value);
  }
  return { seed, slope, needed };
}

/** The cotangents of x for each unit cotangent of y; `known` has bounds from which those of `needed` follow. */
export function rowsOf({ seed, slope, needed }: Backward, known: Known): (i: number) => Box {
  const forward = follow(planFor([...needed], known, new Set(needed)), known);
  const size = sizeOf(seed.shape);
  const unit = (i: number): Bounds => {
    const one = new Float64Array(size);
    one[i] = 1;
    return { ...exactly(one), fixed: false };
  };
  // Where y does not depend on x, the slope is a constant.
  const base = new Map([...forward, ...fixedValues([slope], forward)]);
  const plan = planFor([slope], new Map(base).set(seed, unit(0)), new Set([slope]));
  // What the rows read, and nothing else: it is copied for each of them.
  const read = new Map<Value, Bounds>();
  for (const value of [slope, ...plan.nodes.flatMap((node) => node.inputs)]) {
    const bounds = value && base.get(value);
    if (bounds) read.set(value, bounds);
  }
  return (i) => {
    const row = follow(plan, read.set(seed, unit(i))).get(slope);
    if (!row) throw new RobustlawError('internal', 'the gradient graph did not reach the input');
    return row;
  };
}
