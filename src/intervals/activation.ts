// Elementwise activations with what certificates need of them: their slopes and values on an interval, and how far
// float64 errs.
import type { Node } from '../graph/index.ts';
import { numbersOf, sizeOf, tensorOf } from '../graph/index.ts';
import {
  ASINH,
  ATAN,
  COS,
  COSH,
  ERF,
  EXP,
  exponentialUnit,
  GELU,
  GELU_TANH,
  HARD_SWISH,
  MISH,
  SIGMOID,
  SIN,
  SINH,
  SOFTPLUS,
  SOFTSIGN,
  TANH,
  thresholdedReluOf,
} from './activations.ts';
import { ABS, clipOf, hardSigmoidOf, leakyReluOf, RELU } from './piecewise-linear.ts';
import type { Range } from './range.ts';

export interface Activation {
  readonly name: string;
  /** (h(s) - h(t)) / (s - t) lies between the two for all s != t; the larger absolute value is the Lipschitz constant. */
  readonly slopes: Range;
  readonly value: (z: number) => number;
  /** value() is within this fraction of the true one, underflow aside. */
  readonly relativeError: number;
  /** Encloses (h(s) - h(t)) / (s - t) for all s != t in [low, high], rounding included; at low = high the derivatives. */
  readonly slopesOn: (low: number, high: number) => Range;
  /** Encloses h([low, high]), rounding included. */
  readonly rangeOn: (low: number, high: number) => Range;
  /**
   * Of a piecewise linear activation: where its pieces meet, ascending, and the slope of each piece from left to right
   * (one more than there are breakpoints). Undefined for the others.
   */
  readonly pieces?: { readonly breakpoints: readonly number[]; readonly slopes: readonly number[] };
}

const FIXED: Readonly<Record<string, Activation>> = {
  Relu: RELU,
  Abs: ABS,
  Tanh: TANH,
  Sigmoid: SIGMOID,
  Softplus: SOFTPLUS,
  Softsign: SOFTSIGN,
  Sin: SIN,
  Cos: COS,
  Sinh: SINH,
  Cosh: COSH,
  Asinh: ASINH,
  Atan: ATAN,
  Erf: ERF,
  Exp: EXP,
  Mish: MISH,
  HardSwish: HARD_SWISH,
};

/**
 * The activation that a node applies to its first input, or undefined if it applies none of those known. PRelu and Clip
 * count where their slope and bounds are constants of one element. Attributes are float32 numbers.
 */
export function activationOf(node: Node): Activation | undefined {
  const attribute = (name: string, fallback: number) =>
    Math.fround((node.attributes[name] as number | undefined) ?? fallback);
  switch (node.op.name) {
    case 'LeakyRelu':
      return leakyReluOf(attribute('alpha', 0.01));
    case 'PRelu': {
      const slope = constantAt(node, 1, 0);
      return slope === undefined ? undefined : preluOf(slope);
    }
    case 'Elu':
      return exponentialUnit('Elu', 1, attribute('alpha', 1), 1);
    case 'Selu':
      return exponentialUnit(
        'Selu',
        attribute('gamma', 1.0507009873554805),
        attribute('alpha', 1.6732632423543772),
        1,
      );
    case 'Celu': {
      const alpha = attribute('alpha', 1);
      return exponentialUnit('Celu', 1, alpha, 1 / alpha);
    }
    case 'HardSigmoid':
      return hardSigmoidOf(attribute('alpha', 0.2), attribute('beta', 0.5));
    case 'ThresholdedRelu':
      return thresholdedReluOf(attribute('alpha', 1));
    case 'Gelu':
      return node.attributes.approximate === 'tanh' ? GELU_TANH : GELU;
    case 'Clip': {
      const low = constantAt(node, 1, Number.NEGATIVE_INFINITY);
      const high = constantAt(node, 2, Number.POSITIVE_INFINITY);
      return low === undefined || high === undefined ? undefined : clipOf(low, high);
    }
    default:
      return FIXED[node.op.name];
  }
}

/** The constant of one element at an input; `fallback` where the input is left out, undefined where it is anything else. */
function constantAt(node: Node, i: number, fallback: number): number | undefined {
  const value = node.inputs[i];
  if (!value) return fallback;
  const t = sizeOf(value.shape) === 1 ? tensorOf(value) : undefined;
  const number = t && numbersOf(t)[0]!;
  return Number.isNaN(number) ? undefined : number;
}

/** z for z > 0 and slope z otherwise: PRelu on a channel with this slope. */
export const preluOf = (slope: number): Activation => leakyReluOf(slope, 'PRelu');

/** max |slope|: the Lipschitz constant of the activation. */
export function lipschitzOf(activation: Activation): number {
  return Math.max(Math.abs(activation.slopes[0]), Math.abs(activation.slopes[1]));
}
