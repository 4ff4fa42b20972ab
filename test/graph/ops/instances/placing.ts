// Instances of the operators that rearrange, pick, place and repeat elements.
import fc from 'fast-check';
import type { Attributes, Op } from '../../../../src/graph/index.ts';
import * as g from '../../../../src/graph/index.ts';
import type { Instance, Instances } from '../instance.ts';
import { gaussian, instance, integersBetween, shapeAndAxis, shapes } from '../instance.ts';

const one = (
  op: Op,
  shape: readonly number[],
  constants: readonly (readonly number[])[] = [],
  attributes: Attributes = {},
): Instance =>
  instance(
    `${op.name} [${shape}] ${constants.map((c) => `[${c}]`).join(' ')} ${JSON.stringify(attributes)}`,
    [[shape, gaussian]],
    ([x]) => g.emit(op, [x, ...constants.map(g.int64s)], attributes),
  );

const indexTensor = (shape: readonly number[], values: readonly number[]) =>
  g.constant(g.tensor('int64', shape, values));

const slices = shapes(1, 3, 6).chain((shape) =>
  fc
    .tuple(
      ...shape.map((n) =>
        fc.record({
          start: fc.integer({ min: -n - 1, max: n + 1 }),
          end: fc.constantFrom(-n - 9, -1, 0, 1, n - 1, n, n + 9),
          step: fc.constantFrom(1, 1, 2, 3, -1, -2),
          used: fc.boolean(),
        }),
      ),
    )
    .map((all) => {
      const used = all.flatMap((a, i) =>
        a.used ? [{ ...a, axis: i % 2 === 0 ? i : i - shape.length }] : [],
      );
      return one(g.Slice, shape, [
        used.map((a) => a.start),
        used.map((a) => a.end),
        used.map((a) => a.axis),
        used.map((a) => a.step),
      ]);
    })
    .filter((candidate) => {
      const y = candidate.build([g.input('x', 'float64', candidate.inputs[0]!.shape)])[0]!;
      return !y.shape.includes(0);
    }),
);

const pads = shapes(1, 3, 5).chain((shape) =>
  fc
    .record({
      before: integersBetween(-1, 3, shape.length),
      after: integersBetween(-1, 3, shape.length),
      mode: fc.constantFrom('constant', 'constant', 'reflect', 'edge', 'wrap'),
    })
    .map(({ before, after, mode }) => {
      // Reflection needs something to reflect; cropping is for constant padding here.
      const held = (list: number[], n: number, i: number) =>
        mode === 'constant'
          ? n === 1
            ? Math.max(0, list[i]!)
            : list[i]!
          : Math.min(Math.max(0, list[i]!), n - 1);
      const [b, a] = [before, after].map((list) => shape.map((n, i) => held(list, n, i))) as [
        number[],
        number[],
      ];
      const kept = shape.map((n, i) => (n + b[i]! + a[i]! < 1 ? 0 : a[i]!));
      return one(g.Pad, shape, [[...b, ...kept]], { mode });
    }),
);

const gathers = shapeAndAxis(1, 3).chain(({ shape, axis }) => {
  const n = shape.at(axis)!;
  return shapes(0, 2).chain((picked) => {
    const count = picked.reduce((a, b) => a * b, 1);
    return integersBetween(-n, n - 1, count).map((indices) =>
      instance(`Gather [${shape}] [${indices}] axis ${axis}`, [[shape, gaussian]], ([x]) => [
        g.gather(x!, indexTensor(picked, indices), axis),
      ]),
    );
  });
});

/** Indices of a shape that is no longer than `shape` on any axis but `axis`, where it is `length`. */
function elementIndices(distinctAlongAxis: boolean) {
  return shapeAndAxis(1, 3).chain(({ shape, axis }) => {
    const n = shape.at(axis)!;
    const at = axis < 0 ? axis + shape.length : axis;
    return fc.integer({ min: 1, max: distinctAlongAxis ? n : 5 }).chain((length) => {
      const picked = shape.map((m, i) => (i === at ? length : m));
      const count = picked.reduce((a, b) => a * b, 1);
      return integersBetween(0, n - 1, count).map((drawn) => {
        const inner = picked.slice(at + 1).reduce((a, b) => a * b, 1);
        // Along the axis the indices of one line are shifts of each other, so none repeats.
        const indices = distinctAlongAxis
          ? drawn.map((_, i) => (drawn[i % inner]! + Math.floor(i / inner)) % n)
          : drawn.map((d, i) => (i % 2 === 0 ? d : d - n));
        return { shape, axis, picked, indices };
      });
    });
  });
}

const gatherElements = elementIndices(false).map(({ shape, axis, picked, indices }) =>
  instance(`GatherElements [${shape}] [${picked}] axis ${axis}`, [[shape, gaussian]], ([x]) => [
    g.gatherElements(x!, indexTensor(picked, indices), axis),
  ]),
);

const scatterElements = fc
  .oneof(
    elementIndices(false).map((drawn) => ({ ...drawn, attributes: { reduction: 'add' } as Attributes })),
    elementIndices(true).map((drawn) => ({ ...drawn, attributes: {} as Attributes })),
  )
  .map(({ shape, axis, picked, indices, attributes }) =>
    instance(
      `ScatterElements [${shape}] [${picked}] axis ${axis} ${JSON.stringify(attributes)}`,
      [
        [shape, gaussian],
        [picked, gaussian],
      ] as const,
      ([x, u]) => [g.emit1(g.ScatterElements, [x, indexTensor(picked, indices), u], { ...attributes, axis })],
    ),
  );

/** Index vectors into the first axes of `shape`; distinct ones where asked. */
const vectors = (distinct: boolean) =>
  shapes(1, 3).chain((shape) =>
    fc.integer({ min: 1, max: shape.length }).chain((depth) => {
      const cells = shape.slice(0, depth).reduce((a, b) => a * b, 1);
      const place = fc.nat(cells - 1);
      const chosen = distinct
        ? fc.uniqueArray(place, { minLength: 1, maxLength: 4 })
        : fc.array(place, { minLength: 1, maxLength: 4 });
      return chosen.map((flat) => {
        const unflatten = (position: number) =>
          Array.from({ length: depth }, (_, i) => {
            const stride = shape.slice(i + 1, depth).reduce((a, b) => a * b, 1);
            return Math.floor(position / stride) % shape[i]!;
          });
        return { shape, depth, count: flat.length, indices: flat.flatMap(unflatten) };
      });
    }),
  );

const gatherND = vectors(false).map(({ shape, depth, count, indices }) =>
  instance(`GatherND [${shape}] ${indices}`, [[shape, gaussian]], ([x]) => [
    g.emit1(g.GatherND, [x, indexTensor([count, depth], indices)]),
  ]),
);

const scatterND = fc
  .oneof(
    vectors(false).map((drawn) => ({ ...drawn, attributes: { reduction: 'add' } as Attributes })),
    vectors(true).map((drawn) => ({ ...drawn, attributes: {} as Attributes })),
  )
  .map(({ shape, depth, count, indices, attributes }) =>
    instance(
      `ScatterND [${shape}] ${indices} ${JSON.stringify(attributes)}`,
      [
        [shape, gaussian],
        [[count, ...shape.slice(depth)], gaussian],
      ] as const,
      ([x, u]) => [g.emit1(g.ScatterND, [x, indexTensor([count, depth], indices), u], attributes)],
    ),
  );

const bit = fc.constantFrom(0, 1);

export const placing: Instances = {
  Slice: slices,
  Pad: pads,
  Gather: gathers,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  GatherND: gatherND,
  ScatterND: scatterND,
  Expand: shapes(0, 3).chain((shape) =>
    fc.tuple(shapes(0, 2), fc.nat(7)).map(([lead, mask]) => {
      const from = shape.map((n, i) => ((mask >> i) & 1 ? 1 : n));
      return one(g.Expand, from, [[...lead, ...shape]]);
    }),
  ),
  Reshape: shapes(1, 4).map((shape) => one(g.Reshape, shape, [[0, -1]])),
  Flatten: shapeAndAxis(1, 4).map(({ shape, axis }) => one(g.Flatten, shape, [], { axis })),
  Squeeze: shapes(1, 3).chain((shape) =>
    fc.boolean().map((all) => one(g.Squeeze, [1, ...shape, 1], all ? [] : [[0, -1]])),
  ),
  Unsqueeze: shapes(1, 3).map((shape) => one(g.Unsqueeze, shape, [[0, -1]])),
  Transpose: shapes(1, 4).chain((shape) =>
    fc
      .option(
        fc.shuffledSubarray(
          shape.map((_, i) => i),
          { minLength: shape.length },
        ),
      )
      .map((perm) => one(g.Transpose, shape, [], perm ? { perm } : {})),
  ),
  Concat: shapeAndAxis(1, 3).chain(({ shape, axis }) =>
    integersBetween(1, 3, 3).map((lengths) => {
      const at = axis < 0 ? axis + shape.length : axis;
      const parts = lengths.map((length) => shape.map((n, i) => (i === at ? length : n)));
      return instance(
        `Concat ${parts.map((part) => `[${part}]`)} axis ${axis}`,
        parts.map((part) => [part, gaussian] as const),
        (values) => [g.emit1(g.Concat, values, { axis })],
      );
    }),
  ),
  Split: shapeAndAxis(1, 3).chain(({ shape, axis }) =>
    fc.tuple(integersBetween(1, 3, 3), fc.boolean()).map(([lengths, even]) => {
      const at = axis < 0 ? axis + shape.length : axis;
      const total = even ? 5 : lengths.reduce((a, b) => a + b);
      const whole = shape.map((n, i) => (i === at ? total : n));
      return even
        ? one(g.Split, whole, [], { axis, num_outputs: 2 })
        : one(g.Split, whole, [lengths], { axis });
    }),
  ),
  Tile: shapes(1, 3, 3).chain((shape) =>
    integersBetween(1, 3, shape.length).map((repeats) => one(g.Tile, shape, [repeats])),
  ),
  Trilu: fc
    .tuple(shapes(2, 3), bit, fc.integer({ min: -3, max: 3 }))
    .map(([shape, upper, k]) =>
      instance(`Trilu [${shape}] ${upper} ${k}`, [[shape, gaussian]], ([x]) => [
        g.emit1(g.Trilu, [x, g.constant(g.tensor('int64', [], [k]))], { upper }),
      ]),
    ),
  CumSum: fc
    .tuple(shapeAndAxis(1, 3), bit, bit)
    .map(([{ shape, axis }, exclusive, reverse]) =>
      instance(`CumSum [${shape}] ${axis} ${exclusive} ${reverse}`, [[shape, gaussian]], ([x]) => [
        g.emit1(g.CumSum, [x, g.constant(g.tensor('int64', [], [axis]))], { exclusive, reverse }),
      ]),
    ),
  DepthToSpace: fc
    .constantFrom({}, { mode: 'DCR' }, { mode: 'CRD' })
    .map((mode) => one(g.DepthToSpace, [2, 12, 2, 3], [], { blocksize: 2, ...mode })),
  SpaceToDepth: fc
    .constantFrom(1, 2, 3)
    .map((blocksize) => one(g.SpaceToDepth, [2, 2, 6, 12], [], { blocksize })),
};
