import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { resultsCsv, resultsParquet } from '../../src/report/index.ts';
import {
  awkwardStudy,
  bareStudy,
  emptyStudy,
  failedStudy,
  hostileStudy,
  oneTrialStudy,
  richStudy,
} from './fixtures.ts';
import { readCsv } from './read-csv.ts';

test.each([
  ['a full study', richStudy()],
  ['one trial', oneTrialStudy()],
  ['no optional field', bareStudy()],
  ['only failures', failedStudy()],
  ['numbers that are not finite', awkwardStudy()],
  ['hostile text', hostileStudy()],
  ['no trial', emptyStudy()],
])('%s: another reader finds in Parquet what stands in the CSV', async (_, result) => {
  const file = bytes(resultsParquet(result));
  const rows = await parquetReadObjects({ file });
  const [header, ...lines] = readCsv(resultsCsv(result));
  expect(rows.length).toBe(lines.length);
  expect(
    parquetMetadata(file)
      .schema.slice(1)
      .map(({ name }) => name),
  ).toEqual(header);
  rows.forEach((row, index) => {
    expect(Object.keys(row)).toEqual(header);
    expect(
      Object.values(row).map((value) => (value === null || value === undefined ? '' : String(value))),
    ).toEqual(lines[index]);
  });
});

test('counts are integers, constants are doubles, names are text, and the study is named in the file', () => {
  const { schema, key_value_metadata: pairs } = parquetMetadata(bytes(resultsParquet(richStudy())));
  const types = Object.fromEntries(
    schema.slice(1).map(({ name, type, converted_type }) => [name, converted_type ?? type]),
  );
  expect(types).toMatchObject({
    trial: 'UTF8',
    seed: 'INT64',
    parameter_count: 'INT64',
    lipschitz_exact: 'DOUBLE',
    law_hypotheses_hold: 'BOOLEAN',
  });
  expect(pairs).toContainEqual({ key: 'specification', value: '3f9a1c07be42' });
});

test('the same result gives the same bytes', () => {
  expect(Buffer.from(resultsParquet(richStudy())).equals(Buffer.from(resultsParquet(richStudy())))).toBe(
    true,
  );
});

function bytes(file: Uint8Array): ArrayBuffer {
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
}
