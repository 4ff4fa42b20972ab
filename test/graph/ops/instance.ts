// One application of an operator to random inputs, for the tests that run through all operators.
import fc from 'fast-check';
import type { Shape, Value } from '../../../src/graph/index.ts';
import type { Rng } from '../../../src/random/index.ts';
import { normal, permutation, uniform } from '../../../src/random/index.ts';

/** Random values for an input of `size` elements. */
export type Draw = (key: Rng, size: number) => Float64Array;

export interface Instance {
  readonly inputs: readonly { readonly shape: Shape; readonly draw: Draw }[];
  /** Floating-point outputs from the inputs; the element type is that of the inputs. */
  readonly build: (inputs: readonly Value[]) => readonly Value[];
  /** Attributes and shapes, for the message of a failed test. */
  readonly label: string;
}

/** Arbitrary instances by ONNX operator name. */
export type Instances = Readonly<Record<string, fc.Arbitrary<Instance>>>;

export const gaussian: Draw = (key, size) => normal(key, size);
export const positive: Draw = (key, size) => uniform(key, size, 0.5, 2.5);
export const between =
  (low: number, high: number): Draw =>
  (key, size) =>
    uniform(key, size, low, high);

/** Gaussian, but no closer than 0.05 to the points where the operator has a kink or a jump. */
export const awayFrom =
  (...points: readonly number[]): Draw =>
  (key, size) =>
    normal(key, size).map((x) => {
      const near = points.find((point) => Math.abs(x - point) < 0.05);
      return near === undefined ? x : near + (x < near ? -0.1 : 0.1);
    });

/** No two elements closer than 0.05, in random order. */
export const distinct: Draw = (key, size) =>
  Float64Array.from(permutation(key, size), (rank) => 0.05 * (rank - size / 2) + 0.0125);

export function instance(
  label: string,
  inputs: readonly (readonly [Shape, Draw])[],
  build: Instance['build'],
): Instance {
  return { label, inputs: inputs.map(([shape, draw]) => ({ shape, draw })), build };
}

/** A shape of `low` to `high` axes of 1 to `longest` cells. */
export function shapes(low = 0, high = 4, longest = 4): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 1, max: longest }), { minLength: low, maxLength: high });
}

/** Shapes that broadcast to a common one: axes of 1, and missing leading axes. */
export function broadcastable(count: number): fc.Arbitrary<number[][]> {
  return shapes(0, 3).chain((full) =>
    fc.tuple(
      ...Array.from({ length: count }, () =>
        fc
          .tuple(
            fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
            fc.nat(full.length),
          )
          .map(([ones, dropped]) => full.map((n, i) => (ones[i] ? 1 : n)).slice(dropped)),
      ),
    ),
  );
}

/** A shape and one of its axes, counted from either end. */
export function shapeAndAxis(low = 1, high = 4): fc.Arbitrary<{ shape: number[]; axis: number }> {
  return shapes(low, high).chain((shape) =>
    fc.integer({ min: -shape.length, max: shape.length - 1 }).map((axis) => ({ shape, axis })),
  );
}

export const integersBetween = (min: number, max: number, count: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min, max }), { minLength: count, maxLength: count });
