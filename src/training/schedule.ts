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

/**
 * `rate` up to the first milestone, multiplied by `factor` after each: update number t has the rate
 * rate factor^(milestones < t).
 *
 * @param milestones numbers of updates, increasing.
 * @param factor in (0, 1); 0.1 by default.
 */
export function stepRate(rate: number, milestones: readonly number[], factor = 0.1): Schedule {
  requirePositive('learning rate', rate);
  milestones.forEach((milestone, i) => {
    requireInteger('milestone', milestone, i === 0 ? 1 : milestones[i - 1]! + 1);
  });
  if (!(factor > 0 && factor < 1)) throw invalidArgument('factor', factor, 'a number in (0, 1)');
  return (step) => rate * factor ** milestones.filter((milestone) => milestone < step).length;
}

/**
 * The first `steps` updates rise linearly: update t <= steps has t / steps of the rate that `schedule` gives it
 * (Goyal et al. 2017, section 2.2).
 */
export function linearWarmup(schedule: Schedule, steps: number): Schedule {
  requireInteger('warmup', steps);
  return (step) => schedule(step) * Math.min(1, step / steps);
}

/**
 * Linearly from rate / 25 up to `rate` within the first `rising` part of all steps, then half a cosine down to 0
 * (the one-cycle policy: Smith and Topin 2018; the shape of the descent is PyTorch's).
 *
 * @param rising in (0, 1); 0.3 by default.
 */
export function oneCycle(rate: number, steps: number, rising = 0.3): Schedule {
  requirePositive('learning rate', rate);
  requireInteger('steps', steps);
  if (!(rising > 0 && rising < 1)) throw invalidArgument('rising part', rising, 'a number in (0, 1)');
  const peak = Math.max(1, Math.round(rising * steps));
  return (step) => {
    if (step <= peak) return rate * (1 / 25 + (24 / 25) * (peak === 1 ? 1 : (step - 1) / (peak - 1)));
    const fallen = Math.min(1, (step - peak) / Math.max(1, steps - peak));
    return (rate * (1 + Math.cos(Math.PI * fallen))) / 2;
  };
}
