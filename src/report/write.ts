// The three files of a finished study, each complete or absent.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../files/index.ts';
import type { StudyResult } from '../study/index.ts';
import { resultsCsv } from './csv.ts';
import { renderReport } from './page.ts';
import { resultsParquet } from './parquet.ts';

/** Where the files went. */
export interface WrittenReport {
  readonly report: string;
  readonly csv: string;
  readonly parquet: string;
}

/**
 * Writes report.html, results.csv and results.parquet into `directory`, which is made where it does not exist.
 * Each file is written beside its place and renamed, so that a reader or a crash never meets half of one.
 */
export function writeReport(directory: string, result: StudyResult): WrittenReport {
  const paths = {
    report: join(directory, 'report.html'),
    csv: join(directory, 'results.csv'),
    parquet: join(directory, 'results.parquet'),
  };
  // All is rendered before anything is written.
  const files = [
    [paths.csv, resultsCsv(result)],
    [paths.parquet, resultsParquet(result)],
    [paths.report, renderReport(result)],
  ] as const;
  mkdirSync(directory, { recursive: true });
  for (const [path, content] of files) writeWhole(path, content);
  return paths;
}
