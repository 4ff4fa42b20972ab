import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { encode as encodePng } from 'fast-png';
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer, schemaFromColumnData } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { type OpenOptions, openDataset } from '../../src/data/index.ts';
import { asyncErrorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
type Write = Partial<Parameters<typeof parquetWriteBuffer>[0]>;
/** A file of these columns; those that hold arrays become lists of doubles, three-level as Arrow writes them. */
function parquet(columnData: ColumnSource[], options: Write = {}): Uint8Array {
  const isList = ({ data }: ColumnSource) => Array.isArray(data[0]);
  const plain = columnData.filter((column) => !isList(column));
  const elements = schemaFromColumnData({ columnData: plain }).slice(1);
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columnData.length },
    ...columnData.flatMap((column): SchemaElement[] =>
      isList(column)
        ? [
            { name: column.name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
            { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
            { name: 'element', repetition_type: 'OPTIONAL', type: 'DOUBLE' },
          ]
        : [elements.shift()!],
    ),
  ];
  // Types are said by the schema.
  const written = columnData.map(({ type: _, nullable: __, ...column }) => column);
  return new Uint8Array(parquetWriteBuffer({ columnData: written, schema, ...options }));
}
const open = (bytes: Uint8Array, options: OpenOptions = {}) =>
  openDataset(put(folder, 'a.parquet', bytes), options);

const doubles = { name: 'width', data: Float64Array.of(0.1, -1e300, 5e-324), type: 'DOUBLE' } as const;
const floats = { name: 'height', data: Float32Array.of(1.5, 2.5, -3.25), type: 'FLOAT' } as const;
const label = { name: 'label', data: Int32Array.of(0, 2, 1), type: 'INT32' } as const;

describe('openDataset on Parquet', () => {
  it('takes columns in the order of the file, and the label by its usual name', async () => {
    const dataset = await open(parquet([doubles, label, floats]));
    expect(dataset.shape).toEqual([3, 2]);
    expect([...dataset.x]).toEqual([0.1, 1.5, -1e300, 2.5, 5e-324, -3.25]);
    expect([...dataset.y]).toEqual([0, 2, 1]);
  });

  it('takes the last column as the label where none has a usual name, and any that is named', async () => {
    const last = { ...label, name: 'species' };
    expect([...(await open(parquet([doubles, last]))).y]).toEqual([0, 2, 1]);
    const named = await open(parquet([doubles, last]), { labelColumn: 'width' });
    expect([...named.y]).toEqual([...doubles.data]);
    expect([...named.x]).toEqual([0, 2, 1]);
    const two = await open(parquet([doubles, floats, last]), { labelColumn: ['width', 'species'] });
    expect(two.outputs).toBe(2);
    expect([...two.y]).toEqual([0.1, 0, -1e300, 2, 5e-324, 1]);
    const chosen = await open(parquet([doubles, floats, last]), { featureColumns: ['height'] });
    expect([...chosen.x]).toEqual([...floats.data]);
    expect(chosen.provenance.transformations).toEqual(['the columns "width" are not read']);
  });

  it('keeps float32 as float32 and int64 exact', async () => {
    expect((await open(parquet([floats, label]))).x).toBeInstanceOf(Float32Array);
    const big = {
      name: 'n',
      data: BigInt64Array.of(2n ** 53n - 1n, -(2n ** 53n) + 1n, 0n),
      type: 'INT64',
    } as const;
    expect([...(await open(parquet([big, label]))).x]).toEqual([2 ** 53 - 1, -(2 ** 53) + 1, 0]);
    const beyond = { ...big, data: BigInt64Array.of(0n, 2n ** 53n, 0n) };
    const error = await asyncErrorOf(() => open(parquet([beyond, label])));
    expect(error.message).toMatch(
      /column "n", row 1 \(counted from 0\): 9007199254740992; expected a finite number/,
    );
  });

  it('reads booleans and half precision', async () => {
    const flags = { name: 'flag', data: [true, false, true], type: 'BOOLEAN' as const };
    const halves = { name: 'half', data: [0.5, -2, 65504], type: 'FLOAT16' as const };
    expect([...(await open(parquet([flags, halves, label]))).x]).toEqual([1, 0.5, 0, -2, 1, 65504]);
  });

  it('reads lists of one length as points of that shape, lists of lists too', async () => {
    const list = (data: unknown[], name = 'x') => ({ name, data: data as number[][] });
    const flat = await open(
      parquet([
        list([
          [1, 2],
          [3, 4],
          [5, 6.5],
        ]),
        label,
      ]),
    );
    expect(flat.shape).toEqual([3, 2]);
    expect([...flat.x]).toEqual([1, 2, 3, 4, 5, 6.5]);
    const nested: SchemaElement[] = [
      { name: 'root', num_children: 2 },
      { name: 'x', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', type: 'FLOAT' },
      { name: 'label', repetition_type: 'REQUIRED', type: 'INT32' },
    ];
    const images = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [7, 8, 9],
        [10, 11, 12],
      ],
      [
        [0, 0, 0],
        [0, 0, 1],
      ],
    ];
    const deep = await open(
      parquet(
        [
          { name: 'x', data: images },
          { name: 'label', data: label.data },
        ],
        { schema: nested },
      ),
    );
    expect(deep.shape).toEqual([3, 2, 3]);
    expect([...deep.x]).toEqual(images.flat(2));
    const mixed = await open(parquet([doubles, list([[1], [2], [3]]), label]));
    expect(mixed.shape).toEqual([3, 2]);
    expect([...mixed.x]).toEqual([0.1, 1, -1e300, 2, 5e-324, 3]);
    const outputs = await open(
      parquet([
        doubles,
        list(
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          'y',
        ),
      ]),
    );
    expect(outputs.outputs).toBe(2);
    expect([...outputs.y]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads any shape back through any compression, grouping and page size', async () => {
    const compressors = {
      GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)),
      ZSTD: (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes)),
      BROTLI: (bytes: Uint8Array) => new Uint8Array(brotliCompressSync(bytes)),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 420, maxLength: 420 }),
        fc.constantFrom('SNAPPY', 'UNCOMPRESSED', 'GZIP', 'ZSTD', 'BROTLI'),
        fc.integer({ min: 1, max: 70 }),
        fc.constantFrom(30, 200, 2 ** 20),
        fc.boolean(),
        async (n, width, values, codec, rowGroupSize, pageSize, few) => {
          const rows = Array.from({ length: n }, (_, i) =>
            Array.from({ length: width }, (_, j) => values[few ? (i * width + j) % 3 : i * width + j]!),
          );
          const y = Float64Array.from(rows, (row) => row[0]!);
          const columns = [
            { name: 'x', data: rows },
            { name: 'y', data: y },
          ];
          const bytes = parquet(columns, { codec, compressors, rowGroupSize, pageSize });
          const dataset = await open(bytes);
          expect(dataset.shape).toEqual([n, width]);
          expect([...dataset.x]).toEqual(rows.flat());
          expect([...dataset.y]).toEqual([...y]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(['DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT', 'PLAIN', 'RLE_DICTIONARY'] as const)(
    'reads the encoding %s',
    async (encoding) => {
      const n = 5000;
      const data = Int32Array.from({ length: n }, (_, i) => ((i * i * 31) % 1009) - 500);
      const dataset = await open(
        parquet([
          { name: 'x', data, encoding },
          { name: 'y', data: data.slice().reverse() },
        ]),
      );
      expect([...dataset.x]).toEqual([...data]);
    },
  );

  it('numbers class names, alphabetically or as listed', async () => {
    const names = { name: 'species', data: ['b', 'a', 'b'] };
    const found = await open(parquet([doubles, names]));
    expect([...found.y]).toEqual([1, 0, 1]);
    expect(found.classNames).toEqual(['a', 'b']);
    expect(found.provenance.transformations).toEqual([
      'classes of column species numbered alphabetically: a = 0, b = 1',
    ]);
    const listed = await open(parquet([doubles, names]), {
      classes: put(folder, 'classes.txt', 'c\nb\na\n'),
    });
    expect([...listed.y]).toEqual([1, 2, 1]);
  });

  const image = (seed: number, channels: 1 | 3 = 3) =>
    encodePng({
      width: 4,
      height: 2,
      channels,
      data: Uint8Array.from({ length: 8 * channels }, (_, i) => (seed + 37 * i) % 256),
    });
  const images: SchemaElement[] = [
    { name: 'root', num_children: 2 },
    { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
    { name: 'path', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    { name: 'label', repetition_type: 'OPTIONAL', type: 'INT64' },
  ];
  const pictures = (bytes: (Uint8Array | null)[], kvMetadata?: { key: string; value: string }[]) =>
    parquet(
      [
        { name: 'image', data: bytes.map((one, i) => ({ bytes: one, path: `${i}.png` })) },
        { name: 'label', data: bytes.map((_, i) => BigInt(i)) },
      ],
      { schema: images, ...(kvMetadata && { kvMetadata }) },
    );

  it('reads images as Hugging Face stores them, with the names of the classes', async () => {
    const info = { info: { features: { label: { names: ['cat', 'dog'], _type: 'ClassLabel' } } } };
    const dataset = await open(
      pictures([image(1), image(2)], [{ key: 'huggingface', value: JSON.stringify(info) }]),
    );
    expect(dataset.shape).toEqual([2, 3, 2, 4]);
    expect([...dataset.y]).toEqual([0, 1]);
    for (const [row, seed] of [
      [0, 1],
      [1, 2],
    ] as const)
      for (let c = 0; c < 3; c++)
        for (let p = 0; p < 8; p++)
          expect(dataset.x[row * 24 + c * 8 + p]).toBe((seed + 37 * (3 * p + c)) % 256);
    expect(dataset.provenance.transformations).toEqual([
      'classes of column label as the file names them: cat = 0, dog = 1',
    ]);
  });

  const list = { name: 'x', data: [[1, 2], [3], [4, 5]] };
  it.each<[string, () => Uint8Array, RegExp, OpenOptions?]>([
    [
      'NaN',
      () => parquet([{ ...doubles, data: Float64Array.of(0, Number.NaN, 1) }, label]),
      /column "width", row 1 \(counted from 0\): NaN/,
    ],
    [
      'infinity',
      () => parquet([{ ...doubles, data: Float64Array.of(0, 1, -Infinity) }, label]),
      /column "width", row 2 .*-Infinity/,
    ],
    [
      'null',
      () => parquet([{ name: 'w', data: [1.5, 2.5, null] }, label]),
      /column "w", row 2 .*null; expected a finite number/,
    ],
    [
      'a null label',
      () => parquet([doubles, { name: 'label', data: ['a', null, 'b'] }]),
      /column "label", row 1 .*null/,
    ],
    ['a null image', () => pictures([image(1), null]), /column "image", row 1 .*null/],
    [
      'lists of unequal length',
      () => parquet([list, label]),
      /column "x", row 1 \(counted from 0\): a list of 1; expected 2 as in row 0/,
    ],
    [
      'an empty list',
      () => parquet([{ name: 'x', data: [[1], [], [2]] }, label]),
      /column "x", row 1 .*null or an empty list/,
    ],
    [
      'a null in a list',
      () =>
        parquet([
          {
            name: 'x',
            data: [
              [1, 2],
              [3, null],
              [2, 3],
            ],
          },
          label,
        ]),
      /column "x", row 1 .*null/,
    ],
    [
      'text among the features',
      () => parquet([{ name: 'id', data: ['a', 'b', 'c'] }, label]),
      /column "id" holds text.*featureColumns/,
    ],
    [
      'dates among the features',
      () => parquet([{ name: 'day', data: [new Date(0), new Date(1), new Date(2)] }, label]),
      /column "day" holds dates or times/,
    ],
    [
      'no rows',
      () =>
        parquet([
          { name: 'x', data: [], type: 'FLOAT' },
          { name: 'y', data: [], type: 'FLOAT' },
        ]),
      /holds no rows/,
    ],
    ['one column', () => parquet([doubles]), /has 1 column\(s\)/],
    [
      'an unknown label',
      () => parquet([doubles, label]),
      /no column is named "z"; the columns are "width", "label"/,
      { labelColumn: 'z' },
    ],
    [
      'an unknown feature',
      () => parquet([doubles, label]),
      /no column is named "z"/,
      { featureColumns: ['z'] },
    ],
    [
      'a damaged image',
      () => pictures([image(1), image(2).subarray(0, 60)]),
      /column "image", row 1 \(counted from 0\): the image is damaged or cut off/,
    ],
    [
      'images of two sizes',
      () => pictures([image(1), encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) })]),
      /row 1 .*the image is 1 x 1; expected 4 x 2 as .*row 0/,
    ],
    ['gray among colours', () => pictures([image(1), image(2, 1)]), /row 1 .*the image has gray.*color/],
  ])('refuses %s, naming column and row', async (_, bytes, message, options) => {
    const error = await asyncErrorOf(() => open(bytes(), options));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toContain('a.parquet');
    expect(error.message).toMatch(message);
  });

  it('refuses what would take too much memory before it takes any', async () => {
    // One value a million times: a file of some hundred bytes.
    const million = parquet(
      [
        { name: 'x', data: new Float64Array(1e6).fill(7), type: 'DOUBLE' },
        { name: 'y', data: new Float64Array(1e6).fill(7), type: 'DOUBLE' },
      ],
      { compressors: { ZSTD: (bytes) => new Uint8Array(zstdCompressSync(bytes)) }, codec: 'ZSTD' },
    );
    expect(million.length).toBeLessThan(20_000);
    const error = await asyncErrorOf(() => open(million, { maxBytes: 1e6 }));
    expect(error.code).toBe('file-too-large');
    expect((await open(million)).shape).toEqual([1e6, 1]);
  });
});
