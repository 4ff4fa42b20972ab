import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDataset,
  csvLabelColumns,
  type ReadOptions,
  readDataset,
  writeCsv,
} from '../../src/data/index.ts';
import { errorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const read = (text: string | Uint8Array, options: ReadOptions = {}) =>
  readDataset(put(folder, 'a.csv', text), options);
const table = (text: string, options: ReadOptions = {}) => {
  const { x, y, shape } = read(text, options);
  return { x: [...x], y: [...y], shape };
};

describe('readDataset on CSV', () => {
  it('takes the last column as the label by default, or the one named', () => {
    const text = 'a,b,target\n1,2.5,-1\n3,4e-2,1\n';
    expect(table(text)).toEqual({ x: [1, 2.5, 3, 0.04], y: [-1, 1], shape: [2, 2] });
    expect(table(text, { labelColumn: 'b' })).toEqual({ x: [1, -1, 3, 1], y: [2.5, 0.04], shape: [2, 2] });
    const several = read(text, { labelColumn: ['target', 'a'] });
    expect([several.outputs, ...several.y, ...several.x]).toEqual([2, -1, 1, 1, 3, 2.5, 0.04]);
  });

  it('finds out whether there is a header', () => {
    expect(table('1,2\n3,4\n')).toEqual({ x: [1, 3], y: [2, 4], shape: [2, 1] });
    expect(table('1,2\n3,4\n', { header: true })).toEqual({ x: [3], y: [4], shape: [1, 1] });
    expect(table('1,2\n3,4\n', { labelColumn: '0' })).toEqual({ x: [2, 4], y: [1, 3], shape: [2, 1] });
    expect(errorOf(() => read('0,1,label\n1,2,3\n')).message).toMatch(
      /first line holds numbers \(0\) and names \("label"\).*header/,
    );
    expect(table('0,1,label\n1,2,3\n', { header: true })).toEqual({ x: [1, 2], y: [3], shape: [1, 2] });
  });

  it.each([
    ['carriage returns', 'a,b\r\n1,2\r\n'],
    ['a byte order mark', '\ufeffa,b\n1,2\n'],
    ['no final line feed', 'a,b\n1,2'],
    ['blank lines', '\na,b\n\n1,2\n\n'],
    ['semicolons', 'a;b\n1;2\n'],
    ['tabs', 'a\tb\n1\t2\n'],
    ['quoted fields', '"a","b"\n"1","2"\n'],
    ['spaces around numbers', 'a, b\n 1 ,\t2\n'],
    ['plus signs and bare points', 'a,b\n+1.,.2e1\n'],
  ])('reads %s', (_, text) => {
    expect(table(text)).toEqual({ x: [1], y: [2], shape: [1, 1] });
  });

  it('reads quoted names with delimiters, quotes and line feeds, and counts lines through them', () => {
    const text = '"a, ""quoted"" name","two\nlines"\n1,2\nx,4\n';
    expect(table(text.replace('x', '3'), { labelColumn: 'a, "quoted" name' }).y).toEqual([1, 3]);
    expect(errorOf(() => read(text)).message).toMatch(/line 4, column "a, \\"quoted\\" name": "x"/);
  });

  it('numbers class names alphabetically and says so', () => {
    const dataset = read('width,species\n1,virginica\n2,setosa\n3,virginica\n4,"a,b"\n');
    expect([...dataset.y]).toEqual([2, 1, 2, 0]);
    expect(dataset.classNames).toEqual(['a,b', 'setosa', 'virginica']);
    expect(dataset.provenance.transformations).toEqual([
      'classes of column species numbered alphabetically: a,b = 0, setosa = 1, virginica = 2',
    ]);
  });

  it('reads gzip', () => {
    expect([...read(gzipSync('a,b\n1,2\n')).x]).toEqual([1]);
  });

  it.each([
    [
      'a word among numbers',
      'a,b\n1,2\n1,x\n',
      /a\.csv: line 3, column "b": "x"; expected a finite decimal number/,
    ],
    ['a missing value', 'a,b\n,2\n', /line 2, column "a": ""/],
    ['NaN', 'a,b\nNaN,2\n', /line 2, column "a": "NaN"/],
    ['infinity', 'a,b\ninf,2\n', /"inf"/],
    ['overflow', 'a,b\n1e999,2\n', /"1e999"; expected a finite/],
    ['hexadecimal', 'a,b\n0x10,2\n', /"0x10"/],
    ['digit separators', 'a,b\n1_000,2\n', /"1_000"/],
    ['a missing label', 'a,b\n1,cat\n2,\n', /line 3, column "b": ""; expected a label/],
    ['a NaN label', 'a,b\n1,nan\n', /line 2, column "b": "nan"; expected a label/],
    ['too few fields', 'a,b\n1,2\n1\n', /line 3: 1 fields; expected 2/],
    ['too many fields', 'a,b\n1,2,3\n', /line 2: 3 fields; expected 2/],
    ['no rows', 'a,b\n', /header but no rows/],
    ['nothing', '\n\n', /is empty/],
    ['one column', 'a\n1\n', /1 column\(s\); expected at least one feature/],
    ['an open quote', 'a,b\n"1,2\n3,4\n', /line 2: a quote \("\) opens that is never closed/],
    ['text after a quote', 'a,b\n"1"2,3\n', /line 2: "2,3" after a quoted field/],
    ['a quote inside a field', 'a,b\n1"2,3"\n', /line 2: a quote .* inside the unquoted field/],
    ['bytes that are no text', Buffer.from([0x61, 0x2c, 0xff, 0xfe, 0x0a]), /line 1: not UTF-8 text/],
    ['zero bytes', 'a,b\n1,\0\n', /line 2: not UTF-8 text/],
    ['a cut gzip stream', gzipSync('a,b\n1,2\n').subarray(0, 15), /gzip stream is damaged or cut off/],
  ])('refuses %s, naming line, column and value', (_, text, message) => {
    const error = errorOf(() => read(text));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(/a\.csv: /);
    expect(error.message).toMatch(message);
  });

  it('names the columns there are when the label column is missing or ambiguous', () => {
    expect(errorOf(() => read('a,b\n1,2\n', { labelColumn: 'c' })).message).toMatch(
      /no column is named "c"; the header are "a", "b"|no column is named "c"; the header is "a", "b"/,
    );
    expect(errorOf(() => read('a,a,b\n1,2,3\n', { labelColumn: 'a' })).message).toMatch(
      /several columns are named "a"/,
    );
  });

  it('keeps its limits', () => {
    const rows = `a,b\n${'1,2\n'.repeat(5000)}`;
    expect(errorOf(() => read(rows, { maxBytes: 30_000 })).code).toBe('file-too-large');
    const bomb = gzipSync('1,2\n'.repeat(250_000));
    expect(errorOf(() => read(bomb, { maxBytes: 500_000 })).message).toMatch(
      /decompressed data has more than 500000 bytes/,
    );
    const line = `a,b\n${'1'.repeat(2 ** 24 + 10)},2\n`;
    expect(errorOf(() => read(line)).message).toMatch(/line 2: longer than 16777216 bytes/);
  });
});

describe('writeCsv and readDataset', () => {
  it('give the same float64 back', () => {
    const path = join(folder, 'round.csv');
    const values = fc.double({ noNaN: true, noDefaultInfinity: true });
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(
        fc.tuple(size, size, size).chain(([n, d, m]) =>
          fc.record({
            n: fc.constant(n),
            d: fc.constant(d),
            m: fc.constant(m),
            x: fc.array(values, { minLength: n * d, maxLength: n * d }),
            y: fc.array(values, { minLength: n * m, maxLength: n * m }),
          }),
        ),
        ({ n, d, m, x, y }) => {
          const dataset = createDataset({
            name: 'toy',
            x: Float64Array.from(x),
            shape: [n, d],
            y: Float64Array.from(y),
            outputs: m,
            source: 'by hand',
            transformations: [],
          });
          writeCsv(path, dataset);
          const back = readDataset(path, { labelColumn: csvLabelColumns(dataset) });
          expect(back.provenance.sha256).toBe(dataset.provenance.sha256);
          expect([back.shape, back.outputs]).toEqual([[n, d], m]);
        },
      ),
      { numRuns: 100 },
    );
  });
});
