// One training step as one graph: batch, parameters, moments and statistics in; loss, and all of these after the update, out.
import type { FloatType, Graph, Value } from '../graph/index.ts';
import { gradient, graph, inColumns, inPhases, input } from '../graph/index.ts';
import type { ModelFamily } from '../models/index.ts';
import type { Constraint } from './constraint.ts';
import { drawInputs } from './draws.ts';
import { groupsOf, parametersOf } from './groups.ts';
import type { LabelKind } from './labels.ts';
import { accuracyInGraph, measuresInGraph } from './measures.ts';
import type { Objective } from './objective.ts';
import type { Optimiser } from './optimiser.ts';

/** What a step does to the weights of a family. */
export interface StepPlan {
  readonly family: ModelFamily;
  readonly objective: Objective;
  readonly optimiser: Optimiser;
  readonly constraint?: Constraint;
}

/** What is measured on the batch: everything, or the loss with the accuracy at adversarial points alone. */
export type Measured = 'everything' | 'loss';

/**
 * The graph of one step. Inputs: `x` `[batch, ...inputShape]`, `y` `[batch, outputs]`, `draw:<name>`, the optimiser's
 * scalars, per group g of parameters its value `g` and moments `g:<moment>`, and the statistics. Outputs: the measures,
 * and `new g`, `new g:<moment>`, `new <statistic>`. The measures are those of training: under batch normalisation with
 * the statistics of the batch.
 */
export function stepGraph(
  plan: StepPlan,
  batch: number,
  labels: LabelKind,
  measured: Measured = 'everything',
  dtype: FloatType = 'float32',
): Graph {
  const { family, objective, optimiser, constraint } = plan;
  const x = input('x', dtype, [batch, ...family.inputShape]);
  const y = input('y', dtype, [batch, family.outputs]);
  const scalars = Object.fromEntries(optimiser.scalars.map((name) => [name, input(name, dtype, [])]));
  const draws = drawInputs(objective.draws, { ...family, batch }, dtype);
  const groups = groupsOf(plan).map((group) => ({ ...group, value: input(group.name, dtype, group.shape) }));
  const parameters = parametersOf(groups, family);
  const statistics = inputsFor(family.statisticShapes, dtype);

  const statisticsBehind = new Map<Value, Readonly<Record<string, Value>>>();
  const model = (points: Value): Value => {
    const weights = { ...parameters, ...statistics };
    const trained = family.forwardInTraining?.(points, weights);
    const found = trained?.statistics ?? {};
    const values = [trained?.output ?? family.forward(points, weights), ...Object.values(found)];
    const [output, ...after] = inColumns(inPhases(values)) as [Value, ...Value[]];
    statisticsBehind.set(output, Object.fromEntries(Object.keys(found).map((name, i) => [name, after[i]!])));
    return output;
  };
  const output = model(x);
  const assessed = objective.assess({ model, x, y, output, parameters, draws });
  const gradients = gradient(
    assessed.loss,
    groups.map(({ value }) => value),
  );

  const outputs: Record<string, Value> = { loss: assessed.loss };
  if (measured === 'everything') Object.assign(outputs, measuresInGraph(output, y, labels));
  if (assessed.attacked && labels !== 'values') {
    outputs.robustAccuracy = accuracyInGraph(assessed.attacked, y);
  }
  const moments: Value[] = [];
  for (const [i, { name, shape, value }] of groups.entries()) {
    const before = Object.fromEntries(
      optimiser.moments.map((m) => [m, input(momentName(name, m), dtype, shape)]),
    );
    moments.push(...Object.values(before));
    const after = optimiser.update(value, gradients[i]!, before, scalars);
    outputs[newName(name)] = constraint ? constraint.apply(after.parameter) : after.parameter;
    for (const m of optimiser.moments) outputs[newName(momentName(name, m))] = after.moments[m]!;
  }
  for (const [name, value] of Object.entries(statisticsBehind.get(assessed.output) ?? {})) {
    outputs[newName(name)] = value;
  }
  const state = [...groups.map(({ value }) => value), ...moments, ...Object.values(statistics)];
  return graph([x, y, ...Object.values(draws), ...Object.values(scalars), ...state], outputs);
}

function inputsFor(shapes: ModelFamily['parameterShapes'], dtype: FloatType): Record<string, Value> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, dtype, shape)]));
}

export const momentName = (parameter: string, moment: string) => `${parameter}:${moment}`;
export const newName = (slot: string) => `new ${slot}`;
