// What every family promises, over random members of all of them.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  gradient,
  graph,
  importForBatch,
  innerProduct,
  input,
  modelFromOnnx,
  parameterCount,
  parameters,
  sizeOf,
} from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { madryParameterCount } from '../../src/law/index.ts';
import {
  ACTIVATIONS,
  type Activation,
  cnn,
  createFamily,
  describeSize,
  exportModel,
  type ModelFamily,
  type ModelSpecification,
  madry,
  modelGraph,
  residualCnn,
  twoLayer,
  twoLayerBatchNorm,
  visionTransformer,
} from '../../src/models/index.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { compile, evaluate } from '../../src/runtime/index.ts';

const activation = fc.constantFrom(...(Object.keys(ACTIVATIONS) as Activation[]));
const small = fc.integer({ min: 1, max: 5 });
const outputs = fc.integer({ min: 1, max: 3 });
const image = fc.oneof(
  fc.tuple(small, fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
  fc.tuple(fc.integer({ min: 4, max: 9 }), fc.integer({ min: 4, max: 9 })),
  fc.constantFrom([16], [25], [64]),
);

interface Member {
  readonly specification: ModelSpecification;
  readonly size: number;
  readonly shape: readonly number[];
  readonly outputs: number;
}

const member = (
  specification: fc.Arbitrary<Record<string, unknown>>,
  size: fc.Arbitrary<number>,
  shape: fc.Arbitrary<readonly number[]>,
): fc.Arbitrary<Member> =>
  fc.record({ specification: specification.map((s) => modelSchema.parse(s)), size, shape, outputs });

const members: Readonly<Record<ModelSpecification['model'], fc.Arbitrary<Member>>> = {
  'two-layer': member(
    fc.record({ model: fc.constant('two-layer'), activation, batchNorm: fc.boolean() }),
    fc.integer({ min: 1, max: 12 }),
    fc.oneof(image, fc.tuple(small)),
  ),
  mlp: member(
    fc.record({ model: fc.constant('mlp'), activation, layers: fc.integer({ min: 0, max: 3 }) }),
    fc.integer({ min: 1, max: 9 }),
    fc.oneof(image, fc.tuple(small)),
  ),
  cnn: member(
    fc.record({ model: fc.constant('cnn'), activation, layers: fc.integer({ min: 1, max: 4 }) }),
    fc.integer({ min: 1, max: 3 }),
    image,
  ),
  madry: member(fc.constant({ model: 'madry' }), fc.constant(1), image),
  'residual-cnn': member(
    fc.record({ model: fc.constant('residual-cnn'), activation, blocks: fc.integer({ min: 0, max: 3 }) }),
    small,
    image,
  ),
  'vision-transformer': member(
    fc.record({
      model: fc.constant('vision-transformer'),
      patch: fc.constantFrom(1, 2),
      depth: fc.integer({ min: 0, max: 2 }),
      heads: fc.constantFrom(1, 2, 4),
    }),
    fc.constantFrom(4, 8, 12),
    fc.constantFrom([2, 4, 6], [4, 4], [16], [1, 6, 2]),
  ),
};

const familyOf = (m: Member) => createFamily(m.specification, m.size, m.shape, m.outputs);
const kinds = Object.keys(members) as ModelSpecification['model'][];

/** Weights of which none is special, so that every one counts. */
function randomWeights(family: ModelFamily, seed: number) {
  const shapes = { ...family.parameterShapes, ...family.statisticShapes };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const [key, size] = [rng(seed).split(name), sizeOf(shape)];
      const data = name.endsWith('variance')
        ? uniform(key, size, 0.5, 2)
        : normal(key, size).map((z) => z / 3);
      return [name, { dtype: 'float64' as const, shape, data }];
    }),
  );
}

describe.each(kinds)('%s', (kind) => {
  const arbitrary = members[kind];

  test('P by formula equals P by counting the graph and the entries of the weights', () => {
    fc.assert(
      fc.property(arbitrary, (m) => {
        const family = familyOf(m);
        const weights = family.initialise(rng(1));
        expect(parameterCount(modelGraph(family, weights, 2))).toBe(family.parameterCount);
        const entries = Object.keys(family.parameterShapes).reduce(
          (sum, name) => sum + weights[name]!.data.length,
          0,
        );
        expect(entries).toBe(family.parameterCount);
        expect(family.inputShape).toEqual(m.shape);
        expect(family.outputs).toBe(m.outputs);
      }),
      { numRuns: 40 },
    );
  });

  test('initial weights are a function of the key, all finite, in both precisions', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), (m, seed) => {
        const family = familyOf(m);
        const weights = family.initialise(rng(seed), 'float64');
        expect(family.initialise(rng(seed), 'float64')).toEqual(weights);
        expect(family.initialise(rng(seed + 0.5), 'float64')).not.toEqual(weights);
        const single = family.initialise(rng(seed));
        for (const [name, { data }] of Object.entries(weights)) {
          expect(
            (data as Float64Array).every((value) => Number.isFinite(value) && !Object.is(value, -0)),
          ).toBe(true);
          expect(single[name]!.data).toEqual(Float32Array.from(data as Float64Array));
        }
      }),
      { numRuns: 10 },
    );
  });

  test('a point has one value, whatever batch it comes in, in our graph, in the file, and read back', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(1000), async (m, seed) => {
        const family = familyOf(m);
        const d = sizeOf(m.shape);
        const weights = randomWeights(family, seed);
        const x = normal(rng(seed).split('x'), 5 * d);
        const whole = await compile(modelGraph(family, weights, 5));
        const expected = (await whole.run({ x })).y as Float64Array;
        await whole.dispose();
        const bytes = exportModel(family, weights);
        const read = decodeModel(bytes, 'model.onnx');
        expect(modelFromOnnx(read).parameterCount).toBe(family.parameterCount);
        const size = Math.max(...expected.map(Math.abs), 1);
        const compare = (values: ArrayLike<number>, from: number) => {
          for (let i = 0; i < values.length; i++)
            expect(Math.abs(values[i]! - expected[from * m.outputs + i]!) / size).toBeLessThan(1e-11);
        };
        for (const [from, to] of [
          [0, 1],
          [1, 5],
        ] as const) {
          const part = x.slice(from * d, to * d);
          const program = await compile(importForBatch(read, to - from));
          compare((await program.run({ x: part })).y as Float64Array, from);
          await program.dispose();
        }
        // ONNX Runtime itself has no float64 convolution.
        const single = Object.fromEntries(
          Object.entries(weights).map(([name, { shape, data }]) => [
            name,
            { dtype: 'float32' as const, shape, data: Float32Array.from(data) },
          ]),
        );
        const session = await ort.InferenceSession.create(exportModel(family, single));
        const points = new ort.Tensor('float32', Float32Array.from(x), [5, ...m.shape]);
        const { y } = await session.run({ x: points });
        await session.release();
        expect(y!.dims).toEqual([5, m.outputs]);
        (y!.data as Float32Array).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!) / size).toBeLessThan(1e-3);
        });
      }),
      { numRuns: 3 },
    );
  });

  test('gradients by all parameters and the input are central differences', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.nat(1000), fc.boolean(), async (m, seed, training) => {
        const family = familyOf(m);
        const weights = randomWeights(family, seed);
        const names = ['x', ...Object.keys(family.parameterShapes)];
        const values = Object.fromEntries(
          Object.entries(weights).map(([name, { shape }]) => [name, input(name, 'float64', shape)]),
        );
        const x = input('x', 'float64', [3, ...m.shape]);
        const trained = training ? family.forwardInTraining?.(x, values) : undefined;
        const y = trained?.output ?? family.forward(x, values);
        const functional = innerProduct(y, family.forward(x, values));
        const inputs = { ...values, x };
        const slopes = gradient(
          functional,
          names.map((name) => inputs[name as keyof typeof inputs]!),
        );
        const program = await compile(
          graph(Object.values(inputs), {
            functional,
            ...Object.fromEntries(names.map((name, i) => [`d ${name}`, slopes[i]!])),
          }),
        );
        const point: Record<string, Float64Array> = {
          x: normal(rng(seed).split('x'), 3 * sizeOf(m.shape)),
          ...Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data])),
        };
        const base = await program.run(point);
        // One random direction per weight: a wrong entry shows with probability one.
        for (const name of names) {
          const direction = normal(rng(seed).split('direction').split(name), point[name]!.length);
          const slope = (base[`d ${name}`] as Float64Array).reduce((sum, g, i) => sum + g * direction[i]!, 0);
          const along = async (h: number) => {
            const moved = point[name]!.map((value, i) => value + h * direction[i]!);
            return Number((await program.run({ ...point, [name]: moved })).functional![0]);
          };
          const differences: number[] = [];
          for (const h of [1e-6, 1e-5, 1e-7]) {
            differences.push(((await along(h)) - (await along(-h))) / (2 * h));
          }
          // A kink within one of the steps spoils that step alone.
          const scale = Math.abs(slope) + 1e-3 * Math.abs(Number(base.functional![0])) + 1e-3;
          const error = Math.min(...differences.map((difference) => Math.abs(difference - slope))) / scale;
          expect(error, name).toBeLessThan(1e-5);
        }
        await program.dispose();
      }),
      { numRuns: 3 },
    );
  });

  test('its capacity has a name, and none is an error that says it', () => {
    const specification = modelSchema.parse({ model: kind });
    expect(() => createFamily(specification, 0, [4, 4], 1)).toThrow(
      `invalid ${describeSize(specification)}: 0; expected an integer >= 1`,
    );
    expect(() => createFamily(specification, 4, [4, 4], 0)).toThrow('invalid outputs: 0');
  });
});

describe('parameter counts', () => {
  test.each([
    [1, 13_514],
    [2, 52_506],
    [4, 206_954],
    [8, 821_706],
    [16, 3_274_634],
  ])('Madry et al. at scale %i: %i', (scale, count) => {
    expect(madry(scale).parameterCount).toBe(count);
    expect(madryParameterCount(scale)).toBe(count);
    expect(madry(scale, [28, 28])).toMatchObject({ parameterCount: count, inputShape: [28, 28] });
    expect(madry(scale, [784]).parameterCount).toBe(count);
  });

  test('a transformer of the ViT-Base shape has the published 86 million', () => {
    // Dosovitskiy et al. 2021, table 1: 86M, with 196 patches of 16 x 16 x 3, E = 768, 12 blocks, and a class token more.
    const base = visionTransformer([3, 224, 224], 16, 768, 12, 12, 1000);
    // timm's vit_base_patch16_224 has 86,567,656: a class token and its position are 2 E more.
    expect(base.parameterCount).toBe(86_567_656 - 2 * 768);
  });

  test('small networks counted by hand', () => {
    expect(twoLayerBatchNorm(3, 4, 2).parameterCount).toBe(4 * 3 + 4 + 4 + (2 * 4 + 2));
    expect(twoLayer(3, 4, 2).parameterCount).toBe(16 + 10);
    // 8 x 8 -> 4 x 4 -> 2 x 2: 1 -> 4 -> 8 channels, 32 features, 64 hidden units.
    expect(cnn([8, 8], [4, 8], 64, 10).parameterCount).toBe(40 + 296 + 33 * 64 + 65 * 10);
    expect(residualCnn([8, 8], 4, 1, 10).parameterCount).toBe(40 + 2 * (36 * 4 + 4) + 50);
  });
});

describe('impossible combinations', () => {
  test.each([
    ['a vector that is no square', { model: 'cnn' }, 4, [10], 'invalid image shape: "[10]"'],
    ['four axes', { model: 'residual-cnn' }, 4, [1, 1, 4, 4], 'invalid image shape: "[1,1,4,4]"'],
    ['no axis', { model: 'cnn' }, 4, [], 'invalid image shape: "[]"'],
    [
      'a patch that does not divide',
      { model: 'vision-transformer', patch: 3 },
      4,
      [8, 8],
      'invalid patch: 3; expected a divisor of height 8 and width 8',
    ],
    [
      'heads that do not divide',
      { model: 'vision-transformer', heads: 3 },
      4,
      [8, 8],
      'invalid embedding: 4; expected a multiple of the 3 attention heads',
    ],
    ['an image too small to halve twice', { model: 'madry' }, 1, [3, 3], 'at least 4 x 4'],
    ['a fraction of a neuron', { model: 'two-layer' }, 1.5, [3], 'invalid neurons: 1.5'],
    ['NaN', { model: 'mlp' }, Number.NaN, [3], 'invalid neurons per hidden layer: NaN'],
  ] as const)('%s', (_, specification, size, shape, message) => {
    expect(() => createFamily(modelSchema.parse(specification), size, shape, 1)).toThrow(message);
  });

  test('specifications refuse capacities, unknown keys and unknown models', () => {
    expect(modelSchema.safeParse({ model: 'two-layer', size: 3 }).success).toBe(false);
    expect(modelSchema.safeParse({ model: 'two-layer', activation: 'sine' }).success).toBe(false);
    expect(modelSchema.safeParse({ model: 'perceptron' }).success).toBe(false);
    expect(modelSchema.safeParse({ model: 'mlp', layers: -1 }).success).toBe(false);
    expect(modelSchema.parse({ model: 'two-layer' })).toEqual({
      model: 'two-layer',
      activation: 'relu',
      batchNorm: false,
    });
  });
});

test('residual blocks start as the identity: the depth changes nothing at first', async () => {
  const x = normal(rng(1), 3 * 64);
  const valuesAt = async (blocks: number) => {
    const family = residualCnn([64], 4, blocks, 2);
    const weights = family.initialise(rng(3), 'float64');
    const program = await compile(modelGraph(family, weights, 3));
    const { y } = await program.run({ x });
    await program.dispose();
    return y;
  };
  expect(await valuesAt(4)).toEqual(await valuesAt(0));
});

test.each([false, true])(
  'from zero: all values are 0 at first, the neurons are the usual ones',
  async (batchNorm) => {
    const familyOf = (fromZero: boolean) =>
      createFamily(modelSchema.parse({ model: 'two-layer', batchNorm, fromZero }), 5, [2, 3], 2);
    const weights = familyOf(true).initialise(rng(3), 'float64');
    const usual = familyOf(false).initialise(rng(3), 'float64');
    expect(Object.keys(weights).filter((name) => !isDeepStrictEqual(weights[name], usual[name]))).toEqual([
      'layer2.weight',
    ]);
    const program = await compile(modelGraph(familyOf(true), weights, 4));
    const { y } = await program.run({ x: normal(rng(1), 4 * 6) });
    await program.dispose();
    expect(y).toEqual(new Float64Array(8));
  },
);

test('tokens of a transformer have positions: exchanging patches changes the value, unless the positions are equal', async () => {
  const family = visionTransformer([1, 2, 4], 2, 4, 1, 2, 1);
  const weights = randomWeights(family, 5);
  const equal = { ...weights, positions: { ...weights.positions!, data: new Float64Array(8).fill(0.3) } };
  const x = Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const exchanged = Float64Array.from([3, 4, 1, 2, 7, 8, 5, 6]);
  const valueAt = async (w: typeof weights, points: Float64Array) => {
    const g = modelGraph(family, w, 1);
    return Number((await evaluate({ y: g.outputs.y! }, { x: points })).y.data[0]);
  };
  expect(await valueAt(equal, exchanged)).toBeCloseTo(await valueAt(equal, x), 12);
  expect(Math.abs((await valueAt(weights, exchanged)) - (await valueAt(weights, x)))).toBeGreaterThan(1e-5);
  expect(parameters(modelGraph(family, weights, 1)).length).toBe(Object.keys(family.parameterShapes).length);
});
