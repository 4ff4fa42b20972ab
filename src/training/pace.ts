// How many updates one execution makes: the more, the less each costs; the fewer, the less is thrown away at the end.

/** Seconds of an execution, so that whoever watches or interrupts a training need not wait. */
const LONGEST = 0.3;

/** What an execution costs beside its updates, in seconds. */
const EXECUTION = 2e-4;

/** Updates that a training takes at least, as a rule. */
const FEW = 64;

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
 * Updates of the next execution. With mini-batches one after the rules are asked, and then those up to the next time. In
 * full-batch training the rules are asked before every update: where they stop it, the updates of the execution beyond are
 * thrown away and those before are made once more, k together. With N of t seconds in all, that and the executions cost
 * k t + e N / k, least at k = sqrt(e N / t). One more than are wanted in all: it measures what the last has led to.
 */
export function updatesAtOnce({ step, steps, perEpoch, numbers, seconds }: Course): number {
  const into = step % perEpoch;
  const asked = perEpoch === 1;
  const unasked = into === 0 ? 1 : perEpoch - into;
  const wanted = asked ? Math.sqrt((EXECUTION * (FEW + step)) / seconds) : unasked;
  const most = Math.min(wanted, LONGEST / seconds, MOST_NUMBERS / numbers, steps + 1 - step);
  return seconds > 0 ? Math.max(1, Math.floor(most)) : 1;
}
