// The model under attack: its scores, and the gradients of losses with respect to its input, at many points at once.
import { RobustlawError } from '../errors.ts';
import type { FloatType, Graph, Model, Value } from '../graph/index.ts';
import {
  BATCH,
  bytesOfDerivative,
  concat,
  full,
  graph,
  input,
  inputsOf,
  nameOf,
  neg,
  reshape,
  singleSample,
  sizeOf,
  vjp,
} from '../graph/index.ts';
import { compile, fillRows, type Program } from '../runtime/index.ts';
import { inParts, partSizes } from './parts.ts';
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

/** A function of points and the gradients there that is computed in the same execution as these. Rows do not influence each other. */
export interface Following {
  /** Names the compiled program, together with the loss. */
  readonly name: string;
  /**
   * `[batch, features]` from points and gradients of that shape. `given` makes an input `[batch, width]` of the same element
   * type, fed under its name.
   */
  readonly of: (points: Value, gradients: Value, given: (name: string, width: number) => Value) => Value;
}

/** The scores `[rows, outputs]`, the loss of each row `[rows]`, and what follows from its gradients `[rows, features]`. */
export interface LossFollowing {
  readonly scores: Float32Array;
  readonly losses: Float32Array;
  readonly next: Float32Array;
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
   * Losses, scores and what follows from the gradients, written to `into`: the gradients themselves are not carried out of
   * the execution, which on a small network costs nearly as much as computing them. `given` holds `[rows, width]` for each
   * input of `following`; no array of `into` is one of those given.
   */
  follow(
    following: Following,
    loss: Loss,
    points: Float32Array,
    labels: LabelRows,
    targets: LabelRows,
    given: Readonly<Record<string, Float32Array>>,
    into: LossFollowing,
  ): Promise<void>;
  /** Rows whose scores and gradients were computed so far. */
  spent(): { readonly scores: number; readonly gradients: number };
  dispose(): Promise<void>;
}

/** Most rows of one execution, and the memory its intermediate values may take. */
const MOST_ROWS = 256;
const MOST_BYTES = 2 ** 29;

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
  /** The scores, the losses and, unless `following` is false, the gradients or what follows from them. */
  const climbing = (loss: Loss, rows: number, following?: Following | false) =>
    program(`${loss.name} ${following ? following.name : following} ${rows}`, () => {
      const g = model.forBatch(rows);
      const { scores } = scored(g, rows, task);
      const labels = input(':labels', dtype, [rows, outputs]);
      const targets = input(':targets', dtype, [rows, outputs]);
      const losses = loss.of(scores, labels, targets);
      const values: Record<string, Value> = { ':scores': scores, ':losses': losses };
      if (following !== false) {
        const ones = full(dtype, [rows], 1);
        const [gradients] = vjp([losses], [ones], g.inputs) as [Value];
        if (following) {
          const wide = (value: Value) => reshape(value, [rows, features]);
          const given = (name: string, width: number) => input(`:${name}`, dtype, [rows, width]);
          values[':next'] = following.of(wide(g.inputs[0]!), wide(gradients), given);
        } else values[':gradients'] = gradients;
      }
      return graph(inputsOf(Object.values(values)), values);
    });
  /** Runs the program for every part of the rows; arrays are `[rows, ...]` under the names of its inputs and outputs. */
  const runParts = async (
    rows: number,
    programFor: (size: number) => Promise<Program>,
    given: Readonly<Record<string, Float32Array>>,
    into: Readonly<Record<string, Float32Array>>,
  ) => {
    await inParts(sizes, rows, async (size, from, to) => {
      const compiled = await programFor(size);
      const part = (array: Float32Array) => {
        const width = array.length / rows;
        return array.subarray(from * width, to * width);
      };
      const feeds = Object.fromEntries(compiled.inputs.map(({ name }) => [name, part(given[name]!)]));
      const results = Object.fromEntries(Object.entries(into).map(([name, array]) => [name, part(array)]));
      await fillRows(compiled, size, dtype, feeds, results);
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
      await runParts(rows, (size) => climbing(loss, size), given, results);
      return found;
    },
    async losses(loss, points, labels, targets, { scores, losses }) {
      const rows = points.length / features;
      spent.scores += rows;
      const given = { [x]: points, ':labels': labels, ':targets': targets };
      const results = { ':scores': scores, ':losses': losses };
      await runParts(rows, (size) => climbing(loss, size, false), given, results);
    },
    async follow(following, loss, points, labels, targets, given, { scores, losses, next }) {
      const rows = points.length / features;
      spent.gradients += rows;
      const named = Object.fromEntries(Object.entries(given).map(([name, array]) => [`:${name}`, array]));
      const feeds = { ...named, [x]: points, ':labels': labels, ':targets': targets };
      const results = { ':scores': scores, ':losses': losses, ':next': next };
      await runParts(rows, (size) => climbing(loss, size, following), feeds, results);
    },
    async dispose() {
      for (const known of programs.values())
        await known.then(
          (compiled) => compiled.dispose(),
          () => {},
        );
    },
  };
}

const SQUASHING = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);

/** The scores `[rows, outputs]` that a graph's output stands for, as createVictim() reads it. */
export function scored(
  g: Graph,
  rows: number,
  task: Task,
): { scores: Value; outputs: number; notes: string[] } {
  const [output] = Object.values(g.outputs) as [Value];
  const width = sizeOf(output.shape) / rows;
  if (task.kind === 'regression') return { scores: flat(output, rows), outputs: width, notes: [] };
  const squashed =
    SQUASHING.has(output.node.op.name) && (output.node.op.name === 'Sigmoid' || squashesRows(output, width));
  const logits = squashed ? output.node.inputs[0]! : output;
  const notes = squashed
    ? [`the final ${output.node.op.name} is left out: attacks see the scores before it`]
    : [];
  const scores = flat(logits, rows);
  if (width > 1) return { scores, outputs: width, notes };
  notes.push(
    `the one output is read as the logit of class 1 against class 0: class 1 where ${squashed ? 'the probability exceeds 0.5' : 'it is positive'}`,
  );
  return { scores: concat([neg(scores), scores], 1), outputs: 2, notes };
}

/** Whether a Softmax goes over all the outputs of a row, so that it keeps their order. */
function squashesRows({ node, shape }: Value, width: number): boolean {
  const axis = Number(node.attributes.axis ?? -1);
  return shape[axis < 0 ? axis + shape.length : axis] === width;
}

function flat(value: Value, rows: number): Value {
  const width = sizeOf(value.shape) / rows;
  return value.shape.length === 2 ? value : reshape(value, [rows, width]);
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
