import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { encodeNpy, openDataset, readDataset, readIdxPair } from '../../src/data/index.ts';
import { asyncErrorOf, put, temporaryFolder } from './support.ts';

const root = temporaryFolder();
let made = 0;
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = join(root, `folder${made++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** An IDX file of bytes. */
function idx(shape: number[], seed = 0): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  const count = shape.reduce((product, size) => product * size, 1);
  return Buffer.concat([header, Buffer.from(Array.from({ length: count }, (_, i) => (seed + i * 37) % 256))]);
}
const table = (value: number) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'x', data: Float64Array.of(value), type: 'DOUBLE' },
        { name: 'y', data: Float64Array.of(value), type: 'DOUBLE' },
      ],
    }),
  );

describe('openDataset', () => {
  it('reads every format as its reader does', async () => {
    const x = encodeNpy({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    const y = encodeNpy({ data: Float64Array.of(0, 1), shape: [2] });
    const labels = put(root, 'y.npy', y);
    const files: [string, string | Uint8Array, object][] = [
      ['a.csv', 'a,b\n1,2\n', {}],
      ['b.csv', 'a,b\n1,2\n', { labelColumn: 'a' }],
      ['a.json', '{"x": [[1, 2]], "y": [1]}', {}],
      ['a.npz', zipSync({ 'x.npy': x, 'y.npy': y }), {}],
      ['a.npy', x, { labels }],
      ['a.csv.gz', gzipSync('a,b\n1,2\n'), {}],
    ];
    for (const [name, content, options] of files) {
      const path = put(root, name, content);
      expect(await openDataset(path, options)).toEqual(readDataset(path, options));
    }
  });

  const images = idx([3, 2, 2]);
  const classes = idx([3], 1);
  it.each([
    ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', false, false],
    ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz', true, true],
    ['t10k-images.idx3-ubyte', 't10k-labels.idx1-ubyte', false, false],
    ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte.gz', false, true],
    ['emnist-letters-test-images-idx3-ubyte.gz', 'emnist-letters-test-labels-idx1-ubyte', true, false],
    ['images-idx3-ubyte', 'labels-idx1-ubyte', false, false],
  ])('finds the labels of %s', async (name, labelName, zipped, labelsZipped) => {
    const folder = folderOf({
      [name]: zipped ? gzipSync(images) : images,
      [labelName]: labelsZipped ? gzipSync(classes) : classes,
    });
    const expected = readIdxPair(join(folder, name), join(folder, labelName));
    expect(await openDataset(join(folder, name))).toEqual(expected);
    expect(await openDataset(folder)).toEqual(expected);
  });

  it('takes the test part of a folder that holds both, or the one that is asked for', async () => {
    const mnist = folderOf({
      'train-images-idx3-ubyte': idx([4, 2, 2]),
      'train-images-idx3-ubyte.gz': gzipSync(idx([4, 2, 2])),
      'train-labels-idx1-ubyte': idx([4]),
      't10k-images-idx3-ubyte.gz': gzipSync(images),
      't10k-labels-idx1-ubyte.gz': gzipSync(classes),
    });
    expect((await openDataset(mnist)).shape).toEqual([3, 2, 2]);
    expect((await openDataset(mnist)).name).toMatch(/t10k-images/);
    expect((await openDataset(mnist, { split: 'train' })).shape).toEqual([4, 2, 2]);
    const tables = folderOf({
      'train-00000-of-00001.parquet': table(1),
      'test-00000-of-00001.parquet': table(2),
    });
    expect((await openDataset(tables)).x[0]).toBe(2);
    expect((await openDataset(tables, { split: 'train' })).x[0]).toBe(1);
    const single = folderOf({ 'data.parquet': table(3) });
    expect((await openDataset(single, { split: 'train' })).x[0]).toBe(3);
  });

  it.each<[string, Readonly<Record<string, string | Uint8Array>>, object, RegExp]>([
    [
      'parts it cannot tell apart',
      { 'a.parquet': table(1), 'b.parquet': table(2) },
      {},
      /holds a\.parquet, b\.parquet; expected one of them to be the test part/,
    ],
    [
      'a part that is not there',
      { 'test.parquet': table(1) },
      { split: 'train' },
      /expected one of them to be the train part/,
    ],
    [
      'images without their labels',
      { 'train-images-idx3-ubyte': images },
      {},
      /no labels; name the file of labels/,
    ],
  ])('refuses %s', async (_, files, options, message) => {
    const error = await asyncErrorOf(() => openDataset(folderOf(files), options));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(message);
  });

  it('refuses one image, a missing file and an empty one', async () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0);
    expect((await asyncErrorOf(() => openDataset(put(root, 'one.png', png)))).message).toMatch(
      /is one image without a label/,
    );
    expect((await asyncErrorOf(() => openDataset(join(root, 'absent')))).code).toBe('not-found');
    expect((await asyncErrorOf(() => openDataset(put(root, 'empty', '')))).message).toMatch(/is empty/);
    expect((await asyncErrorOf(() => openDataset(''))).code).toBe('not-found');
  });

  it.skipIf(process.platform === 'win32')('does not wait for a pipe that nobody writes to', async () => {
    const folder = folderOf({});
    execFileSync('mkfifo', [join(folder, 'pipe.csv')]);
    expect((await asyncErrorOf(() => openDataset(join(folder, 'pipe.csv')))).message).toMatch(
      /not a regular file/,
    );
    expect((await asyncErrorOf(() => openDataset(folder))).message).toMatch(/holds no data/);
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(16_000_000);
  const member = gzipSync(zeros);
  /** 512 MB of zeros behind some bytes, in 500 kB: gzip files may be put behind each other. */
  const zipped = (start: string | Buffer) =>
    Buffer.concat([gzipSync(start), ...new Array<Buffer>(32).fill(member)]);
  const npz = zipSync({ 'x.npy': zeros, 'y.npy': zeros });
  const half = Buffer.from([0, 0, 8, 1, 0x1e, 0x84, 0x80, 0]);

  it.each<[string, Uint8Array, object]>([
    ['zeros.csv.gz', zipped('a,b\n'), {}],
    ['zeros.json.gz', zipped('{'), {}],
    ['zeros.npz', npz, {}],
    ['zeros-images-idx3-ubyte.gz', zipped(half), { labels: 'none' }],
    ['zeros.npy.gz', zipped(Buffer.from('\x93NUMPY\x01\x00', 'latin1')), { labels: 'none' }],
  ])('%s is refused without taking the memory', async (name, bytes, options) => {
    const path = put(root, name, bytes);
    const before = process.resourceUsage().maxRSS;
    const error = await asyncErrorOf(() => openDataset(path, { maxBytes: 1_000_000, ...options }));
    expect(error.code).toBe('file-too-large');
    expect(error.message).toContain(name);
    // Kilobytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(150_000);
  });
});

// MNIST does not come with the project: name a folder with its four IDX files, plain or gzip, to run this.
const mnist = process.env.ROBUSTLAW_MNIST;
describe.skipIf(mnist === undefined)('MNIST (skipped unless ROBUSTLAW_MNIST names its folder)', () => {
  it.each([
    ['train', 'train'],
    ['test', 't10k'],
  ] as const)('opened by its folder, the %s part is what its two files hold', async (split, prefix) => {
    const opened = await openDataset(mnist!, { split });
    const [images, labels] = ['images-idx3-ubyte', 'labels-idx1-ubyte'].map((name) =>
      join(mnist!, `${prefix}-${name}.gz`),
    );
    expect(opened.provenance.sha256).toBe(readIdxPair(images!, labels!).provenance.sha256);
  });
});
