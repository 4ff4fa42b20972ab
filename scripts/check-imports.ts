// Checks the arrows of ARCHITECTURE.md: a folder of src/ imports only from folders strictly below its stratum,
// and from another folder only through its index.ts, the index.ts of a folder within it, or its schema.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const STRATA: readonly (readonly string[])[] = [
  ['cli', 'studio'],
  ['report'],
  ['plan'],
  ['study'],
  ['audit', 'survey'],
  ['certificates'],
  ['isoperimetry'],
  ['law', 'lipschitz', 'attacks', 'dimension', 'noise'],
  ['separation'],
  ['training', 'preprocessing'],
  ['memorizers', 'models'],
  ['data'],
  ['runtime'],
  ['intervals'],
  ['graph'],
  ['linalg', 'random', 'numeric', 'guarantee', 'database', 'files', 'validation', 'words'],
];

/** Arrows within one stratum or past the rule, each with its reason. */
const ALLOWED = new Map<string, string>([
  ['linalg->numeric', 'rounding bounds'],
  ['linalg->random', 'random projections'],
]);

/** Folders a stratum must not reach although they lie below it. */
const FORBIDDEN = new Map<string, readonly string[]>([
  ['report', ['runtime', 'intervals', 'graph', 'memorizers', 'training', 'lipschitz', 'models', 'attacks']],
  ['law', ['runtime', 'graph', 'memorizers', 'training', 'models', 'data']],
]);

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');
const level = new Map(STRATA.flatMap((folders, index) => folders.map((folder) => [folder, index] as const)));
const problems: string[] = [];

for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
  if (!/\.tsx?$/.test(file)) continue;
  const path = join(src, file);
  const from = folderOf(path);
  for (const match of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)) {
    const target = resolve(dirname(path), match[1]!);
    const to = folderOf(target);
    if (from === to || to === '') continue;
    const arrow = `${from}->${to}`;
    const where = `${relative(root, path)} imports ${match[1]}`;
    if (from === '') continue;
    if (!level.has(from) || !level.has(to)) problems.push(`${where}: folder is in no stratum`);
    else if (level.get(to)! <= level.get(from)! && !ALLOWED.has(arrow))
      problems.push(`${where}: ${arrow} points upwards or sideways`);
    else if (FORBIDDEN.get(from)?.includes(to)) problems.push(`${where}: ${arrow} is forbidden`);
    else if (!/\/(index|schema)\.ts$/.test(target))
      problems.push(`${where}: import the folder's index.ts or schema.ts`);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}

/** First folder below src/, or '' for files directly in src/. */
function folderOf(path: string): string {
  const parts = relative(src, path).split('/');
  return parts.length > 1 ? parts[0]! : '';
}
