// Values and gradients at many points at once, by the engine in float64.
import type { Graph } from '../graph/index.ts';
import { graph, input, nameOf, sizeOf, toFloat, vjp } from '../graph/index.ts';
import { compile } from '../runtime/index.ts';

/** Points, values and gradients of one call, row-major. */
export interface Probes {
  readonly count: number;
  /** `[count, features]`. */
  readonly points: Float64Array;
  /** <u, f(x_i)>: `[count]`. */
  readonly values: Float64Array;
  /** J(x_i)^T u: `[count, features]`. */
  readonly gradients: Float64Array;
}

export interface Oracle {
  readonly features: number;
  readonly outputs: number;
  /** f and its gradient along the output direction u `[outputs]`, at points `[count, features]`. */
  probe(points: Float64Array, u: Float64Array): Promise<Probes>;
  /** J(x) v for x, v `[features]`. */
  image(x: Float64Array, v: Float64Array): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/**
 * The oracle of a graph with one input `[batch, ...]` and one output `[batch, ...]`, whose rows do not influence each
 * other. Points are fed in chunks of the graph's own batch size: a graph built for about 32 points is fastest.
 */
export async function createOracle(g: Graph): Promise<Oracle> {
  const exact = toFloat(g, 'float64');
  const [x] = exact.inputs;
  const [y] = Object.values(exact.outputs);
  const batch = x!.shape[0]!;
  const features = sizeOf(x!.shape.slice(1));
  const outputs = sizeOf(y!.shape.slice(1));
  const name = nameOf(x!)!;
  const u = input(`${name}:cotangent`, 'float64', y!.shape);
  const v = input(`${name}:direction`, 'float64', x!.shape);
  const [pullback] = vjp([y!], [u], [x!]);
  // J^T u is linear in u, and its derivative by u along v is J v.
  const [pushforward] = vjp([pullback!], [v], [u]);
  const program = await compile(graph([x!, u], { value: y!, gradient: pullback! }));
  const forward = outputs > 1 ? await compile(graph([x!, u, v], { image: pushforward! })) : undefined;

  const probe: Oracle['probe'] = async (points, direction) => {
    const count = points.length / features;
    const values = new Float64Array(count);
    const gradients = new Float64Array(count * features);
    const cotangents = repeated(direction, batch);
    for (let from = 0; from < count; from += batch) {
      const size = Math.min(batch, count - from);
      const chunk = new Float64Array(batch * features);
      chunk.set(points.subarray(from * features, (from + size) * features));
      const result = await program.run({ [name]: chunk, [nameOf(u)!]: cotangents });
      const value = result.value as Float64Array;
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < outputs; j++) values[from + i]! += direction[j]! * value[i * outputs + j]!;
      }
      gradients.set((result.gradient as Float64Array).subarray(0, size * features), from * features);
    }
    return { count, points, values, gradients };
  };

  return {
    features,
    outputs,
    probe,
    async image(point, direction) {
      if (!forward) {
        const { gradients } = await probe(point, Float64Array.of(1));
        return Float64Array.of(direction.reduce((sum, t, i) => sum + t * gradients[i]!, 0));
      }
      const result = await forward.run({
        [name]: repeated(point, batch),
        [nameOf(u)!]: new Float64Array(batch * outputs),
        [nameOf(v)!]: repeated(direction, batch),
      });
      return (result.image as Float64Array).slice(0, outputs);
    },
    async dispose() {
      await program.dispose();
      await forward?.dispose();
    },
  };
}

function repeated(row: Float64Array, times: number): Float64Array {
  const result = new Float64Array(times * row.length);
  for (let i = 0; i < times; i++) result.set(row, i * row.length);
  return result;
}
