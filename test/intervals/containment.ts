// Random boxes around random points, and whether what a graph computes there stays within its enclosures.
import { expect } from 'vitest';
import type { Graph, Value } from '../../src/graph/index.ts';
import * as g from '../../src/graph/index.ts';
import type { Box, JacobianBox } from '../../src/intervals/index.ts';
import type { Rng } from '../../src/random/index.ts';
import { uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import type { Instance } from '../graph/ops/instance.ts';

export interface Subject {
  readonly graph: Graph;
  readonly point: Float64Array;
}

/** An instance of several inputs and outputs as a graph of one flat input and one flat output, and a random point. */
export function subjectOf(one: Instance, key: Rng): Subject {
  const sizes = one.inputs.map(({ shape }) => g.sizeOf(shape));
  const x = g.input('x', 'float64', [sizes.reduce((a, b) => a + b, 0)]);
  const parts = g.split(x, 0, sizes).map((part, i) => g.reshape(part, one.inputs[i]!.shape));
  const flat = one.build(parts).map((y) => g.reshape(g.cast(y, 'float64'), [g.sizeOf(y.shape)]));
  const point = one.inputs.flatMap(({ draw }, i) => [...draw(key.split('x').split(i), sizes[i]!)]);
  return { graph: g.graph([x], { y: g.concat(flat, 0) }), point: Float64Array.from(point) };
}

export const boxAround = (point: Float64Array, radius: number): Box => ({
  lower: point.map((v) => v - radius),
  upper: point.map((v) => v + radius),
});

/** Points of the box: its corners by random signs, its middle, and random ones. */
export function pointsOf(box: Box, count: number, key: Rng): Float64Array[] {
  return Array.from({ length: count }, (_, i) => {
    const t = uniform(key.split(i), box.lower.length, 0, 1);
    const at = (u: number) => (i === 0 ? 0.5 : i % 2 === 0 ? u : Math.round(u));
    return box.lower.map((low, j) => {
      const mixed = low + at(t[j]!) * (box.upper[j]! - low);
      return Math.min(Math.max(mixed, low), box.upper[j]!);
    });
  });
}

/** f at each point, in float64 by ONNX Runtime. */
export async function valuesAt(graph: Graph, points: readonly Float64Array[]): Promise<Float64Array[]> {
  const program = await compile(g.toFloat(graph, 'float64'));
  const [name] = [program.inputs[0]!.name];
  try {
    const all: Float64Array[] = [];
    for (const x of points) all.push(Object.values(await program.run({ [name]: x }))[0] as Float64Array);
    return all;
  } finally {
    await program.dispose();
  }
}

/** The Jacobian that the engine's own rules give at each point, `[outputs, features]`. */
export async function jacobiansAt(graph: Graph, points: readonly Float64Array[]): Promise<Float64Array[]> {
  const double = g.toFloat(graph, 'float64');
  const [y] = Object.values(double.outputs) as [Value];
  const x = double.inputs[0]!;
  const seed = g.input('seed', 'float64', y.shape);
  const [slope] = g.vjp([y], [seed], [x]) as [Value];
  const inputs = g.inputsOf([slope]);
  const program = await compile(g.graph(inputs, { slope }));
  const [rows, columns] = [g.sizeOf(y.shape), g.sizeOf(x.shape)];
  const name = program.inputs.find((port) => port.name !== 'seed')?.name;
  try {
    const all: Float64Array[] = [];
    for (const point of points) {
      const jacobian = new Float64Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        const one = new Float64Array(rows);
        one[i] = 1;
        const feeds = {
          ...(name === undefined ? {} : { [name]: point }),
          ...(inputs.includes(seed) ? { seed: one } : {}),
        };
        jacobian.set((await program.run(feeds)).slope as Float64Array, i * columns);
      }
      all.push(jacobian);
    }
    return all;
  } finally {
    await program.dispose();
  }
}

/** Throws unless every value lies between the ends, up to the rounding of ONNX Runtime. */
export function expectWithin(
  values: Float64Array,
  { lower, upper }: Box,
  slack: number,
  label: string,
): void {
  expect(lower.length, label).toBe(values.length);
  const size = values.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1);
  values.forEach((v, i) => {
    const [low, high] = [lower[i]!, upper[i]!];
    // Outside of its domain a function has no value to enclose.
    if (Number.isNaN(v)) return;
    const within = low <= v + slack * size && v - slack * size <= high;
    if (!within || Number.isNaN(low) || Number.isNaN(high))
      expect.fail(`${label}: entry ${i} is ${v}, outside of [${low}, ${high}]`);
  });
}

/** The widest entry of a box, relative to the largest number in it. */
export function widthOf({ lower, upper }: Box): number {
  let [widest, size] = [0, 1];
  lower.forEach((low, i) => {
    widest = Math.max(widest, upper[i]! - low);
    size = Math.max(size, Math.abs(low));
  });
  return widest / size;
}

export const entries = ({ lower, upper }: JacobianBox): Box => ({ lower: lower.data, upper: upper.data });
