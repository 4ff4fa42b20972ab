// The four operations, powers, extrema and comparisons with broadcasting, and selection.
import { RobustlawError } from '../../errors.ts';
import { broadcast, commonType, required } from '../shape.ts';
import type { DataType } from '../tensor.ts';
import { isFloat, showType } from '../tensor.ts';
import type { Node, Op, Value } from '../value.ts';
import { emit1, PARAMETER, scalar, tensorOf } from '../value.ts';
import { cast } from './cast.ts';
import { log, neg, round } from './elementary.ts';
import { zeros } from './fill.ts';
import { sumTo } from './reduction.ts';

/** A value, or a number that stands for a scalar constant of its partner's type. */
export type Operand = Value | number;

type Rule = (x: Value, y: Value, g: Value, node: Node) => [Value | undefined, Value | undefined];

function binary(name: string, rule: Rule): Op {
  return {
    name,
    attributes: {},
    elementwise: true,
    infer: (inputs) => [
      { dtype: commonType(inputs), shape: broadcast(required(inputs, 0).shape, required(inputs, 1).shape) },
    ],
    vjp: (node, [g]) => {
      const [x, y] = node.inputs as [Value, Value];
      const [gx, gy] = rule(x, y, g!, node);
      return [gx && sumTo(gx, x.shape), gy && sumTo(gy, y.shape)];
    },
  };
}

export const Add = binary('Add', (_x, _y, g) => [g, g]);
export const Sub = binary('Sub', (_x, _y, g) => [g, neg(g)]);
export const Mul = binary('Mul', (x, y, g) => [mul(g, y), mul(g, x)]);
export const Div = binary('Div', (_x, y, g, node) => [div(g, y), neg(div(mul(g, node.outputs[0]!), y))]);

/** x^y; the exponent may have another numeric type, and then it is no variable to differentiate by. */
export const Pow: Op = {
  name: 'Pow',
  attributes: {},
  infer: (inputs) => [
    {
      dtype: required(inputs, 0).dtype,
      shape: broadcast(required(inputs, 0).shape, required(inputs, 1).shape),
    },
  ],
  vjp: (node, [g]) => {
    const [x, y] = node.inputs as [Value, Value];
    const constantExponent = y.shape.every((n) => n === 1) ? tensorOf(y) : undefined;
    if (constantExponent && y.node.op !== PARAMETER) {
      return [sumTo(mul(g!, powSlope(x, Number(constantExponent.data[0]))), x.shape), undefined];
    }
    const exponent = y.dtype === x.dtype ? y : cast(y, x.dtype);
    // d/dx x^y at y = 0 is 0 also where x = 0: selected, since 0 * 0^-1 is NaN.
    const slope = where(equal(exponent, 0), zeros(x.dtype, []), mul(exponent, pow(x, sub(exponent, 1))));
    const gx = sumTo(mul(g!, slope), x.shape);
    if (!isFloat(y.dtype)) return [gx, undefined];
    // x^y log x tends to 0 as x -> 0+ for y > 0.
    const safe = where(greater(x, 0), x, scalar(x.dtype, 1));
    return [gx, sumTo(mul(g!, mul(node.outputs[0]!, log(safe))), y.shape)];
  },
};

/** n x^(n-1), without the power where n is 0, 1 or 2: the kernel is slow. */
function powSlope(x: Value, n: number): Operand {
  if (n === 0 || n === 1) return n;
  return n === 2 ? mul(2, x) : mul(n, pow(x, n - 1));
}

/** Min and Max take any number of operands; at ties the cotangent is shared equally, as the symmetric subgradient. */
function extremum(name: 'Max' | 'Min'): Op {
  return {
    name,
    attributes: {},
    infer: (inputs) => [
      { dtype: commonType(inputs), shape: broadcast(...inputs.map((_, i) => required(inputs, i).shape)) },
    ],
    vjp: (node, [g]) => {
      const attains = node.inputs.map((x) => cast(equal(x!, node.outputs[0]!), g!.dtype));
      const count = attains.reduce((a, b) => add(a, b));
      const share = div(g!, count);
      return node.inputs.map((x, i) => sumTo(mul(share, attains[i]!), x!.shape));
    },
  };
}
export const Max = extremum('Max');
export const Min = extremum('Min');

/** Sum and Mean take any number of operands. */
function average(name: 'Sum' | 'Mean'): Op {
  return {
    name,
    attributes: {},
    infer: (inputs) => [
      { dtype: commonType(inputs), shape: broadcast(...inputs.map((_, i) => required(inputs, i).shape)) },
    ],
    vjp: (node, [g]) => {
      const share = name === 'Sum' ? g! : div(g!, node.inputs.length);
      return node.inputs.map((x) => sumTo(share, x!.shape));
    },
    decompose: (node) => {
      const sum = (node.inputs as Value[]).reduce((a, b) => add(a, b));
      return [name === 'Sum' ? sum : div(sum, node.inputs.length)];
    },
  };
}
export const Sum = average('Sum');
export const Mean = average('Mean');

/** x - y q with an integer q, which is constant wherever there is a derivative. */
export const Mod: Op = {
  ...binary('Mod', (x, y, g, node) => [g, neg(mul(g, round(div(sub(x, node.outputs[0]!), y))))]),
  attributes: { fmod: 'int' },
};

function comparison(name: string): Op {
  return {
    name,
    attributes: {},
    infer: (inputs) => {
      commonType(inputs);
      return [{ dtype: 'bool', shape: broadcast(required(inputs, 0).shape, required(inputs, 1).shape) }];
    },
    constantAlmostEverywhere: true,
  };
}
export const Greater = comparison('Greater');
export const GreaterOrEqual = comparison('GreaterOrEqual');
export const Less = comparison('Less');
export const LessOrEqual = comparison('LessOrEqual');
export const Equal = comparison('Equal');
export const And = comparison('And');
export const Or = comparison('Or');
export const Xor = comparison('Xor');

export const Not: Op = {
  name: 'Not',
  attributes: {},
  infer: (inputs) => [{ dtype: 'bool', shape: required(inputs, 0).shape }],
  constantAlmostEverywhere: true,
};

export const Where: Op = {
  name: 'Where',
  attributes: {},
  infer: (inputs) => {
    const condition = required(inputs, 0);
    if (condition.dtype !== 'bool')
      throw new RobustlawError('shape-mismatch', `the condition is ${showType(condition)}; expected bool`);
    return [
      {
        dtype: commonType(inputs.slice(1)),
        shape: broadcast(...inputs.map((_, i) => required(inputs, i).shape)),
      },
    ];
  },
  vjp: (node, [g]) => {
    const [condition, x, y] = node.inputs as [Value, Value, Value];
    const zero = zeros(g!.dtype, []);
    return [
      undefined,
      sumTo(where(condition, g!, zero), x.shape),
      sumTo(where(condition, zero, g!), y.shape),
    ];
  },
};

function pair(a: Operand, b: Operand): [Value, Value] {
  const dtype: DataType = typeof a === 'number' ? (b as Value).dtype : a.dtype;
  return [typeof a === 'number' ? scalar(dtype, a) : a, typeof b === 'number' ? scalar(dtype, b) : b];
}

export const add = (a: Operand, b: Operand): Value => emit1(Add, pair(a, b));
export const sub = (a: Operand, b: Operand): Value => emit1(Sub, pair(a, b));
export const mul = (a: Operand, b: Operand): Value => emit1(Mul, pair(a, b));
export const div = (a: Operand, b: Operand): Value => emit1(Div, pair(a, b));
export const pow = (a: Operand, b: Operand): Value => emit1(Pow, pair(a, b));
export const maximum = (a: Operand, b: Operand): Value => emit1(Max, pair(a, b));
export const minimum = (a: Operand, b: Operand): Value => emit1(Min, pair(a, b));
export const greater = (a: Operand, b: Operand): Value => emit1(Greater, pair(a, b));
export const greaterOrEqual = (a: Operand, b: Operand): Value => emit1(GreaterOrEqual, pair(a, b));
export const less = (a: Operand, b: Operand): Value => emit1(Less, pair(a, b));
export const lessOrEqual = (a: Operand, b: Operand): Value => emit1(LessOrEqual, pair(a, b));
export const equal = (a: Operand, b: Operand): Value => emit1(Equal, pair(a, b));
export const and = (a: Value, b: Value): Value => emit1(And, [a, b]);
export const or = (a: Value, b: Value): Value => emit1(Or, [a, b]);
export const not = (a: Value): Value => emit1(Not, [a]);

/** `condition ? a : b`, elementwise. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  return emit1(Where, [condition, ...pair(a, b)]);
}
