import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/data/index.ts';
import { errorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const read = (content: unknown) =>
  readDataset(
    put(
      folder,
      'a.json',
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    ),
  );

describe('readDataset on JSON', () => {
  it('reads rows of x with scalar or vector labels, plain and gzip', () => {
    const value = {
      x: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      y: [1, -1, 0.5],
    };
    for (const content of [value, gzipSync(JSON.stringify(value))]) {
      const dataset = read(content);
      expect(dataset).toMatchObject({ shape: [3, 2], outputs: 1 });
      expect([...dataset.x, ...dataset.y]).toEqual([1, 2, 3, 4, 5, 6, 1, -1, 0.5]);
    }
    expect(
      read({
        x: [[1], [2]],
        y: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toMatchObject({ outputs: 2, y: Float64Array.of(1, 2, 3, 4) });
  });

  it.each([
    ['no JSON', '{"x": [[1]], "y": [1]', /a\.json: is not JSON/],
    ['bytes that are no text', Buffer.from([0x7b, 0xff]), /is not JSON/],
    ['an array', [1, 2], /holds an array of 2; expected an object/],
    ['null', 'null', /holds null/],
    ['no labels', { x: [[1]] }, /y is missing; expected a non-empty array/],
    ['no points', { x: [], y: [] }, /x is an array of 0/],
    ['an unknown key', { x: [[1]], y: [1], z: 1 }, /unknown key "z"/],
    ['other lengths', { x: [[1], [2]], y: [1] }, /x has 2 rows but y 1/],
    ['points that are numbers', { x: [1, 2], y: [1, 2] }, /x\[0\] is 1; expected a non-empty array/],
    ['points of no features', { x: [[]], y: [1] }, /x\[0\] is an array of 0/],
    ['ragged points', { x: [[1, 2], [3]], y: [1, 2] }, /x\[1\] has 1 values; expected 2/],
    [
      'a text',
      {
        x: [
          [1, 2],
          [3, '4'],
        ],
        y: [1, 2],
      },
      /x\[1\]\[1\] is "4"; expected a finite number/,
    ],
    ['null for NaN', { x: [[Number.NaN]], y: [1] }, /x\[0\]\[0\] is null/],
    ['an infinite label', '{"x": [[1]], "y": [1e999]}', /y\[0\] is Infinity/],
    ['a nested label', { x: [[1], [2]], y: [1, [2]] }, /y\[1\] is an array of 1/],
    ['ragged labels', { x: [[1], [2]], y: [[1], [2, 3]] }, /y\[1\] has 2 values/],
    ['a million brackets', `{"x": ${'['.repeat(1e6)}`, /is not JSON/],
    [
      'a million nested arrays',
      `{"x": [${'['.repeat(1e6)}${']'.repeat(1e6)}], "y": [1]}`,
      /x\[0\]\[0\] is an array of 1/,
    ],
    ['a prototype', '{"__proto__": {"x": [[1]], "y": [1]}}', /unknown key "__proto__"/],
  ])('refuses %s, naming the field', (_, content, message) => {
    const error = errorOf(() => read(content));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(/a\.json: /);
    expect(error.message).toMatch(message);
  });

  it('has a lower limit than the binary formats', () => {
    const error = errorOf(() => read(gzipSync(`{"x": [[1]], "y": [1]}${' '.repeat(2 ** 26)}`)));
    expect(error.code).toBe('file-too-large');
    expect(error.message).toMatch(/67108864/);
  });
});
