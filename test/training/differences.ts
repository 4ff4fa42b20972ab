// The gradient that a step takes, beside central differences of the loss that it reports, in float64.
import { expect } from 'vitest';
import type { ModelFamily, Weights } from '../../src/models/index.ts';
import type { Rng } from '../../src/random/index.ts';
import { createTrainer, labelKind, type Objective, type Samples, sgd } from '../../src/training/index.ts';

export interface Differentiated {
  readonly loss: number;
  /** By parameter. */
  readonly gradient: Readonly<Record<string, Float64Array>>;
}

/** Loss and gradient of an objective at these weights, as one step of gradient descent at rate 1 shows them. */
export async function differentiate(
  family: ModelFamily,
  objective: Objective,
  weights: Weights,
  samples: Samples,
  key: Rng,
): Promise<Differentiated> {
  const { loss, gradient, dispose } = await differentiator(family, objective, samples, key);
  const found = { loss: await loss(weights), gradient: await gradient(weights) };
  await dispose();
  return found;
}

/** Expects the gradient to be that of central differences, parameter by parameter; returns both. */
export async function expectGradient(
  family: ModelFamily,
  objective: Objective,
  weights: Weights,
  samples: Samples,
  key: Rng,
  digits = 6,
): Promise<Differentiated> {
  const { loss, gradient, dispose } = await differentiator(family, objective, samples, key);
  const found = { loss: await loss(weights), gradient: await gradient(weights) };
  const h = 1e-5;
  for (const name of Object.keys(family.parameterShapes)) {
    for (const [i, slope] of found.gradient[name]!.entries()) {
      const moved = (by: number): Weights => {
        const data = (weights[name]!.data as Float64Array).slice();
        data[i]! += by;
        return { ...weights, [name]: { ...weights[name]!, data } };
      };
      const difference = ((await loss(moved(h))) - (await loss(moved(-h)))) / (2 * h);
      expect(slope, `${name}[${i}]`).toBeCloseTo(difference, digits);
    }
  }
  await dispose();
  return found;
}

async function differentiator(family: ModelFamily, objective: Objective, samples: Samples, key: Rng) {
  const labels = labelKind(samples.y, family.outputs);
  const trainer = await createTrainer(
    { family, objective, optimiser: sgd() },
    samples.shape[0]!,
    labels,
    'everything',
    'float64',
  );
  const step = (weights: Weights) =>
    trainer.update(trainer.start(weights), samples.x, samples.y, [1], undefined, key && [key]);
  return {
    loss: async (weights: Weights) => (await step(weights)).measures[0]!.loss,
    gradient: async (weights: Weights) => {
      const after = trainer.weights((await step(weights)).state);
      return Object.fromEntries(
        Object.keys(family.parameterShapes).map((name) => [
          name,
          (weights[name]!.data as Float64Array).map((w, i) => w - (after[name]!.data as Float64Array)[i]!),
        ]),
      );
    },
    dispose: () => trainer.dispose(),
  };
}
