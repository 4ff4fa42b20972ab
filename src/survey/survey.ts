// The survey of a data set: gather, measure, and tell it as one result. What fails or does not apply is a result that says so.

import { featureCount, pointCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import type { Measurement } from '../guarantee/index.ts';
import { createPool, type JobContext, type Pool } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import { describeData } from './describe.ts';
import { whatTheLawAsks } from './law.ts';
import { OUT_OF_TIME, type Subject } from './part.ts';
import { picturesOf } from './pictures.ts';
import { requireSense, type SurveyRequest } from './request.ts';
import { type DataSurvey, SURVEY_SCHEMA, surveySchema } from './result.ts';
import { surveySentences } from './verdict.ts';
import { type PartJob, type PartName, type PartReport, run, type ValueOf } from './worker.ts';

/** How far a survey is: the parts that are measured now, and the share of all that is done, by weight. */
export interface SurveyProgress {
  readonly parts: readonly string[];
  readonly share: number;
}

/**
 * In the order of their beginning, with their weights in time: what is quick first, so that it is there whatever happens, then
 * what takes longest, so that threads end at about the same time.
 */
const WEIGHTS: Readonly<Record<PartName, number>> = {
  repeats: 1,
  noise: 5,
  dimensions: 75,
  concentration: 45,
  separation: 40,
  isoperimetry: 30,
};
const PARTS = Object.keys(WEIGHTS) as PartName[];
/** Numbers below which threads cost more than they bring. */
const SMALL = 2e4;
/** Milliseconds between two looks at `stop`. */
const LOOK = 100;

/**
 * Measures a data set in the terms of the law: repeated rows, noise, separation, dimensions, isoperimetry, concentration, and
 * what the law asks. The same request gives the same result, but for seconds and for what time cuts short.
 *
 * @param observe told of progress.
 * @param stop asked several times a second; parts that are not done are then results saying so.
 * @throws RobustlawError for a request that makes no sense, before anything runs; `internal` for a defect of robustlaw.
 */
export async function surveyData(
  request: SurveyRequest,
  observe: (progress: SurveyProgress) => void,
  stop: Stop,
): Promise<DataSurvey> {
  const end = performance.now() + 1e3 * request.timeLimit;
  const { labels, guess } = requireSense(request);
  const { data, noise, radii, seed, timeLimit, version } = request;
  const small = data.x.length <= SMALL;
  const subject: Subject = {
    points: small ? data.x : shared(data.x),
    features: featureCount(data),
    labels,
    known: noise ?? (data.noiseVariance === undefined ? undefined : { variance: data.noiseVariance }),
    radii,
    seed,
  };
  const measured = await measureParts(subject, small ? 0 : request.workers, end, observe, stop);
  const law = lawOf(pointCount(data), measured);
  const warnings = [...request.warnings, ...(guess === undefined ? [] : [guess])];
  const before = {
    schema: SURVEY_SCHEMA,
    version,
    data: describeData(data, labels, warnings),
    settings: { seed, timeLimit: Number.isFinite(timeLimit) ? timeLimit : null },
    ...measured,
    law,
    pictures: picturesOf(data, measured),
  } satisfies Omit<DataSurvey, 'verdict'>;
  return checked({ ...before, verdict: surveySentences(before) });
}

/** From what is known of the dimension, whichever part knows it. */
function lawOf(n: number, { dimensions, isoperimetry }: Measured): DataSurvey['law'] {
  const readings = 'value' in dimensions ? dimensions.value.readings : [];
  const value = whatTheLawAsks(n, readings, 'value' in isoperimetry ? isoperimetry.value : undefined);
  if (value.asks.length > 0) return { status: 'done', seconds: 0, value };
  return {
    status: 'skipped',
    reason: `no dimension is known${'reason' in dimensions ? `: ${dimensions.reason}` : ''}`,
  };
}

type Measured = { [Part in PartName]: Measurement<ValueOf<Part>> };

/** All parts on so many threads; with none, one after the other in this one. */
async function measureParts(
  subject: Subject,
  workers: number,
  end: number,
  observe: (progress: SurveyProgress) => void,
  stop: Stop,
): Promise<Measured> {
  const shares = new Map<PartName, number>();
  const done = new Set<PartName>();
  const tell = () => {
    const all = PARTS.reduce((sum, part) => sum + WEIGHTS[part], 0);
    const now = PARTS.reduce(
      (sum, part) => sum + WEIGHTS[part] * (done.has(part) ? 1 : (shares.get(part) ?? 0)),
      0,
    );
    observe({ parts: PARTS.filter((part) => shares.has(part) && !done.has(part)), share: now / all });
  };
  const pool =
    workers > 0
      ? createPool<PartJob, PartReport, number>(new URL(workerName(), import.meta.url), workers)
      : undefined;
  const perform = pool ? inPool(pool) : inThisThread(stop);
  const watch = pool && setInterval(() => stop() && void pool.close(true), LOOK);
  const waiting = new Set(PARTS);
  const entries: [PartName, Measurement<unknown>][] = [];
  const next = async (): Promise<void> => {
    for (const part of waiting) {
      const left = [...waiting].reduce((sum, one) => sum + WEIGHTS[one], 0);
      waiting.delete(part);
      const share = Math.min(1, (Math.max(1, workers) * WEIGHTS[part]) / left);
      const seconds = (share * (end - performance.now())) / 1e3;
      if (stop() || !(seconds > 0))
        entries.push([part, { status: 'skipped', reason: stop() ? 'the survey was stopped' : OUT_OF_TIME }]);
      else {
        shares.set(part, 0);
        tell();
        entries.push([
          part,
          await perform({ part, subject, seconds }, (progress) => {
            shares.set(part, progress);
            tell();
          }),
        ]);
      }
      done.add(part);
      tell();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.max(1, workers) }, next));
  } finally {
    clearInterval(watch);
    await pool?.close();
  }
  return Object.fromEntries(entries) as Measured;
}

type Perform = (job: PartJob, progress: (share: number) => void) => Promise<Measurement<unknown>>;

function inPool(pool: Pool<PartJob, PartReport, number>): Perform {
  return async (job, progress) => {
    const start = performance.now();
    const outcome = await pool.run(job, progress);
    if (outcome.ok) return measurementOf(outcome.value);
    return failure(outcome.error, (performance.now() - start) / 1e3);
  };
}

function inThisThread(stop: Stop): Perform {
  return async (job, progress) => {
    const start = performance.now();
    const context: JobContext<number> = { progress, interrupted: stop };
    try {
      return measurementOf(await run(job, context));
    } catch (error) {
      return failure(error, (performance.now() - start) / 1e3);
    }
  };
}

function measurementOf({ seconds, found: { value, missing } }: PartReport): Measurement<unknown> {
  return missing === undefined
    ? { status: 'done', seconds, value }
    : { status: 'partial', seconds, reason: missing, value };
}

/** What does not apply was never measured; what broke has failed; a defect of ours is none of the data's. */
function failure(error: unknown, seconds: number): Measurement<never> {
  if (!(error instanceof RobustlawError)) return { status: 'failed', seconds, reason: String(error) };
  if (error.code === 'interrupted') return { status: 'skipped', reason: OUT_OF_TIME };
  if (error.code === 'internal') return { status: 'failed', seconds, reason: error.message };
  return { status: 'skipped', reason: error.message };
}

function shared(x: Float32Array | Float64Array): Float32Array | Float64Array {
  const memory = new SharedArrayBuffer(x.byteLength);
  const copy = x instanceof Float32Array ? new Float32Array(memory) : new Float64Array(memory);
  copy.set(x);
  return copy;
}

/** Works from the sources (.ts) and from the built package (.js). */
function workerName(): string {
  return `./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;
}

/** The result, if it is one: pages trust its schema. */
function checked(result: DataSurvey): DataSurvey {
  const parsed = surveySchema.safeParse(result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RobustlawError(
    'internal',
    `the result breaks its schema at ${issue!.path.join('.')}: ${issue!.message}`,
  );
}
