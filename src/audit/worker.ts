// What a child process of an audit does: everything that executes the model. It may crash or hang; the audit does not.
import {
  type Attack,
  attackFindings,
  createVictim,
  distance,
  minimumNorm,
  modelFindings,
  standardEnsemble,
  type Victim,
  wrong,
} from '../attacks/index.ts';
import { type Certifier, createCertifier, METHODS } from '../certificates/index.ts';
import { readArray } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { type Model, sizeOf } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { measureLipschitz } from '../lipschitz/index.ts';
import { type Rng, rng } from '../random/index.ts';
import type { JobContext } from '../runtime/index.ts';
import { afterSeconds, type Stop } from '../stop.ts';
import { certifyCheaply, certifyRows } from './certify.ts';
import { lawOf, memorizationOf } from './fitting.ts';
import type { Done, Job, JobKind, Jobs, Recheck } from './jobs.ts';
import { rowOf } from './rows.ts';
import { type ImageShape, imageShape, modelOf, type OwnModel, ownModel, type Subject } from './subject.ts';

/** The module of the pool; sources and build differ in the extension only. */
export const AUDIT_WORKER = new URL(import.meta.url);

/** The ways to certify that take long. */
const DEAR: ReadonlySet<string> = new Set<(typeof METHODS)[number]>(['linear bounds', 'branch and bound']);

/** Milliseconds between signs of life. */
const PULSE = 1000;

/** Runs one job. */
export async function run(job: Job, context: JobContext): Promise<Done> {
  const start = performance.now();
  const late = afterSeconds(job.seconds);
  let stopped = false;
  let told = start;
  // Who asks whether to stop is alive.
  const stop: Stop = () => {
    const now = performance.now();
    if (now - told > PULSE) {
      told = now;
      context.progress(undefined);
    }
    stopped ||= late() || context.interrupted();
    return stopped;
  };
  const result = await work(job, stop);
  // Searches end by themselves, too, where rows have had their share of the time.
  if (job.kind === 'certify') stopped ||= unfinished(result as Jobs['certify']['result']);
  if (context.interrupted()) throw new RobustlawError('interrupted', 'the audit was interrupted');
  return { result, stopped, seconds: (performance.now() - start) / 1e3 };
}

function unfinished({ cut, notBegun }: Jobs['certify']['result']): boolean {
  return cut + notBegun > 0;
}

async function work(job: Job, stop: Stop): Promise<Jobs[JobKind]['result']> {
  const { model, image, own, victim, certifier } = prepared(job.subject);
  switch (job.kind) {
    case 'outputs':
      return (await own()).outputs(job.given.points);
    case 'attack': {
      const { samples, threat } = job.given;
      const attack = attackNamed(job.given.attack, image);
      const changed = await attack.run(await victim(), samples, threat, randomOf(job.given), stop);
      return { changed, outputs: await (await own()).outputs(changed) };
    }
    case 'model findings': {
      const { points, labels } = job.given;
      return modelFindings(model, await victim(), points, labels, job.subject.bounds, image);
    }
    case 'attack findings': {
      const { known, samples, threat } = job.given;
      const attacks = standardEnsemble(image);
      return attackFindings(attacks, known, await victim(), samples, threat, randomOf(job.given), stop);
    }
    case 'certify cheaply': {
      const asked = certifier(job.given, job.seconds, stop);
      const { methods, notes } = asked;
      const proven = certifyCheaply(asked, job.given, job.given.rows, stop);
      return { proven, more: methods.some((method) => DEAR.has(method)), notes };
    }
    case 'certify': {
      const { certified, refuted, cut, notBegun } = certifyRows(
        certifier(job.given, job.seconds, stop),
        job.given,
        job.seconds,
        stop,
      );
      const changed = Float32Array.from(refuted.flatMap(({ point }) => Array.from(point)));
      const outputs = await (await own()).outputs(changed);
      return {
        certified,
        cut,
        notBegun,
        refuted: { indices: refuted.map(({ index }) => index), changed, outputs },
      };
    }
    case 'judge': {
      const { points, labels } = job.given;
      const judge = certifier(job.given, job.seconds, stop);
      const features = sizeOf(job.subject.shape);
      const outputs = (labels.length * features) / points.length;
      return Array.from({ length: points.length / features }, (_, i) => {
        const { kind } = judge.at(rowOf(points, features, i), rowOf(labels, outputs, i), 0, 0);
        return kind === 'proven' ? 'right' : kind === 'refuted' ? 'wrong' : 'unknown';
      });
    }
    case 'lipschitz': {
      const { question, starts, boundSeconds } = job.given;
      const seconds = Math.min(job.seconds, boundSeconds);
      const effort = { seconds, stop, clever: false };
      return measureLipschitz(model, question, Float64Array.from(starts), randomOf(job.given), effort, stop);
    }
    case 'memorization':
      return memorizationOf(job.given.data, job.given.noise, job.given.flipped);
    case 'law': {
      const { data, parameterCount, memorization, constant } = job.given;
      return lawOf(data, parameterCount, memorization, constant);
    }
    case 'recheck':
      return recheck(job.subject, await own(), job.given);
  }
}

/** The key that is named in a job. */
function randomOf({ seed, key }: { readonly seed: number; readonly key: readonly (string | number)[] }): Rng {
  return key.reduce((parent: Rng, name) => parent.split(name), rng(seed));
}

function attackNamed(name: string, image: ImageShape | undefined): Attack {
  const found = [...standardEnsemble(image), minimumNorm].find((attack) => attack.name === name);
  if (!found) throw new RobustlawError('internal', `there is no attack ${name}`);
  return found;
}

async function recheck(
  { task, bounds: [low, high] }: Subject,
  own: OwnModel,
  { file, norm, points, labels }: Jobs['recheck']['given'],
): Promise<Recheck> {
  const { data, shape } = readArray(file);
  const changed = Float32Array.from(data);
  const count = shape[0]!;
  const features = changed.length / count;
  const row = (array: Float32Array, i: number) => rowOf(array, features, i);
  const rows = Array.from({ length: count }, (_, i) => i);
  return {
    distances: Float64Array.from(rows, (i) => distance(norm, row(points, i), row(changed, i))),
    inBounds: rows.map((i) => row(changed, i).every((value) => value >= low && value <= high)),
    wrong: wrong(task, await own.outputs(changed), labels, labels.length / count),
  };
}

interface Prepared {
  readonly model: Model;
  /** Undefined where points are no images. */
  readonly image: ImageShape | undefined;
  readonly own: () => Promise<OwnModel>;
  readonly victim: () => Promise<Victim>;
  /** Made for the first job of a norm, of whose time its constants take a half at most. */
  readonly certifier: (
    asked: { readonly norm: Norm; readonly boundSeconds: number },
    seconds: number,
    stop: Stop,
  ) => Certifier;
}

/** The subject of the last job: all jobs of an audit have the same. */
let last: { readonly key: string; readonly prepared: Prepared } | undefined;

function prepared(subject: Subject): Prepared {
  const key = JSON.stringify(subject);
  if (last?.key !== key) last = { key, prepared: prepare(subject) };
  return last.prepared;
}

function prepare(subject: Subject): Prepared {
  const model = modelOf(subject, subject.sha256);
  const certifiers = new Map<Norm, Certifier>();
  return {
    model,
    image: imageShape(subject),
    own: once(() => ownModel(model, subject.task)),
    victim: once(() => createVictim(model, subject.task)),
    certifier({ norm, boundSeconds }, left, stop) {
      const threat = { norm, radius: Number.POSITIVE_INFINITY, bounds: subject.bounds };
      const seconds = Math.min(boundSeconds, left / 2);
      const known =
        certifiers.get(norm) ?? createCertifier(model, subject.task, threat, seconds, METHODS, stop);
      certifiers.set(norm, known);
      return known;
    },
  };
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
