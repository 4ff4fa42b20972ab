// Projected gradient descent with restarts (Madry, Makelov, Schmidt, Tsipras and Vladu 2018).
import { requireInteger } from '../errors.ts';
import { greater, less, mul, or, where } from '../graph/index.ts';
import type { Stop } from '../stop.ts';
import type { Attack, Samples } from './attack.ts';
import type { Iteration } from './iteration.ts';
import { type Limits, linfLimits } from './limits.ts';
import { suited } from './losses.ts';
import { nextPace } from './pace.ts';
import { project } from './projection.ts';
import { keepRows, pickRows, type RowArrays, rowOf } from './rows.ts';
import { signStep, stepSizes } from './sign-steps.ts';
import { randomStarts, requireFiniteRadius, stepAlong } from './steps.ts';
import { wrong } from './task.ts';
import type { Threat } from './threat.ts';
import { type Loss, newGradient, type Victim } from './victim.ts';

/** Steps add up to this many radii. */
const REACH = 2.5;

/** In l1 a step touches this share of the entries, those of the largest slopes (Tramer and Boneh 2019). */
const SHARE = 0.01;

/**
 * PGD on `loss` from `restarts` random starts, with steps of 2.5 radius / steps: by the sign in linf, along the gradient in l2,
 * over the 1 % largest slopes in l1, where what bounds stop goes to the next ones. A row is done with its first harmful change; the others end
 * where the loss was largest. Where the loss has no meaning for the victim another one stands in: see suited().
 *
 * Cost: at most restarts * steps gradients and restarts scores per row.
 *
 * @throws RobustlawError `invalid-argument` unless steps and restarts are integers >= 1.
 */
export function pgd(loss: Loss, steps: number, restarts: number): Attack {
  requireInteger('steps', steps);
  requireInteger('restarts', restarts);
  const name = `PGD-${steps}`;
  return {
    name,
    access: 'white-box',
    async run(victim, { points, labels, ids }: Samples, threat, random, stop) {
      requireFiniteRadius(name, threat);
      const { features, outputs, stride } = victim;
      const climb: Climb = { victim, loss: suited(loss, victim), threat };
      const size = (REACH * threat.radius) / steps;
      const reached = points.slice();
      const largest = new Float32Array(ids.length).fill(-Infinity);
      let places = ids.map((_, i) => i);
      for (let restart = 0; restart < restarts && places.length > 0 && !stop(); restart++) {
        const keys = places.map((place) => random.split(ids[place]!).split(restart));
        const own = pickRows(points, places, features);
        const limits = threat.norm === 'linf' ? linfLimits(threat, own, features) : undefined;
        const starts = randomStarts(threat, own, keys, features, limits);
        let state = begin(own, starts, limits ?? NO_LIMITS, {
          places: Int32Array.from(places),
          labels: pickRows(labels, places, outputs),
          reached: pickRows(reached, places, features),
          largest: pickRows(largest, places, 1),
        });
        // The last step is none: where it would start, the loss is still to be seen.
        for (let done = 0, pace = Math.min(2, stride); done <= steps && state.places.length > 0; ) {
          const left = steps + 1 - done;
          const count = threat.norm === 'linf' ? Math.min(pace, left) : 1;
          state =
            threat.norm === 'linf'
              ? await stepsBySign(climb, state, new Float32Array(count).fill(size), stop)
              : await step(climb, state, left > 1 ? size : 0);
          const rows = state.places.length;
          state = leave(state, reached, features);
          done += count;
          if (done > steps || stop()) break;
          pace = nextPace(count, 1 - state.places.length / rows, stride);
        }
        places = Array.from(state.places);
        places.forEach((place, i) => {
          largest[place] = state.largest[i]!;
          rowOf(reached, place, features).set(rowOf(state.reached, i, features));
        });
      }
      return reached;
    },
  };
}

interface Climb {
  readonly victim: Victim;
  readonly loss: Loss;
  readonly threat: Threat;
}

/** One row per attack that goes on. */
interface State extends RowArrays, Limits {
  /** The number of the row among all samples. */
  readonly places: Int32Array;
  readonly points: Float32Array;
  readonly labels: Float32Array;
  readonly current: Float32Array;
  /** The first harmful point or, so far, that of the largest loss. */
  readonly reached: Float32Array;
  readonly largest: Float32Array;
  /** 1, but 0 where a harmful point was found. */
  readonly right: Float32Array;
  /** Memory for those four. */
  readonly nextCurrent: Float32Array;
  readonly nextReached: Float32Array;
  readonly nextLargest: Float32Array;
  readonly nextRight: Float32Array;
}

const NO_LIMITS: Limits = { least: new Float32Array(0), most: new Float32Array(0) };

function begin(
  points: Float32Array,
  current: Float32Array,
  limits: Limits,
  known: Pick<State, 'places' | 'labels' | 'reached' | 'largest'>,
): State {
  const rows = known.places.length;
  return {
    ...known,
    ...limits,
    points,
    current,
    right: new Float32Array(rows).fill(1),
    nextCurrent: new Float32Array(points.length),
    nextReached: new Float32Array(points.length),
    nextLargest: new Float32Array(rows),
    nextRight: new Float32Array(rows),
  };
}

/** The rows that are still right; the others have reached what they wanted. */
function leave(state: State, reached: Float32Array, features: number): State {
  const stays = Array.from(state.right, (isRight) => isRight === 1);
  stays.forEach((isRight, i) => {
    if (!isRight) rowOf(reached, state.places[i]!, features).set(rowOf(state.reached, i, features));
  });
  return keepRows(state, stays);
}

/** Sees the loss and steps by the sign of its gradient; a row that is wrong moves no more. */
const BY_SIGN: Iteration = {
  name: 'PGD',
  of({ points, losses, right, gradients }, { state, given, each }) {
    const features = points.shape[1]!;
    const [reached, largest] = [state('reached', features), state('largest', 1)];
    const stays = mul(state('right', 1), right);
    const better = or(greater(losses, largest), less(right, 1));
    const limits = { least: given('least', features), most: given('most', features) };
    return {
      points: signStep(points, gradients, mul(each('size'), stays), limits),
      reached: where(better, points, reached),
      largest: where(better, losses, largest),
      right: stays,
    };
  },
};

/** As many steps in linf as there are sizes. */
async function stepsBySign(
  { victim, loss }: Climb,
  state: State,
  sizes: Float32Array,
  stop: Stop,
): Promise<State> {
  const { labels, current, reached, largest, right, least, most } = state;
  const { nextCurrent, nextReached, nextLargest, nextRight } = state;
  const before = { points: current, reached, largest, right };
  const after = { points: nextCurrent, reached: nextReached, largest: nextLargest, right: nextRight };
  const arrays = { state: before, given: { least, most }, each: { size: stepSizes(sizes) } };
  await victim.iterate(BY_SIGN, loss, labels, labels, arrays, after, stop);
  return {
    ...state,
    current: nextCurrent,
    reached: nextReached,
    largest: nextLargest,
    right: nextRight,
    nextCurrent: current,
    nextReached: reached,
    nextLargest: largest,
    nextRight: right,
  };
}

/** The same in l2 and l1, one step; of size 0 it needs no gradient. */
async function step({ victim, loss, threat }: Climb, state: State, size: number): Promise<State> {
  const { points, labels, current, reached, largest, right, nextCurrent: next } = state;
  const { features, outputs } = victim;
  const rows = largest.length;
  const found = newGradient(rows, size > 0 ? features : 0, outputs);
  if (size > 0) await victim.gradient(loss, current, labels, labels, found);
  else await victim.losses(loss, current, labels, labels, found);
  wrong(victim.task, found.scores, labels, outputs).forEach((isWrong, i) => {
    right[i] = Number(!isWrong);
    if (!isWrong && !(found.losses[i]! > largest[i]!)) return;
    largest[i] = found.losses[i]!;
    rowOf(reached, i, features).set(rowOf(current, i, features));
  });
  if (size === 0) return state;
  next.set(current);
  if (threat.norm === 'l2') stepAlong(next, found.gradients, new Float64Array(rows).fill(size));
  else
    for (let i = 0; i < rows; i++)
      stepWithinBounds(threat, rowOf(next, i, features), rowOf(found.gradients, i, features), size);
  project(threat, points, next, features);
  return { ...state, current: next, nextCurrent: current };
}

/** An l1 step of `size` in equal parts over the largest slopes; what a bound stops goes to the next ones. */
function stepWithinBounds(
  { bounds: [low, high] }: Threat,
  row: Float32Array,
  gradient: Float32Array,
  size: number,
): void {
  const part = size / Math.max(1, Math.floor(SHARE * row.length));
  const sloping = Array.from(row.keys()).filter((j) => Math.abs(gradient[j]!) > 0);
  sloping.sort((a, b) => Math.abs(gradient[b]!) - Math.abs(gradient[a]!));
  let left = size;
  for (const j of sloping) {
    if (!(left > 0)) break;
    const up = gradient[j]! > 0;
    const step = Math.min(part, left, up ? high - row[j]! : row[j]! - low);
    row[j]! += up ? step : -step;
    left -= step;
  }
}
