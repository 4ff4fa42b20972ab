// Elementwise activations with what certificates need of them: the range of their slopes and how far float64 errs.
import type { Node } from '../graph/index.ts';
import { numbersOf, tensorOf } from '../graph/index.ts';
import { UNIT_ROUNDOFF } from '../numeric/index.ts';

export interface Activation {
  readonly name: string;
  /** (h(s) - h(t)) / (s - t) lies between the two for all s != t; the larger absolute value is the Lipschitz constant. */
  readonly slopes: readonly [low: number, high: number];
  readonly value: (z: number) => number;
  /** value() is within this fraction of the true one. */
  readonly relativeError: number;
}

/** Generous: V8's elementary functions err by less than one unit in the last place each. */
const FEW_ULPS = 16 * UNIT_ROUNDOFF;

const FIXED: Readonly<Record<string, Activation>> = {
  Relu: exact('Relu', [0, 1], (z) => Math.max(0, z)),
  Abs: exact('Abs', [-1, 1], Math.abs),
  Tanh: rounded('Tanh', [0, 1], Math.tanh),
  Sigmoid: rounded('Sigmoid', [0, 0.25], (z) =>
    z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)),
  ),
  Softplus: rounded('Softplus', [0, 1], (z) => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z)))),
  Sin: rounded('Sin', [-1, 1], Math.sin),
  Cos: rounded('Cos', [-1, 1], Math.cos),
};

/** The activation that a node applies, or undefined if it applies none of those known. Attributes are float32 numbers. */
export function activationOf(node: Node): Activation | undefined {
  switch (node.op.name) {
    case 'LeakyRelu': {
      const alpha = Math.fround((node.attributes.alpha as number | undefined) ?? 0.01);
      return rounded('LeakyRelu', [Math.min(1, alpha), Math.max(1, alpha)], (z) => (z > 0 ? z : alpha * z));
    }
    case 'Elu': {
      const alpha = Math.fround((node.attributes.alpha as number | undefined) ?? 1);
      return rounded('Elu', [Math.min(0, alpha), Math.max(1, alpha)], (z) =>
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
        : exact('Clip', [0, 1], (z) => Math.min(high, Math.max(low, z)));
    }
    default:
      return FIXED[node.op.name];
  }
}

function exact(name: string, slopes: Activation['slopes'], value: Activation['value']): Activation {
  return { name, slopes, value, relativeError: 0 };
}

function rounded(name: string, slopes: Activation['slopes'], value: Activation['value']): Activation {
  return { name, slopes, value, relativeError: FEW_ULPS };
}

/** max |slope|: the Lipschitz constant of the activation. */
export function lipschitzOf(activation: Activation): number {
  return Math.max(Math.abs(activation.slopes[0]), Math.abs(activation.slopes[1]));
}
