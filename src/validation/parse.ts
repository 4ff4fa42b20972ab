// A value as its schema sees it, or one error for all that is wrong with it.
import type { z } from 'zod';
import { RobustlawError } from '../errors.ts';
import { problemsOf, showProblem } from './problems.ts';

/** Most problems told at once. */
const MAX_PROBLEMS = 5;

/**
 * The value as the schema sees it, defaults filled in.
 *
 * @param what opens the message: `data set: n: 0; expected a number >= 1`.
 * @throws RobustlawError `invalid-argument` naming the fields that are wrong (five at most), their values, and what was expected.
 */
export function parseSpecification<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = new Set(problemsOf(result.error.issues, value).map(showProblem));
  throw new RobustlawError(
    'invalid-argument',
    `${what}: ${[...problems].slice(0, MAX_PROBLEMS).join('; ')}`,
    {
      cause: result.error,
    },
  );
}
