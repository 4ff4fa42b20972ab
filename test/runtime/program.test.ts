import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import type { DataType, Graph, TensorData } from '../../src/graph/index.ts';
import {
  add,
  allocate,
  concat,
  div,
  graph,
  input,
  matMul,
  mul,
  relu,
  scalar,
  sub,
  tanh,
} from '../../src/graph/index.ts';
import { compile, disposeIdleSessions, evaluate, sessionCounts } from '../../src/runtime/index.ts';

const affine = (factor = 2, dtype: DataType = 'float32'): Graph => {
  const x = input('x', dtype, [2, 3]);
  return graph([x], { y: mul(x, factor), z: add(x, 1) });
};

async function failure(work: Promise<unknown>): Promise<RobustlawError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RobustlawError);
  return error as RobustlawError;
}

afterEach(() => disposeIdleSessions());

describe('run', () => {
  it('computes all outputs in the element types of the graph', async () => {
    for (const [dtype, arrays] of [
      ['float32', Float32Array],
      ['float64', Float64Array],
      ['int32', Int32Array],
    ] as const) {
      const program = await compile(affine(2, dtype));
      expect(program.inputs.map((p) => [p.name, p.shape])).toStrictEqual([['x', [2, 3]]]);
      expect(program.outputs.map((p) => [p.name, p.shape])).toStrictEqual([
        ['y', [2, 3]],
        ['z', [2, 3]],
      ]);
      const { y, z } = await program.run({ x: arrays.of(1, 2, 3, 4, 5, 6) });
      expect(y).toStrictEqual(arrays.of(2, 4, 6, 8, 10, 12));
      expect(z).toStrictEqual(arrays.of(2, 3, 4, 5, 6, 7));
      await program.dispose();
    }
  });

  it('float64 is computed in float64: sums are those of JavaScript, bit by bit', async () => {
    const [a, b] = [input('a', 'float64', [8]), input('b', 'float64', [8])];
    const program = await compile(
      graph([a, b], { plus: add(a, b), minus: sub(a, b), times: mul(a, b), by: div(a, b) }),
    );
    const eight = fc.float64Array({ minLength: 8, maxLength: 8, noNaN: true });
    await fc.assert(
      fc.asyncProperty(eight, eight, async (x, y) => {
        const { plus, minus, times, by } = await program.run({ a: x, b: y });
        expect(plus).toStrictEqual(x.map((v, i) => v + y[i]!));
        expect(minus).toStrictEqual(x.map((v, i) => v - y[i]!));
        expect(times).toStrictEqual(x.map((v, i) => v * y[i]!));
        expect(by).toStrictEqual(x.map((v, i) => v / y[i]!));
      }),
      { numRuns: 50 },
    );
    await program.dispose();
  });

  it('writes into the arrays given, and nothing else', async () => {
    const program = await compile(affine());
    const [y, x] = [new Float32Array(6), Float32Array.of(1, 2, 3, 4, 5, 6)];
    const result = await program.run({ x }, { y });
    expect(result.y).toBe(y);
    expect(result.z).not.toBe(y);
    expect([...y]).toStrictEqual([2, 4, 6, 8, 10, 12]);
    // Views of a larger array are written in place too.
    const large = new Float32Array(20).fill(-1);
    await program.run({ x }, { z: large.subarray(7, 13) });
    expect([...large]).toStrictEqual([...new Array(7).fill(-1), 2, 3, 4, 5, 6, 7, ...new Array(7).fill(-1)]);
    await program.dispose();
  });

  it('two arrays swapped step by step: x -> 2x, forty times', async () => {
    const program = await compile(affine());
    let [from, to] = [new Float32Array(6).fill(1), new Float32Array(6)];
    for (let step = 0; step < 40; step++) {
      await program.run({ x: from }, { y: to });
      [from, to] = [to, from];
    }
    expect(from).toStrictEqual(new Float32Array(6).fill(2 ** 40));
    await program.dispose();
  });

  it('one array fed under two shapes and types', async () => {
    const bytes = new Uint8Array(6).fill(1);
    const flat = input('x', 'bool', [6]);
    const square = input('x', 'uint8', [2, 3]);
    const [one, two] = await Promise.all([
      compile(graph([flat], { y: concat([flat, flat], 0) })),
      compile(graph([square], { y: concat([square, square], 1) })),
    ]);
    for (let i = 0; i < 2; i++) {
      expect((await one.run({ x: bytes })).y).toStrictEqual(new Uint8Array(12).fill(1));
      expect((await two.run({ x: bytes })).y).toStrictEqual(new Uint8Array(12).fill(1));
    }
    await Promise.all([one.dispose(), two.dispose()]);
  });

  it('concurrent runs do not mix', async () => {
    const x = input('x', 'float32', [64, 64]);
    const program = await compile(graph([x], { y: matMul(x, x) }));
    const runs = Array.from({ length: 20 }, (_, i) => program.run({ x: new Float32Array(64 * 64).fill(i) }));
    (await Promise.all(runs)).forEach(({ y }, i) => {
      expect(y).toStrictEqual(new Float32Array(64 * 64).fill(64 * i * i));
    });
    await program.dispose();
  });

  it('axes of length zero and scalars', async () => {
    const [empty, one] = [input('empty', 'float32', [0, 3]), input('one', 'float32', [])];
    const program = await compile(graph([empty, one], { y: relu(empty), s: mul(one, 2) }));
    const { y, s } = await program.run({ empty: new Float32Array(), one: Float32Array.of(4) });
    expect(y).toHaveLength(0);
    expect([...s!]).toStrictEqual([8]);
    await program.dispose();
  });
});

describe('feeds and outputs that do not fit', () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);
  it.each<
    [
      string,
      Record<string, TensorData | undefined>,
      Record<string, TensorData>,
      RegExp,
      RobustlawError['code'],
    ]
  >([
    ['nothing', {}, {}, /feed "x" is missing; expected float32 \[2, 3\]/, 'shape-mismatch'],
    ['undefined', { x: undefined }, {}, /missing/, 'shape-mismatch'],
    [
      'too few elements',
      { x: x.subarray(1) },
      {},
      /"x" is Float32Array of length 5; expected float32 \[2, 3\]/,
      'shape-mismatch',
    ],
    [
      'another type',
      { x: Float64Array.from(x) },
      {},
      /Float64Array of length 6; expected float32/,
      'shape-mismatch',
    ],
    ['a plain array', { x: [1, 2, 3, 4, 5, 6] as never }, {}, /Array of length 6/, 'shape-mismatch'],
    ['an unknown input', { x, w: x }, {}, /no input "w"; it has x/, 'invalid-argument'],
    ['an unknown output', { x }, { w: x }, /no output "w"; it has y, z/, 'invalid-argument'],
    [
      'an output array of another length',
      { x },
      { y: new Float32Array(5) },
      /output array "y" is Float32Array of length 5/,
      'shape-mismatch',
    ],
    ['an output array of another type', { x }, { y: new Int32Array(6) }, /Int32Array/, 'shape-mismatch'],
    [
      'the same array in and out',
      { x },
      { y: x },
      /input "x" is also the array of the output "y"/,
      'invalid-argument',
    ],
  ])('%s', async (_, feeds, into, message, code) => {
    const program = await compile(affine());
    const error = await failure(program.run(feeds as Record<string, TensorData>, into));
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
    expect((await program.run({ x })).y).toBeInstanceOf(Float32Array);
    await program.dispose();
  });

  it('one array for two outputs', async () => {
    const program = await compile(affine());
    const both = new Float32Array(6);
    expect((await failure(program.run({ x }, { y: both, z: both }))).message).toMatch(
      /"y" and "z" are given the same/,
    );
    await program.dispose();
  });
});

describe('sessions', () => {
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);

  it('are shared by equal graphs and kept for the next one', async () => {
    const first = await compile(affine());
    const second = await compile(affine());
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 0 });
    await first.dispose();
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 0 });
    expect((await second.run({ x })).y).toStrictEqual(x.map((v) => 2 * v));
    await second.dispose();
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 1 });
    const third = await compile(affine());
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 0 });
    await third.dispose();
    await disposeIdleSessions();
    expect(sessionCounts()).toStrictEqual({ total: 0, idle: 0 });
  });

  it('compiled at the same time is compiled once', async () => {
    const programs = await Promise.all(Array.from({ length: 10 }, () => compile(affine())));
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 0 });
    await Promise.all(programs.map((p) => p.dispose()));
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 1 });
  });

  it('of other graphs or thread counts are others', async () => {
    const programs = [await compile(affine()), await compile(affine(3)), await compile(affine(), 2)];
    expect(sessionCounts().total).toBe(3);
    expect((await programs[1]!.run({ x })).y).toStrictEqual(x.map((v) => 3 * v));
    await Promise.all(programs.map((p) => p.dispose()));
  });

  it('without users are bounded in number', async () => {
    for (let i = 0; i < 40; i++) await (await compile(affine(i + 0.5))).dispose();
    expect(sessionCounts()).toStrictEqual({ total: 16, idle: 16 });
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => compile(affine(i + 0.5))));
    expect(sessionCounts().total - sessionCounts().idle).toBe(20);
    await Promise.all(many.map((p) => p.dispose()));
    expect(sessionCounts().total).toBe(16);
  });

  it('disposal waits for runs under way, happens once, and ends the program', async () => {
    const program = await compile(affine());
    const runs = [program.run({ x }), program.run({ x })];
    await Promise.all([program.dispose(), program.dispose()]);
    await disposeIdleSessions();
    expect(sessionCounts().total).toBe(0);
    for (const { y } of await Promise.all(runs)) expect(y).toStrictEqual(x.map((v) => 2 * v));
    expect((await failure(program.run({ x }))).message).toMatch(/disposed of; compile the graph again/);
  });

  it('a graph that ONNX Runtime refuses leaves nothing behind', async () => {
    const k = input('k', 'int8', [3]);
    const error = await failure(
      Promise.all([compile(graph([k], { y: tanh(k) })), compile(graph([k], { y: tanh(k) }))]),
    );
    expect(error.code).toBe('unsupported-op');
    expect(error.message).toMatch(/ONNX Runtime does not accept the graph/);
    expect(sessionCounts().total).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d threads', async (threads) => {
    expect((await failure(compile(affine(), threads))).message).toMatch(/invalid threads/);
  });
});

describe('evaluate', () => {
  it('computes values once, with their types', async () => {
    const u = input('u', 'float64', [2]);
    const result = await evaluate(
      { double: mul(u, 2), one: scalar('int64', 1) },
      { u: Float64Array.of(1, 2) },
    );
    expect(result).toStrictEqual({
      double: { dtype: 'float64', shape: [2], data: Float64Array.of(2, 4) },
      one: { dtype: 'int64', shape: [], data: BigInt64Array.of(1n) },
    });
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 1 });
  });

  it('gives its session up when the feeds are wrong', async () => {
    const u = input('u', 'float64', [2]);
    await failure(evaluate({ y: relu(u) }, { u: allocate('float64', 3) }));
    expect(sessionCounts()).toStrictEqual({ total: 1, idle: 1 });
  });
});

it('hands an output through that is an input of the same name', async () => {
  const x = input('x', 'float64', [3]);
  const program = await compile(graph([x], { x, y: mul(x, -1), z: x }));
  const { x: same, y, z } = await program.run({ x: Float64Array.of(1, 2, 3) });
  expect([...same!, ...y!, ...z!]).toStrictEqual([1, 2, 3, -1, -2, -3, 1, 2, 3]);
  await program.dispose();
});
