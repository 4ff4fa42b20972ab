import { describe, expect, it } from 'vitest';
import { importGraph } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { agrees, distance, failure, fed, numbers, run } from './agreement.ts';
import type { Parts } from './handmade.ts';
import { anyShape, attr, CODE, fileOf, floats, ints, node, port, raw } from './handmade.ts';

/** Each node means under its old operator set what ONNX Runtime computes from it. */
const FORMS: readonly (readonly [what: string, opset: number, Parts])[] = [
  ...[9, 12].flatMap((opset): [string, number, Parts][] => [
    [
      'Squeeze with axes as attribute',
      opset,
      {
        nodes: [
          node('Unsqueeze', 'x', 'a', { axes: attr.ints([0, 3]) }),
          node('Squeeze', 'a', 'y', { axes: attr.ints([0, 3]) }),
        ],
      },
    ],
    [
      'Squeeze without axes',
      opset,
      { nodes: [node('Unsqueeze', 'x', 'a', { axes: attr.ints([0]) }), node('Squeeze', 'a', 'y')] },
    ],
    [
      'ReduceSum with axes as attribute',
      opset,
      { nodes: [node('ReduceSum', 'x', 'y', { axes: attr.ints([1]), keepdims: attr.int(0) })] },
    ],
    ['Softmax over all axes from 1', opset, { nodes: [node('Softmax', 'x3', 'y')] }],
    ['Softmax over all axes', opset, { nodes: [node('Softmax', 'x3', 'y', { axis: attr.int(0) })] }],
    [
      'LogSoftmax over the last two axes',
      opset,
      { nodes: [node('LogSoftmax', 'x3', 'y', { axis: attr.int(1) })] },
    ],
    [
      'Split in equal parts',
      opset,
      { nodes: [node('Split', 'x', 'y z', { axis: attr.int(0) })], outputs: [anyShape('y'), anyShape('z')] },
    ],
    [
      'Split with lengths as attribute',
      opset,
      {
        nodes: [node('Split', 'x', 'y z', { axis: attr.int(1), split: attr.ints([1, 2]) })],
        outputs: [anyShape('y'), anyShape('z')],
      },
    ],
  ]),
  ...[13, 18, 20].flatMap((opset): [string, number, Parts][] => [
    [
      'Squeeze with axes as input',
      opset,
      {
        initializers: [ints('axes', [0])],
        nodes: [node('Unsqueeze', 'x axes', 'a'), node('Squeeze', 'a axes', 'y')],
      },
    ],
    [
      'ReduceSum with axes as input',
      opset,
      { initializers: [ints('axes', [-1])], nodes: [node('ReduceSum', 'x axes', 'y')] },
    ],
    [
      'ReduceSum that keeps all axes',
      opset,
      { nodes: [node('ReduceSum', 'x', 'y', { noop_with_empty_axes: attr.int(1) })] },
    ],
    ['Softmax over the last axis', opset, { nodes: [node('Softmax', 'x3', 'y')] }],
    ['Softmax over a middle axis', opset, { nodes: [node('Softmax', 'x3', 'y', { axis: attr.int(1) })] }],
    [
      'Split with lengths as input',
      opset,
      {
        initializers: [ints('lengths', [2, 1])],
        nodes: [node('Split', 'x lengths', 'y z', { axis: attr.int(-1) })],
        outputs: [anyShape('y'), anyShape('z')],
      },
    ],
  ]),
  [
    'Split in unequal parts',
    18,
    {
      nodes: [node('Split', 'x', 'y z', { axis: attr.int(1), num_outputs: attr.int(2) })],
      outputs: [anyShape('y'), anyShape('z')],
    },
  ],
  [
    'Split without lengths',
    13,
    { nodes: [node('Split', 'x', 'y z')], outputs: [anyShape('y'), anyShape('z')] },
  ],
  ...['Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSumExp'].flatMap(
    (name): [string, number, Parts][] => [
      [
        `Reduce${name} with axes as attribute`,
        13,
        { nodes: [node(`Reduce${name}`, 'x3', 'y', { axes: attr.ints([0, -1]) })] },
      ],
      [
        `Reduce${name} with axes as input`,
        18,
        {
          initializers: [ints('axes', [0, -1])],
          nodes: [node(`Reduce${name}`, 'x3 axes', 'y', { keepdims: attr.int(0) })],
        },
      ],
      [`Reduce${name} over everything`, 11, { nodes: [node(`Reduce${name}`, 'x3', 'y')] }],
    ],
  ),
  [
    'Slice with attributes',
    9,
    {
      nodes: [
        node('Slice', 'x', 'y', {
          starts: attr.ints([1, -2]),
          ends: attr.ints([2, 2n ** 63n - 1n]),
          axes: attr.ints([0, 1]),
        }),
      ],
    },
  ],
  [
    'Slice with attributes but no axes',
    9,
    { nodes: [node('Slice', 'x', 'y', { starts: attr.ints([1]), ends: attr.ints([-1]) })] },
  ],
  [
    'Slice with inputs and steps',
    11,
    {
      initializers: [ints('s', [-1]), ints('e', [-100]), ints('a', [1]), ints('t', [-2])],
      nodes: [node('Slice', 'x s e a t', 'y')],
    },
  ],
  [
    'Slice to the very end',
    13,
    {
      initializers: [raw('e', CODE.INT64, [1], new BigInt64Array([2n ** 63n - 1n])), ints('s', [1])],
      nodes: [node('Slice', 'x s e', 'y')],
    },
  ],
  [
    'Pad with attributes',
    9,
    { nodes: [node('Pad', 'x', 'y', { pads: attr.ints([0, 1, 1, 0]), value: attr.float(0.5) })] },
  ],
  [
    'Pad by reflection with attributes',
    10,
    { nodes: [node('Pad', 'x', 'y', { pads: attr.ints([1, 1, 0, 2]), mode: attr.string('reflect') })] },
  ],
  [
    'Pad with inputs',
    13,
    { initializers: [ints('p', [0, 1, 1, 0]), floats('v', [], [-2])], nodes: [node('Pad', 'x p v', 'y')] },
  ],
  [
    'Pad of some axes',
    18,
    { initializers: [ints('p', [2, 1]), ints('a', [-1])], nodes: [node('Pad', 'x p _ a', 'y')] },
  ],
  [
    'Clip with attributes',
    7,
    { nodes: [node('Clip', 'x', 'y', { min: attr.float(-0.25), max: attr.float(0.5) })] },
  ],
  ['Clip with one attribute', 10, { nodes: [node('Clip', 'x', 'y', { max: attr.float(0.5) })] }],
  ['Clip without attributes', 10, { nodes: [node('Clip', 'x', 'y')] }],
  [
    'Clip with inputs',
    12,
    { initializers: [floats('low', [], [-0.25])], nodes: [node('Clip', 'x low', 'y')] },
  ],
  [
    'Clip with an upper bound only',
    12,
    { initializers: [floats('high', [], [0.1])], nodes: [node('Clip', 'x _ high', 'y')] },
  ],
  ['Dropout', 7, { nodes: [node('Dropout', 'x', 'y', { ratio: attr.float(0.9) })] }],
  [
    'Dropout with its mask',
    12,
    {
      initializers: [floats('ratio', [], [0.9])],
      nodes: [node('Dropout', 'x ratio', 'z mask'), node('Where', 'mask z x', 'y')],
    },
  ],
  [
    'Gemm without C',
    11,
    {
      initializers: [floats('W', [3, 2], [...numbers(6)])],
      nodes: [node('Gemm', 'x W', 'y', { alpha: attr.float(0.5) })],
    },
  ],
  [
    'Gemm with a scalar C',
    9,
    {
      initializers: [floats('W', [2, 3], [...numbers(6)]), floats('C', [1], [2])],
      nodes: [node('Gemm', 'x W C', 'y', { transB: attr.int(1), beta: attr.float(0.25) })],
    },
  ],
  ['Flatten with a negative axis', 11, { nodes: [node('Flatten', 'x3', 'y', { axis: attr.int(-1) })] }],
  [
    'Reshape with zeros that copy',
    13,
    { initializers: [ints('s', [0, -1])], nodes: [node('Reshape', 'x3 s', 'y')] },
  ],
  [
    'BatchNormalization of operator set 7',
    7,
    {
      initializers: [
        floats('s', [3], [1, 2, 3]),
        floats('b', [3], [3, 2, 1]),
        floats('m', [3], [0.1, 0.2, 0.3]),
        floats('v', [3], [1, 2, 0.5]),
      ],
      nodes: [
        node('BatchNormalization', 'x s b m v', 'y', { epsilon: attr.float(0.1), momentum: attr.float(0.9) }),
      ],
    },
  ],
  ['Sum and Mean of many', 8, { nodes: [node('Sum', 'x x x', 'a'), node('Mean', 'a x', 'y')] }],
  ['Max and Min of one', 8, { nodes: [node('Max', 'x', 'a'), node('Min', 'a', 'y')] }],
  [
    'Pow with an integer exponent',
    12,
    { initializers: [ints('two', [2], [])], nodes: [node('Pow', 'x two', 'y')] },
  ],
  [
    'Shape with start and end',
    15,
    {
      nodes: [
        node('Shape', 'x3', 's', { start: attr.int(-2), end: attr.int(3) }),
        node('ReduceProd', 's', 'n', { keepdims: attr.int(0) }),
        node('Cast', 'n', 'f', { to: attr.int(1) }),
        node('Div', 'x', 'y', {}, { input: ['x', 'f'] }),
      ],
    },
  ],
  [
    'Size',
    13,
    {
      nodes: [node('Size', 'x3', 'n'), node('Cast', 'n', 'f', { to: attr.int(1) }), node('Mul', 'x f', 'y')],
    },
  ],
  [
    'Range of a length',
    11,
    {
      initializers: [ints('zero', [0], []), ints('one', [1], []), ints('k', [1], [])],
      nodes: [
        node('Shape', 'x', 's'),
        node('Gather', 's k', 'n'),
        node('Range', 'zero n one', 'r'),
        node('Cast', 'r', 'f', { to: attr.int(1) }),
        node('Add', 'x f', 'y'),
      ],
    },
  ],
  [
    'ConstantOfShape',
    9,
    {
      nodes: [
        node('Shape', 'x', 's'),
        node('ConstantOfShape', 's', 'c', { value: attr.tensor(floats('', [1], [2.5])) }),
        node('Add', 'x c', 'y'),
      ],
    },
  ],
  [
    'ConstantOfShape without a value',
    9,
    { nodes: [node('Shape', 'x', 's'), node('ConstantOfShape', 's', 'c'), node('Sub', 'c x', 'y')] },
  ],
  [
    'Constant as numbers',
    12,
    {
      nodes: [
        node('Constant', '', 'a', { value_floats: attr.floats([1, 2, 3]) }),
        node('Constant', '', 'i', { value_int: attr.int(1) }),
        node('Constant', '', 's', { value_ints: attr.ints([3, 2]) }),
        node('Add', 'x a', 'b'),
        node('Reshape', 'b s', 'c'),
        node('Gather', 'c i', 'y'),
      ],
    },
  ],
  [
    'CastLike',
    15,
    { initializers: [ints('k', [1, 2, 3])], nodes: [node('CastLike', 'k x', 'f'), node('Mul', 'x f', 'y')] },
  ],
  [
    'Identity',
    13,
    { nodes: [node('Identity', 'x', 'a'), node('Identity', 'a', 'b'), node('Relu', 'b', 'y')] },
  ],
  ['LeakyRelu with its default slope', 15, { nodes: [node('LeakyRelu', 'x', 'y')] }],
  ['Tile', 13, { initializers: [ints('r', [2, 3])], nodes: [node('Tile', 'x r', 'y')] }],
  ...(['nearest', 'linear'] as const).flatMap((mode): [string, number, Parts][] => {
    const image = { inputs: [port('x', [1, 1, 2, 3])] };
    const scales = floats('scales', [4], [1, 1, 2, 1.5]);
    return [
      [
        `Upsample with attributes, ${mode}`,
        7,
        {
          ...image,
          nodes: [
            node('Upsample', 'x', 'y', { scales: attr.floats([1, 1, 2, 1.5]), mode: attr.string(mode) }),
          ],
        },
      ],
      [
        `Upsample with an input, ${mode}`,
        9,
        {
          ...image,
          initializers: [scales],
          nodes: [node('Upsample', 'x scales', 'y', { mode: attr.string(mode) })],
        },
      ],
      [
        `Resize without coordinates, ${mode}`,
        10,
        {
          ...image,
          initializers: [scales],
          nodes: [node('Resize', 'x scales', 'y', { mode: attr.string(mode) })],
        },
      ],
      [
        `Resize with empty inputs, ${mode}`,
        11,
        {
          ...image,
          initializers: [floats('none', [0], []), ints('sizes', [1, 1, 4, 5])],
          nodes: [node('Resize', 'x none none sizes', 'y', { mode: attr.string(mode) })],
        },
      ],
      [
        `Resize, ${mode}`,
        19,
        {
          ...image,
          initializers: [scales],
          nodes: [node('Resize', 'x _ scales', 'y', { mode: attr.string(mode) })],
        },
      ],
    ];
  }),
  ['operator set 22', 22, { nodes: [node('Elu', 'x', 'y')] }],
];

describe('every operator set from 7 to 23 is brought to one', () => {
  it.each(FORMS)('%s, operator set %i', async (_, opset, parts) => {
    const uses = (name: string) => parts.nodes.some((n) => n.input.includes(name));
    const inputs = parts.inputs ?? [
      ...(uses('x') ? [port('x', [2, 3])] : []),
      ...(uses('x3') ? [port('x3', [2, 2, 3])] : []),
    ];
    const feeds = Object.fromEntries(
      inputs.map(({ name, type }) => {
        const shape = (type!.value.value as { shape: { dim: { value: { value: bigint } }[] } }).shape.dim.map(
          (d) => Number(d.value.value),
        );
        return [
          name,
          fed(
            shape.reduce((a, b) => a * b),
            shape,
          ),
        ];
      }),
    );
    await agrees(fileOf({ outputs: [anyShape('y')], ...parts, inputs, opset }), feeds);
  });

  it('GroupNormalization of operator set 21 scales per channel', async () => {
    const file = fileOf({
      opset: 21,
      inputs: [port('x', [1, 4, 2])],
      initializers: [floats('s', [4], [1, 2, 3, 4]), floats('b', [4], [40, 30, 20, 10])],
      nodes: [node('GroupNormalization', 'x s b', 'y', { num_groups: attr.int(2), epsilon: attr.float(0) })],
    });
    // Both groups have mean 0 and variance 1 already.
    const x = Float32Array.of(1, -1, -1, 1, -1, -1, 1, 1);
    const y = [41, 39, 28, 32, 17, 17, 14, 14];
    expect(distance((await run(importGraph(decodeModel(file)), { x })).y!, y)).toBeLessThan(1e-6);
  });

  it.each([6, 24])('operator set %i is refused with what to do', (opset) => {
    const file = fileOf({
      opset,
      inputs: [port('x', [1])],
      nodes: [node('Relu', 'x', 'y', {}, { name: 'r' })],
    });
    expect(failure(() => importGraph(decodeModel(file))).message).toMatch(
      new RegExp(
        `node "r" \\(Relu\\): the operator set version ${opset} is outside of \\[7, 23\\].*opset_version=20`,
      ),
    );
  });
});

it('a float16 model is computed in float32', async () => {
  const half = (values: readonly number[]) => new Uint16Array(new Float16Array(values).buffer);
  const file = fileOf({
    inputs: [port('x', [1, 2], CODE.FLOAT16)],
    outputs: [anyShape('y', CODE.FLOAT16)],
    initializers: [raw('W', CODE.FLOAT16, [2, 2], half([1, 0.5, -2, 3]))],
    nodes: [node('MatMul', 'x W', 'a'), node('Cast', 'a', 'y', { to: attr.int(CODE.FLOAT16) })],
  });
  const model = decodeModel(file);
  const g = importGraph(model);
  expect(g.outputs.y!.dtype).toBe('float32');
  expect((await run(g, { x: new Float32Array([3, 4]) })).y).toStrictEqual(new Float32Array([-5, 13.5]));
  expect(model.notes.join()).toMatch(/float16.*float32/);
});
