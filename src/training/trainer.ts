// The compiled step of a training, and the state between two steps.
import { invalidArgument } from '../errors.ts';
import type { FloatType, Tensor, TensorData } from '../graph/index.ts';
import { allocate, recurrence, sizeOf, tensor } from '../graph/index.ts';
import type { Weights } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import { compileRecurrence } from '../runtime/index.ts';
import { drawNames, drawNumbers } from './draws.ts';
import { arraysOf } from './evaluate.ts';
import { groupsOf, regroup, ungrouped } from './groups.ts';
import type { LabelKind } from './labels.ts';
import type { Measures } from './measures.ts';
import { type Measured, momentName, newName, type StepPlan, stepGraph } from './step.ts';

type Arrays = Readonly<Record<string, TensorData>>;

/** Parameters, moments and statistics between two steps. */
export interface TrainingState {
  /** Updates made so far. */
  readonly step: number;
  /** By the names of the groups of parameters, their moments and the statistics, as the graph of the step has them. */
  readonly arrays: Arrays;
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
  /** Parameters and statistics by their names, to be read: in place, or copied where the state has them in blocks. */
  parameters(state: TrainingState): Arrays;
  /** All that a state is made of, likewise: also the moments `p:<moment>` of a parameter p. */
  named(state: TrainingState): Arrays;
  /** The state after `step` updates with these named arrays, copied. */
  restore(step: number, named: Arrays): TrainingState;
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
  const kinds = [undefined, ...optimiser.moments];
  const slots = [
    ...groups.flatMap(({ name, shape }) =>
      kinds.map((kind) => ({ slot: slotOf(name, kind), size: sizeOf(shape) })),
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
  /** By their names: statistics, and of the parameters the kinds that are asked for, themselves or a moment. */
  const read = ({ arrays }: TrainingState, wanted: readonly (string | undefined)[]) => {
    const found: Record<string, TensorData> = {};
    for (const name of Object.keys(family.statisticShapes)) found[name] = arrays[name]!;
    for (const kind of wanted) {
      const ofKind = ungrouped(groups, family.parameterShapes, (group) => arrays[slotOf(group, kind)]!);
      for (const [name, data] of Object.entries(ofKind)) found[slotOf(name, kind)] = data;
    }
    return found;
  };
  /** The inverse; what is not given is zero. */
  const written = (step: number, given: Arrays, wanted: readonly (string | undefined)[]): TrainingState => {
    const arrays = blank();
    for (const name of Object.keys(family.statisticShapes)) arrays[name]!.set(given[name]! as never);
    for (const kind of wanted) {
      regroup(
        groups,
        family.parameterShapes,
        (group) => arrays[slotOf(group, kind)]!,
        (parameter) => given[slotOf(parameter, kind)]!,
      );
    }
    return { step, arrays };
  };
  const draws = Object.keys(objective.draws).length > 0;
  return {
    start: (weights) => written(0, arraysOf(weights), [undefined]),
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
    parameters: (state) => read(state, [undefined]),
    named: (state) => read(state, kinds),
    restore: (step, given) => written(step, given, kinds),
    weights(state) {
      const found = read(state, [undefined]);
      return Object.fromEntries(
        Object.entries(weightShapes).map(([name, shape]): [string, Tensor] => [
          name,
          { dtype, shape, data: found[name]!.slice() },
        ]),
      );
    },
    dispose: () => program.dispose(),
  };
}

/** The slot of a parameter or group, or of a moment of it. */
const slotOf = (name: string, moment?: string): string =>
  moment === undefined ? name : momentName(name, moment);

function floats(dtype: FloatType, values: readonly number[]): TensorData {
  return tensor(dtype, [values.length], values).data;
}

/** Shares of the batch without the rounding of float32, so that 45 of 50 is the number 0.9. */
function exactShare(name: string, value: number, batch: number): number {
  return /accuracy$/i.test(name) ? Math.round(value * batch) / batch : value;
}
