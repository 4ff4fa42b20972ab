// Projected gradient descent with restarts (Madry, Makelov, Schmidt, Tsipras and Vladu 2018).
import { requireInteger } from '../errors.ts';
import { greater, mul, where } from '../graph/index.ts';
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
 * where the last step of a restart led to, of the one with the largest loss there. Where the loss has no meaning for the victim
 * another one stands in: see suited().
 *
 * Cost: at most restarts * (steps + 1) gradients per row.
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
      const bySign = threat.norm === 'linf';
      const size = (REACH * threat.radius) / steps;
      const reached = points.slice();
      const largest = new Float32Array(ids.length).fill(-Infinity);
      let places = ids.map((_, i) => i);
      for (let restart = 0; restart < restarts && places.length > 0 && !stop(); restart++) {
        const keys = places.map((place) => random.split(ids[place]!).split(restart));
        const own = pickRows(points, places, features);
        const limits = bySign ? linfLimits(threat, own, features) : undefined;
        let state: State = {
          places: Int32Array.from(places),
          points: own,
          ...(limits ?? NO_LIMITS),
          labels: pickRows(labels, places, outputs),
          current: randomStarts(threat, own, keys, features, limits),
          next: new Float32Array(own.length),
          losses: new Float32Array(places.length).fill(-Infinity),
          right: new Float32Array(places.length).fill(1),
        };
        // The last step is none: where it would start, the loss is still to be seen.
        for (let done = 0, pace = Math.min(2, stride); done <= steps && state.places.length > 0; ) {
          const left = steps + 1 - done;
          const sizes = new Float32Array(bySign ? Math.min(pace, left) : 1).fill(size);
          if (sizes.length === left) sizes[left - 1] = 0;
          state = await (bySign ? stepsBySign(climb, state, sizes, stop) : step(climb, state, sizes[0]!));
          const rows = state.places.length;
          state = leave(state, reached, features);
          done += sizes.length;
          if (done > steps || stop()) break;
          pace = nextPace(sizes.length, 1 - state.places.length / rows, stride);
        }
        places = Array.from(state.places);
        places.forEach((place, i) => {
          if (!(state.losses[i]! > largest[place]!)) return;
          largest[place] = state.losses[i]!;
          rowOf(reached, place, features).set(rowOf(state.current, i, features));
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
  /** Memory for the next points. */
  readonly next: Float32Array;
  /** Where last seen. */
  readonly losses: Float32Array;
  /** 1, but 0 where the current point is harmful. */
  readonly right: Float32Array;
}

const NO_LIMITS: Limits = { least: new Float32Array(0), most: new Float32Array(0) };

/** The rows that are still right; the others have reached what they wanted. */
function leave(state: State, reached: Float32Array, features: number): State {
  const stays = Array.from(state.right, (isRight) => isRight === 1);
  stays.forEach((isRight, i) => {
    if (!isRight) rowOf(reached, state.places[i]!, features).set(rowOf(state.current, i, features));
  });
  return keepRows(state, stays);
}

/** Steps by the sign of the gradient; a row that is wrong does not move. */
const BY_SIGN: Iteration = {
  name: 'PGD',
  of({ points, losses, right, gradients }, { state, given, each }) {
    const features = points.shape[1]!;
    const limits = { least: given('least', features), most: given('most', features) };
    const goes = mul(state('right', 1), right);
    return {
      points: signStep(points, gradients, mul(each('size'), goes), limits),
      losses: where(greater(goes, 0), losses, state('losses', 1)),
      right: goes,
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
  const { labels, current, next, losses, right, least, most } = state;
  const arrays = {
    state: { points: current, losses, right },
    given: { least, most },
    each: { size: stepSizes(sizes) },
  };
  const after = {
    points: next,
    losses: new Float32Array(right.length),
    right: new Float32Array(right.length),
  };
  await victim.iterate(BY_SIGN, loss, labels, labels, arrays, after, stop);
  return { ...state, current: next, next: current, losses: after.losses, right: after.right };
}

/** The same in l2 and l1, one step; of size 0 it needs no gradient. */
async function step({ victim, loss, threat }: Climb, state: State, size: number): Promise<State> {
  const { points, labels, current, next } = state;
  const { features, outputs } = victim;
  const rows = state.places.length;
  const found = newGradient(rows, size > 0 ? features : 0, outputs);
  if (size > 0) await victim.gradient(loss, current, labels, labels, found);
  else await victim.losses(loss, current, labels, labels, found);
  const isWrong = wrong(victim.task, found.scores, labels, outputs);
  const seen = { ...state, losses: found.losses, right: Float32Array.from(isWrong, (is) => Number(!is)) };
  if (size === 0) return seen;
  const sizes = Float64Array.from(isWrong, (is) => (is ? 0 : size));
  next.set(current);
  if (threat.norm === 'l2') stepAlong(next, found.gradients, sizes);
  else
    for (let i = 0; i < rows; i++)
      stepWithinBounds(threat, rowOf(next, i, features), rowOf(found.gradients, i, features), sizes[i]!);
  project(threat, points, next, features);
  return { ...seen, current: next, next: current };
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
