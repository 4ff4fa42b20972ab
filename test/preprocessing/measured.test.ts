// What is measured on a composed model is measured in the space of the data: Lipschitz constants shrink with the scale, and
// losses fall and rise in pixels.
import { describe, expect, it } from 'vitest';
import { createVictim, oneHot } from '../../src/attacks/index.ts';
import {
  type Graph,
  graph,
  type innerProduct,
  input,
  linear,
  type Model,
  modelFrom,
  mul,
  parameter,
  reduceSum,
  relu,
  reshape,
  tensor,
} from '../../src/graph/index.ts';
import { upperEnd } from '../../src/guarantee/index.ts';
import { measureLipschitz } from '../../src/lipschitz/index.ts';
import { type Preprocessing, withPreprocessing } from '../../src/preprocessing/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';

const [C, H, W] = [3, 4, 5];
const SIZE = C * H * W;
const weights = normal(rng('measured'), 2 * SIZE);
const std = [0.5, 2, 4];
const preprocessing: Preprocessing = {
  scale: 1 / 255,
  mean: [0.1, 0.2, 0.3],
  std,
  layout: 'nhwc',
  range: [0, 255],
};

/** Scores W x of an image with its channels last. */
const network: Model = modelFrom('linear', (batch): Graph => {
  const x = input('x', 'float64', [batch, H, W, C]);
  const w = parameter('w', tensor('float64', [2, SIZE], weights));
  return graph([x], { y: linear(reshape(x, [batch, SIZE]), w) });
});
/** One output, hidden ReLU. */
const hidden: Model = modelFrom('hidden', (batch): Graph => {
  const x = input('x', 'float64', [batch, SIZE]);
  const w = parameter('w', tensor('float64', [2, SIZE], weights));
  const v = parameter('v', tensor('float64', [1, 2], [1, -2]));
  return graph([x], { y: linear(relu(linear(x, w)), v) });
});
const effort = { seconds: 20, stop: whenDone, clever: false };

describe('a composed model', () => {
  it('has the Lipschitz constant in pixels: that of its weights over 255 and the standard deviation of their channel', async () => {
    const one: Model = modelFrom('one', (batch) => {
      const x = input('x', 'float64', [batch, H, W, C]);
      const w = parameter('w', tensor('float64', [1, SIZE], weights.slice(0, SIZE)));
      return graph([x], { y: linear(reshape(x, [batch, SIZE]), w) });
    });
    const composed = withPreprocessing(one, preprocessing, [1, C, H, W]);
    const exact = Math.sqrt(
      weights.subarray(0, SIZE).reduce((sum, w, k) => sum + (w / 255 / std[k % C]!) ** 2, 0),
    );
    const { lower, upper } = await measureLipschitz(
      composed,
      { norm: 'l2', domain: { kind: 'global' } },
      new Float64Array(),
      rng(1),
      effort,
    );
    expect(upperEnd(upper!)).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
    expect(upperEnd(upper!)).toBeLessThan(exact * (1 + 1e-6));
    if (lower) expect(lower.value).toBeLessThanOrEqual(exact * (1 + 1e-12));
  });

  it('has certificates behind ReLU: the interval scales with the inputs', async () => {
    const question = { norm: 'l2', domain: { kind: 'global' } } as const;
    const starts = normal(rng('starts'), 3 * SIZE);
    const bytes = { scale: 1 / 255, std: [0.5], layout: 'flat', range: [0, 255] } as const;
    const composed = withPreprocessing(hidden, bytes, [1, SIZE]);
    const [before, after] = [
      await measureLipschitz(hidden, question, starts, rng(2), effort),
      await measureLipschitz(
        composed,
        question,
        starts.map((x) => 127.5 * x),
        rng(2),
        effort,
      ),
    ];
    expect(upperEnd(after.upper!) * 127.5).toBeCloseTo(upperEnd(before.upper!), 4);
    expect(after.lower!.value * 127.5).toBeCloseTo(before.lower!.value, 4);
  });

  it('gives attacks gradients in pixels', async () => {
    const composed = withPreprocessing(network, preprocessing, [1, C, H, W]);
    const victim = await createVictim(composed, { kind: 'classification' });
    const loss = {
      name: 'score of the label',
      of: (scores: Parameters<typeof innerProduct>[0], labels: Parameters<typeof innerProduct>[0]) =>
        reduceSum(mul(scores, labels), [1], false),
    };
    const x = Float32Array.from({ length: SIZE }, (_, i) => (i * 37) % 256);
    const { gradients } = await victim.gradient(loss, x, oneHot([1], 2));
    await victim.dispose();
    for (let k = 0; k < SIZE; k++) {
      const [c, i, j] = [Math.floor(k / (H * W)), Math.floor(k / W) % H, k % W];
      const expected = weights[SIZE + (i * W + j) * C + c]! / 255 / std[c]!;
      expect(gradients[k]).toBeCloseTo(expected, 6);
    }
  });
});
