// One training step as one graph: batch, parameters and moments in; loss, new parameters and new moments out.
import type { FloatType, Graph, Tensor, TensorData, Value } from '../graph/index.ts';
import {
  abs,
  allocate,
  gradient,
  graph,
  innerProduct,
  input,
  mul,
  reduceMax,
  reduceMin,
  sizeOf,
  sub,
} from '../graph/index.ts';
import type { ModelFamily, Weights } from '../models/index.ts';
import { compile } from '../runtime/index.ts';
import type { Loss } from './loss.ts';
import type { Optimiser } from './optimiser.ts';

/** What a step measures on its batch, of the parameters before the update. */
export interface Measures {
  readonly loss: number;
  /** (1/n) sum_i |f(x_i) - y_i|^2. */
  readonly meanSquaredError: number;
  /** max over points and outputs of |f(x_i) - y_i|. */
  readonly maxError: number;
  /** min over points and outputs of f(x_i) y_i; for labels +-1, positive exactly when every sign is right. */
  readonly margin: number;
}

/** Parameters and moments between two steps. */
export interface TrainingState {
  /** Updates made so far. */
  readonly step: number;
  readonly arrays: Readonly<Record<string, TensorData>>;
}

export interface Trainer {
  /** The state before the first update. */
  start(weights: Weights): TrainingState;
  /**
   * One update. The new state is written over the arrays of `spare` where given, without taking memory; two states
   * that take turns are enough for a whole training. `x` and `y` are read in place: feeding the same arrays every step
   * costs no copy.
   */
  update(
    state: TrainingState,
    x: TensorData,
    y: TensorData,
    learningRate: number,
    spare?: TrainingState,
  ): Promise<{ readonly state: TrainingState; readonly measures: Measures }>;
  /** The weights of a state, copied. */
  weights(state: TrainingState): Weights;
  dispose(): Promise<void>;
}

const MEASURES = ['loss', 'meanSquaredError', 'maxError', 'margin'] as const;

/**
 * The graph of one step. Inputs: `x` `[batch, ...inputShape]`, `y` `[batch, outputs]`, the optimiser's scalars, and per
 * parameter p its value `p` and moments `p:<moment>`. Outputs: the measures, and `new p`, `new p:<moment>`.
 */
export function stepGraph(
  family: ModelFamily,
  loss: Loss,
  optimiser: Optimiser,
  batch: number,
  dtype: FloatType = 'float32',
): Graph {
  const x = input('x', dtype, [batch, ...family.inputShape]);
  const y = input('y', dtype, [batch, family.outputs]);
  const scalars = Object.fromEntries(optimiser.scalars.map((name) => [name, input(name, dtype, [])]));
  const names = Object.keys(family.parameterShapes);
  const shapeOf = (name: string) => family.parameterShapes[name]!;
  const parameters = Object.fromEntries(names.map((name) => [name, input(name, dtype, shapeOf(name))]));
  const prediction = family.forward(x, parameters);
  const value = loss(prediction, y);
  const gradients = gradient(
    value,
    names.map((name) => parameters[name]!),
  );

  const error = sub(prediction, y);
  const outputs: Record<string, Value> = {
    loss: value,
    meanSquaredError: mul(innerProduct(error, error), 1 / batch),
    maxError: reduceMax(abs(error)),
    margin: reduceMin(mul(prediction, y)),
  };
  const inputs = [x, y, ...Object.values(scalars)];
  names.forEach((name, i) => {
    const moments = Object.fromEntries(
      optimiser.moments.map((m) => [m, input(momentName(name, m), dtype, shapeOf(name))]),
    );
    const updated = optimiser.update(parameters[name]!, gradients[i]!, moments, scalars);
    inputs.push(parameters[name]!, ...Object.values(moments));
    outputs[newName(name)] = updated.parameter;
    for (const m of optimiser.moments) outputs[newName(momentName(name, m))] = updated.moments[m]!;
  });
  return graph(inputs, outputs);
}

/** Compiles the step of a family for batches of `batch` points. Remember to dispose(). */
export async function createTrainer(
  family: ModelFamily,
  loss: Loss,
  optimiser: Optimiser,
  batch: number,
  dtype: FloatType = 'float32',
  threads = 1,
): Promise<Trainer> {
  const program = await compile(stepGraph(family, loss, optimiser, batch, dtype), threads);
  const names = Object.keys(family.parameterShapes);
  const slots = names.flatMap((name) =>
    [name, ...optimiser.moments.map((m) => momentName(name, m))].map((slot) => ({
      slot,
      size: sizeOf(family.parameterShapes[name]!),
    })),
  );
  const blank = () =>
    Object.fromEntries(slots.map(({ slot, size }): [string, TensorData] => [slot, allocate(dtype, size)]));
  const measured = Object.fromEntries(MEASURES.map((name) => [name, allocate(dtype, 1)]));
  const scalars = Object.fromEntries(optimiser.scalars.map((name) => [name, allocate(dtype, 1)]));
  return {
    start(weights) {
      const arrays = blank();
      for (const name of names) arrays[name] = weights[name]!.data.slice();
      return { step: 0, arrays };
    },
    async update(state, x, y, learningRate, spare) {
      const step = state.step + 1;
      for (const [name, value] of Object.entries(optimiser.scalarsAt(step, learningRate)))
        scalars[name]![0] = value;
      const arrays = spare?.arrays ?? blank();
      const into = {
        ...measured,
        ...Object.fromEntries(slots.map(({ slot }) => [newName(slot), arrays[slot]!])),
      };
      await program.run({ x, y, ...scalars, ...state.arrays }, into);
      const measures = Object.fromEntries(MEASURES.map((name) => [name, Number(measured[name]![0])]));
      return { state: { step, arrays }, measures: measures as unknown as Measures };
    },
    weights: (state) =>
      Object.fromEntries(
        names.map((name): [string, Tensor] => [
          name,
          { dtype, shape: family.parameterShapes[name]!, data: state.arrays[name]!.slice() },
        ]),
      ),
    dispose: () => program.dispose(),
  };
}

const momentName = (parameter: string, moment: string) => `${parameter}:${moment}`;
const newName = (slot: string) => `new ${slot}`;
