// Steps by the sign of the gradient in linf, as the program of a graph: a loop over all entries in JavaScript would take nearly as long as the gradient of a small network.
import {
  add,
  cast,
  graph,
  greater,
  input,
  inputsOf,
  less,
  maximum,
  minimum,
  mul,
  sub,
  type Value,
} from '../graph/index.ts';
import { compile, fillRows, type Program } from '../runtime/index.ts';
import { inParts, partSizes } from './parts.ts';
import { project } from './projection.ts';
import type { Threat } from './threat.ts';

/** The least and the largest entries that the threat model allows in linf, `[rows, features]` each. */
export interface Limits {
  readonly least: Float32Array;
  readonly most: Float32Array;
}

/** Where a step starts, `[rows, features]` each, and its sizes `[rows]`. */
export interface SignStep extends Limits {
  readonly current: Float32Array;
  /** The point before, for steps with momentum. */
  readonly previous?: Float32Array;
  readonly gradients: Float32Array;
  readonly sizes: Float64Array;
}

export interface SignSteps {
  /**
   * With z = clip(x + size sign(gradient)), `into` becomes z or, where there is a point before,
   * clip(x + fresh (z - x) + (1 - fresh) (x - previous)), computed in float32, which never leaves the limits. An entry without
   * slope, or without number, takes no step.
   */
  step(step: SignStep, into: Float32Array): Promise<void>;
  dispose(): Promise<void>;
}

export function linfLimits(threat: Threat, points: Float32Array, features: number): Limits {
  const extreme = (entry: number) => {
    const rows = new Float32Array(points.length).fill(entry);
    project(threat, points, rows, features);
    return rows;
  };
  return { least: extreme(-Infinity), most: extreme(Infinity) };
}

/** Rows and entries of one execution, which should stay in the cache. */
const MOST_ROWS = 256;
const MOST_ENTRIES = 2 ** 18;

/** Larger steps lead to infinity, and from there to no number. */
const LONGEST = 2 ** 126;

/** Programs for rows of `features` entries, compiled when they are needed. `fresh` is the share of a step that is no momentum. */
export function signSteps(features: number, fresh = 1): SignSteps {
  const rowsAtOnce = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_ENTRIES / features)));
  const sizesAtOnce = partSizes(rowsAtOnce);
  const programs = new Map<string, Promise<Program>>();
  const program = (rows: number, moving: boolean) => {
    const name = `${rows} ${moving}`;
    const known = programs.get(name) ?? compile(stepGraph(rows, features, moving ? fresh : undefined));
    programs.set(name, known);
    return known;
  };
  return {
    async step({ sizes, ...points }, into) {
      const short = Float32Array.from(sizes, (size) => Math.min(size, LONGEST));
      const arrays = Object.entries(points) as [string, Float32Array][];
      await inParts(sizesAtOnce, sizes.length, async (rows, from, to) => {
        const part = (array: Float32Array) => array.subarray(from * features, to * features);
        const feeds = Object.fromEntries(arrays.map(([name, array]) => [name, part(array)]));
        const compiled = await program(rows, points.previous !== undefined);
        await fillRows(
          compiled,
          rows,
          'float32',
          { ...feeds, sizes: short.subarray(from, to) },
          { next: part(into) },
        );
      });
    },
    async dispose() {
      for (const known of programs.values()) await (await known).dispose();
    },
  };
}

function stepGraph(rows: number, features: number, fresh?: number) {
  const points = (name: string) => input(name, 'float32', [rows, features]);
  const [x, gradients, least, most] = ['current', 'gradients', 'least', 'most'].map(points) as Value[] &
    [Value, Value, Value, Value];
  const sizes = input('sizes', 'float32', [rows, 1]);
  const clip = (value: Value) => minimum(maximum(value, least), most);
  // Not the operator Sign, which is no number where its argument is none.
  const signs = sub(cast(greater(gradients, 0), 'float32'), cast(less(gradients, 0), 'float32'));
  const z = clip(add(x, mul(sizes, signs)));
  const next =
    fresh === undefined
      ? z
      : clip(add(x, add(mul(fresh, sub(z, x)), mul(1 - fresh, sub(x, points('previous'))))));
  return graph(inputsOf([next]), { next });
}
