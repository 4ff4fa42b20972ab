// The contract of an attack: what it is given and what it returns. Whoever counts its successes checks them again.
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import type { LabelRows } from './task.ts';
import type { Threat } from './threat.ts';
import type { Victim } from './victim.ts';

/** Labelled points that the victim gets right. */
export interface Samples {
  /** `[rows, features]`. */
  readonly points: Float32Array;
  readonly labels: LabelRows;
  /** The number of each row in its data set; it names the row's random choices. */
  readonly ids: readonly number[];
}

export interface Attack {
  /** As in the literature: `APGD-CE`. */
  readonly name: string;
  /** Black-box attacks see scores, white-box attacks also gradients. */
  readonly access: 'white-box' | 'black-box';
  /**
   * For every row the most harmful change found that the threat model allows: `[rows, features]`; with an infinite radius,
   * the nearest harmful one. A row for which nothing harmful was found may be anything allowed, itself included.
   *
   * Ends early, with the best so far, once `stop` says so. Random choices of a row depend on `random` and its id alone.
   */
  run(victim: Victim, samples: Samples, threat: Threat, random: Rng, stop: Stop): Promise<Float32Array>;
}
