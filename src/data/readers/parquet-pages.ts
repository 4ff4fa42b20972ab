// The pages of a Parquet column (apache/parquet-format), decoded one by one. hyparquet decodes; what a page declares of
// itself is checked first, so that a small file cannot ask for more memory than the data set may take.
import { brotliDecompressSync, crc32, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetHeader } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import type { Compressors, DecodedArray, PageHeader } from 'hyparquet/src/types.js';
import { compressors as published } from 'hyparquet-compressors';
import { RobustlawError } from '../../errors.ts';
import { type FileBytes, malformed, tooLarge } from './bytes.ts';
import { type Damaged, PageCheck, viewOf } from './parquet-check.ts';
import type { ParquetChunk, ParquetLeaf } from './parquet-schema.ts';

/** The entries of one page. */
export interface ParquetPage {
  /** Entries, nulls included. */
  readonly count: number;
  /** The values that are not null. */
  readonly values: DecodedArray;
  /** Definition level of each entry: less than `leaf.definition` where there is null or an empty list; undefined without nulls. */
  readonly definitions: ArrayLike<number> | undefined;
  /** Repetition level of each entry: the depth of list that it continues; undefined without lists. */
  readonly repetitions: ArrayLike<number> | undefined;
}

/** Entries of one page; writers keep pages near 1 MB. */
const MAX_PAGE_ENTRIES = 2 ** 24;

/** zlib's decoders stop at the declared length, and LZ4 and Snappy write into memory of that length. */
const COMPRESSORS: Compressors = {
  ...published,
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
};

/**
 * The data pages of a column, in the order of the rows.
 *
 * @throws RobustlawError `malformed-file` naming the column for anything that is damaged, cut off or of an encoding that is not
 *   read; `file-too-large` for pages beyond the limit.
 */
export function* pagesOf(source: FileBytes, leaf: ParquetLeaf): Generator<ParquetPage> {
  for (const chunk of leaf.chunks) yield* pagesOfChunk(source, leaf, chunk);
}

function* pagesOfChunk(source: FileBytes, leaf: ParquetLeaf, chunk: ParquetChunk): Generator<ParquetPage> {
  const where = `column ${JSON.stringify(leaf.name)}`;
  const damaged = (problem: string, cause?: unknown) => malformed(source.file, `${where}: ${problem}`, cause);
  const bytes = source.bytes.subarray(chunk.start, chunk.end);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let dictionary: DecodedArray | undefined;
  let seen = 0;
  while (seen < chunk.entries) {
    if (reader.offset >= bytes.length)
      throw damaged(
        `${seen} of ${chunk.entries} values are there; the file is cut off or its pages are damaged`,
      );
    let page: ParquetPage | undefined;
    try {
      const header = parquetHeader(reader);
      const body = bodyOf(bytes, reader.offset, header, source, damaged);
      reader.offset += body.length;
      if (header.type === 'DICTIONARY_PAGE') {
        if (dictionary) throw damaged('has two dictionary pages in one chunk');
        dictionary = dictionaryOf(header, body, leaf, chunk, damaged);
      } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
        page = dataPage(header, body, leaf, chunk, dictionary, damaged);
      }
    } catch (error) {
      if (error instanceof RobustlawError) throw error;
      throw damaged(`a page is damaged (${(error as Error).message})`, error);
    }
    if (page === undefined) continue;
    seen += page.count;
    if (seen > chunk.entries)
      throw damaged(`has more than the ${chunk.entries} values that the file declares`);
    yield page;
  }
}

/** The bytes of a page as they are stored, once its sizes are known to be possible. */
function bodyOf(
  bytes: Uint8Array,
  offset: number,
  header: PageHeader,
  { file, maxBytes }: FileBytes,
  damaged: Damaged,
): Uint8Array {
  const { compressed_page_size: stored, uncompressed_page_size: size } = header;
  if (!(Number.isInteger(stored) && stored >= 0 && offset + stored <= bytes.length))
    throw damaged(`a page of ${stored} bytes reaches beyond its chunk of ${bytes.length} bytes`);
  if (!(Number.isInteger(size) && size >= 0)) throw damaged(`a page declares ${size} bytes`);
  if (size > maxBytes) throw tooLarge(file, 'a page declares', size, maxBytes);
  const body = bytes.subarray(offset, offset + stored);
  if (header.crc !== undefined && crc32(body) !== header.crc >>> 0)
    throw damaged('the checksum of a page does not fit its bytes');
  return body;
}

function dictionaryOf(
  header: PageHeader,
  body: Uint8Array,
  leaf: ParquetLeaf,
  chunk: ParquetChunk,
  damaged: Damaged,
): DecodedArray {
  const count = requireCount(header.dictionary_page_header?.num_values, damaged);
  const page = apart(decompressPage(body, header.uncompressed_page_size, chunk.codec, COMPRESSORS));
  if (count > 8 * page.length) throw damaged(`a dictionary of ${page.length} bytes declares ${count} values`);
  const reader = { view: viewOf(page), offset: 0 };
  return convert(readPlain(reader, chunk.type, count, leaf.element.type_length), decoderOf(leaf, chunk));
}

function dataPage(
  header: PageHeader,
  body: Uint8Array,
  leaf: ParquetLeaf,
  chunk: ParquetChunk,
  dictionary: DecodedArray | undefined,
  damaged: Damaged,
): ParquetPage {
  const decoder = decoderOf(leaf, chunk);
  const [first, second] = [header.data_page_header, header.data_page_header_v2];
  const declared = header.type === 'DATA_PAGE' ? first : second;
  const count = requireCount(declared?.num_values, damaged);
  const { encoding } = declared!;
  let decoded: {
    definitionLevels: ArrayLike<number> | undefined;
    repetitionLevels: ArrayLike<number>;
    dataPage: DecodedArray;
  };
  if (header.type === 'DATA_PAGE') {
    const page = apart(decompressPage(body, header.uncompressed_page_size, chunk.codec, COMPRESSORS));
    const check = new PageCheck(page, count, damaged);
    const afterRepetitions = leaf.repetition > 0 ? check.prefixedRuns(0, bitsFor(leaf.repetition)) : 0;
    const start =
      leaf.definition > 0 ? check.prefixedRuns(afterRepetitions, bitsFor(leaf.definition)) : afterRepetitions;
    check.values(start, encoding, chunk.type);
    decoded = readDataPage(page, first!, decoder);
  } else {
    const { repetition_levels_byte_length: r, definition_levels_byte_length: d, num_nulls: nulls } = second!;
    if (![r, d, nulls].every((n) => Number.isInteger(n) && n >= 0) || r + d > body.length || nulls > count)
      throw damaged(`a page declares levels of ${r} and ${d} bytes and ${nulls} nulls among ${count} values`);
    const stored = body.subarray(r + d);
    const size = header.uncompressed_page_size - r - d;
    if (size < 0) throw damaged('a page is shorter than its levels');
    const values =
      second!.is_compressed === false || stored.length === 0
        ? stored
        : decompressPage(stored, size, chunk.codec, COMPRESSORS);
    const page = new Uint8Array(r + d + values.length);
    page.set(body.subarray(0, r + d));
    page.set(values, r + d);
    const check = new PageCheck(page, count, damaged);
    if (leaf.repetition > 0) check.runs(0, r, bitsFor(leaf.repetition));
    if (leaf.definition > 0) check.runs(r, r + d, bitsFor(leaf.definition));
    if (nulls < count) check.values(r + d, encoding, chunk.type);
    const plain = {
      ...header,
      uncompressed_page_size: page.length,
      data_page_header_v2: {
        ...second!,
        is_compressed: false,
        ...(nulls === count ? { encoding: 'PLAIN' as const } : {}),
      },
    };
    decoded = readDataPageV2(page, plain, decoder);
  }
  const definitions = decoded.definitionLevels?.length ? decoded.definitionLevels : undefined;
  const repetitions = decoded.repetitionLevels.length > 0 ? decoded.repetitionLevels : undefined;
  const values = encoding.endsWith('_DICTIONARY')
    ? lookUp(decoded.dataPage, dictionary, damaged)
    : convert(decoded.dataPage, decoder);
  return { count, values, definitions, repetitions };
}

/** The values that indices stand for. */
function lookUp(indices: DecodedArray, dictionary: DecodedArray | undefined, damaged: Damaged): DecodedArray {
  if (indices.length > 0 && dictionary === undefined)
    throw damaged('a page needs a dictionary, and there is none');
  return Array.from(indices as ArrayLike<number>, (index) => {
    const value: unknown = dictionary![index];
    if (value === undefined)
      throw damaged(`a page asks for entry ${index} of a dictionary of ${dictionary!.length}`);
    return value;
  });
}

function requireCount(count: number | undefined, damaged: Damaged): number {
  if (count === undefined || !Number.isInteger(count) || count < 0)
    throw damaged(`a page declares ${count} values`);
  if (count > MAX_PAGE_ENTRIES)
    throw damaged(
      `a page declares ${count} values; expected at most ${MAX_PAGE_ENTRIES}: write the file with smaller pages`,
    );
  return count;
}

function decoderOf(leaf: ParquetLeaf, chunk: ParquetChunk) {
  return {
    pathInSchema: leaf.path,
    type: chunk.type,
    element: leaf.element,
    schemaPath: leaf.schemaPath,
    codec: chunk.codec,
    parsers: DEFAULT_PARSERS,
    compressors: COMPRESSORS,
    utf8: false,
  };
}

/** The page in memory of its own: decoders make arrays of its buffer, which must end where the page does. */
function apart(page: Uint8Array): Uint8Array {
  return page.byteLength === page.buffer.byteLength ? page : new Uint8Array(page);
}

/** Bits that levels up to `most` take. */
function bitsFor(most: number): number {
  return 32 - Math.clz32(most);
}
