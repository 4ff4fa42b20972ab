// Runs what the documentation shows: `sh` blocks through the command, `ts` blocks as modules, in a fresh folder.
// A block whose info string says `no-run` (installing, minutes of work, a cluster) is not run.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

interface Snippet {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

function snippets(file: string): Snippet[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].flatMap((match) =>
    match[2]!.includes('no-run')
      ? []
      : [{ file, line: text.slice(0, match.index).split('\n').length, language: match[1]!, code: match[3]! }],
  );
}

const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const all = documents.flatMap(snippets);

describe('documentation', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'robustlaw-docs-'));
    symlinkSync(join(root, 'examples'), join(folder, 'examples'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has commands and code to run', () => {
    expect(all.filter((s) => s.language === 'sh').length).toBeGreaterThan(1);
    expect(all.filter((s) => s.language === 'ts').length).toBeGreaterThan(0);
  });

  // In order: a later command may use what an earlier one wrote.
  for (const snippet of all.filter((s) => s.language === 'sh')) {
    it(`runs ${snippet.file}:${snippet.line}`, async () => {
      const script = snippet.code.replace(
        /^(npx )?robustlaw /gm,
        `"${process.execPath}" "${join(root, 'src/cli/main.ts')}" `,
      );
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
        timeout: 110_000,
      });
      expect(stdout.length).toBeGreaterThan(0);
    });
  }

  for (const snippet of all.filter((s) => s.language === 'ts')) {
    it(`runs ${snippet.file}:${snippet.line}`, async () => {
      const path = join(folder, `snippet-${snippet.line}.ts`);
      // Outside of the package its name means nothing: the snippet imports the sources instead.
      writeFileSync(path, snippet.code.replaceAll("'robustlaw'", `'${join(root, 'src/index.ts')}'`));
      const { stdout } = await run(process.execPath, [path], { cwd: folder, timeout: 110_000 });
      for (const [, expected] of snippet.code.matchAll(/^console\.log\(.*\);? *\/\/ prints (.*)$/gm)) {
        expect(stdout).toContain(expected!.trim());
      }
    });
  }
});
