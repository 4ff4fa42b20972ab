// The footer of a Parquet file (apache/parquet-format, FileMetaData): found, bounded, and of the types that it should have.
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { parquetMetadata } from 'hyparquet';
import {
  CompressionCodecs,
  ConvertedTypes,
  FieldRepetitionTypes,
  ParquetTypes,
} from 'hyparquet/src/constants.js';
import { z } from 'zod';
import { problemsOf, showProblem } from '../../validation/index.ts';
import { type FileBytes, malformed, tooLarge } from './bytes.ts';

const MAGIC = [0x50, 0x41, 0x52, 0x31]; // PAR1
/** A footer of this length describes a hundred thousand columns. */
const MAX_FOOTER = 2 ** 26;
const MAX_ELEMENTS = 200_000;
const MAX_DEPTH = 32;

/** What is used of the footer: its fields are stored with numbers and types of their own, which may be any. */
const footerSchema = z.object({
  schema: z.array(
    z.object({
      name: z.string(),
      type: z.enum(ParquetTypes).optional(),
      type_length: z.int().min(0).optional(),
      repetition_type: z.enum(FieldRepetitionTypes).optional(),
      num_children: z.int().min(0).optional(),
      converted_type: z.enum(ConvertedTypes).optional(),
    }),
  ),
  num_rows: z.bigint(),
  row_groups: z.array(
    z.object({
      num_rows: z.bigint(),
      columns: z.array(
        z.object({
          file_path: z.string().optional(),
          meta_data: z
            .object({
              type: z.enum(ParquetTypes),
              path_in_schema: z.array(z.string()),
              codec: z.enum(CompressionCodecs),
              num_values: z.bigint(),
              total_compressed_size: z.bigint(),
              data_page_offset: z.bigint(),
              dictionary_page_offset: z.bigint().optional(),
            })
            .optional(),
        }),
      ),
    }),
  ),
  key_value_metadata: z.array(z.object({ key: z.string(), value: z.string().optional() })).optional(),
});

/**
 * The footer, decoded; what its numbers say has yet to be compared with the file.
 *
 * @throws RobustlawError `malformed-file` for a file that is cut off, and a footer that is damaged or nests columns too deep;
 *   `file-too-large`.
 */
export function readFooter({ file, bytes, maxBytes }: FileBytes): FileMetaData {
  const end = bytes.length;
  if (end < 12 || !MAGIC.every((byte, i) => bytes[end - 4 + i] === byte))
    throw malformed(file, 'does not end as a Parquet file does (PAR1): the file is cut off');
  const length = new DataView(bytes.buffer, bytes.byteOffset + end - 8, 4).getUint32(0, true);
  if (length > end - 12)
    throw malformed(file, `the Parquet footer declares ${length} bytes in a file of ${end}`);
  const limit = Math.min(MAX_FOOTER, maxBytes);
  if (length > limit) throw tooLarge(file, 'the Parquet footer has', length, limit);
  let metadata: FileMetaData;
  try {
    metadata = parquetMetadata(bytes.subarray(end - 8 - length), { geoparquet: false });
  } catch (error) {
    throw malformed(file, `the Parquet footer is damaged (${(error as Error).message})`, error);
  }
  const checked = footerSchema.safeParse(metadata);
  if (!checked.success) {
    const [problem] = problemsOf(checked.error.issues, metadata);
    throw malformed(file, `the Parquet footer is damaged (${showProblem(problem!)})`, checked.error);
  }
  requireShallow(file, metadata.schema);
  return metadata;
}

/** The tree is walked by recursion, which hostile nesting would exhaust. */
function requireShallow(file: string, schema: readonly SchemaElement[]): void {
  if (schema.length > MAX_ELEMENTS)
    throw malformed(file, `declares ${schema.length} columns; expected at most ${MAX_ELEMENTS}`);
  const open: number[] = [];
  for (const { num_children: children = 0 } of schema) {
    while (open.at(-1) === 0) open.pop();
    if (open.length > 0) open[open.length - 1]!--;
    if (children > 0) open.push(children);
    if (open.length > MAX_DEPTH) throw malformed(file, `nests columns more than ${MAX_DEPTH} deep`);
  }
}
