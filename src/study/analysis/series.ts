// Lipschitz constants against P: the finished trials of one family on one data set, size by size.
import { upperEnd } from '../../guarantee/index.ts';
import type { Series, TrialOutcome } from '../result.ts';

export type Finished = Extract<TrialOutcome, { state: 'done' }>;

/** The trials that finished. */
export function finished(outcomes: readonly TrialOutcome[]): readonly Finished[] {
  return outcomes.filter((outcome) => outcome.state === 'done');
}

/** The finished trials of each pair of data set and family, pairs in order of appearance. */
export function groups(outcomes: readonly TrialOutcome[]): readonly (readonly Finished[])[] {
  const byPair = Map.groupBy(finished(outcomes), ({ trial }) => JSON.stringify([trial.data, trial.family]));
  return [...byPair.values()];
}

/**
 * One series for each pair of data set and family, its points by increasing P. Of several seeds the point keeps the
 * largest interpolation error and the smallest certified bound, so that whatever holds for them holds for all.
 */
export function allSeries(outcomes: readonly TrialOutcome[]): readonly Series[] {
  return groups(outcomes).map((members) => {
    const { trial, result } = members[0]!;
    const bySize = Map.groupBy(members, (member) => member.trial.size);
    const points = [...bySize].map(([size, replicates]) => point(size, replicates));
    return {
      data: trial.data,
      family: trial.family,
      n: result.n,
      d: result.d,
      points: points.toSorted((a, b) => a.parameterCount - b.parameterCount),
    };
  });
}

function point(size: number | undefined, replicates: readonly Finished[]): Series['points'][number] {
  const results = replicates
    .toSorted((a, b) => a.trial.seed - b.trial.seed)
    .map((replicate) => replicate.result);
  const lower = results.flatMap(({ lipschitz }) => (lipschitz.lower ? [lipschitz.lower.value] : []));
  const product = results.flatMap(({ lipschitz }) => (lipschitz.product ? [lipschitz.product.value] : []));
  const exact = results.every(({ lipschitz }) => lipschitz.upper.kind === 'exact');
  const bounds = results.flatMap(({ law }) => (law.certifiedBound === undefined ? [] : [law.certifiedBound]));
  return {
    ...(size !== undefined && { size }),
    parameterCount: results[0]!.parameterCount,
    upper: results.map(({ lipschitz }) => upperEnd(lipschitz.upper)),
    ...(!exact && lower.length === results.length && { lower }),
    ...(!exact && product.length === results.length && { product }),
    exact,
    ...(bounds.length === results.length && { certifiedBound: Math.min(...bounds) }),
    interpolationError: Math.max(...results.map(({ interpolationError }) => interpolationError)),
  };
}
