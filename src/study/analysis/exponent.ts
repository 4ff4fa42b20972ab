// The exponent of the law, fitted: log Lip = a + b log P over the sizes of one family, with intervals over seeds.
import { upperEnd } from '../../guarantee/index.ts';
import { bootstrapReplicates, expandedPercentileInterval, mean, powerLawFit } from '../../numeric/index.ts';
import { integers, type Rng } from '../../random/index.ts';
import type { ExponentFit, TrialOutcome } from '../result.ts';
import type { StudySpecification } from '../specification.ts';
import { type Finished, groups } from './series.ts';

const CONFIDENCE = 0.95;
const RESAMPLES = 1000;
/** A line through two points always fits. */
const MIN_SIZES = 3;
/** Two seeds have one difference, which is no spread to resample. */
const MIN_SEEDS = 3;

/**
 * Fits for all pairs of data set and family with at least three sizes and three seeds.
 *
 * Sizes too small for the theory are left out: projected points keep their distances only for dimensions
 * k >= Omega(log n) (Bubeck and Sellke 2021, remark on tightness), here k >= fitFrom ln n. Of trained networks only
 * those that fit below the noise enter, with their witnessed lower bounds, which follow the true constant closely,
 * while products of norms do not. Features enter in the same way, where they interpolate.
 *
 * The intervals resample whole seeds, since all sizes of a seed share their data.
 *
 * @param rng key of the resamples. Guarantee: estimates.
 */
export function exponentFits(
  study: StudySpecification,
  outcomes: readonly TrialOutcome[],
  rng: Rng,
): readonly ExponentFit[] {
  return groups(outcomes).flatMap((members) => {
    const { data, family } = members[0]!.trial;
    const { eligible, range, constant } = eligibility(study, members);
    const sizes = new Set(eligible.map(({ result }) => result.parameterCount));
    const seeds = [...new Set(eligible.map(({ trial }) => trial.seed))];
    if (sizes.size < MIN_SIZES || seeds.length < MIN_SEEDS) return [];
    const constants = eligible.map(constant);
    if (!constants.every((value) => value > 0 && value < Infinity)) return [];
    const resamples = integers(rng.split(data).split(family), RESAMPLES * seeds.length, 0, seeds.length);
    const law = powerLawFit(
      eligible.map(({ result }) => result.parameterCount),
      constants,
      eligible.map(({ trial }) => trial.seed),
      resamples,
      CONFIDENCE,
    );
    const logRatios = seeds.map((seed) =>
      eligible.flatMap((member, i) =>
        member.trial.seed === seed ? [Math.log(constants[i]! / member.result.law.scaling)] : [],
      ),
    );
    const prefactor = (drawn: ArrayLike<number>) =>
      Math.exp(mean(Array.from(drawn, (seed) => logRatios[seed]!).flat()));
    const replicates = bootstrapReplicates(seeds.length, prefactor, resamples);
    const estimate = { kind: 'estimate', confidence: CONFIDENCE } as const;
    return [
      {
        data,
        family,
        exponent: {
          ...estimate,
          value: law.exponent,
          interval: law.exponentInterval,
          method: `least squares of log Lip on log P, bootstrap over ${seeds.length} seeds`,
        },
        prefactor: {
          ...estimate,
          value: prefactor(seeds.map((_, i) => i)),
          interval: expandedPercentileInterval(replicates, CONFIDENCE, seeds.length),
          method: `geometric mean of Lip / sqrt(nd/P), bootstrap over ${seeds.length} seeds`,
        },
        rSquared: law.rSquared,
        trials: eligible.length,
        range,
      },
    ];
  });
}

interface Eligibility {
  readonly eligible: readonly Finished[];
  readonly range: string;
  readonly constant: (member: Finished) => number;
}

function eligibility(study: StudySpecification, members: readonly Finished[]): Eligibility {
  const family = study.families[members[0]!.trial.family]!;
  if ('train' in family) {
    return {
      eligible: members.filter(
        ({ result }) => result.memorization !== 'none' && result.lipschitz.lower !== undefined,
      ),
      range: 'networks that fit below the noise; witnessed lower bounds',
      constant: ({ result }) => result.lipschitz.lower!.value,
    };
  }
  if ('features' in family) {
    return {
      eligible: members.filter(({ result }) => result.memorized === true),
      range: 'features that interpolate; witnessed lower bounds',
      constant: ({ result }) => result.lipschitz.lower!.value,
    };
  }
  const constant = ({ result }: Finished) => upperEnd(result.lipschitz.upper);
  if (family.memorizer !== 'projected-rbf') return { eligible: members, range: 'all sizes', constant };
  const from = study.analysis.fitFrom * Math.log(members[0]!.result.n);
  return {
    eligible: members.filter(({ trial }) => trial.size !== undefined && trial.size >= from),
    range: `projection dimensions from ${Math.ceil(from)} = ${study.analysis.fitFrom} ln n up`,
    constant,
  };
}
