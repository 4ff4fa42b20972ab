import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { encode as encodePng } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { classCount, type OpenOptions, openDataset } from '../../src/data/index.ts';
import { asyncErrorOf, put, temporaryFolder } from './support.ts';

const root = temporaryFolder();
let made = 0;

/** A new folder with these files; folders between are made. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = join(root, `folder${made++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const ramp = (count: number, seed = 0) => Uint8Array.from({ length: count }, (_, i) => (seed + 37 * i) % 256);
const png = (
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  data: Uint8Array | Uint16Array = ramp(width * height * channels),
) => encodePng({ width, height, channels, data, depth: data instanceof Uint16Array ? 16 : 8 });
const gray = (seed: number) => png(3, 2, 1, ramp(6, seed));

/** A PNG written chunk by chunk after the specification: any header over any rows of bytes, filter 0. */
function rawPng(
  width: number,
  height: number,
  bits: number,
  colour: number,
  rows: Uint8Array,
  extra: [string, Uint8Array][] = [],
): Buffer {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colour, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...extra.map(([type, data]) => chunk(type, data)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

const jpeg = await sharp(ramp(16 * 16 * 3), { raw: { width: 16, height: 16, channels: 3 } })
  .jpeg()
  .toBuffer();

describe('openDataset on a folder per class', () => {
  it('takes classes and images in alphabetical order, whatever the order on disk', async () => {
    const folder = folderOf({
      'dog/b.png': gray(4),
      'cat/z.PNG': gray(3),
      'dog/a.png': gray(2),
      'cat/10.png': gray(1),
      'cat/.hidden.png': 'nothing',
      'cat/notes.txt': 'nothing',
      'readme.md': 'nothing',
    });
    const dataset = await openDataset(folder);
    expect(dataset.shape).toEqual([4, 1, 2, 3]);
    expect([...dataset.y]).toEqual([0, 0, 1, 1]);
    expect(dataset.classNames).toEqual(['cat', 'dog']);
    expect([...dataset.x]).toEqual([1, 3, 2, 4].flatMap((seed) => [...ramp(6, seed)]));
    expect(dataset.x).toBeInstanceOf(Float32Array);
    expect(dataset.provenance.transformations).toEqual([
      'classes numbered alphabetically: cat = 0, dog = 1',
      'files left out that are no PNG or JPEG images: 1',
    ]);
  });

  it('takes the order of classes.txt, or of a file that is named', async () => {
    const folder = folderOf({
      'cat/a.png': gray(1),
      'dog/a.png': gray(2),
      'classes.txt': 'horse\ndog\r\ncat\n',
    });
    const dataset = await openDataset(folder);
    expect([...dataset.y]).toEqual([2, 1]);
    expect(dataset.classNames).toEqual(['horse', 'dog', 'cat']);
    expect(dataset.provenance.transformations).toEqual([
      'classes numbered as listed: horse = 0, dog = 1, cat = 2',
    ]);
    const other = put(root, 'other.txt', 'cat\ndog\n');
    expect([...(await openDataset(folder, { classes: other })).y]).toEqual([0, 1]);
  });

  it('puts channels first', async () => {
    const data = ramp(3 * 2 * 3);
    const dataset = await openDataset(folderOf({ 'a/a.png': png(3, 2, 3, data) }));
    expect(dataset.shape).toEqual([1, 3, 2, 3]);
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < 6; p++) expect(dataset.x[c * 6 + p]).toBe(data[3 * p + c]);
  });

  it('reads every pixel of random PNG files back, of any size, depth and colour', async () => {
    const sizes = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        sizes,
        fc.constantFrom(1 as const, 3 as const),
        fc.boolean(),
        fc.integer(),
        async (w, h, channels, deep, seed) => {
          const data = Array.from({ length: w * h * channels }, (_, i) =>
            Math.abs((seed * 31 + i * 7919) % (deep ? 65536 : 256)),
          );
          const bytes = png(w, h, channels, deep ? Uint16Array.from(data) : Uint8Array.from(data));
          const { x, shape } = await openDataset(folderOf({ 'a/a.png': bytes }));
          expect(shape).toEqual([1, channels, h, w]);
          for (let c = 0; c < channels; c++)
            for (let p = 0; p < w * h; p++)
              expect(x[c * w * h + p]).toBe(Math.fround(data[p * channels + c]! / (deep ? 257 : 1)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reads palettes as colours and one bit as black and white', async () => {
    const palette: [string, Uint8Array][] = [['PLTE', Uint8Array.of(10, 20, 30, 40, 50, 60)]];
    const indexed = rawPng(2, 1, 8, 3, Uint8Array.of(0, 1, 0), palette);
    const dataset = await openDataset(folderOf({ 'a/a.png': indexed }));
    expect(dataset.shape).toEqual([1, 3, 1, 2]);
    expect([...dataset.x]).toEqual([40, 10, 50, 20, 60, 30]);
    const bits = rawPng(3, 1, 1, 0, Uint8Array.of(0, 0b10100000));
    expect([...(await openDataset(folderOf({ 'a/a.png': bits }))).x]).toEqual([255, 0, 255]);
  });

  it('leaves an opaque alpha channel out and says so; a transparent pixel is an error', async () => {
    const rgba = ramp(16);
    for (let p = 0; p < 4; p++) rgba[4 * p + 3] = 255;
    const opaque = await openDataset(
      folderOf({
        'a/a.png': png(2, 2, 4, rgba),
        'a/b.png': png(2, 2, 2, Uint8Array.of(7, 255, 8, 255, 9, 255, 10, 255)),
      }),
      { color: 'rgb' },
    );
    expect(opaque.shape).toEqual([2, 3, 2, 2]);
    expect([...opaque.x.subarray(0, 4)]).toEqual([rgba[0], rgba[4], rgba[8], rgba[12]]);
    expect([...opaque.x.subarray(12, 16)]).toEqual([7, 8, 9, 10]);
    expect(opaque.provenance.transformations).toContain('opaque alpha channels left out: 2');
    rgba[7] = 254;
    const error = await asyncErrorOf(() =>
      openDataset(folderOf({ 'a/see-through.png': png(2, 2, 4, rgba) })),
    );
    expect(error.message).toMatch(/see-through\.png: the image has transparent pixels.*flatten/);
    const deep = Uint16Array.of(1, 65535, 2, 65535, 3, 65535, 4, 65534);
    for (const bytes of [png(2, 2, 2, Uint8Array.of(7, 255, 8, 255, 9, 255, 10, 0)), png(2, 2, 2, deep)]) {
      const hidden = await asyncErrorOf(() => openDataset(folderOf({ 'a/a.png': bytes })));
      expect(hidden.message).toMatch(/transparent pixels/);
    }
    const transparent = rawPng(2, 1, 8, 0, Uint8Array.of(0, 5, 6), [['tRNS', Uint8Array.of(0, 6)]]);
    expect((await asyncErrorOf(() => openDataset(folderOf({ 'a/a.png': transparent })))).message).toMatch(
      /transparent/,
    );
  });

  it('resizes and changes colours only where it is asked to, and says so', async () => {
    const folder = folderOf({
      'a/a.png': png(4, 4, 3, new Uint8Array(48).fill(90)),
      'a/b.png': png(2, 6, 1, new Uint8Array(12).fill(7)),
    });
    expect((await asyncErrorOf(() => openDataset(folder))).message).toMatch(
      /b\.png: the image is 2 x 6; expected 4 x 4 as .*a\.png.*resize/,
    );
    const options: OpenOptions = { resize: { width: 3, height: 2 }, color: 'gray' };
    const dataset = await openDataset(folder, options);
    expect(dataset.shape).toEqual([2, 1, 2, 3]);
    expect([...dataset.x]).toEqual([...new Array(6).fill(90), ...new Array(6).fill(7)]);
    expect(dataset.provenance.transformations).toEqual([
      'classes numbered alphabetically: a = 0',
      'images resized to 3 x 2 pixels',
      'images in gray',
    ]);
    expect((await asyncErrorOf(() => openDataset(folder, { resize: { width: 0, height: 1 } }))).code).toBe(
      'invalid-argument',
    );
  });

  it('counts progress up to the number of images', async () => {
    const files = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`a/${i}.png`, gray(i)]));
    const seen: number[] = [];
    await openDataset(folderOf(files), { onProgress: (done, total) => seen.push(done, total) });
    expect(seen.at(-2)).toBe(21);
    expect(seen.every((value, i) => i % 2 === 0 || value === 21)).toBe(true);
    expect(seen.filter((_, i) => i % 2 === 0)).toEqual(
      seen.filter((_, i) => i % 2 === 0).toSorted((a, b) => a - b),
    );
  });

  it('gives the same data set every time', async () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i % 3}/${i}.png`, gray(i)]));
    const folder = folderOf(files);
    const [first, second] = [await openDataset(folder), await openDataset(folder)];
    expect(first.provenance).toEqual(second.provenance);
  });

  it.each<[string, Readonly<Record<string, string | Uint8Array>>, RegExp]>([
    [
      'a truncated PNG',
      { 'a/a.png': gray(1), 'a/b.png': png(40, 40, 3).subarray(0, 400), 'a/c.png': gray(2) },
      /b\.png: the image is 40 x 40; expected 3 x 2/,
    ],
    [
      'a truncated PNG of the right size',
      { 'a/a.png': png(40, 40, 3), 'a/b.png': png(40, 40, 3).subarray(0, 90) },
      /b\.png: the image is damaged or cut off/,
    ],
    [
      'a truncated JPEG',
      { 'a/a.jpg': jpeg, 'a/b.jpg': jpeg.subarray(0, jpeg.length - 60) },
      /b\.jpg: the image is damaged or cut off/,
    ],
    [
      'a JPEG without its pixels',
      { 'a/a.jpg': jpeg.subarray(0, 30) },
      /a\.jpg: the JPEG image is cut off before its frame header/,
    ],
    [
      'a PNG without its header',
      { 'a/a.png': gray(1).subarray(0, 20) },
      /a\.png: the PNG header is damaged or cut off/,
    ],
    [
      'a PNG with a wrong checksum',
      { 'a/a.png': Buffer.from(gray(1)).fill(0, 45, 50) },
      /a\.png: the image is damaged/,
    ],
    ['an empty image', { 'a/a.png': '' }, /a\.png: is empty/],
    [
      'text called an image',
      { 'a/a.png': 'hello world, this is no image' },
      /a\.png: is no PNG or JPEG image, whatever its name says/,
    ],
    [
      'a drawing called an image',
      { 'a/a.png': '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>' },
      /is no PNG or JPEG/,
    ],
    [
      'gray among colours',
      { 'a/a.png': png(3, 2, 3), 'b/b.png': gray(1) },
      /b\.png: the image has gray, .*a\.png has colours.*color 'gray' or 'rgb'/,
    ],
    ['no pixels', { 'a/a.png': rawPng(0, 2, 8, 0, new Uint8Array(2)) }, /declares 0 x 2 pixels/],
    ['an unknown colour type', { 'a/a.png': rawPng(1, 1, 8, 5, new Uint8Array(2)) }, /colour type is 5/],
    [
      'a folder inside of a class',
      { 'train/cat/a.png': gray(1), 'extra/cat/a.png': gray(1) },
      /extra: holds the folder "cat"; expected the images/,
    ],
    ['an empty class', { 'a/a.png': gray(1), 'b/readme.txt': '' }, /b: holds no PNG or JPEG files/],
    ['images without labels', { 'a.png': gray(1) }, /holds images but no labels; expected labels\.csv/],
    ['nothing', { 'readme.txt': '' }, /holds no data/],
    [
      'a class that the list lacks',
      { 'a/a.png': gray(1), 'classes.txt': 'b\n' },
      /class "a" is not among the 1 listed classes \(b\)/,
    ],
    [
      'a list that names a class twice',
      { 'a/a.png': gray(1), 'classes.txt': 'a\na\n' },
      /line 2: the class "a" is listed twice/,
    ],
  ])('refuses %s, naming the file', async (_, files, message) => {
    const error = await asyncErrorOf(() => openDataset(folderOf(files)));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(message);
  });

  it('refuses CMYK', async () => {
    const cmyk = await sharp(jpeg).toColourspace('cmyk').jpeg().toBuffer();
    expect((await asyncErrorOf(() => openDataset(folderOf({ 'a/a.jpg': cmyk })))).message).toMatch(
      /4 components.*CMYK/,
    );
  });

  it('refuses images that declare huge sizes before it decodes them', async () => {
    // 100,000 x 100,000 black pixels as a header over next to nothing.
    const bomb = rawPng(100_000, 100_000, 8, 0, new Uint8Array(1000));
    const before = process.resourceUsage().maxRSS;
    for (const options of [{}, { resize: { width: 2, height: 2 } }]) {
      const error = await asyncErrorOf(() => openDataset(folderOf({ 'a/a.png': bomb }), options));
      expect(error.code).toBe('file-too-large');
      expect(error.message).toMatch(/10000000000|100000 x 100000/);
    }
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000);
  });

  it('refuses a data set beyond the limit from the first header', async () => {
    const folder = folderOf({ 'a/a.png': gray(1), 'a/b.png': gray(2) });
    expect((await openDataset(folder, { maxBytes: 2 * 6 * 4 + 100 })).shape[0]).toBe(2);
    const many = folderOf({
      'a/a.png': png(50, 50, 3, new Uint8Array(7500)),
      'a/b.png': png(50, 50, 3, new Uint8Array(7500)),
    });
    const error = await asyncErrorOf(() => openDataset(many, { maxBytes: 50_000 }));
    expect(error.code).toBe('file-too-large');
    expect(error.message).toMatch(/15000 values take 60000 bytes; expected at most 50000/);
  });

  it('ignores colour profiles and orientation, as the decoders of training pipelines do', async () => {
    const data = ramp(16 * 8 * 3);
    const plain = await sharp(data, { raw: { width: 16, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    const tagged = await sharp(plain)
      .withIccProfile('p3', { attach: true })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    // Written through the profile, so the stored bytes are what an untagged copy holds.
    const stored = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
    const { x, shape } = await openDataset(folderOf({ 'a/a.png': tagged }));
    expect(shape).toEqual([1, 3, 8, 16]);
    expect([...x].every((value, i) => value === stored[(i % 128) * 3 + Math.floor(i / 128)])).toBe(true);
  });
});

describe('openDataset on labels.csv', () => {
  it('reads files and labels in the order of the list', async () => {
    const folder = folderOf({
      'labels.csv': 'file,label\nsub/b.png,3\n"a.png",0\n',
      'a.png': gray(1),
      'sub/b.png': gray(2),
    });
    const dataset = await openDataset(folder);
    expect([...dataset.y]).toEqual([3, 0]);
    expect([...dataset.x]).toEqual([...ramp(6, 2), ...ramp(6, 1)]);
  });

  it('reads lists without a first line of names, with other columns, and with names of classes', async () => {
    const images = { 'a.png': gray(1), 'b.png': gray(2) };
    expect([
      ...(await openDataset(folderOf({ ...images, 'labels.csv': 'a.png,1.5\nb.png,-2\n' }))).y,
    ]).toEqual([1.5, -2]);
    const named = await openDataset(
      folderOf({ ...images, 'labels.csv': 'id,class,filename\n7,dog,a.png\n8,cat,b.png\n' }),
    );
    expect([...named.y]).toEqual([1, 0]);
    expect(named.provenance.transformations).toEqual([
      'classes of column class numbered alphabetically: cat = 0, dog = 1',
    ]);
    const listed = folderOf({
      ...images,
      'labels.csv': 'file,label\na.png,dog\nb.png,cat\n',
      'classes.txt': 'dog\ncat',
    });
    expect([...(await openDataset(listed)).y]).toEqual([0, 1]);
  });

  it('leaves it to classCount() to say which label is no class', async () => {
    const dataset = await openDataset(
      folderOf({ 'a.png': gray(1), 'b.png': gray(1), 'labels.csv': 'file,label\na.png,1\nb.png,0.5\n' }),
    );
    expect(() => classCount(dataset)).toThrow(/label of row 1 .*0\.5; expected a class/);
  });

  it.each<[string, string, RegExp]>([
    [
      'a path upwards',
      'file,label\n../other.png,1\n',
      /labels\.csv: line 2: "\.\.\/other\.png" leads out of the folder/,
    ],
    ['a hidden path upwards', 'file,label\nsub/../../other.png,1\n', /leads out of the folder/],
    ['an absolute path', 'file,label\n/etc/passwd,1\n', /"\/etc\/passwd" leads out of the folder/],
    ['a zero byte', 'file,label\na\u0001.png,1\n', /there is no file/],
    ['an absent file', 'file,label\na.png,1\nnone.png,1\n', /line 3: there is no file "none\.png"/],
    ['a folder', 'file,label\nsub,1\n', /sub: not a regular file/],
    ['an absent label', 'file,label\na.png,\n', /line 2, column "label": ""; expected a label/],
    ['a missing field', 'file,label\na.png\n', /line 2: 1 fields; expected 2/],
    ['no lines', 'file,label\n', /names no images/],
    ['an empty list', '', /is empty/],
    ['other columns', 'a,b,c\n1,2,3\n', /expected the names file,label/],
    ['a NaN label', 'file,label\na.png,1\na.png,NaN\n', /line 3, column "label": "NaN"; expected a finite/],
  ])('refuses %s, naming the line', async (_, list, message) => {
    const folder = folderOf({ 'labels.csv': list, 'a.png': gray(1), 'sub/b.png': gray(1) });
    const error = await asyncErrorOf(() => openDataset(folder));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(message);
  });
});

describe.skipIf(process.platform === 'win32')('symbolic links', () => {
  it('are followed inside of the folder', async () => {
    const folder = folderOf({ 'a/a.png': gray(1) });
    symlinkSync(join(folder, 'a/a.png'), join(folder, 'a/b.png'));
    symlinkSync('a', join(folder, 'c'));
    expect([...(await openDataset(folder)).y]).toEqual([0, 0, 1, 1]);
  });

  it.each([
    ['a file', 'a/b.png', 'outside.png'],
    ['a class', 'b', 'outside'],
    ['nothing', 'a/b.png', 'absent.png'],
  ])('that lead to %s outside are refused', async (_, link, target) => {
    const outside = folderOf({ 'outside.png': gray(1), 'outside/a.png': gray(1) });
    const folder = folderOf({ 'a/a.png': gray(1) });
    symlinkSync(join(outside, target), join(folder, link));
    const error = await asyncErrorOf(() => openDataset(folder));
    expect(error.code).toBe('malformed-file');
    expect(error.message).toMatch(/leads out of the folder|there is no file/);
  });

  it('in a list are held to the same', async () => {
    const outside = folderOf({ 'x.png': gray(1) });
    const folder = folderOf({ 'labels.csv': 'file,label\nlink/x.png,1\n' });
    symlinkSync(outside, join(folder, 'link'));
    expect((await asyncErrorOf(() => openDataset(folder))).message).toMatch(/leads out of the folder/);
  });
});

const pillow = ['python3', '/usr/bin/python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import PIL, numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
describe.skipIf(pillow === undefined)('the pixels of Pillow (skipped unless Python has it)', () => {
  it('are ours: JPEG in gray, colours, subsampled and progressive; PNG; luma', async () => {
    const folder = join(root, 'pillow');
    mkdirSync(folder);
    execFileSync(pillow!, [
      '-c',
      `
import sys
import numpy as np
from PIL import Image
folder = sys.argv[1]
y, x = np.mgrid[0:37, 0:45]
noise = np.random.RandomState(0).randn(3, 37, 45) * 12
planes = [(np.sin(x / (4 + k)) + np.cos(y / (5 + k))) * 60 + 128 + noise[k] for k in range(3)]
rgb = np.stack(planes, 2).clip(0, 255).astype('u1')
image = Image.fromarray(rgb)
def keep(name, image, mode, **options):
    image.save(folder + '/' + name, **options)
    np.asarray(Image.open(folder + '/' + name).convert(mode)).tofile(folder + '/' + name + '.raw')
keep('gray.jpg', image.convert('L'), 'L', quality=80)
keep('rgb.jpg', image, 'RGB', quality=75)
keep('rgb444.jpg', image, 'RGB', quality=95, subsampling=0)
keep('progressive.jpg', image, 'RGB', quality=60, progressive=True, optimize=True)
keep('rgb.png', image, 'RGB')
keep('palette.png', image.convert('P'), 'RGB')
image.convert('L').save(folder + '/luma.png')
np.asarray(image.convert('L')).tofile(folder + '/luma.raw')
`,
      folder,
    ]);
    const raw = (name: string) => readFileSync(join(folder, name));
    const ours = async (name: string, options: OpenOptions = {}) =>
      openDataset(folderOf({ [`a/${name}`]: raw(name) }), options);
    for (const name of ['gray.jpg', 'rgb.jpg', 'rgb444.jpg', 'progressive.jpg', 'rgb.png', 'palette.png']) {
      const { x, shape } = await ours(name);
      const channels = shape[1]!;
      expect(shape).toEqual([1, name.startsWith('gray') ? 1 : 3, 37, 45]);
      const theirs = raw(`${name}.raw`);
      const different = x.filter(
        (value, i) => value !== theirs[(i % 1665) * channels + Math.floor(i / 1665)],
      ).length;
      expect([name, different]).toEqual([name, 0]);
    }
    expect([...(await ours('rgb.png', { color: 'gray' })).x]).toEqual([...raw('luma.raw')]);
  });
});
