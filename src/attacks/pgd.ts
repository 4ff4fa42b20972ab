// Projected gradient descent with restarts (Madry, Makelov, Schmidt, Tsipras and Vladu 2018).
import { requireInteger } from '../errors.ts';
import type { Attack, Samples } from './attack.ts';
import { suited } from './losses.ts';
import { project } from './projection.ts';
import { keepRows, pickRows, type RowArrays, rowOf } from './rows.ts';
import { type Limits, linfLimits, signStep, stepSizes } from './sign-steps.ts';
import { randomStarts, requireFiniteRadius, stepAlong } from './steps.ts';
import { wrong } from './task.ts';
import type { Threat } from './threat.ts';
import type { Loss, LossGradient, Victim } from './victim.ts';

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
      const { features, outputs } = victim;
      const climbed = suited(loss, victim);
      const reached = points.slice();
      const largest = new Float64Array(ids.length).fill(-Infinity);
      let places = ids.map((_, i) => i);
      for (let restart = 0; restart < restarts && places.length > 0 && !stop(); restart++) {
        const own = pickRows(points, places, features);
        const keys = places.map((place) => random.split(ids[place]!).split(restart));
        const current = randomStarts(threat, own, keys, features);
        let state: State = {
          places: Int32Array.from(places),
          points: own,
          labels: pickRows(labels, places, outputs),
          current,
          next: new Float32Array(current.length),
          scores: new Float32Array(places.length * outputs),
          losses: new Float32Array(places.length),
          ...(threat.norm === 'linf'
            ? { ...linfLimits(threat, own, features), gradients: new Float32Array(0) }
            : { ...NO_LIMITS, gradients: new Float32Array(current.length) }),
        };
        places = [];
        for (let step = 0; step <= steps && state.places.length > 0; step++) {
          const last = step === steps;
          if (last) await victim.losses(climbed, state.current, state.labels, state.labels, state);
          else await ascend(victim, climbed, threat, state, (REACH * threat.radius) / steps);
          const broken = wrong(victim.task, state.scores, state.labels, outputs);
          state.places.forEach((place, i) => {
            if (!broken[i] && !(state.losses[i]! > largest[place]!)) return;
            largest[place] = state.losses[i]!;
            rowOf(reached, place, features).set(rowOf(state.current, i, features));
          });
          state = keepRows(
            state,
            broken.map((isBroken) => !isBroken),
          );
          if (last || stop()) break;
          state = { ...state, current: state.next, next: state.current };
        }
        places = Array.from(state.places);
      }
      return reached;
    },
  };
}

const BY_SIGN = signStep();

const NO_LIMITS = { least: new Float32Array(0), most: new Float32Array(0) };

/** One row per attack that goes on; the limits are empty but in linf, where the gradients are. */
interface State extends RowArrays, Limits, LossGradient {
  /** The number of the row among all samples. */
  readonly places: Int32Array;
  readonly points: Float32Array;
  readonly labels: Float32Array;
  readonly current: Float32Array;
  /** Memory for the next points. */
  readonly next: Float32Array;
}

/** Evaluates the current points and writes to `next` where a step leads, back within the threat model. */
async function ascend(victim: Victim, loss: Loss, threat: Threat, state: State, size: number): Promise<void> {
  const { points, labels, current, next, gradients, least, most } = state;
  const rows = state.losses.length;
  const { features } = victim;
  const sizes = new Float64Array(rows).fill(size);
  if (threat.norm === 'linf') {
    const given = { least, most, sizes: stepSizes(sizes) };
    return victim.follow(BY_SIGN, loss, current, labels, labels, given, state);
  }
  await victim.gradient(loss, current, labels, labels, state);
  next.set(current);
  if (threat.norm === 'l2') stepAlong(next, gradients, sizes);
  else
    for (let i = 0; i < rows; i++)
      stepWithinBounds(threat, rowOf(next, i, features), rowOf(gradients, i, features), size);
  project(threat, points, next, features);
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
