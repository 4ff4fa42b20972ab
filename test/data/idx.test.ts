import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArray, readDataset, readIdxPair } from '../../src/data/index.ts';
import { errorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

const TYPES = {
  8: { bytes: 1, write: (b: Buffer, v: number, o: number) => b.writeUInt8(v, o), low: 0, high: 255 },
  9: { bytes: 1, write: (b: Buffer, v: number, o: number) => b.writeInt8(v, o), low: -128, high: 127 },
  11: {
    bytes: 2,
    write: (b: Buffer, v: number, o: number) => b.writeInt16BE(v, o),
    low: -32768,
    high: 32767,
  },
  12: {
    bytes: 4,
    write: (b: Buffer, v: number, o: number) => b.writeInt32BE(v, o),
    low: -(2 ** 31),
    high: 2 ** 31 - 1,
  },
  13: { bytes: 4, write: (b: Buffer, v: number, o: number) => b.writeFloatBE(v, o), low: -1000, high: 1000 },
  14: { bytes: 8, write: (b: Buffer, v: number, o: number) => b.writeDoubleBE(v, o), low: -1000, high: 1000 },
} as const;
type Code = keyof typeof TYPES;

/** An IDX file, written byte by byte after the description of the format. */
function idx(code: Code, shape: number[], values: number[]): Buffer {
  const { bytes, write } = TYPES[code];
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, code, shape.length]);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  const body = Buffer.alloc(values.length * bytes);
  for (const [i, value] of values.entries()) write(body, value, i * bytes);
  return Buffer.concat([header, body]);
}

describe('readArray on IDX', () => {
  it.each(Object.keys(TYPES).map(Number) as Code[])(
    'reads back every value of type %i, plain and gzip',
    (code) => {
      const { low, high } = TYPES[code];
      const value = fc.oneof(fc.constantFrom(low, high), fc.integer({ min: low, max: high }));
      fc.assert(
        fc.property(
          fc.array(value, { minLength: 6, maxLength: 6 }),
          fc.constantFrom<number[]>([6], [2, 3], [1, 6, 1]),
          (values, shape) => {
            const file = idx(code, shape, values);
            for (const [name, bytes] of [
              ['a.idx', file],
              ['a.idx.gz', gzipSync(file)],
            ] as const) {
              const array = readArray(put(folder, name, bytes));
              expect(array.shape).toEqual(shape);
              expect([...array.data]).toEqual(values);
            }
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it('keeps fractions', () => {
    const values = [0.1, -1e300, 5e-324];
    expect([...readArray(put(folder, 'f8', idx(14, [3], values))).data]).toEqual(values);
    expect([...readArray(put(folder, 'f4', idx(13, [3], values))).data]).toEqual([
      ...Float32Array.from(values),
    ]);
  });

  const good = idx(8, [2, 2], [1, 2, 3, 4]);
  const edited = (at: number, value: number) => Buffer.from(good).fill(value, at, at + 1);
  it.each([
    ['an empty file', Buffer.alloc(0), /is empty/],
    ['half a magic number', good.subarray(0, 3), /header has 3 bytes/],
    ['a header without its axes', good.subarray(0, 9), /header has 9 bytes; expected 12 for rank 2/],
    ['an unknown type', edited(2, 7), /IDX type is 0x7/],
    ['rank 0', edited(3, 0), /IDX rank is 0/],
    ['another magic number', edited(0, 1), /begins with bytes 1 0/],
    ['too few values', good.subarray(0, 15), /shape \[2,2\] of u1 needs 4 bytes of data, but there are 3/],
    ['too many values', Buffer.concat([good, good]), /needs 4 bytes of data, but there are 20/],
    ['more values than the disk holds', edited(4, 255), /needs 8556380164 bytes/],
    ['gzip cut off', gzipSync(good).subarray(0, 20), /gzip stream is damaged or cut off/],
    ['a gzip header and nothing else', gzipSync(good).subarray(0, 10), /header has 0 bytes/],
    [
      'gzip with more than declared',
      gzipSync(Buffer.concat([good, good])),
      /more than the 16 bytes its header declares/,
    ],
    [
      'gzip with less than declared',
      gzipSync(good.subarray(0, 15)),
      /needs 4 bytes of data, but there are 3/,
    ],
  ])('refuses %s, naming file and field', (_, bytes, message) => {
    const error = errorOf(() => readArray(put(folder, 'bad.idx', bytes)));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toContain('bad.idx');
    expect(error.message).toMatch(message);
  });

  it('refuses a decoded size beyond the limit, from the header alone', () => {
    const zeros = idx(8, [1000, 1000], new Array<number>(1e6).fill(0));
    for (const bytes of [zeros, gzipSync(zeros)]) {
      const path = put(folder, 'large.idx', bytes);
      expect(errorOf(() => readArray(path, 2_000_000))).toMatchObject({
        code: 'file-too-large',
        message: expect.stringMatching(
          /large\.idx: 1000000 values take 4000000 bytes; expected at most 2000000/,
        ),
      });
      expect(readArray(path, 4_000_000).data.length).toBe(1e6);
    }
    expect(errorOf(() => readArray(put(folder, 'large.idx', zeros), 1000)).message).toMatch(
      /the file has 1000012 bytes/,
    );
  });
});

describe('readIdxPair', () => {
  const images = put(folder, 'images-idx3-ubyte.gz', gzipSync(idx(8, [2, 2, 2], [0, 255, 1, 2, 3, 4, 5, 6])));
  const labels = put(folder, 'labels-idx1-ubyte', idx(8, [2], [7, 9]));

  it('joins images and labels', () => {
    const dataset = readIdxPair(images, labels);
    expect(dataset.shape).toEqual([2, 2, 2]);
    expect([...dataset.x]).toEqual([0, 255, 1, 2, 3, 4, 5, 6]);
    expect([...dataset.y]).toEqual([7, 9]);
    expect(readDataset(images, { labels }).provenance).toEqual(dataset.provenance);
  });

  it('refuses pairs of different length, and images alone', () => {
    const three = put(folder, 'three', idx(8, [3], [1, 2, 3]));
    expect(errorOf(() => readIdxPair(images, three)).message).toMatch(/2 points but 3 labels/);
    expect(errorOf(() => readDataset(images)).message).toMatch(/no labels; name the file of labels/);
  });

  it('refuses NaN, naming row and column', () => {
    const withNaN = put(folder, 'nan', idx(14, [2, 2], [1, 2, 3, Number.NaN]));
    const error = errorOf(() => readIdxPair(withNaN, labels));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(/nan with .*row 1, column 1 .*NaN/);
  });

  it('refuses arrays without points', () => {
    const none = put(folder, 'none', idx(8, [0], []));
    expect(errorOf(() => readIdxPair(none, none)).message).toMatch(/holds no points/);
  });
});
