import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as Kind, SparseTensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import type { RobustlawError } from '../../src/errors.ts';
import { importForBatch, importGraph, nameOf, parameterCount } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { agrees, failure, fed, numbers, operatorsOf } from './agreement.ts';
import type { Parts } from './handmade.ts';
import { anyShape, attr, CODE, fileOf, floats, functionOf, graphOf, ints, node, port } from './handmade.ts';

describe('functions of the model and branches', () => {
  const scaled = functionOf({
    name: 'Scaled',
    domain: 'local',
    input: ['a', 'b'],
    output: ['c'],
    attribute: ['axis'],
    attributeProto: [attr.float(0.25)('alpha')],
    node: [
      node('Constant', '', 'weight', { value: attr.tensor(floats('', [3, 3], [...numbers(9)])) }),
      node('MatMul', 'a weight', 'm'),
      node('Elu', 'm', 'e', { alpha: attr.reference('alpha', Kind.FLOAT) }),
      node('Concat', 'e b', 'c', { axis: attr.reference('axis', Kind.INT) }),
    ],
  });
  const local = { domain: 'local' };

  it('a function is put in place of its call, with its attributes, and its weights count once', async () => {
    const file = fileOf({
      inputs: [port('x', [2, 3])],
      domains: { local: 1 },
      functions: [scaled],
      nodes: [
        node('Scaled', 'x x', 'a', { axis: attr.int(0) }, local),
        node('Scaled', 'a a', 'y', { axis: attr.int(1), alpha: attr.float(2) }, local),
      ],
    });
    const g = await agrees(file, { x: fed(6, [2, 3]) });
    expect(g.outputs.y!.shape).toStrictEqual([4, 6]);
    expect(parameterCount(g)).toBe(9);
  });

  it('functions may be nested but neither recursive nor explosive', () => {
    const call = (name: string) => node(name, 'a', 'b', {}, { domain: 'local' });
    const self = functionOf({
      name: 'Self',
      domain: 'local',
      input: ['a'],
      output: ['b'],
      node: [call('Self')],
    });
    const file = (functions: (typeof self)[], name: string) =>
      decodeModel(
        fileOf({
          inputs: [port('x', [1])],
          domains: { local: 1 },
          functions,
          nodes: [node(name, 'x', 'y', {}, { domain: 'local' })],
        }),
      );
    expect(failure(() => importGraph(file([self], 'Self'))).message).toMatch(
      /nested deeper than 50, or recursive/,
    );
    // Each level calls the next one twice: 2^40 nodes.
    const levels = Array.from({ length: 41 }, (_, i) =>
      functionOf({
        name: `F${i}`,
        domain: 'local',
        input: ['a'],
        output: ['c'],
        node:
          i === 40
            ? [node('Relu', 'a', 'c')]
            : [
                node(`F${i + 1}`, 'a', 'b', {}, { domain: 'local' }),
                node(`F${i + 1}`, 'b', 'c', {}, { domain: 'local' }),
              ],
      }),
    );
    expect(failure(() => importGraph(file(levels, 'F0'))).code).toBe('file-too-large');
  });

  it('the branch of a condition on shapes is taken, with values of the graph around it', async () => {
    const branch = (op: string, weight: number) =>
      attr.graph(
        graphOf({
          nodes: [node(op, 'x w', 'out')],
          initializers: [floats('w', [3], [weight, weight, weight])],
          outputs: [anyShape('out')],
        }),
      );
    const file = fileOf({
      inputs: [port('x', ['n', 3])],
      initializers: [ints('index', [0], []), ints('two', [2], [])],
      nodes: [
        node('Shape', 'x', 's'),
        node('Gather', 's index', 'n'),
        node('Equal', 'n two', 'is_two'),
        node('If', 'is_two', 'y', { then_branch: branch('Add', 5), else_branch: branch('Mul', 7) }),
      ],
    });
    expect(operatorsOf(await agrees(file, { x: fed(6, [2, 3]) }))).toContain('Add');
    expect(operatorsOf(await agrees(file, { x: fed(9, [3, 3]) }))).toContain('Mul');
  });
});

describe('what cannot be imported is named', () => {
  const one = (n: ReturnType<typeof node>, more: Partial<Parts> = {}) =>
    fileOf({ inputs: [port('x', [2, 3])], nodes: [n], ...more });
  const named = { name: 'culprit' };

  it.each<[string, Uint8Array, RobustlawError['code'], RegExp]>([
    [
      'an unknown operator',
      one(node('TopK', 'x x', 'y', {}, named)),
      'unsupported-op',
      /node "culprit" \(TopK\): robustlaw does not support the operator TopK; ReduceMax and ArgMax give the largest/,
    ],
    [
      'an operator nobody knows',
      one(node('Teleport', 'x', 'y', {}, named)),
      'unsupported-op',
      /node "culprit" \(Teleport\): .*the operator Teleport; export the model without it, or import only outputs/,
    ],
    [
      'a recurrence',
      one(node('LSTM', 'x x x', 'y', {}, named)),
      'unsupported-op',
      /node "culprit" \(LSTM\): .*write the recurrence out/,
    ],
    [
      'quantised numbers',
      one(node('DequantizeLinear', 'x x', 'y', {}, named)),
      'unsupported-op',
      /node "culprit" \(DequantizeLinear\): .*before it is quantised/,
    ],
    [
      'results whose number is data',
      one(node('NonZero', 'x', 'y', {}, named)),
      'unsupported-op',
      /node "culprit" \(NonZero\): .*depends on the data/,
    ],
    [
      'an unknown domain',
      one(node('Fused', 'x', 'y', {}, { ...named, domain: 'com.microsoft' }), {
        domains: { 'com.microsoft': 1 },
      }),
      'unsupported-op',
      /node "culprit" \(com\.microsoft\.Fused\).*domain "com\.microsoft"/,
    ],
    [
      'a missing operator set',
      one(node('Scaler', 'x', 'y', {}, { ...named, domain: 'ai.onnx.ml' })),
      'malformed-file',
      /no operator set for the domain "ai\.onnx\.ml"/,
    ],
    [
      'an unknown attribute',
      one(node('Relu', 'x', 'y', { beta: attr.int(1) }, named)),
      'unsupported-op',
      /attribute "beta" of Relu/,
    ],
    [
      'an attribute of another type',
      one(node('Elu', 'x', 'y', { alpha: attr.int(1) }, named)),
      'malformed-file',
      /attribute "alpha" has the type int; expected float/,
    ],
    ['a missing attribute', one(node('Concat', 'x x', 'y', {}, named)), 'shape-mismatch', /culprit/],
    [
      'shapes that do not fit',
      one(node('Add', 'x w', 'y', {}, named), { initializers: [floats('w', [4], [1, 2, 3, 4])] }),
      'shape-mismatch',
      /culprit.*\[2,3\] and \[4\]/,
    ],
    [
      'an unknown value',
      one(node('Relu', 'missing', 'y', {}, named)),
      'malformed-file',
      /culprit.*"missing" is neither an input nor an initializer/,
    ],
    ['an unknown output', one(node('Relu', 'x', 'z')), 'malformed-file', /output "y" is neither/],
    [
      'a cycle',
      fileOf({
        inputs: [port('x', [1])],
        nodes: [
          node('Add', 'x b', 'a', {}, { name: 'first' }),
          node('Relu', 'a', 'b', {}, { name: 'second' }),
          node('Relu', 'b', 'y'),
        ],
      }),
      'malformed-file',
      /node "first".*"b" is computed only later, by node "second".*cycle or are not in order/,
    ],
    [
      'nodes out of order',
      fileOf({
        inputs: [port('x', [1])],
        nodes: [node('Relu', 'a', 'y', {}, { name: 'late' }), node('Relu', 'x', 'a')],
      }),
      'malformed-file',
      /node "late".*not in order/,
    ],
    [
      'training mode',
      one(node('BatchNormalization', 'x s s s s', 'y', { training_mode: attr.int(1) }, named), {
        initializers: [floats('s', [3], [1, 1, 1])],
      }),
      'unsupported-op',
      /training mode.*model\.eval/,
    ],
    [
      'statistics as outputs',
      one(node('BatchNormalization', 'x s s s s', 'y mean', {}, named), {
        opset: 9,
        initializers: [floats('s', [3], [1, 1, 1])],
      }),
      'unsupported-op',
      /training mode/,
    ],
    ...(['Loop', 'Scan'] as const).map((op): [string, Uint8Array, RobustlawError['code'], RegExp] => {
      // A body as exporters write it, with a value of its own and one of the graph around it.
      const body = graphOf({
        inputs: [port('carried', [2, 3])],
        outputs: [port('next', [2, 3])],
        nodes: [node('Add', 'carried x', 'next')],
      });
      return [
        `a ${op}`,
        one(node(op, op === 'Loop' ? '_ _ x' : 'x', 'y', { body: attr.graph(body) }, named)),
        'unsupported-op',
        new RegExp(
          `node "culprit" \\(${op}\\): .*the operator ${op}; unroll the loop before exporting .*, or import only`,
        ),
      ];
    }),
    [
      'Upsample to fewer cells',
      one(node('Upsample', 'x', 'y', { scales: attr.floats([1, 0.5]) }, named), { opset: 7 }),
      'unsupported-op',
      /culprit.*opset_version/,
    ],
    [
      'a condition on data',
      one(node('If', 'c', 'y', {}, named), {
        nodes: [node('Greater', 'x x', 'c'), node('If', 'c', 'y', {}, named)],
      }),
      'unsupported-op',
      /node "culprit" \(If\): .*condition that depends on the values of the inputs; compute both branches/,
    ],
    [
      'a shape that is data',
      one(node('Reshape', 'x s', 'y', {}, named), {
        inputs: [port('x', [2])],
        nodes: [node('Cast', 'x', 's', { to: attr.int(7) }), node('Reshape', 'x s', 'y', {}, named)],
      }),
      'unsupported-op',
      /culprit/,
    ],
    [
      'a shape of floats',
      one(node('Reshape', 'x s', 'y', {}, named), { initializers: [floats('s', [1], [6])] }),
      'malformed-file',
      /input 1 is float32 \[1\]; expected int64 \[n\]/,
    ],
    [
      'a sparse constant',
      one(
        node(
          'Constant',
          '',
          'y',
          {
            sparse_value: (name) => ({
              ...attr.int(1)(name),
              type: Kind.SPARSE_TENSOR,
              sparseTensor: create(SparseTensorProtoSchema, {}),
            }),
          },
          named,
        ),
      ),
      'unsupported-op',
      /node "culprit" \(Constant\): .*sparse constants; store the value densely/,
    ],
    [
      'sparse weights',
      one(node('MatMul', 'x w', 'y', {}, named), {
        more: {
          sparseInitializer: [
            create(SparseTensorProtoSchema, { values: floats('w', [1], [1]), dims: [3n, 3n] }),
          ],
        },
      }),
      'unsupported-type',
      /the initializer "w" is a sparse tensor; store it densely/,
    ],
    [
      'a string input',
      fileOf({ inputs: [anyShape('x', CODE.STRING)], nodes: [node('Relu', 'x', 'y')] }),
      'unsupported-type',
      /input "x" is string/,
    ],
    [
      'an input without shape',
      fileOf({ inputs: [anyShape('x')], nodes: [node('Relu', 'x', 'y')] }),
      'unsupported-type',
      /declares no shape/,
    ],
    [
      'an empty input',
      fileOf({ inputs: [port('x', [0, 3])], nodes: [node('Relu', 'x', 'y')] }),
      'malformed-file',
      /axis 0 of the input "x" has length 0/,
    ],
    [
      'an enormous input',
      fileOf({ inputs: [port('x', [2 ** 31, 2 ** 31])], nodes: [node('Relu', 'x', 'y')] }),
      'file-too-large',
      /input "x"/,
    ],
    [
      'an enormous result',
      one(node('Expand', 'x s', 'y', {}, named), { initializers: [ints('s', [2 ** 40, 1, 1])] }),
      'file-too-large',
      /culprit/,
    ],
    [
      'an enormous constant',
      one(node('Add', 'x x', 'y', {}, named), {
        nodes: [node('ConstantOfShape', 's', 'c'), node('ReduceSum', 'c', 'r'), node('Add', 'x r', 'y')],
        initializers: [ints('s', [2 ** 28])],
      }),
      'file-too-large',
      /do not depend on its inputs/,
    ],
    [
      'an integer division by zero',
      one(node('Div', 'k z', 'y', {}, named), { initializers: [ints('k', [1]), ints('z', [0])] }),
      'malformed-file',
      /culprit.*divided by zero/,
    ],
    [
      'an integer division by data',
      one(node('Div', 'k i', 'y', {}, named), {
        initializers: [ints('k', [1])],
        nodes: [node('Cast', 'x', 'i', { to: attr.int(7) }), node('Div', 'k i', 'y', {}, named)],
      }),
      'unsupported-op',
      /culprit.*end the process/,
    ],
    [
      'an unavailable output',
      one(node('MaxPool', 'x', 'y i extra', { kernel_shape: attr.ints([1]) }, named), {
        inputs: [port('x', [1, 2, 3])],
        outputs: [anyShape('extra')],
      }),
      'unsupported-op',
      /output 2 \("extra"\) of MaxPool/,
    ],
    [
      'the label of a linear classifier',
      one(
        node(
          'LinearClassifier',
          'x',
          'y z',
          { coefficients: attr.floats([1, 2, 3]), classlabels_ints: attr.ints([1]) },
          { ...named, domain: 'ai.onnx.ml' },
        ),
        { ml: 1 },
      ),
      'unsupported-op',
      /output "y".*culprit/,
    ],
    ['no output', fileOf({ nodes: [], outputs: [] }), 'malformed-file', /no output/],
  ])('%s', (_, file, code, message) => {
    const error = failure(() => importGraph(decodeModel(file, 'net.onnx')));
    expect(error.message).toMatch(/^net\.onnx: /);
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });
});

describe('dimensions', () => {
  const model = decodeModel(
    fileOf({ inputs: [port('x', ['batch', null, 'width'])], nodes: [node('Relu', 'x', 'y')] }),
    'net.onnx',
  );

  it('are bound by symbol and by position', () => {
    expect(importGraph(model, { batch: 2, 'x[1]': 3, width: 4 }).outputs.y!.shape).toStrictEqual([2, 3, 4]);
  });

  it.each([
    [
      { batch: 2, 'x[1]': 3 },
      /axis 2 of the input "x" is symbolic; export .* fixed length there, or .* \{"width":8\}/,
    ],
    [{ batch: 2, 'x[1]': 3, width: 4, height: 5 }, /no symbolic axis "height"; it has batch, x\[1\], width/],
    [{ batch: 0, 'x[1]': 3, width: 4 }, /invalid length of the axis "batch": 0/],
    [{ batch: 1.5, 'x[1]': 3, width: 4 }, /1\.5/],
  ])('%j is refused', (dimensions, message) => {
    const error = failure(() => importGraph(model, dimensions));
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(message);
  });

  it('a fixed batch size is the only one', () => {
    const fixed = decodeModel(
      fileOf({ inputs: [port('x', [1, 3])], nodes: [node('Relu', 'x', 'y')] }),
      'net.onnx',
    );
    expect(importForBatch(fixed, 1).outputs.y!.shape).toStrictEqual([1, 3]);
    expect(failure(() => importForBatch(fixed, 2)).message).toMatch(
      /takes 1 rows at a time, not 2.*dynamic batch axis/,
    );
  });

  it('inputs that no requested output needs are left out', () => {
    const two = decodeModel(
      fileOf({
        inputs: [port('x', [1]), anyShape('text', CODE.STRING)],
        nodes: [node('Relu', 'x', 'y'), node('StringNormalizer', 'text', 'z')],
        outputs: [anyShape('y'), anyShape('z', CODE.STRING)],
      }),
    );
    expect(importGraph(two, {}, ['y']).inputs.map(nameOf)).toStrictEqual(['x']);
    expect(failure(() => importGraph(two)).message).toMatch(/text|StringNormalizer/);
    expect(failure(() => importGraph(two, {}, ['w'])).message).toMatch(/output "w"/);
  });
});
