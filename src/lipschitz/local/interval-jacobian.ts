// Local Lipschitz bounds of any differentiable graph, from an enclosure of its Jacobian on a box (mean value theorem).
import type { Graph } from '../../graph/index.ts';
import type { CertifiedUpperBound, Norm } from '../../guarantee/index.ts';
import { type Box, type JacobianBox, jacobianIntervals, refinedJacobian } from '../../intervals/index.ts';
import { type Matrix, matrix } from '../../linalg/index.ts';
import { addUp, nextUp } from '../../numeric/index.ts';
import type { Stop } from '../../stop.ts';
import { operatorNormUpper } from '../norms.ts';

/** Method of `jacobianBound`. */
export const INTERVAL_JACOBIAN = 'interval Jacobian';

/**
 * An upper bound on ||f(x) - f(y)|| / ||x - y|| over the points x != y of the box, the same norm on both sides: the largest operator
 * norm in an enclosure of the generalised Jacobian. With M its midpoints, R its radii and |J| <= U entry by entry, that is the
 * largest column sum (l1) or row sum (linf) of U, and for l2 the smaller of |U|_2 and |M|_2 + |R|_2. It needs no structure, so it
 * also serves attention and normalisation layers; on wide boxes of deep networks it is loose.
 *
 * @param g one floating-point input and one output, of any shapes.
 * @param box where f may jump, or its slope is not bounded on it, the bound is Infinity.
 * @param stop refines the ranges of the network by mean value forms until then, which on small boxes of deep networks gains a
 *   factor; without it nothing is refined.
 * @throws unsupported-op for an operator without a rule, invalid-argument for a box with NaN or of another size.
 * Guarantee: upper bound. Cost: one interval evaluation, one backward pass for each output, and for l2 two spectral norms; refined, also one
 * backward pass for each entry that feeds a nonlinear operator.
 */
export function jacobianBound(g: Graph, box: Box, norm: Norm, stop?: Stop): CertifiedUpperBound {
  const jacobian = stop ? refinedJacobian(g, box, stop) : jacobianIntervals(g, box);
  return {
    kind: 'upper',
    value: largestNorm(jacobian, norm),
    norm,
    domain: { kind: 'box', lower: box.lower.slice(), upper: box.upper.slice() },
    method: INTERVAL_JACOBIAN,
    arithmetic: 'float64',
  };
}

/** An upper bound on the operator norms of all matrices of a box. */
export function largestNorm(jacobian: JacobianBox, norm: Norm): number {
  const magnitudes = magnitudesOf(jacobian);
  if (!magnitudes.data.every(Number.isFinite)) return Infinity;
  const ofMagnitudes = operatorNormUpper(magnitudes, norm);
  if (norm !== 'l2') return ofMagnitudes;
  const { middle, radius } = centredForm(jacobian);
  if (!radius.data.every(Number.isFinite)) return ofMagnitudes;
  return Math.min(ofMagnitudes, addUp(operatorNormUpper(middle, 'l2'), operatorNormUpper(radius, 'l2')));
}

/** The largest absolute value of each entry. */
function magnitudesOf({ lower, upper }: JacobianBox): Matrix {
  const data = lower.data.map((low, i) => Math.max(Math.abs(low), Math.abs(upper.data[i]!)));
  return matrix(lower.rows, lower.columns, data);
}

/** Each entry lies within its radius of its middle. */
function centredForm({ lower, upper }: JacobianBox): { middle: Matrix; radius: Matrix } {
  const middle = lower.data.map((low, i) => (low === upper.data[i] ? low : low / 2 + upper.data[i]! / 2));
  const radius = middle.map((m, i) => {
    const [low, high] = [lower.data[i]!, upper.data[i]!];
    return low === high ? 0 : nextUp(Math.max(high - m, m - low));
  });
  return {
    middle: matrix(lower.rows, lower.columns, middle),
    radius: matrix(lower.rows, lower.columns, radius),
  };
}
