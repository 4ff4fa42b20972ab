// A small vision transformer (Dosovitskiy et al. 2021, "An image is worth 16x16 words"), with pre-normalised blocks.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Shape, Value } from '../graph/index.ts';
import {
  add,
  gelu,
  layerNormalization,
  matMul,
  mul,
  reduceMean,
  reshape,
  softmax,
  split,
  transpose,
} from '../graph/index.ts';
import { ACTIVATIONS } from './activations.ts';
import type { ModelFamily } from './family.ts';
import { asImages, type ImageAxes, imageAxes } from './image.ts';
import { draw, type InitialWeights, shapesOf } from './initialisation.ts';
import { dense, denseWeights } from './layers.ts';

type Values = Readonly<Record<string, Value>>;

/** Standard deviation of the learned positions at the start, as in the reference implementation. */
const POSITION_DEVIATION = 0.02;

/** Hidden units of a block per embedding dimension. */
const EXPANSION = 4;

/** Added to a variance before its root is taken. */
const EPSILON = 1e-5;

/**
 * The image is cut into N = (h / p)(w / p) patches; each is mapped to E numbers, a learned position is added, and `depth`
 * blocks follow, each t <- t + attention(LN t), t <- t + M_2 gelu(M_1 LN t) with 4 E hidden units. The outputs are an affine
 * map of the mean of LN t over patches (no class token). With images of c channels,
 *
 * P = E (c p^2 + 1) + N E + depth (12 E^2 + 13 E) + 2 E + m (E + 1).
 *
 * Layer normalisation has epsilon 1e-5. The layers that write to t start with variance 1 / (2 depth fan-in), so that t
 * keeps its size at any depth.
 *
 * @param imageShape shape of one point, as `imageAxes()` takes them.
 * @param patch p, which divides height and width.
 * @param embedding E, a multiple of `heads`.
 * @param depth number of blocks, >= 0.
 * @throws invalid-argument for a patch that does not divide the image, heads that do not divide the embedding, and sizes
 *   that are no integers in their range.
 */
export function visionTransformer(
  imageShape: Shape,
  patch: number,
  embedding: number,
  depth: number,
  heads: number,
  outputs: number,
): ModelFamily {
  requireInteger('patch', patch);
  requireInteger('embedding', embedding);
  requireInteger('depth', depth, 0);
  requireInteger('heads', heads);
  requireInteger('outputs', outputs);
  const image = imageAxes(imageShape);
  if (image.height % patch !== 0 || image.width % patch !== 0) {
    throw invalidArgument('patch', patch, `a divisor of height ${image.height} and width ${image.width}`);
  }
  if (embedding % heads !== 0) {
    throw invalidArgument('embedding', embedding, `a multiple of the ${heads} attention heads`);
  }
  const tokens = (image.height / patch) * (image.width / patch);
  const pixels = image.channels * patch ** 2;
  const blocks = Array.from({ length: depth }, (_, i) => `block${i + 1}`);
  const initial: InitialWeights = {
    ...denseWeights('patches', pixels, embedding, 1),
    positions: { shape: [tokens, embedding], fanIn: 1, gain: POSITION_DEVIATION ** 2 },
    ...Object.assign({}, ...blocks.map((name) => blockWeights(name, embedding, 1 / (2 * depth)))),
    ...normWeights('norm', embedding),
    ...denseWeights('output', embedding, outputs, 1),
  };
  return {
    name: `vision-transformer-${imageShape.join('x')}-${patch}-${embedding}-${depth}-${heads}-${outputs}`,
    inputShape: imageShape,
    outputs,
    parameterShapes: shapesOf(initial),
    parameterCount:
      embedding * (pixels + 1) +
      tokens * embedding +
      depth * (12 * embedding ** 2 + 13 * embedding) +
      2 * embedding +
      outputs * (embedding + 1),
    statisticShapes: {},
    initialise: (rng, dtype = 'float32') => draw(initial, rng, dtype),
    forward: (x, weights) => {
      const batch = x.shape[0]!;
      const embedded = dense('patches', patchesOf(x, image, patch), weights);
      const start = add(reshape(embedded, [batch, tokens, embedding]), weights.positions!);
      // Tokens are rows of one matrix, so that every dense layer is one product.
      const rows = reshape(start, [batch * tokens, embedding]);
      const last = blocks.reduce((t, name) => {
        const attended = add(
          t,
          attention(`${name}.attention`, norm(`${name}.norm1`, t, weights), weights, batch, heads),
        );
        const hidden = gelu(dense(`${name}.hidden`, norm(`${name}.norm2`, attended, weights), weights));
        return add(attended, dense(`${name}.output`, hidden, weights));
      }, rows);
      const normed = reshape(norm('norm', last, weights), [batch, tokens, embedding]);
      return dense('output', reduceMean(normed, [1], false), weights);
    },
  };
}

/** x `[batch, ...]` as `[batch * patches, channels * p^2]`: a patch is its channels, each row by row. */
function patchesOf(x: Value, image: ImageAxes, p: number): Value {
  const { channels, height, width } = image;
  const batch = x.shape[0]!;
  const [rows, columns] = [height / p, width / p];
  const cut = reshape(asImages(x, image), [batch, channels, rows, p, columns, p]);
  return reshape(transpose(cut, [0, 2, 4, 1, 3, 5]), [batch * rows * columns, channels * p * p]);
}

/** 12 E^2 + 13 E parameters; `residual` is the gain of the layers that write to the residual stream. */
function blockWeights(name: string, embedding: number, residual: number): InitialWeights {
  const hidden = EXPANSION * embedding;
  return {
    ...normWeights(`${name}.norm1`, embedding),
    ...denseWeights(`${name}.attention.queries-keys-values`, embedding, 3 * embedding, 1),
    ...denseWeights(`${name}.attention.output`, embedding, embedding, residual),
    ...normWeights(`${name}.norm2`, embedding),
    ...denseWeights(`${name}.hidden`, embedding, hidden, ACTIVATIONS.gelu.gain),
    ...denseWeights(`${name}.output`, hidden, embedding, residual),
  };
}

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2) of rows `[batch * tokens, E]`: for each head, with queries
 * Q, keys K and values V of E / heads columns, softmax(Q K^T / sqrt(E / heads)) V.
 */
function attention(name: string, rows: Value, weights: Values, batch: number, heads: number): Value {
  const [total, embedding] = rows.shape as [number, number];
  const tokens = total / batch;
  const width = embedding / heads;
  const joint = reshape(dense(`${name}.queries-keys-values`, rows, weights), [
    batch,
    tokens,
    3,
    heads,
    width,
  ]);
  const parts = split(transpose(joint, [2, 0, 3, 1, 4]), 0, [1, 1, 1]);
  const [queries, keys, values] = parts.map((part) => reshape(part, [batch, heads, tokens, width])) as [
    Value,
    Value,
    Value,
  ];
  const scores = matMul(mul(queries, 1 / Math.sqrt(width)), transpose(keys, [0, 1, 3, 2]));
  const mixed = transpose(matMul(softmax(scores), values), [0, 2, 1, 3]);
  return dense(`${name}.output`, reshape(mixed, [total, embedding]), weights);
}

/** `<name>.gamma` and `<name>.beta`, `[E]` each. */
function normWeights(name: string, embedding: number): InitialWeights {
  return {
    [`${name}.gamma`]: { shape: [embedding], fill: 1 },
    [`${name}.beta`]: { shape: [embedding], fill: 0 },
  };
}

/** Layer normalisation (Ba, Kiros and Hinton 2016) of each row. */
const norm = (name: string, rows: Value, weights: Values): Value =>
  layerNormalization(rows, weights[`${name}.gamma`]!, weights[`${name}.beta`]!, -1, EPSILON);
