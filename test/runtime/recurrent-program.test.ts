// Recurrences: one execution of many applications against closed forms and against the step run by itself.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  type FloatType,
  graph,
  input,
  matMul,
  mul,
  parameter,
  type Recurrence,
  recurrence,
  reduceSum,
  relu,
  scalar,
  tensor,
  type Value,
} from '../../src/graph/index.ts';
import { conv, gelu, tanh } from '../../src/graph/ops/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { type Arrays, compile, compileRecurrence } from '../../src/runtime/index.ts';

const float = (dtype: FloatType, key: string, size: number) =>
  tensor(dtype, [size], normal(rng(key), size)).data;

/** s <- rate s + x, with the result sum(s). */
function geometric(dtype: FloatType, size: number): Recurrence {
  const [s, x, rate] = [input('s', dtype, [size]), input('x', dtype, [size]), input('rate', dtype, [])];
  return recurrence(
    graph([s, x, rate], { 'new s': add(mul(rate, s), x), sum: reduceSum(s) }),
    { s: 'new s' },
    ['x'],
  );
}

describe('a recurrence in one execution', () => {
  test('is the geometric series', async () => {
    const program = await compileRecurrence(geometric('float64', 1));
    const x = new Float64Array(30).fill(1);
    const found = await program.run(30, { s: Float64Array.of(0), x, rate: Float64Array.of(0.5) });
    expect(found['new s']![0]).toBeCloseTo(2 - 2 ** -29, 15);
    // Of the state before each application.
    expect(found.sum).toHaveLength(30);
    found.sum!.forEach((value, t) => {
      expect(value).toBeCloseTo(t === 0 ? 0 : 2 - 2 ** (1 - t), 15);
    });
    await program.dispose();
  });

  test('gives the bits of the step run by itself, cut anywhere', async () => {
    // A state that is handed on as it is, a parameter, a fixed input, and names that the inner graph would choose.
    const [s, kept, x, w] = [
      input('v0', 'float32', [3, 4]),
      input('kept', 'float32', [2]),
      input('_v0', 'float32', [3, 4]),
      input('next', 'float32', [4, 4]),
    ];
    const bias = parameter('bias', tensor('float32', [4], normal(rng('bias'), 4)));
    const next = tanh(add(add(matMul(s, w), bias), gelu(x)));
    const step = graph([x, s, w, kept], { v1: next, _kept: kept, size: reduceSum(mul(s, s)), all: relu(s) });
    const r = recurrence(step, { v0: 'v1', kept: '_kept' }, ['_v0']);
    const [alone, together] = [await compile(step), await compileRecurrence(r)];
    const steps = 7;
    const xs = float('float32', 'x', steps * 12) as Float32Array;
    const fixed = { next: float('float32', 'w', 16) };
    const start = { v0: float('float32', 's', 12), kept: Float32Array.of(1.5, -2) };
    const sizes: number[] = [];
    let state: Arrays = start;
    for (let t = 0; t < steps; t++) {
      const found = await alone.run({ ...fixed, ...state, _v0: xs.slice(12 * t, 12 * t + 12) });
      sizes.push(Number(found.size![0]));
      expect(found.all).toHaveLength(12);
      state = { v0: found.v1!, kept: found._kept! };
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: steps }), async (cut) => {
        const first = await together.run(cut, { ...fixed, ...start, _v0: xs.slice(0, 12 * cut) });
        const got = [first.size];
        let last = first;
        if (cut < steps) {
          const from = { v0: first.v1!, kept: first._kept! };
          last = await together.run(steps - cut, { ...fixed, ...from, _v0: xs.slice(12 * cut) });
          got.push(last.size);
        }
        expect(got.flatMap((of) => Array.from(of as Float32Array))).toEqual(sizes);
        expect({ v0: last.v1, kept: last._kept }).toEqual(state);
      }),
      { numRuns: 7 },
    );
    await alone.dispose();
    await together.dispose();
  });

  test('runs operators that have no float64 kernel, and convolutions on blocks of channels', async () => {
    for (const dtype of ['float64', 'float32'] as const) {
      const [s, x] = [input('s', dtype, [1, 16, 32, 32]), input('x', dtype, [])];
      const w = input('w', dtype, [16, 16, 3, 3]);
      const step = graph([s, x, w], { next: gelu(mul(conv(s, w, undefined, { pads: [1, 1, 1, 1] }), x)) });
      const [alone, together] = [
        await compile(step),
        await compileRecurrence(recurrence(step, { s: 'next' }, ['x'])),
      ];
      const w0 = (float(dtype, 'w', 16 * 16 * 9) as Float32Array).map((value) => value / 8);
      const start = float(dtype, 's', 16 * 1024);
      const one = tensor(dtype, [2], [1, 0.5]).data as Float32Array;
      const first = await alone.run({ s: start, x: one.slice(0, 1), w: w0 });
      const second = await alone.run({ s: first.next!, x: one.slice(1), w: w0 });
      const found = await together.run(2, { s: start, x: one, w: w0 });
      expect(found.next).toEqual(second.next);
      await alone.dispose();
      await together.dispose();
    }
  });

  test('writes where it is told, and takes as many applications as it is fed', async () => {
    const program = await compileRecurrence(geometric('float32', 2));
    const into = { 'new s': new Float32Array(2), sum: new Float32Array(3) };
    const feeds = { s: Float32Array.of(1, 2), x: new Float32Array(6), rate: Float32Array.of(2) };
    const found = await program.run(3, feeds, into);
    expect(found['new s']).toBe(into['new s']);
    expect(Array.from(into['new s'])).toEqual([8, 16]);
    expect(Array.from(into.sum)).toEqual([3, 6, 12]);
    await expect(program.run(2, feeds)).rejects.toThrow(
      '"x" is Float32Array of length 6; expected float32 [2, 2]',
    );
    await expect(program.run(0, feeds)).rejects.toThrow('steps');
    await expect(program.run(3, { ...feeds, s: into['new s'] }, into)).rejects.toThrow('use two arrays');
    await program.dispose();
    await expect(program.run(3, feeds)).rejects.toThrow('disposed');
  });
});

test('a recurrence must make sense', () => {
  const [s, x, i] = ['s', 'x', 'i'].map((name) => input(name, 'float32', [2])) as [Value, Value, Value];
  const step = graph([s, x, i], {
    next: add(s, x),
    total: reduceSum(s),
    twice: mul(s, scalar('float32', 2)),
  });
  const refused = (carried: Record<string, string>, sequences: string[], message: string) =>
    expect(() => recurrence(step, carried, sequences)).toThrow(message);
  refused({ s: 'next' }, [], 'needs an input that is a sequence');
  refused({ s: 'next' }, ['z'], 'no input "z"');
  refused({ t: 'next' }, ['x'], 'no input "t"');
  refused({ s: 'after' }, ['x'], 'no output "after"');
  refused({ s: 'total' }, ['x'], 'the state "s" is float32 [2] and becomes float32 []');
  refused({ s: 'next' }, ['s'], 'the state "s" must not be a sequence as well');
  expect(() => recurrence(graph([s, x], { next: add(s, x), x }), { s: 'next' }, ['x'])).toThrow(
    'the output "x" must not have the name of an input',
  );
  refused({ s: 'next', x: 'next' }, ['i'], 'two states are carried by the same output');
});
