// Which functions are tested with which share of the allowed failure: ranked on the training half, so that the held-out half decides.

/** The most functions that are tested. */
const MOST_TESTED = 40;

/** Function number `index`, with the probability with which a statement on it may be wrong. */
export interface Candidate {
  readonly index: number;
  readonly failure: number;
}

/**
 * The functions with the largest scores on the training half, ties to the first. The one in place j = 1, 2, ... gets
 * failure / (j (j + 1)), which adds up to less than `failure` over all places (Bonferroni's inequality with weights).
 */
export function ranked(scores: readonly number[], failure: number): readonly Candidate[] {
  return scores
    .map((score, index) => ({ score, index }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, MOST_TESTED)
    .map(({ index }, at) => ({ index, failure: failure / ((at + 1) * (at + 2)) }));
}
