// The jobs on our engine. The steps of a turn of training are one recurrence: the weights stay in the runtime.
import type { Value } from '../src/graph/index.ts';
import {
  addProduct,
  conv,
  flatten,
  graph,
  input,
  linear,
  logSoftmax,
  matMul,
  maxPool,
  mul,
  nameOf,
  neg,
  recurrence,
  reduceMean,
  reduceSum,
  relu,
  sizeOf,
  square,
  sub,
  vjp,
} from '../src/graph/index.ts';
import { compile, compileRecurrence } from '../src/runtime/index.ts';
import type { Job } from './jobs.ts';
import { entry, LEARNING_RATE } from './jobs.ts';

export interface Prepared {
  /** Steps; returns the number of the last that both engines must agree on (the loss before the update, or an output entry). */
  steps(count: number): Promise<number>;
  dispose(): Promise<void>;
}

const variable = (name: string, shape: readonly number[]) => input(name, 'float32', shape);

/** Values of the arrays: data of order 1, weights of order 1 / sqrt(fan-in), biases zero, targets one-hot or real. */
type Fill = 'data' | 'weight' | 'zero' | 'one-hot';

function filled(shape: readonly number[], fill: Fill, index: number): Float32Array {
  const size = sizeOf(shape);
  if (fill === 'zero') return new Float32Array(size);
  if (fill === 'one-hot')
    return Float32Array.from({ length: size }, (_, i) =>
      Number(i % shape[1]! === Math.floor(i / shape[1]!) % shape[1]!),
    );
  const scale = fill === 'data' ? 1 : 1 / Math.sqrt(sizeOf(shape.slice(1)));
  return Float32Array.from({ length: size }, (_, i) => entry(index, i, scale));
}

interface Problem {
  readonly loss: Value;
  readonly data: readonly (readonly [Value, Fill])[];
  readonly weights: readonly (readonly [Value, Fill])[];
}

function crossEntropy(logits: Value, hot: Value): Value {
  return neg(mul(reduceSum(mul(hot, logSoftmax(logits))), 1 / logits.shape[0]!));
}

function mlp(job: Job & { kind: 'mlp' }): Problem {
  const x = variable('x', [job.batch, job.sizes[0]!]);
  const y = variable('y', [job.batch, job.sizes.at(-1)!]);
  const weights: (readonly [Value, Fill])[] = [];
  let h = x;
  job.sizes.slice(1).forEach((n, i) => {
    const w = variable(`w${i}`, [n, job.sizes[i]!]);
    const b = variable(`b${i}`, [n]);
    weights.push([w, 'weight'], [b, 'zero']);
    h = linear(i === 0 ? h : relu(h), w, b);
  });
  if (job.loss === 'squares')
    return {
      loss: reduceMean(square(sub(h, y))),
      data: [
        [x, 'data'],
        [y, 'data'],
      ],
      weights,
    };
  return {
    loss: crossEntropy(h, y),
    data: [
      [x, 'data'],
      [y, 'one-hot'],
    ],
    weights,
  };
}

function cnn(job: Job & { kind: 'cnn' }): Problem {
  const x = variable('x', [job.batch, job.channels[0]!, job.side, job.side]);
  const y = variable('y', [job.batch, job.classes]);
  const weights: (readonly [Value, Fill])[] = [];
  const pad = (job.kernel - 1) / 2;
  let h = x;
  job.channels.slice(1).forEach((filters, i) => {
    const w = variable(`w${i}`, [filters, job.channels[i]!, job.kernel, job.kernel]);
    const b = variable(`b${i}`, [filters]);
    weights.push([w, 'weight'], [b, 'zero']);
    h = maxPool(relu(conv(h, w, b, { pads: [pad, pad, pad, pad] })), [2, 2], { strides: [2, 2] });
  });
  const features = flatten(h);
  const w = variable('w', [job.classes, features.shape[1]!]);
  const b = variable('b', [job.classes]);
  weights.push([w, 'weight'], [b, 'zero']);
  return {
    loss: crossEntropy(linear(features, w, b), y),
    data: [
      [x, 'data'],
      [y, 'one-hot'],
    ],
    weights,
  };
}

async function training({ loss, data, weights }: Problem): Promise<Prepared> {
  const rate = variable('rate', []);
  // With -rate as the cotangent of the loss, the cotangents of the weights are their updates.
  const updates = vjp(
    [loss],
    [neg(rate)],
    weights.map(([w]) => w),
  );
  const names = weights.map(([w]) => nameOf(w)!);
  const updated = Object.fromEntries(
    weights.map(([w], i) => [`new ${names[i]}`, addProduct(w, updates[i]!)]),
  );
  const inputs = [...data, ...weights].map(([value]) => value);
  const program = await compileRecurrence(
    recurrence(
      graph([...inputs, rate], { loss, ...updated }),
      Object.fromEntries(names.map((name) => [name, `new ${name}`])),
      ['rate'],
    ),
  );
  const fixed = Object.fromEntries(
    data.map(([value, fill], i) => [nameOf(value)!, filled(value.shape, fill, i)]),
  );
  let current: Float32Array[] = weights.map(([value, fill], i) => filled(value.shape, fill, data.length + i));
  let next: Float32Array[] = weights.map(([value]) => new Float32Array(sizeOf(value.shape)));
  return {
    async steps(count) {
      const from = Object.fromEntries(names.map((name, i) => [name, current[i]!]));
      const into = Object.fromEntries(names.map((name, i) => [`new ${name}`, next[i]!]));
      const rates = new Float32Array(count).fill(LEARNING_RATE);
      const found = await program.run(count, { ...fixed, ...from, rate: rates }, into);
      [current, next] = [next, current];
      return Number(found.loss!.at(-1));
    },
    dispose: () => program.dispose(),
  };
}

/** One output of fixed inputs, again and again. */
async function repeated(result: Value, inputs: readonly Value[], fills: readonly Fill[]): Promise<Prepared> {
  const program = await compile(graph(inputs, { result }));
  const feeds = Object.fromEntries(
    inputs.map((value, i) => [nameOf(value)!, filled(value.shape, fills[i]!, i)]),
  );
  const into = { result: new Float32Array(sizeOf(result.shape)) };
  return {
    async steps(count) {
      for (let i = 0; i < count; i++) await program.run(feeds, into);
      return into.result[into.result.length >> 1]!;
    },
    dispose: () => program.dispose(),
  };
}

function convolution(job: Job & { kind: 'convolution' }): Promise<Prepared> {
  const x = variable('x', [job.batch, job.channels, job.side, job.side]);
  const w = variable('w', [job.filters, job.channels, job.kernel, job.kernel]);
  const r = variable('r', [job.batch, job.filters, job.side, job.side]);
  const pad = (job.kernel - 1) / 2;
  const y = conv(x, w, undefined, { pads: [pad, pad, pad, pad] });
  const [gx, gw] = vjp([y], [r], [x, w]) as [Value, Value];
  const result = { forward: y, 'input gradient': gx, 'weight gradient': gw }[job.part];
  const used: Record<typeof job.part, readonly Value[]> = {
    forward: [x, w],
    'input gradient': [w, r],
    'weight gradient': [x, r],
  };
  return repeated(
    result,
    used[job.part],
    used[job.part].map((value) => (value === w ? 'weight' : 'data')),
  );
}

export function prepare(job: Job): Promise<Prepared> {
  switch (job.kind) {
    case 'product': {
      const [a, b] = [variable('a', [job.size, job.size]), variable('b', [job.size, job.size])];
      return repeated(matMul(a, b), [a, b], ['data', 'data']);
    }
    case 'mlp':
      return training(mlp(job));
    case 'cnn':
      return training(cnn(job));
    case 'convolution':
      return convolution(job);
  }
}
