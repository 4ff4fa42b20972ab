// The trials as Apache Parquet: the table of results.csv with types.
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { StudyResult } from '../study/index.ts';
import { type TrialColumn, trialTable } from './trial-table.ts';

/** The bytes of a Parquet file with one row per trial; missing values are null; integers are INT64. */
export function resultsParquet(result: StudyResult): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: trialTable(result).map((column) => ({
      name: column.name,
      type: TYPES[column.type],
      nullable: true,
      data: column.type === 'integer' ? column.values.map(whole) : [...column.values],
    })),
    kvMetadata: [
      { key: 'study', value: result.name.toWellFormed() },
      { key: 'specification', value: result.hash.toWellFormed() },
    ],
    createdBy: 'robustlaw',
  });
  return new Uint8Array(buffer);
}

const TYPES = { text: 'STRING', integer: 'INT64', real: 'DOUBLE', boolean: 'BOOLEAN' } as const;

/** A count as INT64; one that is not whole is no count. */
function whole(value: TrialColumn['values'][number]): bigint | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
}
