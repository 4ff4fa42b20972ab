import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromJson, type StudyResult } from '../../src/study/index.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const STUDY = `
name: tiny
title: A tiny study
seed: 2
data: { sphere: { distribution: sphere, n: 12, d: [6, 8], labels: { signal: zero, noise: signs } } }
families:
  projected: { memorizer: projected-rbf, sizes: [3, 7, d] }
  smoothest: { memorizer: mcshane }
trials:
  - { data: [sphere], families: [projected], seeds: 2, measures: [slice] }
  - { data: [sphere], families: [smoothest], measures: [model] }
`;

describe('robustlaw study', () => {
  let directory: string;
  let first: ReturnType<typeof robustlaw>;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
    first = robustlaw('run', file('tiny.yaml', STUDY), '--runs', runs());
  }, 120_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  const runs = () => join(directory, 'runs');
  function file(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  }
  function robustlaw(...args: string[]) {
    const child = spawnSync(process.execPath, [MAIN, 'study', ...args], { encoding: 'utf8', cwd: directory });
    return { code: child.status, stdout: child.stdout, stderr: child.stderr };
  }

  it('prints verdict, table and report on stdout, notes and plain progress on stderr', () => {
    expect(first.code, first.stderr).toBe(0);
    const lines = first.stdout.split('\n');
    expect(lines[0]).toMatch(/\.$/);
    expect(lines[1]).toMatch(/^All 12 trials agree with the law/);
    expect(first.stdout).toMatch(/sphere d=8 +projected +8 +109 /); // P = n(k + 1) + 1 = 12 * 9 + 1
    expect(first.stdout).toMatch(/All 4 checks hold/);
    expect(first.stderr).toMatch(/sphere d=6, projected: skipped size 7: a projection cannot exceed d = 6/);
    expect(first.stderr).toMatch(/^12 of 12 trials$/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours and no cursor movement off a terminal.
    expect(first.stdout + first.stderr).not.toMatch(/\u001b/);
    const [run] = readdirSync(runs());
    expect(first.stdout).toContain(join(runs(), run!, 'report.html'));
    const files = readdirSync(join(runs(), run!));
    for (const name of [
      'report.html',
      'results.csv',
      'results.parquet',
      'study.yaml',
      'study.sqlite',
      'models',
    ]) {
      expect(files).toContain(name);
    }
    expect(readdirSync(join(runs(), run!, 'models'))).toHaveLength(2);
    expect(readFileSync(join(runs(), run!, 'report.html'), 'utf8')).toContain('A tiny study');
  });

  it('shows a run by the name of its study, with the same words, and as JSON', () => {
    const shown = robustlaw('show', 'tiny', '--runs', runs());
    expect(shown).toMatchObject({ code: 0, stdout: first.stdout });
    const json = robustlaw('show', 'tiny', '--runs', runs(), '--json');
    const result = fromJson(json.stdout) as StudyResult;
    expect(result.name).toBe('tiny');
    expect(result.outcomes).toHaveLength(12);
    expect(result.versions.node).toBe(process.versions.node);
    expect(result.analysis.verdict.join('\n')).toBe(first.stdout.split('\n').slice(0, 2).join('\n'));
  });

  it('lists runs, for people and as JSON', () => {
    expect(robustlaw('list', '--runs', runs()).stdout).toMatch(/tiny-[0-9a-f]{12} +12 +0 +0 +A tiny study/);
    expect(JSON.parse(robustlaw('list', '--runs', runs(), '--json').stdout)).toEqual([
      expect.objectContaining({ title: 'A tiny study', done: 12, failed: 0, open: 0 }),
    ]);
    expect(robustlaw('list', '--runs', '/nowhere')).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(robustlaw('list', '--runs', '/nowhere', '--json').stdout)).toEqual([]);
  });

  it('refuses a changed study of the same name with code 2 and the key; --new runs it beside', () => {
    const changed = file('changed.yaml', STUDY.replace('seeds: 2', 'seeds: 1'));
    const refused = robustlaw('run', changed, '--runs', runs());
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/trials\[0\]\.seeds: 2 in the earlier run, 1 in the file/);
    const beside = robustlaw('run', changed, '--runs', runs(), '--new', '--no-report', '--json');
    expect(beside.code, beside.stderr).toBe(0);
    expect((fromJson(beside.stdout) as StudyResult).outcomes).toHaveLength(7);
    expect(readdirSync(runs())).toHaveLength(2);
  });

  it('ends with code 2 on wrong input, says what is wrong, and writes nothing', () => {
    const wrong = join(directory, 'wrong');
    const cases: [string[], RegExp][] = [
      [
        ['run', file('bad.yaml', STUDY.replace('n: 12', 'n: 0')), '--runs', wrong],
        /bad\.yaml:5: data\.sphere\.n: 0; expected a number >= 1/,
      ],
      [['run', '/nowhere/study.yaml', '--runs', wrong], /\/nowhere\/study\.yaml: cannot be read/],
      [
        [
          'run',
          file(
            'data.yaml',
            STUDY.replace(/sphere: \{ dist.*\} \}/, 'sphere: { source: file, path: none.csv } }'),
          ),
          '--runs',
          wrong,
        ],
        /none\.csv/,
      ],
      [['run', file('ok.yaml', STUDY), '--workers', '0', '--runs', wrong], /expected an integer >= 1/],
      [['show', 'nothing', '--runs', wrong], /no run "nothing"/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = robustlaw(...args);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
      expect(stdout).toBe('');
    }
    expect(existsSync(wrong)).toBe(false);
  });

  it('ends with code 1 when a trial fails, and tells which and why', () => {
    writeFileSync(join(directory, 'twins.csv'), 'x,z,y\n0,0,1\n1,0,1\n0,0,-1\n');
    const text = `
name: twins
title: Twins
data: { twins: { source: file, path: twins.csv } }
families: { smoothest: { memorizer: mcshane } }
trials: [{ data: [twins], families: [smoothest] }]
`;
    const { code, stdout } = robustlaw('run', file('twins.yaml', text), '--runs', join(directory, 'twins'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/VIOLATED: Every trial finished\n.*twins, smoothest, seed 0: .*rows 0 and 2/);
  });
});
