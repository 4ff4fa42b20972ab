// How the steps of an audit share its time: each gets its part of what is left, so that unused time goes to those after it.
import { RobustlawError } from '../errors.ts';

/** A moment on the clock of performance.now(), in milliseconds; Infinity is never. */
export type Moment = number;

/** At its end an audit has examples to check and a result to write: a part of its time is kept for that, at most 10 s. */
const FINISHING_PART = 1 / 10;
const FINISHING = 10e3;

/**
 * Milliseconds beyond the end that the check of stored examples has, where measuring has used up the time for it: the 3 s
 * within which processes that do not break off are killed, and 5 s more.
 */
export const OVERTIME = 8e3;

/** When all measuring is to be done, so that the audit is at `end`. */
export function endOfMeasuring(now: Moment, end: Moment): Moment {
  if (end === Number.POSITIVE_INFINITY) return end;
  return end - Math.min(FINISHING, FINISHING_PART * Math.max(0, end - now));
}

export interface Budget {
  /** Begins the next step: the moment at which it must be done. */
  begin(): Moment;
}

/**
 * @param weights of the steps in their order, > 0: a step that begins may take weight / (weights from it on) of the time left.
 */
export function shareTime(
  weights: readonly number[],
  end: Moment,
  now: () => Moment = () => performance.now(),
): Budget {
  let step = 0;
  return {
    begin() {
      const left = weights.slice(step).reduce((sum, weight) => sum + weight, 0);
      const weight = weights[step++];
      if (weight === undefined)
        throw new RobustlawError('internal', `${step} steps share the time of ${weights.length}`);
      if (end === Number.POSITIVE_INFINITY) return end;
      return now() + (Math.max(0, end - now()) * weight) / left;
    },
  };
}
