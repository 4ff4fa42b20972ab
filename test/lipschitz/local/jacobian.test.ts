import { describe, expect, it } from 'vitest';
import { RELU } from '../../../src/intervals/index.ts';
import { type Matrix, matrix, multiply } from '../../../src/linalg/index.ts';
import { expansionBound } from '../../../src/lipschitz/local/expansion.ts';
import { largestNorm } from '../../../src/lipschitz/local/interval-jacobian.ts';
import {
  absoluteSums,
  jacobianEnclosure,
  type Slopes,
  summedIn,
} from '../../../src/lipschitz/local/jacobian.ts';
import { slopesOnDomain } from '../../../src/lipschitz/local/ranges.ts';
import { reduced } from '../../../src/lipschitz/local/reduction.ts';
import { chain, type Network, neuronCount } from '../../../src/lipschitz/network/network.ts';
import { operatorNormUpper } from '../../../src/lipschitz/norms.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { whenDone } from '../../../src/stop.ts';
import { matrixNorm, randomDomain, randomNetwork, slopesWithin, trace } from './support.ts';

const key = rng('jacobian');
const gaussian = (name: string, rows: number, columns: number): Matrix =>
  matrix(rows, columns, normal(key.split(name), rows * columns));

/** Ranges of slopes of every kind: those of a domain, or any at all. */
function randomSlopes(network: Network, name: string): Slopes {
  const own = key.split(name);
  if (name.length % 2 === 0) return slopesOnDomain(network, randomDomain(own, network.features));
  return network.blocks.map(({ activations }, k) => {
    const ends = uniform(own.split(`ends ${k}`), 2 * activations.length, -1, 1.5);
    return activations.map((_, i) => {
      const [p, q] = [ends[2 * i]!, ends[2 * i + 1]!];
      if (i % 3 === 0) return [0, 1];
      return i % 3 === 1 ? [p, p] : [Math.min(p, q), Math.max(p, q)];
    });
  });
}

const magnitudeBound = (network: Network, slopes: Slopes, method: 'interval' | 'linear'): number =>
  largestNorm(jacobianEnclosure(network, slopes, method), 'l2');

const largestSum = (network: Network, slopes: Slopes, norm: 'l1' | 'linf', stop = whenDone): number => {
  const derivatives = summedIn(norm, network, slopes);
  return Math.max(...absoluteSums(derivatives, new Float64Array(derivatives.sources).fill(Infinity), stop));
};

describe('bounds on Jacobians with slopes in known ranges', () => {
  it('hold for slopes within them, entry by entry and in all three norms; linear ones are never the looser', () => {
    let gained = 0;
    for (let i = 0; i < 150; i++) {
      const name = `slopes ${'x'.repeat(i % 2)}${i}`;
      const network = randomNetwork(key.split(name));
      const slopes = randomSlopes(network, name);
      const interval = jacobianEnclosure(network, slopes, 'interval');
      const linear = jacobianEnclosure(network, slopes, 'linear');
      const sums = { l1: largestSum(network, slopes, 'l1'), linf: largestSum(network, slopes, 'linf') };
      const intervalSums = {
        l1: largestSum(network, slopes, 'l1', () => true),
        linf: largestSum(network, slopes, 'linf', () => true),
      };
      expect(sums.l1).toBeLessThanOrEqual(intervalSums.l1);
      expect(sums.linf).toBeLessThanOrEqual(intervalSums.linf);
      if (sums.linf < 0.999 * intervalSums.linf) gained++;
      // The rule of the interval Jacobian: the norm of the largest magnitudes.
      const largest = matrix(
        interval.lower.rows,
        interval.lower.columns,
        interval.lower.data.map((low, at) => Math.max(-low, interval.upper.data[at]!)),
      );
      const rule = network.output.rows <= network.features ? 'linf' : 'l1';
      expect(intervalSums[rule]).toBeLessThanOrEqual(matrixNorm(largest, rule) * (1 + 1e-12) + 1e-12);
      const euclidean = Math.min(
        expansionBound(network, slopes, 'middle'),
        expansionBound(network, slopes, 'zero'),
        magnitudeBound(network, slopes, 'linear'),
      );
      for (let sample = 0; sample < 20; sample++) {
        const picked = slopesWithin(slopes, key.split(`${name} sample ${sample}`));
        const { jacobian } = trace(network, new Float64Array(network.features), picked);
        const slack = 1e-12 * (1 + matrixNorm(jacobian, 'linf'));
        const escapes = [interval, linear].flatMap(({ lower, upper }) =>
          Array.from(jacobian.data, (v, at) => Math.max(lower.data[at]! - v, v - upper.data[at]!)),
        );
        expect(Math.max(...escapes), name).toBeLessThanOrEqual(slack);
        expect(matrixNorm(jacobian, 'l1'), name).toBeLessThanOrEqual(sums.l1 + slack);
        expect(matrixNorm(jacobian, 'linf'), name).toBeLessThanOrEqual(sums.linf + slack);
        expect(matrixNorm(jacobian, 'l2'), name).toBeLessThanOrEqual(euclidean + slack);
      }
    }
    expect(gained).toBeGreaterThan(10);
  });

  it('are the norm of the Jacobian where all slopes are fixed', () => {
    const weights = [gaussian('a', 5, 3), gaussian('b', 4, 5), gaussian('c', 2, 4)];
    const network = chain(weights, RELU);
    const s = [
      [1, 0, 1, 0.1, 1],
      [0.5, 1, 0, 2],
    ];
    const slopes: Slopes = s.map((block) => block.map((v) => [v, v] as const));
    const diagonal = (v: number[]) =>
      matrix(
        v.length,
        v.length,
        Float64Array.from({ length: v.length ** 2 }, (_, i) =>
          i % (v.length + 1) === 0 ? v[i / (v.length + 1)]! : 0,
        ),
      );
    const product = [diagonal(s[0]!), weights[1]!, diagonal(s[1]!), weights[2]!].reduce(
      (p, w) => multiply(w, p),
      weights[0]!,
    );
    expect(largestSum(network, slopes, 'l1')).toBeCloseTo(matrixNorm(product, 'l1'), 11);
    expect(largestSum(network, slopes, 'linf')).toBeCloseTo(matrixNorm(product, 'linf'), 11);
    for (const bound of [
      expansionBound(network, slopes, 'middle'),
      expansionBound(network, slopes, 'zero'),
      magnitudeBound(network, slopes, 'interval'),
    ])
      expect(bound).toBeCloseTo(matrixNorm(product, 'l2'), 11);
  });

  it('around zero are the product of spectral norms for unknown ReLU slopes', () => {
    const weights = [gaussian('d', 5, 3), gaussian('e', 4, 5), gaussian('f', 2, 4)];
    const slopes: Slopes = [5, 4].map((n) => new Array(n).fill([0, 1]));
    const product = weights.reduce((total, w) => total * matrixNorm(w, 'l2'), 1);
    expect(expansionBound(chain(weights, RELU), slopes, 'zero')).toBeCloseTo(product, 9);
  });

  it('are exact for one hidden layer, one output and weights of one sign', () => {
    // J = sum_l a_l s_l w_l with all terms >= 0: every slope at its upper end.
    const w = matrix(4, 3, gaussian('g', 4, 3).data.map(Math.abs));
    const a = matrix(1, 4, gaussian('h', 1, 4).data.map(Math.abs));
    const slopes: Slopes = [
      [
        [0, 1],
        [0.2, 0.7],
        [0, 0],
        [0, 1],
      ],
    ];
    const steepest = matrix(
      1,
      3,
      Float64Array.from({ length: 3 }, (_, m) =>
        [1, 0.7, 0, 1].reduce((sum, s, l) => sum + a.data[l]! * s * w.data[3 * l + m]!, 0),
      ),
    );
    const network = chain([w, a], RELU);
    expect(largestSum(network, slopes, 'l1')).toBeCloseTo(matrixNorm(steepest, 'l1'), 12);
    expect(largestSum(network, slopes, 'linf')).toBeCloseTo(matrixNorm(steepest, 'linf'), 12);
    expect(magnitudeBound(network, slopes, 'interval')).toBeCloseTo(matrixNorm(steepest, 'l2'), 12);
  });
});

describe('reduction to the neurons of unknown slope', () => {
  it('keeps the Jacobian within the error it states, and no neuron of fixed slope', () => {
    for (let i = 0; i < 150; i++) {
      const name = `reduced ${'x'.repeat(i % 2)}${i}`;
      const network = randomNetwork(key.split(name));
      const slopes = randomSlopes(network, name);
      const small = reduced(network, slopes);
      expect(small.slopes.flat().every(([a, b]) => a < b)).toBe(true);
      expect(neuronCount(small.network)).toBe(slopes.flat().filter(([a, b]) => a < b).length);
      const picked = slopesWithin(slopes, key.split(`${name} sample`));
      const there = small.neurons.map((block) =>
        Float64Array.from(block, ({ block: k, index }) => picked[k]![index]!),
      );
      const x = new Float64Array(network.features);
      const expected = trace(network, x, picked).jacobian;
      const actual = trace(small.network, x, there).jacobian;
      const scale = 1 + operatorNormUpper(expected, 'linf');
      expected.data.forEach((v, at) => {
        expect(Math.abs(v - actual.data[at]!)).toBeLessThan(1e-12 * scale);
      });
      const forms = [...small.network.blocks.map(({ preactivation }) => preactivation), small.network.output];
      expect(Math.max(...forms.map(({ coefficientError }) => coefficientError))).toBeLessThan(1e-10);
      // Intervals of merged weights lie within those of their factors.
      const whole = largestSum(network, slopes, 'linf', () => true);
      expect(largestSum(small.network, small.slopes, 'linf', () => true)).toBeLessThanOrEqual(
        whole * (1 + 1e-9) + 1e-9,
      );
    }
  });
});
