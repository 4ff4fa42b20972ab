import { describe, expect, it } from 'vitest';
import { type CertifiedUpperBound, type Domain, GLOBAL } from '../../../src/guarantee/index.ts';
import { EXP, leakyReluOf, RELU, TANH } from '../../../src/intervals/index.ts';
import { type Matrix, matrix, multiply } from '../../../src/linalg/index.ts';
import { localBound, localLipschitz } from '../../../src/lipschitz/local/local.ts';
import { chain, type Network } from '../../../src/lipschitz/network/network.ts';
import { normal, rng, uniform } from '../../../src/random/index.ts';
import { afterSeconds, type Stop } from '../../../src/stop.ts';
import {
  matrixNorm,
  NORMS,
  PIECEWISE,
  pick,
  pointsOf,
  randomDomain,
  randomNetwork,
  trace,
  vectorNorm,
} from './support.ts';

const key = rng('local');
const gaussian = (name: string, rows: number, columns: number): Matrix =>
  matrix(rows, columns, normal(key.split(name), rows * columns));

/** Ends after so many questions. */
function afterSteps(count: number): Stop {
  let asked = 0;
  return () => ++asked > count;
}

const box = (lower: readonly number[], upper: readonly number[]): Domain => ({
  kind: 'box',
  lower: Float64Array.from(lower),
  upper: Float64Array.from(upper),
});

describe('local Lipschitz constants from above', () => {
  it('are never below a Jacobian or a quotient of the domain, for 300 random networks', () => {
    for (let i = 0; i < 300; i++) {
      const own = key.split(`never below ${i}`);
      const network = randomNetwork(own);
      const domain = randomDomain(own, network.features);
      const norm = NORMS[i % 3]!;
      const bound = localBound(network, domain, norm).value;
      const improved = localLipschitz(network, domain, norm, afterSteps(12)).value;
      expect(improved).toBeLessThanOrEqual(bound);
      const points = pointsOf(domain, own, 24);
      const traces = points.map((x) => trace(network, x));
      const slack = 1 + 1e-9;
      for (const { jacobian } of traces) {
        expect(matrixNorm(jacobian, norm), own.path).toBeLessThanOrEqual(improved * slack + 1e-12);
      }
      points.forEach((x, at) => {
        const other = (at + 1) % points.length;
        const apart = vectorNorm(
          x.map((v, m) => v - points[other]![m]!),
          norm,
        );
        if (apart < 1e-6) return;
        const moved = vectorNorm(
          traces[at]!.output.map((v, j) => v - traces[other]!.output[j]!),
          norm,
        );
        expect(moved / apart, own.path).toBeLessThanOrEqual(improved * slack + 1e-7);
      });
    }
  });

  it('close in on the exact constant of piecewise linear functions on an interval', () => {
    for (let i = 0; i < 40; i++) {
      const own = key.split(`line ${i}`);
      const network = onLine(randomNetwork(own, PIECEWISE));
      const [low, high] = [-2, 1.5];
      const exact = steepestOn(network, low, high);
      const { value } = localLipschitz(network, box([low], [high]), NORMS[i % 3]!, afterSeconds(5));
      expect(value, own.path).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
      expect(value, own.path).toBeLessThanOrEqual(exact * (1 + 2e-6) + 1e-9);
    }
  });

  it('close in on the steepest slope of a smooth function on an interval', () => {
    // tanh(3 x) - tanh(x): derivative 3 sech^2(3x) - sech^2(x), on [-1, 1] from 2 at 0 to its least value inside.
    const network = chain([matrix(2, 1, Float64Array.of(3, 1)), matrix(1, 2, Float64Array.of(1, -1))], TANH);
    for (const [low, high] of [
      [-1, 1],
      [0.2, 1],
    ] as const) {
      let exact = 0;
      for (let t = low; t <= high; t += 1e-5) {
        exact = Math.max(exact, Math.abs(3 / Math.cosh(3 * t) ** 2 - 1 / Math.cosh(t) ** 2));
      }
      const { value } = localLipschitz(network, box([low], [high]), 'l2', afterSeconds(3));
      expect(value).toBeGreaterThanOrEqual(exact);
      expect(value).toBeLessThan(exact * (1 + 1e-3));
    }
  });

  it('close in on the steepest of all patterns that a plane meets', () => {
    // Every piece that 200 random chords of the square cross.
    const ends = uniform(key.split('chords'), 800, -1, 1);
    for (let i = 0; i < 6; i++) {
      const weights = [
        gaussian(`plane a ${i}`, 4, 2),
        gaussian(`plane b ${i}`, 3, 4),
        gaussian(`plane c ${i}`, 2, 3),
      ];
      const biases = [4, 3, 2].map((n) => normal(key.split(`plane bias ${i} ${n}`), n));
      const network = chain(weights, i % 2 === 0 ? RELU : leakyReluOf(0.2), biases);
      const jacobians = Array.from({ length: 200 }, (_, c) =>
        piecesOn(network, ends.slice(4 * c, 4 * c + 2), ends.slice(4 * c + 2, 4 * c + 4)),
      )
        .flat()
        .map((x) => trace(network, x).jacobian);
      for (const norm of NORMS) {
        const met = Math.max(...jacobians.map((j) => matrixNorm(j, norm)));
        const { value } = localLipschitz(network, box([-1, -1], [1, 1]), norm, afterSeconds(3));
        expect(value).toBeGreaterThanOrEqual(met * (1 - 1e-9));
        expect(value, `${norm} ${i}`).toBeLessThan(met * (1 + 1e-5));
      }
    }
  });

  it('are the norm of the one Jacobian of linear networks and of stable neurons', () => {
    const [w, a] = [gaussian('stable w', 4, 3), gaussian('stable a', 2, 4)];
    const bias = Float64Array.of(9, 9, -9, 9);
    const network = chain([w, a], RELU, [bias, new Float64Array(2)]);
    const active = matrix(
      4,
      3,
      w.data.map((v, i) => (Math.floor(i / 3) === 2 ? 0 : v)),
    );
    const domain: Domain = { kind: 'ball', centre: new Float64Array(3), radius: 1, norm: 'l2' };
    for (const norm of NORMS) {
      expect(localBound(network, domain, norm).value).toBeCloseTo(matrixNorm(multiply(a, active), norm), 10);
      expect(
        localBound(chain([a], RELU), { ...domain, centre: new Float64Array(4) }, norm).value,
      ).toBeCloseTo(matrixNorm(a, norm), 10);
    }
  });

  it('tend to the norm of the Jacobian at the centre as the domain shrinks to it', () => {
    for (let i = 0; i < 60; i++) {
      const own = key.split(`shrinking ${i}`);
      const network = randomNetwork(own);
      const centre = normal(own.split('centre'), network.features);
      const norm = NORMS[i % 3]!;
      const exact = matrixNorm(trace(network, centre).jacobian, norm);
      const at = (radius: number) =>
        localBound(network, { kind: 'ball', centre, radius, norm: pick(own, 'ball', NORMS) }, norm).value;
      expect(at(1e-9)).toBeLessThan(exact * (1 + 1e-5) + 1e-6);
      expect(at(0)).toBeLessThan(exact * (1 + 1e-9) + 1e-9);
      expect(at(0)).toBeGreaterThanOrEqual(exact * (1 - 1e-12) - 1e-12);
    }
  });

  it('include both sides of a kink that is a point: Clarke Jacobians', () => {
    const network = chain([matrix(1, 1, Float64Array.of(1)), matrix(1, 1, Float64Array.of(3))], RELU);
    expect(localBound(network, box([0], [0]), 'l2').value).toBeCloseTo(3, 12);
    expect(localBound(network, box([-1], [-1]), 'l2').value).toBe(0);
  });

  it('grow with the domain, but for the noise of relaxations', () => {
    let falls = 0;
    for (let i = 0; i < 60; i++) {
      const own = key.split(`growing ${i}`);
      const network = randomNetwork(own);
      const centre = normal(own.split('centre'), network.features);
      const values = [0.05, 0.2, 0.8].map(
        (radius) => localBound(network, { kind: 'ball', centre, radius, norm: 'linf' }, NORMS[i % 3]!).value,
      );
      if (values[0]! > values[1]! * (1 + 1e-9) || values[1]! > values[2]! * (1 + 1e-9)) falls++;
    }
    expect(falls).toBeLessThanOrEqual(6);
  });

  it('stay below the global product of norms', () => {
    for (let i = 0; i < 30; i++) {
      const weights = [
        gaussian(`global a ${i}`, 6, 3),
        gaussian(`global b ${i}`, 5, 6),
        gaussian(`global c ${i}`, 2, 5),
      ];
      const network = chain(weights, RELU);
      const domain: Domain = {
        kind: 'ball',
        centre: normal(key.split(`global ${i}`), 3),
        radius: 0.5,
        norm: 'l2',
      };
      for (const norm of NORMS) {
        const product = weights.reduce((total, w) => total * matrixNorm(w, norm), 1);
        expect(localBound(network, domain, norm).value).toBeLessThanOrEqual(product * (1 + 1e-10));
      }
    }
  });

  it('only fall while branching, and are handed out as they do', () => {
    const network = chain(
      [gaussian('anytime a', 12, 4), gaussian('anytime b', 12, 12), gaussian('anytime c', 3, 12)],
      RELU,
    );
    for (const norm of NORMS) {
      const seen: CertifiedUpperBound[] = [];
      const domain = box([-1, -1, -1, -1], [1, 1, 1, 1]);
      const last = localLipschitz(network, domain, norm, afterSteps(400), (c) => seen.push(c));
      expect(seen.length).toBeGreaterThan(2);
      expect(seen.slice(1).every((c, i) => c.value < seen[i]!.value)).toBe(true);
      expect(seen.at(-1)).toEqual(last);
      expect(last).toMatchObject({ kind: 'upper', norm, domain });
      expect(last.value).toBeLessThan(0.98 * seen[0]!.value);
    }
  });

  it('handle dead neurons, zero weights and one of everything', () => {
    const domain = box([-1], [1]);
    const one = (v: number): Matrix => matrix(1, 1, Float64Array.of(v));
    for (const norm of NORMS) {
      // Zero, but for the smallest numbers that underflow could take.
      for (const flat of [
        chain([one(0), one(1)], RELU),
        chain([one(1), one(0)], RELU),
        chain([one(1), one(1)], RELU, [Float64Array.of(-5), Float64Array.of(0)]),
      ]) {
        expect(localLipschitz(flat, domain, norm).value).toBeLessThan(1e-300);
      }
      expect(localLipschitz(chain([one(2), one(-3)], RELU), domain, norm).value).toBeCloseTo(6, 9);
    }
  });

  it('survive huge and tiny weights', () => {
    for (const scale of [1e-150, 1e150]) {
      const [a, b] = [gaussian('scale a', 3, 2), gaussian('scale b', 2, 3)];
      const scaled = chain(
        [
          matrix(
            3,
            2,
            a.data.map((v) => v * scale),
          ),
          b,
        ],
        RELU,
      );
      const domain = box([-1, -1], [1, 1]);
      for (const norm of NORMS) {
        const expected = localBound(chain([a, b], RELU), domain, norm).value;
        expect(localBound(scaled, domain, norm).value / scale).toBeCloseTo(expected, 6);
      }
    }
  });

  it('follow slopes that grow without bound, and say Infinity where they overflow', () => {
    const one = matrix(1, 1, Float64Array.of(1));
    const exponential = chain([one, one], EXP);
    for (const norm of NORMS) {
      const { value } = localLipschitz(exponential, box([-1], [1]), norm);
      expect(value).toBeGreaterThanOrEqual(Math.E);
      expect(value).toBeLessThan(Math.E * (1 + 1e-5));
      expect(localBound(exponential, box([0], [2000]), norm).value).toBe(Infinity);
    }
  });

  it('refuse the whole space', () => {
    expect(() => localBound(chain([gaussian('refused', 1, 1)], RELU), GLOBAL)).toThrow(
      /expected a box or a ball/,
    );
  });
});

/** The network as a function of its first coordinate and its first output. */
function onLine(network: Network): Network {
  const narrowed = (form: Network['output'], rows: number): Network['output'] => ({
    ...form,
    rows,
    terms: new Map(
      [...form.terms].map(([k, w]) => {
        const columns = k === 0 ? 1 : w.columns;
        const data = Float64Array.from(
          { length: rows * columns },
          (_, i) => w.data[Math.floor(i / columns) * w.columns + (i % columns)]!,
        );
        return [k, matrix(rows, columns, data)];
      }),
    ),
    bias: form.bias.slice(0, rows),
  });
  return {
    features: 1,
    blocks: network.blocks.map((block) => ({
      ...block,
      preactivation: narrowed(block.preactivation, block.preactivation.rows),
    })),
    output: narrowed(network.output, 1),
  };
}

/** The largest slope of a piecewise linear function on [low, high]. */
function steepestOn(network: Network, low: number, high: number): number {
  const middles = piecesOn(network, Float64Array.of(low), Float64Array.of(high));
  return Math.max(...middles.map((x) => Math.abs(trace(network, x).jacobian.data[0]!)));
}

/** The middles of the pieces that a segment crosses: all kinks, block after block. */
function piecesOn(network: Network, from: Float64Array, to: Float64Array): Float64Array[] {
  const at = (t: number) => from.map((v, i) => v + t * (to[i]! - v));
  let cuts = [0, 1];
  network.blocks.forEach(({ activations }, k) => {
    const added: number[] = [];
    cuts.slice(1).forEach((end, c) => {
      const start = cuts[c]!;
      // Pre-activations of this block are affine between cuts.
      const [p, q] = [start, end].map((t) => trace(network, at(t)).preactivations[k]!);
      activations.forEach(({ pieces }, n) => {
        for (const kink of pieces!.breakpoints) {
          const t = (kink - p![n]!) / (q![n]! - p![n]!);
          if (t > 1e-12 && t < 1 - 1e-12) added.push(start + t * (end - start));
        }
      });
    });
    cuts = [...cuts, ...added].sort((a, b) => a - b);
  });
  return cuts.slice(1).flatMap((end, c) => (end - cuts[c]! < 1e-9 ? [] : [at(0.5 * (cuts[c]! + end))]));
}
