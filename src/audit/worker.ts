// What a child process of an audit does: everything that executes the model. It may crash or hang; the audit does not.
import {
  type Attack,
  attackFindings,
  createVictim,
  distance,
  minimumNorm,
  modelFindings,
  standardEnsemble,
  type Threat,
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
import type { Done, Job, JobKind, Jobs, JudgedSearch, Recheck } from './jobs.ts';
import { rowOf } from './rows.ts';
import { type ImageShape, imageShape, modelOf, type OwnModel, ownModel, type Subject } from './subject.ts';

/** The module of the pool; sources and build differ in the extension only. */
export const AUDIT_WORKER = new URL(import.meta.url);

/** The ways to certify that take long. */
const DEAR: ReadonlySet<string> = new Set<(typeof METHODS)[number]>(['linear bounds', 'branch and bound']);

/** Rows of an attack that are few. */
const FEW = 16;

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
  const { result, cut } = await work(job, stop);
  return { result, stopped: stopped || cut, seconds: (performance.now() - start) / 1e3 };
}

/** A result, and whether more time might have made another of it although nobody told the work to stop. */
interface Worked {
  readonly result: Jobs[JobKind]['result'];
  readonly cut: boolean;
}

const whole = (result: Jobs[JobKind]['result']): Worked => ({ result, cut: false });

async function work(job: Job, stop: Stop): Promise<Worked> {
  const { model, image, own, victim, victimOfFew, withConstants, withoutConstants } = prepared(job.subject);
  switch (job.kind) {
    case 'outputs':
      return whole(await (await own()).outputs(job.given.points));
    case 'attack': {
      const { samples, threat } = job.given;
      const attack = attackNamed(job.given.attack, image);
      const changed = await attack.run(
        await (samples.ids.length <= FEW ? victimOfFew() : victim()),
        samples,
        threat,
        randomOf(job.given),
        stop,
      );
      return whole({ changed, outputs: await (await own()).outputs(changed) });
    }
    case 'model findings': {
      const { points, labels } = job.given;
      return whole(await modelFindings(model, await victim(), points, labels, job.subject.bounds, image));
    }
    case 'attack findings': {
      const { known, samples, threat } = job.given;
      const attacks = standardEnsemble(image);
      return whole(
        await attackFindings(attacks, known, await victim(), samples, threat, randomOf(job.given), stop),
      );
    }
    case 'certify cheaply': {
      const { certifier, cut } = withConstants(job.given, job.seconds, stop);
      const { methods, notes } = certifier;
      const proven = certifyCheaply(certifier, job.given, job.given.rows, stop);
      return { result: { proven, more: methods.some((method) => DEAR.has(method)), notes }, cut };
    }
    case 'certify': {
      const searches = certifyRows(withoutConstants(job.given.norm), job.given, job.seconds, stop);
      const result: JudgedSearch[] = [];
      for (const search of searches) {
        const { counterexample } = search;
        const outputs = counterexample && (await (await own()).outputs(counterexample));
        result.push({ ...search, ...(outputs && { outputs }) });
      }
      return { result, cut: searches.some(({ ended }) => ended !== 'whole') };
    }
    case 'judge': {
      const { norm, points, labels } = job.given;
      const judge = withoutConstants(norm);
      const features = sizeOf(job.subject.shape);
      const outputs = (labels.length * features) / points.length;
      return whole(
        Array.from({ length: points.length / features }, (_, i) => {
          const { kind } = judge.at(rowOf(points, features, i), rowOf(labels, outputs, i), 0, 0);
          return kind === 'proven' ? 'right' : kind === 'refuted' ? 'wrong' : 'unknown';
        }),
      );
    }
    case 'lipschitz': {
      const { question, starts, boundSeconds } = job.given;
      const seconds = Math.min(job.seconds, boundSeconds);
      const effort = { seconds, stop, clever: false };
      const from = Float64Array.from(starts);
      const result = await measureLipschitz(model, question, from, randomOf(job.given), effort, stop);
      // Methods that would take longer than there is time are left out, and others plan with it.
      return { result, cut: seconds < boundSeconds };
    }
    case 'memorization':
      return whole(await memorizationOf(job.given.data, job.given.noise, job.given.flipped));
    case 'law': {
      const { data, parameterCount, memorization, constant } = job.given;
      return whole(lawOf(data, parameterCount, memorization, constant));
    }
    case 'recheck':
      return whole(await recheck(job.subject, await own(), job.given, stop));
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

/** Rows that are checked between two looks at the clock. */
const CHECKED_AT_ONCE = 64;

async function recheck(
  { task, bounds: [low, high] }: Subject,
  own: OwnModel,
  { file, norm, points, labels }: Jobs['recheck']['given'],
  stop: Stop,
): Promise<Recheck> {
  const { data, shape } = readArray(file);
  const changed = Float32Array.from(data);
  const count = shape[0]!;
  const features = changed.length / count;
  const outputs = labels.length / count;
  const row = (array: Float32Array, i: number) => rowOf(array, features, i);
  const isWrong: boolean[] = [];
  while (isWrong.length < count && !stop()) {
    const [from, to] = [isWrong.length, Math.min(count, isWrong.length + CHECKED_AT_ONCE)];
    const said = await own.outputs(changed.subarray(from * features, to * features));
    isWrong.push(...wrong(task, said, labels.subarray(from * outputs, to * outputs), outputs));
  }
  const rows = isWrong.map((_, i) => i);
  return {
    distances: Float64Array.from(rows, (i) => distance(norm, row(points, i), row(changed, i))),
    inBounds: rows.map((i) => row(changed, i).every((value) => value >= low && value <= high)),
    wrong: isWrong,
  };
}

interface Prepared {
  readonly model: Model;
  /** Undefined where points are no images. */
  readonly image: ImageShape | undefined;
  readonly own: () => Promise<OwnModel>;
  readonly victim: () => Promise<Victim>;
  /** With programs for few rows: one for many computes most of them in vain. */
  readonly victimOfFew: () => Promise<Victim>;
  /** By all means; `cut` where half of the time of the job that it was made for did not suffice for its Lipschitz constants. */
  readonly withConstants: (
    asked: { readonly norm: Norm; readonly boundSeconds: number },
    seconds: number,
    stop: Stop,
  ) => { readonly certifier: Certifier; readonly cut: boolean };
  /** By the other means: what constants prove is known before they are asked. */
  readonly withoutConstants: (norm: Norm) => Certifier;
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
  const threatIn = (norm: Norm): Threat => ({
    norm,
    radius: Number.POSITIVE_INFINITY,
    bounds: subject.bounds,
  });
  const others = METHODS.filter((method) => method !== 'Lipschitz constants of margins');
  const known = new Map<Norm, ReturnType<Prepared['withConstants']>>();
  const knownWithout = new Map<Norm, Certifier>();
  return {
    model,
    image: imageShape(subject),
    own: once(() => ownModel(model, subject.task)),
    victim: once(() => createVictim(model, subject.task)),
    victimOfFew: once(() => createVictim(model, subject.task, FEW)),
    withConstants({ norm, boundSeconds }, left, stop) {
      const before = known.get(norm);
      if (before) return before;
      const late = afterSeconds(left / 2);
      let cut = false;
      const end: Stop = () => {
        cut ||= stop() || late();
        return cut;
      };
      const { task } = subject;
      const certifier = createCertifier(model, task, threatIn(norm), boundSeconds, METHODS, end);
      const made = { certifier, cut };
      known.set(norm, made);
      return made;
    },
    withoutConstants(norm) {
      const certifier =
        knownWithout.get(norm) ?? createCertifier(model, subject.task, threatIn(norm), 0, others);
      knownWithout.set(norm, certifier);
      return certifier;
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
