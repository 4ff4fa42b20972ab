import { crc32, deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { encodeNpy, readDataset } from '../../src/data/index.ts';
import { errorOf, put, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const x = encodeNpy({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
const y = encodeNpy({ data: Float64Array.of(-1, 1), shape: [2] });

interface Entry {
  name: string;
  data: Uint8Array;
  compressed?: Uint8Array;
  method?: number;
  size?: number;
  crc?: number;
  flags?: number;
}

/** A ZIP archive whose every field can be set, written after APPNOTE.TXT. */
function zip(entries: Entry[], { count = entries.length, comment = '' } = {}): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const {
    name,
    data,
    compressed = data,
    method = 0,
    size = data.length,
    crc = crc32(data),
    flags = 0,
  } of entries) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc, 10);
    fields.writeUInt32LE(compressed.length, 14);
    fields.writeUInt32LE(size, 18);
    fields.writeUInt16LE(name.length, 22);
    const head = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), compressed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, tail, Buffer.from(name)]));
    local.push(head);
    offset += head.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...local, ...directory, end, Buffer.from(comment)]);
}

const read = (bytes: Uint8Array, options = {}) => readDataset(put(folder, 'a.npz', bytes), options);

describe('readDataset on NPZ', () => {
  it('reads archives of another program, stored and deflated', () => {
    for (const level of [0, 9] as const) {
      const dataset = read(zipSync({ 'x.npy': x, 'y.npy': y, 'readme.txt': new Uint8Array(3) }, { level }));
      expect([...dataset.x]).toEqual([1, 2, 3, 4]);
      expect([...dataset.y]).toEqual([-1, 1]);
    }
  });

  it('reads an archive with a comment, even one that looks like a ZIP record', () => {
    expect(
      read(
        zip(
          [
            { name: 'x.npy', data: x },
            { name: 'Y.npy', data: y },
          ],
          { comment: 'PK\x05 made by hand' },
        ),
      ).shape,
    ).toEqual([2, 2]);
  });

  it('never uses a member name as a path', () => {
    const outside = '../../escape.npy';
    const dataset = read(
      zip([
        { name: outside, data: x },
        { name: '/etc/y.npy', data: y },
      ]),
      {
        arrays: { x: '../../escape', y: '/etc/y' },
      },
    );
    expect(dataset.shape).toEqual([2, 2]);
  });

  const members = (changes: Partial<Entry>): Entry[] => [
    { name: 'x.npy', data: x, ...changes },
    { name: 'y.npy', data: y },
  ];
  const zeros = new Uint8Array(10_000_000);
  it.each([
    ['an empty archive', zip([]), /has no array "x"; it holds none/],
    ['a cut archive', zip(members({})).subarray(0, 300), /ZIP directory is missing/],
    [
      'a directory that counts too many',
      zip(members({}), { count: 3 }),
      /entry 2 of 3 is damaged or missing/,
    ],
    ['ZIP64', zip(members({}), { count: 0xffff }), /ZIP64/],
    ['encryption', zip(members({ flags: 1 })), /"x.npy" is encrypted/],
    ['another compression', zip(members({ method: 12 })), /compression method 12/],
    [
      'a wrong checksum',
      zip(members({ crc: 1 })),
      /checksum is 0x[0-9a-f]{8}; its directory declares 0x00000001/,
    ],
    ['two members of one name', zip([...members({}), { name: 'x.npy', data: x }]), /two arrays named "x"/],
    [
      'damaged deflate data',
      zip(members({ method: 8, compressed: new Uint8Array(20).fill(255) })),
      /damaged or longer than declared/,
    ],
    [
      'a bomb that declares little',
      zip(members({ method: 8, data: zeros, compressed: deflateRawSync(zeros), size: 100 })),
      /longer than declared/,
    ],
    [
      'a bomb that declares more than deflate can give',
      zip(members({ method: 8, compressed: deflateRawSync(x), size: 2e9 })),
      /declares 2000000000 bytes, more than \d+ bytes can deflate to/,
    ],
    [
      'a stored member that declares another size',
      zip(members({ size: 5 })),
      /has \d+ bytes; its directory declares 5/,
    ],
    [
      'a member that is no NPY',
      zip(members({ data: new Uint8Array(20) })),
      /a\.npz\(x\): does not begin with the NPY magic/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    const error = errorOf(() => read(bytes));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(/a\.npz/);
    expect(error.message).toMatch(message);
  });

  it('refuses a member beyond the limit before it is inflated', () => {
    const bomb = zip(members({ method: 8, data: zeros, compressed: deflateRawSync(zeros) }));
    const error = errorOf(() => read(bomb, { maxBytes: 1e6 }));
    expect(error.code).toBe('file-too-large');
    expect(error.message).toMatch(
      /a\.npz\(x\): the ZIP member declares 10000000 bytes; expected at most 1000000/,
    );
  });
});
