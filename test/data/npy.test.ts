import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNpy, readArray, readDataset, writeNpy } from '../../src/data/index.ts';
import { errorOf, put, python, runPython, temporaryFolder } from './support.ts';

const folder = temporaryFolder();

/** An NPY file with any header text and any body. */
function npy(header: string, body: Uint8Array = new Uint8Array(0), version = 1): Buffer {
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([start, length, Buffer.from(header, 'latin1'), body]);
}
const header = (descr: string, order: string, shape: string) =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('writeNpy and readArray', () => {
  it('give the same numbers back, bit for bit', () => {
    const path = join(folder, 'round.npy');
    fc.assert(
      fc.property(fc.float64Array({ minLength: 0, maxLength: 24 }), fc.boolean(), (values, single) => {
        const data = single ? Float32Array.from(values) : values;
        for (const shape of [[data.length], [1, data.length, 1]]) {
          writeNpy(path, { data, shape });
          const read = readArray(path);
          expect(read.shape).toEqual(shape);
          expect(Buffer.from(read.data.buffer).equals(Buffer.from(data.buffer))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('keep a single number, and any view of a larger buffer', () => {
    const path = join(folder, 'one.npy');
    writeNpy(path, { data: Float64Array.of(1, 2, 3).subarray(1, 2), shape: [] });
    expect(readArray(path)).toEqual({ data: Float64Array.of(2), shape: [] });
  });

  it('refuse a shape of another size', () => {
    expect(errorOf(() => encodeNpy({ data: new Float64Array(3), shape: [2, 2] })).message).toMatch(
      /\[2,2\].*3 elements/,
    );
  });
});

describe.skipIf(python === undefined)('NumPy (skipped where Python has no NumPy)', () => {
  const TYPES = [
    '<f4',
    '>f4',
    '<f8',
    '>f8',
    '|i1',
    '|u1',
    '|b1',
    '<i2',
    '>i2',
    '<u2',
    '<i4',
    '>i4',
    '<u4',
    '>u4',
    '<i8',
    '>i8',
    '<u8',
    '>u8',
  ];

  it('writes what readArray reads: all types, byte orders, C and Fortran order, versions 1 to 3', () => {
    const script = `
import sys, json, numpy as np
from numpy.lib import format as f
out, folder = [], sys.argv[1]
rng = np.random.default_rng(1)
for t in json.loads(sys.argv[2]):
    for order in 'CF':
        for shape in [(), (5,), (3, 4), (2, 3, 4), (0, 3)]:
            for version in [(1, 0), (2, 0), (3, 0)]:
                a = np.asarray(rng.integers(0, 2 if 'b' in t else 100, shape)).astype(np.dtype(t), order=order)
                if 'f' in t: a = (a / 7).astype(np.dtype(t), order=order)
                name = '%s/%d.npy' % (folder, len(out))
                with open(name, 'wb') as file: f.write_array(file, a, version=version)
                out.append([name, list(a.shape), a.astype('<f8').flatten().tolist(), a.dtype.str])
print(json.dumps(out))`;
    const cases = JSON.parse(runPython(script, folder, JSON.stringify(TYPES))) as [
      string,
      number[],
      number[],
      string,
    ][];
    expect(cases.length).toBe(TYPES.length * 2 * 5 * 3);
    for (const [path, shape, values] of cases) {
      const array = readArray(path);
      expect(array.shape).toEqual(shape);
      expect([...array.data]).toEqual(values);
    }
  });

  it('reads what writeNpy writes', () => {
    const path = join(folder, 'ours.npy');
    writeNpy(path, { data: Float64Array.of(0.1, -2.5, 1e-300, 5e300, 0, 7), shape: [2, 3] });
    const script =
      'import sys, json, numpy as np; a = np.load(sys.argv[1]); print(json.dumps([a.tolist(), a.dtype.str, a.flags.c_contiguous]))';
    expect(JSON.parse(runPython(script, path))).toEqual([
      [
        [0.1, -2.5, 1e-300],
        [5e300, 0, 7],
      ],
      '<f8',
      true,
    ]);
  });

  it('makes archives that readDataset reads, stored and deflated', () => {
    const script = `
import sys, numpy as np
x = np.arange(24, dtype='f4').reshape(2, 3, 4); y = np.array([1, -1])
np.savez(sys.argv[1] + '/stored.npz', x=x, y=y)
np.savez_compressed(sys.argv[1] + '/deflated.npz', X=x, Y=y, other=np.zeros(1000))
np.savez(sys.argv[1] + '/named.npz', features=x, target=y)`;
    runPython(script, folder);
    const options = { arrays: { x: 'features', y: 'target' } };
    for (const [name, read] of [
      ['stored', {}],
      ['deflated', {}],
      ['named', options],
    ] as const) {
      const dataset = readDataset(join(folder, `${name}.npz`), read);
      expect(dataset.shape).toEqual([2, 3, 4]);
      expect([...dataset.x]).toEqual(Array.from({ length: 24 }, (_, i) => i));
      expect([...dataset.y]).toEqual([1, -1]);
    }
    const error = errorOf(() => readDataset(join(folder, 'named.npz')));
    expect(error.message).toMatch(/has no array "x"; it holds "features", "target"/);
  });
});

describe('readArray on NPY', () => {
  it('reads Fortran order', () => {
    const body = Float64Array.of(1, 4, 2, 5, 3, 6);
    const file = npy(header("'<f8'", 'True', '(2, 3)'), new Uint8Array(body.buffer));
    expect(readArray(put(folder, 'f.npy', file))).toEqual({
      shape: [2, 3],
      data: Float64Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  it('reads headers written by Python 2 and by other programs', () => {
    const file = npy(`{"shape":(1L,), 'fortran_order':False,"descr": "|u1"}`, Uint8Array.of(200));
    expect([...readArray(put(folder, 'old.npy', gzipSync(file))).data]).toEqual([200]);
  });

  const zero = new Uint8Array(8);
  it.each([
    ['no magic string', Buffer.from([0x93, 1, 2, 3]), /holds no single array|magic/],
    [
      'a cut header',
      npy(header("'<f8'", 'False', '(1,)')).subarray(0, 20),
      /header length is \d+, but only 10 bytes follow/,
    ],
    ['version 9', npy('{}', zero, 9), /NPY version is 9/],
    [
      'a header of 10 MB',
      npy(' '.repeat(10), zero, 2).fill(0xff, 8, 11),
      /header length is \d+; expected at most/,
    ],
    ['no dictionary', npy('hello', zero), /NPY header is "hello"; expected a Python dictionary/],
    ['code in the header', npy("{'descr': __import__('os').system('x')}", zero), /where an entry should be/],
    ['a missing key', npy("{'descr': '<f8', 'shape': (1,)}", zero), /lacks 'fortran_order'/],
    ['a key twice', npy("{'shape': (1,), 'shape': (2,)}", zero), /key 'shape' twice/],
    ['an unknown key', npy("{'shape': (1,), 'colour': True}", zero), /unknown key 'colour'/],
    ['a descr that is no type', npy(header("'<f3'", 'False', '(1,)'), zero), /descr is "'<f3'"/],
    ['half precision', npy(header("'<f2'", 'False', '(4,)'), zero), /convert it in Python/],
    ['complex numbers', npy(header("'<c8'", 'False', '(1,)'), zero), /NPY descr/],
    ['pickled objects', npy(header("'|O'", 'False', '(1,)'), zero), /pickled Python code, which is not read/],
    ['records', npy(header("[('a', '<f8')]", 'False', '(1,)'), zero), /NPY descr/],
    [
      'fortran_order 1',
      npy("{'descr': '<f8', 'fortran_order': '1', 'shape': (1,)}", zero),
      /fortran_order is/,
    ],
    ['a shape that is no tuple', npy(header("'<f8'", 'False', "'x'"), zero), /NPY shape is "'x'"/],
    ['a shape with a gap', npy(header("'<f8'", 'False', '(1,,)'), zero), /NPY shape/],
    ['two numbers in one axis', npy(header("'<f8'", 'False', '(1 1,)'), zero), /NPY shape/],
    [
      'a huge axis',
      npy(header("'<f8'", 'False', '(99999999999999999999,)'), zero),
      /axis of 1e\+?20|axis of 100000000000000000000/,
    ],
    [
      'a shape of 8 EB',
      npy(header("'<f8'", 'False', '(1000000, 1000000, 1000000)'), zero),
      /needs 8000000000000000000 bytes of data, but there are 8/,
    ],
    ['65 axes', npy(header("'<f8'", 'False', `(${'1,'.repeat(65)})`), zero), /65 axes/],
    [
      'too little data',
      npy(header("'<f8'", 'False', '(2,)'), zero),
      /shape \[2\] of f8 needs 16 bytes of data, but there are 8/,
    ],
    ['data left over', npy(header("'|u1'", 'False', '(2,)'), zero), /bytes left over/],
    [
      'an integer beyond 2^53',
      npy(
        header("'<u8'", 'False', '(1,)'),
        zero.map(() => 255),
      ),
      /18446744073709551615; expected an integer within/,
    ],
    ['a boolean 2', npy(header("'|b1'", 'False', '(1,)'), Uint8Array.of(2)), /boolean at element 0 is 2/],
  ])('refuses %s, naming file and field', (_, bytes, message) => {
    const error = errorOf(() => readArray(put(folder, 'bad.npy', bytes)));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(/bad\.npy: /);
    expect(error.message).toMatch(message);
  });

  it('refuses decoded values beyond the limit: bytes grow to float32', () => {
    const path = put(folder, 'bytes.npy', npy(header("'|u1'", 'False', '(1000,)'), new Uint8Array(1000)));
    expect(errorOf(() => readArray(path, 3999)).code).toBe('file-too-large');
    expect(readArray(path, 4000).data.length).toBe(1000);
  });
});

describe('readDataset on NPY', () => {
  it('joins features and labels; a vector of features counts as one column', () => {
    const [x, y] = [join(folder, 'x.npy'), join(folder, 'y.npy')];
    writeNpy(x, { data: Float64Array.of(1, 2, 3), shape: [3] });
    writeNpy(y, { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] });
    expect(readDataset(x, { labels: y })).toMatchObject({
      shape: [3, 1],
      outputs: 2,
      y: Float64Array.of(1, 2, 3, 4, 5, 6),
    });
    expect(errorOf(() => readDataset(x)).message).toMatch(/no labels/);
    writeNpy(y, { data: Float64Array.of(1), shape: [] });
    expect(errorOf(() => readDataset(x, { labels: y })).message).toMatch(/single number/);
    expect(errorOf(() => readDataset(x, { labels: join(folder, 'absent') })).code).toBe('not-found');
  });
});
