// The compiled step of a training, and the state between two steps.
import { invalidArgument } from '../errors.ts';
import type { FloatType, Tensor, TensorData } from '../graph/index.ts';
import { allocate, recurrence, sizeOf, tensor } from '../graph/index.ts';
import type { Weights } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import { compileRecurrence } from '../runtime/index.ts';
import { drawNames, drawNumbers } from './draws.ts';
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
   * One update per learning rate, in one execution; a state and its rates give the same bits in however many executions.
   * The new state is written over the arrays of `spare` where given, without taking memory; two states
   * that take turns are enough for a whole training. `x` and `y` are the batches of all updates, `[updates, batch, ...]`,
   * or where the trainer was made for one batch again and again this one. The measures are those of the weights before each
   * update: all, or with `loss` the loss and the accuracy at adversarial points alone.
   *
   * @param keys of the numbers that the objective draws in each step; needed where it draws any.
   */
  update(
    state: TrainingState,
    x: TensorData,
    y: TensorData,
    learningRates: readonly number[],
    spare?: TrainingState,
    keys?: readonly Rng[],
  ): Promise<{ readonly state: TrainingState; readonly measures: readonly Measures[] }>;
  /** What a state is made of, in place: parameters p, their moments `p:<moment>`, and statistics, each by its name. */
  named(state: TrainingState): Readonly<Record<string, TensorData>>;
  /** The state after `step` updates with these named arrays, copied. */
  restore(step: number, named: Readonly<Record<string, TensorData>>): TrainingState;
  /** The weights of a state, statistics included, copied. */
  weights(state: TrainingState): Weights;
  dispose(): Promise<void>;
}

/**
 * Compiles the step of a plan for batches of `batch` points: `fresh` ones in every update, or always the `same`. Remember to
 * dispose().
 */
export async function createTrainer(
  plan: StepPlan,
  batch: number,
  labels: LabelKind,
  measured: Measured = 'everything',
  dtype: FloatType = 'float32',
  batches: 'fresh' | 'same' = 'fresh',
): Promise<Trainer> {
  const { family, objective, optimiser } = plan;
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
  const step = stepGraph(plan, batch, labels, measured, dtype);
  const program = await compileRecurrence(
    recurrence(step, Object.fromEntries(slots.map(({ slot }) => [slot, newName(slot)])), [
      ...(batches === 'fresh' ? ['x', 'y'] : []),
      ...drawNames(objective.draws),
      ...optimiser.scalars,
    ]),
  );
  const weightShapes = { ...family.parameterShapes, ...family.statisticShapes };
  const measureNames = Object.keys(step.outputs).filter((name) => !name.startsWith(newName('')));
  const blank = () =>
    Object.fromEntries(slots.map(({ slot, size }): [string, TensorData] => [slot, allocate(dtype, size)]));
  const named = (arrays: TrainingState['arrays']) => unpacked(plan, groups, arrays);
  const draws = Object.keys(objective.draws).length > 0;
  return {
    start(weights) {
      const arrays = blank();
      const own = named(arrays);
      for (const name of Object.keys(weightShapes)) own[name]!.set(weights[name]!.data as never);
      return { step: 0, arrays };
    },
    async update(state, x, y, learningRates, spare, keys) {
      const count = learningRates.length;
      if (draws && keys?.length !== count) {
        throw invalidArgument(
          'keys',
          keys?.length,
          `${count} random keys, since the objective draws numbers`,
        );
      }
      const scalars = learningRates.map((rate, i) => optimiser.scalarsAt(state.step + 1 + i, rate));
      const sequences = Object.fromEntries(
        optimiser.scalars.map((name) => [
          name,
          floats(
            dtype,
            scalars.map((of) => of[name]!),
          ),
        ]),
      );
      const numbers = draws ? drawNumbers(objective.draws, { ...family, batch }, keys!, dtype) : {};
      const arrays = spare?.arrays ?? blank();
      const into = Object.fromEntries(slots.map(({ slot }) => [newName(slot), arrays[slot]!]));
      const found = await program.run(count, { x, y, ...numbers, ...sequences, ...state.arrays }, into);
      const measures = learningRates.map((_, i) =>
        Object.fromEntries(
          measureNames.map((name) => [name, exactShare(name, Number(found[name]![i]), batch)]),
        ),
      );
      return { state: { step: state.step + count, arrays }, measures: measures as unknown as Measures[] };
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

function floats(dtype: FloatType, values: readonly number[]): TensorData {
  return tensor(dtype, [values.length], values).data;
}

/** Shares of the batch without the rounding of float32, so that 45 of 50 is the number 0.9. */
function exactShare(name: string, value: number, batch: number): number {
  return /accuracy$/i.test(name) ? Math.round(value * batch) / batch : value;
}
