// YAML text as plain data, read as an untrusted file: one document, no duplicate keys, bounded size, depth and aliases.
import { isAlias, isCollection, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { RobustlawError } from '../errors.ts';

/** Plain data and where in the text each part stands. */
export interface YamlText {
  /** Name of the file, for messages. */
  readonly file: string;
  readonly value: unknown;
  /** Line of the value at a path, counted from 1; of the nearest part that exists where there is none. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** A study file is some kilobytes; this is where it is certainly something else. */
export const MAX_YAML_BYTES = 2 ** 18;

/** Aliases multiply: ten of ten of ten make a small file a huge value. */
const MAX_ALIASES = 100;
const MAX_DEPTH = 50;
const TOO_DEEP = `nested more than ${MAX_DEPTH} levels deep; a study file has about five`;

/**
 * Parses YAML 1.2.
 *
 * @throws RobustlawError `file-too-large`, or `malformed-file` naming file, line and what is wrong.
 */
export function parseYaml(file: string, text: string): YamlText {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_YAML_BYTES) {
    throw new RobustlawError('file-too-large', `${file}: ${bytes} bytes; expected at most ${MAX_YAML_BYTES}`);
  }
  const malformed = (line: number, problem: string, cause?: unknown) =>
    new RobustlawError('malformed-file', `${file}:${line}: ${problem}`, { cause });
  const counter = new LineCounter();
  const lineAt = (offset: number) => Math.max(1, counter.linePos(offset).line);
  // The library compares every key with every other one; `checkNodes` finds duplicates in linear time.
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false, prettyErrors: false });
  const problem = document.errors[0] ?? document.warnings[0];
  // The parser recurses and reports a stack it has exhausted as an error of the text, which it is.
  if (problem?.message.startsWith('Maximum call stack')) throw malformed(lineAt(problem.pos[0]), TOO_DEEP);
  if (problem) throw malformed(lineAt(problem.pos[0]), problem.message);
  checkNodes(document.contents, (node, what) => malformed(lineAt(node.range?.[0] ?? 0), what));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw malformed(1, (error as Error).message, error);
  }
  return {
    file,
    value,
    lineOf: (path) => lineAt(startOf(document.contents, path)),
  };
}

/** Throws for duplicate keys, keys that are no plain scalars, and collections nested too deeply. */
function checkNodes(root: Node | null, error: (node: Node, what: string) => RobustlawError): void {
  const stack: { node: unknown; depth: number }[] = [{ node: root, depth: 1 }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, depth } = top;
    if (!isCollection(node) || isAlias(node)) continue;
    if (depth > MAX_DEPTH) throw error(node, TOO_DEEP);
    const seen = new Set<string>();
    for (const item of node.items) {
      if (!isMap(node)) {
        stack.push({ node: item, depth: depth + 1 });
        continue;
      }
      const { key, value } = item as { key: unknown; value: unknown };
      if (!isScalar(key)) throw error(node, 'a key that is a list, a map or an alias; expected a name');
      const name = String(key.value);
      if (seen.has(name)) throw error(key, `the key "${name}" appears twice in one map; remove one of them`);
      seen.add(name);
      stack.push({ node: value, depth: depth + 1 });
    }
  }
}

/** Offset of the deepest node on the path that exists. */
function startOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    const key = typeof step === 'number' ? step : String(step);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      node = node.items[Number(key)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    }
  }
  return offset;
}
