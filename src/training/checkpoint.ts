// Checkpoints: a training between two steps as a file, which goes on to the same bits.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { TensorData } from '../graph/index.ts';
import { allocate } from '../graph/index.ts';
import type { TrainingState } from './trainer.ts';

/** What a training is, besides its state: hashes, and the path of the key. Stop rules and the step limit may change. */
export interface TrainingIdentity {
  readonly family: string;
  /** Of the graph of the step: family, objective, optimiser, constraint, batch and arithmetic. */
  readonly step: string;
  /** Of learning rates and the optimiser's other numbers at some updates. */
  readonly rates: string;
  readonly data: string;
  readonly key: string;
}

/** A training between two steps. */
export interface Progress {
  readonly identity: TrainingIdentity;
  /** Its arrays are parameters p, their moments `p:<moment>`, and statistics, each by its name. */
  readonly state: TrainingState;
  /** The loss before each update made. */
  readonly losses: Float64Array;
  /** The accuracy at adversarial points before each update made; empty without an adversary. */
  readonly robustAccuracies: Float64Array;
}

const MAGIC = 'robustlaw training 1\n';

/** The line of JSON in front of the arrays. */
interface Header {
  readonly identity: TrainingIdentity;
  readonly step: number;
  readonly arrays: readonly {
    readonly name: string;
    readonly dtype: 'float32' | 'float64';
    readonly length: number;
  }[];
  readonly sha256: string;
}

/**
 * Writes a training to `path`, whole or not at all: a line of text, a line of JSON that says what follows with its
 * checksum, and the arrays, little-endian.
 *
 * @throws RobustlawError `not-found` when the path cannot be written; what was there stays.
 */
export function saveCheckpoint(path: string, progress: Progress): void {
  const { identity, state } = progress;
  const arrays: readonly (readonly [string, TensorData])[] = [
    ['losses', progress.losses],
    ['robust accuracies', progress.robustAccuracies],
    ...Object.entries(state.arrays).map(([name, data]) => [`state ${name}`, data] as const),
  ];
  const chunks = arrays.map(([, data]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const header: Header = {
    identity,
    step: state.step,
    arrays: arrays.map(([name, data]) => ({ name, dtype: typeOf(data), length: data.length })),
    sha256: checksum(chunks),
  };
  writeWhole(path, [new TextEncoder().encode(`${MAGIC}${JSON.stringify(header)}\n`), ...chunks]);
}

/**
 * Reads what saveCheckpoint() wrote.
 *
 * @throws RobustlawError `not-found` when the file cannot be read, `malformed-file` when it is no checkpoint, or not whole.
 */
export function loadCheckpoint(path: string): Progress {
  const bytes = read(path);
  const malformed = (what: string) =>
    new RobustlawError(
      'malformed-file',
      `${path}: ${what}; start the training anew, or give a checkpoint of it`,
    );
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) {
    throw malformed('this is no checkpoint of a training');
  }
  const end = bytes.indexOf('\n', MAGIC.length);
  const header = end < 0 ? undefined : parse(bytes.subarray(MAGIC.length, end).toString('utf8'));
  if (!header) throw malformed('the header of this checkpoint is damaged');
  const payload = bytes.subarray(end + 1);
  const size = header.arrays.reduce(
    (sum, { dtype, length }) => sum + length * (dtype === 'float32' ? 4 : 8),
    0,
  );
  if (payload.length !== size) {
    throw malformed(`this checkpoint is cut short: ${payload.length} bytes of arrays in place of ${size}`);
  }
  if (checksum([payload]) !== header.sha256)
    throw malformed('this checkpoint is damaged: its checksum differs');
  let offset = 0;
  const arrays = Object.fromEntries(
    header.arrays.map(({ name, dtype, length }) => {
      const data = allocate(dtype, length);
      new Uint8Array(data.buffer).set(payload.subarray(offset, offset + data.byteLength));
      offset += data.byteLength;
      return [name, data];
    }),
  );
  const of = (name: string) => arrays[name] as Float64Array;
  const state = Object.entries(arrays).flatMap(([name, data]) =>
    name.startsWith('state ') ? [[name.slice('state '.length), data] as const] : [],
  );
  return {
    identity: header.identity,
    state: { step: header.step, arrays: Object.fromEntries(state) },
    losses: of('losses'),
    robustAccuracies: of('robust accuracies'),
  };
}

/**
 * Throws unless a checkpoint belongs to this training.
 *
 * @throws RobustlawError `study-conflict` naming what differs.
 */
export function requireSame(found: TrainingIdentity, expected: TrainingIdentity): void {
  const differences: readonly (readonly [keyof TrainingIdentity, string])[] = [
    ['family', `it trains ${found.family}, not ${expected.family}`],
    ['data', 'its data differ'],
    ['step', 'its losses, penalties, optimiser, batch or arithmetic differ'],
    ['rates', 'its learning rates differ'],
    ['key', `its random key is ${found.key}, not ${expected.key}`],
  ];
  const difference = differences.find(([part]) => found[part] !== expected[part]);
  if (!difference) return;
  throw new RobustlawError(
    'study-conflict',
    `this checkpoint is of another training: ${difference[1]}; start without it, or with the settings it was made with`,
  );
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new RobustlawError('not-found', `${path}: cannot be read (${(error as Error).message})`, {
      cause: error,
    });
  }
}

function parse(line: string): Header | undefined {
  try {
    const header: unknown = JSON.parse(line);
    return isHeader(header) ? header : undefined;
  } catch {
    return undefined;
  }
}

function isHeader(value: unknown): value is Header {
  if (!isObject(value)) return false;
  const { identity, step, arrays, sha256 } = value;
  return (
    isObject(identity) &&
    ['family', 'step', 'rates', 'data', 'key'].every((key) => typeof identity[key] === 'string') &&
    isCount(step) &&
    Array.isArray(arrays) &&
    arrays.every(isArrayHeader) &&
    typeof sha256 === 'string'
  );
}

function isArrayHeader(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, dtype, length } = value;
  return typeof name === 'string' && (dtype === 'float32' || dtype === 'float64') && isCount(length);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function typeOf(data: TensorData): 'float32' | 'float64' {
  return data instanceof Float32Array ? 'float32' : 'float64';
}

function checksum(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
