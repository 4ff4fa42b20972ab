// The part of APGD that all norms share: climb a loss within the threat model, remember the best, adapt at checkpoints (Croce and Hein 2020, algorithm 1).
import type { Stop } from '../../stop.ts';
import { keepRows, type RowArrays, rowOf } from '../rows.ts';
import { type LabelRows, wrong } from '../task.ts';
import type { Threat } from '../threat.ts';
import type { Loss, Victim } from '../victim.ts';

/** What is climbed. */
export interface Slope {
  readonly victim: Victim;
  readonly loss: Loss;
  readonly threat: Threat;
  readonly iterations: number;
  /** Rows are done once they are wrong, which changes nothing for the others; false to climb on. */
  readonly untilWrong: boolean;
}

/** Points, `[rows, features]`, and where their climbs start. */
export interface Climbers {
  readonly points: Float32Array;
  readonly labels: LabelRows;
  readonly targets: LabelRows;
  readonly starts: Float32Array;
}

/** One row per climb that goes on. */
export interface State extends RowArrays {
  /** The number of the row among all climbers. */
  readonly places: Int32Array;
  readonly points: Float32Array;
  readonly labels: Float32Array;
  readonly targets: Float32Array;
  /** The last point and the one before. */
  readonly current: Float32Array;
  readonly previous: Float32Array;
  readonly gradients: Float32Array;
  readonly losses: Float32Array;
  /** Where the loss was largest. */
  readonly best: Float32Array;
  readonly bestGradients: Float32Array;
  readonly bestLosses: Float32Array;
  /** Memory for the next point and its gradient. */
  readonly spare: Float32Array;
  readonly spareGradients: Float32Array;
  readonly spareLosses: Float32Array;
  readonly scores: Float32Array;
}

/** How a norm steps, and how it adapts. */
export interface Rule<Memory extends RowArrays> {
  /** Iterations up to the first checkpoint, and from one of them to the next. */
  readonly firstInterval: (iterations: number) => number;
  readonly nextInterval: (interval: number, iterations: number) => number;
  /** What it remembers of every row. */
  readonly begin: (state: State, threat: Threat) => Memory;
  /** Writes the next points to `next`. */
  readonly step: (
    state: State,
    memory: Memory,
    threat: Threat,
    first: boolean,
    next: Float32Array,
  ) => Promise<void> | void;
  /** Sees the losses before and after a step. */
  readonly see: (memory: Memory, before: Float32Array, after: Float32Array) => void;
  /** At a checkpoint: adapts the step of row `i`; true to go on from its best point. */
  readonly adapt: (state: State, memory: Memory, i: number, interval: number, threat: Threat) => boolean;
}

/** Told the number of the iteration, the state after it, and which of its rows are wrong. */
export type Observe = (iteration: number, state: State, broken: readonly boolean[]) => void;

/**
 * Climbs from every start. Where `untilWrong` is set and a row is wrong, its row of `reached` is that point, otherwise the
 * one of the largest loss; `broken` says which are wrong where a row is done.
 *
 * Cost: iterations + 1 gradients of every row that goes on.
 */
export async function climb<Memory extends RowArrays>(
  { victim, loss, threat, iterations, untilWrong }: Slope,
  { points, labels, targets, starts }: Climbers,
  rule: Rule<Memory>,
  stop: Stop,
  observe: Observe = () => {},
): Promise<{ reached: Float32Array; broken: boolean[] }> {
  const { features } = victim;
  const rows = points.length / features;
  const reached = starts.slice();
  const broken = new Array<boolean>(rows).fill(false);
  if (rows === 0) return { reached, broken };

  const found = await victim.gradient(loss, starts, labels, targets);
  let state: State = {
    places: Int32Array.from({ length: rows }, (_, i) => i),
    points: points.slice(),
    labels: labels.slice(),
    targets: targets.slice(),
    current: starts.slice(),
    previous: starts.slice(),
    gradients: found.gradients,
    losses: found.losses,
    best: starts.slice(),
    bestGradients: found.gradients.slice(),
    bestLosses: found.losses.slice(),
    spare: starts.slice(),
    spareGradients: new Float32Array(starts.length),
    spareLosses: new Float32Array(rows),
    scores: found.scores,
  };
  let memory = rule.begin(state, threat);
  const settle = (iteration: number) => {
    const harmed = wrong(victim.task, state.scores, state.labels, victim.outputs);
    observe(iteration, state, harmed);
    if (!untilWrong || !harmed.includes(true)) return;
    harmed.forEach((isWrong, i) => {
      if (!isWrong) return;
      const place = state.places[i]!;
      broken[place] = true;
      rowOf(reached, place, features).set(rowOf(state.current, i, features));
    });
    const stays = harmed.map((isWrong) => !isWrong);
    state = keepRows(state, stays);
    memory = keepRows(memory, stays);
  };
  settle(0);

  let interval = rule.firstInterval(iterations);
  let sinceCheck = 0;
  for (let iteration = 1; iteration <= iterations && state.places.length > 0 && !stop(); iteration++) {
    await rule.step(state, memory, threat, iteration === 1, state.spare);
    const { spare, spareGradients, spareLosses, scores } = state;
    const into = { scores, losses: spareLosses, gradients: spareGradients };
    await victim.gradient(loss, spare, state.labels, state.targets, into);
    rule.see(memory, state.losses, spareLosses);
    state = {
      ...state,
      previous: state.current,
      current: spare,
      spare: state.previous,
      gradients: spareGradients,
      spareGradients: state.gradients,
      losses: spareLosses,
      spareLosses: state.losses,
    };
    rememberBest(state, features);
    settle(iteration);
    if (++sinceCheck < interval) continue;
    for (let i = 0; i < state.places.length; i++)
      if (rule.adapt(state, memory, i, interval, threat)) {
        rowOf(state.current, i, features).set(rowOf(state.best, i, features));
        rowOf(state.gradients, i, features).set(rowOf(state.bestGradients, i, features));
      }
    sinceCheck = 0;
    interval = rule.nextInterval(interval, iterations);
  }
  state.places.forEach((place, i) => {
    rowOf(reached, place, features).set(rowOf(state.best, i, features));
  });
  return { reached, broken };
}

function rememberBest(
  { losses, current, gradients, best, bestGradients, bestLosses }: State,
  features: number,
): void {
  for (let i = 0; i < losses.length; i++) {
    if (!(losses[i]! > bestLosses[i]!)) continue;
    bestLosses[i] = losses[i]!;
    rowOf(best, i, features).set(rowOf(current, i, features));
    rowOf(bestGradients, i, features).set(rowOf(gradients, i, features));
  }
}
