// Random graphs over every operator that the composition of norms has a rule for; each a function of its key alone.
import * as g from '../../../src/graph/index.ts';
import { emit, emit1, int64s, type Value } from '../../../src/graph/index.ts';
import { integers, normal, type Rng, uniform } from '../../../src/random/index.ts';

/** Draws for one step: all names are its own. */
interface Draws {
  readonly int: (name: string, low: number, high: number) => number;
  readonly weight: (name: string, shape: readonly number[], scale?: number) => Value;
  readonly positive: (name: string, shape: readonly number[]) => Value;
  readonly pick: <T>(name: string, items: readonly T[]) => T;
}

function drawsOf(key: Rng): Draws {
  const int = (name: string, low: number, high: number) => integers(key.split(name), 1, low, high)[0]!;
  const make = (name: string, shape: readonly number[], of: (key: Rng, size: number) => Float64Array) =>
    g.parameter(`${key.path} ${name}`, g.tensor('float64', shape, of(key.split(name), g.sizeOf(shape))));
  return {
    int,
    weight: (name, shape, scale) =>
      make(name, shape, (k, n) =>
        normal(k, n).map((z) => z * (scale ?? 1 / Math.sqrt(g.sizeOf(shape.slice(1))))),
      ),
    positive: (name, shape) => make(name, shape, (k, n) => uniform(k, n, 0.3, 2)),
    pick: (name, items) => items[int(name, 0, items.length)]!,
  };
}

type Step = (x: Value, draws: Draws, earlier: readonly Value[]) => Value;

const last = (x: Value) => x.shape.at(-1)!;
/** An earlier value of the same shape, or one made from x. */
const partner = (x: Value, earlier: readonly Value[], d: Draws): Value =>
  d.pick('partner', [...earlier.filter((v) => g.sameShape(v.shape, x.shape)), g.sin(x)]);
const square = (n: number, d: Draws) => d.weight('square', [n, n]);

/** Steps for values of any shape `[batch, ...]`. */
const ANY: Readonly<Record<string, Step>> = {
  relu: g.relu,
  tanh: g.tanh,
  abs: g.abs,
  neg: g.neg,
  silu: (x) => g.mul(x, g.sigmoid(x)),
  gelu: (x) => g.gelu(x),
  clip: (x) => g.clip(x, -0.5, 0.7),
  scale: (x, d) => g.mul(x, d.weight('factors', x.shape.slice(1), 1)),
  shift: (x, d) => g.sub(d.weight('shift', x.shape.slice(1), 1), x),
  divide: (x, d) => g.div(x, d.positive('divisors', [last(x)])),
  add: (x, d, earlier) => g.add(x, partner(x, earlier, d)),
  subtract: (x, d, earlier) => g.sub(partner(x, earlier, d), g.mul(x, 0.5)),
  sum: (x, d, earlier) => emit1(g.Sum, [x, partner(x, earlier, d), g.mul(x, 2)]),
  mean: (x, d, earlier) => emit1(g.Mean, [x, partner(x, earlier, d)]),
  maximum: (x, d, earlier) => g.maximum(x, partner(x, earlier, d)),
  minimum: (x) => g.minimum(x, 0.3),
  where: (x, d, earlier) => {
    const shape = x.shape.slice(1);
    const chosen = Array.from({ length: g.sizeOf(shape) }, (_, i) => d.int(`chosen ${i}`, 0, 2));
    const condition = g.constant(g.tensor('bool', shape, chosen));
    return g.where(condition, x, partner(x, earlier, d));
  },
  'softmax along an axis': (x, d) => g.softmax(x, d.int('axis', 1, x.shape.length)),
  'log softmax': (x) => g.logSoftmax(x),
  'layer norm': (x, d) =>
    g.layerNormalization(x, d.weight('scale', [last(x)], 1), d.weight('bias', [last(x)], 1), -1, 0.2),
  centred: (x) => g.sub(x, g.reduceMean(x, [x.shape.length - 1], true)),
  'residual layer': (x, d) => g.add(x, g.matMul(x, square(last(x), d))),
  'two layers without activation': (x, d) =>
    g.matMul(g.matMul(x, d.weight('up', [last(x), 5], 0.4)), d.weight('down', [5, last(x)], 0.4)),
  'tokens times matrix': (x, d) => g.matMul(x, d.weight('w', [last(x), d.int('out', 1, 5)])),
  concat: (x, d, earlier) => g.concat([x, partner(x, earlier, d)], x.shape.length - 1),
  slice: (x) => g.slice(x, [x.shape.length - 1], [0], [Math.max(1, last(x) - 1)]),
  split: (x) => {
    if (last(x) === 1) return x;
    const parts = g.split(x, x.shape.length - 1, [1, last(x) - 1]);
    return g.concat([g.tanh(parts[1]!), parts[0]!], x.shape.length - 1);
  },
  gather: (x, d) => g.gather(x, int64s([0, d.int('index', 0, last(x)), 0]), x.shape.length - 1),
  tile: (x) => g.tile(x, [...x.shape.slice(1).map(() => 1), 2]),
  'reduce and stretch': (x, d) =>
    g.add(
      x,
      d.pick('how', [g.reduceSum, g.reduceMax, g.reduceMin, g.reduceL2, g.reduceL1])(
        x,
        [x.shape.length - 1],
        true,
      ),
    ),
  'log sum exp': (x) => g.sub(x, g.reduceLogSumExp(x, [x.shape.length - 1], true)),
  'running sums': (x, d) =>
    emit1(g.CumSum, [x, int64s([x.shape.length - 1])], {
      exclusive: d.int('exclusive', 0, 2),
      reverse: d.int('reverse', 0, 2),
    }),
  'pad with edges': (x) =>
    emit1(
      g.Pad,
      [
        x,
        int64s(
          x.shape.flatMap((_, i) => (i === x.shape.length - 1 ? [2] : [0])).concat(x.shape.map(() => 0)),
        ),
      ],
      {
        mode: 'edge',
      },
    ),
  dropout: (x) => emit(g.Dropout, [x])[0]!,
};

/** Steps for images `[batch, channels, height, width]`. */
const IMAGE: Readonly<Record<string, Step>> = {
  conv: (x, d) => {
    const group = x.shape[1]! % 2 === 0 ? d.int('group', 1, 3) : 1;
    const weight = d.weight('kernel', [2, x.shape[1]! / group, 2, 3]);
    return g.conv(x, weight, d.weight('bias', [2], 1), {
      group,
      pads: [0, 1, 1, 2].map((n, i) => n + d.int(`pad ${i}`, 0, 2)),
      strides: [d.int('stride', 1, 3), 1],
      dilations: [1, d.int('dilation', 1, 3)],
    });
  },
  'conv and norm': (x, d) => {
    const y = g.conv(x, d.weight('kernel', [3, x.shape[1]!, 3, 3]), undefined, { pads: [1, 1, 1, 1] });
    const [scale, bias, mean] = ['scale', 'bias', 'mean'].map((name) => d.weight(name, [3], 1)) as [
      Value,
      Value,
      Value,
    ];
    return g.batchNormalization(y, scale, bias, mean, d.positive('variance', [3]));
  },
  'norm and conv': (x, d) => {
    const n = x.shape[1]!;
    const [scale, bias, mean] = ['scale', 'bias', 'mean'].map((name) => d.weight(name, [n], 1)) as [
      Value,
      Value,
      Value,
    ];
    const normal = g.batchNormalization(x, scale, bias, mean, d.positive('variance', [n]));
    return g.conv(normal, d.weight('kernel', [2, n, 2, 2]), undefined, { auto_pad: 'SAME_UPPER' });
  },
  'linear branches': (x, d) => {
    const n = x.shape[1]!;
    const wide = g.conv(x, d.weight('wide', [n, n, 3, 3]), undefined, { pads: [1, 1, 1, 1] });
    return g.add(g.add(wide, g.conv(x, d.weight('narrow', [n, n, 1, 1]))), x);
  },
  'residual block': (x, d) => {
    const n = x.shape[1]!;
    const pads = { pads: [1, 1, 1, 1] };
    const inner = g.relu(g.conv(x, d.weight('first', [2, n, 3, 3]), undefined, pads));
    return g.add(x, g.conv(inner, d.weight('second', [n, 2, 3, 3]), undefined, pads));
  },
  'transposed conv': (x, d) =>
    g.convTranspose(x, d.weight('kernel', [x.shape[1]!, 2, 2, 2], 0.5), undefined, {
      strides: [1, 2],
      pads: [1, 0, 0, 0],
    }),
  'max pool': (x, d) => g.maxPool(x, [2, 2], { strides: [1, d.int('stride', 1, 3)], pads: [1, 0, 0, 1] }),
  'average pool': (x, d) =>
    g.averagePool(x, [2, 2], {
      strides: [d.int('stride', 1, 3), 1],
      pads: [1, 1, 0, 0],
      count_include_pad: d.int('counts', 0, 2),
    }),
  'global average': (x) => g.add(x, g.globalAveragePool(x)),
  'global maximum': (x) => g.sub(x, g.globalMaxPool(x)),
  'instance norm': (x, d) =>
    g.instanceNormalization(x, d.weight('scale', [x.shape[1]!], 1), d.weight('bias', [x.shape[1]!], 1), 0.3),
  'group norm': (x, d) =>
    g.groupNormalization(x, 1, d.weight('scale', [1], 1), d.weight('bias', [1], 1), 0.3),
  'response norm': (x) => emit1(g.LRN, [x], { size: 3, alpha: 2, beta: 0.75, bias: 0.8 }),
  'reflecting pad': (x) =>
    x.shape[3]! < 3 ? x : emit1(g.Pad, [x, int64s([0, 0, 0, 2, 0, 0, 0, 1])], { mode: 'reflect' }),
  'nearest neighbours': (x) => g.repeatCells(x, [2, 1]),
  interpolation: (x) =>
    emit1(g.Resize, [x, undefined, g.constant(g.tensor('float32', [4], [1, 1, 1.5, 2]))], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    }),
  transpose: (x) => g.transpose(x, [0, 2, 3, 1]),
  prelu: (x, d) => g.prelu(x, d.weight('slopes', [x.shape[1]!, 1, 1], 1.5)),
  'space to depth': (x) =>
    x.shape[2]! % 2 || x.shape[3]! % 2 ? x : emit1(g.SpaceToDepth, [x], { blocksize: 2 }),
};

export interface RandomGraph {
  readonly description: string;
  readonly build: (batch: number) => g.Graph;
}

/** Entries of a sample beyond which no step is taken that makes it larger. */
const LARGE = 150;

export function randomGraph(key: Rng): RandomGraph {
  const names: string[] = [];
  const build = (batch: number) => {
    names.length = 0;
    const d = drawsOf(key);
    const image = d.int('image', 0, 2) === 1;
    const x = g.input(
      'x',
      'float64',
      image ? [batch, d.int('channels', 1, 3), 4, 4] : [batch, d.int('features', 1, 7)],
    );
    const values: Value[] = [x];
    for (let i = 0; i < d.int('steps', 2, 7); i++) {
      const from = values.at(-1)!;
      const steps: Readonly<Record<string, Step>> =
        from.shape.length === 4 && d.int(`family ${i}`, 0, 3) > 0 ? IMAGE : ANY;
      const name = d.pick(`step ${i}`, Object.keys(steps));
      const next = steps[name]!(from, drawsOf(key.split(`step ${i}`)), values);
      if (g.sizeOf(next.shape) / batch > LARGE) continue;
      names.push(name);
      values.push(next);
    }
    const y = values.at(-1)!;
    const flat = g.reshape(y, [batch, g.sizeOf(y.shape) / batch]);
    return g.graph([x], { y: g.linear(flat, d.weight('head', [3, flat.shape[1]!])) });
  };
  build(1);
  return { description: `${names.join(', ')} (key ${key.path})`, build };
}

export const STEP_NAMES: readonly string[] = [...Object.keys(ANY), ...Object.keys(IMAGE)];
