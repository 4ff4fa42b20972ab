import { describe, expect, it } from 'vitest';
import { type Domain, GLOBAL } from '../../../src/guarantee/index.ts';
import { IDENTITY, RELU } from '../../../src/intervals/index.ts';
import { type Matrix, matrix, multiply, multiplyVector, row } from '../../../src/linalg/index.ts';
import {
  certifiedMargin,
  neuronRanges,
  outputRange,
  slopesOnDomain,
} from '../../../src/lipschitz/local/ranges.ts';
import { chain, type Network } from '../../../src/lipschitz/network/network.ts';
import { readNetwork } from '../../../src/lipschitz/network/read.ts';
import { dual } from '../../../src/lipschitz/norms.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { instances, mnistfc, reference } from '../../oracles/mnistfc.ts';
import { NORMS, pointsOf, randomDomain, randomNetwork, trace, vectorNorm } from './support.ts';

const key = rng('ranges');
const gaussian = (name: string, rows: number, columns: number): Matrix =>
  matrix(rows, columns, normal(key.split(name), rows * columns));

describe('ranges on boxes and balls', () => {
  it('contain what random networks compute at random points, with slack only of rounding', () => {
    for (let i = 0; i < 200; i++) {
      const own = key.split(`contained ${i}`);
      const network = randomNetwork(own);
      const domain = randomDomain(own, network.features);
      const ranges = neuronRanges(network, domain);
      const slopes = slopesOnDomain(network, domain);
      const outputs = outputRange(network, domain);
      for (const x of pointsOf(domain, own, 40)) {
        const { preactivations, output } = trace(network, x);
        const escapes = [...preactivations, output].map((z, k) => {
          const { lower, upper } = ranges[k] ?? outputs;
          // The reference itself is rounded.
          return Math.max(
            ...z.map((v, j) => Math.max(lower[j]! - v, v - upper[j]!) - 1e-13 * (1 + Math.abs(v))),
          );
        });
        expect(Math.max(...escapes), own.path).toBeLessThanOrEqual(0);
        preactivations.forEach((z, k) => {
          z.forEach((v, j) => {
            const [a, b] = network.blocks[k]!.activations[j]!.slopesOn(v, v);
            const [least, largest] = slopes[k]![j]!;
            if (!(least <= b + 1e-9 && largest >= a - 1e-9))
              expect.fail(`slope ${a} outside of ${least}, ${largest}`);
          });
        });
      }
    }
  });

  it('are exact for affine functions: <w, c> + b -+ r |w| in the dual norm, however many layers', () => {
    for (const norm of NORMS) {
      const [w1, w2, w3] = [gaussian('a', 5, 4), gaussian('b', 3, 5), gaussian('c', 2, 3)];
      const bias = normal(key.split('bias'), 2);
      const network = chain([w1, w2, w3], IDENTITY, [new Float64Array(5), new Float64Array(3), bias]);
      const centre = normal(key.split('centre'), 4);
      const { lower, upper } = outputRange(network, { kind: 'ball', centre, radius: 0.7, norm });
      const product = multiply(w3, multiply(w2, w1));
      multiplyVector(product, centre).forEach((at, i) => {
        const reach = 0.7 * vectorNorm(row(product, i), dual(norm));
        expect(lower[i]).toBeCloseTo(at + bias[i]! - reach, 10);
        expect(upper[i]).toBeCloseTo(at + bias[i]! + reach, 10);
      });
    }
  });

  it('have the exact upper end for a convex function of one neuron: the larger value at the ends', () => {
    for (let i = 0; i < 50; i++) {
      const [w, b, a, low, width] = normal(key.split(`convex ${i}`), 5);
      const network = chain(
        [matrix(1, 1, Float64Array.of(w!)), matrix(1, 1, Float64Array.of(Math.abs(a!)))],
        RELU,
        [Float64Array.of(b!), Float64Array.of(0)],
      );
      const high = low! + Math.abs(width!);
      const f = (x: number) => Math.abs(a!) * Math.max(0, w! * x + b!);
      const domain: Domain = { kind: 'box', lower: Float64Array.of(low!), upper: Float64Array.of(high) };
      expect(outputRange(network, domain).upper[0]).toBeCloseTo(Math.max(f(low!), f(high)), 12);
    }
  });

  it('bound differences of outputs as they are: equal outputs differ by nothing', () => {
    const w = gaussian('first', 6, 3);
    const output = matrix(
      2,
      6,
      Float64Array.from([...normal(key.split('row'), 6)].concat([...normal(key.split('row'), 6)])),
    );
    const network = chain([w, output], RELU);
    const domain: Domain = { kind: 'ball', centre: new Float64Array(3), radius: 2, norm: 'l2' };
    const difference = outputRange(network, domain, matrix(1, 2, Float64Array.of(1, -1)));
    expect(difference.upper[0]).toBeLessThan(1e-12);
    expect(difference.lower[0]).toBeGreaterThan(-1e-12);
    const { lower, upper } = outputRange(network, domain);
    expect(upper[0]! - lower[1]!).toBeGreaterThan(0.1);
  });

  it('at a point are its values', () => {
    for (let i = 0; i < 40; i++) {
      const own = key.split(`point ${i}`);
      const network = randomNetwork(own);
      const x = normal(own.split('x'), network.features);
      const { lower, upper } = outputRange(network, { kind: 'box', lower: x, upper: x });
      trace(network, x).output.forEach((v, j) => {
        expect(upper[j]! - lower[j]!).toBeLessThan(1e-8 * (1 + Math.abs(v)));
        expect((upper[j]! + lower[j]!) / 2).toBeCloseTo(v, 7);
      });
    }
  });

  it('allow for the errors of merged weights', () => {
    for (let i = 0; i < 40; i++) {
      const own = key.split(`merged ${i}`);
      const exact = randomNetwork(own);
      const error = 0.01;
      const off = (form: Network['output'], name: string): Network['output'] => ({
        ...form,
        terms: new Map(
          [...form.terms].map(([k, w]) => {
            const noise = uniform(own.split(`${name} ${k}`), w.data.length, -error, error);
            return [
              k,
              matrix(
                w.rows,
                w.columns,
                w.data.map((v, j) => v + noise[j]!),
              ),
            ];
          }),
        ),
        bias: form.bias.map((b) => b + error),
        coefficientError: error * (1 + 1e-9),
        biasError: error * (1 + 1e-9),
      });
      const stored: Network = {
        ...exact,
        blocks: exact.blocks.map((block, k) => ({
          ...block,
          preactivation: off(block.preactivation, `${k}`),
        })),
        output: off(exact.output, 'output'),
      };
      const domain = randomDomain(own, exact.features);
      const { lower, upper } = outputRange(stored, domain);
      for (const x of pointsOf(domain, own, 20)) {
        trace(exact, x).output.forEach((v, j) => {
          expect(v).toBeGreaterThanOrEqual(lower[j]!);
          expect(v).toBeLessThanOrEqual(upper[j]!);
        });
      }
    }
  });

  it('survive huge and tiny scales', () => {
    for (const scale of [1e-150, 1e150, 1e-300, 1e300]) {
      const w = gaussian('scaled', 4, 2);
      const network = chain(
        [
          matrix(
            4,
            2,
            w.data.map((v) => v * scale),
          ),
          gaussian('after', 2, 4),
        ],
        RELU,
      );
      const domain: Domain = { kind: 'ball', centre: Float64Array.of(1, -1), radius: 0.5, norm: 'linf' };
      const { lower, upper } = outputRange(network, domain);
      for (const x of pointsOf(domain, key.split('scaled'), 20)) {
        trace(network, x).output.forEach((v, j) => {
          expect(v).toBeGreaterThanOrEqual(lower[j]!);
          expect(v).toBeLessThanOrEqual(upper[j]!);
        });
      }
      expect(upper[0]! / scale).toBeLessThan(100);
    }
  });

  it('know nothing where weights are NaN', () => {
    const network = chain(
      [matrix(1, 1, Float64Array.of(Number.NaN)), matrix(1, 1, Float64Array.of(1))],
      RELU,
    );
    const domain: Domain = { kind: 'box', lower: Float64Array.of(0), upper: Float64Array.of(1) };
    expect(outputRange(network, domain).upper[0]).toBe(Infinity);
  });

  it('refuse domains that are unbounded, empty, infinite or of another size', () => {
    const network = chain([gaussian('u', 2, 2), gaussian('v', 1, 2)], RELU);
    const box = (lower: number[], upper: number[]): Domain => ({
      kind: 'box',
      lower: Float64Array.from(lower),
      upper: Float64Array.from(upper),
    });
    expect(() => neuronRanges(network, GLOBAL)).toThrow(/expected a box or a ball/);
    expect(() => neuronRanges(network, box([0, 1], [1, 0]))).toThrow(
      /upper end 1 of the box: 0; expected at least the lower end, 1/,
    );
    expect(() => neuronRanges(network, box([0], [1]))).toThrow(
      /coordinates of the lower end of the box: 1; expected 2/,
    );
    expect(() => neuronRanges(network, box([0, Number.NaN], [1, 1]))).toThrow(
      /coordinate 1 of the lower end of the box: NaN/,
    );
    expect(() =>
      neuronRanges(network, { kind: 'ball', centre: new Float64Array(2), radius: -1, norm: 'l2' }),
    ).toThrow(/radius: -1/);
    expect(() => certifiedMargin(network, box([0, 0], [1, 1]), 0)).toThrow(/at least two/);
  });
});

describe('certified margins', () => {
  it('are those of a linear classifier, in closed form', () => {
    const w = gaussian('linear', 3, 4);
    const network = chain([w], RELU);
    const centre = normal(key.split('linear centre'), 4);
    const logits = multiplyVector(w, centre);
    const label = logits.indexOf(Math.max(...logits));
    for (const norm of NORMS) {
      const margins = [0, 1, 2]
        .filter((j) => j !== label)
        .map((j) => {
          const difference = row(w, label).map((v, i) => v - row(w, j)[i]!);
          return logits[label]! - logits[j]! - 0.1 * vectorNorm(difference, dual(norm));
        });
      expect(certifiedMargin(network, { kind: 'ball', centre, radius: 0.1, norm }, label)).toBeCloseTo(
        Math.min(...margins),
        12,
      );
    }
  });

  it.skipIf(!reference)(
    'agree with the verdicts of VNN-COMP 2021 on mnistfc 256x2 (set ROBUSTLAW_REFERENCE to the folder that holds vnncomp)',
    () => {
      const network = readNetwork(mnistfc().forBatch(1));
      const least: Record<string, number> = { '0.03': 7, '0.05': 4 };
      for (const eps of ['0.03', '0.05']) {
        let certified = 0;
        for (const { name, lower, upper, label, violated } of instances(eps)) {
          const margin = certifiedMargin(network, { kind: 'box', lower, upper }, label);
          if (violated) expect(margin, name).toBeLessThanOrEqual(0);
          if (margin > 0) certified++;
        }
        expect(certified, eps).toBeGreaterThanOrEqual(least[eps]!);
      }
    },
  );
});
