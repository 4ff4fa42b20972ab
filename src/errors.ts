// The one root of every error a user can meet: what was expected, what came with its value, what to do.

/** Stable, machine-readable error codes. `internal` means a defect of robustlaw itself (exit code 3); all others are input the user can mend (exit code 2). */
export type ErrorCode =
  | 'invalid-argument'
  | 'malformed-file'
  | 'file-too-large'
  | 'not-found'
  | 'unsupported-op'
  | 'unsupported-type'
  | 'shape-mismatch'
  | 'contradictory-labels'
  | 'construction-impossible'
  | 'hypothesis-violated'
  | 'study-conflict'
  | 'interrupted'
  | 'internal';

/** Every error thrown on purpose. The message is one or two sentences a newcomer can act on. */
export class RobustlawError extends Error {
  override readonly name = 'RobustlawError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `invalid dimension: 0; expected an integer in [1, 784]`. */
export function invalidArgument(name: string, value: unknown, expected: string): RobustlawError {
  return new RobustlawError('invalid-argument', `invalid ${name}: ${show(value)}; expected ${expected}`);
}

/** Throws unless `value` is an integer in [low, high]. */
export function requireInteger(name: string, value: number, low = 1, high = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    const range =
      high === Number.MAX_SAFE_INTEGER ? `an integer >= ${low}` : `an integer in [${low}, ${high}]`;
    throw invalidArgument(name, value, range);
  }
}

/** Throws unless `value` is a finite number with `low` (exclusive) < value <= `high`. */
export function requirePositive(name: string, value: number, high = Number.MAX_VALUE): void {
  if (!(value > 0 && value <= high)) {
    throw invalidArgument(
      name,
      value,
      high === Number.MAX_VALUE ? 'a finite number > 0' : `a number in (0, ${high}]`,
    );
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
