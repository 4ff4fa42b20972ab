import { expect, test } from 'vitest';
import { resultsCsv } from '../../src/report/index.ts';
import {
  awkwardStudy,
  bareStudy,
  emptyStudy,
  failedStudy,
  HOSTILE,
  hostileStudy,
  richStudy,
} from './fixtures.ts';
import { readCsv, records } from './read-csv.ts';

test('one row per trial after the header, every line ended by CR LF, as many fields as columns', () => {
  for (const result of [richStudy(), failedStudy(), emptyStudy(), awkwardStudy(), hostileStudy()]) {
    const text = resultsCsv(result);
    const rows = readCsv(text);
    expect(rows.length).toBe(result.outcomes.length + 1);
    expect(text.endsWith('\r\n')).toBe(true);
    for (const row of rows) expect(row.length).toBe(rows[0]!.length);
  }
});

test('numbers come back as the float64 they were', () => {
  const result = richStudy();
  const rows = records(resultsCsv(result));
  result.outcomes.forEach((outcome, index) => {
    const row = rows[index]!;
    expect([row.trial, row.data, row.family, row.state]).toEqual([
      outcome.trial.id,
      outcome.trial.data,
      outcome.trial.family,
      outcome.state,
    ]);
    expect(Number(row.seed)).toBe(outcome.trial.seed);
    if (outcome.state !== 'done') return;
    const { lipschitz, law, parameterCount, interpolationError } = outcome.result;
    expect(Number(row.parameter_count)).toBe(parameterCount);
    expect(Number(row.interpolation_error)).toBe(interpolationError);
    expect(Number(row.law_scaling)).toBe(law.scaling);
    expect(Number(row.law_confidence)).toBe(0.99);
    expect(Number(row.mcshane_optimum)).toBe(law.mcShaneOptimum);
    if (lipschitz.upper.kind === 'exact') {
      expect(Number(row.lipschitz_exact)).toBe(lipschitz.upper.value);
      expect(Number(row.lipschitz_exact_enclosure_high)).toBe(lipschitz.upper.enclosure[1]);
      expect(row.lipschitz_certified_upper).toBe('');
    } else {
      expect(Number(row.lipschitz_certified_upper)).toBe(lipschitz.upper.value);
      expect(row.lipschitz_exact).toBe('');
    }
    expect(row.lipschitz_witnessed_lower).toBe(lipschitz.lower ? String(lipschitz.lower.value) : '');
  });
});

test('hostile text comes back as it was, made well-formed', () => {
  const rows = records(resultsCsv(hostileStudy()));
  const failed = rows.find(({ state }) => state === 'failed')!;
  expect(failed.error_message).toBe(HOSTILE.toWellFormed());
  expect(failed.error_code).toBe(HOSTILE.toWellFormed());
});

test('a trial that failed has its error and no measurement; what is not finite is no value', () => {
  const [failed] = records(resultsCsv(failedStudy()));
  expect(failed!.error_code).toBe('contradictory-labels');
  expect(failed!.n).toBe('');
  expect(resultsCsv(awkwardStudy())).not.toMatch(/NaN|Infinity|undefined|null/);
});

test('columns do not depend on the study', () => {
  const header = (result: Parameters<typeof resultsCsv>[0]) => readCsv(resultsCsv(result))[0];
  expect(header(emptyStudy())).toEqual(header(richStudy()));
  expect(header(bareStudy())).toEqual(header(richStudy()));
});

test('the reader of this test follows RFC 4180', () => {
  expect(readCsv('a,"b ""c"", d\r\ne",\r\n"",x,y\r\n')).toEqual([
    ['a', 'b "c", d\r\ne', ''],
    ['', 'x', 'y'],
  ]);
});
