// Compares an imported model with ONNX Runtime on the very bytes of its file.
import { expect } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import { topological } from '../../src/graph/graph.ts';
import type { Graph, TensorData } from '../../src/graph/index.ts';
import { encode, importGraph, nameOf, toFloat } from '../../src/graph/index.ts';
import { decodeModel } from '../../src/graph/onnx-file/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { runDirectly } from './handmade.ts';

type Feeds = Readonly<Record<string, { data: TensorData; shape: readonly number[] }>>;

export async function run(g: Graph, feeds: Readonly<Record<string, TensorData>>) {
  const program = await compile(g);
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

/** The largest difference relative to the largest of the expected numbers (or 1, if that is less). */
export function distance(actual: ArrayLike<number | bigint>, expected: ArrayLike<number | bigint>): number {
  expect(actual.length).toBe(expected.length);
  const numbers = Array.from(expected, Number);
  const scale = Math.max(1, ...numbers.map(Math.abs));
  return Math.max(
    0,
    ...numbers.map((v, i) => (Object.is(v, Number(actual[i])) ? 0 : Math.abs(v - Number(actual[i])) / scale)),
  );
}

export const numbers = (count: number, seed = 1) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i + 0.3 * i * i));
export const fed = (count: number, shape: readonly number[], seed = 1) => ({
  data: numbers(count, seed),
  shape,
});

/** Imports a file and compares it with ONNX Runtime on the very bytes of the file: float32, re-encoded, float64. */
export async function agrees(file: Uint8Array, feeds: Feeds, outputs?: readonly string[]): Promise<Graph> {
  const direct = await runDirectly(file, feeds, outputs);
  const model = decodeModel(file);
  const symbols = Object.fromEntries(
    model.graph.inputs.flatMap((p) =>
      (p.dimensions ?? []).flatMap((d, i) =>
        typeof d === 'number' ? [] : [[d ?? `${p.name}[${i}]`, feeds[p.name]!.shape[i]!] as const],
      ),
    ),
  );
  const g = importGraph(model, symbols, outputs);
  const again = await runDirectly(
    encode(g),
    Object.fromEntries(g.inputs.map((v) => [nameOf(v)!, feeds[nameOf(v)!]!])),
  );
  const data = Object.fromEntries(g.inputs.map((v) => [nameOf(v)!, feeds[nameOf(v)!]!.data]));
  const double = Object.fromEntries(
    Object.entries(data).map(([name, d]) => [name, d instanceof Float32Array ? Float64Array.from(d) : d]),
  );
  const [single, exact] = [await run(g, data), await run(toFloat(g, 'float64'), double)];
  for (const [name, { data: expected, dims }] of Object.entries(direct)) {
    expect(g.outputs[name]!.shape).toStrictEqual([...dims]);
    expect(distance(single[name]!, expected), `${name} in float32`).toBeLessThan(1e-5);
    expect(distance(again[name]!.data, expected), `${name} encoded again`).toBeLessThan(1e-5);
    expect(distance(exact[name]!, expected), `${name} in float64`).toBeLessThan(1e-4);
  }
  return g;
}

export const operatorsOf = (g: Graph) => topological(Object.values(g.outputs)).map((n) => n.op.name);

export function failure(work: () => unknown): RobustlawError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RobustlawError);
    return error as RobustlawError;
  }
  throw new Error('the import succeeded');
}
