// A data set: points x_1..x_n with labels y_1..y_n as flat arrays, what is known about their noise, and where they come from.
import { createHash } from 'node:crypto';
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Isoperimetry } from './distributions/distribution.ts';

/** Where the numbers come from and what was done to them. */
export interface Provenance {
  /** A file, a distribution or a publication. */
  readonly source: string;
  /** What was done since, in order. */
  readonly transformations: readonly string[];
  /** Checksum of the bytes of `x`, then of `y`. */
  readonly sha256: string;
}

/** n labelled points; plain data, so it can be sent to a worker thread as it is. */
export interface Dataset {
  readonly name: string;
  /** The points, row-major. */
  readonly x: Float64Array | Float32Array;
  /** `[n, ...features]`. */
  readonly shape: readonly number[];
  /** The labels, `[n, outputs]`, row-major. */
  readonly y: Float64Array;
  /** m, the labels per point. */
  readonly outputs: number;
  /** Names of the classes 0, 1, ..., where the labels are classes that have names. */
  readonly classNames?: readonly string[];
  /** sigma^2 = E Var[y|x] (summed over the outputs), where it is known. */
  readonly noiseVariance?: number;
  /** g(x_i) = E[y|x_i], `[n, outputs]`, where it is known: Z_i = y_i - clean_i has mean zero. */
  readonly clean?: Float64Array;
  /** The ±1 labels before sign flips, `[n, outputs]`; with flip probability q, `clean` is (1 - 2q) times these. */
  readonly unflipped?: Float64Array;
  /** How the distribution of the points concentrates, where it is known. */
  readonly isoperimetry?: Isoperimetry;
  readonly provenance: Provenance;
}

/** What a data set is made of; the checksum is computed. */
export type DatasetParts = Omit<Dataset, 'provenance'> & Omit<Provenance, 'sha256'>;

/**
 * Checks the parts and makes a data set of them.
 *
 * @throws RobustlawError `invalid-argument` when n < 1 or a feature count is < 1, when lengths disagree, or when a
 * feature or label is NaN or infinite; the message names row and column, both counted from 0.
 */
export function createDataset(parts: DatasetParts): Dataset {
  const { source, transformations, ...rest } = parts;
  const { name, x, shape, y, outputs } = rest;
  if (shape.length < 2) {
    throw invalidArgument(
      `shape of ${name}`,
      `[${shape}]`,
      '[n, ...features] with at least one feature axis',
    );
  }
  requireInteger(`n (points of ${name})`, shape[0]!);
  for (const size of shape.slice(1)) requireInteger(`feature axis of ${name}`, size);
  requireInteger(`outputs of ${name}`, outputs);
  const n = shape[0]!;
  const features = shape.slice(1).reduce((product, size) => product * size, 1);
  requireLength(`x of ${name}`, x, n * features, `shape [${shape}]`);
  requireLength(`y of ${name}`, y, n * outputs, `n = ${n} points with ${outputs} label(s) each`);
  requireFinite(`x of ${name}`, x, features);
  requireFinite(`y of ${name}`, y, outputs);
  for (const key of ['clean', 'unflipped'] as const) {
    const values = rest[key];
    if (values === undefined) continue;
    requireLength(`${key} of ${name}`, values, n * outputs, `n = ${n} points with ${outputs} label(s) each`);
    requireFinite(`${key} of ${name}`, values, outputs);
  }
  if (rest.noiseVariance !== undefined && !(rest.noiseVariance >= 0 && rest.noiseVariance < Infinity)) {
    throw invalidArgument(`noiseVariance of ${name}`, rest.noiseVariance, 'a finite number >= 0');
  }
  return { ...rest, provenance: { source, transformations, sha256: checksum(x, y) } };
}

/** n, the number of points. */
export function pointCount(dataset: Dataset): number {
  return dataset.shape[0]!;
}

/** d, the number of features of one point: the product of all axes but the first. */
export function featureCount(dataset: Dataset): number {
  return dataset.x.length / dataset.shape[0]!;
}

function checksum(x: Float64Array | Float32Array, y: Float64Array): string {
  return createHash('sha256').update(bytesOf(x)).update(bytesOf(y)).digest('hex');
}

function bytesOf(array: Float64Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function requireLength(what: string, values: ArrayLike<number>, expected: number, why: string): void {
  if (values.length !== expected) {
    throw invalidArgument(`length of ${what}`, values.length, `${expected}, because of ${why}`);
  }
}

function requireFinite(what: string, values: ArrayLike<number>, columns: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // A finite number minus itself is zero; NaN and the infinities give NaN.
    if (value - value !== 0) {
      const place = `row ${Math.floor(i / columns)}, column ${i % columns} (counted from 0)`;
      throw invalidArgument(`${what} at ${place}`, value, 'a finite number; remove or replace such rows');
    }
  }
}
