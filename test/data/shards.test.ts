import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { encode as encodePng } from 'fast-png';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { asyncErrorOf, temporaryFolder } from './support.ts';

const root = temporaryFolder();
let made = 0;
function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(root, `folder${made++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}
const at = (folder: string, ...names: string[]) => names.map((name) => join(folder, name));

interface Row {
  readonly width: number;
  readonly height: number;
  readonly label: string;
}
const rowsOf = (rows: readonly Row[], order = ['width', 'height', 'label']) => {
  const columns = {
    width: { name: 'width', data: Float64Array.from(rows, ({ width }) => width), type: 'DOUBLE' },
    height: { name: 'height', data: Float32Array.from(rows, ({ height }) => height), type: 'FLOAT' },
    label: { name: 'label', data: rows.map(({ label }) => label), type: 'STRING' },
  } as const;
  const columnData = order.map((name) => columns[name as keyof typeof columns]);
  return new Uint8Array(parquetWriteBuffer({ columnData }));
};
const numbers = (...values: number[]) => rowsOf(values.map((width) => ({ width, height: 0, label: 'a' })));

const PICTURES: SchemaElement[] = [
  { name: 'root', num_children: 2 },
  { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
  { name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
  { name: 'path', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  { name: 'label', repetition_type: 'OPTIONAL', type: 'INT64' },
];
const png = (value: number, width = 3) =>
  encodePng({ width, height: 2, channels: 1, data: new Uint8Array(2 * width).fill(value) });
/** As `datasets` of Hugging Face exports images. */
const pictures = (images: readonly Uint8Array[], labels: readonly number[], names = ['zero', 'one']) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'image', data: images.map((bytes, i) => ({ bytes, path: `${i}.png` })) },
        { name: 'label', data: labels.map(BigInt) },
      ],
      schema: PICTURES,
      kvMetadata: [
        { key: 'huggingface', value: JSON.stringify({ info: { features: { label: { names } } } }) },
      ],
    }),
  );

describe('several Parquet files', () => {
  it('are the one data set that they were cut from, wherever they were cut', async () => {
    const row = fc.record({
      width: fc.double({ noNaN: true, noDefaultInfinity: true }),
      height: fc.integer({ min: -100, max: 100 }),
      label: fc.constantFrom('cat', 'dog', 'eel'),
    });
    const cut = fc.array(row, { minLength: 1, maxLength: 8 }).chain((rows) =>
      fc.record({
        rows: fc.constant(rows),
        cuts: fc.array(fc.nat(rows.length), { minLength: 1, maxLength: 3 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cut, async ({ rows, cuts }) => {
        const ends = [0, ...cuts.toSorted((a, b) => a - b), rows.length];
        const count = ends.length - 1;
        const number = (i: number) => String(i).padStart(5, '0');
        const files = Object.fromEntries(
          Array.from({ length: count }, (_, i) => [
            `train-${number(i)}-of-${number(count)}.parquet`,
            rowsOf(rows.slice(ends[i], ends[i + 1]), i === 0 ? undefined : ['label', 'width', 'height']),
          ]),
        );
        const folder = folderOf(files);
        const whole = await openDataset(join(folderOf({ 'all.parquet': rowsOf(rows) }), 'all.parquet'));
        const sharded = await openDataset(folder, { split: 'train' });
        const named = await openDataset(at(folder, ...Object.keys(files)));
        for (const one of [sharded, named]) {
          expect(one.shape).toEqual(whole.shape);
          expect(one.provenance.sha256).toBe(whole.provenance.sha256);
          expect(one.classNames).toEqual(whole.classNames);
          expect(one.provenance.transformations).toEqual(whole.provenance.transformations);
        }
        expect(named.name).toContain(`train-00000-of-${number(count)}.parquet and ${count - 1} more file`);
      }),
      { numRuns: 25 },
    );
  });

  it('of images are read as Hugging Face exports them, test and train apart', async () => {
    const folder = folderOf({
      'train-00001-of-00002-3e1b5a9c0d1f2a3b.parquet': pictures([png(30)], [0]),
      'train-00000-of-00002-9f8e7d6c5b4a3928.parquet': pictures([png(10), png(20)], [1, 0]),
      'test-00000-of-00001.parquet': pictures([png(40)], [1]),
    });
    const train = await openDataset(folder, { split: 'train' });
    expect(train.shape).toEqual([3, 1, 2, 3]);
    expect([...train.x]).toEqual([10, 20, 30].flatMap((value) => new Array(6).fill(value)));
    expect([...train.y]).toEqual([1, 0, 0]);
    expect(train.classNames).toEqual(['zero', 'one']);
    expect([...(await openDataset(folder)).y]).toEqual([1]);
  });

  it('are taken in the order of their numbers, not of their letters', async () => {
    const names = Array.from({ length: 11 }, (_, i) => `part-${i}.parquet`);
    const folder = folderOf(Object.fromEntries(names.map((name, i) => [name, numbers(i)])));
    const { x } = await openDataset(folder);
    expect([...x].filter((_, i) => i % 2 === 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const backwards = await openDataset(at(folder, 'part-2.parquet', 'part-1.parquet'));
    expect([...backwards.x]).toEqual([2, 0, 1, 0]);
  });

  const float = (name: string, value: number) =>
    ({ name, data: Float64Array.of(value), type: 'DOUBLE' }) as const;
  const table = (...columnData: { name: string; data: Float64Array | string[] }[]) =>
    new Uint8Array(parquetWriteBuffer({ columnData }));
  it.each<[string, Readonly<Record<string, Uint8Array>>, RegExp]>([
    [
      'another column',
      { '0.parquet': table(float('x', 1), float('y', 0)), '1.parquet': table(float('z', 1), float('y', 0)) },
      /1\.parquet: has no column "x", which is in .*0\.parquet; files that are read as one must have the same/,
    ],
    [
      'one column more',
      {
        '0.parquet': table(float('x', 1), float('y', 0)),
        '1.parquet': table(float('x', 1), float('y', 0), float('z', 0)),
      },
      /1\.parquet: has a column "z", which .*0\.parquet has not/,
    ],
    [
      'other values in a column',
      {
        '0.parquet': table(float('x', 1), float('y', 0)),
        '1.parquet': table(float('x', 1), { name: 'y', data: ['a'] }),
      },
      /1\.parquet: holds text in column "y", which holds numbers in .*0\.parquet/,
    ],
    [
      'classes in another order',
      {
        '0.parquet': pictures([png(1)], [0]),
        '1.parquet': pictures([png(2)], [0], ['one', 'zero']),
      },
      /1\.parquet: names the classes of column "label" otherwise than .*0\.parquet/,
    ],
    [
      'images of another size',
      { '0.parquet': pictures([png(1)], [0]), '1.parquet': pictures([png(2, 4)], [0]) },
      /1\.parquet: column "image", row 0 .*the image is 4 x 2; expected 3 x 2 as .*0\.parquet/,
    ],
    [
      'a part that is missing',
      { 'test-00000-of-00003.parquet': numbers(1), 'test-00002-of-00003.parquet': numbers(1) },
      /part 1 of 3 is missing/,
    ],
    [
      'a part that is missing where only one is there',
      { 'test-00001-of-00002.parquet': numbers(1) },
      /part 0 of 2 is missing/,
    ],
    [
      'a part that is there twice',
      { 'test-00000-of-00002-a.parquet': numbers(1), 'test-00000-of-00002-b.parquet': numbers(2) },
      /part 0 of 2 twice/,
    ],
    [
      'a damaged part',
      { '0.parquet': numbers(1), '1.parquet': numbers(1).slice(0, -9) },
      /1\.parquet: .*does not end/,
    ],
    [
      'nothing but empty files',
      { '0.parquet': rowsOf([]), '1.parquet': rowsOf([]) },
      /0\.parquet and 1 more file: holds no rows/,
    ],
  ])('are refused with %s', async (_, files, message) => {
    const error = await asyncErrorOf(() => openDataset(folderOf(files)));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(message);
  });

  it('are refused where they are named twice, no Parquet, or not there', async () => {
    const folder = folderOf({ 'a.parquet': numbers(1), 'b.csv': new TextEncoder().encode('a,b\n1,2\n') });
    const twice = await asyncErrorOf(() => openDataset(at(folder, 'a.parquet', 'a.parquet')));
    expect(twice.message).toMatch(/a\.parquet twice"; expected each file once/);
    const other = await asyncErrorOf(() => openDataset(at(folder, 'a.parquet', 'b.csv')));
    expect(other.message).toMatch(/b\.csv: is no Parquet file/);
    const missing = await asyncErrorOf(() => openDataset(at(folder, 'a.parquet', 'c.parquet')));
    expect(missing.code).toBe('not-found');
  });

  it('keep the limit on memory together, before any is decoded', async () => {
    const value = numbers(...new Float64Array(1000));
    const folder = folderOf({ '0.parquet': value, '1.parquet': value });
    const one = { maxBytes: 2 * 1000 * 16 };
    expect((await openDataset(join(folder, '0.parquet'), one)).shape).toEqual([1000, 2]);
    expect((await asyncErrorOf(() => openDataset(folder, one))).code).toBe('file-too-large');
    const files = await asyncErrorOf(() => openDataset(folder, { maxBytes: 2 * value.length - 1 }));
    expect(files.message).toMatch(/the file and the 1 after it have/);
  });
});
