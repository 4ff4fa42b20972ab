// Random inputs of a training step: what an objective declares, and the numbers of one step.
import type { FloatType, Shape, TensorData, Value } from '../graph/index.ts';
import { allocate, input, sizeOf } from '../graph/index.ts';
import type { Rng } from '../random/index.ts';
import { sphere, uniform } from '../random/index.ts';

/**
 * Per point of the batch, independently: uniform in the cube [-1, 1]^d or in the unit ball of R^d, in the shape of a
 * point, or uniform on the unit sphere of R^m in the shape of an output.
 */
export type Draw = 'cube' | 'ball' | 'output-sphere';

/** Random inputs by name. */
export type Draws = Readonly<Record<string, Draw>>;

export interface DrawShapes {
  readonly batch: number;
  readonly inputShape: Shape;
  readonly outputs: number;
}

function shapeOf(draw: Draw, { batch, inputShape, outputs }: DrawShapes): Shape {
  return draw === 'output-sphere' ? [batch, outputs] : [batch, ...inputShape];
}

/** The inputs of the graph, by the names of the draws. */
export function drawInputs(draws: Draws, shapes: DrawShapes, dtype: FloatType): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => [name, input(inputName(name), dtype, shapeOf(draw, shapes))]),
  );
}

/** The numbers of successive steps, `[steps, ...]`, by the names of the inputs; those of a step are a function of its key. */
export function drawNumbers(
  draws: Draws,
  shapes: DrawShapes,
  keys: readonly Rng[],
  dtype: FloatType,
): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => {
      const size = sizeOf(shapeOf(draw, shapes));
      const array = allocate(dtype, keys.length * size) as Float32Array | Float64Array;
      for (const [i, key] of keys.entries()) array.set(sample(draw, shapes, key.split(name)), i * size);
      return [inputName(name), array];
    }),
  );
}

/** The inputs of the graph that take draws. */
export const drawNames = (draws: Draws): readonly string[] => Object.keys(draws).map(inputName);

function sample(draw: Draw, { batch, inputShape, outputs }: DrawShapes, key: Rng): Float64Array {
  if (draw === 'output-sphere') return sphere(key, batch, outputs);
  const d = sizeOf(inputShape);
  if (draw === 'cube') return uniform(key, batch * d, -1, 1);
  const points = sphere(key.split('direction'), batch, d);
  uniform(key.split('radius'), batch).forEach((u, i) => {
    const radius = u ** (1 / d);
    for (let j = i * d; j < (i + 1) * d; j++) points[j]! *= radius;
  });
  return points;
}

const inputName = (draw: string) => `draw:${draw}`;
