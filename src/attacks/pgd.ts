// Projected gradient descent with restarts (Madry, Makelov, Schmidt, Tsipras and Vladu 2018).
import { requireInteger } from '../errors.ts';
import type { Attack, Samples } from './attack.ts';
import { suited } from './losses.ts';
import { project } from './projection.ts';
import { keepRows, pickRows, type RowArrays, rowOf } from './rows.ts';
import { type Limits, linfLimits, type SignSteps, signSteps } from './sign-steps.ts';
import { randomStarts, requireFiniteRadius, stepAlong } from './steps.ts';
import { wrong } from './task.ts';
import type { Threat } from './threat.ts';
import { type Loss, type LossGradient, newGradient } from './victim.ts';

/** Steps add up to this many radii. */
const REACH = 2.5;

/** In l1 a step touches this share of the entries, those of the largest slopes (Tramer and Boneh 2019). */
const SHARE = 0.01;

/**
 * PGD on `loss` from `restarts` random starts, with steps of 2.5 radius / steps: by the sign in linf, along the gradient in l2,
 * over the 1 % largest slopes in l1, where what bounds stop goes to the next ones. A row is done with its first harmful change; the others end
 * where the loss was largest. Where the loss has no meaning for the victim another one stands in: see suited().
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
      const { features, outputs } = victim;
      const climbed = suited(loss, victim);
      const reached = points.slice();
      const largest = new Float64Array(ids.length).fill(-Infinity);
      let places = ids.map((_, i) => i);
      const bySign = signSteps(features);
      try {
        for (let restart = 0; restart < restarts && places.length > 0 && !stop(); restart++) {
          const own = pickRows(points, places, features);
          const keys = places.map((place) => random.split(ids[place]!).split(restart));
          const current = randomStarts(threat, own, keys, features);
          let state: State = {
            places: Int32Array.from(places),
            points: own,
            labels: pickRows(labels, places, outputs),
            current,
            next: current.slice(),
            ...newGradient(places.length, features, outputs),
            ...(threat.norm === 'linf' ? linfLimits(threat, own, features) : NO_LIMITS),
          };
          places = [];
          for (let step = 0; step <= steps && state.places.length > 0; step++) {
            await victim.gradient(climbed, state.current, state.labels, state.labels, state);
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
            if (step === steps || stop()) break;
            await ascend(threat, state, (REACH * threat.radius) / steps, bySign);
            state = { ...state, current: state.next, next: state.current };
          }
          places = Array.from(state.places);
        }
      } finally {
        await bySign.dispose();
      }
      return reached;
    },
  };
}

const NO_LIMITS = { least: new Float32Array(0), most: new Float32Array(0) };

/** One row per attack that goes on; the limits are empty but in linf. */
interface State extends RowArrays, Limits, LossGradient {
  /** The number of the row among all samples. */
  readonly places: Int32Array;
  readonly points: Float32Array;
  readonly labels: Float32Array;
  readonly current: Float32Array;
  /** Memory for the next points. */
  readonly next: Float32Array;
}

/** Writes to `next`: one step and back into the threat model. */
async function ascend(threat: Threat, state: State, size: number, bySign: SignSteps): Promise<void> {
  const { points, current, next, gradients, least, most } = state;
  const rows = state.losses.length;
  const features = points.length / rows;
  const sizes = new Float64Array(rows).fill(size);
  if (threat.norm === 'linf') return bySign.step({ current, gradients, sizes, least, most }, next);
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
