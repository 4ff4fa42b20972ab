// The steps of an audit that concern what the model makes of the data it was trained on.

import { featureCount } from '../data/index.ts';
import type { Model } from '../graph/index.ts';
import type { Measurement } from '../guarantee/index.ts';
import type { Budget } from './budget.ts';
import type { Report } from './crew.ts';
import type { FittedData } from './fitting.ts';
import type { JobKind, Jobs } from './jobs.ts';
import { type KnownOutputs, labelsAt } from './outputs.ts';
import { type AuditResult, WHOLE_SPACE } from './result.ts';
import type { Scene } from './scene.ts';

/**
 * Memorization and the law, on the training data or, where those are not known, on the audited data.
 *
 * @param known outputs of the model there.
 * @param lipschitz the constants, as far as they are known.
 */
export async function measureFit(
  { request, output, crew, observe }: Scene,
  model: Model,
  known: KnownOutputs,
  lipschitz: AuditResult['lipschitz'],
  budget: Budget,
): Promise<Pick<AuditResult, 'memorization' | 'law'>> {
  const { training, data, task, seed, noise, flipped } = request;
  const fitted = training ?? data;
  const end = budget.begin();
  if (known.reason !== undefined) {
    const reason = `the outputs of ${fitted.name} are not all known: ${known.reason}`;
    return { memorization: { status: 'skipped', reason }, law: { status: 'skipped', reason } };
  }
  const { outputs } = output;
  const labels = () => labelsAt(fitted, known.rows, task, outputs);
  const fittedData = (): FittedData => ({
    name: fitted.name,
    points: fitted.x,
    features: featureCount(fitted),
    labels: labels(),
    scores: known.scores,
    outputs,
    task,
    seed,
  });
  observe({ step: 'memorization', done: 0, total: 2 });
  const noiseLevel =
    noise ?? (fitted.noiseVariance === undefined ? null : { variance: fitted.noiseVariance });
  const memorization = measurementOf(
    await crew.perform(
      'memorization',
      'memorization',
      () => ({ data: fittedData(), noise: noiseLevel, flipped: flipped ?? null }),
      () => end,
    ),
  );
  observe({ step: 'the law', done: 1, total: 2 });
  const constants =
    'value' in lipschitz
      ? lipschitz.value.find(({ norm, domain }) => norm === 'l2' && domain === WHOLE_SPACE)
      : undefined;
  const constant = { lower: constants?.lower?.value ?? null, upper: constants?.upper?.value ?? null };
  const law = measurementOf(
    await crew.perform(
      `law/${JSON.stringify(constant)}/${memorization.status}`,
      'law',
      () => ({
        data: fittedData(),
        parameterCount: model.parameterCount,
        memorization: 'value' in memorization ? memorization.value : null,
        constant,
      }),
      () => end,
    ),
  );
  observe({ step: 'the law', done: 2, total: 2 });
  return { memorization, law };
}

/** A job that cannot be cut short, as a measurement. */
function measurementOf<Kind extends JobKind>(report: Report<Kind>): Measurement<Jobs[Kind]['result']> {
  switch (report.status) {
    case 'done':
      return { status: 'done', seconds: report.seconds, value: report.result };
    case 'failed':
      return report;
    case 'late':
      return { status: 'skipped', reason: 'the time for it was over' };
  }
}
