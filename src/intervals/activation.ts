// Elementwise activations with what certificates need of them: their slopes and values on an interval, and how far
// float64 errs.
import type { Node } from '../graph/index.ts';
import { numbersOf, tensorOf } from '../graph/index.ts';
import { nextDown, nextUp, UNIT_ROUNDOFF } from '../numeric/index.ts';

/** [low, high], low <= high; the ends may be infinite. */
export type Range = readonly [low: number, high: number];

export interface Activation {
  readonly name: string;
  /** (h(s) - h(t)) / (s - t) lies between the two for all s != t; the larger absolute value is the Lipschitz constant. */
  readonly slopes: Range;
  readonly value: (z: number) => number;
  /** value() is within this fraction of the true one. */
  readonly relativeError: number;
  /** Encloses (h(s) - h(t)) / (s - t) for all s != t in [low, high], rounding included. */
  readonly slopesOn: (low: number, high: number) => Range;
  /** Encloses h([low, high]), rounding included. */
  readonly rangeOn: (low: number, high: number) => Range;
  /**
   * Of a piecewise linear activation: where its pieces meet, ascending, and the slope of each piece from left to right
   * (one more than there are breakpoints). Undefined for the others.
   */
  readonly pieces?: { readonly breakpoints: readonly number[]; readonly slopes: readonly number[] };
}

/** Generous: V8's elementary functions err by less than one unit in the last place each. */
const FEW_ULPS = 16 * UNIT_ROUNDOFF;

const FIXED: Readonly<Record<string, Activation>> = {
  Relu: piecewiseLinear('Relu', [0], [0, 1], (z) => Math.max(0, z), 0),
  Abs: piecewiseLinear('Abs', [0], [-1, 1], Math.abs, 0),
  Tanh: smooth('Tanh', [0, 1], Math.tanh),
  Sigmoid: smooth('Sigmoid', [0, 0.25], (z) =>
    z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)),
  ),
  Softplus: smooth('Softplus', [0, 1], (z) => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z)))),
  Sin: smooth('Sin', [-1, 1], Math.sin),
  Cos: smooth('Cos', [-1, 1], Math.cos),
};

/** relu(z) = max(z, 0). */
export const RELU: Activation = FIXED.Relu!;

/** The activation that a node applies, or undefined if it applies none of those known. Attributes are float32 numbers. */
export function activationOf(node: Node): Activation | undefined {
  switch (node.op.name) {
    case 'LeakyRelu': {
      const alpha = Math.fround((node.attributes.alpha as number | undefined) ?? 0.01);
      return piecewiseLinear('LeakyRelu', [0], [alpha, 1], (z) => (z > 0 ? z : alpha * z), FEW_ULPS);
    }
    case 'Elu': {
      const alpha = Math.fround((node.attributes.alpha as number | undefined) ?? 1);
      return smooth('Elu', [Math.min(0, alpha), Math.max(1, alpha)], (z) =>
        z > 0 ? z : alpha * Math.expm1(z),
      );
    }
    case 'Clip': {
      const bound = (i: number, fallback: number) => {
        const value = node.inputs[i];
        if (!value) return fallback;
        const t = tensorOf(value);
        return t && numbersOf(t)[0];
      };
      const low = bound(1, Number.NEGATIVE_INFINITY);
      const high = bound(2, Number.POSITIVE_INFINITY);
      return low === undefined || high === undefined
        ? undefined
        : piecewiseLinear('Clip', [low, high], [0, 1, 0], (z) => Math.min(high, Math.max(low, z)), 0);
    }
    default:
      return FIXED[node.op.name];
  }
}

/** A continuous activation with slope slopes[i] between breakpoints[i - 1] and breakpoints[i]. */
function piecewiseLinear(
  name: string,
  breakpoints: readonly number[],
  slopes: readonly number[],
  value: Activation['value'],
  relativeError: number,
): Activation {
  const slopesOn = (low: number, high: number): Range => {
    const met = slopes.filter((_, i) => {
      const [from, to] = [breakpoints[i - 1] ?? -Infinity, breakpoints[i] ?? Infinity];
      return low < high ? from < high && to > low : from <= high && to >= low;
    });
    return [Math.min(...met), Math.max(...met)];
  };
  const rangeOn = (low: number, high: number): Range => {
    const ends = [low, ...breakpoints.filter((b) => low < b && b < high), high].map(value);
    const [least, largest] = [Math.min(...ends), Math.max(...ends)];
    if (relativeError === 0) return [least, largest];
    return [widened(least, relativeError)[0], widened(largest, relativeError)[1]];
  };
  return {
    name,
    slopes: [Math.min(...slopes), Math.max(...slopes)],
    value,
    relativeError,
    slopesOn,
    rangeOn,
    pieces: { breakpoints, slopes },
  };
}

function smooth(name: string, slopes: Range, value: Activation['value']): Activation {
  return {
    name,
    slopes,
    value,
    relativeError: FEW_ULPS,
    slopesOn: () => slopes,
    rangeOn: () => [-Infinity, Infinity],
  };
}

/** Encloses every number within the fraction `relative` of one that float64 rounds to x. */
function widened(x: number, relative: number): Range {
  const slack = Math.abs(x) * relative;
  return [nextDown(x - slack), nextUp(x + slack)];
}

/** max |slope|: the Lipschitz constant of the activation. */
export function lipschitzOf(activation: Activation): number {
  return Math.max(Math.abs(activation.slopes[0]), Math.abs(activation.slopes[1]));
}
