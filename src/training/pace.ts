// How many updates one execution makes: the more, the less each costs; the fewer, the less is thrown away at the end.

/** Seconds of an execution, so that whoever watches or interrupts a training need not wait. */
const LONGEST = 0.3;

/** Where an execution may turn out to have gone too far: beyond this, more updates in it hardly save anything. */
const LONG_ENOUGH = 0.02;
const FIRST = 8;
const SHARE = 1 / 8;

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
 * Updates of the next execution. In full-batch training, where the rules are asked before every update, not many of
 * those made; with mini-batches one after the rules are asked, and then those up to the next time. One more than are
 * wanted in all: it measures what the last has led to.
 */
export function updatesAtOnce({ step, steps, perEpoch, numbers, seconds }: Course): number {
  const into = step % perEpoch;
  const asked = perEpoch === 1;
  const wanted = asked ? Math.max(FIRST, Math.floor(SHARE * step)) : into === 0 ? 1 : perEpoch - into;
  const quick = seconds > 0 ? Math.floor((asked ? LONG_ENOUGH : LONGEST) / seconds) : 1;
  return Math.max(1, Math.min(wanted, quick, Math.floor(MOST_NUMBERS / numbers), steps + 1 - step));
}
