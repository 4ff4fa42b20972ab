// Reasons to distrust what the attacks say: checks of the model and the data before them, and of their results.
import { type Finding, standardEnsemble, type WorstCase } from '../attacks/index.ts';
import { pointCount } from '../data/index.ts';
import { permutation, rng } from '../random/index.ts';
import type { Assault } from './attacking.ts';
import type { Moment } from './budget.ts';
import type { Crew, Report } from './crew.ts';
import { broken } from './found.ts';
import { labelsAt, pointsAt } from './outputs.ts';
import type { AuditRequest } from './request.ts';
import { nameOfRows, samplesOf } from './rows.ts';
import type { Campaign } from './stages.ts';

/** The checks of distrustModel(), in the words of findings. */
export const OF_MODEL = 'of model and data';

/** Rows of the data that the checks of the model look at. */
const ROWS = 400;

/** What model and data betray; a check that fails or has no time is a finding, too. */
export async function distrustModel(
  crew: Crew,
  { data, task, seed }: Pick<AuditRequest, 'data' | 'task' | 'seed'>,
  outputs: number,
  end: Moment,
): Promise<Finding[]> {
  const chosen = [...permutation(rng(seed).split('checks'), pointCount(data))]
    .slice(0, ROWS)
    .sort((a, b) => a - b);
  const given = () => ({ points: pointsAt(data, chosen), labels: labelsAt(data, chosen, task, outputs) });
  const report = await crew.perform(
    `model findings/${nameOfRows(chosen)}`,
    'model findings',
    given,
    () => end,
  );
  return findingsOf(report, OF_MODEL);
}

/** What the results of the ensemble at a radius betray. */
export async function distrustAttacks(
  { crew, rows, norm, bounds, seed, nearest }: Omit<Campaign, 'observe'>,
  { radius, stages }: Assault,
  end: Moment,
): Promise<Finding[]> {
  const correct = rows.ids.map((_, i) => i).filter((i) => rows.correct[i]);
  const key = ['attack findings', norm, String(radius)];
  const attacks = standardEnsemble();
  const known: WorstCase = {
    attacks: stages.map(({ attack, attacked, broken: count, notAttacked, status, reason }) => ({
      name: attack,
      access: attacks.find(({ name }) => name === attack)!.access,
      attacked,
      broken: count,
      rejected: 0,
      notAttacked,
      ...(status === 'failed' && { failure: reason ?? '' }),
    })),
    examples: correct
      .filter((i) => broken(nearest, i, radius))
      .map((i) => {
        const { attack, distance, point } = nearest[i]!;
        return { id: rows.ids[i]!, attack, distance, point };
      }),
  };
  const facts = nameOfRows([
    ...known.attacks.flatMap((one) => [
      one.name,
      one.attacked,
      one.broken,
      one.notAttacked,
      one.failure ?? '',
    ]),
    ...known.examples.flatMap((one) => [one.id, one.attack, one.distance]),
  ]);
  const name = [...key, facts].join('/');
  const given = () => ({
    known,
    samples: samplesOf(rows, correct),
    threat: { norm, radius, bounds },
    key,
    seed,
  });
  const report = await crew.perform(name, 'attack findings', given, () => end);
  return findingsOf(report, `of the attacks in ${norm}`).map((finding) => ({
    ...finding,
    evidence: { norm, radius, ...finding.evidence },
  }));
}

function findingsOf(report: Report<'model findings' | 'attack findings'>, what: string): Finding[] {
  if (report.status === 'done' && !report.stopped) return [...report.result];
  const missing = checksMissing(
    what,
    report.status === 'failed' ? report.reason : 'the time for them was over',
  );
  return report.status === 'done' ? [...report.result, missing] : [missing];
}

/** Checks that are not complete are a finding, too. */
export function checksMissing(what: string, reason: string): Finding {
  return {
    id: 'checks-missing',
    severity: 'warning',
    title: `The checks ${what} are not complete`,
    explanation: `They look for reasons why attacks may fail on a model that is not robust; without them less is known of how far the robust accuracy can be trusted. The reason: ${reason}.`,
    evidence: { reason },
  };
}
