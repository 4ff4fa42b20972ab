import { afterAll, describe, expect, test } from 'vitest';
import {
  type Attributes,
  conv,
  convSweeps,
  convTranspose,
  graph,
  input,
  parameter,
  tensor,
  transposedSweeps,
} from '../../../src/graph/index.ts';
import { matrix } from '../../../src/linalg/index.ts';
import type { Convolution } from '../../../src/lipschitz/composition/convolution.ts';
import { unrolled } from '../../../src/lipschitz/composition/convolution.ts';
import { convolutionNormUpper } from '../../../src/lipschitz/composition/convolution-norm.ts';
import { spectrumUpper } from '../../../src/lipschitz/composition/convolution-spectrum.ts';
import { integers, normal, type Rng, rng } from '../../../src/random/index.ts';
import { disposeIdleSessions } from '../../../src/runtime/index.ts';
import { matrixOf, NORMS, normOf } from './jacobians.ts';

afterAll(disposeIdleSessions);

const plain = (length: number, kernel: number, before: number, stride = 1, dilation = 1) => {
  const count = Math.floor((length + 2 * before - (kernel - 1) * dilation - 1) / stride) + 1;
  return { length, kernel, dilation, stride, before, after: before, count };
};

function convolution(
  sweeps: Convolution['sweeps'],
  filters: number,
  channels: number,
  group: number,
  key: Rng,
): Convolution {
  const taps = sweeps.reduce((product, s) => product * s.kernel, 1);
  const kernel = normal(key, (filters * channels * taps) / group);
  return {
    kind: 'convolution',
    outer: 1,
    kernel,
    filters,
    channels,
    group,
    sweeps,
    transposed: false,
    error: 0,
  };
}

/** A random Conv or ConvTranspose of one to three spatial axes, as the graph for a batch and as a map. */
function randomConvolution(key: Rng) {
  const draw = (name: string, low: number, high: number) => integers(key.split(name), 1, low, high)[0]!;
  const axes = draw('axes', 1, 4);
  const each = (name: string, low: number, high: number) =>
    Array.from({ length: axes }, (_, i) => draw(`${name} ${i}`, low, high));
  const transposed = draw('transposed', 0, 3) === 0;
  const group = draw('group', 1, 3);
  const [filters, channels] = [group * draw('filters', 1, 3), group * draw('channels', 1, 3)];
  const kernel = each('kernel', 1, 4);
  const dilations = each('dilation', 1, 3);
  const pads = [...each('before', 0, 3), ...each('after', 0, 3)];
  const lengths = each('length', axes === 3 ? 3 : 5, axes === 1 ? 40 : axes === 2 ? 7 : 4).map((n, i) =>
    Math.max(n, (kernel[i]! - 1) * dilations[i]! + 1),
  );
  const strides = each('stride', 1, 4);
  const attributes: Attributes = { group, strides, dilations, pads: transposed ? pads.map(() => 0) : pads };
  const shape = transposed ? [channels, filters / group, ...kernel] : [filters, channels / group, ...kernel];
  const size = shape.reduce((a, b) => a * b, 1);
  const kernelEntries = normal(key.split('w'), size);
  const weight = parameter('w', tensor('float64', shape, kernelEntries));
  const build = (batch: number) => {
    const x = input('x', 'float64', [batch, channels, ...lengths]);
    return graph([x], { y: (transposed ? convTranspose : conv)(x, weight, undefined, attributes) });
  };
  const x = build(1).inputs[0]!;
  const map: Convolution = {
    kind: 'convolution',
    outer: 1,
    kernel: kernelEntries,
    filters: shape[0]!,
    channels: shape[1]! * group,
    group,
    sweeps: (transposed ? transposedSweeps : convSweeps)(x, weight, attributes),
    transposed,
    error: 0,
  };
  return { build, map, label: JSON.stringify({ transposed, shape, lengths, ...attributes }) };
}

describe('norms of convolutions', () => {
  test('of every kind, against the matrix of the operator in ONNX Runtime', async () => {
    for (let seed = 0; seed < 80; seed++) {
      const { build, map, label } = randomConvolution(rng(seed));
      const exact = await matrixOf(build);
      for (const norm of NORMS) {
        const [truth, bound] = [normOf(exact, norm), convolutionNormUpper(map, norm)];
        expect(bound, `${label} ${norm}`).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
        // Written out, all three are exact.
        expect(bound, `${label} ${norm}`).toBeLessThanOrEqual(truth * (1 + 3e-9));
      }
      const [truth, spectrum] = [normOf(exact, 'l2'), spectrumUpper(map)];
      expect(spectrum, label).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
    }
  });

  test('the spectrum is close on moderate maps, and closer on larger ones', () => {
    const excess = (n: number, kernel: number, channels: number) => {
      const s = plain(n, kernel, (kernel - 1) / 2);
      const c = convolution([s, s], channels, channels, 1, rng(`${n} ${kernel} ${channels}`));
      return spectrumUpper(c) / normOf(unrolled(c, 0), 'l2') - 1;
    };
    const of8 = [excess(8, 3, 1), excess(8, 3, 3)];
    const of14 = [excess(14, 3, 1), excess(14, 3, 2)];
    for (const e of [...of8, ...of14]) expect(e).toBeGreaterThan(-1e-12);
    expect(Math.max(...of8)).toBeLessThan(0.08);
    expect(Math.max(...of14)).toBeLessThan(0.04);
  });

  test('sums of three neighbours: 1 + 2 cos(pi / (n + 1)) per axis, exactly, from shifted frequencies', () => {
    for (const n of [1, 2, 4, 7, 12]) {
      const s = plain(n, 3, 1);
      const ones = { ...convolution([s, s], 1, 1, 1, rng(0)), kernel: new Float64Array(9).fill(1) };
      const exact = (1 + 2 * Math.cos(Math.PI / (n + 1))) ** 2;
      expect(spectrumUpper(ones) / exact).toBeCloseTo(1, 8);
    }
  });

  test('the mean of k cells on a line has norm 1 by its spectrum, however long the line', () => {
    for (const [length, kernel] of [
      [200, 3],
      [1000, 3],
      [5000, 2],
      [300, 7],
    ] as const) {
      const c: Convolution = {
        ...convolution([plain(length, kernel, kernel >> 1)], 1, 1, 1, rng(0)),
        kernel: new Float64Array(kernel).fill(1 / kernel),
      };
      expect(spectrumUpper(c)).toBeGreaterThanOrEqual(1 - 1e-9);
      // 1 / cos(pi / 48) where frequencies are sampled.
      expect(spectrumUpper(c)).toBeLessThan(1.00215);
    }
  });

  test('sampled frequencies cover the peak between them, at any angle', () => {
    for (let i = 0; i < 40; i++) {
      const t = 0.05 + (3 * i) / 40;
      // One complex filter e^{ikt}, as two real ones, has its peak at frequency t.
      const k = 5;
      const kernel = Float64Array.from({ length: 2 * k }, (_, j) =>
        j < k ? Math.cos(j * t) : Math.sin((j - k) * t),
      );
      const c: Convolution = { ...convolution([plain(4000, k, 2)], 2, 1, 1, rng(0)), kernel };
      // At frequency theta: |sum_k e^{ik theta} (cos kt, sin kt)|, over a fine grid.
      let peak = 0;
      for (let j = 0; j <= 20000; j++) {
        const theta = (Math.PI * j) / 20000;
        let [a, b, d, e] = [0, 0, 0, 0];
        for (let q = 0; q < k; q++) {
          a += Math.cos(q * theta) * Math.cos(q * t);
          b += Math.sin(q * theta) * Math.cos(q * t);
          d += Math.cos(q * theta) * Math.sin(q * t);
          e += Math.sin(q * theta) * Math.sin(q * t);
        }
        peak = Math.max(peak, Math.hypot(a, b, d, e));
      }
      expect(spectrumUpper(c)).toBeGreaterThanOrEqual(peak * (1 - 1e-7));
      expect(spectrumUpper(c)).toBeLessThan(peak * 1.0022);
    }
  });

  test('kernels as windows that do not overlap, and 1 x 1: the spectrum is exact', () => {
    const patches = convolution([plain(24, 4, 0, 4), plain(24, 4, 0, 4)], 5, 3, 1, rng(1));
    const flat = matrix(5, 48, patches.kernel);
    expect(spectrumUpper(patches)).toBeCloseTo(normOf(flat, 'l2'), 7);
    const pointwise = convolution([plain(100, 1, 0), plain(100, 1, 0)], 5, 6, 1, rng(2));
    expect(spectrumUpper(pointwise)).toBeCloseTo(normOf(matrix(5, 6, pointwise.kernel), 'l2'), 7);
  });

  test('huge, tiny and zero kernels', () => {
    const s = plain(6, 3, 1);
    const c = convolution([s, s], 2, 2, 1, rng(3));
    for (const norm of NORMS) {
      const base = convolutionNormUpper(c, norm);
      for (const scale of [1e150, 1e-150, 2 ** -1050]) {
        const bound = convolutionNormUpper({ ...c, kernel: c.kernel.map((v) => v * scale) }, norm);
        expect(bound / scale / base).toBeCloseTo(1, scale < 1e-200 ? 3 : 8);
      }
      expect(convolutionNormUpper({ ...c, kernel: c.kernel.map(() => 0) }, norm)).toBe(0);
    }
    expect(spectrumUpper({ ...c, kernel: c.kernel.map((v) => v * 1e150) }) / 1e150).toBeCloseTo(
      spectrumUpper(c),
      8,
    );
    expect(spectrumUpper({ ...c, kernel: c.kernel.map(() => 0) })).toBeLessThan(1e-300);
  });

  test('an uncertain kernel: no kernel within the error has a larger norm', () => {
    const c = { ...convolution([plain(6, 3, 1)], 2, 2, 1, rng(4)), error: 0.1 };
    for (const norm of NORMS) {
      const bound = convolutionNormUpper(c, norm);
      for (let seed = 0; seed < 50; seed++) {
        const moved = c.kernel.map((v, i) => v + (normal(rng(seed), c.kernel.length)[i]! > 0 ? 0.1 : -0.1));
        expect(normOf(unrolled({ ...c, kernel: moved }, 0), norm)).toBeLessThanOrEqual(bound);
      }
    }
  });
});
