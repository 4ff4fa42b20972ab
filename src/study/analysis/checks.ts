// What must hold in every study, theorem or arithmetic; a violated check is a finding with the trial that shows it.
import { upperEnd } from '../../guarantee/index.ts';
import { isExactMemorizer } from '../memorized.ts';
import type { Analysis, Trial, TrialOutcome } from '../result.ts';
import type { StudySpecification } from '../specification.ts';
import { type Finished, finished } from './series.ts';

type Check = Analysis['checks'][number];

/** A trial that failed is no evidence against the law, but whoever relies on the study must know. */
export const ALL_FINISHED = 'Every trial finished';

/** Largest error of a memorizer that fits exactly in exact arithmetic. */
export const INTERPOLATION_TOLERANCE = 1e-9;

/** Room for the error above: the McShane optimum belongs to the labels, the constant to values within 1e-9 of them. */
const OPTIMUM_SLACK = 1e-6;

/** All checks over all trials; a check over no trials is left out. */
export function checks(study: StudySpecification, outcomes: readonly TrialOutcome[]): readonly Check[] {
  const done = finished(outcomes);
  const exact = done.filter(({ trial }) => isExactMemorizer(study.families[trial.family]!));
  return [
    check(
      ALL_FINISHED,
      outcomes,
      (outcome) => outcome.state === 'done',
      (outcome) => (outcome.state === 'failed' ? outcome.error.message : ''),
    ),
    check(
      `Every exact memorizer interpolates: max |f(x_i) - y_i| < ${INTERPOLATION_TOLERANCE}`,
      exact,
      ({ result }) => result.interpolationError < INTERPOLATION_TOLERANCE,
      ({ result }) => `error ${result.interpolationError}`,
    ),
    check(
      'No witnessed lower bound exceeds the certified upper bound',
      done.filter(({ result }) => result.lipschitz.lower !== undefined),
      ({ result: { lipschitz } }) => lipschitz.lower!.value <= upperEnd(lipschitz.upper),
      ({ result: { lipschitz } }) => `${lipschitz.lower!.value} > ${upperEnd(lipschitz.upper)}`,
    ),
    check(
      'No function beats the certified lower bound of the law',
      done.filter(({ result }) => result.law.certifiedBound !== undefined),
      ({ result }) => result.law.certifiedBound! <= upperEnd(result.lipschitz.upper),
      ({ result }) => `${upperEnd(result.lipschitz.upper)} < ${result.law.certifiedBound}`,
    ),
    check(
      'No exact memorizer is smoother than the McShane optimum of its data',
      exact,
      ({ result }) => upperEnd(result.lipschitz.upper) >= result.law.mcShaneOptimum * (1 - OPTIMUM_SLACK),
      ({ result }) => `${upperEnd(result.lipschitz.upper)} < ${result.law.mcShaneOptimum}`,
    ),
  ].filter((one) => one !== undefined);
}

function check<T extends TrialOutcome | Finished>(
  statement: string,
  members: readonly T[],
  holds: (member: T) => boolean,
  evidence: (member: T) => string,
): Check | undefined {
  if (members.length === 0) return undefined;
  const violations = members.filter((member) => !holds(member));
  const [first] = violations;
  if (!first) return { statement, holds: true, detail: `${members.length} trials` };
  return {
    statement,
    holds: false,
    detail: `${violations.length} of ${members.length} trials violate it, first ${trialName(first.trial)}: ${evidence(first)}`,
  };
}

/** `sphere n=1000 d=1000, projected-rbf 40, seed 3`. */
export function trialName({ data, family, size, seed }: Trial): string {
  return `${data}, ${family}${size === undefined ? '' : ` ${size}`}, seed ${seed}`;
}
