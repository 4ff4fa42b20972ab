// What an optimiser is to a training step: moments kept per parameter, numbers fed per step, and an update rule.
import type { Value } from '../graph/index.ts';

export interface Optimiser {
  readonly name: string;
  /** Names of the arrays kept between steps, each of its parameter's shape and zero at first. */
  readonly moments: readonly string[];
  /** Names of the scalars that `scalarsAt` gives. */
  readonly scalars: readonly string[];
  /** Whether weights, which have two axes or more, are updated otherwise than other parameters. */
  readonly knowsWeights: boolean;
  /** The scalars of update number `step` = 1, 2, ... under this learning rate. */
  scalarsAt(step: number, learningRate: number): Readonly<Record<string, number>>;
  /** One parameter and its moments after the update, from those before it. */
  update(
    parameter: Value,
    gradient: Value,
    moments: Readonly<Record<string, Value>>,
    scalars: Readonly<Record<string, Value>>,
  ): { readonly parameter: Value; readonly moments: Readonly<Record<string, Value>> };
}
