// Softmax and its logarithm along one axis.
import { normalAxis, required, requireFloat } from '../shape.ts';
import type { Op, Value } from '../value.ts';
import { emit1 } from '../value.ts';
import { mul, sub } from './arithmetic.ts';
import { intOf } from './attributes.ts';
import { exp } from './elementary.ts';
import { reduceSum } from './reduction.ts';

/** `rule` gives the cotangent of x from y, g and the axis. */
function alongAxis(name: string, rule: (y: Value, g: Value, axis: number) => Value): Op {
  return {
    name,
    attributes: { axis: 'int' },
    infer: (inputs, attributes) => {
      const x = requireFloat(required(inputs, 0));
      normalAxis(intOf(attributes, 'axis', -1), x.shape.length);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    vjp: (node, [g]) => {
      const y = node.outputs[0]!;
      return [rule(y, g!, normalAxis(intOf(node.attributes, 'axis', -1), y.shape.length))];
    },
  };
}

/** y = e^x / sum e^x; the cotangent is y (g - sum g y). */
export const Softmax = alongAxis('Softmax', (y, g, axis) =>
  mul(y, sub(g, reduceSum(mul(g, y), [axis], true))),
);

/** y = x - log sum e^x; the cotangent is g - e^y sum g. */
export const LogSoftmax = alongAxis('LogSoftmax', (y, g, axis) =>
  sub(g, mul(exp(y), reduceSum(g, [axis], true))),
);

/** e^x / sum e^x along `axis`, the last by default; without overflow. */
export const softmax = (x: Value, axis = -1): Value => emit1(Softmax, [x], { axis });

/** x - log sum e^x along `axis`, the last by default; without overflow. */
export const logSoftmax = (x: Value, axis = -1): Value => emit1(LogSoftmax, [x], { axis });
