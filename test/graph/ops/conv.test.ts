import { describe, expect, test } from 'vitest';
import type { Attributes } from '../../../src/graph/index.ts';
import * as g from '../../../src/graph/index.ts';
import { normal, rng } from '../../../src/random/index.ts';
import { evaluate } from '../../../src/runtime/index.ts';

const key = rng('convolution');
const random = (name: string, shape: readonly number[]) =>
  normal(key.split(name), g.sizeOf(shape)).map(Math.fround);

interface Plane {
  readonly stride: number;
  readonly dilation: number;
  readonly top: number;
  readonly left: number;
  readonly group: number;
}

/** Calls `visit` for each product in the definition of a convolution: flat indices of image, kernel and response. */
function eachProduct(
  image: readonly number[],
  kernel: readonly number[],
  response: readonly number[],
  { stride, dilation, top, left, group }: Plane,
  visit: (i: number, k: number, r: number) => void,
): void {
  const [batch, channels, height, width] = image as [number, number, number, number];
  const [filters, perGroup, rows, columns] = kernel as [number, number, number, number];
  const [, , high, wide] = response as [number, number, number, number];
  for (let b = 0; b < batch; b++)
    for (let m = 0; m < filters; m++)
      for (let c = 0; c < perGroup; c++)
        for (let oy = 0; oy < high; oy++)
          for (let ox = 0; ox < wide; ox++)
            for (let ty = 0; ty < rows; ty++)
              for (let tx = 0; tx < columns; tx++) {
                const y = oy * stride + ty * dilation - top;
                const x = ox * stride + tx * dilation - left;
                if (y < 0 || y >= height || x < 0 || x >= width) continue;
                const channel = Math.floor(m / (filters / group)) * perGroup + c;
                visit(
                  ((b * channels + channel) * height + y) * width + x,
                  ((m * perGroup + c) * rows + ty) * columns + tx,
                  ((b * filters + m) * high + oy) * wide + ox,
                );
              }
}

const planes: readonly (readonly [
  string,
  readonly number[],
  readonly number[],
  readonly number[],
  Plane,
  Attributes,
])[] = [
  [
    'plain',
    [2, 3, 5, 6],
    [4, 3, 3, 2],
    [2, 4, 3, 5],
    { stride: 1, dilation: 1, top: 0, left: 0, group: 1 },
    {},
  ],
  [
    'strided, dilated, grouped, padded unevenly',
    [2, 4, 8, 7],
    [6, 2, 3, 2],
    [2, 6, 3, 4],
    { stride: 2, dilation: 2, top: 1, left: 2, group: 2 },
    { strides: [2, 2], dilations: [2, 2], pads: [1, 2, 0, 0], group: 2 },
  ],
  [
    'depthwise, SAME_UPPER with an even kernel',
    [1, 3, 4, 5],
    [3, 1, 2, 2],
    [1, 3, 4, 5],
    { stride: 1, dilation: 1, top: 0, left: 0, group: 3 },
    { auto_pad: 'SAME_UPPER', group: 3 },
  ],
  [
    'SAME_LOWER with an even kernel',
    [1, 1, 4, 5],
    [2, 1, 2, 4],
    [1, 2, 4, 5],
    { stride: 1, dilation: 1, top: 1, left: 2, group: 1 },
    { auto_pad: 'SAME_LOWER' },
  ],
];

describe.each(['float32', 'float64'] as const)('convolution in %s agrees with its definition', (dtype) => {
  test.each(planes)('%s', async (_name, image, kernel, response, plane, attributes) => {
    const arrays = { x: random('x', image), w: random('w', kernel), r: random('r', response) };
    const [x, w, r] = [
      g.input('x', dtype, image),
      g.input('w', dtype, kernel),
      g.input('r', dtype, response),
    ] as const;
    const y = g.conv(x, w, undefined, attributes);
    expect(y.shape).toEqual(response);
    const [gx, gw] = g.vjp([y], [r], [x, w]);
    const convert = (a: Float64Array) => (dtype === 'float32' ? Float32Array.from(a) : a);
    const out = await evaluate(
      { y, gx: gx!, gw: gw! },
      { x: convert(arrays.x), w: convert(arrays.w), r: convert(arrays.r) },
    );
    const want = {
      y: new Float64Array(arrays.r.length),
      gx: new Float64Array(arrays.x.length),
      gw: new Float64Array(arrays.w.length),
    };
    eachProduct(image, kernel, response, plane, (i, k, o) => {
      want.y[o]! += arrays.x[i]! * arrays.w[k]!;
      want.gx[i]! += arrays.r[o]! * arrays.w[k]!;
      want.gw[k]! += arrays.r[o]! * arrays.x[i]!;
    });
    for (const name of ['y', 'gx', 'gw'] as const) {
      const got = out[name].data as Float64Array;
      const worst = Math.max(...want[name].map((value, i) => Math.abs(value - got[i]!)));
      expect(worst, name).toBeLessThan(dtype === 'float32' ? 1e-5 : 1e-13);
    }
  });
});

describe('the adjoint pair', () => {
  test('<conv(x), r> = <x, convTranspose(r)> with the same kernel', async () => {
    const attributes = { strides: [2, 3], dilations: [2, 1], pads: [1, 0, 2, 1], group: 2 };
    const x = g.constant(g.tensor('float64', [2, 4, 9, 8], random('ax', [2, 4, 9, 8])));
    const w = g.constant(g.tensor('float64', [6, 2, 2, 3], random('aw', [6, 2, 2, 3])));
    const y = g.conv(x, w, undefined, attributes);
    const r = g.constant(g.tensor('float64', y.shape, random('ar', y.shape)));
    const back = g.convTranspose(r, w, undefined, { ...attributes, output_padding: [1, 0] });
    expect(back.shape).toEqual(x.shape);
    const { left, right } = await evaluate({ left: g.innerProduct(y, r), right: g.innerProduct(x, back) });
    expect(right.data[0]).toBeCloseTo(Number(left.data[0]), 11);
  });

  test('a kernel of ones with stride 1 is a running sum', async () => {
    const x = g.constant(g.tensor('float64', [1, 1, 5], [1, 2, 3, 4, 5]));
    const ones = g.constant(g.tensor('float64', [1, 1, 2], [1, 1]));
    const { sums, spread } = await evaluate({ sums: g.conv(x, ones), spread: g.convTranspose(x, ones) });
    expect(sums.data).toEqual(Float64Array.of(3, 5, 7, 9));
    expect(spread.data).toEqual(Float64Array.of(1, 3, 5, 7, 9, 5));
  });
});

describe('what does not fit is said', () => {
  const x = g.input('x', 'float32', [1, 4, 5, 5]);
  const weight = (...shape: number[]) => g.input('w', 'float32', shape);
  test.each<[string, () => g.Value, RegExp]>([
    ['channels', () => g.conv(x, weight(2, 3, 3, 3)), /4 channels; the weight and group 1 expect 3/],
    ['group', () => g.conv(x, weight(3, 2, 3, 3), undefined, { group: 2 }), /group 2 does not divide/],
    ['window', () => g.conv(x, weight(2, 4, 6, 3)), /window of 6 cells does not fit into 5/],
    ['rank', () => g.conv(x, weight(2, 4, 3)), /rank 3; expected 4/],
    ['bias', () => g.conv(x, weight(2, 4, 3, 3), weight(3)), /bias is \[3\]; expected \[2\]/],
    ['strides', () => g.conv(x, weight(2, 4, 3, 3), undefined, { strides: [0, 1] }), /strides \[0,1\]/],
    ['pads', () => g.conv(x, weight(2, 4, 3, 3), undefined, { pads: [1, 1] }), /pads \[1,1\]; expected 4/],
    [
      'kernel_shape',
      () => g.conv(x, weight(2, 4, 3, 3), undefined, { kernel_shape: [5, 5] }),
      /kernel_shape/,
    ],
    ['auto_pad', () => g.conv(x, weight(2, 4, 3, 3), undefined, { auto_pad: 'SAME' }), /auto_pad "SAME"/],
    [
      'cropping all',
      () => g.convTranspose(x, weight(4, 1, 1, 1), undefined, { pads: [3, 0, 3, 0] }),
      /nothing/,
    ],
  ])('%s', (_name, build, message) => {
    expect(build).toThrow(message);
    expect(build).toThrow(/^Conv/);
  });
});
