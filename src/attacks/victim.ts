// The model under attack: its scores, and the gradients of losses with respect to its input, at many points at once.
import { RobustlawError } from '../errors.ts';
import type { FloatType, Graph, Model, Value } from '../graph/index.ts';
import {
  BATCH,
  bytesOfDerivative,
  full,
  graph,
  input,
  inputsOf,
  nameOf,
  singleSample,
  sizeOf,
  vjp,
  work,
} from '../graph/index.ts';
import { compile, fillRows, type Program } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import { compileIteration, type Iteration, type IterationArrays } from './iteration.ts';
import { inParts, partSizes } from './parts.ts';
import { scored } from './scored.ts';
import type { LabelRows, Task } from './task.ts';

/** A function of scores that attacks increase. Rows do not influence each other. */
export interface Loss {
  /** Names the compiled program: two losses of a victim never share a name. */
  readonly name: string;
  /** `[batch]` from scores, labels and targets, each `[batch, outputs]` of the same element type. */
  readonly of: (scores: Value, labels: Value, targets: Value) => Value;
}

/** The loss of each row `[rows]`, the scores `[rows, outputs]` it comes from, and its gradients `[rows, features]`. */
export interface LossGradient {
  readonly scores: Float32Array;
  readonly losses: Float32Array;
  readonly gradients: Float32Array;
}

/** Points are rows of `[rows, features]`, as many as you like. */
export interface Victim {
  readonly name: string;
  readonly task: Task;
  readonly features: number;
  /** Scores per row: at least 2 in classification. */
  readonly outputs: number;
  /** Rows of one execution; any number of rows is taken, multiples of this one are fastest. */
  readonly batch: number;
  /** What was changed between the model and the scores, for people. */
  readonly notes: readonly string[];
  scores(points: Float32Array): Promise<Float32Array>;
  /** Targets are needed only where the loss uses them; they default to the labels. */
  gradient(
    loss: Loss,
    points: Float32Array,
    labels: LabelRows,
    targets?: LabelRows,
    /** Written to and returned, so that loops take no new memory; its arrays are none of those given. */
    into?: LossGradient,
  ): Promise<LossGradient>;
  /** Losses and the scores they come from, without gradients, written to `into`. */
  losses(
    loss: Loss,
    points: Float32Array,
    labels: LabelRows,
    targets: LabelRows,
    into: Pick<LossGradient, 'scores' | 'losses'>,
  ): Promise<void>;
  /**
   * Steps of an attack, as many as `each` has numbers, from the state `[rows, width]` to `into`, whose arrays are none of those
   * given. Asks `stop` now and then; the rows not yet reached stay as they are.
   */
  iterate(
    iteration: Iteration,
    loss: Loss,
    labels: LabelRows,
    targets: LabelRows,
    arrays: IterationArrays,
    into: Readonly<Record<string, Float32Array>>,
    stop: Stop,
  ): Promise<void>;
  /** Steps of one iterate() within which it is well to ask whether to stop: some tenth of a second. At least 1. */
  readonly stride: number;
  /** Rows whose scores and gradients were computed so far. */
  spent(): { readonly scores: number; readonly gradients: number };
  dispose(): Promise<void>;
}

/** Most rows of one execution, and the memory its intermediate values may take. */
const MOST_ROWS = 256;
const MOST_BYTES = 2 ** 29;

/** Most multiplications and additions of one execution of several steps. */
const MOST_WORK = 2e9;

/**
 * A victim from a model with one input and one output of floating-point numbers. A final Softmax, LogSoftmax or Sigmoid is
 * left out: the order of the scores is the same without it and gradients do not vanish. One output in classification,
 * a logit or after Sigmoid, becomes two classes, 0 and 1.
 *
 * Rows beyond the last full batch run in smaller programs; the same call gives the same bits.
 *
 * @throws RobustlawError `unsupported-op` where the model has several inputs or outputs, an integer input, or a fixed
 *   batch of several rows; at the first gradient also for an operator without derivative.
 */
export async function createVictim(model: Model, task: Task, mostRows = MOST_ROWS): Promise<Victim> {
  const one = singleSample(model);
  const dtype = one.inputs[0]!.dtype as FloatType;
  const features = sizeOf(one.inputs[0]!.shape);
  const { outputs, notes } = scored(one, 1, task);
  const batched = [model.inputs[0]!, model.outputs[0]!].every(({ shape }) => shape[0] === BATCH);
  const most = model.fixedBatch === 1 || !batched ? 1 : Math.min(mostRows, rowsInMemory(one, mostRows));
  const sizes = partSizes(most);
  const spent = { scores: 0, gradients: 0 };

  const programs = new Map<string, Promise<Program>>();
  const program = (name: string, build: () => Graph): Promise<Program> => {
    const known = programs.get(name) ?? compile(build());
    programs.set(name, known);
    return known;
  };
  const forward = (rows: number) =>
    program(`scores ${rows}`, () => {
      const g = model.forBatch(rows);
      return graph(g.inputs, { ':scores': scored(g, rows, task).scores });
    });
  /** The scores, the losses and, if wanted, the gradients. */
  const climbing = (loss: Loss, rows: number, withGradients: boolean) =>
    program(`${loss.name} ${withGradients} ${rows}`, () => {
      const g = model.forBatch(rows);
      const { scores } = scored(g, rows, task);
      const labels = input(':labels', dtype, [rows, outputs]);
      const targets = input(':targets', dtype, [rows, outputs]);
      const losses = loss.of(scores, labels, targets);
      const values: Record<string, Value> = { ':scores': scores, ':losses': losses };
      if (withGradients) {
        const ones = full(dtype, [rows], 1);
        values[':gradients'] = vjp([losses], [ones], g.inputs)[0]!;
      }
      return graph(inputsOf(Object.values(values)), values);
    });
  const iterations = new Map<string, ReturnType<typeof compileIteration>>();
  const iterating = (iteration: Iteration, loss: Loss, rows: number) => {
    const name = `${loss.name} ${iteration.name} ${rows}`;
    const known = iterations.get(name) ?? compileIteration(iteration, loss, task, model.forBatch(rows), rows);
    iterations.set(name, known);
    return known;
  };
  /** Runs the program for every part of the rows; arrays are `[rows, ...]` under the names of its inputs and outputs. */
  const runParts = async (
    rows: number,
    programFor: (size: number) => Promise<Program>,
    given: Readonly<Record<string, Float32Array>>,
    into: Readonly<Record<string, Float32Array>>,
  ) => {
    await inParts(sizes, rows, async (size, from, to) => {
      const compiled = await programFor(size);
      const present = partOf(given, rows, from, to);
      const feeds = Object.fromEntries(compiled.inputs.map(({ name }) => [name, present[name]!]));
      await fillRows(compiled, size, dtype, feeds, partOf(into, rows, from, to));
    });
  };

  const x = nameOf(one.inputs[0]!)!;
  return {
    name: model.name,
    task,
    features,
    outputs,
    batch: most,
    notes,
    spent: () => ({ ...spent }),
    async scores(points) {
      const rows = points.length / features;
      const scores = new Float32Array(rows * outputs);
      spent.scores += rows;
      await runParts(rows, forward, { [x]: points }, { ':scores': scores });
      return scores;
    },
    async gradient(loss, points, labels, targets = labels, into) {
      const rows = points.length / features;
      const found = into ?? newGradient(rows, features, outputs);
      const { scores, losses, gradients } = found;
      spent.gradients += rows;
      const given = { [x]: points, ':labels': labels, ':targets': targets };
      const results = { ':scores': scores, ':losses': losses, ':gradients': gradients };
      await runParts(rows, (size) => climbing(loss, size, true), given, results);
      return found;
    },
    async losses(loss, points, labels, targets, { scores, losses }) {
      const rows = points.length / features;
      spent.scores += rows;
      const given = { [x]: points, ':labels': labels, ':targets': targets };
      const results = { ':scores': scores, ':losses': losses };
      await runParts(rows, (size) => climbing(loss, size, false), given, results);
    },
    stride: Math.max(1, Math.floor(MOST_WORK / (2 * most * work(one)))),
    async iterate(iteration, loss, labels, targets, { state, given, each }, into, stop) {
      const rows = state.points!.length / features;
      const fixed = { ...state, ...given, labels, targets };
      let done = 0;
      await inParts(sizes, rows, async (size, first, last) => {
        for (let from = first; from < last; from += size) {
          const to = Math.min(from + size, last);
          if (done > 0 && stop()) {
            for (const name in into) {
              const width = into[name]!.length / rows;
              into[name]!.set(state[name]!.subarray(done * width, to * width), done * width);
            }
          } else {
            const compiled = await iterating(iteration, loss, size);
            await compiled.run(partOf(fixed, rows, from, to), each, partOf(into, rows, from, to));
            spent.gradients += (to - Math.max(from, done)) * Object.values(each)[0]!.length;
          }
          done = to;
        }
      });
    },
    async dispose() {
      for (const known of [...programs.values(), ...iterations.values()])
        await known.then(
          (compiled) => compiled.dispose(),
          () => {},
        );
    },
  };
}

/** Rows [from, to) of arrays of so many rows. */
function partOf(
  arrays: Readonly<Record<string, Float32Array>>,
  rows: number,
  from: number,
  to: number,
): Record<string, Float32Array> {
  const parts: Record<string, Float32Array> = {};
  for (const name in arrays) {
    const width = arrays[name]!.length / rows;
    parts[name] = arrays[name]!.subarray(from * width, to * width);
  }
  return parts;
}

function rowsInMemory(one: Graph, mostRows: number): number {
  // bytesOfDerivative() counts float64; only gradients need it, and a model without them can still be queried.
  try {
    return Math.max(1, Math.floor((2 * MOST_BYTES) / bytesOfDerivative(one)));
  } catch (error) {
    if (error instanceof RobustlawError) return mostRows;
    throw error;
  }
}

/** Memory for the gradients of so many rows. */
export function newGradient(rows: number, features: number, outputs: number): LossGradient {
  return {
    scores: new Float32Array(rows * outputs),
    losses: new Float32Array(rows),
    gradients: new Float32Array(rows * features),
  };
}
