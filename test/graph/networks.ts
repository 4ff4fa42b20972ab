// Small networks of the kinds that engineers bring, as instances whose every weight is an input.
import type { Shape, Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import type { Draw, Instance } from './ops/instance.ts';
import { between, gaussian, instance, positive } from './ops/instance.ts';

const scaled =
  (factor: number): Draw =>
  (key, size) =>
    gaussian(key, size).map((x) => factor * x);

const weight = (shape: Shape): readonly [Shape, Draw] => [
  shape,
  scaled(1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1))),
];
const bias = (n: number): readonly [Shape, Draw] => [[n], scaled(0.1)];

/** -mean log p[label], labels as constants. */
function crossEntropy(logits: Value, labels: readonly number[]): Value {
  const [batch, classes] = logits.shape as [number, number];
  const hot = g.constant(
    g.tensor(
      logits.dtype,
      [batch, classes],
      labels.flatMap((label) => Array.from({ length: classes }, (_, i) => Number(i === label))),
    ),
  );
  return g.neg(g.div(g.innerProduct(hot, g.logSoftmax(logits)), batch));
}

/** 5-7-6-3 with ReLU. */
export const mlp: Instance = instance(
  'MLP',
  [[[4, 5], gaussian], weight([7, 5]), bias(7), weight([6, 7]), bias(6), weight([3, 6]), bias(3)],
  ([x, w1, b1, w2, b2, w3, b3]) => {
    const hidden = g.relu(g.linear(g.relu(g.linear(x!, w1!, b1)), w2!, b2));
    return [crossEntropy(g.linear(hidden, w3!, b3), [0, 2, 1, 1])];
  },
);

const norm = (n: number): readonly (readonly [Shape, Draw])[] => [
  [[n], between(0.5, 1.5)],
  bias(n),
  bias(n),
  [[n], positive],
];

/** Convolution, batch normalisation, a residual block, all three poolings, and a linear classifier. */
export const residualCnn: Instance = instance(
  'CNN',
  [
    [[2, 2, 9, 8], gaussian],
    weight([4, 2, 3, 3]),
    bias(4),
    ...norm(4),
    weight([4, 4, 3, 3]),
    ...norm(4),
    weight([6, 2, 3, 3]),
    weight([3, 6]),
    bias(3),
  ],
  ([x, w1, b1, s1, o1, m1, v1, w2, s2, o2, m2, v2, w3, w4, b4]) => {
    const stem = g.relu(
      g.batchNormalization(g.conv(x!, w1!, b1, { pads: [1, 1, 1, 1] }), s1!, o1!, m1!, v1!),
    );
    const branch = g.batchNormalization(
      g.conv(stem, w2!, undefined, { pads: [1, 1, 1, 1] }),
      s2!,
      o2!,
      m2!,
      v2!,
    );
    const block = g.relu(g.add(stem, branch));
    const pooled = g.maxPool(block, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] });
    const grouped = g.conv(pooled, w3!, undefined, { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] });
    const averaged = g.averagePool(g.leakyRelu(grouped), [2, 2], { strides: [1, 1], pads: [0, 0, 1, 1] });
    const features = g.flatten(
      g.globalAveragePool(g.maxPool(averaged, [2, 2], { strides: [2, 2], ceil_mode: 1 })),
    );
    return [crossEntropy(g.linear(features, w4!, b4), [2, 0])];
  },
);

/** Patches, position embedding, one pre-norm transformer block with two heads, and a linear classifier. */
export const visionTransformer: Instance = instance(
  'ViT',
  [
    [[2, 1, 6, 6], gaussian],
    weight([8, 1, 3, 3]),
    [[4, 8], scaled(0.2)],
    [[8], between(0.5, 1.5)],
    bias(8),
    weight([24, 8]),
    bias(24),
    weight([8, 8]),
    [[8], between(0.5, 1.5)],
    bias(8),
    weight([16, 8]),
    weight([8, 16]),
    weight([3, 8]),
  ],
  ([x, patch, position, s1, o1, qkv, qkvBias, project, s2, o2, up, down, head]) => {
    const [batch, tokens, width, heads] = [2, 4, 8, 2];
    const patches = g.reshape(g.conv(x!, patch!, undefined, { strides: [3, 3] }), [batch, width, tokens]);
    const embedded = g.add(g.transpose(patches, [0, 2, 1]), position!);
    const apply = (value: Value, w: Value) => g.matMul(value, g.transpose(w));
    const normal = g.layerNormalization(embedded, s1!, o1!);
    const mixed = g.reshape(g.add(apply(normal, qkv!), qkvBias!), [batch, tokens, 3, heads, width / heads]);
    const [q, k, v] = g
      .split(g.transpose(mixed, [2, 0, 3, 1, 4]), 0, [1, 1, 1])
      .map((part) => g.squeeze(part, [0])) as [Value, Value, Value];
    const scores = g.mul(g.matMul(q, g.transpose(k, [0, 1, 3, 2])), 1 / Math.sqrt(width / heads));
    const attended = g.transpose(g.matMul(g.softmax(scores), v), [0, 2, 1, 3]);
    const residual = g.add(embedded, apply(g.reshape(attended, [batch, tokens, width]), project!));
    const hidden = g.gelu(apply(g.layerNormalization(residual, s2!, o2!), up!));
    const features = g.reduceMean(g.add(residual, apply(hidden, down!)), [1]);
    return [crossEntropy(g.linear(features, head!), [1, 2])];
  },
);

/** Loss plus (|gradient of the loss by the image| - 1)^2, as gradient penalties use it. */
export function withGradientPenalty(network: Instance): Instance {
  return {
    ...network,
    label: `${network.label} with gradient penalty`,
    build: (values) => {
      const [loss] = network.build(values);
      const [slope] = g.gradient(loss!, [values[0]!]);
      return [g.add(loss!, g.square(g.sub(g.reduceL2(slope!), 1)))];
    },
  };
}
