// Comma-separated values as records of fields (RFC 4180): quoted fields, line numbers, and no copy of the whole text.
import { type FileBytes, malformed } from './bytes.ts';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A record is one row of numbers; 16 MiB hold 600,000 of them at full precision. */
const MAX_RECORD = 2 ** 24;

/** One row of the file. */
export interface CsvRecord {
  /** Line on which it begins, counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * The records, one after another; blank lines are skipped, a byte order mark too. The delimiter is the first of
 * comma, semicolon and tab that occurs in the first line, comma when none does.
 *
 * @throws RobustlawError `malformed-file` naming the line of an unclosed or misplaced quote, of bytes that are not UTF-8 text,
 * or of a record that is too long.
 */
export function* csvRecords({ file, bytes }: FileBytes): Generator<CsvRecord> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let position = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let line = 1;
  let delimiter: string | undefined;
  while (position < bytes.length) {
    const { end, lines } = endOfRecord(bytes, position, line, file);
    const stop = end > position && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (stop > position) {
      const text = decode(decoder, bytes.subarray(position, stop), line, file);
      delimiter ??= [',', ';', '\t'].find((candidate) => text.includes(candidate)) ?? ',';
      const fields = text.includes('"') ? quotedFields(text, delimiter, line, file) : text.split(delimiter);
      yield { line, fields };
    }
    position = end + 1;
    line += lines;
  }
}

/** Index of the line feed that ends the record (or of the end of the file), and the lines it takes: quotes may hold line feeds. */
function endOfRecord(
  bytes: Uint8Array,
  start: number,
  line: number,
  file: string,
): { end: number; lines: number } {
  let inQuotes = false;
  let lines = 1;
  const limit = Math.min(bytes.length, start + MAX_RECORD);
  for (let i = start; i < limit; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) inQuotes = !inQuotes;
    else if (byte === LINE_FEED) {
      if (!inQuotes) return { end: i, lines };
      lines++;
    }
  }
  if (inQuotes) throw malformed(file, `line ${line}: a quote (") opens that is never closed`);
  if (limit < bytes.length)
    throw malformed(file, `line ${line}: longer than ${MAX_RECORD} bytes; expected a row of values`);
  return { end: limit, lines };
}

function decode(decoder: TextDecoder, bytes: Uint8Array, line: number, file: string): string {
  try {
    const text = decoder.decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Reported below, with the line.
  }
  throw malformed(file, `line ${line}: not UTF-8 text; expected CSV, IDX, NPY, NPZ or JSON`);
}

/** Fields of a record with quotes: a field is quoted whole, and a quote inside it is doubled. */
function quotedFields(text: string, delimiter: string, line: number, file: string): readonly string[] {
  const fields: string[] = [];
  let position = 0;
  for (;;) {
    let end: number;
    if (text[position] === '"') {
      end = closingQuote(text, position + 1);
      if (end < 0) throw malformed(file, `line ${line}: a quote (") opens that is never closed`);
      fields.push(text.slice(position + 1, end).replaceAll('""', '"'));
      end++;
    } else {
      const next = text.indexOf(delimiter, position);
      end = next < 0 ? text.length : next;
      const value = text.slice(position, end);
      if (value.includes('"')) {
        throw malformed(
          file,
          `line ${line}: a quote (") inside the unquoted field ${JSON.stringify(value.slice(0, 40))}`,
        );
      }
      fields.push(value);
    }
    if (end === text.length) return fields;
    if (text[end] !== delimiter) {
      throw malformed(
        file,
        `line ${line}: ${JSON.stringify(text.slice(end, end + 10))} after a quoted field`,
      );
    }
    position = end + 1;
  }
}

/** Index of the first quote from `position` on that is not doubled, -1 when there is none. */
function closingQuote(text: string, position: number): number {
  let at = text.indexOf('"', position);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
