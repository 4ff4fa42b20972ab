// The columns of a Parquet file as its footer declares them, checked before anything is decoded: what kind each is, and where
// its chunks lie.
import { parquetSchema } from 'hyparquet';
import type {
  ColumnMetaData,
  CompressionCodec,
  ParquetType,
  SchemaElement,
  SchemaTree,
} from 'hyparquet/src/types.js';
import { type FileBytes, malformed } from './bytes.ts';
import { readFooter } from './parquet-footer.ts';

/** What the values of a column are to a data set. */
export type ColumnKind = 'numbers' | 'text' | 'images' | 'other';

/** A column of the table. */
export interface ParquetColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** What it holds, for people: `dates`. */
  readonly what: string;
  /** The leaf that holds its values, or the bytes of its images; undefined for kinds that are not read. */
  readonly leaf: ParquetLeaf | undefined;
}

/** A column of values below the tree of lists and structures. */
export interface ParquetLeaf {
  readonly name: string;
  readonly path: string[];
  readonly element: SchemaElement;
  readonly schemaPath: SchemaTree[];
  /** Levels of optional or repeated ancestors: an entry of this definition level is a value. */
  readonly definition: number;
  /** Levels of lists. */
  readonly repetition: number;
  readonly chunks: readonly ParquetChunk[];
  /** Whether float32 holds every value. */
  readonly float32: boolean;
}

/** The part of a leaf in one group of rows. */
export interface ParquetChunk {
  readonly start: number;
  readonly end: number;
  readonly entries: number;
  readonly codec: CompressionCodec;
  readonly type: ParquetType;
}

/** A footer that was found to be consistent. */
export interface ParquetTable {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  /** What the writer noted: `huggingface`, `pandas`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * What the footer declares.
 *
 * @throws RobustlawError `malformed-file` for a damaged or inconsistent footer, an encrypted file, and one whose columns lie in
 *   other files.
 */
export function readTable(source: FileBytes): ParquetTable {
  const { file, bytes } = source;
  const metadata = readFooter(source);
  let root: SchemaTree;
  try {
    root = parquetSchema(metadata);
  } catch (error) {
    throw malformed(file, 'the Parquet schema is damaged', error);
  }
  const rows = countOf(file, 'rows of the file', metadata.num_rows);
  let rowsInGroups = 0;
  const chunks = new Map<string, ParquetChunk[]>();
  for (const group of metadata.row_groups) {
    rowsInGroups += countOf(file, 'rows of a group', group.num_rows);
    for (const { meta_data: meta, file_path: path, crypto_metadata: crypto } of group.columns) {
      if (path !== undefined)
        throw malformed(file, `keeps columns in the file ${JSON.stringify(path)}, which is not read`);
      if (crypto !== undefined || meta === undefined)
        throw malformed(file, 'is encrypted; expected a plain Parquet file');
      const name = meta.path_in_schema.join('.');
      const found = chunks.get(name) ?? [];
      found.push(chunkOf(file, name, meta, bytes.length));
      chunks.set(name, found);
    }
  }
  if (rowsInGroups !== rows)
    throw malformed(file, `declares ${rows} rows, but its groups hold ${rowsInGroups}`);
  const columns = root.children.map((tree) => columnOf(file, root, tree, chunks));
  const names = new Set<string>();
  for (const { name } of columns) {
    if (names.has(name)) throw malformed(file, `has two columns named ${JSON.stringify(name)}`);
    names.add(name);
  }
  const notes = (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''] as const);
  return { rows, columns, metadata: new Map(notes) };
}

function countOf(file: string, what: string, value: unknown): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 0)
    throw malformed(file, `the number of ${what} is ${String(value)}`);
  return count;
}

function chunkOf(file: string, name: string, meta: ColumnMetaData, fileLength: number): ParquetChunk {
  const column = `of column ${JSON.stringify(name)}`;
  const data = countOf(file, `the first byte ${column}`, meta.data_page_offset);
  const dictionary = Number(meta.dictionary_page_offset ?? 0);
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  const length = countOf(file, `bytes ${column}`, meta.total_compressed_size);
  if (start < 4 || start + length > fileLength)
    throw malformed(file, `the ${length} bytes ${column} at ${start} reach beyond the file of ${fileLength}`);
  return {
    start,
    end: start + length,
    entries: countOf(file, `values ${column}`, meta.num_values),
    codec: meta.codec,
    type: meta.type,
  };
}

function columnOf(
  file: string,
  root: SchemaTree,
  tree: SchemaTree,
  chunks: ReadonlyMap<string, readonly ParquetChunk[]>,
): ParquetColumn {
  const { name } = tree.element;
  const leafAt = (schemaPath: SchemaTree[]) => leafOf(file, [root, ...schemaPath], chunks);
  const path = [tree];
  for (let node = tree; node.children.length === 1; ) {
    node = node.children[0]!;
    path.push(node);
  }
  const last = path.at(-1)!;
  const bytes = last.children.find((child) => child.element.name === 'bytes');
  if (bytes && path.length === 1 && bytes.element.type === 'BYTE_ARRAY' && bytes.children.length === 0)
    return { name, kind: 'images', what: 'images', leaf: leafAt([tree, bytes]) };
  if (last.children.length > 0) return { name, kind: 'other', what: 'structures', leaf: undefined };
  const what = contentsOf(last.element);
  const lists = path.length > 1 || tree.element.repetition_type === 'REPEATED';
  if (what === 'numbers') return { name, kind: 'numbers', what, leaf: leafAt(path) };
  if (what === 'text' && !lists) return { name, kind: 'text', what, leaf: leafAt(path) };
  if (what === 'bytes' && !lists) return { name, kind: 'images', what, leaf: leafAt(path) };
  return { name, kind: 'other', what: lists ? `lists of ${what}` : what, leaf: undefined };
}

function leafOf(
  file: string,
  schemaPath: SchemaTree[],
  chunks: ReadonlyMap<string, readonly ParquetChunk[]>,
): ParquetLeaf {
  const { element, path } = schemaPath.at(-1)!;
  const name = path.join('.');
  const types = schemaPath.slice(1).map((node) => node.element.repetition_type);
  const found = chunks.get(name) ?? [];
  const other = found.find(({ type }) => type !== element.type);
  if (other)
    throw malformed(
      file,
      `column ${JSON.stringify(name)} is ${element.type} in the schema but ${other.type} in its data`,
    );
  return {
    name,
    path,
    element,
    schemaPath,
    definition: types.filter((type) => type !== 'REQUIRED').length,
    repetition: types.filter((type) => type === 'REPEATED').length,
    chunks: found,
    float32: fitsFloat32(element),
  };
}

/** What a leaf holds, for people; `numbers`, `text` and `bytes` are read. */
function contentsOf({ type, converted_type, logical_type: logical }: SchemaElement): string {
  const converted: string = converted_type ?? '';
  const name = logical?.type ?? '';
  if (/^(DATE|TIME|TIMESTAMP|INTERVAL)/.test(converted || name) || type === 'INT96') return 'dates or times';
  if (converted === 'DECIMAL') return 'numbers';
  switch (type) {
    case 'BOOLEAN':
    case 'INT32':
    case 'INT64':
    case 'FLOAT':
    case 'DOUBLE':
      return 'numbers';
    case 'FIXED_LEN_BYTE_ARRAY':
      return name === 'FLOAT16' ? 'numbers' : 'bytes of fixed length';
    default:
      if (/^(UTF8|ENUM)$/.test(converted) || /^(STRING|ENUM)$/.test(name)) return 'text';
      return converted === '' && name === '' ? 'bytes' : (converted || name).toLowerCase();
  }
}

function fitsFloat32({ type, converted_type, logical_type: logical }: SchemaElement): boolean {
  const converted: string = converted_type ?? '';
  if (converted === 'DECIMAL') return false;
  if (type === 'FLOAT' || type === 'BOOLEAN' || logical?.type === 'FLOAT16') return true;
  if (type !== 'INT32') return false;
  return /^U?INT_(8|16)$/.test(converted) || (logical?.type === 'INTEGER' && logical.bitWidth <= 16);
}
