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
  /** The last point, the one before, and memory for the next. */
  readonly current: Float32Array;
  readonly previous: Float32Array;
  readonly next: Float32Array;
  /** At the last point and at the one before. */
  readonly losses: Float32Array;
  readonly lossesBefore: Float32Array;
  readonly scores: Float32Array;
  /** Where the loss was largest. */
  readonly best: Float32Array;
  readonly bestLosses: Float32Array;
}

/** How a norm steps, and how it adapts. */
export interface Rule<Memory extends RowArrays> {
  /** Iterations up to the first checkpoint, and from one of them to the next. */
  readonly firstInterval: (iterations: number) => number;
  readonly nextInterval: (interval: number, iterations: number) => number;
  /** What it remembers of every row. */
  readonly begin: (state: State, threat: Threat) => Memory;
  /** Evaluates the current points, into the scores and `losses`, and writes where a step from there leads to `next`. */
  readonly advance: (
    slope: Slope,
    state: State,
    memory: Memory,
    first: boolean,
    losses: Float32Array,
  ) => Promise<void>;
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
 * Cost: `iterations` gradients of every row that goes on, and its scores at every checkpoint and at the end.
 */
export async function climb<Memory extends RowArrays>(
  slope: Slope,
  { points, labels, targets, starts }: Climbers,
  rule: Rule<Memory>,
  stop: Stop,
  observe: Observe = () => {},
): Promise<{ reached: Float32Array; broken: boolean[] }> {
  const { victim, loss, threat, iterations, untilWrong } = slope;
  const { features } = victim;
  const rows = points.length / features;
  const reached = starts.slice();
  const broken = new Array<boolean>(rows).fill(false);
  if (rows === 0) return { reached, broken };

  let state: State = {
    places: Int32Array.from({ length: rows }, (_, i) => i),
    points: points.slice(),
    labels: labels.slice(),
    targets: targets.slice(),
    current: starts.slice(),
    previous: starts.slice(),
    next: new Float32Array(starts.length),
    losses: new Float32Array(rows),
    lossesBefore: new Float32Array(rows),
    scores: new Float32Array(labels.length),
    best: starts.slice(),
    bestLosses: new Float32Array(rows).fill(-Infinity),
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
  let interval = rule.firstInterval(iterations);
  let sinceCheck = 0;
  for (let iteration = 0; ; iteration++) {
    const checking = iteration > 0 && ++sinceCheck === interval;
    const { current, losses, lossesBefore } = state;
    // Whence and how far the next step goes is known only after a checkpoint; after the last iteration there is none.
    if (checking || iteration === iterations)
      await victim.losses(loss, current, state.labels, state.targets, state);
    else await rule.advance(slope, state, memory, iteration === 0, losses);
    if (iteration > 0) rule.see(memory, lossesBefore, losses);
    rememberBest(state, features);
    settle(iteration);
    if (iteration === iterations || state.places.length === 0 || stop()) break;
    if (checking) {
      for (let i = 0; i < state.places.length; i++)
        if (rule.adapt(state, memory, i, interval, threat))
          rowOf(state.current, i, features).set(rowOf(state.best, i, features));
      sinceCheck = 0;
      interval = rule.nextInterval(interval, iterations);
      // The losses stay those before a return to the best point: the next step is held against them.
      await rule.advance(slope, state, memory, false, state.lossesBefore);
    }
    state = {
      ...state,
      previous: state.current,
      current: state.next,
      next: state.previous,
      losses: state.lossesBefore,
      lossesBefore: state.losses,
    };
  }
  state.places.forEach((place, i) => {
    rowOf(reached, place, features).set(rowOf(state.best, i, features));
  });
  return { reached, broken };
}

function rememberBest({ losses, current, best, bestLosses }: State, features: number): void {
  for (let i = 0; i < losses.length; i++) {
    if (!(losses[i]! > bestLosses[i]!)) continue;
    bestLosses[i] = losses[i]!;
    rowOf(best, i, features).set(rowOf(current, i, features));
  }
}
