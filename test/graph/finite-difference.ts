// The derivative oracle: central differences of fourth order in float64, for first and second derivatives.
import type { Value } from '../../src/graph/index.ts';
import {
  add,
  constant,
  gradient,
  graph,
  innerProduct,
  input,
  inputsOf,
  sizeOf,
  tensor,
  toFloat,
} from '../../src/graph/index.ts';
import type { Rng } from '../../src/random/index.ts';
import { normal, uniform } from '../../src/random/index.ts';
import { compile } from '../../src/runtime/index.ts';
import type { Instance } from './ops/instance.ts';

export interface Discrepancy {
  /** |vjp - difference| of a random linear functional along a random direction, relative to the sizes of the terms. */
  readonly first: number;
  /** The same for the vjp of the inner product of the vjp with a random vector. */
  readonly second: number;
  /** Largest difference of the float32 kernels from float64, in outputs and first derivatives, relative to the largest. */
  readonly float32: number;
}

/** Fourth-order central difference (Fornberg 1988, table 1), from the function at t = -2h, -h, h, 2h. */
function difference([f2, f1, g1, g2]: readonly number[], step: number): number {
  return (f2! - 8 * f1! + 8 * g1! - g2!) / (12 * step);
}

/** Inputs are rounded to float32, so that both precisions see the same numbers; `step` is that of the differences. */
export async function discrepancy(one: Instance, key: Rng, step = 1e-3): Promise<Discrepancy> {
  const xs = one.inputs.map(({ shape }, i) => input(`x${i}`, 'float64', shape));
  const points = one.inputs.map(({ shape, draw }, i) =>
    draw(key.split('x').split(i), sizeOf(shape)).map(Math.fround),
  );
  const random = (like: Value, name: string) =>
    constant(tensor('float64', like.shape, normal(key.split(name), sizeOf(like.shape)).map(Math.fround)));
  const functional = (values: readonly Value[], name: string) =>
    values.map((value, i) => innerProduct(value, random(value, `${name}${i}`))).reduce((a, b) => add(a, b));

  const ys = one.build(xs);
  const phi = functional(ys, 'r');
  const first = gradient(phi, xs);
  const psi = functional(first, 's');
  const second = gradient(psi, xs);
  const named = (prefix: string, values: readonly Value[]) =>
    Object.fromEntries(values.map((value, i) => [`${prefix}${i}`, value]));
  const outputs = { phi, psi, ...named('y', ys), ...named('g', first), ...named('h', second) };
  const whole = graph(xs, outputs);
  const program = await compile(whole);
  const directions = points.map((x, i) => uniform(key.split('v').split(i), x.length, -1, 1));
  const at = (t: number) =>
    program.run(
      Object.fromEntries(
        points.map((x, i) => [`x${i}`, x.map((value, j) => value + t * directions[i]![j]!)]),
      ),
    );
  const centre = await at(0);
  const around: Awaited<ReturnType<typeof at>>[] = [];
  for (const t of [-2, -1, 1, 2]) around.push(await at(t * step));
  await program.dispose();

  const error = (prefix: string, name: string): number => {
    let [product, size] = [0, 0];
    directions.forEach((v, i) => {
      const slope = centre[`${prefix}${i}`] as Float64Array;
      v.forEach((component, j) => {
        product += slope[j]! * component;
        size += Math.abs(slope[j]! * component);
      });
    });
    return (
      Math.abs(
        product -
          difference(
            around.map((r) => Number(r[name]![0])),
            step,
          ),
      ) /
      (size + 0.01)
    );
  };
  return {
    first: error('g', 'phi'),
    second: error('h', 'psi'),
    float32: await float32Error({ ...named('y', ys), ...named('g', first) }, points, centre),
  };
}

async function float32Error(
  outputs: Readonly<Record<string, Value>>,
  points: readonly Float64Array[],
  expected: Readonly<Record<string, ArrayLike<number | bigint>>>,
): Promise<number> {
  const narrow = toFloat(graph(inputsOf(Object.values(outputs)), outputs), 'float32');
  const program = await compile(narrow);
  const feeds = points.map((x, i) => [`x${i}`, Float32Array.from(x)] as const);
  const names = new Set(program.inputs.map((port) => port.name));
  const got = await program.run(Object.fromEntries(feeds.filter(([name]) => names.has(name))));
  await program.dispose();
  let worst = 0;
  for (const name of Object.keys(outputs)) {
    const [a, b] = [got[name] as Float32Array, expected[name] as Float64Array];
    const size = b.reduce((max, x) => Math.max(max, Math.abs(x)), 1);
    a.forEach((x, i) => {
      worst = Math.max(worst, Math.abs(x - b[i]!) / size);
    });
  }
  return worst;
}
