// The trials as comma-separated values (RFC 4180).
import type { StudyResult } from '../study/index.ts';
import { type CellValue, trialTable } from './trial-table.ts';

/**
 * One row per trial after a header; lines end in CR LF. Numbers are written so that reading them gives the same
 * float64. A missing value is an empty field, an empty text is `""`.
 */
export function resultsCsv(result: StudyResult): string {
  const columns = trialTable(result);
  const header = columns.map(({ name }) => name).join(',');
  const rows = result.outcomes.map((_, row) => columns.map(({ values }) => field(values[row]!)).join(','));
  return [header, ...rows].map((line) => `${line}\r\n`).join('');
}

function field(value: CellValue): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) || text !== text.trim()
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}
