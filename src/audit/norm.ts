// Attacks and certificates in one norm, and what they say together.

import type { Measurement } from '../guarantee/index.ts';
import { attackNorm } from './attacking.ts';
import type { Budget } from './budget.ts';
import { certifyNorm } from './certifying.ts';
import type { Crew } from './crew.ts';
import { distrustAttacks } from './distrust.ts';
import { storeExamples } from './examples.ts';
import { broken, type Nearest } from './found.ts';
import { chooseImages } from './images.ts';
import { requireOrder } from './order.ts';
import { reasonsOnce } from './reasons.ts';
import type { NormRadii } from './request.ts';
import type { AuditImage, Finding, Robustness } from './result.ts';
import { robustnessOf } from './robustness.ts';
import type { AuditedRows } from './rows.ts';
import type { Scene } from './scene.ts';

/**
 * Attacks the rows, certifies them, and holds the two against each other.
 *
 * @param checker processes that have seen no attack, for the stored examples and for those within certified radii.
 */
export async function measureRobustness(
  { request, subject, work, directory, crew, observe }: Scene,
  checker: Crew,
  rows: AuditedRows,
  { norm, radii }: NormRadii,
  budget: Budget,
): Promise<{ result: Measurement<Robustness>; findings: Finding[]; images: AuditImage[] }> {
  const { task, seed } = request;
  const nearest: Nearest = new Array(rows.ids.length).fill(undefined);
  const { bounds } = subject;
  const campaign = { crew, rows, task, norm, bounds, seed, nearest, observe: () => {} };
  const attacked = await attackNorm(campaign, radii, work, budget, (attack, radius, done, total) => {
    const robust = rows.ids.filter((_, i) => rows.correct[i] && !broken(nearest, i, radius)).length;
    const step = `${attack}, ${norm}${Number.isFinite(radius) ? ` ${radius}` : ''}`;
    observe({ step, done, total, robust: { rows: robust, of: rows.ids.length } });
  });
  const checks = budget.begin();
  const widest = attacked.assaults.at(-1);
  observe({ step: `checks of the attacks, ${norm}`, done: 0, total: 1 });
  const doubts = widest ? await distrustAttacks(campaign, widest, checks) : [];
  const told = (done: number, total: number) => observe({ step: `certificates, ${norm}`, done, total });
  const certification = await certifyNorm(
    { ...campaign, observe: told },
    radii,
    request.boundSeconds,
    budget.begin(),
  );
  const stored = await storeExamples(directory, norm, rows, subject.shape, nearest, checker);
  const judged = { ...campaign, crew: checker };
  const ordered = await requireOrder(judged, certification.certified, directory);
  const value = robustnessOf(norm, task, rows, attacked, nearest, ordered.certified, stored);
  const stages = [
    ...attacked.assaults.flatMap(({ radius, stages }) => stages.map((stage) => ({ radius, stage }))),
    { radius: Number.POSITIVE_INFINITY, stage: attacked.nearest },
  ];
  const reasons = [
    ...reasonsOnce(
      stages.flatMap(({ radius, stage }) =>
        stage.reason === undefined
          ? []
          : [
              {
                what: stage.attack,
                radius: Number.isFinite(radius) ? radius : undefined,
                reason: stage.reason,
              },
            ],
      ),
    ),
    ...[certification.reason, stored.reason].filter((reason) => reason !== undefined),
  ];
  const seconds = stages.reduce((sum, { stage }) => sum + stage.seconds, certification.seconds);
  const nothing =
    stages.every(({ stage }) => stage.status === 'failed') && certification.reason !== undefined;
  const result: Measurement<Robustness> =
    reasons.length === 0
      ? { status: 'done', seconds, value }
      : nothing
        ? { status: 'failed', seconds, reason: reasons.join('; ') }
        : { status: 'partial', seconds, reason: reasons.join('; '), value };
  return {
    result,
    findings: [...doubts, ...certification.findings, ...stored.findings, ...ordered.findings],
    images: chooseImages(norm, task, rows, nearest),
  };
}
