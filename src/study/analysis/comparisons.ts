// Trained functions beside the best explicit construction that has no more parameters: what gradient training misses of what the law allows.
import type { Estimate } from '../../guarantee/index.ts';
import { bootstrapReplicates, expandedPercentileInterval, mean } from '../../numeric/index.ts';
import { integers, type Rng } from '../../random/index.ts';
import type { ComparedMember, Comparison, TrialOutcome } from '../result.ts';
import type { ComparisonQuestion, StudySpecification } from '../specification.ts';
import { CONFIDENCE } from './grouped-fit.ts';
import { quantityOf } from './quantities.ts';
import { type Finished, finished } from './series.ts';

const RESAMPLES = 1000;
/** Two draws have one difference, which is no spread to resample. */
const MIN_DRAWS = 3;

/**
 * The comparisons of `analysis.comparisons`, in order: for every size of a family the geometric mean, over the draws of the
 * data, of its Lipschitz constant over the least constant among the constructions that fit the same draw with at most as many
 * parameters. A construction with fewer parameters is one with P parameters of which some are not used.
 *
 * Each ratio is taken from both sides: the constant from below over that of the construction from above, which no true ratio
 * is below, and the other way round. Guarantee: estimates, over the draws, of the means of these bounds.
 */
export function comparisons(
  study: StudySpecification,
  outcomes: readonly TrialOutcome[],
  rng: Rng,
): readonly Comparison[] {
  const done = finished(outcomes);
  return (study.analysis.comparisons ?? []).map((question, index) => {
    const asked = done.filter(
      ({ trial }) =>
        question.families.includes(trial.family) &&
        (question.data?.includes(trial.data.split(' ')[0]!) ?? true),
    );
    const cells = Map.groupBy(asked, ({ trial: { data, family, size } }) =>
      JSON.stringify([data, family, size]),
    );
    return {
      title: question.title,
      members: Array.from(cells, ([name, members]) =>
        compared(members, done, question, rng.split(index).split(name)),
      ),
    };
  });
}

/** One draw of the data: the function, and what it is compared with. */
interface Pair {
  readonly one: Finished;
  readonly best: Finished;
}

function compared(
  members: readonly Finished[],
  done: readonly Finished[],
  { against, memorized }: ComparisonQuestion,
  rng: Rng,
): ComparedMember {
  const { trial, result } = members[0]!;
  const fits = memorized ? members.filter((member) => member.result.memorized === true) : members;
  const pairs = fits.flatMap((one): Pair[] => {
    const best = bestConstruction(one, done, against);
    return best ? [{ one, best }] : [];
  });
  const names = pairs.map(({ best }) => `${best.trial.family} ${best.trial.size ?? ''}`.trim());
  const common = {
    data: trial.data,
    family: trial.family,
    ...(trial.size !== undefined && { size: trial.size }),
    parameterCount: result.parameterCount,
    draws: pairs.length,
    leftOut: members.length - fits.length,
    best: [...new Set(names)],
  };
  if (fits.length > 0 && pairs.length === 0) {
    return { ...common, note: `no construction with at most ${result.parameterCount} parameters` };
  }
  if (pairs.length < MIN_DRAWS) {
    return { ...common, note: `${pairs.length} draws; an interval takes ${MIN_DRAWS}` };
  }
  const resamples = integers(rng, RESAMPLES * pairs.length, 0, pairs.length);
  const ratio = (top: 'lower' | 'upper', bottom: 'lower' | 'upper') =>
    geometricMean(
      pairs.map(({ one, best }) => [quantityOf(top, one), quantityOf(bottom, best)]),
      resamples,
    );
  const [atLeast, atMost] = [ratio('lower', 'upper'), ratio('upper', 'lower')];
  return { ...common, ...(atLeast && { atLeast }), ...(atMost && { atMost }) };
}

/** The least certified constant among the constructions on the same draw with at most as many parameters. */
function bestConstruction(
  { trial, result }: Finished,
  done: readonly Finished[],
  against: readonly string[],
): Finished | undefined {
  const candidates = done.filter(
    (other) =>
      against.includes(other.trial.family) &&
      other.trial.data === trial.data &&
      other.trial.seed === trial.seed &&
      other.result.memorized === true &&
      other.result.parameterCount <= result.parameterCount &&
      quantityOf('upper', other) !== undefined,
  );
  return candidates.reduce<Finished | undefined>(
    (best, other) => (best && quantityOf('upper', best)! <= quantityOf('upper', other)! ? best : other),
    undefined,
  );
}

/** exp mean log of the ratios; undefined where one of them has no finite bound. */
function geometricMean(
  ratios: readonly (readonly [top: number | undefined, bottom: number | undefined])[],
  resamples: Int32Array,
): Estimate | undefined {
  const logs = ratios.map(([top, bottom]) => Math.log((top ?? Number.NaN) / (bottom ?? Number.NaN)));
  if (!logs.every(Number.isFinite)) return undefined;
  const of = (drawn: ArrayLike<number>) => Math.exp(mean(Array.from(drawn, (i) => logs[i]!)));
  const replicates = bootstrapReplicates(logs.length, of, resamples);
  return {
    kind: 'estimate',
    value: of(logs.map((_, i) => i)),
    interval: expandedPercentileInterval(replicates, CONFIDENCE, logs.length),
    confidence: CONFIDENCE,
    method: `geometric mean, bootstrap over ${logs.length} draws of the data`,
  };
}
