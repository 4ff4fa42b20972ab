// What is wrong with a value that a zod schema refuses, in words: the field, its value, what was expected.
import type { core } from 'zod';
import { listed, nearestName } from './nearest.ts';

type Issue = core.$ZodIssue;

/** Keys and indices that lead to a field. */
export type Path = readonly PropertyKey[];

/** One field that is wrong: `what` is `0; expected a number >= 1`. */
export interface Problem {
  readonly path: Path;
  readonly what: string;
}

/** The problems behind the issues that a schema found with `value`. */
export function problemsOf(issues: readonly Issue[], value: unknown): readonly Problem[] {
  return issues.flatMap((issue) => explain(issue, [], value));
}

/** `data.sphere.n: 0; expected a number >= 1`. */
export function showProblem({ path, what }: Problem): string {
  return path.length === 0 ? what : `${pathName(path)}: ${what}`;
}

/** `data.sphere.labels[2]`. */
export function pathName(path: Path): string {
  return path.reduce<string>(
    (name, step) =>
      typeof step === 'number' ? `${name}[${step}]` : name === '' ? String(step) : `${name}.${String(step)}`,
    '',
  );
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

/** The problems behind one issue; `prefix` is where its path starts. */
function explain(issue: Issue, prefix: Path, root: unknown): readonly Problem[] {
  const path = [...prefix, ...issue.path];
  const value = valueAt(root, path);
  const found = showValue(value);
  const expected = (what: string) => [{ path, what: `${found}; expected ${what}` }];
  switch (issue.code) {
    case 'invalid_type':
      return expected(typeName(issue.expected));
    case 'invalid_value':
      return expected(oneOf(issue.values.map(String), value));
    case 'too_small':
      return expected(limit(issue.origin, issue.inclusive ? '>=' : '>', issue.minimum));
    case 'too_big':
      return expected(limit(issue.origin, issue.inclusive ? '<=' : '<', issue.maximum));
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        what: 'unknown key; check its spelling, or leave it out',
      }));
    case 'invalid_union': {
      if (isUnknownKind(issue)) return expected(oneOf(issue.options.map(String), value));
      const scalars = issue.errors.map(scalarExpectation);
      if (scalars.every((one) => one !== undefined)) {
        const names = issue.errors.flat().flatMap((one) => ('values' in one ? one.values.map(String) : []));
        return expected(withNearest([...new Set(scalars)].join(' or '), names, value));
      }
      const kinds = issue.errors.map((issues) => missingKind(issues, path, root));
      if (kinds.every((one) => one !== undefined)) return expected(kinds.join(', or '));
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

type UnknownKind = core.$ZodIssueInvalidUnion & {
  readonly discriminator: string;
  readonly options: readonly unknown[];
};

/** Whether the key that tells the alternatives of a union apart is missing or has an unknown value. */
function isUnknownKind(issue: Issue): issue is UnknownKind {
  return (
    issue.code === 'invalid_union' && issue.errors.length === 0 && 'options' in issue && !!issue.discriminator
  );
}

/** What an alternative wanted that failed because the value is another scalar altogether; undefined where it got further. */
function scalarExpectation(issues: readonly Issue[]): string | undefined {
  const [issue] = issues;
  if (issues.length !== 1 || issue!.path.length > 0) return undefined;
  if (issue!.code === 'invalid_type') return typeName(issue!.expected);
  return issue!.code === 'invalid_value' ? listed(issue!.values.map(String), 40) : undefined;
}

/** `the key source with one of "file", …`, where all that an alternative misses is the key that tells its kinds apart. */
function missingKind(issues: readonly Issue[], base: Path, root: unknown): string | undefined {
  const [issue] = issues;
  if (issues.length !== 1 || !isUnknownKind(issue!)) return undefined;
  if (valueAt(root, [...base, ...issue.path]) !== undefined) return undefined;
  return `the key ${issue.discriminator} with ${oneOf(issue.options.map(String), undefined)}`;
}

/**
 * The alternative the author had in mind: one that did not already fail at the kind of value, then the one that misses
 * the fewest fields, then one whose kind can be told, then the one whose problems lie deepest, then the one with the
 * fewest problems.
 */
function nearestBranch(branches: readonly (readonly Issue[])[], base: Path, root: unknown): readonly Issue[] {
  const missing = (issues: readonly Issue[]) =>
    issues.filter((issue) => valueAt(root, [...base, ...issue.path]) === undefined).length;
  const untold = (issues: readonly Issue[]) => (missingKind(issues, base, root) === undefined ? 0 : 1);
  const mistaken = (issues: readonly Issue[]) => (scalarExpectation(issues) === undefined ? 0 : 1);
  const depth = (issues: readonly Issue[]) => Math.max(...issues.map((issue) => issue.path.length));
  const count = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return (
    branches.toSorted(
      (a, b) =>
        mistaken(a) - mistaken(b) ||
        missing(a) - missing(b) ||
        untold(a) - untold(b) ||
        depth(b) - depth(a) ||
        count(a) - count(b),
    )[0] ?? []
  );
}

function oneOf(options: readonly string[], value: unknown): string {
  return withNearest(
    options.length === 1 ? listed(options) : `one of ${listed(options, 40)}`,
    options,
    value,
  );
}

function withNearest(expected: string, names: readonly string[], value: unknown): string {
  const nearest = typeof value === 'string' ? nearestName(value, names) : undefined;
  return nearest === undefined ? expected : `${expected}; did you mean "${nearest}"?`;
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

/** `a number > 0`, `text that is not empty`, `a number of entries >= 2`. */
function limit(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'string' && relation === '>=' && bound === 1) return 'text that is not empty';
  if (origin === 'array') return `a number of entries ${relation} ${bound}`;
  if (origin === 'string') return `a number of characters ${relation} ${bound}`;
  return `${origin === 'int' ? 'an integer' : 'a number'} ${relation} ${bound}`;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}
