// Pictures in the page, decoded by another program: pixels against what they should show.
import sharp from 'sharp';
import { describe, expect, it, test } from 'vitest';
import { changePng, decodeFloats, pictureLayout, picturePng } from '../../src/report/audit/pictures.ts';
import { base64 } from './audit-fixtures.ts';

async function pixels(uri: string) {
  const [head, body] = uri.split(',') as [string, string];
  expect(head).toBe('data:image/png;base64');
  const { data, info } = await sharp(Buffer.from(body, 'base64')).raw().toBuffer({ resolveWithObject: true });
  return { data: Array.from(data), width: info.width, height: info.height, channels: info.channels };
}

/** The red, green and blue of each pixel. */
async function colours(uri: string): Promise<readonly (readonly number[])[]> {
  const { data, channels } = await pixels(uri);
  return Array.from({ length: data.length / channels }, (_, pixel) =>
    [0, 1, 2].map((channel) => data[pixel * channels + (channels >= 3 ? channel : 0)]!),
  );
}

test.each([
  [[1, 2, 3], { height: 2, width: 3, channels: 1, planar: true, guessed: false }],
  [[3, 4, 5], { height: 4, width: 5, channels: 3, planar: true, guessed: false }],
  [[4, 5, 3], { height: 4, width: 5, channels: 3, planar: false, guessed: false }],
  [[28, 28], { height: 28, width: 28, channels: 1, planar: true, guessed: false }],
  [[64], { height: 8, width: 8, channels: 1, planar: true, guessed: true }],
  [[784], { height: 28, width: 28, channels: 1, planar: true, guessed: true }],
  [[16], undefined],
  [[65], undefined],
  [[2, 8, 8], undefined],
  [[], undefined],
  [[0], undefined],
  [[1, 1, 1], undefined],
])('points of shape %j', (shape, layout) => {
  expect(pictureLayout(shape)).toEqual(layout);
});

describe('a picture', () => {
  it('is grey from the low bound to the high one, clipped beyond', async () => {
    const layout = pictureLayout([2, 3])!;
    const values = Float32Array.of(-1, 0, 0.5, 1, 2, Number.NaN);
    expect(await colours(picturePng(values, layout, [-1, 1.0]))).toEqual(
      [0, 128, 191, 255, 255, 0].map((level) => [level, level, level]),
    );
    expect((await colours(picturePng(values, layout, [-1, 3]))).map(([level]) => level)).toEqual([
      0, 64, 96, 128, 191, 0,
    ]);
  });

  it('takes colours from planes and from interleaved values alike', async () => {
    // Pixel p has red 0.1 p, green 0.2 p, blue 1 - 0.1 p.
    const colour = (p: number) => [0.1 * p, 0.2 * p, 1 - 0.1 * p];
    const planar = Float32Array.from({ length: 12 }, (_, i) => colour(i % 4)[Math.floor(i / 4)]!);
    const interleaved = Float32Array.from({ length: 12 }, (_, i) => colour(Math.floor(i / 3))[i % 3]!);
    const wanted = [0, 1, 2, 3].map((p) => colour(p).map((value) => Math.round(255 * Math.fround(value))));
    expect(await colours(picturePng(planar, pictureLayout([3, 2, 2])!, [0, 1]))).toEqual(wanted);
    expect(await colours(picturePng(interleaved, pictureLayout([2, 2, 3])!, [0, 1]))).toEqual(wanted);
  });

  it('is reduced to means of blocks where it is large', async () => {
    const [height, width] = [200, 150];
    const values = Float32Array.from({ length: height * width }, (_, i) =>
      Math.floor(i / width) < 99 ? 0 : 1,
    );
    const reduced = await pixels(picturePng(values, pictureLayout([1, height, width])!, [0, 1]));
    expect([reduced.height, reduced.width]).toEqual([67, 50]);
    const rows = (await colours(picturePng(values, pictureLayout([1, height, width])!, [0, 1]))).map(
      ([level]) => level,
    );
    expect(rows[32 * 50]).toBe(0);
    expect(rows[33 * 50]).toBe(255);
  });
});

describe('a change', () => {
  it('is grey at 0, orange up and blue down, in full colour at the scale', async () => {
    const change = Float32Array.of(0, 0.25, -0.25, 0.125);
    const [none, up, down, half] = (await colours(
      changePng(change, pictureLayout([2, 2])!, 0.25),
    )) as number[][];
    expect(none).toEqual([128, 128, 128]);
    expect(up![0]! > up![2]! && down![2]! > down![0]!).toBe(true);
    // Half of the scale lies half way from grey to full colour.
    for (let channel = 0; channel < 3; channel++) {
      expect(Math.abs(half![channel]! - (128 + up![channel]!) / 2)).toBeLessThanOrEqual(1);
    }
  });

  it('of nothing is grey, and of a colour moves its channel alone', async () => {
    const layout = pictureLayout([3, 2, 2])!;
    expect(await colours(changePng(new Float32Array(12), layout, 0))).toEqual(Array(4).fill([128, 128, 128]));
    const change = new Float32Array(12);
    change[4] = -0.5;
    expect((await colours(changePng(change, layout, 0.5)))[0]).toEqual([128, 1, 128]);
  });
});

describe('float32 in base64', () => {
  it('is read back to the bit', () => {
    const values = Float32Array.of(0, -0, 1e-45, 3.4e38, 0.1, Number.NEGATIVE_INFINITY);
    expect(decodeFloats(base64(values), 6)).toEqual(values);
  });

  it('of another length is no picture', () => {
    expect(decodeFloats(base64(Float32Array.of(1, 2)), 3)).toBeUndefined();
    expect(decodeFloats('<b>', 1)).toBeUndefined();
  });
});
