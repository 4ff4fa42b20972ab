// Learning-rate schedules: plain functions of the step.
import { invalidArgument, requireInteger, requirePositive } from '../errors.ts';

/** The learning rate of update number `step` = 1, 2, ... */
export type Schedule = (step: number) => number;

export function constantRate(rate: number): Schedule {
  requirePositive('learning rate', rate);
  return () => rate;
}

/**
 * Half a cosine from `rate` at step 1 to `last` at step `steps` and after
 * (Loshchilov and Hutter 2017, "SGDR", equation (5), without restarts). `last` defaults to 0.
 */
export function cosineRate(rate: number, steps: number, last = 0): Schedule {
  requirePositive('learning rate', rate);
  requireInteger('steps', steps);
  if (!(last >= 0 && last <= rate)) throw invalidArgument('last rate', last, `a number in [0, ${rate}]`);
  return (step) => {
    const progress = steps === 1 ? 1 : Math.min(1, (step - 1) / (steps - 1));
    return last + ((rate - last) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}
