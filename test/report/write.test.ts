import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renderReport, resultsCsv, resultsParquet, writeReport } from '../../src/report/index.ts';
import { failedStudy, oneTrialStudy } from './fixtures.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'robustlaw-report-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test('three files and nothing else, in a directory that did not exist', async () => {
  const result = oneTrialStudy();
  const place = join(directory, 'runs', 'law');
  const paths = writeReport(place, result);
  expect((await readdir(place)).sort()).toEqual(['report.html', 'results.csv', 'results.parquet']);
  expect((await readFile(paths.report, 'utf8')) === renderReport(result)).toBe(true);
  expect(await readFile(paths.csv, 'utf8')).toBe(resultsCsv(result));
  expect((await readFile(paths.parquet)).equals(Buffer.from(resultsParquet(result)))).toBe(true);
});

test('an older report is replaced', async () => {
  writeReport(directory, failedStudy());
  const { report } = writeReport(directory, oneTrialStudy());
  expect((await readFile(report, 'utf8')) === renderReport(oneTrialStudy())).toBe(true);
});

test('a file that cannot take its place leaves what was there and no temporary file', async () => {
  await writeFile(join(directory, 'results.csv'), 'before');
  // A directory in the way: renaming onto it fails.
  await mkdir(join(directory, 'results.parquet', 'in the way'), { recursive: true });
  expect(() => writeReport(directory, oneTrialStudy())).toThrow();
  expect((await readdir(directory)).sort()).toEqual(['results.csv', 'results.parquet']);
  expect(await readdir(join(directory, 'results.parquet'))).toEqual(['in the way']);
});
