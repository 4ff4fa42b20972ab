// The compiled step of a training, and the state between two steps.
import { invalidArgument } from '../errors.ts';
import type { FloatType, Tensor, TensorData } from '../graph/index.ts';
import { allocate, sizeOf } from '../graph/index.ts';
import type { Weights } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import { compile } from '../runtime/index.ts';
import { drawArrays, fillDraws } from './draws.ts';
import type { LabelKind } from './labels.ts';
import type { Measures } from './measures.ts';
import {
  type Group,
  groupsOf,
  type Measured,
  momentName,
  newName,
  type StepPlan,
  stepGraph,
} from './step.ts';

/** Parameters, moments and statistics between two steps. */
export interface TrainingState {
  /** Updates made so far. */
  readonly step: number;
  /** By the names of the groups of parameters, their moments and the statistics, as the graph of the step has them. */
  readonly arrays: Readonly<Record<string, TensorData>>;
}

export interface Trainer {
  /** The state before the first update, from parameters and statistics; moments are zero. */
  start(weights: Weights): TrainingState;
  /**
   * One update. The new state is written over the arrays of `spare` where given, without taking memory; two states
   * that take turns are enough for a whole training. `x` and `y` are read in place: feeding the same arrays every step
   * costs no copy. The measures are those of the weights before the update: all, or with `loss` the
   * loss and the accuracy at adversarial points alone.
   *
   * @param key of the numbers that the objective draws in this step; needed where it draws any.
   */
  update(
    state: TrainingState,
    x: TensorData,
    y: TensorData,
    learningRate: number,
    spare?: TrainingState,
    key?: Rng,
  ): Promise<{ readonly state: TrainingState; readonly measures: Measures }>;
  /** What a state is made of, in place: parameters p, their moments `p:<moment>`, and statistics, each by its name. */
  named(state: TrainingState): Readonly<Record<string, TensorData>>;
  /** The state after `step` updates with these named arrays, copied. */
  restore(step: number, named: Readonly<Record<string, TensorData>>): TrainingState;
  /** The weights of a state, statistics included, copied. */
  weights(state: TrainingState): Weights;
  dispose(): Promise<void>;
}

/** Compiles the step of a plan for batches of `batch` points. Remember to dispose(). */
export async function createTrainer(
  plan: StepPlan,
  batch: number,
  labels: LabelKind,
  measured: Measured = 'everything',
  dtype: FloatType = 'float32',
  threads = 1,
): Promise<Trainer> {
  const { family, objective, optimiser } = plan;
  const program = await compile(stepGraph(plan, batch, labels, measured, dtype), threads);
  const weightShapes = { ...family.parameterShapes, ...family.statisticShapes };
  const groups = groupsOf(plan);
  const slots = [
    ...groups.flatMap(({ name, shape }) =>
      [name, ...optimiser.moments.map((m) => momentName(name, m))].map((slot) => ({
        slot,
        size: sizeOf(shape),
      })),
    ),
    ...Object.entries(family.statisticShapes).map(([slot, shape]) => ({ slot, size: sizeOf(shape) })),
  ];
  const written = new Set(program.outputs.map(({ name }) => name));
  const measureNames = [...written].filter((name) => !name.startsWith(newName('')));
  const blank = () =>
    Object.fromEntries(slots.map(({ slot, size }): [string, TensorData] => [slot, allocate(dtype, size)]));
  // Views of the same arrays are made once: the runtime remembers what it has wrapped.
  const known = new WeakMap<TrainingState['arrays'], Record<string, TensorData>>();
  const named = (arrays: TrainingState['arrays']): Readonly<Record<string, TensorData>> => {
    const views = known.get(arrays) ?? unpacked(plan, groups, arrays);
    known.set(arrays, views);
    return views;
  };
  const parameterNames = Object.keys(family.parameterShapes);
  const results = Object.fromEntries(measureNames.map((name) => [name, allocate(dtype, 1)]));
  const scalars = Object.fromEntries(optimiser.scalars.map((name) => [name, allocate(dtype, 1)]));
  const shapes = { ...family, batch };
  const draws = drawArrays(objective.draws, shapes, dtype);
  return {
    start(weights) {
      const arrays = blank();
      const own = named(arrays);
      for (const name of Object.keys(weightShapes)) own[name]!.set(weights[name]!.data as never);
      return { step: 0, arrays };
    },
    async update(state, x, y, learningRate, spare, key) {
      const step = state.step + 1;
      for (const [name, value] of Object.entries(optimiser.scalarsAt(step, learningRate)))
        scalars[name]![0] = value;
      if (Object.keys(draws).length > 0) {
        if (!key) throw invalidArgument('key', key, 'a random key, since the objective draws random numbers');
        fillDraws(objective.draws, shapes, key, draws);
      }
      const arrays = spare?.arrays ?? blank();
      const into = {
        ...results,
        ...Object.fromEntries(slots.map(({ slot }) => [newName(slot), arrays[slot]!])),
      };
      const own = named(state.arrays);
      const parameters = Object.fromEntries(parameterNames.map((name) => [name, own[name]!]));
      await program.run({ x, y, ...draws, ...scalars, ...state.arrays, ...parameters }, into);
      const measures = Object.fromEntries(
        measureNames.map((name) => [name, exactShare(name, Number(results[name]![0]), batch)]),
      );
      return { state: { step, arrays }, measures: measures as unknown as Measures };
    },
    named: (state) => named(state.arrays),
    restore(step, given) {
      const arrays = blank();
      for (const [name, data] of Object.entries(named(arrays))) data.set(given[name]! as never);
      return { step, arrays };
    },
    weights: (state) =>
      Object.fromEntries(
        Object.entries(weightShapes).map(([name, shape]): [string, Tensor] => [
          name,
          { dtype, shape, data: named(state.arrays)[name]!.slice() },
        ]),
      ),
    dispose: () => program.dispose(),
  };
}

/** Views of the arrays of groups and statistics, by the names of parameters, their moments and statistics. */
function unpacked(
  { family, optimiser }: StepPlan,
  groups: readonly Group[],
  arrays: TrainingState['arrays'],
): Record<string, TensorData> {
  const views: Record<string, TensorData> = {};
  for (const { name, members } of groups) {
    let from = 0;
    for (const member of members) {
      const to = from + sizeOf(family.parameterShapes[member]!);
      views[member] = arrays[name]!.subarray(from, to);
      for (const m of optimiser.moments)
        views[momentName(member, m)] = arrays[momentName(name, m)]!.subarray(from, to);
      from = to;
    }
  }
  for (const name of Object.keys(family.statisticShapes)) views[name] = arrays[name]!;
  return views;
}

/** Shares of the batch without the rounding of float32, so that 45 of 50 is the number 0.9. */
function exactShare(name: string, value: number, batch: number): number {
  return /accuracy$/i.test(name) ? Math.round(value * batch) / batch : value;
}
