// The outcomes of a study, sorted into what finished and what failed.
import type { StudyResult, TrialOutcome } from '../study/index.ts';

export type DoneOutcome = Extract<TrialOutcome, { state: 'done' }>;
export type FailedOutcome = Extract<TrialOutcome, { state: 'failed' }>;

export function doneOutcomes(result: StudyResult): readonly DoneOutcome[] {
  return result.outcomes.filter((outcome) => outcome.state === 'done');
}

/** The probability with which the certified lower bounds hold, each for its trial: the least where they differ. */
export function boundConfidence(result: StudyResult): number | undefined {
  const all = doneOutcomes(result).flatMap(({ result: { law } }) => law.certifiedConfidence ?? []);
  return all.length > 0 ? Math.min(...all) : undefined;
}

export function failedOutcomes(result: StudyResult): readonly FailedOutcome[] {
  return result.outcomes.filter((outcome) => outcome.state === 'failed');
}
