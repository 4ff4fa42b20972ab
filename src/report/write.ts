// The three files of a finished study, each complete or absent.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
export async function writeReport(directory: string, result: StudyResult): Promise<WrittenReport> {
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
  await mkdir(directory, { recursive: true });
  for (const [path, content] of files) await writeWhole(path, content);
  return paths;
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, 'wx');
    try {
      await file.writeFile(content);
      // On disk before it takes the name.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
