// Reverse-mode differentiation: the derivative is appended as more nodes, so that the result is again a graph and
// can be differentiated again (Griewank and Walther, Evaluating Derivatives, chapter 3).
import { RobustlawError } from '../errors.ts';
import { topological } from './graph.ts';
import { add } from './ops/arithmetic.ts';
import { zeros } from './ops/fill.ts';
import { isFloat, sameShape, showType } from './tensor.ts';
import type { Node, Value } from './value.ts';
import { scalar } from './value.ts';

/**
 * Vector-Jacobian product: for y = f(x), the values `sum_i <cotangent_i, d output_i / d wrt_j>`, one per `wrt`, each of
 * the shape of its `wrt`. Where outputs do not depend on a `wrt`, its result is zero. At kinks the subgradient that
 * the operator's rule names is used. Throws `unsupported-op` for an operator without a rule.
 */
export function vjp(outputs: readonly Value[], cotangents: readonly Value[], wrt: readonly Value[]): Value[] {
  return vjpUpTo(outputs, cotangents, wrt, new Set());
}

/** vjp() that does not look past the values of `frontier`. */
function vjpUpTo(
  outputs: readonly Value[],
  cotangents: readonly Value[],
  wrt: readonly Value[],
  frontier: ReadonlySet<Value>,
): Value[] {
  outputs.forEach((output, i) => {
    const cotangent = cotangents[i];
    if (!cotangent || !sameShape(output.shape, cotangent.shape) || output.dtype !== cotangent.dtype) {
      throw new RobustlawError(
        'shape-mismatch',
        `the cotangent of an output ${showType(output)} has another type: ${cotangent ? showType(cotangent) : 'missing'}`,
      );
    }
  });
  const order = topological(outputs, frontier);
  const active = dependents(order, wrt);
  const total = new Map<Value, Value>();
  const accumulate = (value: Value, term: Value) => {
    const sum = total.get(value);
    total.set(value, sum ? add(sum, term) : term);
  };
  for (const [i, output] of outputs.entries()) accumulate(output, cotangents[i]!);

  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    if (node.inputs.length === 0 || !node.inputs.some((value) => value && active.has(value))) continue;
    const incoming = node.outputs.map((output) => total.get(output));
    if (node.op.constantAlmostEverywhere || incoming.every((c) => c === undefined)) continue;
    const outgoing = nodeVjp(node, incoming);
    node.inputs.forEach((value, j) => {
      const term = outgoing[j];
      if (!value || !term || !active.has(value)) return;
      if (!sameShape(term.shape, value.shape) || term.dtype !== value.dtype) {
        throw new RobustlawError(
          'internal',
          `the derivative rule of ${node.op.name} gives ${showType(term)} for an input ${showType(value)}`,
        );
      }
      accumulate(value, term);
    });
  }
  return wrt.map((value) => total.get(value) ?? zeros(value.dtype, value.shape));
}

/** Gradient of a scalar output (shape [] or one element) with respect to each of `wrt`. */
export function gradient(output: Value, wrt: readonly Value[]): Value[] {
  if (output.shape.some((axis) => axis !== 1)) {
    throw new RobustlawError(
      'shape-mismatch',
      `gradient() needs a scalar output; this one is ${showType(output)}; use vjp() or sum it first`,
    );
  }
  const seed = scalar(output.dtype, 1);
  return vjp([output], [output.shape.length === 0 ? seed : ones(output)], wrt);
}

function ones(like: Value): Value {
  return add(zeros(like.dtype, like.shape), 1);
}

/** The rule of the operator, or that of its decomposition. */
function nodeVjp(node: Node, cotangents: readonly (Value | undefined)[]): (Value | undefined)[] {
  if (node.op.vjp) return node.op.vjp(node, cotangents);
  if (!node.op.decompose) {
    throw new RobustlawError(
      'unsupported-op',
      `the operator ${node.op.name} has no derivative rule; replace it in the model, or use measures that need no gradient`,
    );
  }
  const present = node.op
    .decompose(node)
    .flatMap((value, i) => (value && cotangents[i] ? [{ value, cotangent: cotangents[i] }] : []));
  // A value that enters twice receives its whole cotangent at its first position.
  const inputs = [
    ...new Set(node.inputs.filter((value) => value !== undefined && isFloat(value.dtype))),
  ] as Value[];
  const terms = vjpUpTo(
    present.map((p) => p.value),
    present.map((p) => p.cotangent),
    inputs,
    new Set(node.inputs.filter((value) => value !== undefined)),
  );
  return node.inputs.map((value, i) =>
    value && node.inputs.indexOf(value) === i ? terms[inputs.indexOf(value)] : undefined,
  );
}

/** All values with a derivative by `wrt` that need not be zero, `wrt` included; integers and steps have none. */
function dependents(order: readonly Node[], wrt: readonly Value[]): Set<Value> {
  const active = new Set<Value>(wrt);
  for (const node of order) {
    if (node.op.constantAlmostEverywhere || !node.inputs.some((value) => value && active.has(value)))
      continue;
    for (const output of node.outputs) if (isFloat(output.dtype)) active.add(output);
  }
  return active;
}
