// The test of isoperimetry on laws whose constants are known: coverage, power, invariance, and input that allows no statement.
import { describe, expect, test } from 'vitest';
import { gaussian, hypercube } from '../../src/data/index.ts';
import { RobustlawError } from '../../src/errors.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import {
  type IsoperimetryTest,
  type SampleIsoperimetry,
  testIsoperimetry,
  testTogether,
} from '../../src/isoperimetry/index.ts';
import { testSample } from '../../src/isoperimetry/sample.ts';
import { randomProjection } from '../../src/linalg/index.ts';
import { normal, rng, signs, sphere, uniform } from '../../src/random/index.ts';

const never = () => false;
const silent = () => {};

function run(
  points: Float32Array | Float64Array,
  features: number,
  groups: ArrayLike<number> | undefined = undefined,
  norm: Norm = 'l2',
  seed = 1,
): Promise<IsoperimetryTest> {
  return testIsoperimetry(points, features, groups, norm, rng(seed), never, silent);
}

/** All rows only: of groups of one row nothing is looked at. */
async function runAll(
  points: Float32Array | Float64Array,
  features: number,
  norm: Norm = 'l2',
): Promise<SampleIsoperimetry> {
  const alone = Int32Array.from({ length: points.length / features }, (_, i) => i);
  return (await run(points, features, alone, norm)).overall;
}

/** Two copies of N(0, I/d) at distance 6. */
function mixture(n: number, d: number): { readonly x: Float64Array; readonly component: Float64Array } {
  const x = gaussian(d).sample(rng('mixture'), n);
  const component = signs(rng('component'), n);
  for (let i = 0; i < n; i++) x[i * d]! += 3 * component[i]!;
  return { x, component };
}

/** Multivariate Student t with 3 degrees of freedom. */
function student(n: number, d: number): Float64Array {
  const x = normal(rng('student'), n * d);
  const z = normal(rng('chi'), 3 * n);
  for (let i = 0; i < n; i++) {
    const factor = Math.sqrt(3 / (z[3 * i]! ** 2 + z[3 * i + 1]! ** 2 + z[3 * i + 2]! ** 2));
    for (let k = 0; k < d; k++) x[i * d + k]! *= factor;
  }
  return x;
}

function line(n: number, d: number): Float64Array {
  const along = normal(rng('line'), n);
  return Float64Array.from({ length: n * d }, (_, at) => along[Math.floor(at / d)]! * (1 + (at % d)));
}

const [N, D] = [1600, 64];

describe('laws that concentrate pass', () => {
  test.each([
    ['the Gaussian', () => gaussian(D).sample(rng('gaussian'), N)],
    ['the sphere', () => sphere(rng('sphere'), N, D)],
    ['the corners of the cube', () => hypercube(D).sample(rng('cube'), N)],
  ] as const)('%s', async (_, law) => {
    const overall = await runAll(law(), D);
    expect(overall.verdict.kind).toBe('consistent');
    expect(overall.scale).toBeCloseTo(1, 1);
    // 2 exp(-z^2/2) is 1.9 times too large for z = 1.7 already, so c from tails is at most some 0.7.
    expect(overall.refutedBelow!.constant).toBeGreaterThan(0.4);
    expect(overall.refutedBelow!.constant).toBeLessThan(1);
    expect(overall.estimate!.interval[1]).toBeLessThan(1.3);
    // Transport and Poincare constants of linear functions are those of the law: c = 1, but for the noise of the estimate.
    for (const reading of [overall.transport!, overall.poincare!, overall.logSobolev!]) {
      expect(reading.estimate.interval[0]).toBeLessThan(1.1);
      expect(reading.estimate.interval[0]).toBeGreaterThan(0.75);
      expect(reading.estimate.value).toBeLessThan(1.35);
    }
    const { value, interval } = overall.concentrationDimension!;
    expect(value).toBeGreaterThan(D);
    expect(interval[0]).toBeGreaterThan(D / 1.3);
    expect(interval[1]).toBeLessThanOrEqual(2 * (1 + Math.LN2) * D);
  });
});

describe('laws that do not concentrate are refuted', () => {
  test('a mixture of two distant Gaussians fails overall and passes per component', async () => {
    const { x, component } = mixture(N, D);
    const given = await run(x, D, component);
    const found = await run(x, D);
    for (const { overall, groups, origin } of [given, found]) {
      expect(overall.verdict.kind).toBe('refuted');
      // Shares of nearly 1/2 at distance 6 / s, s^2 = 10, of which the noise takes a little.
      expect(overall.refutedBelow!.constant).toBeGreaterThan(0.15 * D);
      expect(overall.transport!.estimate.interval[0]).toBeGreaterThan(0.7 * D);
      expect(overall.concentrationDimension!.interval[1]).toBeLessThan(7);
      expect(groups.map(({ verdict }) => verdict.kind)).toEqual(['consistent', 'consistent']);
      for (const group of groups) expect(group.scale).toBeCloseTo(1, 1);
      expect(origin).toBe(overall === given.overall ? 'given' : 'found');
    }
    expect(given.groups.map(({ name }) => name).sort()).toEqual(['group -1', 'group 1']);
    // The 2-means split finds the components.
    expect(found.groups.map(({ heldOutRows }) => heldOutRows)).toEqual(
      given.groups.map(({ heldOutRows }) => heldOutRows),
    );
  });

  test.each([
    ['a line', line],
    ['Student t with 3 degrees of freedom', student],
    [
      'Cauchy coordinates',
      (n: number, d: number) => {
        const below = normal(rng('denominator'), n * d);
        return normal(rng('numerator'), n * d).map((t, at) => t / below[at]!);
      },
    ],
  ] as const)('%s', async (_, law) => {
    const overall = await runAll(law(N, D), D);
    expect(overall.verdict.kind).toBe('refuted');
    expect(overall.refutedBelow!.constant).toBeGreaterThan(0.25 * D);
    expect(overall.refutedBelow!.lipschitz.value).toBeLessThanOrEqual(1);
    expect(overall.verdict.sentence).toContain(overall.refutedBelow!.function);
  });
});

test('a line: the statement can be counted again by hand', async () => {
  const x = line(400, 5);
  const overall = await runAll(x, 5);
  const { below, above, rows, constant } = overall.refutedBelow!;
  expect(rows).toBe(200);
  const [p, q] = [below.lower, above.lower].map((share) => Math.sqrt(Math.log(2 / share)));
  expect(constant).toBeCloseTo((5 * (above.threshold - below.threshold) ** 2) / (2 * (p! + q!) ** 2), 9);
  expect(below.observed).toBe(below.count / rows);
  // On a standardised line every 1-Lipschitz function is one of a normal number: c of the transport inequality is d.
  expect(overall.transport!.estimate.interval[0]).toBeLessThan(5 * 1.2);
  expect(overall.transport!.estimate.interval[0]).toBeGreaterThan(3);
});

describe('coverage', () => {
  test('a fair coin: the lower ends exceed the truth in at most 5 % of samples', async () => {
    const [trials, n, d] = [50, 120, 3];
    let [wrong, wrongTransport, sharp] = [0, 0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const half = (name: string) => {
        const data = new Float64Array(n * d);
        signs(rng(`coin ${trial} ${name}`), n).forEach((sign, i) => {
          data[i * d] = sign;
        });
        return { rows: n, features: d, data };
      };
      const result = await testSample({ name: 'coin' }, half('a'), half('b'), 'l2', rng(trial), () => true);
      // Any 1-Lipschitz f moves by at most 2 / s, half of the mass on each side; a fair sign is 1-subgaussian.
      const truth = (d * (2 / result.scale) ** 2) / (8 * Math.log(4));
      const lower = result.refutedBelow!.constant;
      if (lower > truth) wrong++;
      if (lower > 0.7 * truth) sharp++;
      if (result.transport!.estimate.interval[0] > d / result.scale ** 2) wrongTransport++;
      expect(result.estimate!.interval[1]).toBeGreaterThanOrEqual(lower);
    }
    // Binomial(50, 0.05) exceeds 8 with probability 6e-4, Binomial(60, 0.05) with 3e-3.
    expect(wrong).toBeLessThanOrEqual(8);
    expect(wrongTransport).toBeLessThanOrEqual(8);
    expect(sharp).toBeGreaterThan(40);
  });

  test('a Gaussian: c = 1 is refuted in at most 5 % of samples, by no reading', async () => {
    const [trials, n, d] = [60, 60, 4];
    const wrong = { tails: 0, transport: 0, poincare: 0 };
    for (let trial = 0; trial < trials; trial++) {
      const law = gaussian(d);
      const half = (name: string) => ({
        rows: n,
        features: d,
        data: law.sample(rng(`${trial}`).split(name), n),
      });
      const result = await testSample({ name: 'g' }, half('a'), half('b'), 'l2', rng(trial), () => true);
      // In units of the scale that was measured.
      const truth = 1 / result.scale ** 2;
      if ((result.refutedBelow?.constant ?? 0) > truth) wrong.tails++;
      if (result.transport!.estimate.interval[0] > truth) wrong.transport++;
      if (result.poincare!.estimate.interval[0] > truth) wrong.poincare++;
    }
    expect(wrong.tails).toBeLessThanOrEqual(8);
    expect(wrong.transport).toBeLessThanOrEqual(8);
    expect(wrong.poincare).toBeLessThanOrEqual(8);
  });
});

describe('rates over seeds', () => {
  const d = 64;
  /** How often each verdict is given on `n` rows in each half, and the mean of the lower ends of c by transport. */
  const verdicts = async (law: (name: string, rows: number) => Float64Array, trials: number, n: number) => {
    const kinds: string[] = [];
    let transport = 0;
    for (let trial = 0; trial < trials; trial++) {
      const half = (name: string) => ({ rows: n, features: d, data: law(`${trial} ${name}`, n) });
      const result = await testSample({ name: 'law' }, half('a'), half('b'), 'l2', rng(trial), () => true);
      kinds.push(result.verdict.kind);
      transport += result.transport!.estimate.interval[0] / trials;
    }
    const times = (kind: string) => kinds.filter((one) => one === kind).length;
    return { consistent: times('consistent'), refuted: times('refuted'), transport };
  };
  const moved = (name: string, rows: number, size: number, shift: (row: number) => number) =>
    normal(rng(name), rows * d).map((t, at) => size * t + (at % d === 0 ? shift(Math.floor(at / d)) : 0));

  test.each([
    ['the Gaussian', (name: string, rows: number) => gaussian(d).sample(rng(name), rows)],
    ['the sphere', (name: string, rows: number) => sphere(rng(name), rows, d)],
    ['the corners of the cube', (name: string, rows: number) => hypercube(d).sample(rng(name), rows)],
    ['one of two noisy points', (name: string, rows: number) => moved(name, rows, 0.01, () => 1)],
  ] as const)('%s passes in every sample, with c near 1', async (_, law) => {
    const { consistent, transport } = await verdicts(law, 12, 200);
    expect(consistent).toBe(12);
    expect(transport).toBeGreaterThan(0.6);
    expect(transport).toBeLessThan(1.05);
  });

  test.each([
    [
      'two noisy points',
      12,
      200,
      (name: string, rows: number) => {
        const sides = signs(rng(`${name} sides`), rows);
        return moved(name, rows, 0.01, (row) => sides[row]!);
      },
    ],
    [
      'a line',
      12,
      200,
      (name: string, rows: number) => {
        const along = normal(rng(name), rows);
        return Float64Array.from(
          { length: rows * d },
          (_, at) => along[Math.floor(at / d)]! * (1 + (at % d)),
        );
      },
    ],
    [
      // Among fewer rows a far one makes the scale, in which the others look close.
      'a Gaussian of random size, with tails of power 3',
      5,
      800,
      (name: string, rows: number) => {
        const sizes = uniform(rng(`${name} sizes`), rows).map((u) => u ** (-1 / 3));
        return normal(rng(name), rows * d).map((t, at) => t * sizes[Math.floor(at / d)]!);
      },
    ],
  ] as const)('%s is refuted in every sample', async (_, trials, n, law) => {
    expect((await verdicts(law, trials, n)).refuted).toBe(trials);
  });
});

describe('other norms', () => {
  test('all rows together: the same as with groups, in each norm', async () => {
    const x = gaussian(6).sample(rng('together'), 120);
    for (const norm of ['l1', 'l2', 'linf'] as const) {
      const together = await testTogether(x, 6, norm, rng(1), never);
      expect(together).toEqual((await run(x, 6, new Int32Array(120), norm)).overall);
    }
    await expect(testTogether(Float64Array.of(1, Number.NaN), 2, 'linf', rng(1), never)).rejects.toThrow(
      'feature 1 of row 0',
    );
  });

  test('l1: the cube has c = 1 (bounded differences), the Gaussian pi/2 nearly', async () => {
    const cube = await runAll(hypercube(40).sample(rng('c'), N), 40, 'l1');
    // |x - Ex|_1 = sqrt d for every corner.
    expect(cube.scale).toBeCloseTo(Math.sqrt(40), 1);
    expect(cube.refutedBelow!.constant).toBeLessThan(1);
    expect(cube.transport!.estimate.interval[0]).toBeLessThan(1.05);
    expect(cube.transport!.estimate.interval[0]).toBeGreaterThan(0.75);
    expect(cube.verdict.kind).toBe('consistent');
    expect(cube.poincare).toBeUndefined();
    const normalLaw = await runAll(gaussian(40).sample(rng('g'), N), 40, 'l1');
    // sup of the variance is 1 at w = (+-1, ..., +-1); d / E|x|_1^2 = d / (1 + (d - 1) 2/pi).
    const truth = 40 / (1 + (39 * 2) / Math.PI);
    expect(normalLaw.transport!.estimate.interval[0]).toBeLessThan(1.1 * truth);
    expect(normalLaw.transport!.estimate.interval[0]).toBeGreaterThan(0.75 * truth);
  });

  test('linf: the Gaussian concentrates in the dimension E|x|_inf^2 / Var x_1', async () => {
    const d = 40;
    const x = gaussian(d).sample(rng('g'), N);
    const overall = await runAll(x, d, 'linf');
    const truth = d * (1 / d / overall.scale ** 2);
    expect(overall.transport!.estimate.interval[0]).toBeLessThan(1.1 * truth);
    expect(overall.transport!.estimate.interval[0]).toBeGreaterThan(0.75 * truth);
    let squares = 0;
    for (let i = 0; i < N; i++) squares += Math.max(...x.subarray(i * d, (i + 1) * d).map((t) => t * t)) / N;
    expect(overall.scale ** 2 / squares).toBeCloseTo(1, 1);
  });
});

describe('invariance', () => {
  test('scale and translation', async () => {
    const { x } = mixture(300, 6);
    const plain = await runAll(x, 6);
    for (const [factor, shift] of [
      [8, 0],
      [2 ** -600, 0],
      [2 ** 600, 0],
      [1, 1000],
    ] as const) {
      const moved = (
        await run(
          x.map((t) => factor * t + shift),
          6,
        )
      ).overall;
      expect(moved.estimate!.value / plain.estimate!.value).toBeCloseTo(1, 6);
      expect(moved.refutedBelow!.constant / plain.refutedBelow!.constant).toBeCloseTo(1, 6);
      expect(moved.scale / factor / plain.scale).toBeCloseTo(1, 9);
    }
  });

  test('rotation: coordinates become others, what concentrates does not', async () => {
    const d = 30;
    const { x } = mixture(800, d);
    const q = randomProjection(rng('rotation'), d, d).data;
    const turned = Float64Array.from({ length: x.length }, (_, at) => {
      const [i, k] = [Math.floor(at / d), at % d];
      let sum = 0;
      for (let j = 0; j < d; j++) sum += q[k * d + j]! * x[i * d + j]!;
      return sum;
    });
    const [a, b] = [await runAll(x, d), await runAll(turned, d)];
    expect(b.scale).toBeCloseTo(a.scale, 9);
    expect(b.refutedBelow!.constant / a.refutedBelow!.constant).toBeGreaterThan(0.9);
    expect(b.refutedBelow!.constant / a.refutedBelow!.constant).toBeLessThan(1.1);
    expect(b.verdict.kind).toBe(a.verdict.kind);
  });

  test('constant features change d and c alike, and not the concentration dimension', async () => {
    const [n, d] = [400, 8];
    const { x } = mixture(n, d);
    const wide = new Float64Array(n * (d + 8)).fill(0.1);
    for (let i = 0; i < n; i++) wide.set(x.subarray(i * d, (i + 1) * d), i * (d + 8));
    const [a, b] = [await runAll(x, d), await runAll(wide, d + 8)];
    expect(b.dimension).toBe(16);
    expect(b.concentrationDimension!.value / a.concentrationDimension!.value).toBeGreaterThan(0.9);
    expect(b.concentrationDimension!.value / a.concentrationDimension!.value).toBeLessThan(1.1);
  });

  test('same seed, same bytes; float32 is read as it is', async () => {
    const x = Float32Array.from(mixture(80, 5).x);
    const [a, b, c] = [await run(x, 5), await run(x, 5), await run(Float64Array.from(x), 5)];
    expect(JSON.stringify(b)).toBe(JSON.stringify(a));
    expect(JSON.stringify(c)).toBe(JSON.stringify(a));
  });
});

describe('curves', () => {
  test('one per family: t rises, tails fall, the largest deviation is counted', async () => {
    const overall = await runAll(gaussian(10).sample(rng('curves'), 400), 10);
    expect(overall.curves.map(({ family }) => family)).toEqual([
      'coordinates',
      'principal directions',
      'random directions',
      'distance to a half-space',
      'distance to a set',
      'random networks',
      'trained networks',
    ]);
    expect(overall.curves.reduce((sum, { functions }) => sum + functions, 0)).toBe(overall.functions);
    for (const { points } of overall.curves) {
      points.forEach(({ t, observed, bound }, i) => {
        expect(bound).toBeCloseTo(
          Math.min(1, 2 * Math.exp((-10 * t * t) / (2 * overall.estimate!.value))),
          12,
        );
        if (i === 0) return;
        expect(t).toBeGreaterThan(points[i - 1]!.t);
        expect(observed).toBeLessThan(points[i - 1]!.observed);
      });
      expect(points.at(-1)!.observed).toBeCloseTo(1 / 200, 12);
    }
  });
});

describe('input that allows little', () => {
  test('ten rows refute nothing and say so', async () => {
    const { overall, groups } = await run(line(10, 4), 4);
    expect(overall.verdict.kind).toBe('too few rows');
    expect(overall.refutedBelow).toBeUndefined();
    expect(overall.estimate).toBeUndefined();
    expect(groups.every(({ verdict }) => verdict.kind === 'too few rows')).toBe(true);
  });

  test.each([1, 2, 3])('%i rows', async (n) => {
    const { overall } = await run(line(n, 4), 4);
    expect(overall.verdict.sentence).toContain(n === 1 ? '1 row is too few' : `${n} rows are too few`);
  });

  test('few rows of low dimension cannot tell, and the sentence says why', async () => {
    const { overall } = await run(gaussian(16).sample(rng('few'), 24), 16);
    expect(overall.verdict.kind).toBe('too few rows');
    expect(overall.verdict.sentence).toContain('12 held-out rows in 16 dimensions');
  });

  test('equal rows, one class, labels that are all distinct, duplicates, one feature', async () => {
    expect((await run(new Float64Array(300).fill(0.1), 3)).overall.verdict.kind).toBe('no spread');
    const x = gaussian(3).sample(rng('x'), 120);
    const one = await run(x, 3, new Int32Array(120));
    expect(one.groups.length).toBe(1);
    expect(one.groups[0]!.heldOutRows).toBe(one.overall.heldOutRows);
    const distinct = await run(
      x,
      3,
      Int32Array.from({ length: 120 }, (_, i) => i),
    );
    expect(distinct.groups.length + distinct.leftOut).toBe(120);
    expect(distinct.groups.every(({ verdict }) => verdict.kind === 'too few rows')).toBe(true);
    const twice = new Float64Array(720);
    twice.set(x);
    twice.set(x, 360);
    expect((await runAll(twice, 3)).estimate!.value).toBeGreaterThan(0);
    const single = await runAll(gaussian(1).sample(rng('single'), 400), 1);
    expect(single.refutedBelow!.constant).toBeLessThan(1);
    expect(single.verdict.kind).toBe('too few dimensions');
  });

  test('a feature that varies only among held-out rows', async () => {
    const x = gaussian(3).sample(rng('x'), 60);
    for (let i = 0; i < 60; i++) x[i * 3] = i === 17 ? 5 : 0;
    for (let seed = 0; seed < 2; seed++) {
      const { overall } = await run(x, 3, undefined, 'l2', seed);
      expect(Number.isFinite(overall.estimate!.value)).toBe(true);
    }
  });

  test.each([
    ['a number that is none', Float64Array.of(1, Number.NaN, 3, 4), 2, undefined, 'feature 1 of row 0'],
    ['infinity', Float64Array.of(1, 2, 3, Infinity), 2, undefined, 'feature 1 of row 1'],
    ['rows that are not whole', new Float64Array(5), 2, undefined, 'rows'],
    ['no rows', new Float64Array(0), 2, undefined, 'rows'],
    ['no features', new Float64Array(4), 0, undefined, 'features'],
    ['too few groups', new Float64Array(4), 2, [1], 'number of groups'],
    ['a group that is none', new Float64Array(4), 2, [1, Number.NaN], 'group of row 1'],
  ] as const)('%s', async (_, points, features, groups, place) => {
    const attempt = run(points, features, groups);
    await expect(attempt).rejects.toThrow(RobustlawError);
    await expect(attempt).rejects.toThrow(place);
  });

  test('told to stop, it ends with all rows and leaves groups out', async () => {
    const { x, component } = mixture(100, 4);
    const seen: [number, number][] = [];
    const result = await testIsoperimetry(
      x,
      4,
      component,
      'l2',
      rng(0),
      () => true,
      (done, total) => {
        seen.push([done, total]);
      },
    );
    expect(result.groups).toEqual([]);
    expect(result.leftOut).toBe(2);
    expect(result.overall.estimate).toBeDefined();
    expect(result.overall.curves.map(({ family }) => family)).not.toContain('trained networks');
    expect(seen[0]).toEqual([0, 3]);
  });
});
