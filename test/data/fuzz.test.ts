// Thousands of damaged files per reader, with fixed seeds: the result is a valid data set or an error that names the file,
// in bounded time and memory.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { encode as encodePng } from 'fast-png';
import { zipSync } from 'fflate';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { type Dataset, encodeNpy, type OpenOptions, openDataset } from '../../src/data/index.ts';
import { RobustlawError } from '../../src/errors.ts';
import { integers, rng } from '../../src/random/index.ts';
import { put, temporaryFolder } from './support.ts';

const MUTATIONS = 2500;
/** Parquet and images take longer each. */
const FEWER = 600;
const folder = temporaryFolder();

/** A small file of each format that is read without error, and words that a damage may write into it. */
interface Victim {
  readonly name: string;
  readonly bytes: Buffer;
  readonly options?: OpenOptions;
  /** The folder to open where the file is one of several. */
  readonly folder?: string;
  readonly words: readonly (string | Uint8Array)[];
}

const idx = (shape: number[]) => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  const count = shape.reduce((product, size) => product * size, 1);
  return Buffer.concat([header, Buffer.from(Array.from({ length: count }, (_, i) => (i * 37) % 256))]);
};
const features = encodeNpy({ data: Float64Array.from({ length: 12 }, (_, i) => i / 7), shape: [4, 3] });
const classes = encodeNpy({ data: Float64Array.of(0, 1, 1, 0), shape: [4] });
const idxLabels = put(folder, 'labels.idx', idx([6]));
const npyLabels = put(folder, 'labels.npy', classes);
const huge = [
  Uint8Array.of(255, 255, 255, 255),
  Uint8Array.of(0, 0, 0, 0),
  Uint8Array.of(0x7f, 255, 255, 255, 255),
];

const VICTIMS: readonly Victim[] = [
  {
    name: 'a.idx',
    bytes: idx([6, 3, 3]),
    options: { labels: idxLabels },
    words: [...huge, Uint8Array.of(0, 0, 14, 255)],
  },
  { name: 'a.idx.gz', bytes: gzipSync(idx([6, 3, 3])), options: { labels: idxLabels }, words: huge },
  {
    name: 'a.npy',
    bytes: Buffer.from(features),
    options: { labels: npyLabels },
    words: [
      ...huge,
      "'<f4'",
      "'>i8'",
      "'|O'",
      'True ',
      '(4,',
      '3)',
      '999999999999',
      '(',
      ')',
      '{',
      ',',
      "'",
      '\n',
      ' '.repeat(500),
    ],
  },
  {
    name: 'a.npz',
    bytes: Buffer.from(zipSync({ 'x.npy': [features, { level: 9 }], 'y.npy': [classes, { level: 0 }] })),
    words: [
      ...huge,
      'PK\x01\x02',
      'PK\x03\x04',
      'PK\x05\x06',
      'PK\x06\x06',
      '../',
      deflateRawSync(new Uint8Array(100_000)),
    ],
  },
  {
    name: 'a.csv',
    bytes: Buffer.from('width,"the ""height""",species\n1.5,2,setosa\n-3e-2,4,virginica\n"5",6,setosa\n'),
    words: [
      '"',
      '""',
      ',',
      '\n',
      '\r\n',
      ';',
      '\t',
      'NaN',
      '1e999',
      '-',
      '0x',
      '\0',
      '\ufeff',
      '\ud83d',
      ' '.repeat(1000),
    ],
  },
  {
    name: 'a.json',
    bytes: Buffer.from('{"x": [[1, 2.5], [3e-2, -4], [5, 6]], "y": [1, -1, 1]}'),
    words: [
      '[',
      ']',
      '{',
      '}',
      '"',
      ',',
      ':',
      'null',
      '1e999',
      '"z": 1',
      '"__proto__"',
      '\\u0000',
      '['.repeat(20_000),
    ],
  },
];

const list = {
  schema: [
    { name: 'root', num_children: 2 },
    { name: 'x', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', type: 'FLOAT' },
    { name: 'label', repetition_type: 'REQUIRED', type: 'INT32' },
  ] as SchemaElement[],
  columnData: [
    {
      name: 'x',
      data: [
        [1, 2],
        [3, 4],
        [5, 6],
        [1, 2],
      ],
    },
    { name: 'label', data: Int32Array.of(0, 1, 2, 1) },
  ],
};
const table = {
  columnData: [
    {
      name: 'a',
      data: Int32Array.from({ length: 40 }, (_, i) => i % 3),
      encoding: 'RLE_DICTIONARY' as const,
    },
    {
      name: 'b',
      data: Int32Array.from({ length: 40 }, (_, i) => i * i),
      encoding: 'DELTA_BINARY_PACKED' as const,
    },
    { name: 'y', data: Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'even' : 'odd')) },
  ],
};
const parquet = (options: typeof list | typeof table, codec: 'SNAPPY' | 'UNCOMPRESSED') =>
  Buffer.from(parquetWriteBuffer({ ...options, codec, rowGroupSize: 25 }));
const parquetWords = [
  ...huge,
  'PAR1',
  Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x04),
  Uint8Array.of(0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f),
];
const pixels = Uint8Array.from({ length: 12 * 10 * 3 }, (_, i) => (i * 37) % 256);

const images = join(folder, 'images');
mkdirSync(join(images, 'class'), { recursive: true });
const IMAGES: readonly Victim[] = [
  {
    name: 'images/class/a.png',
    folder: images,
    bytes: Buffer.from(encodePng({ width: 12, height: 10, channels: 3, data: pixels })),
    words: [...huge, 'IHDR', 'IDAT', 'IEND', 'tRNS', 'PLTE', 'iCCP', 'acTL'],
  },
  {
    name: 'images/class/a.png',
    folder: images,
    bytes: await sharp(pixels, { raw: { width: 12, height: 10, channels: 3 } })
      .jpeg()
      .toBuffer(),
    words: [
      ...huge,
      Uint8Array.of(0xff, 0xc0),
      Uint8Array.of(0xff, 0xd9),
      Uint8Array.of(0xff, 0xda),
      Uint8Array.of(0xff, 0xc2),
    ],
  },
];

/** One to four damages: a flipped bit, a changed byte, a cut, an insertion, an overwritten or a repeated stretch. */
function mutate({ bytes, words }: Victim, seed: number): Buffer {
  const key = rng('fuzz').split(seed);
  const [steps] = integers(key.split('steps'), 1, 1, 5);
  let result = Buffer.from(bytes);
  for (let step = 0; step < steps!; step++) {
    const [kind, a, b, c] = integers(key.split(step), 4, 0, 2 ** 31 - 1) as unknown as [
      number,
      number,
      number,
      number,
    ];
    // Half of all damage hits the first bytes, where headers are.
    const at = a % 2 === 0 ? b % (result.length + 1) : b % Math.min(result.length + 1, 100);
    const word = Buffer.from(words[c % words.length]! as string);
    switch (kind % 7) {
      case 0:
        if (at < result.length) result[at]! ^= 1 << (c % 8);
        break;
      case 1:
        if (at < result.length) result[at] = c % 256;
        break;
      case 2:
        result = result.subarray(0, at);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at), word, result.subarray(at)]);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, at), word, result.subarray(at + word.length)]);
        break;
      case 5:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + (c % 20))]);
        break;
      default:
        result = Buffer.concat([result.subarray(0, at + (c % 50)), result.subarray(at)]);
    }
  }
  return result;
}

/** What every data set keeps, whatever it was read from. */
function expectValid({ x, y, shape, outputs }: Dataset): void {
  const count = shape.reduce((product, size) => product * size, 1);
  const valid =
    shape.length >= 2 &&
    shape[0]! >= 1 &&
    x.length === count &&
    count >= 1 &&
    outputs >= 1 &&
    y.length === shape[0]! * outputs &&
    x.every(Number.isFinite) &&
    y.every(Number.isFinite);
  if (!valid) throw new Error(`invalid data set of shape [${shape}] with ${y.length} labels`);
}

const PARQUET: readonly Victim[] = [
  { name: 'list.parquet', bytes: parquet(list, 'SNAPPY'), words: parquetWords },
  { name: 'list-plain.parquet', bytes: parquet(list, 'UNCOMPRESSED'), words: parquetWords },
  { name: 'table.parquet', bytes: parquet(table, 'SNAPPY'), words: parquetWords },
  { name: 'table-plain.parquet', bytes: parquet(table, 'UNCOMPRESSED'), words: parquetWords },
];

it.each([...VICTIMS, ...PARQUET, ...IMAGES])(
  '$name: every damaged file gives a valid data set or an error that names it',
  async (victim) => {
    const { name, bytes, options } = victim;
    const mutations = VICTIMS.includes(victim) ? MUTATIONS : FEWER;
    const open = (path: string) => openDataset(victim.folder ?? path, options);
    expectValid(await open(put(folder, name, bytes)));
    const memoryBefore = process.resourceUsage().maxRSS;
    const outcomes = { valid: 0, 'malformed-file': 0, 'file-too-large': 0, 'not-found': 0 };
    let slowest = 0;
    for (let seed = 0; seed < mutations; seed++) {
      const path = put(folder, name, mutate(victim, seed));
      const start = performance.now();
      try {
        expectValid(await open(path));
        outcomes.valid++;
      } catch (error) {
        if (!(error instanceof RobustlawError))
          throw new Error(`mutation ${seed} of ${name}`, { cause: error });
        if (!(error.code in outcomes) || !error.message.includes(victim.folder ?? join(folder, name))) {
          throw new Error(`mutation ${seed} of ${name}: ${error.code}: ${error.message}`);
        }
        outcomes[error.code as keyof typeof outcomes]++;
      }
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(slowest).toBeLessThan(1000);
    // Kilobytes; the files are of a few hundred bytes, so this is the collector's slack and no declared size.
    expect(process.resourceUsage().maxRSS - memoryBefore).toBeLessThan(300_000);
    expect(outcomes['not-found']).toBe(0);
    expect(outcomes['malformed-file']).toBeGreaterThan(mutations / 20);
    expect(outcomes.valid + outcomes['malformed-file'] + outcomes['file-too-large']).toBe(mutations);
  },
);
