// A step of an attack as a graph that a victim applies again and again in one execution: carried through JavaScript, gradients and points would take as long again as the gradient of a small network.
import {
  cast,
  full,
  type Graph,
  graph,
  input,
  inputsOf,
  nameOf,
  type Recurrence,
  recurrence,
  reshape,
  sizeOf,
  substitute,
  type Value,
  vjp,
} from '../graph/index.ts';
import { compileRecurrence, padRows } from '../runtime/index.ts';
import { scored } from './scored.ts';
import type { Task } from './task.ts';
import { right } from './verdict.ts';
import type { Loss } from './victim.ts';

/** Points and what was computed there; all but the gradients of float32. */
export interface Evaluated {
  /** `[rows, features]`, the state "points". */
  readonly points: Value;
  /** `[rows, 1]`. */
  readonly losses: Value;
  /** 1 where the outputs are right and 0 where they are wrong, `[rows, 1]`. */
  readonly right: Value;
  /** `[rows, features]`, in the element type of the model. */
  readonly gradients: Value;
}

/** What else a step may read, by name; all of float32. */
export interface StepInputs {
  /** `[rows, width]`, what the last step made of it. */
  readonly state: (name: string, width: number) => Value;
  /** `[rows, width]`, the same for all steps. */
  readonly given: (name: string, width: number) => Value;
  /** A number for every step. At least one of them is needed. */
  readonly each: (name: string) => Value;
}

/** Rows do not influence each other. */
export interface Iteration {
  /** Names the compiled program, together with the loss. */
  readonly name: string;
  /** The next state: the "points", `[rows, features]`, and all that was asked for. */
  readonly of: (at: Evaluated, inputs: StepInputs) => Readonly<Record<string, Value>>;
}

/** The arrays of an iteration, by name. */
export interface IterationArrays {
  /** `[rows, width]` each, before the first step. */
  readonly state: Readonly<Record<string, Float32Array>>;
  readonly given: Readonly<Record<string, Float32Array>>;
  /** One number per step. */
  readonly each: Readonly<Record<string, Float32Array>>;
}

/** The name of an input, the same backwards, and that of the state that takes its place; those of the model have no colon. */
const portOf = (name: string): string => `:${name}`;
const plainOf = (port: string): string => port.slice(1);
const nextOf = (name: string): string => `:next ${name}`;

/** `iteration` on a model, compiled for so many rows. */
export async function compileIteration(
  iteration: Iteration,
  loss: Loss,
  task: Task,
  model: Graph,
  rows: number,
) {
  const r = recurrenceOf(iteration, loss, task, model, rows);
  const names = r.step.inputs.map((value) => nameOf(value)!);
  const program = await compileRecurrence(r);
  return {
    /** As many steps as `each` has numbers; `arrays` are state, given, labels and targets, of `rows` rows or fewer. */
    async run(
      arrays: Readonly<Record<string, Float32Array>>,
      each: Readonly<Record<string, Float32Array>>,
      into: Readonly<Record<string, Float32Array>>,
    ): Promise<void> {
      const present =
        (rows * arrays.points!.length) /
        sizeOf(r.step.inputs.find((v) => nameOf(v) === portOf('points'))!.shape);
      const sequences = Object.fromEntries(
        Object.entries(each).map(([name, array]) => [portOf(name), array]),
      );
      const feeds = Object.fromEntries(
        names.map((name) => {
          const array = sequences[name] ?? arrays[plainOf(name)]!;
          return [
            name,
            sequences[name] || present === rows ? array : padRows('float32', array, present, rows),
          ];
        }),
      );
      const results = Object.entries(into).map(([name, array]) => [nextOf(name), array] as const);
      const steps = Object.values(each)[0]!.length;
      const found = await program.run(steps, feeds, present === rows ? Object.fromEntries(results) : {});
      if (present < rows)
        for (const [name, array] of results)
          array.set((found[name] as Float32Array).subarray(0, array.length));
    },
    dispose: () => program.dispose(),
  };
}

/** `iteration` on a model, as scored() reads its graph for `rows` rows. */
function recurrenceOf(iteration: Iteration, loss: Loss, task: Task, model: Graph, rows: number): Recurrence {
  const [x] = model.inputs as [Value];
  const features = sizeOf(x.shape) / rows;
  const points = input(portOf('points'), 'float32', [rows, features]);
  const fed = reshape(cast(points, x.dtype), x.shape);
  const { scores: asked, outputs } = scored(model, rows, task);
  const [scores] = substitute([asked], new Map([[x, fed]])) as [Value];
  const [labels, targets] = ['labels', 'targets'].map((name) =>
    input(portOf(name), 'float32', [rows, outputs]),
  ) as [Value, Value];
  const losses = loss.of(scores, cast(labels, x.dtype), cast(targets, x.dtype));
  const [slopes] = vjp([losses], [full(x.dtype, [rows], 1)], [fed]) as [Value];

  const sequences = new Set<string>();
  const known = new Map<string, Value>();
  const named = (name: string, shape: readonly number[]): Value => {
    const value = known.get(name) ?? input(portOf(name), 'float32', shape);
    known.set(name, value);
    return value;
  };
  const next = iteration.of(
    {
      points,
      losses: reshape(cast(losses, 'float32'), [rows, 1]),
      right: right(task, cast(scores, 'float32'), labels),
      gradients: reshape(slopes, [rows, features]),
    },
    {
      state: (name, width) => named(name, [rows, width]),
      given: (name, width) => named(name, [rows, width]),
      each: (name) => {
        sequences.add(portOf(name));
        return named(name, []);
      },
    },
  );
  const results = Object.fromEntries(Object.entries(next).map(([name, value]) => [nextOf(name), value]));
  const carried = Object.fromEntries(Object.keys(next).map((name) => [portOf(name), nextOf(name)]));
  return recurrence(graph(inputsOf(Object.values(results)), results), carried, [...sequences]);
}
