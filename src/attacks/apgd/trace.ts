// How the loss of APGD develops from step to step: where it does not rise, gradients are of no use and robustness is only apparent.
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import type { Samples } from '../attack.ts';
import { suited } from '../losses.ts';
import { randomStarts, requireFiniteRadius } from '../steps.ts';
import type { Threat } from '../threat.ts';
import type { Loss, Victim } from '../victim.ts';
import { climb, type Observe } from './climb.ts';
import { climbWithMomentum } from './momentum.ts';
import { withSparseSteps } from './sparse.ts';

/** One entry per iteration, the random start first. */
export interface ApgdTrace {
  /** Mean over the rows of the loss at the last point and of the largest loss so far, which never falls. */
  readonly losses: number[];
  readonly largest: number[];
  /** The share of rows that no point so far has made wrong. */
  readonly robust: number[];
}

/**
 * APGD from one random start, in l1 with the wanted radius from the beginning; no row leaves when it is wrong, so that the
 * means of all iterations are over the same rows.
 *
 * Cost: iterations + 1 gradients per row.
 */
export async function apgdTrace(
  victim: Victim,
  loss: Loss,
  iterations: number,
  { points, labels, ids }: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
): Promise<ApgdTrace> {
  requireFiniteRadius('APGD', threat);
  const trace: ApgdTrace = { losses: [], largest: [], robust: [] };
  const wrongOnce = new Set<number>();
  const observe: Observe = ({ places, losses, bestLosses, right }) => {
    right.forEach((isRight, i) => {
      if (!isRight) wrongOnce.add(places[i]!);
    });
    trace.losses.push(mean(losses));
    trace.largest.push(mean(bestLosses));
    trace.robust.push(1 - wrongOnce.size / ids.length);
  };
  const keys = ids.map((id) => random.split(id));
  const starts = randomStarts(threat, points, keys, victim.features);
  const slope = { victim, loss: suited(loss, victim), threat, iterations, untilWrong: false };
  const climbers = { points, labels, targets: labels, starts };
  if (threat.norm === 'l1') await climb(slope, climbers, withSparseSteps, stop, observe);
  else await climbWithMomentum(slope, climbers, stop, observe);
  return trace;
}

function mean(losses: Float32Array): number {
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}
