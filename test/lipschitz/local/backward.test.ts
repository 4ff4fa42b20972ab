// Both ways of substituting linear bounds backwards against each other, and against sums of exact integers.
import { describe, expect, it } from 'vitest';
import { IDENTITY as ID, RELU } from '../../../src/intervals/index.ts';
import { type Matrix, matrix } from '../../../src/linalg/index.ts';
import { denseBounds, type PickedRow, type RelaxedBlock } from '../../../src/lipschitz/local/backward.ts';
import { sparseBounds } from '../../../src/lipschitz/local/backward-sparse.ts';
import { mostlyZero } from '../../../src/lipschitz/local/entries.ts';
import { propagate } from '../../../src/lipschitz/local/propagation.ts';
import { unitBlocks } from '../../../src/lipschitz/local/ranges.ts';
import { regionOf } from '../../../src/lipschitz/local/region.ts';
import { chain, type Network } from '../../../src/lipschitz/network/network.ts';
import { integers, type Rng, rng, uniform } from '../../../src/random/index.ts';
import { pointsOf, randomDomain, randomNetwork, trace } from './support.ts';

const key = rng('backward');

/** Zeros at most places. */
function thinned(w: Matrix, own: Rng): Matrix {
  const kept = uniform(own, w.data.length);
  return matrix(
    w.rows,
    w.columns,
    w.data.map((v, i) => (kept[i]! < 0.3 ? v : 0)),
  );
}

function thinnedNetwork({ features, blocks, output }: Network, own: Rng): Network {
  const thin = (form: Network['output'], name: string): Network['output'] => ({
    ...form,
    terms: new Map([...form.terms].map(([k, w]) => [k, thinned(w, own.split(`${name} ${k}`))])),
  });
  return {
    features,
    blocks: blocks.map((block, k) => ({ ...block, preactivation: thin(block.preactivation, `block ${k}`) })),
    output: thin(output, 'output'),
  };
}

/** The block with the lines of the identity, without rounding. */
const straight = (block: RelaxedBlock): RelaxedBlock => ({
  ...block,
  lowerSlope: block.lowerSlope.map(() => 1),
  upperSlope: block.upperSlope.map(() => 1),
  lowerIntercept: block.lowerIntercept.map(() => 0),
  upperIntercept: block.upperIntercept.map(() => 0),
});

const bothSigns = (rows: number): PickedRow[] =>
  Array.from({ length: rows }, (_, row) => [{ row, sign: 1 } as const, { row, sign: -1 } as const]).flat();

describe('backward linear bounds', () => {
  it('agree row by row and in blocks, and hold, on random networks of any shape with many zeros', () => {
    let finite = 0;
    for (let i = 0; i < 150; i++) {
      const own = key.split(`agree ${i}`);
      const network = thinnedNetwork(randomNetwork(own), own);
      const domain = randomDomain(own, network.features);
      const region = regionOf(domain, network.features);
      const { relaxed, extents } = propagate(unitBlocks(network), region, 'interval')!;
      const picked = bothSigns(network.output.rows);
      const dense = denseBounds(network.output, picked, relaxed, extents, region.ball);
      const sparse = sparseBounds(network.output, picked, relaxed, extents, region.ball);
      picked.forEach((_, r) => {
        if (dense[r] === sparse[r]) return;
        expect(Math.abs(sparse[r]! - dense[r]!), own.path).toBeLessThanOrEqual(
          1e-11 * (1 + Math.abs(dense[r]!)),
        );
        finite++;
      });
      for (const x of pointsOf(domain, own, 20)) {
        const { output } = trace(network, x);
        for (const [at, { row, sign }] of picked.entries())
          expect(sign * output[row]!).toBeLessThanOrEqual(sparse[at]! + 1e-13 * (1 + Math.abs(output[row]!)));
      }
    }
    expect(finite).toBeGreaterThan(100);
  });

  it('enclose exact integers that float64 cannot hold, where sums cancel', () => {
    let inexact = 0;
    for (let i = 0; i < 60; i++) {
      const own = key.split(`exact ${i}`);
      const sizes = [12, 16, 14, 9];
      const weights = sizes.slice(1).map((rows, l) => {
        const columns = sizes[l]!;
        const at = own.split(`weights ${l}`);
        const w = matrix(
          rows,
          columns,
          Float64Array.from(integers(at, rows * columns, -(2 ** 30), 2 ** 30 + 1), (v, p) =>
            p % 3 === 0 ? v * 2 ** 20 + 1 : v,
          ),
        );
        return thinned(w, at.split('zeros'));
      });
      const biases = sizes
        .slice(1)
        .map((rows, l) => Float64Array.from(integers(own.split(`biases ${l}`), rows, -(2 ** 30), 2 ** 30)));
      const x = Float64Array.from(integers(own.split('x'), 12, -(2 ** 20), 2 ** 20));
      let exact = [...x].map(BigInt);
      let total = x.map(Math.abs);
      weights.forEach(({ rows, columns, data }, l) => {
        exact = Array.from({ length: rows }, (_, r) =>
          exact.reduce((sum, v, c) => sum + BigInt(data[r * columns + c]!) * v, BigInt(biases[l]![r]!)),
        );
        total = Float64Array.from({ length: rows }, (_, r) =>
          total.reduce((sum, v, c) => sum + Math.abs(data[r * columns + c]!) * v, Math.abs(biases[l]![r]!)),
        );
      });
      const network = chain(weights, ID, biases);
      const region = regionOf({ kind: 'box', lower: x, upper: x }, 12);
      const { relaxed, extents } = propagate(unitBlocks(network), region, 'interval')!;
      // Without what intervals know, the last substitution alone has to hold.
      const blind = extents.map((extent, k) =>
        k === 0 ? extent : { ...extent, spread: extent.spread.map(() => Infinity) },
      );
      for (const of of [denseBounds, sparseBounds]) {
        const bounds = of(network.output, bothSigns(9), relaxed.map(straight), blind, undefined);
        exact.forEach((truth, r) => {
          const [upper, lower] = [bounds[2 * r]!, -bounds[2 * r + 1]!];
          expect(BigInt(Math.floor(upper)) >= truth && BigInt(Math.ceil(lower)) <= truth).toBe(true);
          expect(upper - lower).toBeLessThanOrEqual(1e-12 * total[r]!);
          if (BigInt(Math.round(Number(truth))) !== truth) inexact++;
        });
      }
    }
    expect(inexact).toBeGreaterThan(500);
  });

  it('enclose zero where products cancel exactly and rounding leaves a rest', () => {
    let rests = 0;
    for (let i = 0; i < 200; i++) {
      const large = (u: number): number => Math.floor((1 + u) * 2 ** 40);
      const [p, s, t] = [...uniform(key.split(`rest ${i}`), 3)].map(large) as [number, number, number];
      // p s = q t + v.
      const product = BigInt(p) * BigInt(s);
      const q = Number(product / BigInt(t));
      const v = Number(product % BigInt(t));
      if (p * s - q * t - v !== 0) rests++;
      const first = matrix(3, 8);
      [s, t, v].forEach((w, r) => {
        first.data[8 * r + 5] = w;
      });
      const network = chain([first, matrix(1, 3, Float64Array.of(p, -q, -1))], ID);
      const x = new Float64Array(8).fill(1);
      const region = regionOf({ kind: 'box', lower: x, upper: x }, 8);
      const { relaxed, extents } = propagate(unitBlocks(network), region, 'interval')!;
      const blind = extents.map((extent, k) =>
        k === 0 ? extent : { ...extent, spread: extent.spread.map(() => Infinity) },
      );
      for (const of of [denseBounds, sparseBounds])
        for (const bound of of(network.output, bothSigns(1), relaxed.map(straight), blind, undefined)) {
          expect(bound).toBeGreaterThanOrEqual(0);
          expect(bound).toBeLessThan(1e-13 * p * s);
        }
    }
    expect(rests).toBeGreaterThan(100);
  });

  it('are no bounds where coefficients overflow, and exact where there is nothing to sum', () => {
    const huge = matrix(8, 8);
    for (let j = 0; j < 8; j++) huge.data[9 * j] = 1e200;
    const overflowing = chain([huge, huge, huge], RELU);
    const region = regionOf(
      { kind: 'box', lower: new Float64Array(8).fill(0.5), upper: new Float64Array(8).fill(1) },
      8,
    );
    const { relaxed, extents } = propagate(unitBlocks(overflowing), region, 'interval')!;
    const bounds = sparseBounds(overflowing.output, bothSigns(8), relaxed, extents, region.ball);
    bounds.forEach((bound, r) => {
      expect(bound).toBe(
        r % 2 === 0
          ? Infinity
          : denseBounds(overflowing.output, bothSigns(8), relaxed, extents, undefined)[r],
      );
    });
    const zero = {
      ...overflowing.output,
      terms: new Map([[2, matrix(8, 8)]]),
      bias: new Float64Array(8).fill(3),
    };
    for (const bound of sparseBounds(zero, bothSigns(8).slice(0, 1), relaxed, extents, undefined))
      expect(bound).toBeCloseTo(3, 12);
    expect(mostlyZero([huge])).toBe(true);
    expect(mostlyZero([matrix(1, 1, Float64Array.of(1))])).toBe(false);
  });
});
