// One training step as one graph: batch, parameters, moments and statistics in; loss, and all of these after the update, out.
import type { FloatType, Graph, Shape, Value } from '../graph/index.ts';
import { concat, gradient, graph, input, reshape, sizeOf, split } from '../graph/index.ts';
import type { ModelFamily } from '../models/index.ts';
import type { Constraint } from './constraint.ts';
import { drawInputs } from './draws.ts';
import type { LabelKind } from './labels.ts';
import { accuracyInGraph, measuresInGraph } from './measures.ts';
import { isWeight, type Objective } from './objective.ts';
import type { Optimiser } from './optimiser.ts';

/** What a step does to the weights of a family. */
export interface StepPlan {
  readonly family: ModelFamily;
  readonly objective: Objective;
  readonly optimiser: Optimiser;
  readonly constraint?: Constraint;
}

/** Parameters that are updated together: one alone under its own name, or several small ones as one array. */
export interface Group {
  readonly name: string;
  /** In their order in the array. */
  readonly members: readonly string[];
  readonly shape: Shape;
}

/** Entries up to which a node costs more than its arithmetic. */
const SMALL = 2 ** 14;

/**
 * The groups of the parameters of a plan. An optimiser takes some ten nodes for each, which is most of the step of a small
 * network: small ones go into one, or where it knows weights, these into one and the rest into another. A constraint needs
 * weights one by one.
 */
export function groupsOf({ family, constraint, optimiser }: StepPlan): readonly Group[] {
  const shapes = Object.entries(family.parameterShapes).map(([name, shape]) => ({ name, shape }));
  const small = shapes.filter((p) => sizeOf(p.shape) <= SMALL && !(constraint && isWeight(p)));
  const alike = optimiser.knowsWeights
    ? [small.filter(isWeight), small.filter((p) => !isWeight(p))]
    : [small];
  const together = alike.filter((members) => members.length > 1);
  const packed = new Set(together.flat().map(({ name }) => name));
  return [
    ...together.map((members): Group => {
      const size = members.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      const weights = optimiser.knowsWeights && isWeight(members[0]!);
      return {
        name: weights ? 'small weights' : 'small parameters',
        members: members.map(({ name }) => name),
        shape: weights ? [1, size] : [size],
      };
    }),
    ...shapes
      .filter(({ name }) => !packed.has(name))
      .map(({ name, shape }): Group => ({ name, members: [name], shape })),
  ];
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
  const members = Object.fromEntries(
    groups.flatMap(({ value, members }) => membersOf(value, members, family)),
  );
  const parameters = Object.fromEntries(
    Object.keys(family.parameterShapes).map((name) => [name, members[name]!]),
  );
  const statistics = inputsFor(family.statisticShapes, dtype);

  const statisticsBehind = new Map<Value, Readonly<Record<string, Value>>>();
  const model = (points: Value): Value => {
    const weights = { ...parameters, ...statistics };
    if (!family.forwardInTraining) return family.forward(points, weights);
    const trained = family.forwardInTraining(points, weights);
    statisticsBehind.set(trained.output, trained.statistics);
    return trained.output;
  };
  const output = model(x);
  const assessed = objective.assess({ model, x, y, output, parameters, draws });
  const names = Object.keys(parameters);
  const gradients = gradient(
    assessed.loss,
    names.map((name) => parameters[name]!),
  );

  const outputs: Record<string, Value> = { loss: assessed.loss };
  if (measured === 'everything') Object.assign(outputs, measuresInGraph(output, y, labels));
  if (assessed.attacked && labels !== 'values') {
    outputs.robustAccuracy = accuracyInGraph(assessed.attacked, y);
  }
  const gradientOf = Object.fromEntries(names.map((name, i) => [name, gradients[i]!]));
  const moments: Value[] = [];
  for (const { name, members, shape, value } of groups) {
    const slope =
      members.length === 1
        ? gradientOf[members[0]!]!
        : packed(
            members.map((member) => gradientOf[member]!),
            shape,
          );
    const before = Object.fromEntries(
      optimiser.moments.map((m) => [m, input(momentName(name, m), dtype, shape)]),
    );
    moments.push(...Object.values(before));
    const after = optimiser.update(value, slope, before, scalars);
    outputs[newName(name)] = constraint ? constraint.apply(after.parameter) : after.parameter;
    for (const m of optimiser.moments) outputs[newName(momentName(name, m))] = after.moments[m]!;
  }
  for (const [name, value] of Object.entries(statisticsBehind.get(assessed.output) ?? {})) {
    outputs[newName(name)] = value;
  }
  const state = [...groups.map(({ value }) => value), ...moments, ...Object.values(statistics)];
  return graph([x, y, ...Object.values(draws), ...Object.values(scalars), ...state], outputs);
}

/** The parameters in a group, with their names. */
function membersOf(value: Value, members: readonly string[], family: ModelFamily): [string, Value][] {
  if (members.length === 1) return [[members[0]!, value]];
  const shapes = members.map((name) => family.parameterShapes[name]!);
  const parts = split(value, value.shape.length - 1, shapes.map(sizeOf));
  return members.map((name, i) => [name, reshape(parts[i]!, shapes[i]!)]);
}

function packed(values: readonly Value[], shape: Shape): Value {
  const axis = shape.length - 1;
  const flat = values.map((value) => {
    const size = sizeOf(value.shape);
    return reshape(value, axis === 1 ? [1, size] : [size]);
  });
  return concat(flat, axis);
}

function inputsFor(shapes: ModelFamily['parameterShapes'], dtype: FloatType): Record<string, Value> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, dtype, shape)]));
}

export const momentName = (parameter: string, moment: string) => `${parameter}:${moment}`;
export const newName = (slot: string) => `new ${slot}`;
