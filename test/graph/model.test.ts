import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  add,
  BATCH,
  Clip,
  constant,
  emit,
  encodeModel,
  graph,
  input,
  linear,
  matMul,
  modelFrom,
  modelFromOnnx,
  parameter,
  tensor,
} from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { attr, CODE, fileOf, floats, node, port } from './handmade.ts';

const build = (batch: number) => {
  const x = input('x', 'float64', [batch, 2]);
  const w = parameter('w', tensor('float64', [3, 2], [1, 2, 3, 4, 5, 6]));
  return graph([x], { y: linear(x, w), w2: add(w, w) });
};

describe('a model', () => {
  it('knows its inputs, outputs, parameters and P, and which axes follow the batch size', () => {
    const model = modelFrom('affine', build, { x: [0, 1] });
    expect(model).toMatchObject({
      name: 'affine',
      inputs: [{ name: 'x', dtype: 'float64', shape: [BATCH, 2] }],
      outputs: [
        { name: 'y', dtype: 'float64', shape: [BATCH, 3] },
        { name: 'w2', dtype: 'float64', shape: [3, 2] },
      ],
      parameters: [{ name: 'w', dtype: 'float64', shape: [3, 2] }],
      parameterCount: 6,
      fixedBatch: undefined,
      bounds: { x: [0, 1] },
    });
    expect(model.forBatch(9).outputs.y!.shape).toStrictEqual([9, 3]);
  });

  it('survives being written and read, bounds included', () => {
    const model = modelFrom('affine', build, { x: [-1, 2.5] });
    const again = modelFromOnnx(decodeModel(encodeModel(model, { author: 'me' }), 'affine'));
    expect({ ...again, forBatch: undefined }).toStrictEqual({ ...model, forBatch: undefined });
  });

  it('refuses bounds that are empty or belong to no input', () => {
    expect(() => modelFrom('m', build, { x: [1, 0] })).toThrow(/bounds of the input "x": \[1, 0\]/);
    expect(() => modelFrom('m', build, { x: [Number.NaN, 1] })).toThrow(/bounds/);
    expect(() => modelFrom('m', build, { z: [0, 1] })).toThrow(/"z".*one of the inputs x/);
  });

  it('of PyTorch', () => {
    const file = readFileSync(new URL('../fixtures/onnx/vit-opset16.onnx', import.meta.url));
    const model = modelFromOnnx(decodeModel(file, 'vit'));
    expect(model.inputs).toStrictEqual([{ name: 'x', dtype: 'float32', shape: [BATCH, 1, 4, 4] }]);
    expect(model.outputs).toStrictEqual([{ name: 'y', dtype: 'float32', shape: [BATCH, 3] }]);
    expect(model.parameterCount).toBe(715);
  });

  it('with a fixed batch size says so', () => {
    const file = fileOf({ inputs: [port('x', [1, 3])], nodes: [node('Relu', 'x', 'y')] });
    const model = modelFromOnnx(decodeModel(file, 'fixed'));
    expect(model.fixedBatch).toBe(1);
    expect(model.inputs[0]!.shape).toStrictEqual([1, 3]);
    expect(() => model.forBatch(2)).toThrow(/takes 1 rows at a time/);
    expect(() => encodeModel(model)).toThrow(/exactly 1 rows/);
  });

  it('with several inputs has them all, those with a fixed first axis as they are', () => {
    const file = fileOf({
      inputs: [port('x', ['n', 3]), port('condition', ['n', 1]), port('mask', [3])],
      nodes: [node('Mul', 'x mask', 'm'), node('Add', 'm condition', 'y')],
    });
    const model = modelFromOnnx(decodeModel(file, 'conditional.onnx'));
    expect(model.inputs.map(({ name, shape }) => [name, shape])).toStrictEqual([
      ['x', [BATCH, 3]],
      ['condition', [BATCH, 1]],
      ['mask', [3]],
    ]);
    expect(model.forBatch(4).outputs.y!.shape).toStrictEqual([4, 3]);
  });

  it('with another symbolic axis than the batch says which, and what to do', () => {
    const file = fileOf({ inputs: [port('x', ['n', 'length', 3])], nodes: [node('Relu', 'x', 'y')] });
    expect(() => modelFromOnnx(decodeModel(file, 'text.onnx'))).toThrow(
      /^text\.onnx: axis 1 of the input "x" is symbolic; export the model with a fixed length there, .*\{"length":8\}$/,
    );
  });

  it('notes weights that the exporter has merged', () => {
    const file = fileOf({
      inputs: [port('x', ['n', 3])],
      initializers: [floats('norm1', [3], [1, 1, 1])],
      nodes: [node('Identity', 'norm1', 'norm2'), node('Mul', 'x norm1', 'a'), node('Mul', 'a norm2', 'y')],
    });
    const model = modelFromOnnx(decodeModel(file));
    expect(model.parameterCount).toBe(3);
    expect(model.notes.join()).toMatch(/counted once: norm2 as norm1$/);
  });

  it('that robustlaw wrote keeps its parameters apart from its fixed tensors, whatever they are used for', () => {
    const numbers = (...values: number[]) => tensor('float64', [values.length], values);
    const projected = (batch: number) => {
      const x = input('x', 'float64', [batch, 2]);
      // Fixed where a weight usually stands, trained where a setting usually stands.
      const fixed = constant(tensor('float64', [2, 3], [1, 2, 3, 4, 5, 6]));
      const [low, high] = [
        parameter('low', tensor('float64', [], [-1])),
        constant(tensor('float64', [], [1])),
      ];
      const [h] = emit(Clip, [matMul(x, fixed), low, high]);
      return graph([x], { y: add(h!, parameter('bias', numbers(1, 2, 3))) });
    };
    const model = modelFrom('projected', projected);
    expect(model.parameterCount).toBe(4);
    const again = modelFromOnnx(decodeModel(encodeModel(model), 'projected'));
    expect({ ...again, forBatch: undefined }).toStrictEqual({ ...model, forBatch: undefined });
  });

  it('of another exporter has its weights counted in Constant nodes, too, and says so', () => {
    const file = fileOf({
      inputs: [port('x', ['n', 3])],
      nodes: [
        node('Constant', '', 'W', { value: attr.tensor(floats('', [3, 2], [1, 2, 3, 4, 5, 6])) }),
        node('MatMul', 'x W', 'y'),
      ],
    });
    const model = modelFromOnnx(decodeModel(file));
    expect(model.parameterCount).toBe(6);
    expect(model.notes.join()).toMatch(/Constant nodes are counted .*: W$/);
  });

  it('takes the floating-point outputs by default and notes what it leaves out', () => {
    const file = fileOf({
      inputs: [port('x', ['n', 3])],
      outputs: [port('label', ['n'], CODE.INT64), port('p', ['n', 3])],
      nodes: [
        node('Softmax', 'x', 'p'),
        node('ArgMax', 'p', 'label', { axis: attr.int(1), keepdims: attr.int(0) }),
      ],
    });
    const model = modelFromOnnx(decodeModel(file));
    expect(model.outputs.map((p) => p.name)).toStrictEqual(['p']);
    expect(model.notes.join()).toMatch(/label/);
  });

  it.each(['{', '[]1', '{"x":[0]}', '{"x":["a",1]}', '{"x":[1,0]}', '{"z":[0,1]}'])(
    'refuses the written bounds %s',
    (text) => {
      const file = fileOf({
        inputs: [port('x', ['n', 3])],
        initializers: [floats('w', [3], [1, 2, 3])],
        nodes: [node('Add', 'x w', 'y')],
        metadata: { 'robustlaw.bounds': text },
      });
      expect(() => modelFromOnnx(decodeModel(file, 'net.onnx'))).toThrow(/bounds/);
    },
  );
});
