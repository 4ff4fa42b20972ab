// Lipschitz constants of the audited model: everywhere, and on balls around rows of the data.
import {
  type Domain,
  GLOBAL,
  type LipschitzMeasurement,
  type Measurement,
  type Norm,
} from '../guarantee/index.ts';
import type { Budget } from './budget.ts';
import type { Crew } from './crew.ts';
import { reasonsOnce } from './reasons.ts';
import type { AuditRequest, NormRadii } from './request.ts';
import { type AuditLipschitz, WHOLE_SPACE } from './result.ts';
import { type AuditedRows, gather, rowOf } from './rows.ts';

/** Balls per norm. */
const BALLS = 2;

/** Rows where searches start. */
const STARTS = 64;

interface Asked {
  readonly norm: Norm;
  readonly domain: Domain;
  readonly words: string;
}

/** The questions of an audit: each norm globally, and on the ball of its largest radius around the first correct rows. */
export function lipschitzQuestions(norms: readonly NormRadii[], rows: AuditedRows): Asked[] {
  const centres = rows.ids
    .map((_, i) => i)
    .filter((i) => rows.correct[i])
    .slice(0, BALLS);
  // The law speaks of the l2 constant, whatever norms are attacked.
  const all = norms.some(({ norm }) => norm === 'l2')
    ? norms
    : [...norms, { norm: 'l2' as const, radii: [] }];
  return all.flatMap(({ norm, radii }): Asked[] => {
    const radius = Math.max(...radii);
    const around = radii.length === 0 ? [] : centres;
    return [
      { norm, domain: GLOBAL, words: WHOLE_SPACE },
      ...around.map((i): Asked => {
        const centre = Float64Array.from(rowOf(rows.points, rows.features, i));
        const domain: Domain = { kind: 'ball', centre, radius, norm };
        return { norm, domain, words: `the ball of radius ${radius} around row ${rows.ids[i]}` };
      }),
    ];
  });
}

/** Asks the questions; those without an answer are said in the reason. */
export async function measureConstants(
  crew: Crew,
  asked: readonly Asked[],
  rows: AuditedRows,
  { seed, boundSeconds }: Pick<AuditRequest, 'seed' | 'boundSeconds'>,
  budget: Budget,
  observe: (done: number, total: number) => void,
): Promise<Measurement<AuditLipschitz[]>> {
  const end = budget.begin();
  const starts = gather(rows.points, rows.features, rows.ids.map((_, i) => i).slice(0, STARTS));
  let done = 0;
  // Questions in turn share the time: those that come first must not take all of it.
  const reports = await Promise.all(
    asked.map(async ({ norm, domain, words }, i) => {
      const key = ['lipschitz', norm, words];
      const share = () => {
        const now = performance.now();
        return now + ((end - now) * Math.min(asked.length - i, crew.workers)) / (asked.length - i);
      };
      const given = () => ({ question: { norm, domain }, starts, seed, key, boundSeconds });
      const report = await crew.perform(key.join('/'), 'lipschitz', given, share);
      observe(++done, asked.length);
      return { words, report };
    }),
  );
  const value = reports.flatMap(({ words, report }) =>
    report.status === 'done' ? [plain(report.result, words)] : [],
  );
  const seconds = reports.reduce(
    (sum, { report }) => sum + (report.status === 'late' ? 0 : report.seconds),
    0,
  );
  const missing = reports.flatMap(({ words, report }, i) => {
    if (report.status === 'done') return [];
    const reason = report.status === 'late' ? 'the time for it was over' : report.reason;
    return [{ what: `${asked[i]!.norm} on ${words}`, radius: undefined, reason }];
  });
  if (missing.length === 0) return { status: 'done', seconds, value };
  const reason = reasonsOnce(missing).join('; ');
  if (value.length > 0) return { status: 'partial', seconds, reason, value };
  if (reports.every(({ report }) => report.status === 'late')) return { status: 'skipped', reason };
  return { status: 'failed', seconds, reason };
}

function plain({ norm, lower, upper, answers }: LipschitzMeasurement, domain: string): AuditLipschitz {
  const bound = <Claim extends { method: string; kind: 'exact' | 'upper' | 'lower'; value: number }>(
    claim: Claim,
  ) => ({ method: claim.method, kind: claim.kind, value: claim.value });
  return {
    norm,
    domain,
    lower: lower ? bound(lower) : null,
    // An infinite bound says nothing, and JSON has no infinity.
    upper: upper && Number.isFinite(upper.value) ? bound(upper) : null,
    answers: answers.map(({ method, guarantees, note, seconds }) => ({
      method,
      bounds: guarantees.filter(({ value }) => Number.isFinite(value)).map(bound),
      ...(note !== undefined && { note }),
      seconds,
    })),
  };
}
