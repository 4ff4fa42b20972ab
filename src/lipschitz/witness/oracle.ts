// Values and derivatives at many points at once, by the engine.
import { RobustlawError } from '../../errors.ts';
import type { Graph, Model, Value } from '../../graph/index.ts';
import {
  BATCH,
  bytesOfDerivative,
  graph,
  input,
  nameOf,
  singleSample,
  sizeOf,
  toFloat,
  topological,
  vjp,
  work,
} from '../../graph/index.ts';
import { normal, rng } from '../../random/index.ts';
import { compile, type Program, runRows } from '../../runtime/index.ts';

/** The rows of points, cotangents and directions are flat, row-major: `[count, features]` or `[count, outputs]`. */
export interface Oracle {
  readonly features: number;
  readonly outputs: number;
  /** Most rows of one call. */
  readonly batch: number;
  /** The function that is searched, for at most `batch` rows. */
  graphFor(rows: number): Graph;
  /** Relative accuracy of derivatives and of the values that come with them. */
  readonly accuracy: number;
  /** Multiplications and additions of one value of f. */
  readonly work: number;
  /** Those of all calls so far. */
  spent(): number;
  /** f(x_i), in float64. */
  values(points: Float64Array): Promise<Float64Array>;
  /** f(x_i) and J(x_i)^T u_i. */
  pull(points: Float64Array, us: Float64Array): Promise<{ values: Float64Array; gradients: Float64Array }>;
  /** J(x_i) v_i. */
  push(points: Float64Array, vs: Float64Array): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** Rows of a batch, and operations past which a call costs as much as its rows: then few rows waste less. */
const MOST_ROWS = 128;
const LEAST_ROWS = 4;
const WORK_OF_CALL = 4e6;
/** Memory for the intermediate values of one call. */
const MOST_BYTES = 2 ** 29;

/**
 * The oracle of a model with one input and one output of floating-point numbers. It computes 4 to 128 rows at once, as many
 * as fit into half a gigabyte; one where the output has no batch axis. Derivatives are those in float64, but for
 * convolutional networks of float32 weights, where they are those in float32: the engine has no kernel of convolutions in
 * float64 and is 10 times slower there.
 *
 * @throws unsupported-op for a model with several inputs or outputs, an integer input, a fixed batch of more than one row,
 *   rows that influence each other, or an operator without derivative.
 */
export async function createOracle(model: Model): Promise<Oracle> {
  const one = singleSample(model);
  const cost = work(one);
  const batch = batchOf(model, one, cost);
  const given = (rows: number) => (rows === 1 ? one : model.forBatch(rows));
  const dtype = one.inputs[0]!.dtype === 'float32' && convolves(one) ? 'float32' : 'float64';
  const searched = toFloat(given(batch), dtype);
  const [x] = searched.inputs as [Value];
  const [y] = Object.values(searched.outputs) as [Value];
  const features = sizeOf(x.shape) / batch;
  const outputs = sizeOf(y.shape) / batch;
  const names = { x: nameOf(x)!, u: `${nameOf(x)}:cotangent`, v: `${nameOf(x)}:direction` };
  const u = input(names.u, dtype, y.shape);
  const v = input(names.v, dtype, x.shape);
  const [pullback] = vjp([y], [u], [x]) as [Value];
  // J^T u is linear in u, and its derivative by u along v is J v.
  const [pushforward] = vjp([pullback], [v], [u]) as [Value];

  let spent = 0;
  const spend = (points: Float64Array, evaluations: number) => {
    spent += (points.length / features) * evaluations * cost;
  };
  const programs = new Map<string, Promise<Program>>();
  const program = (name: string, build: () => Graph): Promise<Program> => {
    const known = programs.get(name) ?? compile(build());
    programs.set(name, known);
    return known;
  };
  const oracle: Oracle = {
    features,
    outputs,
    batch,
    graphFor: (rows) => toFloat(given(rows), dtype),
    accuracy: dtype === 'float32' ? 1e-5 : 1e-12,
    work: cost,
    spent: () => spent,
    async values(points) {
      spend(points, 1);
      const forward = await program('forward', () => {
        const exact = toFloat(given(batch), 'float64');
        return graph(exact.inputs, { ':value': Object.values(exact.outputs)[0]! });
      });
      const found = await runRows(
        forward,
        batch,
        'float64',
        { [names.x]: points },
        { ':value': outputs },
        Float64Array,
      );
      return found[':value'];
    },
    async pull(points, us) {
      spend(points, 3);
      const backward = await program('pull', () => graph([x, u], { ':value': y, ':gradient': pullback }));
      const found = await runRows(
        backward,
        batch,
        dtype,
        { [names.x]: points, [names.u]: us },
        { ':value': outputs, ':gradient': features },
        Float64Array,
      );
      return { values: found[':value'], gradients: found[':gradient'] };
    },
    async push(points, vs) {
      spend(points, 4);
      const forward = await program('push', () => graph([x, u, v], { ':image': pushforward }));
      const us = new Float64Array((points.length / features) * outputs);
      const found = await runRows(
        forward,
        batch,
        dtype,
        { [names.x]: points, [names.u]: us, [names.v]: vs },
        { ':image': outputs },
        Float64Array,
      );
      return found[':image'];
    },
    async dispose() {
      for (const known of programs.values()) await (await known).dispose();
    },
  };
  try {
    if (batch > 1) await requireIndependentRows(oracle, model.name);
    return oracle;
  } catch (error) {
    await oracle.dispose();
    throw error;
  }
}

/** 1 where an axis of the batch is not to be seen on both sides. */
function batchOf(model: Model, one: Graph, cost: number): number {
  const batched = [model.inputs[0]!, model.outputs[0]!].every(({ shape }) => shape[0] === BATCH);
  if (model.fixedBatch === 1 || !batched) return 1;
  const wanted = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.floor(WORK_OF_CALL / cost)));
  return Math.max(1, Math.min(wanted, Math.floor(MOST_BYTES / bytesOfDerivative(one))));
}

function convolves(g: Graph): boolean {
  return topological(Object.values(g.outputs)).some(({ op }) => op.name.startsWith('Conv'));
}

/** The gradient of an output of the first row must vanish on all others. */
async function requireIndependentRows(oracle: Oracle, name: string): Promise<void> {
  const { batch, features, outputs } = oracle;
  const points = normal(rng('rows').split('points'), batch * features);
  const cotangents = new Float64Array(batch * outputs);
  cotangents.set(normal(rng('rows').split('cotangent'), outputs));
  const { gradients } = await oracle.pull(points, cotangents);
  const largest = (from: number, to: number) =>
    gradients.subarray(from, to).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (largest(features, gradients.length) > 1e-9 * largest(0, features)) {
    throw new RobustlawError(
      'unsupported-op',
      `the rows of a batch influence each other in the model "${name}"; a Lipschitz constant is that of a function of one row: export the model in evaluation mode (batch normalisation with its running averages)`,
    );
  }
}

/** Rows of equal length one after another. */
export function joined(rows: readonly Float64Array[]): Float64Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) all.set(row, i * width);
  return all;
}

/** The rows of `width` entries, as copies. */
export function rowsOf(flat: Float64Array, width: number): Float64Array[] {
  return Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));
}
