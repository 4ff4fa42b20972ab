// What a page of Parquet declares inside of itself, checked before a decoder believes it: lengths of runs and of blocks
// (apache/parquet-format, "Encodings").
import type { RobustlawError } from '../../errors.ts';

/** The error for a damaged page, which names file and column. */
export type Damaged = (problem: string, cause?: unknown) => RobustlawError;

/** What a decoder would believe without looking: lengths of runs and blocks. */
export class PageCheck {
  private readonly page: Uint8Array;
  private readonly count: number;
  private readonly damaged: Damaged;

  constructor(page: Uint8Array, count: number, damaged: Damaged) {
    this.page = page;
    this.count = count;
    this.damaged = damaged;
  }

  /** Runs behind their length in 4 bytes; returns where they end. */
  prefixedRuns(from: number, bits: number): number {
    if (from + 4 > this.page.length) throw this.damaged('the levels of a page are cut off');
    const end = from + 4 + viewOf(this.page).getUint32(from, true);
    this.runs(from + 4, end, bits);
    return end;
  }

  /** The hybrid of runs and packed bits in [from, to): a run must not be longer than the page has values. */
  runs(from: number, to: number, bits: number): void {
    if (to > this.page.length) throw this.damaged('the levels or indices of a page are cut off');
    let [at, seen] = [from, 0];
    while (seen < this.count) {
      const header = this.varint(at, to);
      at = header.end;
      const packed = header.value % 2 === 1;
      const values = packed ? 8 * ((header.value - 1) / 2) : header.value / 2;
      // Packed groups of eight may be padded at the end.
      if (values > this.count - seen + (packed ? 1024 : 0))
        throw this.damaged(`a run of ${values} values in a page of ${this.count}`);
      at += packed ? (values / 8) * bits : (bits + 7) >> 3;
      seen += values;
    }
  }

  values(from: number, encoding: string, type: string): void {
    switch (encoding) {
      case 'PLAIN':
      case 'BYTE_STREAM_SPLIT':
        return;
      case 'PLAIN_DICTIONARY':
      case 'RLE_DICTIONARY': {
        const bits = this.page[from];
        if (bits === undefined || bits > 24)
          throw this.damaged(`a page has indices of ${bits} bits; expected at most 24`);
        if (bits > 0) this.runs(from + 1, this.page.length, bits);
        return;
      }
      case 'RLE':
        if (type !== 'BOOLEAN') break;
        this.prefixedRuns(from, 1);
        return;
      case 'DELTA_BINARY_PACKED':
      case 'DELTA_LENGTH_BYTE_ARRAY': {
        const block = this.varint(from, this.page.length);
        const miniblocks = this.varint(block.end, this.page.length);
        if (
          !(
            miniblocks.value > 0 &&
            miniblocks.value <= 1024 &&
            block.value % (8 * miniblocks.value) === 0 &&
            block.value > 0
          )
        )
          throw this.damaged(`a page has blocks of ${block.value} values in ${miniblocks.value} parts`);
        return;
      }
    }
    throw this.damaged(
      `the encoding ${encoding} of ${type} is not read; write the file again with plain or dictionary encoding`,
    );
  }

  private varint(from: number, to: number): { value: number; end: number } {
    let [at, value, factor] = [from, 0, 1];
    for (;;) {
      const byte = at < to ? this.page[at++] : undefined;
      if (byte === undefined || factor > 2 ** 28)
        throw this.damaged('a length in a page is cut off or too large');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
    }
    if (value >= 2 ** 31) throw this.damaged('a length in a page is too large');
    return { value, end: at };
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
