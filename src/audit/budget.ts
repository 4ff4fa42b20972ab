// How the steps of an audit share its time: each gets its part of what is left, so that unused time goes to those after it.
import { RobustlawError } from '../errors.ts';

/** A moment on the clock of performance.now(), in milliseconds; Infinity is never. */
export type Moment = number;

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
