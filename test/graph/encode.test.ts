import { readFileSync } from 'node:fs';
import { fromBinary, isFieldSet, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, AttributeProtoSchema, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import type { Graph, Value } from '../../src/graph/index.ts';
import {
  add,
  concat,
  constant,
  div,
  einsum,
  emit,
  encode,
  encodeForAnyBatch,
  encodeRecurrence,
  expand,
  graph,
  importForBatch,
  importGraph,
  input,
  linear,
  mul,
  parameter,
  parameterCount,
  recurrence,
  reduceSum,
  relu,
  reshape,
  scalar,
  slice,
  softmax,
  split,
  tensor,
  transpose,
  zeros,
} from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { LeakyRelu } from '../../src/graph/ops/activation.ts';
import { Split } from '../../src/graph/ops/layout.ts';
import { int64s } from '../../src/graph/value.ts';
import { distance, fed, numbers } from './agreement.ts';
import { runDirectly } from './handmade.ts';

const x = () => input('x', 'float32', [2, 3]);
const weights = (name: string, shape: readonly number[], seed = 1): Value =>
  parameter(
    name,
    tensor(
      'float32',
      shape,
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
  );

describe('encode', () => {
  it('is the inverse of decoding and importing: the same bytes again', () => {
    const v = x();
    const h = relu(linear(v, weights('W', [4, 3]), weights('b', [4])));
    const [first, rest] = split(h, 1, [1, 3]);
    const g = graph([v], { y: concat([rest!, mul(first!, 2)], 1), z: transpose(h) });
    const bytes = encode(g);
    expect(encode(importGraph(decodeModel(bytes)))).toStrictEqual(bytes);
  });

  it('the library of protobuf reads the same fields, and writes the same bytes', () => {
    const v = x();
    const h = relu(linear(v, weights('W', [4, 3]), weights('b', [4])));
    const [first, rest] = split(h, 1, [1, 3]);
    const scaled = emit(LeakyRelu, [mul(first!, 2)], { alpha: 0.25 })[0]!;
    const scores = softmax(concat([rest!, scaled], 1), 0);
    const summed = einsum('ij->i', [transpose(scores)]);
    const step = graph([v, input('size', 'float32', [])], { next: add(v, reduceSum(summed)), seen: summed });
    for (const bytes of [
      encode(graph([v], { y: summed }), { author: 'me', '': '' }),
      encodeForAnyBatch((batch) =>
        graph([input('x', 'float32', [batch, 3])], { y: zeros('float32', [batch]) }),
      ),
      encodeRecurrence(recurrence(step, { x: 'next' }, ['size'])),
    ]) {
      const model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: true });
      expect(model.$unknown).toBeUndefined();
      expect(toBinary(ModelProtoSchema, model)).toStrictEqual(bytes);
      for (const { attribute } of model.graph!.node)
        for (const a of attribute) {
          const values = (['f', 'i', 's', 't', 'g', 'floats', 'ints', 'strings'] as const).filter((field) =>
            isFieldSet(a, AttributeProtoSchema.field[field]),
          );
          expect(values.length, a.name).toBe(1);
          expect(AttributeProto_AttributeType[a.type]).toBe(
            {
              f: 'FLOAT',
              i: 'INT',
              s: 'STRING',
              t: 'TENSOR',
              g: 'GRAPH',
              floats: 'FLOATS',
              ints: 'INTS',
              strings: 'STRINGS',
            }[values[0]!],
          );
        }
    }
  });

  it('two graphs built alike give the same bytes', () => {
    const build = () => {
      const v = x();
      return encode(graph([v], { y: add(v, scalar('float32', 1)) }));
    };
    expect(build()).toStrictEqual(build());
  });

  it('ONNX Runtime takes outputs that are inputs, parameters, constants or named twice', async () => {
    const v = x();
    const w = weights('W', [2]);
    const s = relu(v);
    const one = scalar('float32', 1);
    const g = graph([v], { x: v, same: v, W: w, weight: w, r: s, again: s, one });
    const result = await runDirectly(encode(g), { x: fed(6, [2, 3]) });
    expect(result.x!.data).toStrictEqual(numbers(6));
    expect(result.same!.data).toStrictEqual(numbers(6));
    expect(result.W!.data).toStrictEqual(numbers(2));
    expect(result.weight!.data).toStrictEqual(numbers(2));
    expect(result.again!.data).toStrictEqual(result.r!.data);
    expect(result.one!.data).toStrictEqual(new Float32Array([1]));
  });

  it('names of inputs, parameters and outputs never meet those of values in between', async () => {
    const v = input('v0', 'float32', [2]);
    const w = parameter('v1', tensor('float32', [2], [10, 20]));
    const g = graph([v], { v2: add(relu(add(v, w)), relu(mul(v, w))) });
    const result = await runDirectly(encode(g), { v0: { data: new Float32Array([1, -1]), shape: [2] } });
    expect(result.v2!.data).toStrictEqual(new Float32Array([21, 19]));
  });

  it('keeps all outputs of a Split although only one is used', async () => {
    const v = input('x', 'float32', [1, 6]);
    const parts = emit(Split, [v, int64s([1, 2, 3])], { axis: 1 });
    for (let i = 0; i < 3; i++) {
      const result = await runDirectly(encode(graph([v], { y: relu(parts[i]!) })), {
        x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [1, 6] },
      });
      expect([...result.y!.data]).toStrictEqual([[1], [2, 3], [4, 5, 6]][i]);
    }
  });

  it('leaves optional inputs out', async () => {
    const v = x();
    const { Clip } = await import('../../src/graph/ops/activation.ts');
    const [y] = emit(Clip, [v, undefined, scalar('float32', 0.1)]);
    const result = await runDirectly(encode(graph([v], { y: y! })), { x: fed(6, [2, 3]) });
    expect(
      distance(
        result.y!.data,
        numbers(6).map((a) => Math.min(a, 0.1)),
      ),
    ).toBeLessThan(1e-7);
  });

  it('writes every element type', async () => {
    for (const dtype of ['float32', 'float64', 'int32', 'int64', 'bool', 'uint8', 'int8'] as const) {
      const t = tensor(dtype, [2], [1, 0]);
      const result = await runDirectly(encode(graph([], { y: constant(t) })), {});
      expect(result.y!.data).toStrictEqual(t.data);
    }
  });

  it('carries metadata, the parameters as initializers and no trace of how they were stored', () => {
    const buffer = new Float32Array([9, 9, 1, 2, 3, 9]);
    const p = parameter('w', tensor('float32', [3], buffer.subarray(2, 5)));
    const model = decodeModel(encode(graph([], { y: add(p, 1) }), { author: 'me' }));
    expect(model.metadata).toStrictEqual({ author: 'me' });
    expect(model.opsets.get('')).toBe(20);
    expect([...model.graph.initializers]).toStrictEqual([
      ['w', { dtype: 'float32', shape: [3], data: new Float32Array([1, 2, 3]) }],
    ]);
  });
});

describe('encodeForAnyBatch', () => {
  it('an MLP: one file, every batch size, the weights once', async () => {
    const build = (batch: number): Graph => {
      const v = input('x', 'float32', [batch, 3]);
      return graph([v], {
        y: linear(relu(linear(v, weights('W', [4, 3]))), weights('V', [2, 4])),
        norm: reduceSum(mul(v, v), [1]),
      });
    };
    const bytes = encodeForAnyBatch(build, { author: 'me' });
    const model = decodeModel(bytes);
    expect(model.graph.inputs[0]!.dimensions).toStrictEqual(['batch', 3]);
    expect(model.graph.outputs.map((p) => p.dimensions)).toStrictEqual([['batch', 2], ['batch']]);
    expect(model.metadata).toStrictEqual({ author: 'me' });
    expect(parameterCount(importForBatch(model, 5))).toBe(20);
    for (const batch of [1, 2, 3, 7, 10]) {
      const feeds = { x: fed(3 * batch, [batch, 3]) };
      const [any, fixed] = [await runDirectly(bytes, feeds), await runDirectly(encode(build(batch)), feeds)];
      expect(any).toStrictEqual(fixed);
    }
  });

  it('shape constants that contain the batch size are computed from it', async () => {
    const build = (batch: number): Graph => {
      const v = input('x', 'float32', [batch, 4]);
      const pairs = reshape(v, [batch * 2, 2]);
      const row = expand(weights('w', [1, 2]), [batch * 2, 2]);
      const tail = slice(pairs, [0], [batch], [2 * batch]);
      return graph([v], { y: reshape(mul(pairs, row), [batch, 2, 2]), tail });
    };
    const bytes = encodeForAnyBatch(build);
    for (const batch of [1, 4, 9]) {
      const feeds = { x: fed(4 * batch, [batch, 4]) };
      const [any, fixed] = [await runDirectly(bytes, feeds), await runDirectly(encode(build(batch)), feeds)];
      expect(any).toStrictEqual(fixed);
    }
  });

  it('a vision transformer read from a file is written for any batch size again', async () => {
    const file = new Uint8Array(readFileSync(new URL('../fixtures/onnx/vit-opset16.onnx', import.meta.url)));
    const bytes = encodeForAnyBatch((batch) => importForBatch(decodeModel(file), batch));
    for (const batch of [1, 6]) {
      const feeds = { x: fed(16 * batch, [batch, 1, 4, 4]) };
      const [again, original] = [await runDirectly(bytes, feeds), await runDirectly(file, feeds)];
      expect(distance(again.y!.data, original.y!.data)).toBeLessThan(1e-5);
    }
  });

  it('outputs and inputs without a batch axis keep their lengths', () => {
    const build = (batch: number): Graph => {
      const v = input('x', 'float32', [batch, 2]);
      const w = input('w', 'float32', [2]);
      return graph([v, w], { sum: reduceSum(mul(v, w)), w2: mul(w, 2) });
    };
    const { inputs, outputs } = decodeModel(encodeForAnyBatch(build)).graph;
    expect([...inputs, ...outputs].map((p) => p.dimensions)).toStrictEqual([['batch', 2], [2], [], [2]]);
  });

  it.each<[string, (batch: number, v: Value) => Value]>([
    ['divides by the batch size', (batch, v) => div(reduceSum(v, [0], true), batch)],
    ['grows with the square of the batch size', (batch, v) => reshape(matrix(v), [batch * batch])],
    ['has another structure for some batch size', (batch, v) => (batch === 3 ? relu(v) : v)],
    ['has a weight per row', (batch, v) => add(v, weights('rows', [batch, 3]))],
  ])('refuses a model that %s', (_, body) => {
    const build = (batch: number): Graph => {
      const v = input('x', 'float32', [batch, 3]);
      return graph([v], { y: body(batch, v) });
    };
    expect(() => encodeForAnyBatch(build)).toThrow(RobustlawError);
    expect(() => encodeForAnyBatch(build)).toThrow(/depends on the batch size/);
  });

  const matrix = (v: Value): Value => add(reduceSum(v, [1], true), zeros('float32', [1, v.shape[0]!]));
});
