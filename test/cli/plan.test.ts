import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSchema } from '../../src/plan/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import { robustlaw } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-plan-cli-'));
  const x = normal(rng(0), 120);
  const rows = Array.from({ length: 60 }, (_, i) => `${x[2 * i]},${x[2 * i + 1]},${i % 2}`);
  writeFileSync(join(folder, 'points.csv'), `a,b,label\n${rows.join('\n')}\n`);
  writeFileSync(
    join(folder, 'one.csv'),
    `a,b,label\n${rows.map((row) => row.replace(/.$/, '0')).join('\n')}\n`,
  );
  writeFileSync(join(folder, 'hole.csv'), `a,b,label\n${rows.join('\n')}\n1,NaN,0\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => robustlaw(['plan', ...args], folder);

describe('robustlaw plan', () => {
  it('answers by the law in text, JSON and a page, the same each time', async () => {
    const asked = [
      'points.csv',
      '--no-pilot',
      '--flip-probability',
      '0.5',
      '--radius',
      '2',
      '-o',
      'page.html',
    ];
    const first = await run(...asked, '--json');
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    const result = planSchema.parse(JSON.parse(first.stdout));
    expect(result.wanted).toMatchObject({ norm: 'l2', radius: 2 });
    const page = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(page).toContain('What drives the number');
    const again = await run(...asked);
    expect(again.code).toBe(0);
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toBe(page);
    const [verdict] = again.stdout.split('\n');
    expect(verdict).toBe(result.verdict[0]);
    expect(again.stdout).toMatch(/stable rank within classes/);
    expect(again.stdout).toMatch(/parametrised class/);
  });

  it('says that few points allow no pilot, and answers all the same', async () => {
    const { code, stdout } = await run('points.csv');
    expect(code).toBe(0);
    expect(stdout).toMatch(/60 points are too few for a pilot/);
    expect(stdout).toMatch(/^Plan for about/);
  });

  it('refuses bad input with exit code 2 and a sentence', { timeout: 240_000 }, async () => {
    const refused = async (args: string[], message: RegExp) => {
      const { code, stdout, stderr } = await run(...args);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/ {4}at /);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    };
    await Promise.all([
      refused(['points.csv', '--radius', '0'], /number > 0/),
      refused(['points.csv', '--radius', '-1'], /number > 0/),
      refused(['points.csv', '--radius', 'NaN'], /number > 0/),
      refused(['points.csv', '--radius', '1', '--lipschitz', '1'], /one of the two/),
      refused(['one.csv', '--no-pilot'], /two classes or more/),
      refused(['hole.csv', '--no-pilot'], /row 60|line 62|NaN/),
      refused(['points.csv', '--sizes', '40,80,160'], /\[20, 60\]/),
      refused(['missing.csv'], /missing\.csv/),
    ]);
    expect(existsSync(join(folder, 'plans/plan-one'))).toBe(false);
  });
});
