import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Domain, GLOBAL, type Norm, upperEnd } from '../../../src/guarantee/index.ts';
import { type Activation, RELU } from '../../../src/intervals/index.ts';
import { type Matrix, matrix, multiply } from '../../../src/linalg/index.ts';
import { type ExactLipschitz, exactLipschitz } from '../../../src/lipschitz/exact/exact.ts';
import { type AffineForm, affine, chain, type Network } from '../../../src/lipschitz/network/network.ts';
import { lipsdp } from '../../../src/lipschitz/semidefinite/lipsdp.ts';
import { integers, normal, type Rng, rng, uniform } from '../../../src/random/index.ts';
import { afterSeconds, whenDone } from '../../../src/stop.ts';
import { LINE, largestOverCells, normOf, PLANE, quotientOf, rectangle } from './oracles.ts';

const NORMS: readonly Norm[] = ['l1', 'l2', 'linf'];

function linear(
  name: string,
  breakpoints: number[],
  slopes: number[],
  value: (z: number) => number,
): Activation {
  return {
    ...RELU,
    name,
    value,
    slopes: [Math.min(...slopes), Math.max(...slopes)],
    pieces: { breakpoints, slopes },
    ...rangesOf(value, breakpoints),
  };
}
function rangesOf(value: (z: number) => number, breakpoints: number[]): Pick<Activation, 'rangeOn'> {
  return {
    rangeOn: (low, high) => {
      const ends = [low, high, ...breakpoints.filter((b) => low < b && b < high)].map(value);
      return [Math.min(...ends), Math.max(...ends)];
    },
  };
}
const LEAKY = linear('leaky', [0], [0.125, 1], (z) => (z > 0 ? z : 0.125 * z));
const ABS = linear('abs', [0], [-1, 1], Math.abs);
const CLIP = linear('clip', [-0.5, 0.75], [0, 1, 0], (z) => Math.min(0.75, Math.max(-0.5, z)));
const STAIRS = linear('stairs', [-1, 0, 1], [0.5, 2, -1, 0], (z) =>
  z < -1 ? 0.5 * z : z < 0 ? -0.5 + 2 * (z + 1) : z < 1 ? 1.5 - z : 0.5,
);
const ACTIVATIONS = [RELU, RELU, LEAKY, ABS, CLIP, STAIRS];

const gaussian = (r: Rng, rows: number, columns: number): Matrix =>
  matrix(
    rows,
    columns,
    normal(r, rows * columns).map((v) => v / Math.sqrt(columns)),
  );

/** A network of Gaussian weights: some neurons dead, doubled or opposite, some blocks with a skip connection. */
function randomNetwork(widths: readonly number[], seed: number): Network {
  const r = rng(seed);
  const [biased, skips, mixed, odd] = integers(r.split('kind'), 4, 0, 2);
  const form = (k: number): AffineForm => {
    const rows = widths[k]!;
    const w = gaussian(r.split('w').split(k), rows, widths[k - 1]!);
    const bias = normal(r.split('b').split(k), rows).map((v) => (biased ? 0.5 * v : 0));
    if (odd && rows > 2) {
      const n = w.columns;
      w.data.copyWithin(n, 0, n);
      if (k % 2) for (let j = 0; j < n; j++) w.data[2 * n + j] = -w.data[j]!;
      else w.data.fill(0, 2 * n, 3 * n);
      bias[1] = bias[0]!;
    }
    const terms = new Map([[k - 1, w]]);
    if (skips && k > 1) terms.set(k - 2, gaussian(r.split('skip').split(k), rows, widths[k - 2]!));
    return { rows, terms, bias, coefficientError: 0, biasError: 0 };
  };
  const last = widths.length - 1;
  const chosen = (k: number, i: number) =>
    ACTIVATIONS[
      (mixed ? integers(r.split('a').split(k), i + 1, 0, ACTIVATIONS.length)[i]! : seed) % ACTIVATIONS.length
    ]!;
  return {
    features: widths[0]!,
    blocks: Array.from({ length: last - 1 }, (_, k) => ({
      preactivation: form(k + 1),
      activations: Array.from({ length: widths[k + 1]! }, (_, i) => chosen(k + 1, i)),
    })),
    output: form(last),
  };
}

const box = (lower: ArrayLike<number>, upper: ArrayLike<number>): Domain => ({
  kind: 'box',
  lower: Float64Array.from(lower),
  upper: Float64Array.from(upper),
});

const solve = (network: Network, norm: Norm, domain: Domain): Promise<ExactLipschitz> =>
  exactLipschitz(network, norm, domain, rng('search'), whenDone);

/** The ends hold the truth, have met, and the witness attains its end in plain float64. */
function expectExactly(network: Network, found: ExactLipschitz, truth: number, tolerance = 1e-9): void {
  const { lower, upper } = found;
  expect(upper.kind).toBe('exact');
  expect(lower.value).toBeLessThanOrEqual(upperEnd(upper));
  expect(upperEnd(upper) - lower.value).toBeLessThanOrEqual(1e-9 * upperEnd(upper));
  expect(Math.abs(upper.value - truth)).toBeLessThanOrEqual(tolerance * Math.max(truth, 1e-300));
  expectWitnessed(network, found);
}

function expectWitnessed(network: Network, { lower }: ExactLipschitz): void {
  if (lower.witness.kind !== 'pair') throw new Error('expected a pair');
  const { a, b } = lower.witness;
  if (lower.domain.kind === 'box') {
    for (const x of [a, b]) {
      expect(x.every((v, i) => v >= (lower.domain as { lower: Float64Array }).lower[i]!)).toBe(true);
      expect(x.every((v, i) => v <= (lower.domain as { upper: Float64Array }).upper[i]!)).toBe(true);
    }
  }
  // Plain float64 errs by about 1e-16 of the values over the distance.
  const size = Math.max(1, ...a.map(Math.abs), ...b.map(Math.abs));
  const apart = Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
  if (lower.value === 0) return;
  const doubt = (1e-13 * size) / apart + 1e-12;
  const plain = quotientOf(network, a, b, lower.norm);
  expect(Math.abs(plain - lower.value)).toBeLessThanOrEqual(doubt * Math.max(lower.value, 1) * 100);
}

const reference = process.env.ROBUSTLAW_REFERENCE;
function referenceNetwork(name: string): Network {
  const { weights, biases } = JSON.parse(readFileSync(`${reference}/nets/${name}.json`, 'utf8')) as {
    weights: number[][][];
    biases?: number[][];
  };
  const ws = weights.map((w) => matrix(w.length, w[0]!.length, Float64Array.from(w.flat())));
  return chain(
    ws,
    RELU,
    biases?.map((b) => Float64Array.from(b)),
  );
}

describe('exact Lipschitz constants of published networks', () => {
  it.skipIf(!reference).for([
    ['lipsdp_random', 36.48222959637795],
    ['exlipbab_iris', 11.634355134114875],
  ] as const)(
    '%s, global l2 (set ROBUSTLAW_REFERENCE to the folder that holds nets/)',
    async ([name, truth]) => {
      const network = referenceNetwork(name);
      expectExactly(network, await solve(network, 'l2', GLOBAL), truth, 1e-12);
    },
  );
});

describe('exact Lipschitz constants against enumerations by other means', () => {
  const widths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
  const norms = fc.constantFrom(...NORMS);

  it('on the line: all breakpoints, block by block', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        widths,
        fc.integer({ min: 1, max: 3 }),
        fc.nat(1e6),
        norms,
        async (hidden, outputs, seed, norm) => {
          const network = randomNetwork([1, ...hidden, outputs], seed);
          const part = largestOverCells(network, [-1, 0.75] as const, LINE, norm);
          expectExactly(network, await solve(network, norm, box([-1], [0.75])), part);
          const whole = largestOverCells(network, [-1e5, 1e5] as const, LINE, norm);
          expectExactly(network, await solve(network, norm, GLOBAL), whole);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });

  it('on boxes of the plane: polygons cut neuron by neuron', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        widths,
        fc.integer({ min: 1, max: 3 }),
        fc.nat(1e6),
        norms,
        async (hidden, outputs, seed, norm) => {
          const network = randomNetwork([2, ...hidden, outputs], seed);
          const centre = normal(rng(seed).split('centre'), 2);
          const [lower, upper] = [centre.map((v) => v - 0.75), centre.map((v) => v + 1)];
          const truth = largestOverCells(network, rectangle(lower, upper), PLANE, norm);
          expectExactly(network, await solve(network, norm, box(lower, upper)), truth);
        },
      ),
      { numRuns: 120, seed: 2 },
    );
  });

  it('on the whole plane', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        widths,
        fc.integer({ min: 1, max: 3 }),
        fc.nat(1e6),
        norms,
        async (hidden, outputs, seed, norm) => {
          const network = randomNetwork([2, ...hidden, outputs], seed);
          const truth = largestOverCells(network, rectangle([-1e4, -1e4], [1e4, 1e4]), PLANE, norm);
          expectExactly(network, await solve(network, norm, GLOBAL), truth);
        },
      ),
      { numRuns: 100, seed: 3 },
    );
  });

  it('one block of neurons in general position, no more than features: every pattern is a cell', async () => {
    for (const norm of NORMS) {
      const [k, d] = [6, 7];
      const [w, c] = [gaussian(rng('w'), k, d), gaussian(rng('c'), 2, k)];
      let truth = 0;
      for (let pattern = 0; pattern < 2 ** k; pattern++) {
        const on = matrix(
          k,
          d,
          w.data.map((v, p) => ((pattern >> Math.floor(p / d)) & 1 ? v : 0)),
        );
        const j = multiply(c, on);
        truth = Math.max(
          truth,
          normOf(
            [0, 1].map((i) => Array.from(j.data.subarray(i * d, (i + 1) * d))),
            norm,
          ),
        );
      }
      const network = chain([w, c], RELU, [normal(rng('b'), k), new Float64Array(2)]);
      expectExactly(network, await solve(network, norm, GLOBAL), truth);
    }
  });

  it('two layers without biases on the plane: cones between the angles at which neurons turn', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const [k, norm] = [9, NORMS[seed % 3]!];
      const [w, c] = [gaussian(rng(seed).split('w'), k, 2), gaussian(rng(seed).split('c'), 3, k)];
      const turns = Array.from({ length: k }, (_, i) => Math.atan2(w.data[2 * i]!, -w.data[2 * i + 1]!))
        .flatMap((t) => [t, t > 0 ? t - Math.PI : t + Math.PI])
        .sort((a, b) => a - b);
      const truth = turns.reduce((most, t, i) => {
        const middle = (t + (turns[i + 1] ?? turns[0]! + 2 * Math.PI)) / 2;
        const on = (i: number) =>
          w.data[2 * i]! * Math.cos(middle) + w.data[2 * i + 1]! * Math.sin(middle) > 0;
        const j = [0, 1, 2].map((o) =>
          [0, 1].map((f) =>
            Array.from({ length: k }, (_, i) => (on(i) ? c.data[o * k + i]! * w.data[2 * i + f]! : 0)).reduce(
              (a, b) => a + b,
            ),
          ),
        );
        return Math.max(most, normOf(j, norm));
      }, 0);
      const network = chain([w, c], RELU);
      expectExactly(network, await solve(network, norm, GLOBAL), truth);
    }
  });

  it('no weight negative: the norm of the product of all matrices, as long as every neuron can be active', async () => {
    for (const layers of [2, 3, 5]) {
      for (const norm of NORMS) {
        const widths = [4, ...new Array<number>(layers - 1).fill(20), 2];
        const ws = widths
          .slice(1)
          .map((n, k) => matrix(n, widths[k]!, uniform(rng(layers).split(k), n * widths[k]!)));
        const product = ws.reduce((p, w) => multiply(w, p));
        const rows = [0, 1].map((i) => Array.from(product.data.subarray(4 * i, 4 * i + 4)));
        const network = chain(ws, RELU);
        expectExactly(network, await solve(network, norm, GLOBAL), normOf(rows, norm), 1e-12);
      }
    }
  });

  it('the maximum of affine functions, as max(a, b) = a + relu(b - a): the largest gradient', async () => {
    for (const norm of NORMS) {
      const g = gaussian(rng('max'), 4, 3);
      const at = (i: number) => Array.from(g.data.subarray(3 * i, 3 * i + 3));
      // m_1 = g_0 x, m_{i+1} = m_i + relu(g_i x - m_i).
      const blocks = [1, 2, 3].map((i) => {
        const terms = new Map<number, Matrix>([
          [
            0,
            matrix(
              1,
              3,
              Float64Array.from(at(i), (v, c) => v - at(0)[c]!),
            ),
          ],
        ]);
        for (let k = 1; k < i; k++) terms.set(k, matrix(1, 1, Float64Array.of(-1)));
        return {
          preactivation: { rows: 1, terms, bias: new Float64Array(1), coefficientError: 0, biasError: 0 },
          activations: [RELU],
        };
      });
      const terms = new Map<number, Matrix>([[0, matrix(1, 3, Float64Array.from(at(0)))]]);
      for (let k = 1; k <= 3; k++) terms.set(k, matrix(1, 1, Float64Array.of(1)));
      const network: Network = { features: 3, blocks, output: { ...blocks[0]!.preactivation, terms } };
      const truth = Math.max(...[0, 1, 2, 3].map((i) => normOf([at(i)], norm)));
      expectExactly(network, await solve(network, norm, GLOBAL), truth, 1e-12);
    }
  });
});

describe('exact Lipschitz constants at the edges', () => {
  const one = (activation: Activation, w = 1, b = 0) =>
    chain([matrix(1, 1, Float64Array.of(w)), matrix(1, 1, Float64Array.of(1))], activation, [
      Float64Array.of(b),
      new Float64Array(1),
    ]);

  it('boxes that touch a kink count only what is inside', async () => {
    for (const [network, lower, upper, truth] of [
      [one(RELU), 0, 1, 1],
      [one(RELU), -1, 0, 0],
      [one(RELU), -1, 1e-300, 1],
      [one(LEAKY), -1, 0, 0.125],
      [one(ABS, 3), -2, 0, 3],
      [one(CLIP), 0.75, 9, 0],
      [one(CLIP), 0.5, 9, 1],
      [one(STAIRS), 0, 1, 1],
      [one(STAIRS), 1, 2, 0],
    ] as const) {
      expectExactly(network, await solve(network, 'l2', box([lower], [upper])), truth, 1e-15);
    }
  });

  it('coordinates of no width are constants', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const network = randomNetwork([3, 5, 4, 2], seed);
      const fixed = normal(rng(seed).split('fixed'), 2);
      const restricted: Network = restrict(network, fixed);
      const truth = largestOverCells(restricted, [-1, 1] as const, LINE, 'l1');
      const found = await solve(network, 'l1', box([fixed[0]!, -1, fixed[1]!], [fixed[0]!, 1, fixed[1]!]));
      expectExactly(network, found, truth);
    }
    const point = await solve(randomNetwork([3, 5, 4, 2], 1), 'l2', box([1, 2, 3], [1, 2, 3]));
    expect([point.lower.value, point.upper.kind, point.upper.value]).toEqual([0, 'exact', 0]);
  });

  /** x -> f(fixed_0, x, fixed_1). */
  function restrict({ blocks, output }: Network, fixed: Float64Array): Network {
    const form = (f: AffineForm): AffineForm => {
      const w = f.terms.get(0);
      if (!w) return f;
      const bias = f.bias.map((b, i) => b + w.data[3 * i]! * fixed[0]! + w.data[3 * i + 2]! * fixed[1]!);
      const column = matrix(
        w.rows,
        1,
        Float64Array.from({ length: w.rows }, (_, i) => w.data[3 * i + 1]!),
      );
      return { ...f, terms: new Map(f.terms).set(0, column), bias };
    };
    return {
      features: 1,
      blocks: blocks.map((block) => ({ ...block, preactivation: form(block.preactivation) })),
      output: form(output),
    };
  }

  it('a domain so small that nothing bends: the norm of one Jacobian', async () => {
    const [w, c] = [gaussian(rng('w'), 12, 5), gaussian(rng('c'), 3, 12)];
    const x = normal(rng('x'), 5);
    const on = matrix(
      12,
      5,
      w.data.map((v, p) => {
        const i = Math.floor(p / 5);
        return x.reduce((s, t, j) => s + w.data[5 * i + j]! * t, 0) > 0 ? v : 0;
      }),
    );
    const j = multiply(c, on);
    const rows = [0, 1, 2].map((i) => Array.from(j.data.subarray(5 * i, 5 * i + 5)));
    const network = chain([w, c], RELU);
    for (const norm of NORMS) {
      const found = await solve(
        network,
        norm,
        box(
          x.map((v) => v - 1e-9),
          x.map((v) => v + 1e-9),
        ),
      );
      expectExactly(network, found, normOf(rows, norm), 1e-12);
      expect(found.effort.polyhedra).toBe(0);
    }
  });

  it('any scale of weights, biases and inputs', { timeout: 30_000 }, async () => {
    const [w, v, c] = [gaussian(rng('w'), 5, 2), gaussian(rng('v'), 4, 5), gaussian(rng('c'), 2, 4)];
    const b = normal(rng('b'), 5);
    const times = (m: Matrix, s: number) =>
      matrix(
        m.rows,
        m.columns,
        m.data.map((t) => t * s),
      );
    const of = (s: number, t: number, u: number) =>
      chain([times(w, s), times(v, t), times(c, u)], RELU, [b, new Float64Array(4), new Float64Array(2)]);
    const truth = (await solve(of(1, 1, 1), 'l2', GLOBAL)).upper.value;
    for (const [s, t, u] of [
      [2 ** 332, 1, 1],
      [2 ** -332, 1, 1],
      [2 ** 332, 2 ** -332, 2 ** 332],
      [2 ** -332, 2 ** -332, 2 ** -332],
      [1, 2 ** 500, 2 ** -500],
    ] as const) {
      const network = of(s, t, u);
      const found = await solve(network, 'l2', GLOBAL);
      expect(found.upper.kind).toBe('exact');
      expect(found.upper.value / (s * t * u)).toBeCloseTo(truth, 10);
    }
  });

  it('no block, one feature, dead networks', async () => {
    const w = matrix(2, 3, Float64Array.of(1, -2, 3, 0, 4, -1));
    const affineOnly: Network = { features: 3, blocks: [], output: affine(0, w) };
    for (const norm of NORMS) {
      const truth = normOf(
        [
          [1, -2, 3],
          [0, 4, -1],
        ],
        norm,
      );
      expectExactly(affineOnly, await solve(affineOnly, norm, GLOBAL), truth, 1e-12);
      const dead = chain([w, matrix(1, 2, new Float64Array(2))], RELU);
      expectExactly(dead, await solve(dead, norm, GLOBAL), 0);
    }
    const neverOn = chain([w, matrix(1, 2, Float64Array.of(1, 1))], RELU, [
      Float64Array.of(-99, -99),
      new Float64Array(1),
    ]);
    expectExactly(neverOn, await solve(neverOn, 'linf', box([-1, -1, -1], [1, 1, 1])), 0);
  });

  it('an interval holds at any time, and shrinks', async () => {
    const network = randomNetwork([3, 8, 8, 2], 4);
    const truth = (await solve(network, 'l2', GLOBAL)).upper.value;
    const seen: [number, number][] = [];
    const none = await exactLipschitz(network, 'l2', GLOBAL, rng(1), afterSeconds(0), () => {});
    expect(none.upper.kind).toBe('upper');
    expect(none.lower.value).toBeGreaterThan(0);
    expect(none.lower.value).toBeLessThanOrEqual(truth);
    expect(none.upper.value).toBeGreaterThanOrEqual(truth);
    let asked = 0;
    await exactLipschitz(
      network,
      'l2',
      GLOBAL,
      rng(1),
      () => ++asked > 2500,
      ({ lower, upper }) => seen.push([lower, upper]),
    );
    expect(seen.length).toBeGreaterThan(20);
    seen.forEach(([lower, upper], i) => {
      expect(lower).toBeLessThanOrEqual(truth * (1 + 1e-12));
      expect(upper).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
      if (i > 0) {
        expect(lower).toBeGreaterThanOrEqual(seen[i - 1]![0]);
        expect(upper).toBeLessThanOrEqual(seen[i - 1]![1] * (1 + 1e-12));
      }
    });
  });

  it('coefficients known up to rounding widen the interval by about as much', async () => {
    const exact = randomNetwork([2, 6, 5, 2], 1);
    const truth = (await solve(exact, 'l2', box([-1, -1], [1, 1]))).upper.value;
    const blurred: Network = {
      ...exact,
      blocks: exact.blocks.map((block) => ({
        ...block,
        preactivation: { ...block.preactivation, coefficientError: 1e-12, biasError: 1e-12 },
      })),
    };
    const found = await solve(blurred, 'l2', box([-1, -1], [1, 1]));
    expect(found.lower.value).toBeLessThan(truth);
    expect(upperEnd(found.upper)).toBeGreaterThan(truth);
    expect(upperEnd(found.upper) - found.lower.value).toBeLessThan(1e-9);
  });

  it('merged coefficients on the whole plane: general position is proven for all of them', async () => {
    const exact = randomNetwork([2, 6, 5, 2], 1);
    const truth = (await solve(exact, 'linf', GLOBAL)).upper.value;
    const blurred: Network = {
      ...exact,
      blocks: exact.blocks.map((block) => ({
        ...block,
        preactivation: { ...block.preactivation, coefficientError: 1e-13, biasError: 1e-13 },
      })),
    };
    const found = await solve(blurred, 'linf', GLOBAL);
    expect(found.lower.value).toBeLessThan(truth);
    expect(upperEnd(found.upper)).toBeGreaterThan(truth);
    expect(upperEnd(found.upper) - found.lower.value).toBeLessThan(1e-9);
  });

  it('many features before few neurons: cells of W x alone', { timeout: 30_000 }, async () => {
    const [w, c] = [gaussian(rng('w'), 6, 400), gaussian(rng('c'), 2, 6)];
    const network = chain([w, c], RELU, [normal(rng('b'), 6), new Float64Array(2)]);
    let truth = 0;
    for (let pattern = 0; pattern < 2 ** 6; pattern++) {
      const on = matrix(
        6,
        400,
        w.data.map((v, p) => ((pattern >> Math.floor(p / 400)) & 1 ? v : 0)),
      );
      const j = multiply(c, on);
      truth = Math.max(
        truth,
        normOf(
          [0, 1].map((i) => Array.from(j.data.subarray(400 * i, 400 * i + 400))),
          'linf',
        ),
      );
    }
    expectExactly(network, await solve(network, 'linf', GLOBAL), truth, 1e-12);
    const cube = box(new Float64Array(400).fill(-9), new Float64Array(400).fill(9));
    expectExactly(network, await solve(network, 'linf', cube), truth, 1e-12);
  });

  it('weights whose products overflow: nothing is claimed', async () => {
    const w = matrix(2, 2, Float64Array.of(1e200, 2e200, -1e200, 3e200));
    const found = await solve(chain([w, w, w], RELU), 'l2', GLOBAL);
    expect([found.lower.value, found.upper.kind, found.upper.value]).toEqual([
      0,
      'upper',
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('the same seed finds the same', async () => {
    const network = randomNetwork([3, 6, 5, 2], 9);
    const [a, b] = [await solve(network, 'l2', GLOBAL), await solve(network, 'l2', GLOBAL)];
    expect(a).toEqual(b);
  });

  it('never above other certificates', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const network = randomNetwork([3, 5, 4, 2], seed);
      const { upper } = await solve(network, 'l2', GLOBAL);
      expect(upper.kind).toBe('exact');
      expect(upper.value).toBeLessThanOrEqual(lipsdp(network).value);
    }
  });

  it('says what it does not take', async () => {
    const smooth: Activation = {
      name: 'Tanh',
      value: Math.tanh,
      slopes: [0, 1],
      relativeError: 1e-15,
      slopesOn: RELU.slopesOn,
      rangeOn: () => [-1, 1],
    };
    const network = one(RELU);
    await expect(solve(one(smooth), 'l2', GLOBAL)).rejects.toThrow(/Tanh is not piecewise linear/);
    await expect(solve(one(RELU, Number.NaN), 'l2', GLOBAL)).rejects.toThrow(/weight 0 from block 0/);
    await expect(solve(one(RELU, 1, Number.POSITIVE_INFINITY), 'l2', GLOBAL)).rejects.toThrow(
      /bias 0 of block 1/,
    );
    await expect(solve(network, 'l2', { kind: 'sphere' })).rejects.toThrow(/global or a box/);
    await expect(solve(network, 'l2', box([0, 0], [1, 1]))).rejects.toThrow(/takes 1/);
    await expect(solve(network, 'l2', box([1], [0]))).rejects.toThrow(/lower <= upper/);
  });
});
