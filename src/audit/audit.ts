// The audit: gather what the model says, measure, and tell it as one result. What fails is a result that says so.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Task, UNBOUNDED, wrong } from '../attacks/index.ts';
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import { type Model, nameOf, singleSample, work } from '../graph/index.ts';
import type { Measurement } from '../guarantee/index.ts';
import type { Stop } from '../stop.ts';
import { tallyAccuracy } from './accuracy.ts';
import { attackWeights } from './attacking.ts';
import { endOfMeasuring, type Moment, OVERTIME, shareTime } from './budget.ts';
import { type Hiring, hire } from './crew.ts';
import { describeData, describeModel } from './describe.ts';
import { checksMissing, distrustModel, OF_MODEL } from './distrust.ts';
import { measureFit } from './fit.ts';
import { type Journal, openJournal } from './journal.ts';
import { lipschitzQuestions, measureConstants } from './lipschitz.ts';
import { measureRobustness } from './norm.ts';
import { type KnownOutputs, labelsAt, outputsAt, pointsAt } from './outputs.ts';
import { type AuditRequest, attackedNorms, auditedRows, auditIdentity, requireSense } from './request.ts';
import { checkRequirement, parseRequirement } from './requirement.ts';
import {
  type Accuracy,
  AUDIT_SCHEMA,
  type AuditImage,
  type AuditResult,
  auditSchema,
  type Finding,
} from './result.ts';
import { stabilityOf } from './robustness.ts';
import type { AuditedRows } from './rows.ts';
import type { AuditProgress, Scene } from './scene.ts';
import { modelDigest, modelOf, outputOf, type Subject } from './subject.ts';
import { verdictSentences } from './verdict.ts';
import { AUDIT_WORKER } from './worker.ts';

/** Parts of the time: the outputs, checks, attacks (more, by norm and radius), certificates of a norm, Lipschitz constants, training data. */
const WEIGHTS = { outputs: 10, checks: 3, certificates: 15, lipschitz: 15, fit: 10 } as const;

/**
 * Audits a model, into `directory`: `audit.json`, which is the result, `examples-<norm>.npy`, and `audit.sqlite`, the record of
 * finished steps from which the same request goes on after whatever has ended it, with bit-identical results.
 *
 * All that executes the model happens in child processes; a step that fails, crashes or hangs is a result saying so. Points are
 * audited as float32.
 *
 * @param observe told of every step and part of a step.
 * @param stop asked several times a second.
 * @param began when the time limit began to run, on the clock of performance.now(); defaults to now. Work goes on until it is
 *   over but for what the check of the examples and the result need; processes that do not break off by its end are killed
 *   3 s later, and a check that is late has 5 s more.
 * @param module of the jobs; for tests.
 * @throws RobustlawError for a request that makes no sense or a model that cannot be read, before anything runs;
 *   `study-conflict` where the directory belongs to another audit; `interrupted` after `stop`; `internal` for a defect of
 *   robustlaw, such as an example within a certified radius.
 */
export async function audit(
  request: AuditRequest,
  directory: string,
  observe: (progress: AuditProgress) => void,
  stop: Stop,
  began: Moment = performance.now(),
  module: URL = AUDIT_WORKER,
): Promise<AuditResult> {
  const end = began + 1e3 * request.timeLimit;
  const { data, task } = request;
  const sha256 = modelDigest(request.model.path);
  const shape = data.shape.slice(1);
  const model = modelOf({ source: request.model, shape });
  const one = singleSample(model);
  const output = outputOf(one, task);
  requireSense(request, output.outputs);
  const bounds = request.bounds ?? model.bounds[nameOf(one.inputs[0]!)!] ?? UNBOUNDED;
  const subject: Subject = { source: request.model, sha256, shape, task, bounds };

  mkdirSync(directory, { recursive: true });
  const journal = openJournal(join(directory, 'audit.sqlite'), auditIdentity(request, sha256));
  const patience = Math.min(request.patience, Math.max(LEAST_PATIENCE, PATIENCE_PART * request.timeLimit));
  const due = endOfMeasuring(began, end);
  const hiring: Hiring = { module, workers: request.workers, patience, subject, journal, stop, due, end };
  const crew = hire(hiring);
  try {
    const scene: Scene = { request, subject, output, work: work(one), directory, hiring, crew, observe };
    const result = await measured(scene, model, due);
    writeWhole(join(directory, 'audit.json'), `${JSON.stringify(result, null, 1)}\n`);
    return result;
  } finally {
    await crew.dismiss();
    journal.close();
  }
}

/** What hangs may take this part of a time limit; but a short one must not pass a slow step off as a hang: seconds. */
const PATIENCE_PART = 1 / 10;
const LEAST_PATIENCE = 60;

/** Measures everything, in turn. */
async function measured(scene: Scene, model: Model, end: Moment): Promise<AuditResult> {
  const { request, subject, output, crew, observe } = scene;
  const { data, training, task, seed } = request;
  const norms = attackedNorms(request);
  const ids = auditedRows(request);
  const budget = shareTime(
    [
      WEIGHTS.outputs,
      WEIGHTS.checks,
      ...(training ? [WEIGHTS.outputs] : []),
      ...norms.flatMap(({ radii }) => [...attackWeights(radii.length), WEIGHTS.checks, WEIGHTS.certificates]),
      WEIGHTS.lipschitz,
      WEIGHTS.fit,
    ],
    end,
  );
  const told = (step: string) => (done: number, total: number) => observe({ step, done, total });
  const outputs = (name: string, of: Dataset, rows: readonly number[], until: Moment) =>
    outputsAt(crew, name, of, rows, until, told(`outputs of the ${name}`));

  const early = budget.begin();
  // Without these rows there is nothing to attack: they may take all the time there is.
  const audited = await outputs('audited rows', data, ids, end);
  // A model that fails there fails everywhere, and may hang each time for as long as patience lasts.
  const runs = audited.reason === undefined;
  const all = runs ? await outputs('data', data, everyRow(data), early) : audited;
  observe({ step: 'checks of model and data', done: 0, total: 1 });
  const checks = budget.begin();
  const doubts = runs
    ? await distrustModel(crew, request, output.outputs, checks)
    : [checksMissing(OF_MODEL, audited.reason!)];
  observe({ step: 'checks of model and data', done: 1, total: 1 });
  const during = training ? budget.begin() : end;
  const learned =
    training && (runs ? await outputs('training data', training, everyRow(training), during) : audited);

  const findings: Finding[] = [...doubts];
  const images: AuditImage[] = [];
  const robustness: AuditResult['robustness'] = [];
  let lipschitz: AuditResult['lipschitz'];
  if (runs) {
    const rows = auditedOf(audited, data, task, output.outputs);
    // A process that has seen no attack, and no journal: what is checked is what lies on the disk now.
    const late = scene.hiring.end + OVERTIME;
    const checker = hire({ ...scene.hiring, workers: 1, journal: FORGETFUL, due: late, end: late });
    try {
      for (const asked of norms) {
        const found = await measureRobustness(scene, checker, rows, asked, budget);
        robustness.push({ norm: asked.norm, result: found.result });
        findings.push(...found.findings);
        images.push(...found.images);
      }
    } finally {
      await checker.dismiss();
    }
    const questions = lipschitzQuestions(norms, rows);
    lipschitz = await measureConstants(crew, questions, rows, request, budget, told('Lipschitz constants'));
  } else {
    const { seconds } = audited;
    const reason = `the outputs of the audited rows are not known: ${audited.reason}`;
    const result = { status: 'failed', seconds, reason } as const;
    robustness.push(...norms.map(({ norm }) => ({ norm, result })));
    lipschitz = { status: 'skipped', reason };
  }
  const { memorization, law } = await measureFit(scene, model, learned ?? all, lipschitz, budget);
  const before = {
    schema: AUDIT_SCHEMA,
    version: request.versions.robustlaw ?? 'unknown',
    model: describeModel(model, subject, output),
    data: describeData(data, subject, request, true),
    training: training ? describeData(training, subject, request, false) : null,
    settings: { seed, rows: ids, timeLimit: Number.isFinite(request.timeLimit) ? request.timeLimit : null },
    accuracy: accuracyOf(all, audited, data, task, output.outputs),
    robustness,
    lipschitz,
    stability: robustness.flatMap(({ result }) =>
      'value' in result ? (stabilityOf(result.value) ?? []) : [],
    ),
    memorization,
    law,
    images,
    findings,
  } satisfies Omit<AuditResult, 'verdict' | 'requirements'>;
  const requirements = request.requirements.map((text) => checkRequirement(parseRequirement(text), before));
  const judged = { ...before, requirements };
  return checked({ ...judged, verdict: verdictSentences(judged) });
}

const FORGETFUL: Journal = { get: () => undefined, put: () => {}, close: () => {} };

function everyRow(data: Dataset): number[] {
  return Array.from({ length: pointCount(data) }, (_, i) => i);
}

function auditedOf({ rows, scores }: KnownOutputs, data: Dataset, task: Task, outputs: number): AuditedRows {
  const labels = labelsAt(data, rows, task, outputs);
  return {
    ids: rows,
    points: pointsAt(data, rows),
    labels,
    features: featureCount(data),
    outputs,
    scores,
    correct: wrong(task, scores, labels, outputs).map((isWrong) => !isWrong),
  };
}

/** Of all rows; where nothing is known of them, of the rows to attack, which are drawn from them. */
function accuracyOf(
  all: KnownOutputs,
  audited: KnownOutputs,
  data: Dataset,
  task: Task,
  outputs: number,
): Measurement<Accuracy> {
  const { rows, scores } = all.rows.length > 0 ? all : audited;
  const { seconds, reason } = all;
  if (reason !== undefined && rows.length === 0) return { status: 'failed', seconds, reason };
  const value = tallyAccuracy(task, scores, labelsAt(data, rows, task, outputs), outputs);
  if (reason === undefined) return { status: 'done', seconds, value };
  return {
    status: 'partial',
    seconds,
    reason: `${rows.length} of ${pointCount(data)} rows: ${reason}`,
    value,
  };
}

/** The result, if it is one: pages and gates trust its schema. */
function checked(result: AuditResult): AuditResult {
  const parsed = auditSchema.safeParse(result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RobustlawError(
    'internal',
    `the result breaks its schema at ${issue!.path.join('.')}: ${issue!.message}`,
  );
}
