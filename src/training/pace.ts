// How many updates one execution makes: more cost less each, fewer are asked earlier whether to stop.

/** Seconds of an execution, so that whoever watches or interrupts a training need not wait. */
const LONGEST = 0.3;

/** What an execution adds to the updates made is at most this share of them, because a stop within it throws some away. */
const SHARE = 1 / 16;

/** Numbers of the batches that one execution is fed. */
const MOST_NUMBERS = 2 ** 22;

export interface Course {
  /** Updates made so far, and most that are made. */
  readonly step: number;
  readonly steps: number;
  readonly perEpoch: number;
  /** Numbers that an update is fed of its own. */
  readonly numbers: number;
  /** Of an update so far; zero where none was made. */
  readonly seconds: number;
}

/**
 * Updates of the next execution: up to the next time that the rules are asked, or in full-batch training, where they are
 * asked all the time, a share of those made. One more than are wanted in all: it measures what the last has led to.
 */
export function updatesAtOnce({ step, steps, perEpoch, numbers, seconds }: Course): number {
  const wanted = perEpoch === 1 ? Math.floor(SHARE * step) : perEpoch - (step % perEpoch);
  const quick = seconds > 0 ? Math.floor(LONGEST / seconds) : 1;
  return Math.max(1, Math.min(wanted, quick, Math.floor(MOST_NUMBERS / numbers), steps + 1 - step));
}
