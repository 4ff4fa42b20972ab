// What is wrong with a specification, said of its fields: `data set: d is 0; expected a number >= 1`.
import type { z } from 'zod';
import { RobustlawError } from '../errors.ts';

/**
 * The value as the schema sees it, defaults filled in.
 *
 * @param what opens the message, e.g. `data set` or the name of a file.
 * @throws RobustlawError `invalid-argument` naming every field that is wrong, its value, and what was expected.
 */
export function parseSpecification<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => explain(issue, value, []));
  throw new RobustlawError('invalid-argument', `${what}: ${[...new Set(problems)].slice(0, 5).join('; ')}`, {
    cause: result.error,
  });
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The sentences for one issue; of a union, those of the alternative that came closest. */
function explain(issue: Issue, root: unknown, base: Path): readonly string[] {
  const path = [...base, ...issue.path];
  const field = pathName(path);
  const value = valueAt(root, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(
        (key) => `unknown key ${pathName([...path, key])}; check its spelling, or leave it out`,
      );
    case 'invalid_union':
      return explainUnion(issue, root, path);
    case 'too_small':
      return [
        `${field} is ${show(value)}; expected ${bound(issue.origin, issue.inclusive === false ? '>' : '>=', issue.minimum)}`,
      ];
    case 'too_big':
      return [
        `${field} is ${show(value)}; expected ${bound(issue.origin, issue.inclusive === false ? '<' : '<=', issue.maximum)}`,
      ];
    case 'invalid_type':
      return [
        value === undefined
          ? `${field} is missing; expected ${typeName(issue.expected)}`
          : `${field} is ${show(value)}; expected ${typeName(issue.expected)}`,
      ];
    case 'invalid_value':
      return [`${field} is ${show(value)}; expected ${oneOf(issue.values)}`];
    case 'custom':
      return [`${field} ${issue.message}`];
    default:
      return [`${field} is ${show(value)}; ${issue.message}`];
  }
}

function explainUnion(issue: z.core.$ZodIssueInvalidUnion, root: unknown, path: Path): readonly string[] {
  if (isUnknownKind(issue)) return [explainKind(issue, root, path)];
  // An alternative fits best when it did not already fail at the root; then one whose distinguishing key is there.
  const closest =
    [
      issue.errors.filter((issues) => !issues.some(failsAtRoot)),
      issue.errors.filter((issues) =>
        issues.some((inner) => isUnknownKind(inner) && kindOf(inner, root, path) !== undefined),
      ),
    ].find((found) => found.length > 0) ?? issue.errors;
  const sentences = closest.flatMap((issues) => issues.flatMap((inner) => explain(inner, root, path)));
  if (closest.length === 1) return sentences;
  const expectations = new Set(sentences.map((sentence) => sentence.replace(/^.*?; expected /, '')));
  return [`${pathName(path)} is ${show(valueAt(root, path))}; expected ${[...expectations].join(', or ')}`];
}

type UnknownKind = z.core.$ZodIssueInvalidUnion & { readonly discriminator: string };

/** Whether the key that tells the alternatives apart is missing or has an unknown value. */
function isUnknownKind(issue: Issue): issue is UnknownKind {
  return issue.code === 'invalid_union' && issue.errors.length === 0 && issue.discriminator !== undefined;
}

/** The value of that key; the path of the issue may or may not end with it. */
function kindOf(issue: UnknownKind, root: unknown, base: Path): unknown {
  return valueAt(root, kindPath(issue, [...base, ...issue.path]));
}

function explainKind(issue: UnknownKind, root: unknown, path: Path): string {
  const key = kindPath(issue, path);
  const kind = valueAt(root, key);
  const options = 'options' in issue && Array.isArray(issue.options) ? oneOf(issue.options) : 'another value';
  const problem = kind === undefined ? 'is missing' : `is ${show(kind)}`;
  return `${pathName(key)} ${problem}; expected ${kind === undefined ? `the key ${issue.discriminator} with ` : ''}${options}`;
}

function kindPath(issue: UnknownKind, path: Path): Path {
  return path.at(-1) === issue.discriminator ? path : [...path, issue.discriminator];
}

function failsAtRoot(issue: Issue): boolean {
  if (isUnknownKind(issue)) return true;
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'array') return `${relation === '>=' ? 'at least' : 'at most'} ${limit} entries`;
  if (origin === 'string') return 'a text that is not empty';
  return `${origin === 'int' ? 'an integer' : 'a number'} ${relation} ${limit}`;
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    int: 'an integer',
    number: 'a finite number',
    string: 'a text',
    boolean: 'true or false',
    object: 'an object',
    array: 'a list',
  };
  return names[expected] ?? expected;
}

function oneOf(values: readonly unknown[]): string {
  const list = values.map(show).join(', ');
  return values.length === 1 ? list : `one of ${list}`;
}

function pathName(path: Path): string {
  return path.length === 0 ? 'the value' : path.map(String).join('.');
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
