// Activation functions. Each is elementwise; gradients are written so that they neither overflow nor cancel.
import { RobustlawError } from '../../errors.ts';
import { broadcast, commonType, required } from '../shape.ts';
import { sameShape } from '../tensor.ts';
import type { Attributes, AttributeType, Node, Op, Value } from '../value.ts';
import { emit1, scalar } from '../value.ts';
import {
  add,
  and,
  div,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  maximum,
  minimum,
  mul,
  or,
  where,
} from './arithmetic.ts';
import { floatOf, stringOf } from './attributes.ts';
import { abs, exp, neg, relu, sigmoid, square, tanh } from './elementary.ts';
import { zeros } from './fill.ts';
import { sumTo } from './reduction.ts';
import { erfBySeries, expMinusOne, logOnePlus } from './special.ts';

/** An elementwise operator with float attributes. */
function activation(
  name: string,
  attributes: Readonly<Record<string, AttributeType>>,
  parts: Pick<Op, 'vjp' | 'decompose'>,
): Op {
  return {
    name,
    attributes,
    elementwise: true,
    infer: (inputs) => {
      const { dtype, shape } = required(inputs, 0);
      return [{ dtype, shape }];
    },
    ...parts,
  };
}

/** x for x > 0, alpha x otherwise. The derivative at 0 is alpha. */
export const LeakyRelu = activation(
  'LeakyRelu',
  { alpha: 'float' },
  {
    vjp: (node, [g]) => [leak(node, g!)],
    decompose: (node) => [leak(node, node.inputs[0]!)],
  },
);

function leak(node: Node, value: Value): Value {
  return where(greater(node.inputs[0]!, 0), value, mul(value, floatOf(node.attributes, 'alpha', 0.01)));
}

/** LeakyRelu whose slope is an input that broadcasts to x. */
export const PRelu: Op = {
  name: 'PRelu',
  attributes: {},
  infer: (inputs) => {
    const [x, slope] = [required(inputs, 0), required(inputs, 1)];
    if (!sameShape(broadcast(x.shape, slope.shape), x.shape))
      throw new RobustlawError(
        'shape-mismatch',
        `the slope [${slope.shape}] does not broadcast to [${x.shape}]`,
      );
    return [{ dtype: commonType(inputs), shape: x.shape }];
  },
  decompose: (node) => {
    const [x, slope] = node.inputs as [Value, Value];
    return [where(greater(x, 0), x, mul(slope, x))];
  },
};

interface ExponentialUnit {
  readonly gain: number;
  readonly alpha: number;
  readonly rate: number;
}

/** gain x for x > 0 and gain alpha (e^(rate x) - 1) otherwise. */
function exponentialUnit(
  name: string,
  attributes: Readonly<Record<string, AttributeType>>,
  unit: (attributes: Attributes) => ExponentialUnit,
): Op {
  /** rate x where x < 0, and 0 elsewhere, so that the branch that is not taken cannot overflow. */
  const exponent = (x: Value, rate: number) => mul(where(greater(x, 0), 0, x), rate);
  return activation(name, attributes, {
    vjp: (node, [g]) => {
      const x = node.inputs[0]!;
      const { gain, alpha, rate } = unit(node.attributes);
      const slope = where(greater(x, 0), gain, mul(exp(exponent(x, rate)), gain * alpha * rate));
      return [mul(g!, slope)];
    },
    decompose: (node) => {
      const x = node.inputs[0]!;
      const { gain, alpha, rate } = unit(node.attributes);
      return [where(greater(x, 0), mul(x, gain), mul(expMinusOne(exponent(x, rate)), gain * alpha))];
    },
  });
}

export const Elu = exponentialUnit('Elu', { alpha: 'float' }, (attributes) => ({
  gain: 1,
  alpha: floatOf(attributes, 'alpha', 1),
  rate: 1,
}));
/** Klambauer et al. 2017; the defaults are the fixed point's. */
export const Selu = exponentialUnit('Selu', { alpha: 'float', gamma: 'float' }, (attributes) => ({
  gain: floatOf(attributes, 'gamma', 1.0507009873554805),
  alpha: floatOf(attributes, 'alpha', 1.6732632423543772),
  rate: 1,
}));
export const Celu = exponentialUnit('Celu', { alpha: 'float' }, (attributes) => {
  const alpha = floatOf(attributes, 'alpha', 1);
  return { gain: 1, alpha, rate: 1 / alpha };
});

/** log(1 + e^x). */
export const Softplus = activation(
  'Softplus',
  {},
  {
    vjp: (node, [g]) => [mul(g!, sigmoid(node.inputs[0]!))],
    decompose: (node) => {
      const x = node.inputs[0]!;
      return [add(relu(x), logOnePlus(exp(neg(abs(x)))))];
    },
  },
);

/** x / (1 + |x|). */
export const Softsign = activation(
  'Softsign',
  {},
  {
    vjp: (node, [g]) => [div(g!, square(add(1, abs(node.inputs[0]!))))],
    decompose: (node) => [div(node.inputs[0]!, add(1, abs(node.inputs[0]!)))],
  },
);

/** max(0, min(1, alpha x + beta)). */
export const HardSigmoid = activation(
  'HardSigmoid',
  { alpha: 'float', beta: 'float' },
  {
    decompose: (node) => {
      const line = mul(node.inputs[0]!, floatOf(node.attributes, 'alpha', 0.2));
      return [clip(add(line, floatOf(node.attributes, 'beta', 0.5)), 0, 1)];
    },
  },
);

/** x max(0, min(1, x / 6 + 1/2)). */
export const HardSwish = activation(
  'HardSwish',
  {},
  {
    decompose: ({ inputs: [x] }) => [mul(x!, clip(add(mul(x!, 1 / 6), 0.5), 0, 1))],
  },
);

/** x tanh(softplus(x)). */
export const Mish = activation(
  'Mish',
  {},
  {
    decompose: ({ inputs: [x] }) => [mul(x!, tanh(softplus(x!)))],
  },
);

/** x for x > alpha, 0 otherwise. */
export const ThresholdedRelu = activation(
  'ThresholdedRelu',
  { alpha: 'float' },
  {
    decompose: (node) => {
      const x = node.inputs[0]!;
      return [where(greater(x, floatOf(node.attributes, 'alpha', 1)), x, 0)];
    },
  },
);

/** 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
export const Erf = activation(
  'Erf',
  {},
  {
    vjp: (node, [g]) => [mul(g!, mul(exp(neg(square(node.inputs[0]!))), 2 / Math.sqrt(Math.PI)))],
    decompose: (node) => [erfBySeries(node.inputs[0]!)],
  },
);

/** x Phi(x) with the normal distribution function Phi, or its approximation by tanh (Hendrycks and Gimpel 2016). */
export const Gelu = activation(
  'Gelu',
  { approximate: 'string' },
  {
    vjp: (node, [g]) => {
      const x = node.inputs[0]!;
      if (approximates(node)) {
        const { inner, slope } = tanhArgument(x);
        const t = tanh(inner);
        // d/dx of x (1 + t) / 2, with t' = (1 - t^2) slope.
        const rise = mul(mul(x, slope), mul(add(1, t), add(1, neg(t))));
        return [mul(g!, mul(0.5, add(add(1, t), rise)))];
      }
      const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [mul(g!, add(normalDistribution(x), mul(x, density)))];
    },
    decompose: (node) => {
      const x = node.inputs[0]!;
      if (!approximates(node)) return [mul(x, normalDistribution(x))];
      return [mul(mul(x, 0.5), add(1, tanh(tanhArgument(x).inner)))];
    },
  },
);

const approximates = (node: Node): boolean => stringOf(node.attributes, 'approximate', 'none') === 'tanh';
const normalDistribution = (x: Value): Value => mul(add(1, erf(mul(x, Math.SQRT1_2))), 0.5);

/** sqrt(2/pi) (x + 0.044715 x^3) and its derivative. */
function tanhArgument(x: Value): { inner: Value; slope: Value } {
  const scale = Math.sqrt(2 / Math.PI);
  const squared = square(x);
  return {
    inner: mul(mul(x, scale), add(1, mul(squared, 0.044715))),
    slope: mul(scale, add(1, mul(squared, 3 * 0.044715))),
  };
}

/** min(max(x, low), high), either bound optional. At a bound the cotangent goes to x. */
export const Clip: Op = {
  name: 'Clip',
  attributes: {},
  infer: (inputs) => {
    const { shape } = required(inputs, 0);
    for (const bound of inputs.slice(1)) {
      if (bound?.shape.some((n) => n !== 1))
        throw new RobustlawError('shape-mismatch', `a bound of shape [${bound.shape}]; expected a scalar`);
    }
    return [{ dtype: commonType(inputs), shape }];
  },
  vjp: (node, [g]) => {
    const [x, low, high] = node.inputs as [Value, Value | undefined, Value | undefined];
    const zero = zeros(g!.dtype, []);
    const inside = [...(low ? [greaterOrEqual(x, low)] : []), ...(high ? [lessOrEqual(x, high)] : [])].reduce<
      Value | undefined
    >((a, b) => (a ? and(a, b) : b), undefined);
    // Where the bounds contradict each other, the upper one wins (ONNX).
    const above = high && (low ? or(greater(x, high), greater(low, high)) : greater(x, high));
    const below = low && (high ? and(less(x, low), lessOrEqual(low, high)) : less(x, low));
    return [
      inside ? where(inside, g!, zero) : g!,
      low && sumTo(where(below!, g!, zero), low.shape),
      high && sumTo(where(above!, g!, zero), high.shape),
    ];
  },
  decompose: (node) => {
    const [x, low, high] = node.inputs as [Value, Value | undefined, Value | undefined];
    const raised = low ? maximum(x, low) : x;
    return [high ? minimum(raised, high) : raised];
  },
};

export const leakyRelu = (x: Value, alpha = 0.01): Value => emit1(LeakyRelu, [x], { alpha });
export const prelu = (x: Value, slope: Value): Value => emit1(PRelu, [x, slope]);
export const elu = (x: Value, alpha = 1): Value => emit1(Elu, [x], { alpha });
export const selu = (x: Value): Value => emit1(Selu, [x]);
export const celu = (x: Value, alpha = 1): Value => emit1(Celu, [x], { alpha });
export const softsign = (x: Value): Value => emit1(Softsign, [x]);
export const mish = (x: Value): Value => emit1(Mish, [x]);
export const hardSwish = (x: Value): Value => emit1(HardSwish, [x]);

/** x Phi(x); `tanh` chooses the approximation. */
export function gelu(x: Value, approximate: 'none' | 'tanh' = 'none'): Value {
  return emit1(Gelu, [x], { approximate });
}

export function erf(x: Value): Value {
  return emit1(Erf, [x]);
}

/** log(1 + e^x) without overflow. */
export function softplus(x: Value): Value {
  return emit1(Softplus, [x]);
}

/** x held between two numbers; leave one out with undefined. */
export function clip(x: Value, low?: number, high?: number): Value {
  const bound = (value: number | undefined) => (value === undefined ? undefined : scalar(x.dtype, value));
  return emit1(Clip, [x, bound(low), bound(high)]);
}
