// Penalties on how fast the model changes with its input: gradients and Jacobians, on average over the batch.
import { RobustlawError, requireInteger, requirePositive } from '../errors.ts';
import type { Value } from '../graph/index.ts';
import { add, constant, expand, gradient, innerProduct, inputsOf, mul, tensor, vjp } from '../graph/index.ts';
import type { Batch, Objective } from './objective.ts';
import { penalised } from './objective.ts';

/**
 * objective + lambda (1/n) sum_i |J(x_i)|_F^2 with the Jacobian J `[outputs, inputs]` of f: E|grad_x f|^2 for one output
 * (Drucker and LeCun 1992; Sobolev seminorm of f over the data). Exact, one backward pass per output and one through
 * each; with many outputs jacobianPenalty() is cheaper.
 *
 * Kinks (relu) have no second derivative: the penalty sees the slopes of the linear pieces through the weights, and not
 * that moving a kink moves a point to another piece. Under batch normalisation J includes what a point does to the others.
 *
 * @throws invalid-argument, when the step is built, where no parameter changes the penalty.
 */
export function gradientPenalty(objective: Objective, lambda: number): Objective {
  requirePositive('gradient penalty', lambda);
  return penalised(objective, {}, (batch) => {
    const outputs = batch.output.shape[1]!;
    const squares = Array.from({ length: outputs }, (_, k) => squaredProduct(batch, unit(batch.output, k)));
    return seen('gradient penalty', mul(sum(squares), lambda / batch.x.shape[0]!), batch);
  });
}

/**
 * objective + (lambda / 2) (1/n) sum_i |J(x_i)|_F^2, of which each step sees an unbiased estimate: m |v^T J|^2 with v
 * uniform on the unit sphere of R^m, for m outputs, averaged over `projections` (Hoffman, Roberts and Yaida 2019,
 * "Robust learning with Jacobian regularization"). Exact for one output, where it is
 * gradientPenalty() with half the weight.
 *
 * @param projections random directions per point, 1 by default.
 * @throws as gradientPenalty().
 */
export function jacobianPenalty(objective: Objective, lambda: number, projections = 1): Objective {
  requirePositive('Jacobian penalty', lambda);
  requireInteger('projections', projections);
  const names = Array.from({ length: projections }, (_, i) => `projection ${i + 1}`);
  const draws = Object.fromEntries(names.map((name) => [name, 'output-sphere' as const]));
  return penalised(objective, draws, (batch) => {
    const [n, m] = batch.output.shape as [number, number];
    const squares = names.map((name) => squaredProduct(batch, batch.draws[name]!));
    return seen('Jacobian penalty', mul(sum(squares), (lambda * m) / (2 * n * projections)), batch);
  });
}

/** sum_i |v_i^T J(x_i)|^2. */
function squaredProduct({ x, output }: Batch, v: Value): Value {
  const [slopes] = vjp([output], [v], [x]) as [Value];
  return innerProduct(slopes, slopes);
}

/** The k-th unit vector in every row. */
function unit(output: Value, k: number): Value {
  const m = output.shape[1]!;
  const row = tensor(
    output.dtype,
    [1, m],
    Array.from({ length: m }, (_, i) => (i === k ? 1 : 0)),
  );
  return expand(constant(row), output.shape);
}

const sum = (values: readonly Value[]): Value => values.reduce((total, value) => add(total, value));

/** The penalty, if some parameter changes it. */
function seen(what: string, penalty: Value, { parameters }: Batch): Value {
  if (inputsOf(gradient(penalty, inputsOf(Object.values(parameters)))).length > 0) return penalty;
  throw new RobustlawError(
    'invalid-argument',
    `the ${what} is blind: no parameter changes the input gradients of this model, since its activations are constant almost everywhere; ` +
      'leave the penalty out, or use an activation with slopes (relu, tanh, ...)',
  );
}
