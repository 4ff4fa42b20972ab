// `robustlaw data` as a user runs it: the embedded digits, small files, and input that makes no sense.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normal, rng } from '../../src/random/index.ts';
import { surveySchema } from '../../src/survey/index.ts';
import { robustlaw } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-data-'));
  const x = normal(rng('cli'), 80 * 3);
  const rows = Array.from({ length: 80 }, (_, i) =>
    [...x.subarray(3 * i, 3 * i + 3)].map((v) => v.toFixed(6)),
  );
  const csv = (name: string, labelled: (row: readonly string[], i: number) => string) =>
    writeFileSync(join(folder, name), `a,b,c,label\n${rows.map(labelled).join('\n')}\n`);
  csv('classes.csv', (row, i) => `${row.join(',')},${i % 2 === 0 ? 'cat' : 'dog'}`);
  csv('distinct.csv', (row, i) => `${row.join(',')},${i}`);
  csv('one-class.csv', (row) => `${row.join(',')},7`);
  csv('nan.csv', (row, i) => `${row[0]},${i === 3 ? 'NaN' : row[1]},${row[2]},1`);
  csv('constant.csv', (_, i) => `1,1,1,${i % 2}`);
  writeFileSync(join(folder, 'one-row.csv'), 'a,b,label\n1,2,0\n');
  for (const [name, side] of [
    ['cat', 4],
    ['dog', 5],
  ] as const) {
    mkdirSync(join(folder, 'images', name), { recursive: true });
    const data = new Uint8Array(side * side).fill(9);
    writeFileSync(
      join(folder, 'images', name, '1.png'),
      encode({ width: side, height: side, data, channels: 1 }),
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = (...args: string[]) => robustlaw(['data', ...args], folder);

describe('a data set', () => {
  it('the embedded digits, without files: verdict, tables, page and JSON', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await data(
      'optical-digits',
      '--rows',
      '0:600',
      '--radius',
      'l2:0.3',
      '-o',
      'out',
    );
    expect([code, stderr.includes('    at ')]).toEqual([0, false]);
    expect(stdout).toMatch(/^optical digits: 600 points of 64 features/);
    expect(stdout).toMatch(/stable rank +\d/);
    expect(stdout).toMatch(/nearest neighbours +\d/);
    expect(stdout).toMatch(/linf +0\.\d+/);
    expect(stdout).toMatch(/Page: out\/data\.html/);
    const result = surveySchema.parse(JSON.parse(readFileSync(join(folder, 'out/data.json'), 'utf8')));
    expect(result.data).toMatchObject({ points: 600, features: 64, shape: [8, 8] });
    const page = readFileSync(join(folder, 'out/data.html'), 'utf8');
    expect(page).toContain(result.data.sha256);
    // Digits are pictures: the closest pairs are shown.
    expect(page).toContain('src="data:image/png;base64,');
  });

  it('--json prints the result and nothing else; what is known of the noise comes first', async () => {
    const { code, stdout } = await data('classes.csv', '--reference-accuracy', '0.9:100', '--json');
    const result = surveySchema.parse(JSON.parse(stdout));
    expect(code).toBe(0);
    if (!('value' in result.noise)) throw new Error(stdout);
    expect(result.noise.value.readings.map(({ name }) => name)).toEqual([
      'reference model',
      'nearest neighbours',
    ]);
    expect(result.noise.value.level.value).toBeCloseTo(0.1, 12);
    expect(result.data.labels).toEqual({
      kind: 'classification',
      classes: [
        { name: 'cat', rows: 40 },
        { name: 'dog', rows: 40 },
      ],
    });
  });

  it.each([
    ['distinct.csv', /all 80 labels are distinct: they are taken for numbers/],
    ['one-class.csv', /Not measured: separation: .*all labels are the same \(7\)/],
    ['constant.csv', /Equal points have different labels/],
    ['one-row.csv', /1 point of 2 features/],
  ])('%s: what can be said is said', async (file, message) => {
    const { code, stdout, stderr } = await data(file);
    expect([code, stderr.includes('    at ')], stderr).toEqual([0, false]);
    expect(stdout).toMatch(message);
  });
});

describe('what makes no sense is refused with exit code 2', () => {
  it.each([
    [['nan.csv'], /line 5, column "b": "NaN"/],
    [['images'], /5x5|5 x 5|4x4|4 x 4/],
    [['distinct.csv', '--task', 'classification'], /80 distinct ones in 80 rows/],
    [['distinct.csv', '--flips', '0.1'], /a variance, as the labels/],
    [['classes.csv', '--flips', '0.1', '--noise-variance', '1'], /one of --flips, --noise-variance/],
    [['classes.csv', '--reference-accuracy', '0.2'], /reference accuracy: 0\.2/],
    [['classes.csv', '--reference-accuracy', '0.9:x'], /integer/],
    [['classes.csv', '-o', 'classes.csv/out'], /no folder can be made/],
  ] as const)('%j', async (args, message) => {
    const { code, stdout, stderr } = await data(...args);
    expect(stderr).toMatch(message);
    expect([code, stdout, stderr.includes('    at ')]).toEqual([2, '', false]);
  });
});
