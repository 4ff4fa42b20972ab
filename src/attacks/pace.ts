// How many steps of an attack go into one execution.

/** Rows broken within an execution stand still for the rest of it; more of them than this share, and the next one is shorter. */
const LEAVING = 1 / 8;

/**
 * After an execution of `steps` in which a share of the rows was broken: half as many, or twice as many up to `most`. The
 * first one has a single step, as many rows break at the start.
 */
export function nextPace(steps: number, broken: number, most: number): number {
  return broken > LEAVING ? Math.max(1, Math.floor(steps / 2)) : Math.min(2 * steps, most);
}
