import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  createDataset,
  readDataset,
  readIdxPair,
  scaleFeatures,
  writeCsv,
  writeNpy,
} from '../../src/data/index.ts';
import { errorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

describe('readDataset', () => {
  it('recognises content whatever the name', () => {
    expect(readDataset(put(folder, 'data', 'a,b\n1,2\n')).shape).toEqual([1, 1]);
    expect(readDataset(put(folder, 'data.txt', ' {"x": [[1, 2]], "y": [1]}')).shape).toEqual([1, 2]);
    expect(readDataset(put(folder, 'data.bin', gzipSync('{"x": [[1, 2]], "y": [1]}'))).shape).toEqual([1, 2]);
  });

  it.each([
    [
      'a missing file',
      () => join(folder, 'absent.csv'),
      'not-found',
      /absent\.csv: no such file; check the path/,
    ],
    ['a path below a file', () => join(put(folder, 'file', ''), 'below'), 'not-found', /cannot be opened/],
    ['an empty path', () => '', 'not-found', /no such file/],
    ['a zero byte in the path', () => 'a\0b', 'not-found', /cannot be opened/],
    ['a folder', () => folder, 'malformed-file', /not a regular file/],
    ['an empty file', () => put(folder, 'empty.npy', ''), 'malformed-file', /empty\.npy: is empty/],
  ])('refuses %s', (_, path, code, message) => {
    const error = errorOf(() => readDataset(path()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it.skipIf(process.platform === 'win32')(
    'does not wait for a pipe that nobody writes to, nor read a device for ever',
    () => {
      const pipe = join(folder, 'pipe.csv');
      execFileSync('mkfifo', [pipe]);
      for (const path of [pipe, '/dev/zero']) {
        expect(errorOf(() => readDataset(path)).message).toMatch(/not a regular file/);
      }
    },
  );
});

describe('writers', () => {
  const dataset = createDataset({
    name: 'toy',
    x: Float64Array.of(1),
    shape: [1, 1],
    y: Float64Array.of(1),
    outputs: 1,
    source: 'by hand',
    transformations: [],
  });

  it('replace a file whole and leave nothing beside it', () => {
    const target = join(folder, 'out');
    mkdirSync(target);
    writeCsv(join(target, 'a.csv'), dataset);
    writeCsv(join(target, 'a.csv'), dataset);
    expect(readdirSync(target)).toEqual(['a.csv']);
    expect(readFileSync(join(target, 'a.csv'), 'utf8')).toBe('x0,y\n1,1\n');
  });

  it('leave the old file and nothing half-written when they fail', () => {
    const target = join(folder, 'failing');
    mkdirSync(join(target, 'occupied.csv', 'inside'), { recursive: true });
    const error = errorOf(() => writeCsv(join(target, 'occupied.csv'), dataset));
    expect(error.message).toMatch(/occupied\.csv: cannot be written/);
    expect(readdirSync(target)).toEqual(['occupied.csv']);
    const absent = join(target, 'absent', 'a.npy');
    expect(errorOf(() => writeNpy(absent, { data: dataset.y, shape: [1] })).code).toBe('not-found');
    expect(existsSync(absent)).toBe(false);
  });
});

// MNIST does not come with the project: name a folder with its four IDX files, plain or gzip, to run this.
const mnist = process.env.ROBUSTLAW_MNIST;
describe.skipIf(mnist === undefined)('MNIST (skipped unless ROBUSTLAW_MNIST names its folder)', () => {
  const find = (name: string) =>
    [join(mnist!, name), join(mnist!, `${name}.gz`)].find((path) => existsSync(path))!;

  it.each([
    [
      'train',
      60_000,
      '6bbc9ace898e44ae57da46a324031adb',
      'a25bea736e30d166cdddb491f175f624',
      [5, 0, 4, 1, 9],
    ],
    ['t10k', 10_000, '2646ac647ad5339dbf082846283269ea', '27ae3e4e09519cfbb04c329615203637', [7, 2, 1, 0, 4]],
  ])('%s: %i images with the published checksums', (name, n, imagesMd5, labelsMd5, firstLabels) => {
    const [images, labels] = [find(`${name}-images-idx3-ubyte`), find(`${name}-labels-idx1-ubyte`)];
    const md5 = (path: string) => {
      const bytes = readFileSync(path);
      return createHash('md5')
        .update(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
        .digest('hex');
    };
    expect([md5(images), md5(labels)]).toEqual([imagesMd5, labelsMd5]);
    const dataset = readIdxPair(images, labels);
    expect(dataset.shape).toEqual([n, 28, 28]);
    expect([...dataset.y.subarray(0, 5)]).toEqual(firstLabels);
    const unit = scaleFeatures(dataset, 1 / 255).x;
    let [sum, largest] = [0, 0];
    for (const value of unit) {
      sum += value;
      largest = Math.max(largest, value);
    }
    expect(largest).toBe(1);
    if (name === 'train') expect(sum / unit.length).toBeCloseTo(0.1307, 4); // the mean everyone normalises MNIST with
  });
});
