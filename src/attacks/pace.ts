// How many steps of an attack go into one execution.

/** What an execution costs beside its steps, in steps. */
const OVERHEAD = 0.25;

/**
 * The steps of the next execution, after one of `steps` in which the share `broken` of the rows was broken. These stand still
 * for the rest of an execution: at a rate r per step, k steps waste r k^2 / 2 of one, so that overhead and waste together are
 * least at k = sqrt(2 overhead / r). At most twice as many as the last time, as the rate may rise, and at most `most`. The
 * first execution has two, as starts are seldom wrong: what breaks, breaks in its last one.
 */
export function nextPace(steps: number, broken: number, most: number): number {
  const best = Math.floor(Math.sqrt((2 * OVERHEAD * steps) / broken));
  return Math.max(1, Math.min(best, 2 * steps, most));
}
