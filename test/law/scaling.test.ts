import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boundedDataLaw,
  boundedDataParameters,
  boundedDataSampleSize,
  crowdingDimension,
  crowdingLaw,
  crowdingSampleSize,
  interpolationDistance,
  interpolationFloor,
  madryParameterCount,
  paperEnvelope,
  scalingLaw,
  scalingLawDimension,
  scalingLawParameters,
  scalingLawSampleSize,
  talkEnvelope,
  twoLayerLaw,
  twoLayerNeurons,
  twoLayerSampleSize,
} from '../../src/law/index.ts';
import { rng, sphere } from '../../src/random/index.ts';

const size = fc.double({ min: 1, max: 1e12, noNaN: true });
const constant = fc.double({ min: 1e-3, max: 1e3, noNaN: true });

describe('scaling laws', () => {
  it('have the published values', () => {
    for (const [n, d, p, printed] of [
      [1e3, 1e3, 1e3, 31.6],
      [6e4, 784, 2e5, 15.3],
      [1.4e7, 2e5, 1e9, 52.9],
      [1e6, 1e6, 1e6, 1000],
    ] as const) {
      expect(Number(scalingLaw(n, d, p).toPrecision(3))).toBe(printed);
    }
    // P = nd makes the law 1: one radial basis function per point.
    expect(scalingLaw(1000, 784, 784_000)).toBe(1);
    expect(scalingLawParameters(1000, 784, 1)).toBe(784_000);
    expect(twoLayerLaw(1000, 10)).toBe(10);
    expect(boundedDataLaw(1000, 10)).toBe(10);
    expect(crowdingLaw(1e6, 6)).toBeCloseTo(10, 12);
  });

  it('are inverted in every argument', () => {
    fc.assert(
      fc.property(size, size, size, constant, (n, d, P, C) => {
        const L = scalingLaw(n, d, P, C);
        expect(scalingLawParameters(n, d, L, C) / P).toBeCloseTo(1, 10);
        expect(scalingLawSampleSize(d, P, L, C) / n).toBeCloseTo(1, 10);
        expect(scalingLawDimension(n, P, L, C) / d).toBeCloseTo(1, 10);
        const two = twoLayerLaw(n, P, C);
        expect(twoLayerNeurons(n, two, C) / P).toBeCloseTo(1, 10);
        expect(twoLayerSampleSize(P, two, C) / n).toBeCloseTo(1, 10);
        const bounded = boundedDataLaw(n, P, C);
        expect(boundedDataParameters(n, bounded, C) / P).toBeCloseTo(1, 10);
        expect(boundedDataSampleSize(P, bounded, C) / n).toBeCloseTo(1, 10);
      }),
    );
    fc.assert(
      fc.property(
        fc.double({ min: 2, max: 1e9, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        constant,
        (n, d, C) => {
          const L = crowdingLaw(n, d, C);
          expect(crowdingSampleSize(d, L, C) / n).toBeCloseTo(1, 8);
          expect(crowdingDimension(n, L, C) / d).toBeCloseTo(1, 6);
        },
      ),
    );
  });

  it('agree with each other: k neurons of d weights', () => {
    fc.assert(
      fc.property(size, size, size, (n, d, k) => {
        expect(twoLayerLaw(n, k) / scalingLaw(n, d, k * d)).toBeCloseTo(1, 10);
        expect(scalingLaw(n, d, k) / boundedDataLaw(n, k)).toBeCloseTo(Math.sqrt(d), -Math.log10(d) + 8);
      }),
    );
  });

  it('refuse what is not positive, and a law that is never so small', () => {
    expect(() => scalingLaw(0, 1, 1)).toThrow(/invalid n: 0/);
    expect(() => scalingLawParameters(1, 1, 0)).toThrow(/invalid L: 0/);
    expect(() => scalingLaw(1, 1, 1, -1)).toThrow(/invalid C: -1/);
    expect(() => twoLayerLaw(1, 0)).toThrow(/invalid k: 0/);
    expect(() => boundedDataLaw(Number.NaN, 1)).toThrow(/invalid n: NaN/);
    expect(() => crowdingDimension(10, 1)).toThrow(/invalid L \/ C - 1: 0/);
  });
});

describe('the floor', () => {
  it('is the steepest pair: no interpolant on the sphere is flatter than 2 / max distance', () => {
    const d = 50;
    const x = sphere(rng('floor'), 20, d);
    const y = Array.from({ length: 20 }, (_, i) => (i % 2 ? 1 : -1));
    let steepest = 0;
    let nearest = Infinity;
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < i; j++) {
        if (y[i] === y[j]) continue;
        const gap = Math.hypot(...x.slice(i * d, (i + 1) * d).map((t, k) => t - x[j * d + k]!));
        steepest = Math.max(steepest, Math.abs(y[i]! - y[j]!) / gap);
        nearest = Math.min(nearest, gap);
      }
    }
    expect(interpolationFloor(2, nearest)).toBeCloseTo(steepest, 12);
    expect(interpolationFloor(2, nearest)).toBeGreaterThan(1);
    expect(interpolationFloor(0, 1)).toBe(0);
    expect(interpolationDistance(2, interpolationFloor(2, nearest))).toBeCloseTo(nearest, 12);
    expect(() => interpolationFloor(2, 0)).toThrow(/invalid distance: 0/);
    expect(() => interpolationFloor(-1, 1)).toThrow(/invalid label gap: -1/);
  });
});

describe('Madry capacity', () => {
  it('counts the layers one by one', () => {
    for (const [s, count] of [
      [1, 13_514],
      [2, 52_506],
      [4, 206_954],
      [8, 821_706],
      [16, 3_274_634],
    ] as const) {
      expect(madryParameterCount(s)).toBe(count);
      const [a, b, units] = [2 * s, 4 * s, 64 * s];
      const layers = 25 * a + a + (25 * a * b + b) + (7 * 7 * b * units + units) + (units * 10 + 10);
      expect(count).toBe(layers);
    }
    expect(() => madryParameterCount(0)).toThrow(/invalid capacity scale: 0/);
  });
});

describe('back of the envelope', () => {
  const lineOf = (envelopes: ReturnType<typeof talkEnvelope>, dataset: string, quantity: string) =>
    envelopes.find((e) => e.dataset === dataset)!.lines.find((l) => l.quantity === quantity)!;

  it('the talk: d_eff = 10 = d/100 for MNIST, 10^10 parameters for ImageNet', () => {
    const talk = talkEnvelope();
    expect(lineOf(talk, 'MNIST', 'd_eff')).toMatchObject({ rounded: 10, printed: '10^1' });
    expect(lineOf(talk, 'MNIST', 'd_eff').value).toBeCloseTo(1e6 / 6e4, 12);
    expect(lineOf(talk, 'MNIST', 'd_eff / d').rounded).toBe(0.01);
    expect(lineOf(talk, 'ImageNet', 'P')).toMatchObject({ rounded: 1e10, printed: '10^10' });
    expect(lineOf(talk, 'ImageNet', 'P').value).toBeCloseTo(2.8e12 * (1e6 / 6e4 / 784), -3);
    expect(lineOf(talk, 'ImageNet', 'P if ImageNet is the more complicated')).toMatchObject({
      rounded: 1e11,
      printed: '10^11',
    });
    expect(lineOf(talk, 'ImageNet', 'P today').printed).toBe('10^9');
  });

  it('the paper: effective dimension between 15 and 150, 10^10 to 10^11 parameters for ImageNet', () => {
    const paper = paperEnvelope();
    const [low, high] = lineOf(paper, 'MNIST', 'd_eff').value as readonly [number, number];
    expect([low, high].map((t) => Number(t.toPrecision(3)))).toEqual([16.7, 167]);
    expect(lineOf(paper, 'MNIST', 'd_eff').printed).toBe('15 - 150');
    expect(lineOf(paper, 'MNIST', 'P at the transition').value).toBe(madryParameterCount(4));
    expect(lineOf(paper, 'MNIST', 'P at 95 % robust accuracy').value).toBe(madryParameterCount(16));
    const P = lineOf(paper, 'ImageNet', 'P');
    expect(P.printed).toBe('10^10 - 10^11');
    expect(P.value).toBeGreaterThan(1e10);
    expect(P.value).toBeLessThan(1e11);
  });

  it('powers of ten in the print are the rounded numbers', () => {
    for (const { lines } of [...talkEnvelope(), ...paperEnvelope()]) {
      for (const { printed, rounded } of lines) {
        const parsed =
          printed === null
            ? []
            : [...printed.matchAll(/(?:([\d.]+)x)?10\^(\d+)/g)].map(
                (m) => Number(m[1] ?? 1) * 10 ** Number(m[2]),
              );
        if (parsed.length > 0) expect(parsed).toEqual([rounded].flat());
      }
    }
  });
});
