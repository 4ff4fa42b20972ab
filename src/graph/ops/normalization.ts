// Normalisation layers as they are at inference, and Dropout, which is then the identity.
import { RobustlawError } from '../../errors.ts';
import { normalAxis, required, requireRank } from '../shape.ts';
import { numbersOf, sameShape, tensor } from '../tensor.ts';
import type { Node, Op, Value } from '../value.ts';
import { constant, emit, emit1, tensorOf } from '../value.ts';
import { add, div, mul, pow, sub } from './arithmetic.ts';
import { floatOf, intOf } from './attributes.ts';
import { cast } from './cast.ts';
import { reciprocal, sqrt, square } from './elementary.ts';
import { expand } from './fill.ts';
import { reshape } from './layout.ts';
import { windowSums } from './pooling.ts';
import { reduceMean } from './reduction.ts';

/** `[channels]` as it broadcasts against `[batch, channels, ...]`. */
function alongChannels(v: Value, x: Value): Value {
  return reshape(v, [v.shape[0]!, ...x.shape.slice(2).map(() => 1)]);
}

function requireChannels(inputs: readonly (Value | undefined)[], names: readonly string[]): Value {
  const x = requireRank(required(inputs, 0), 2, 64);
  names.forEach((name, i) => {
    const v = required(inputs, i + 1);
    if (!sameShape(v.shape, [x.shape[1]!])) {
      throw new RobustlawError('shape-mismatch', `the ${name} is [${v.shape}]; expected [${x.shape[1]}]`);
    }
  });
  return x;
}

/** (x - mean) / sqrt(var + epsilon) over `axes`, with that mean and reciprocal deviation. */
function standardise(
  x: Value,
  axes: readonly number[],
  epsilon: number,
): { y: Value; mean: Value; scale: Value } {
  const mean = reduceMean(x, axes, true);
  const centred = sub(x, mean);
  const scale = reciprocal(sqrt(add(reduceMean(square(centred), axes, true), epsilon)));
  return { y: mul(centred, scale), mean, scale };
}

/** scale (x - mean) / sqrt(var + epsilon) + bias per channel, with the running statistics as fixed inputs. */
export const BatchNormalization: Op = {
  name: 'BatchNormalization',
  attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
  infer: (inputs, attributes) => {
    if (intOf(attributes, 'training_mode', 0) !== 0) {
      throw new RobustlawError(
        'unsupported-op',
        'BatchNormalization in training mode depends on the batch; export the model in inference mode',
      );
    }
    const { dtype, shape } = requireChannels(inputs, ['scale', 'bias', 'mean', 'variance']);
    return [{ dtype, shape }];
  },
  decompose: (node) => {
    const [x, scale, bias, mean, variance] = node.inputs as [Value, Value, Value, Value, Value];
    const slope = div(scale, sqrt(add(variance, floatOf(node.attributes, 'epsilon', 1e-5))));
    const centred = sub(x, alongChannels(mean, x));
    return [add(mul(centred, alongChannels(slope, x)), alongChannels(bias, x))];
  },
};

/** Axes from `axis` on. */
function trailingAxes(node: Pick<Node, 'attributes'>, x: Value): number[] {
  const first = normalAxis(intOf(node.attributes, 'axis', -1), x.shape.length);
  return x.shape.map((_, i) => i).slice(first);
}

/**
 * scale (x - mean) / sqrt(var + epsilon) + bias with mean and variance over the axes from `axis` on; the second and
 * third output are that mean and 1 / sqrt(var + epsilon), in the type stash_type (float32 by default).
 */
export const LayerNormalization: Op = {
  name: 'LayerNormalization',
  attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
  infer: (inputs, attributes) => {
    const x = requireRank(required(inputs, 0), 1, 64);
    const axes = trailingAxes({ attributes }, x);
    const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
    if (intOf(attributes, 'stash_type', 1) !== 1)
      throw new RobustlawError('unsupported-op', 'LayerNormalization knows stash_type 1 only');
    return [
      { dtype: x.dtype, shape: x.shape },
      { dtype: 'float32', shape: kept },
      { dtype: 'float32', shape: kept },
    ];
  },
  decompose: (node) => {
    const [x, weight, bias] = node.inputs as [Value, Value, Value | undefined];
    const { y, mean, scale } = standardise(
      x,
      trailingAxes(node, x),
      floatOf(node.attributes, 'epsilon', 1e-5),
    );
    const scaled = mul(y, weight);
    return [bias ? add(scaled, bias) : scaled, cast(mean, 'float32'), cast(scale, 'float32')];
  },
};

/** Each channel of each sample normalised over its spatial axes, then scaled and shifted per channel. */
export const InstanceNormalization: Op = {
  name: 'InstanceNormalization',
  attributes: { epsilon: 'float' },
  infer: (inputs) => {
    requireRank(required(inputs, 0), 3, 64);
    const { dtype, shape } = requireChannels(inputs, ['scale', 'bias']);
    return [{ dtype, shape }];
  },
  decompose: (node) => {
    const [x, scale, bias] = node.inputs as [Value, Value, Value];
    const axes = x.shape.map((_, i) => i).slice(2);
    const { y } = standardise(x, axes, floatOf(node.attributes, 'epsilon', 1e-5));
    return [add(mul(y, alongChannels(scale, x)), alongChannels(bias, x))];
  },
};

/**
 * Each group of channels of each sample normalised; scale and bias per group, as in operator set 18, or per channel,
 * as from 21 on.
 */
export const GroupNormalization: Op = {
  name: 'GroupNormalization',
  attributes: { epsilon: 'float', num_groups: 'int' },
  infer: (inputs, attributes) => {
    const x = requireRank(required(inputs, 0), 3, 64);
    const groups = intOf(attributes, 'num_groups', 0);
    const channels = x.shape[1]!;
    if (groups < 1 || channels % groups !== 0)
      throw new RobustlawError('shape-mismatch', `num_groups ${groups} does not divide ${channels} channels`);
    for (const v of [required(inputs, 1), required(inputs, 2)]) {
      if (!sameShape(v.shape, [groups]) && !sameShape(v.shape, [channels]))
        throw new RobustlawError(
          'shape-mismatch',
          `scale or bias is [${v.shape}]; expected [${groups}] or [${channels}]`,
        );
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  decompose: (node) => {
    const [x, scale, bias] = node.inputs as [Value, Value, Value];
    const groups = intOf(node.attributes, 'num_groups', 0);
    const [batch, channels] = x.shape as [number, number];
    const grouped = reshape(x, [batch, groups, channels / groups, ...x.shape.slice(2)]);
    const axes = grouped.shape.map((_, i) => i).slice(2);
    const { y } = standardise(grouped, axes, floatOf(node.attributes, 'epsilon', 1e-5));
    const perChannel = (v: Value) =>
      alongChannels(v.shape[0] === channels ? v : repeated(v, channels / groups), x);
    return [add(mul(reshape(y, x.shape), perChannel(scale)), perChannel(bias))];
  },
  // In OPSET the operator knows the form per group only, and has no kernel in any case.
  refused: () => true,
};

/** Each element `times` times in a row. */
function repeated(v: Value, times: number): Value {
  const n = v.shape[0]!;
  return reshape(expand(reshape(v, [n, 1]), [n, times]), [n * times]);
}

/** x / (bias + alpha / size sum x^2)^beta, the sum over `size` neighbouring channels (Krizhevsky et al. 2012). */
export const LRN: Op = {
  name: 'LRN',
  attributes: { alpha: 'float', beta: 'float', bias: 'float', size: 'int' },
  infer: (inputs, attributes) => {
    const x = requireRank(required(inputs, 0), 3, 64);
    if (intOf(attributes, 'size', 0) < 1)
      throw new RobustlawError('shape-mismatch', `size ${intOf(attributes, 'size', 0)}; expected >= 1`);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  decompose: (node) => {
    const x = node.inputs[0]!;
    const size = intOf(node.attributes, 'size', 1);
    const before = Math.floor((size - 1) / 2);
    const channels = x.shape[1]!;
    const sweep = {
      length: channels,
      kernel: size,
      dilation: 1,
      stride: 1,
      before,
      after: size - 1 - before,
    };
    const sums = windowSums(square(x), 1, { ...sweep, count: channels });
    const base = add(
      mul(sums, floatOf(node.attributes, 'alpha', 1e-4) / size),
      floatOf(node.attributes, 'bias', 1),
    );
    return [mul(x, pow(base, -floatOf(node.attributes, 'beta', 0.75)))];
  },
  refused: (node) => intOf(node.attributes, 'size', 1) % 2 === 0,
};

/** The identity at inference; the second output says which elements were kept: all. */
export const Dropout: Op = {
  name: 'Dropout',
  attributes: { seed: 'int' },
  infer: (inputs) => {
    const { dtype, shape } = required(inputs, 0);
    const training = inputs[2] && tensorOf(inputs[2]);
    if (inputs[2] && (!training || numbersOf(training).some((flag) => flag !== 0))) {
      throw new RobustlawError(
        'unsupported-op',
        'Dropout in training mode is random; export the model in inference mode',
      );
    }
    return [
      { dtype, shape },
      { dtype: 'bool', shape },
    ];
  },
  decompose: (node) => {
    const x = node.inputs[0]!;
    return [x, expand(constant(tensor('bool', [], [1])), x.shape)];
  },
};

/** Batch normalisation of x `[batch, channels, ...]` with running statistics; all others `[channels]`. */
export function batchNormalization(
  x: Value,
  scale: Value,
  bias: Value,
  mean: Value,
  variance: Value,
  epsilon = 1e-5,
): Value {
  return emit1(BatchNormalization, [x, scale, bias, mean, variance], { epsilon });
}

/** Layer normalisation over the axes from `axis` on; scale and bias broadcast against x. */
export function layerNormalization(x: Value, scale: Value, bias?: Value, axis = -1, epsilon = 1e-5): Value {
  return emit(LayerNormalization, bias ? [x, scale, bias] : [x, scale], { axis, epsilon })[0]!;
}

/** Instance normalisation of x `[batch, channels, ...]`; scale and bias `[channels]`. */
export function instanceNormalization(x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value {
  return emit1(InstanceNormalization, [x, scale, bias], { epsilon });
}

/** Group normalisation of x `[batch, channels, ...]`; scale and bias `[groups]`. */
export function groupNormalization(
  x: Value,
  groups: number,
  scale: Value,
  bias: Value,
  epsilon = 1e-5,
): Value {
  return emit1(GroupNormalization, [x, scale, bias], { num_groups: groups, epsilon });
}
