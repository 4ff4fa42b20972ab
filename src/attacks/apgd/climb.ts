// The part of APGD that all norms share: climb a loss within the threat model, remember the best, adapt at checkpoints (Croce and Hein 2020, algorithm 1).
import type { Stop } from '../../stop.ts';
import { nextPace } from '../pace.ts';
import { keepRows, type RowArrays, rowOf } from '../rows.ts';
import { type LabelRows, wrong } from '../task.ts';
import type { Threat } from '../threat.ts';
import { type Loss, type LossGradient, newGradient, type Victim } from '../victim.ts';

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
  /** Where last seen; how often it has risen since the last checkpoint. */
  readonly losses: Float32Array;
  readonly rises: Float32Array;
  /** Where the loss was largest. */
  readonly best: Float32Array;
  readonly bestLosses: Float32Array;
  /** 1, but 0 where the outputs were wrong when last seen; such a row may stand still if it is done once it is wrong. */
  readonly right: Float32Array;
}

/** Which steps a rule is to take. */
export interface Stretch {
  readonly steps: number;
  /** Whether they are the first of all, which have no momentum. */
  readonly first: boolean;
  /** Whether they follow a checkpoint, so that the current points were seen before some returned to their best. */
  readonly resumed: boolean;
}

/** How a norm steps, and how it adapts. */
export interface Rule<Memory extends RowArrays> {
  /** Iterations up to the first checkpoint, and from one of them to the next. */
  readonly firstInterval: (iterations: number) => number;
  readonly nextInterval: (interval: number, iterations: number) => number;
  /** What it remembers of every row. */
  readonly begin: (state: State, threat: Threat) => Memory;
  /** Most steps at once. */
  readonly stride: (victim: Victim) => number;
  /** Sees the current points and steps from there, again and again: the state afterwards, whose last seen points are the previous ones. */
  readonly advance: (
    slope: Slope,
    state: State,
    memory: Memory,
    stretch: Stretch,
    stop: Stop,
  ) => Promise<readonly [State, Memory]>;
  /** At a checkpoint: adapts the step of row `i`; true to go on from its best point. */
  readonly adapt: (state: State, memory: Memory, i: number, interval: number, threat: Threat) => boolean;
}

/** Told the state whenever points were seen. */
export type Observe = (state: State) => void;

/**
 * Climbs from every start. Where `untilWrong` is set and a row is wrong, its row of `reached` is that point, otherwise the
 * one of the largest loss; `broken` says which are wrong where a row is done. With `observe`, one step at a time.
 *
 * Cost: `iterations` gradients of every row that goes on, and its scores at every checkpoint and at the end.
 */
export async function climb<Memory extends RowArrays>(
  slope: Slope,
  { points, labels, targets, starts }: Climbers,
  rule: Rule<Memory>,
  stop: Stop,
  observe?: Observe,
): Promise<{ reached: Float32Array; broken: boolean[] }> {
  const { victim, threat, iterations, untilWrong } = slope;
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
    // From there nothing rises.
    losses: new Float32Array(rows).fill(Infinity),
    rises: new Float32Array(rows),
    best: starts.slice(),
    bestLosses: new Float32Array(rows).fill(-Infinity),
    right: new Float32Array(rows).fill(1),
  };
  let memory = rule.begin(state, threat);
  /** The rows that go on; `seen` are the points that the others end at. */
  const leave = (seen: Float32Array) => {
    const stays = Array.from(state.right, (isRight) => isRight === 1);
    if (!untilWrong || !stays.includes(false)) return 0;
    stays.forEach((isRight, i) => {
      if (isRight) return;
      const place = state.places[i]!;
      broken[place] = true;
      rowOf(reached, place, features).set(rowOf(seen, i, features));
    });
    state = keepRows(state, stays);
    memory = keepRows(memory, stays);
    return 1 - state.places.length / stays.length;
  };
  const stride = observe ? 1 : rule.stride(victim);
  let interval = rule.firstInterval(iterations);
  let checkpoint = interval;
  let resumed = false;
  for (let iteration = 0, pace = Math.min(2, stride); ; ) {
    const left = Math.min(checkpoint, iterations) - iteration;
    const steps = Math.min(pace, left);
    // Whence and how far the next step goes is known only after a checkpoint; after the last iteration there is none.
    if (left === 0) await seeAlone(slope, state);
    else {
      const stretch = { steps, first: iteration === 0, resumed };
      [state, memory] = await rule.advance(slope, state, memory, stretch, stop);
      iteration += steps;
    }
    if (!resumed) observe?.(state);
    const gone = leave(left === 0 ? state.current : state.previous);
    if ((left === 0 && iteration === iterations) || state.places.length === 0 || stop()) break;
    resumed = left === 0;
    if (!resumed) {
      pace = nextPace(steps, gone, stride);
      continue;
    }
    for (let i = 0; i < state.places.length; i++)
      if (rule.adapt(state, memory, i, interval, threat))
        rowOf(state.current, i, features).set(rowOf(state.best, i, features));
    interval = rule.nextInterval(interval, iterations);
    checkpoint += interval;
  }
  state.places.forEach((place, i) => {
    rowOf(reached, place, features).set(rowOf(state.best, i, features));
  });
  return { reached, broken };
}

/** Sees the current points without a step from there. */
async function seeAlone({ victim, loss }: Slope, state: State): Promise<void> {
  const { current, labels, targets } = state;
  const found = newGradient(state.losses.length, 0, victim.outputs);
  await victim.losses(loss, current, labels, targets, found);
  see(victim, state, found);
}

/** Writes the gradients at the current points, which it sees unless they were seen before. */
export async function slopesAt(
  { victim, loss }: Slope,
  state: State,
  gradients: Float32Array,
  seen: boolean,
): Promise<void> {
  const { current, labels, targets } = state;
  const found = { ...newGradient(state.losses.length, 0, victim.outputs), gradients };
  await victim.gradient(loss, current, labels, targets, found);
  if (!seen) see(victim, state, found);
}

/** Takes the points written to `next` as the current ones. */
export function stepped(state: State): State {
  return { ...state, previous: state.current, current: state.next, next: state.previous };
}

function see(
  { task, features, outputs }: Victim,
  state: State,
  found: Pick<LossGradient, 'scores' | 'losses'>,
): void {
  const { labels, current, losses, rises, best, bestLosses, right } = state;
  wrong(task, found.scores, labels, outputs).forEach((isWrong, i) => {
    right[i] = Number(!isWrong);
    const loss = found.losses[i]!;
    if (loss > losses[i]!) rises[i]!++;
    losses[i] = loss;
    if (!(loss > bestLosses[i]!)) return;
    bestLosses[i] = loss;
    rowOf(best, i, features).set(rowOf(current, i, features));
  });
}
