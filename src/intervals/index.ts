// What a graph can compute on a box of inputs: enclosures in float64 with all rounding accounted for.
export { type Activation, activationOf, lipschitzOf, preluOf } from './activation.ts';
export {
  ATAN,
  COS,
  ERF,
  EXP,
  exponentialUnit,
  GELU,
  GELU_TANH,
  HARD_SWISH,
  MISH,
  SIGMOID,
  SILU,
  SIN,
  SOFTPLUS,
  SOFTSIGN,
  TANH,
  thresholdedReluOf,
} from './activations.ts';
export type { Box } from './box.ts';
export { intervalEvaluator, intervalsOf } from './evaluate.ts';
export { type JacobianBox, jacobianEvaluator, jacobianIntervals } from './jacobian.ts';
export { ABS, clipOf, hardSigmoidOf, IDENTITY, leakyReluOf, RELU } from './piecewise-linear.ts';
export type { Range } from './range.ts';
export { refinedJacobian } from './refine.ts';
