// How many updates one execution makes: the more, the less each costs; the fewer, the less is thrown away at the end.
import type { Fit } from './measures.ts';

/** Seconds of an execution, so that whoever watches or interrupts a training need not wait. */
const LONGEST = 0.3;

/** What an execution costs beside its updates, in seconds. */
const EXECUTION = 4e-4;

/** Numbers of the batches that one execution is fed. */
const MOST_NUMBERS = 2 ** 22;

/** How many times as far as it has been seen a course is continued. */
const FARTHEST = 4;

/** To which factor it is known where it ends. */
const PRECISION = 1.2;

export interface Course {
  /** Updates made so far, and most that are made. */
  readonly step: number;
  readonly steps: number;
  /** Updates up to the next time that rules are asked, if it comes by itself: with mini-batches, those left of the epoch. */
  readonly unasked: number | undefined;
  /** Updates that full-batch training is expected to make before a rule stops it. */
  readonly expected: number;
  /** Numbers that an update is fed of its own. */
  readonly numbers: number;
  /** Of an update so far; zero where none was made. */
  readonly seconds: number;
}

/**
 * Updates of the next execution. In full-batch training rules are asked before every update: where they stop it, the
 * updates of the execution beyond are thrown away, and those before are made once more, k together. With N updates of t
 * seconds to come, that and the executions cost k t + e N / k, least at k = sqrt(e N / t); half of the way is taken at
 * once where that is more. One update more than are wanted in all: it measures what the last has led to.
 */
export function updatesAtOnce({ step, steps, unasked, expected, numbers, seconds }: Course): number {
  const wanted = unasked ?? Math.max(expected / 2, Math.sqrt((EXECUTION * expected) / seconds));
  const most = Math.min(wanted, LONGEST / seconds, MOST_NUMBERS / numbers, steps + 1 - step);
  return seconds > 0 ? Math.max(1, Math.floor(most)) : 1;
}

/**
 * Updates until `stops` says yes, if the measures go on in a straight line through those of `gap` updates before and now; no
 * more than a few times the gap. Errors that fall geometrically take longer: they are expected too early, which is cheap.
 */
export function expectedUpdates(stops: (fit: Fit) => boolean, before: Fit, now: Fit, gap: number): number {
  let updates = 1;
  while (updates < FARTHEST * gap && !stops(continued(before, now, updates / gap))) {
    updates = Math.ceil(updates * PRECISION);
  }
  return Math.min(updates, FARTHEST * gap);
}

function continued(before: Fit, now: Fit, times: number): Fit {
  const line = (a: number, b: number) => b + times * (b - a);
  return {
    meanSquaredError: line(before.meanSquaredError, now.meanSquaredError),
    maxError: line(before.maxError, now.maxError),
    margin: line(before.margin, now.margin),
    ...(now.accuracy !== undefined && { accuracy: line(before.accuracy!, now.accuracy) }),
    ...(now.robustAccuracy !== undefined && {
      robustAccuracy: line(before.robustAccuracy!, now.robustAccuracy),
    }),
  };
}
