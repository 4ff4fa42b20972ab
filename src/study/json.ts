// Results as JSON text without loss: typed arrays and the numbers JSON lacks are tagged, everything else is plain JSON.
import { createHash } from 'node:crypto';
import { RobustlawError } from '../errors.ts';

/**
 * JSON text of plain data (objects, arrays, strings, numbers, booleans, null, Float64Array). Reading it back gives
 * the same bits: `{"$float64": base64 of little-endian bytes}` for arrays, `{"$number": "Infinity"}` for NaN, the
 * infinities and -0. Keys whose value is undefined are left out.
 *
 * @throws RobustlawError `internal` for anything else, which would be lost silently.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(tagged(value));
}

/**
 * The value behind `toJson`.
 *
 * @throws RobustlawError `malformed-file` for text that `toJson` cannot have written.
 */
export function fromJson(text: string): unknown {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    throw new RobustlawError('malformed-file', `invalid JSON: ${(error as Error).message}`, { cause: error });
  }
  return untagged(plain);
}

/** JSON text that is the same for equal values: keys sorted, otherwise as `toJson`. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(tagged(value)));
}

/** The first `digits` hexadecimal digits of the SHA-256 of the canonical JSON; 12 digits name things, 64 are all. */
export function contentHash(value: unknown, digits = 12): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, digits);
}

const ARRAY_TAG = '$float64';
const NUMBER_TAG = '$number';
const NUMBERS = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

function tagged(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { [NUMBER_TAG]: numberName(value) };
    case 'object':
      if (value === null) return null;
      if (value instanceof Float64Array) return { [ARRAY_TAG]: toBase64(value) };
      if (Array.isArray(value)) return value.map(tagged);
      if (isPlain(value)) {
        const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
        for (const [key] of entries) if (key.startsWith('$')) throw unfit(`the key ${key}`);
        return Object.fromEntries(entries.map(([key, entry]) => [key, tagged(entry)]));
      }
      throw unfit(value.constructor?.name ?? 'an object');
    default:
      throw unfit(typeof value);
  }
}

function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(untagged);
  const entries = Object.entries(value);
  const [key, content] = entries[0] ?? [];
  if (!key?.startsWith('$')) return Object.fromEntries(entries.map(([k, entry]) => [k, untagged(entry)]));
  if (entries.length === 1 && typeof content === 'string') {
    if (key === ARRAY_TAG) return fromBase64(content);
    const number = key === NUMBER_TAG ? NUMBERS.get(content) : undefined;
    if (number !== undefined) return number;
  }
  throw new RobustlawError('malformed-file', `invalid tagged value: ${JSON.stringify(value).slice(0, 80)}`);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}

function numberName(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function unfit(what: string): RobustlawError {
  return new RobustlawError('internal', `results hold plain data and Float64Array only; found ${what}`);
}

function toBase64(values: Float64Array): string {
  const bytes = Buffer.alloc(values.length * 8);
  for (let i = 0; i < values.length; i++) bytes.writeDoubleLE(values[i]!, i * 8);
  return bytes.toString('base64');
}

function fromBase64(text: string): Float64Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 8 !== 0 || bytes.toString('base64') !== text) {
    throw new RobustlawError('malformed-file', 'invalid base64 of a float64 array');
  }
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
}
