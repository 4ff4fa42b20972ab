import { readFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema, SparseTensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../../src/errors.ts';
import type { OnnxModel, Tensor } from '../../../src/graph/index.ts';
import { decodeModel } from '../../../src/graph/onnx-file/index.ts';
import { anyShape, attr, CODE, fileOf, floats, ints, node, port, raw, typed } from '../handmade.ts';

/** The initializer of a file that holds nothing else. */
function stored(t: ReturnType<typeof raw>, external?: Parameters<typeof decodeModel>[2]): Tensor {
  const model = decodeModel(fileOf({ nodes: [], initializers: [t] }), 'file', external);
  return model.graph.initializers.get(t.name) as Tensor;
}

function failure(bytes: Uint8Array, name = 'net.onnx'): RobustlawError {
  try {
    decodeModel(bytes, name);
  } catch (error) {
    expect(error).toBeInstanceOf(RobustlawError);
    return error as RobustlawError;
  }
  throw new Error('decoding succeeded');
}

describe('tensors', () => {
  it.each([
    ['float32', CODE.FLOAT, new Float32Array([1.5, -2, Number.NaN, 1e-40, -0])],
    ['float64', CODE.DOUBLE, new Float64Array([1.5, -2, Number.POSITIVE_INFINITY, 1e-310, -0])],
    ['int32', CODE.INT32, new Int32Array([1, -(2 ** 31), 2 ** 31 - 1, 0, 7])],
    ['int64', CODE.INT64, new BigInt64Array([1n, -(2n ** 63n), 2n ** 63n - 1n, 0n, 7n])],
    ['uint8', CODE.UINT8, new Uint8Array([1, 255, 0, 128, 7])],
    ['int8', CODE.INT8, new Int8Array([1, -128, 127, 0, -7])],
  ] as const)('%s from raw bytes at every alignment', (dtype, code, data) => {
    for (let length = 1; length <= 9; length++) {
      // The length of the name moves the bytes within the file.
      const t = stored(raw('n'.repeat(length), code, [5, 1], data));
      expect(t).toStrictEqual({ dtype, shape: [5, 1], data });
    }
  });

  it('reads raw bytes as little-endian', () => {
    const bytes = new Uint8Array([0x00, 0x00, 0xc0, 0x3f, 0x01, 0x00, 0x00, 0x80]);
    expect([...stored(raw('w', CODE.FLOAT, [2], bytes)).data]).toStrictEqual([1.5, -(2 ** -149)]);
    expect([...stored(raw('w', CODE.INT64, [1], bytes)).data]).toStrictEqual([-0x7ffffffec0400000n]);
  });

  it('reads typed fields', () => {
    expect([...stored(typed('w', CODE.FLOAT, [2], [1.5, -2])).data]).toStrictEqual([1.5, -2]);
    expect([...stored(typed('w', CODE.DOUBLE, [2], [0.1, -2])).data]).toStrictEqual([0.1, -2]);
    expect([...stored(typed('w', CODE.INT32, [2], [3, -2])).data]).toStrictEqual([3, -2]);
    expect([...stored(typed('w', CODE.INT64, [], [3])).data]).toStrictEqual([3n]);
    expect([...stored(typed('w', CODE.INT8, [2], [3, -128])).data]).toStrictEqual([3, -128]);
    expect([...stored(typed('w', CODE.UINT8, [2], [3, 255])).data]).toStrictEqual([3, 255]);
    expect([...stored(typed('w', CODE.BOOL, [3], [0, 1, 5])).data]).toStrictEqual([0, 1, 1]);
    expect([...stored(typed('w', CODE.FLOAT16, [2], [0x3c00, 0xc000])).data]).toStrictEqual([1, -2]);
    expect([...stored(typed('w', CODE.BFLOAT16, [2], [0x3f80, 0xc000])).data]).toStrictEqual([1, -2]);
  });

  it('keeps empty tensors and scalars', () => {
    expect(stored(raw('w', CODE.FLOAT, [0, 3], new Uint8Array())).shape).toStrictEqual([0, 3]);
    expect(stored(raw('w', CODE.FLOAT, [], new Float32Array([2]))).shape).toStrictEqual([]);
  });

  it('widens every float16 exactly as the platform does', () => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const { data } = stored(raw('w', CODE.FLOAT16, [65536], patterns));
    const platform = Float32Array.from(new Float16Array(patterns.buffer));
    expect(data).toStrictEqual(platform);
  });

  it('widens bfloat16: the published values of the format', () => {
    // 1, -2, pi rounded, largest finite, smallest normal, infinity (the table of the format's definition).
    const patterns = new Uint16Array([0x3f80, 0xc000, 0x4049, 0x7f7f, 0x0080, 0x7f80]);
    const { data } = stored(raw('w', CODE.BFLOAT16, [6], patterns));
    expect([...data]).toStrictEqual([1, -2, 3.140625, (2 - 2 ** -7) * 2 ** 127, 2 ** -126, Infinity]);
  });

  it('says of half-precision models that they are computed in float32', () => {
    const model = decodeModel(fileOf({ nodes: [], inputs: [port('x', [1], CODE.FLOAT16)] }));
    expect(model.graph.inputs[0]).toMatchObject({ type: 'float16', dtype: 'float32' });
    expect(model.notes.join()).toMatch(/float32/);
    expect(decodeModel(fileOf({ nodes: [] })).notes).toStrictEqual([]);
  });

  it('does not keep or follow the bytes of the file', () => {
    const bytes = fileOf({ nodes: [], initializers: [raw('w', CODE.FLOAT, [1], new Float32Array([1]))] });
    const model = decodeModel(bytes);
    bytes.fill(0);
    expect([...(model.graph.initializers.get('w') as Tensor).data]).toStrictEqual([1]);
  });

  it('round trip of arbitrary float32 arrays', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 40 }),
        fc.string({ minLength: 1, maxLength: 9 }),
        (x, name) => {
          expect(stored(raw(name, CODE.FLOAT, [x.length], x)).data).toStrictEqual(x);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps tensors of other types until they are needed', () => {
    const { graph } = decodeModel(
      fileOf({
        nodes: [],
        initializers: [raw('labels', CODE.STRING, [2], new Uint8Array())],
        more: {
          sparseInitializer: [
            create(SparseTensorProtoSchema, { values: floats('sparse', [1], [1]), dims: [3n] }),
          ],
        },
      }),
    );
    expect(graph.initializers.get('labels')).toMatchObject({ unsupported: expect.stringMatching(/^string/) });
    expect(graph.initializers.get('sparse')).toMatchObject({ unsupported: expect.stringMatching(/sparse/) });
  });

  it.each([
    [
      raw('w', CODE.FLOAT, [2], new Uint8Array(7)),
      /"w" needs 2 elements of float32, 8 bytes; it holds 7 bytes/,
    ],
    [raw('w', CODE.FLOAT, [3, 2 ** 31, 2 ** 31], new Uint8Array(4)), /more than 2\^53 elements/],
    [raw('w', CODE.FLOAT, [2 ** 40], new Uint8Array(4)), /holds 4 bytes/],
    [raw('w', CODE.FLOAT, [-1], new Uint8Array(4)), /axis of length -1/],
    [raw('w', CODE.FLOAT, [2n ** 62n], new Uint8Array(4)), /axis of length 4611686018427387904/],
    [floats('w', [3], [1, 2]), /"w" needs 3 elements of float32; it holds 2/],
    [floats('w', [], []), /needs 1 elements/],
    [typed('w', CODE.INT8, [1], [200]), /element 0 of initializer "w" is 200, which is no int8/],
    [raw('w', CODE.FLOAT, new Array(65).fill(1), new Uint8Array(4)), /has 65 axes/],
    [raw('w', CODE.FLOAT, [1], new Uint8Array(4), { floatData: [1] }), /twice/],
    [raw('w', CODE.FLOAT, [1], new Uint8Array(4), { dataLocation: 1 }), /twice/],
    [raw('w', CODE.FLOAT, [1], new Uint8Array(0), { dataLocation: 1 }), /without a location/],
  ])('refuses a tensor that contradicts itself (%#)', (t, message) => {
    const error = failure(fileOf({ nodes: [], initializers: [t] }));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^net\.onnx: /);
  });
});

describe('external data', () => {
  const at = (entries: Readonly<Record<string, string>>) =>
    raw('w', CODE.FLOAT, [2], new Uint8Array(), {
      dataLocation: 1,
      externalData: Object.entries(entries).map(([key, value]) => ({
        $typeName: 'onnx.StringStringEntryProto',
        key,
        value,
      })),
    });

  it('asks for exactly the bytes of the tensor', () => {
    const asked: unknown[] = [];
    const t = stored(at({ location: 'w.bin', offset: '16', length: '8' }), (...range) => {
      asked.push(range);
      return new Uint8Array(new Float32Array([3, 4]).buffer);
    });
    expect([...t.data]).toStrictEqual([3, 4]);
    expect(asked).toStrictEqual([['w.bin', 16, 8]]);
  });

  it.each([
    [{ location: 'w.bin', offset: '-1' }, /offset/],
    [{ location: 'w.bin', offset: '1e3' }, /offset/],
    [{ location: 'w.bin', offset: '99999999999999999999' }, /offset/],
    [{ location: 'w.bin', length: '7' }, /needs 8 bytes; its external data has length 7/],
    [{ location: '' }, /without a location/],
  ])('refuses %j', (entries, message) => {
    expect(failure(fileOf({ nodes: [], initializers: [at(entries)] })).message).toMatch(message);
  });

  it('without access to other files says what to do', () => {
    const error = failure(fileOf({ nodes: [], initializers: [at({ location: 'w.bin' })] }));
    expect(error.code).toBe('not-found');
    expect(error.message).toMatch(/"w.bin".*readModel/);
  });
});

describe('models', () => {
  it('decodes what PyTorch wrote', () => {
    const model: OnnxModel = decodeModel(
      readFileSync(new URL('../../fixtures/onnx/mlp-opset16.onnx', import.meta.url)),
    );
    expect(model.opsets.get('')).toBe(16);
    expect(model.producer).toMatch(/^pytorch 1\.13/);
    expect(model.graph.inputs).toStrictEqual([
      { name: 'x', type: 'float32', dtype: 'float32', dimensions: ['batch', 5] },
    ]);
    expect(model.graph.outputs.map((o) => [o.name, o.dimensions])).toStrictEqual([['y', ['batch', 3]]]);
    expect(model.graph.nodes.map((n) => n.op)).toStrictEqual(['Gemm', 'Relu', 'Gemm', 'Tanh', 'Gemm']);
    expect([...model.graph.initializers].map(([name, t]) => [name, t.shape])).toStrictEqual([
      ['0.weight', [7, 5]],
      ['0.bias', [7]],
      ['2.weight', [7, 7]],
      ['2.bias', [7]],
      ['4.weight', [3, 7]],
      ['4.bias', [3]],
    ]);
  });

  it('reads declared types, symbols, metadata and attributes', () => {
    const file = fileOf({
      nodes: [
        node('Op', 'x _ w', 'y', {
          i: attr.int(-3),
          last: attr.int(2n ** 63n - 1n),
          f: attr.float(0.5),
          is: attr.ints([1, 2]),
          fs: attr.floats([1, 2]),
          s: attr.string('größe'),
          ss: attr.strings(['a', '']),
          t: attr.tensor(ints('', [4])),
        }),
      ],
      inputs: [port('x', ['n', 3, null, 0]), anyShape('any', CODE.STRING)],
      domains: { 'ai.onnx.ml': 3 },
      metadata: { author: 'me' },
    });
    const { graph, metadata, opsets } = decodeModel(file);
    expect(graph.inputs[0]!.dimensions).toStrictEqual(['n', 3, undefined, 0]);
    expect(graph.inputs[1]).toStrictEqual({
      name: 'any',
      type: 'string',
      dtype: undefined,
      dimensions: undefined,
    });
    expect(metadata).toStrictEqual({ author: 'me' });
    expect([...opsets]).toStrictEqual([
      ['', 20],
      ['ai.onnx.ml', 3],
    ]);
    const { attributes, inputs } = graph.nodes[0]!;
    expect(inputs).toStrictEqual(['x', '', 'w']);
    const values = Object.fromEntries([...attributes].map(([name, { value }]) => [name, value]));
    expect(values).toStrictEqual({
      i: -3,
      last: Number.MAX_SAFE_INTEGER,
      f: 0.5,
      is: [1, 2],
      fs: [1, 2],
      s: 'größe',
      ss: ['a', ''],
      t: { dtype: 'int64', shape: [1], data: new BigInt64Array([4n]) },
    });
  });

  it('does not count initializers among the inputs, where IR version 3 lists them', () => {
    const file = fileOf({
      nodes: [],
      inputs: [port('x', [1]), port('w', [1])],
      initializers: [floats('w', [1], [2])],
    });
    expect(decodeModel(file).graph.inputs.map((p) => p.name)).toStrictEqual(['x']);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(), /no graph/],
    ['text', new TextEncoder().encode('hello world'), /not an ONNX file/],
    ['a ZIP archive', new Uint8Array([0x50, 0x4b, 3, 4, 0]), /PyTorch checkpoint.*torch\.onnx\.export/],
    ['HDF5', new Uint8Array([0x89, 0x48, 0x44, 0x46, 0]), /HDF5.*tf2onnx/],
    ['gzip', new Uint8Array([0x1f, 0x8b, 8]), /gzip/],
    ['a pickle', new Uint8Array([0x80, 2, 0x63]), /pickle/],
    ['no graph', toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })), /no graph/],
    [
      'two initializers of a name',
      fileOf({ nodes: [], initializers: [ints('w', [1]), ints('w', [1])] }),
      /"w" is there twice/,
    ],
    [
      'two inputs of a name',
      fileOf({ nodes: [], inputs: [port('x', [1]), port('x', [1])] }),
      /"x", which exists already/,
    ],
    [
      'a value defined twice',
      fileOf({ nodes: [node('Relu', 'x', 'y', {}, { name: 'first' }), node('Relu', 'x', 'y')] }),
      /node \(Relu\) of "y" defines the value "y"/,
    ],
    [
      'an input defined by a node',
      fileOf({ nodes: [node('Relu', 'y', 'x', {}, { name: 'a' })], inputs: [port('x', [1])] }),
      /node "a" \(Relu\).*"x"/,
    ],
    [
      'two outputs of a name',
      fileOf({ nodes: [], outputs: [port('y', [1]), port('y', [1])] }),
      /output "y" is declared twice/,
    ],
    ['an input without a name', fileOf({ nodes: [], inputs: [port('', [1])] }), /input has no name/],
    ['an initializer without a name', fileOf({ nodes: [], initializers: [ints('', [1])] }), /no name/],
    [
      'a negative length',
      fileOf({ nodes: [], inputs: [port('x', [-3])] }),
      /axis 0 of the input "x" has length -3/,
    ],
    ['a node without operator', fileOf({ nodes: [node('', 'x', 'y')] }), /names no operator/],
    [
      'an attribute twice',
      fileOf({ nodes: [node('Op', 'x', 'y', {}, { attribute: [attr.int(1)('a'), attr.int(1)('a')] })] }),
      /"a" twice/,
    ],
    ['two versions of an operator set', fileOf({ nodes: [], domains: { 'ai.onnx': 7 } }), /opset_import/],
  ])('refuses %s', (_, bytes, message) => {
    const error = failure(bytes);
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^net\.onnx: /);
  });

  it('refuses every truncation of a file', () => {
    const file = new Uint8Array(
      readFileSync(new URL('../../fixtures/onnx/mlp-opset16.onnx', import.meta.url)),
    );
    for (let length = 0; length < file.length; length += 7) {
      try {
        // A cut between two fields leaves a valid message, but never the same model.
        expect(decodeModel(file.subarray(0, length)).graph.nodes.length).toBeLessThanOrEqual(5);
      } catch (error) {
        expect(error).toBeInstanceOf(RobustlawError);
      }
    }
  });
});
