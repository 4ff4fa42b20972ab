import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  type Graph,
  graph,
  input,
  leakyRelu,
  linear,
  mul,
  parameter,
  prelu,
  relu,
  sigmoid,
  tensor,
  type Value,
} from '../../../src/graph/index.ts';
import type { Activation } from '../../../src/intervals/index.ts';
import { preluOf } from '../../../src/intervals/index.ts';
import { matrix } from '../../../src/linalg/index.ts';
import { evaluateNetwork } from '../../../src/lipschitz/network/evaluate.ts';
import type { Network } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { patternStarts } from '../../../src/lipschitz/two-layer/patterns.ts';
import { asTwoLayer, gradientRows } from '../../../src/lipschitz/two-layer/two-layer.ts';
import { twoLayerBound, twoLayerBoundOf } from '../../../src/lipschitz/two-layer/two-layer-bound.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { exact } from '../../numeric/exact.ts';

const gaussian = (name: string, shape: readonly number[], seed: number): Value =>
  parameter(
    name,
    tensor(
      'float64',
      shape,
      normal(
        rng(seed).split(name),
        shape.reduce((a, b) => a * b),
      ),
    ),
  );
const dataOf = (v: Value) => (v.node.attributes.value as { data: Float64Array }).data;

interface Case {
  readonly g: Graph;
  readonly w: Float64Array;
  readonly a: Float64Array;
  readonly v: Float64Array;
  /** Slope of each neuron on its left; on its right it is 1. */
  readonly left: Float64Array;
}

/** x -> a . prelu(W x + b) + v . x, a slope for each neuron. */
function skipping(d: number, k: number, seed: number): Case {
  const x = input('x', 'float64', [1, d]);
  const [w, b, a, v, left] = [
    gaussian('w', [k, d], seed),
    gaussian('b', [k], seed),
    gaussian('a', [1, k], seed),
    gaussian('v', [1, d], seed),
    gaussian('left', [k], seed),
  ] as [Value, Value, Value, Value, Value];
  const y = add(linear(prelu(linear(x, w, b), left), a), linear(x, v));
  return { g: graph([x], { y }), w: dataOf(w), a: dataOf(a), v: dataOf(v), left: dataOf(left) };
}

/** The largest |v + sum_l a_l t_l w_l| over t_l in {left_l, 1}. */
function steepest({ w, a, v, left }: Case, d: number, k: number): number {
  let best = 0;
  for (let pattern = 0; pattern < 2 ** k; pattern++) {
    const gradient = Array.from(v);
    for (let l = 0; l < k; l++) {
      const slope = (pattern >> l) & 1 ? 1 : left[l]!;
      for (let j = 0; j < d; j++) gradient[j]! += slope * a[l]! * w[l * d + j]!;
    }
    best = Math.max(best, Math.hypot(...gradient));
  }
  return best;
}

describe('two-layer networks with a slope per neuron and a skip', () => {
  test('the bound lies between the steepest of all patterns and sqrt(pi / 2) times it', () => {
    for (let seed = 0; seed < 30; seed++) {
      const [d, k] = [1 + (seed % 5), 1 + (seed % 9)];
      const made = skipping(d, k, seed);
      const largest = steepest(made, d, k);
      const { value } = twoLayerBound(made.g);
      expect(value).toBeGreaterThanOrEqual(largest * (1 - 1e-13));
      expect(value).toBeLessThanOrEqual(largest * Math.sqrt(Math.PI / 2) * (1 + 1e-3));
    }
  });

  test('on the line the bound is the larger of the slopes at the ends', () => {
    for (let seed = 0; seed < 20; seed++) {
      const made = skipping(1, 1, seed);
      expect(twoLayerBound(made.g).value / steepest(made, 1, 1)).toBeCloseTo(1, 6);
    }
  });

  test('some point of patternStarts() has the steepest pattern where neurons are independent', () => {
    for (let seed = 0; seed < 15; seed++) {
      const [d, k] = [6, 4];
      const made = skipping(d, k, seed);
      const network = readNetwork(made.g);
      const points = patternStarts(asTwoLayer(network)!, 1, rng(seed));
      const slopes = points.map((x) => {
        const gradient = Array.from({ length: d }, (_, j) => {
          const [up, down] = [x.slice(), x.slice()];
          up[j]! += 1e-6;
          down[j]! -= 1e-6;
          return (evaluateNetwork(network, up)[0]! - evaluateNetwork(network, down)[0]!) / 2e-6;
        });
        return Math.hypot(...gradient);
      });
      expect(Math.max(...slopes) / steepest(made, d, k)).toBeGreaterThan(0.99);
    }
  });

  test('merged layers around the activation are one two-layer network', () => {
    const x = input('x', 'float64', [1, 3]);
    const hidden = linear(linear(x, gaussian('p', [4, 3], 1)), gaussian('q', [5, 4], 1));
    const y = mul(linear(linear(sigmoid(hidden), gaussian('r', [2, 5], 1)), gaussian('s', [1, 2], 1)), 0.5);
    const network = asTwoLayer(readNetwork(graph([x], { y })))!;
    expect(network.weightError).toBeGreaterThan(0);
    expect(network.outputError).toBeGreaterThan(0);
    expect(network.weightError + network.outputError).toBeLessThan(1e-14);
  });

  test('other networks have no such form', () => {
    const x = input('x', 'float64', [1, 3]);
    const w = gaussian('w', [4, 3], 1);
    const deep = leakyRelu(linear(relu(linear(x, w)), gaussian('u', [1, 4], 1)), 0.5);
    for (const y of [linear(x, w), relu(linear(x, w)), deep]) {
      expect(asTwoLayer(readNetwork(graph([x], { y })))).toBeUndefined();
      expect(() => twoLayerBound(graph([x], { y }))).toThrow(/one hidden layer and one output/);
    }
  });

  test('slopes without bound give no finite bound', () => {
    const exponential: Activation = { ...preluOf(0.5), slopes: [0, Number.POSITIVE_INFINITY] };
    const network = networkOf(2, 1, Float64Array.of(1, 2), [exponential], Float64Array.of(1), 0, 0);
    expect(twoLayerBoundOf(asTwoLayer(network)!).value).toBe(Number.POSITIVE_INFINITY);
  });
});

function networkOf(
  d: number,
  k: number,
  w: Float64Array,
  activations: readonly Activation[],
  a: Float64Array,
  weightError: number,
  outputError: number,
  v?: Float64Array,
): Network {
  const terms = new Map([[1, matrix(1, k, a)]]);
  if (v) terms.set(0, matrix(1, d, v));
  const plain = { coefficientError: 0, biasError: 0 };
  return {
    features: d,
    blocks: [
      {
        preactivation: {
          ...plain,
          rows: k,
          terms: new Map([[0, matrix(k, d, w)]]),
          bias: new Float64Array(k),
          coefficientError: weightError,
        },
        activations,
      },
    ],
    output: { ...plain, rows: 1, terms, bias: new Float64Array(1), coefficientError: outputError },
  };
}

test('the rows lie within their errors of those of every network that the stated errors allow', () => {
  const scales = fc.constantFrom(1e-150, 1e-8, 1, 1e8, 1e150);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      scales,
      scales,
      fc.integer(),
      (d, k, ofW, ofA, seed) => {
        const key = rng(seed);
        const drawn = (name: string, n: number, scale: number) =>
          Float64Array.from(normal(key.split(name), n), (z) => z * scale);
        const [w, a, v] = [drawn('w', k * d, ofW), drawn('a', k, ofA), drawn('v', d, ofA * ofW)];
        const left = drawn('left', k, 1);
        const [weightError, outputError] = [ofW * 1e-14, ofA * 1e-13];
        const activations = Array.from(left, (slope) => preluOf(slope));
        const network = networkOf(d, k, w, activations, a, weightError, outputError, v);
        const { rows, error, exponent } = gradientRows(asTwoLayer(network)!);
        // A true network within the errors, in integers times 2^-1074.
        const shifts = uniform(key.split('shifts'), k * d + k + d, -1, 1);
        let next = 0;
        const perturbed = (values: Float64Array, e: number) =>
          Array.from(values, (z) => {
            const shift = shifts[next++]! * e;
            return exact(z) + exact(shift);
          });
        const [trueW, trueA, trueV] = [
          perturbed(w, weightError),
          perturbed(a, outputError),
          perturbed(v, outputError),
        ];
        // Everything times 2^(4 * 1074 + 1): a, w and a slope, and the half.
        const one = 1n << 1074n;
        const truth = Array.from({ length: (k + 1) * d }, () => 0n);
        for (let j = 0; j < d; j++) {
          truth[j] = trueV[j]! * 2n * one * one;
          for (let l = 0; l < k; l++) {
            const product = trueA[l]! * trueW[l * d + j]!;
            const [slope, unit] = [exact(left[l]!), one];
            truth[j]! += product * (slope + unit);
            truth[(l + 1) * d + j] = product * (slope > unit ? slope - unit : unit - slope);
          }
        }
        truth.forEach((exactly, i) => {
          // rows = 2^-exponent R: both sides times 2^exponent, one of them shifted by it.
          const stored = exact(rows.data[i]!) * 2n * one * one;
          const slack = exact(error[i]!) * 2n * one * one;
          const [left, right, by] =
            exponent >= 0
              ? [exactly, stored, slack].map((z, at) => (at === 0 ? z : z << BigInt(exponent)))
              : [exactly, stored, slack].map((z, at) => (at === 0 ? z << BigInt(-exponent) : z));
          const gap = left! - right!;
          expect((gap < 0n ? -gap : gap) <= by!).toBe(true);
        });
      },
    ),
    { numRuns: 200 },
  );
});
