// What is wrong with a study file, each problem with the line it stands on.
import type { core } from 'zod';
import { RobustlawError } from '../errors.ts';
import { type Path, type Problem, problemsOf, showProblem } from '../validation/index.ts';
import type { YamlText } from './yaml-text.ts';

/** Most problems told at once. */
const MAX_PROBLEMS = 5;

/** One error for all that a schema found: `study.yaml:7: data.sphere.n: 0; expected an integer >= 1`, a line for each. */
export function schemaError(text: YamlText, issues: readonly core.$ZodIssue[]): RobustlawError {
  const problems = problemsOf(issues, text.value);
  const lines = problems.slice(0, MAX_PROBLEMS).map((problem) => located(text, problem));
  if (problems.length > lines.length) lines.push(`and ${problems.length - lines.length} more`);
  return new RobustlawError('malformed-file', lines.join('\n'));
}

/** A problem that a schema cannot see, as an error of the same form. */
export function fieldError(text: YamlText, path: Path, what: string): RobustlawError {
  return new RobustlawError('malformed-file', located(text, { path, what }));
}

function located(text: YamlText, problem: Problem): string {
  return `${text.file}:${text.lineOf(problem.path)}: ${showProblem(problem)}`;
}
