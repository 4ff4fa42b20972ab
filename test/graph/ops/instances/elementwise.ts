// Instances of the operators that work element by element.
import fc from 'fast-check';
import type { Op, Value } from '../../../../src/graph/index.ts';
import * as g from '../../../../src/graph/index.ts';
import type { Draw, Instance, Instances } from '../instance.ts';
import {
  awayFrom,
  between,
  broadcastable,
  distinct,
  gaussian,
  instance,
  positive,
  shapes,
} from '../instance.ts';

function unary(
  op: Op,
  draw: Draw,
  attributes: fc.Arbitrary<g.Attributes> = fc.constant({}),
): fc.Arbitrary<Instance> {
  return fc
    .record({ shape: shapes(0, 3), attributes })
    .map(({ shape, attributes }) =>
      instance(`${op.name} [${shape}] ${JSON.stringify(attributes)}`, [[shape, draw]], ([x]) => [
        g.emit1(op, [x], attributes),
      ]),
    );
}

function variadic(op: Op, draws: readonly Draw[]): fc.Arbitrary<Instance> {
  return broadcastable(draws.length).map((all) =>
    instance(
      `${op.name} ${all.map((shape) => `[${shape}]`).join(' ')}`,
      all.map((shape, i) => [shape, draws[i]!] as const),
      (values) => [g.emit1(op, values)],
    ),
  );
}

/** Extrema of operands that are never close to each other: their values lie in different classes modulo 1. */
const inClass =
  (offset: number): Draw =>
  (key, size) =>
    gaussian(key, size).map((x) => Math.round(2 * x) / 2 + offset);

/** A comparison or a logical operator, seen through the selection it makes. */
function selecting(op: Op): fc.Arbitrary<Instance> {
  return broadcastable(2).map(([a, b]) =>
    instance(
      `${op.name} [${a}] [${b}]`,
      [
        [a!, inClass(0)],
        [b!, inClass(0.2)],
      ] as const,
      ([x, y]) => [g.where(g.emit1(op, [x, y]), g.mul(x!, y!), g.add(x!, y!))],
    ),
  );
}

const numbers = (name: string, low: number, high: number) =>
  fc.double({ min: low, max: high, noNaN: true }).map((value) => ({ [name]: value }));

const positives = (x: Value) => g.greater(x, 0);

export const elementwise: Instances = {
  Add: variadic(g.Add, [gaussian, gaussian]),
  Sub: variadic(g.Sub, [gaussian, gaussian]),
  Mul: variadic(g.Mul, [gaussian, gaussian]),
  Div: variadic(g.Div, [gaussian, positive]),
  Mod: variadic(g.Mod, [positive, between(4, 5)]).map((one) => ({
    ...one,
    build: (values) => [g.emit1(g.Mod, [g.add(g.mul(values[0]!, 3), 0), values[1]], { fmod: 1 })],
    inputs: [{ ...one.inputs[0]!, draw: between(1.7, 2.6) }, one.inputs[1]!],
  })),
  Pow: fc.oneof(
    variadic(g.Pow, [positive, gaussian]),
    fc
      .tuple(shapes(0, 3), fc.constantFrom(-2, -1, 0, 0.5, 1, 2, 3, 4))
      .map(([shape, n]) =>
        instance(`Pow [${shape}] ${n}`, [[shape, n === 0.5 ? positive : awayFrom(0)]], ([x]) => [
          g.pow(x!, n),
        ]),
      ),
  ),
  Max: variadic(g.Max, [inClass(0), inClass(0.1), inClass(0.3)]),
  Min: variadic(g.Min, [inClass(0), inClass(0.1), inClass(0.3)]),
  Sum: variadic(g.Sum, [gaussian, gaussian, gaussian]),
  Mean: variadic(g.Mean, [gaussian, gaussian, gaussian]),
  Greater: selecting(g.Greater),
  GreaterOrEqual: selecting(g.GreaterOrEqual),
  Less: selecting(g.Less),
  LessOrEqual: selecting(g.LessOrEqual),
  Equal: selecting(g.Equal),
  And: broadcastable(2).map(([a, b]) =>
    instance(
      'And',
      [
        [a!, awayFrom(0)],
        [b!, awayFrom(0)],
      ] as const,
      ([x, y]) => [g.where(g.and(positives(x!), positives(y!)), g.mul(x!, y!), x!)],
    ),
  ),
  Or: broadcastable(2).map(([a, b]) =>
    instance(
      'Or',
      [
        [a!, awayFrom(0)],
        [b!, awayFrom(0)],
      ] as const,
      ([x, y]) => [g.where(g.or(positives(x!), positives(y!)), g.mul(x!, y!), x!)],
    ),
  ),
  Xor: broadcastable(2).map(([a, b]) =>
    instance(
      'Xor',
      [
        [a!, awayFrom(0)],
        [b!, awayFrom(0)],
      ] as const,
      ([x, y]) => [g.where(g.emit1(g.Xor, [positives(x!), positives(y!)]), g.mul(x!, y!), x!)],
    ),
  ),
  Not: shapes(0, 3).map((shape) =>
    instance('Not', [[shape, awayFrom(0)]], ([x]) => [g.where(g.not(positives(x!)), g.square(x!), x!)]),
  ),
  Where: broadcastable(3).map(([a, b, c]) =>
    instance(
      'Where',
      [
        [a!, awayFrom(0)],
        [b!, gaussian],
        [c!, gaussian],
      ] as const,
      ([x, y, z]) => [g.where(positives(x!), y!, g.mul(z!, x!))],
    ),
  ),
  Cast: shapes(0, 3).map((shape) =>
    instance('Cast', [[shape, gaussian]], ([x]) => [g.cast(g.cast(x!, 'int64'), x!.dtype)]),
  ),
  Neg: unary(g.Neg, gaussian),
  Abs: unary(g.Abs, awayFrom(0)),
  Exp: unary(g.Exp, gaussian),
  Log: unary(g.Log, positive),
  Sqrt: unary(g.Sqrt, positive),
  Reciprocal: unary(g.Reciprocal, positive),
  Sin: unary(g.Sin, gaussian),
  Cos: unary(g.Cos, gaussian),
  Tanh: unary(g.Tanh, gaussian),
  Sigmoid: unary(g.Sigmoid, gaussian),
  Relu: unary(g.Relu, awayFrom(0)),
  Identity: unary(g.Identity, gaussian),
  Sign: unary(g.Sign, awayFrom(0)),
  Floor: unary(g.Floor, awayFrom(-3, -2, -1, 0, 1, 2, 3)),
  Ceil: unary(g.Ceil, awayFrom(-3, -2, -1, 0, 1, 2, 3)),
  Round: unary(g.Round, awayFrom(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)),
  Tan: unary(g.Tan, between(-1.2, 1.2)),
  Atan: unary(g.Atan, gaussian),
  Asin: unary(g.Asin, between(-0.9, 0.9)),
  Acos: unary(g.Acos, between(-0.9, 0.9)),
  Sinh: unary(g.Sinh, gaussian),
  Cosh: unary(g.Cosh, gaussian),
  Asinh: unary(g.Asinh, gaussian),
  Acosh: unary(g.Acosh, between(1.2, 3)),
  Atanh: unary(g.Atanh, between(-0.9, 0.9)),
  LeakyRelu: unary(g.LeakyRelu, awayFrom(0), fc.oneof(fc.constant({}), numbers('alpha', 0, 0.9))),
  Elu: unary(g.Elu, awayFrom(0), fc.oneof(fc.constant({}), numbers('alpha', 0.1, 2))),
  Selu: unary(g.Selu, awayFrom(0), fc.oneof(fc.constant({}), numbers('gamma', 0.5, 2))),
  Celu: unary(g.Celu, awayFrom(0), fc.oneof(fc.constant({}), numbers('alpha', 0.3, 2))),
  Softplus: unary(g.Softplus, gaussian),
  Softsign: unary(g.Softsign, awayFrom(0)),
  HardSigmoid: unary(g.HardSigmoid, awayFrom(-2.5, 2.5)),
  HardSwish: unary(g.HardSwish, awayFrom(-3, 3)),
  Mish: unary(g.Mish, gaussian),
  ThresholdedRelu: unary(g.ThresholdedRelu, awayFrom(1, 0.25), fc.constantFrom({}, { alpha: 0.25 })),
  Erf: unary(g.Erf, gaussian),
  Gelu: unary(g.Gelu, gaussian, fc.constantFrom({}, { approximate: 'none' }, { approximate: 'tanh' })),
  PRelu: shapes(0, 3).chain((shape) =>
    fc.tuple(fc.nat(shape.length), fc.boolean()).map(([dropped, one]) => {
      const slope = shape.slice(dropped).map((n) => (one ? 1 : n));
      return instance(
        `PRelu [${shape}] [${slope}]`,
        [
          [shape, awayFrom(0)],
          [slope, gaussian],
        ] as const,
        (values) => [g.emit1(g.PRelu, values)],
      );
    }),
  ),
  Clip: fc.tuple(shapes(0, 3), fc.boolean(), fc.boolean()).map(([shape, low, high]) =>
    instance(
      `Clip [${shape}] ${low} ${high}`,
      [
        [shape, distinct],
        [[], between(-0.51, -0.505)],
        [[], between(0.49, 0.495)],
      ] as const,
      ([x, a, b]) => [g.emit1(g.Clip, [x, low ? a : undefined, high ? b : undefined]), g.add(a!, b!)],
    ),
  ),
};
