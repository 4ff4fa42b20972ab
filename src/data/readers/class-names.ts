// Class names as numbers 0, 1, ...: in alphabetical order, or in the order of a file that lists them.
import { malformed, readBytes } from './bytes.ts';

/** Names of classes with their numbers, and the sentence of the provenance that says so. */
export interface Numbering {
  readonly numbers: ReadonlyMap<string, number>;
  /** By number. */
  readonly classNames: readonly string[];
  readonly description: string;
}

/** Most classes that a description names. */
const SHOWN = 100;

/**
 * Numbers for the names that occur: their places in alphabetical order (of UTF-16 code units), or in `order`.
 *
 * @param what opens the description: `classes of column species`.
 * @throws RobustlawError `malformed-file` naming a name that `order` lacks.
 */
export function numberClasses(
  file: string,
  what: string,
  names: Iterable<string>,
  order?: readonly string[],
): Numbering {
  const sorted = [...new Set(names)].toSorted();
  const listed = order ?? sorted;
  const numbers = new Map(listed.map((name, index) => [name, index]));
  const unknown = sorted.find((name) => !numbers.has(name));
  if (unknown !== undefined) {
    throw malformed(
      file,
      `the class ${JSON.stringify(unknown)} is not among the ${listed.length} listed classes (${listed.slice(0, 10).join(', ')}${listed.length > 10 ? ', ...' : ''}); add it to the list`,
    );
  }
  const shown = listed.slice(0, SHOWN).map((name, index) => `${name} = ${index}`);
  if (listed.length > shown.length) shown.push(`... ${listed.length} in all`);
  const how = order ? 'as listed' : 'alphabetically';
  return { numbers, classNames: listed, description: `${what} numbered ${how}: ${shown.join(', ')}` };
}

/** A list of classes is text that a person wrote. */
const MAX_LIST = 2 ** 24;

/**
 * The names in a file of classes, one per line; line k, counted from 0, names class k. Blank lines at the end do not count.
 *
 * @throws RobustlawError `malformed-file` for a file without names, or one that holds a name twice or a blank line between
 *   names; what readBytes() throws.
 */
export function readClassNames(path: string): readonly string[] {
  const { bytes } = readBytes(path, MAX_LIST);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw malformed(path, 'is not UTF-8 text; expected one class name per line', error);
  }
  const names = text
    .trimEnd()
    .split(/\r?\n/)
    .map((name) => name.trim());
  const blank = names.indexOf('');
  if (blank >= 0) throw malformed(path, `line ${blank + 1} is blank; expected one class name per line`);
  const seen = new Set<string>();
  for (const [line, name] of names.entries()) {
    if (seen.has(name))
      throw malformed(path, `line ${line + 1}: the class ${JSON.stringify(name)} is listed twice`);
    seen.add(name);
  }
  return names;
}
