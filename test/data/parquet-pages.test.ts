// Parquet files put together page by page (apache/parquet-format): the first version of data pages, which Arrow writes and
// hyparquet-writer does not, and files that lie about their sizes.

import { crc32, gzipSync } from 'node:zlib';
import type { ColumnMetaData, FileMetaData, PageHeader, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { asyncErrorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

interface Page {
  readonly header: PageHeader;
  readonly body: Uint8Array;
}
interface Column {
  readonly elements: readonly SchemaElement[];
  readonly path: readonly string[];
  readonly pages: readonly Page[];
  readonly values: number;
  readonly meta?: Partial<ColumnMetaData>;
}

/** A file of one group of rows; `change` edits the footer before it is written. */
function file(
  rows: number,
  columns: readonly Column[],
  change = (footer: FileMetaData) => footer,
): Uint8Array {
  const writer = new ByteWriter();
  writer.appendUint32(0x31524150);
  const chunks = columns.map(({ path, pages, values, meta, elements }) => {
    const start = writer.offset;
    for (const { header, body } of pages) {
      writePageHeader(writer, header);
      writer.appendBytes(body);
    }
    const size = BigInt(writer.offset - start);
    const data: ColumnMetaData = {
      type: elements.at(-1)!.type!,
      encodings: ['PLAIN'],
      path_in_schema: [...path],
      codec: 'UNCOMPRESSED',
      num_values: BigInt(values),
      total_uncompressed_size: size,
      total_compressed_size: size,
      data_page_offset: BigInt(start),
      ...meta,
    };
    return { file_offset: BigInt(start), meta_data: data };
  });
  const footer: FileMetaData = {
    version: 2,
    schema: [
      { name: 'schema', num_children: columns.length },
      ...columns.flatMap(({ elements }) => elements),
    ],
    num_rows: BigInt(rows),
    row_groups: [{ columns: chunks, total_byte_size: 0n, num_rows: BigInt(rows) }],
    metadata_length: 0,
  };
  writeMetadata(writer, change(footer));
  writer.appendUint32(0x31524150);
  return writer.getBytes().slice();
}

const int32 = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
const float64 = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const joined = (...parts: (Uint8Array | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));
/** Runs behind their length, as levels of the first version are stored. */
const prefixed = (...runs: number[]) => joined(int32(runs.length), runs);

function pageV1(
  values: number,
  body: Uint8Array,
  encoding: 'PLAIN' | 'RLE_DICTIONARY' | 'RLE' | 'DELTA_BINARY_PACKED' | 'DELTA_BYTE_ARRAY' = 'PLAIN',
  over: Partial<PageHeader> = {},
): Page {
  return {
    header: {
      type: 'DATA_PAGE',
      uncompressed_page_size: body.length,
      compressed_page_size: body.length,
      data_page_header: {
        num_values: values,
        encoding,
        definition_level_encoding: 'RLE',
        repetition_level_encoding: 'RLE',
      },
      ...over,
    },
    body,
  };
}
const dictionaryPage = (values: number, body: Uint8Array): Page => ({
  header: {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: body.length,
    compressed_page_size: body.length,
    dictionary_page_header: { num_values: values, encoding: 'PLAIN' },
  },
  body,
});
const required = (
  name: string,
  type: SchemaElement['type'],
  pages: Page[],
  values: number,
  meta?: Partial<ColumnMetaData>,
): Column => ({
  elements: [{ name, repetition_type: 'REQUIRED', type: type! }],
  path: [name],
  pages,
  values,
  ...(meta && { meta }),
});
const optional = (name: string, type: SchemaElement['type'], pages: Page[], values: number): Column => ({
  ...required(name, type, pages, values),
  elements: [{ name, repetition_type: 'OPTIONAL', type: type! }],
});
const listColumn = (pages: Page[], values: number): Column => ({
  elements: [
    { name: 'x', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', type: 'DOUBLE' },
  ],
  path: ['x', 'list', 'element'],
  pages,
  values,
});
const labels = required('label', 'INT32', [pageV1(4, int32(0, 1, 2, 3))], 4);
const open = (bytes: Uint8Array, options = {}) => openDataset(put(folder, 'a.parquet', bytes), options);

describe('data pages of the first version', () => {
  it('of required and optional columns, over several pages', async () => {
    const plain = required('a', 'DOUBLE', [pageV1(1, float64(1.5)), pageV1(3, float64(2, 3, 4))], 4);
    const sparse = optional('b', 'DOUBLE', [pageV1(4, joined(prefixed(8, 1), float64(5, 6, 7, 8)))], 4);
    const { x } = await open(file(4, [plain, sparse, labels]));
    expect([...x]).toEqual([1.5, 5, 2, 6, 3, 7, 4, 8]);
  });

  it('with a dictionary, packed indices, and booleans in runs', async () => {
    // 2 bits per index: 2, 0, 1, 1 packed into one byte of a group of eight.
    const indices = joined([2], [3, 0b01010010, 0]);
    const coded = required(
      'a',
      'DOUBLE',
      [dictionaryPage(3, float64(10, 20, 30)), pageV1(4, indices, 'RLE_DICTIONARY')],
      4,
    );
    const flags = required('b', 'BOOLEAN', [pageV1(4, prefixed(4, 1, 4, 0), 'RLE')], 4);
    const { x } = await open(file(4, [coded, flags, labels]));
    expect([...x]).toEqual([30, 1, 10, 1, 20, 0, 20, 0]);
  });

  it('with lists that go on over pages', async () => {
    // [1, 2], [3, 4], [5, 6], [7, 8]: the second page begins inside of a list.
    const first = joined(prefixed(3, 0b010), prefixed(6, 3), float64(1, 2, 3));
    const second = joined(prefixed(3, 0b10101), prefixed(10, 3), float64(4, 5, 6, 7, 8));
    const dataset = await open(file(4, [listColumn([pageV1(3, first), pageV1(5, second)], 8), labels]));
    expect(dataset.shape).toEqual([4, 2]);
    expect([...dataset.x]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('with compression and checksums', async () => {
    const values = float64(1, 2, 3, 4);
    const zipped = new Uint8Array(gzipSync(values));
    const page = pageV1(4, zipped, 'PLAIN', { uncompressed_page_size: 32, crc: crc32(zipped) | 0 });
    const column = required('a', 'DOUBLE', [page], 4, { codec: 'GZIP' });
    expect([...(await open(file(4, [column, labels]))).x]).toEqual([1, 2, 3, 4]);
    const wrong = required('a', 'DOUBLE', [{ ...page, header: { ...page.header, crc: 7 } }], 4, {
      codec: 'GZIP',
    });
    expect((await asyncErrorOf(() => open(file(4, [wrong, labels])))).message).toMatch(
      /column "a": the checksum of a page/,
    );
  });
});

describe('Parquet files that lie', () => {
  const good = [pageV1(4, float64(1, 2, 3, 4))];
  const a = (pages: Page[], values = 4, meta: Partial<ColumnMetaData> = {}) =>
    required('a', 'DOUBLE', pages, values, meta);
  const packedLevels = (count: number) => {
    // A run of 2^29 entries in 5 bytes.
    const run = [0x80, 0x80, 0x80, 0x80, 0x04, 1];
    return pageV1(count, joined(prefixed(...run), float64(1, 2, 3, 4)));
  };
  const nested: SchemaElement[] = Array.from({ length: 500 }, (_, i) => ({
    name: `n${i}`,
    repetition_type: 'OPTIONAL',
    num_children: 1,
  }));

  it.each<[string, () => Uint8Array, RegExp]>([
    [
      'a run longer than its page',
      () => file(4, [optional('a', 'DOUBLE', [packedLevels(4)], 4), labels]),
      /column "a": a run of 536870912 values in a page of 4/,
    ],
    [
      'a run of indices longer than its page',
      () =>
        file(4, [
          a([
            dictionaryPage(1, float64(1)),
            pageV1(4, joined([1], [0x80, 0x80, 0x80, 0x80, 0x04, 0]), 'RLE_DICTIONARY'),
          ]),
          labels,
        ]),
      /a run of 536870912 values/,
    ],
    [
      'a page of too many values',
      () => file(4, [a([pageV1(2 ** 30, float64(1))]), labels]),
      /a page declares 1073741824 values; expected at most/,
    ],
    [
      'a page of more values than the column',
      () => file(4, [a([pageV1(5, float64(1, 2, 3, 4, 5))]), labels]),
      /more than the 4 values/,
    ],
    [
      'a column of fewer values than rows',
      () => file(4, [a([pageV1(3, float64(1, 2, 3))], 3), labels]),
      /has 3 rows; the file declares 4/,
    ],
    [
      'a column of more values than pages',
      () => file(4, [a([pageV1(3, float64(1, 2, 3))], 4), labels]),
      /3 of 4 values are there/,
    ],
    [
      'a page of negative length',
      () => file(4, [a([pageV1(4, float64(1, 2, 3, 4), 'PLAIN', { compressed_page_size: -5 })]), labels]),
      /a page of -5 bytes reaches beyond/,
    ],
    [
      'a page that declares another size',
      () => file(4, [a([pageV1(4, float64(1, 2, 3, 4), 'PLAIN', { uncompressed_page_size: 900 })]), labels]),
      /does not match header 900/,
    ],
    [
      'a page cut short',
      () => file(4, [a([pageV1(4, float64(1, 2))]), labels]),
      /column "a": a page is damaged/,
    ],
    [
      'a chunk beyond the file',
      () => file(4, [a(good, 4, { total_compressed_size: 10n ** 9n }), labels]),
      /reach beyond the file/,
    ],
    [
      'a chunk before the file',
      () => file(4, [a(good, 4, { data_page_offset: -9n }), labels]),
      /first byte of column "a" is -9/,
    ],
    [
      'negative values',
      () => file(4, [a(good, 4, { num_values: -1n }), labels]),
      /number of values of column "a" is -1/,
    ],
    [
      'a dictionary larger than its bytes',
      () => file(4, [a([dictionaryPage(2 ** 23, float64(1)), ...good]), labels]),
      /dictionary of 8 bytes declares 8388608 values/,
    ],
    [
      'two dictionaries',
      () => file(4, [a([dictionaryPage(1, float64(1)), dictionaryPage(1, float64(1)), ...good]), labels]),
      /two dictionary pages/,
    ],
    [
      'indices without a dictionary',
      () => file(4, [a([pageV1(4, joined([1], [8, 0]), 'RLE_DICTIONARY')]), labels]),
      /needs a dictionary/,
    ],
    [
      'an index beyond the dictionary',
      () =>
        file(4, [
          a([dictionaryPage(1, float64(1)), pageV1(4, joined([1], [8, 1]), 'RLE_DICTIONARY')]),
          labels,
        ]),
      /asks for entry 1 of a dictionary of 1/,
    ],
    [
      'blocks that lead backwards for ever',
      () =>
        file(4, [
          required(
            'a',
            'INT32',
            [
              pageV1(
                4,
                joined([128, 1], [0xff, 0xff, 0xff, 0xff, 0x0f], [4, 0, 0, 0, 0, 0]),
                'DELTA_BINARY_PACKED',
              ),
            ],
            4,
          ),
          labels,
        ]),
      /column "a": a length in a page is too large/,
    ],
    [
      'an encoding that multiplies',
      () =>
        file(4, [
          required('a', 'BYTE_ARRAY', [pageV1(4, new Uint8Array(30), 'DELTA_BYTE_ARRAY')], 4),
          labels,
        ]),
      /encoding DELTA_BYTE_ARRAY of BYTE_ARRAY is not read/,
    ],
    [
      'rows that its groups do not hold',
      () => file(4, [a(good), labels], (footer) => ({ ...footer, num_rows: 5n })),
      /declares 5 rows, but its groups hold 4/,
    ],
    [
      'columns in other files',
      () =>
        file(4, [a(good), labels], (footer) => {
          footer.row_groups[0]!.columns[0]!.file_path = '../../etc/passwd';
          return footer;
        }),
      /keeps columns in the file "\.\.\/\.\.\/etc\/passwd"/,
    ],
    [
      'another type in the data',
      () => file(4, [a(good, 4, { type: 'INT64' }), labels]),
      /"a" is DOUBLE in the schema but INT64/,
    ],
    [
      'endless nesting',
      () =>
        file(4, [a(good), labels], (footer) => ({
          ...footer,
          schema: [footer.schema[0]!, ...nested, ...footer.schema.slice(1)],
        })),
      /nests columns more than 32 deep/,
    ],
    ['two columns of one name', () => file(4, [a(good), a(good), labels]), /two columns named "a"/],
    ['no end', () => file(4, [a(good), labels]).slice(0, -4), /does not end as a Parquet file does/],
    [
      'a footer beyond the file',
      () => {
        const bytes = file(4, [a(good), labels]);
        new DataView(bytes.buffer).setUint32(bytes.length - 8, 2 ** 31, true);
        return bytes;
      },
      /footer declares 2147483648 bytes/,
    ],
    ['nothing but its name', () => Uint8Array.from(Buffer.from('PAR1')), /cut off/],
  ])('%s: refused in bounded time and memory', async (_, bytes, message) => {
    const content = bytes();
    const [start, before] = [performance.now(), process.resourceUsage().maxRSS];
    const error = await asyncErrorOf(() => open(content));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toContain('a.parquet');
    expect(error.message).toMatch(message);
    expect(performance.now() - start).toBeLessThan(3000);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(300_000);
  });

  it('a page larger than the limit', async () => {
    const huge = file(4, [
      a([pageV1(4, float64(1, 2, 3, 4), 'PLAIN', { uncompressed_page_size: 2 ** 31 - 1 })]),
      labels,
    ]);
    const error = await asyncErrorOf(() => open(huge, { maxBytes: 1e6 }));
    expect(error.code).toBe('file-too-large');
    expect(error.message).toMatch(/a page declares 2147483647 bytes/);
  });

  it('more values than the limit, from the footer alone', async () => {
    const huge = file(2 ** 40, [a(good, 2 ** 40), required('label', 'INT32', [], 2 ** 40)]);
    expect((await asyncErrorOf(() => open(huge))).code).toBe('file-too-large');
  });
});
