// What an audit is asked: plain data, so that the same request gives the same result.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Task } from '../attacks/index.ts';
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { invalidArgument, requireInteger, requirePositive } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { permutation, rng } from '../random/index.ts';
import type { KnownNoise } from './fitting.ts';
import { parseRequirement, requiredRadii } from './requirement.ts';
import type { ModelSource } from './subject.ts';

/** A norm and the radii at which robust accuracy is asked for; none asks for distances to the boundary only. */
export interface NormRadii {
  readonly norm: Norm;
  readonly radii: readonly number[];
}

export interface AuditRequest {
  readonly model: ModelSource;
  /** Points as they are stored, with one class label per point 0..C-1, or with the wanted outputs; both audited as float32. */
  readonly data: Dataset;
  /** What was guessed on reading the data, for the user to know. */
  readonly warnings: readonly string[];
  /** The data the model was trained on; the audited data stand in for them where it is left out. */
  readonly training?: Dataset;
  /** Rows of the training data whose labels are known to be wrong. */
  readonly flipped?: readonly number[];
  /** How noisy the training labels are, where it is known. */
  readonly noise?: KnownNoise;
  readonly task: Task;
  /** Of every input value; left out where they may be anything. */
  readonly bounds?: InputBounds;
  readonly norms: readonly NormRadii[];
  /** The rows to attack and certify, or at most so many, drawn with the seed. */
  readonly rows: readonly number[] | { readonly most: number };
  /** As users wrote them: `robust-accuracy(linf, 0.1) >= 0.8`. */
  readonly requirements: readonly string[];
  readonly seed: number;
  /** Seconds for this run; Infinity for all that the work takes. */
  readonly timeLimit: number;
  /**
   * Seconds that one bound which gets better with time may take, where there is no other limit: a Lipschitz constant, or
   * branch and bound at some points. The only numbers of a result that depend on the speed of the machine are such bounds
   * that time has ended.
   */
  readonly boundSeconds: number;
  /** Processes. */
  readonly workers: number;
  /** Seconds without a sign of life after which a process counts as hanging. */
  readonly patience: number;
  /** Of robustlaw and what it runs on: the bits of a result depend on them. `robustlaw` is required. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Refuses a request that makes no sense, before anything runs.
 *
 * @param outputs scores per row of the model.
 * @throws RobustlawError `invalid-argument` naming what is wrong.
 */
export function requireSense(request: AuditRequest, outputs: number): void {
  const { data, task, norms, rows, training, flipped, noise } = request;
  if (norms.length === 0) throw invalidArgument('norms', '[]', 'at least one of l1, l2, linf');
  if (new Set(norms.map(({ norm }) => norm)).size < norms.length)
    throw invalidArgument('norms', norms.map(({ norm }) => norm).join(', '), 'each norm once');
  for (const { radii } of norms) for (const radius of radii) requirePositive('radius', radius);
  if (task.kind === 'regression' && !(task.tolerance >= 0 && task.tolerance < Number.POSITIVE_INFINITY))
    throw invalidArgument('tolerance', task.tolerance, 'a finite number >= 0');
  if (request.bounds && !(request.bounds[0] < request.bounds[1]))
    throw invalidArgument('bounds', `[${request.bounds}]`, 'low < high');
  if ('most' in rows) requireInteger('number of rows to attack', rows.most);
  else {
    if (rows.length === 0) throw invalidArgument('rows', '[]', 'at least one row to attack');
    requireRows('row to attack', rows, data);
  }
  requireLabels(data, task, outputs);
  if (training) {
    if (featureCount(training) !== featureCount(data)) {
      throw invalidArgument(
        `values per point of ${training.name}`,
        featureCount(training),
        `${featureCount(data)} as in ${data.name}`,
      );
    }
    requireLabels(training, task, outputs);
  }
  if (flipped) requireRows('row with a flipped label', flipped, training ?? data);
  if (noise && 'variance' in noise && !(noise.variance >= 0 && noise.variance < Number.POSITIVE_INFINITY))
    throw invalidArgument('noise variance', noise.variance, 'a finite number >= 0');
  if (noise && 'flips' in noise && !(noise.flips >= 0 && noise.flips <= 1))
    throw invalidArgument('probability of flipped labels', noise.flips, 'a number in [0, 1]');
  if (noise && 'flips' in noise && task.kind === 'regression')
    throw invalidArgument('noise', 'a probability of flips', 'a variance in regression');
  for (const text of request.requirements) parseRequirement(text);
  requireInteger('seed', request.seed, 0);
  requireInteger('workers', request.workers);
  requirePositive('seconds for a bound', request.boundSeconds);
  if (!(request.timeLimit > 0)) throw invalidArgument('time limit', request.timeLimit, 'seconds > 0');
}

/** Every label is a class of the model, or every point has as many wanted outputs as the model. */
function requireLabels({ name, y, outputs }: Dataset, task: Task, wanted: number): void {
  if (task.kind === 'regression') {
    if (outputs !== wanted)
      throw invalidArgument(
        `labels per point of ${name}`,
        outputs,
        `${wanted}, one for each output of the model`,
      );
    return;
  }
  if (outputs !== 1)
    throw invalidArgument(`labels per point of ${name}`, outputs, '1, the number of the class');
  const bad = y.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < wanted));
  if (bad < 0) return;
  throw invalidArgument(
    `label of row ${bad} of ${name} (counted from 0)`,
    y[bad],
    `a class in [0, ${wanted - 1}], as the model has ${wanted}`,
  );
}

function requireRows(what: string, rows: readonly number[], data: Dataset): void {
  for (const row of rows) requireInteger(what, row, 0, pointCount(data) - 1);
  if (new Set(rows).size < rows.length) throw invalidArgument(`${what}s`, 'one of them twice', 'each once');
}

/** The norms and their radii, ascending, with those that the requirements speak of. */
export function attackedNorms({ norms, requirements }: AuditRequest): NormRadii[] {
  const required = requiredRadii(requirements.map(parseRequirement));
  const names = new Set([...norms, ...required].map(({ norm }) => norm));
  return [...names].map((norm) => {
    const radii = norms.find((one) => one.norm === norm)?.radii ?? [];
    const more = required.filter((one) => one.norm === norm).map(({ radius }) => radius);
    return { norm, radii: [...new Set([...radii, ...more])].sort((a, b) => a - b) };
  });
}

/** The rows that are attacked and certified, ascending. */
export function auditedRows({ rows, data, seed }: Pick<AuditRequest, 'rows' | 'data' | 'seed'>): number[] {
  const n = pointCount(data);
  const chosen =
    'most' in rows ? [...permutation(rng(seed).split('rows'), n)].slice(0, rows.most) : [...rows];
  return chosen.sort((a, b) => a - b);
}

/**
 * SHA-256 of all that the result depends on but the time it may take: the same identity, the same audit, to be resumed in
 * the same folder.
 *
 * @param digest of the model, from modelDigest().
 */
export function auditIdentity(request: AuditRequest, digest: string): string {
  const { model, data, training, task, bounds, rows, flipped, noise, seed, boundSeconds, versions } = request;
  const parts = {
    model: digest,
    output: model.output,
    preprocessing: model.preprocessing && {
      ...model.preprocessing,
      range: model.preprocessing.range.map(String),
    },
    data: [data.provenance.sha256, data.shape],
    training: training && [training.provenance.sha256, training.shape],
    task,
    bounds: bounds?.map(String),
    norms: attackedNorms(request),
    rows,
    flipped,
    noise,
    seed,
    boundSeconds,
    versions: Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The name of the folder of an audit: `<model>-<12 hexadecimal digits>`. */
export function auditName({ model }: AuditRequest, identity: string): string {
  return `${basename(model.path).replace(/\.onnx$/i, '')}-${identity.slice(0, 12)}`;
}
