// What is wrong with a value that a zod schema refuses, in words: the field, its value, what was expected.
import type { core } from 'zod';
import { RobustlawError } from '../errors.ts';
import { listed, nearestName } from './nearest.ts';
import type { YamlText } from './yaml-text.ts';

type Issue = core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Most problems told at once. */
const MAX_PROBLEMS = 5;

/** One error for all that a schema found: `study.yaml:7: data.sphere.n: 0; expected an integer >= 1`, a line for each. */
export function schemaError(text: YamlText, issues: readonly Issue[]): RobustlawError {
  const problems = issues.flatMap((issue) => explain(issue, [], text.value));
  const lines = problems
    .slice(0, MAX_PROBLEMS)
    .map(({ path, what }) => `${text.file}:${text.lineOf(path)}: ${showPath(path)}${what}`);
  if (problems.length > lines.length) lines.push(`and ${problems.length - lines.length} more`);
  return new RobustlawError('malformed-file', lines.join('\n'));
}

/** A problem that a schema cannot see, as an error of the same form. */
export function fieldError(text: YamlText, path: Path, what: string): RobustlawError {
  return new RobustlawError('malformed-file', `${text.file}:${text.lineOf(path)}: ${showPath(path)}${what}`);
}

/** `data.sphere.labels[2]`. */
export function pathName(path: Path): string {
  return path.reduce<string>(
    (name, step) =>
      typeof step === 'number' ? `${name}[${step}]` : name === '' ? String(step) : `${name}.${String(step)}`,
    '',
  );
}

interface Problem {
  readonly path: Path;
  readonly what: string;
}

function showPath(path: Path): string {
  return path.length === 0 ? '' : `${pathName(path)}: `;
}

/** The problems behind one issue; `prefix` is where its path starts. */
function explain(issue: Issue, prefix: Path, root: unknown): Problem[] {
  const path = [...prefix, ...issue.path];
  const value = valueAt(root, path);
  const found = showValue(value);
  const expected = (what: string) => [{ path, what: `${found}; expected ${what}` }];
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? [{ path, what: `missing; expected ${typeName(issue.expected)}` }]
        : expected(typeName(issue.expected));
    case 'invalid_value':
      return expected(oneOf(issue.values.map(String), value));
    case 'too_small':
      return expected(`${quantity(issue.origin)}${issue.inclusive ? '>=' : '>'} ${issue.minimum}`);
    case 'too_big':
      return expected(`${quantity(issue.origin)}${issue.inclusive ? '<=' : '<'} ${issue.maximum}`);
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], what: 'unknown key' }));
    case 'invalid_union': {
      if (issue.inclusive !== false && issue.options) {
        return value === undefined
          ? [{ path, what: `missing; expected ${oneOf(issue.options.map(String), value)}` }]
          : expected(oneOf(issue.options.map(String), value));
      }
      const alternatives = issue.errors.map(scalarExpectation);
      if (alternatives.every((one) => one !== undefined)) return expected(alternatives.join(' or '));
      return nearestBranch(issue.errors, path, root).flatMap((inner) => explain(inner, path, root));
    }
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, what: `the name is not allowed: ${inner.message}` }));
    case 'invalid_format':
      return expected(issue.message);
    case 'not_multiple_of':
      return expected(`a multiple of ${issue.divisor}`);
    default:
      return [{ path, what: `${found}; ${issue.message}` }];
  }
}

/** What an alternative wanted that failed because the value is another scalar altogether; undefined where it got further. */
function scalarExpectation(issues: readonly Issue[]): string | undefined {
  const [issue] = issues;
  if (issues.length !== 1 || issue!.path.length > 0) return undefined;
  if (issue!.code === 'invalid_type') return typeName(issue!.expected);
  return issue!.code === 'invalid_value' ? listed(issue!.values.map(String), 40) : undefined;
}

/**
 * The alternative the author had in mind: the one that misses the fewest fields, then one that did not already fail at
 * the kind of value, then the one whose problems lie deepest, then the one with the fewest problems.
 */
function nearestBranch(branches: readonly (readonly Issue[])[], base: Path, root: unknown): readonly Issue[] {
  const missing = (issues: readonly Issue[]) =>
    issues.filter((issue) => valueAt(root, [...base, ...issue.path]) === undefined).length;
  const mistaken = (issues: readonly Issue[]) => (scalarExpectation(issues) === undefined ? 0 : 1);
  const depth = (issues: readonly Issue[]) => Math.max(...issues.map((issue) => issue.path.length));
  const count = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return (
    branches.toSorted(
      (a, b) =>
        missing(a) - missing(b) || mistaken(a) - mistaken(b) || depth(b) - depth(a) || count(a) - count(b),
    )[0] ?? []
  );
}

function oneOf(options: readonly string[], value: unknown): string {
  const nearest = typeof value === 'string' ? nearestName(value, options) : undefined;
  const list = options.length === 1 ? listed(options) : `one of ${listed(options, 40)}`;
  return nearest === undefined ? list : `${list}; did you mean "${nearest}"?`;
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    int: 'an integer',
    object: 'a map of keys and values',
    record: 'a map of names and values',
    array: 'a list',
    string: 'text',
    number: 'a finite number',
    boolean: 'true or false',
  };
  return names[expected] ?? expected;
}

function quantity(origin: string): string {
  if (origin === 'array') return 'a number of entries ';
  if (origin === 'string') return 'a number of characters ';
  return origin === 'int' ? 'an integer ' : 'a number ';
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** A value short enough for a message. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a map';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
