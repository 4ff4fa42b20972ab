import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  constant,
  detach,
  gradient,
  input,
  matMul,
  mul,
  reduceSum,
  square,
  tensor,
  type Value,
} from '../../src/graph/index.ts';
import { type ModelFamily, mlp, type Weights } from '../../src/models/index.ts';
import { normal, type Rng, rng, signs, sphere, uniform } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import {
  type Adversary,
  adversarial,
  crossEntropy,
  fgsmRandomStart,
  pgdAdversary,
  plain,
  type Samples,
  sgd,
  squaredLoss,
  trades,
  train,
} from '../../src/training/index.ts';
import { differentiate } from './differences.ts';

const key = rng('adversarial');

/** What the adversary makes of x `[n, d]` against `rise`, from the starts given. */
async function perturbed(
  adversary: Adversary,
  rise: (x: Value) => Value,
  x: Float64Array,
  start: Float64Array,
  n: number,
): Promise<Float64Array> {
  const [xs, starts] = ['x', 'start'].map((name) => input(name, 'float64', [n, x.length / n])) as [
    Value,
    Value,
  ];
  const changed = adversary.perturb(rise, xs, { start: starts });
  return (await evaluate({ changed }, { x, start })).changed.data as Float64Array;
}

/** sum_i w . x_i. */
const linearRise = (w: Float64Array) => (x: Value) =>
  reduceSum(matMul(x, constant(tensor('float64', [w.length, 1], w))));

const length = (v: Float64Array) => Math.hypot(...v);
const rowsOf = (v: Float64Array, n: number) =>
  Array.from({ length: n }, (_, i) => v.subarray((i * v.length) / n, ((i + 1) * v.length) / n));

/** Uniform in the ball, as the definition has it: a direction and the d-th root of a uniform number. */
function startOf(norm: 'l2' | 'linf', seed: Rng, n: number, d: number): Float64Array {
  if (norm === 'linf') return uniform(seed, n * d, -1, 1);
  const u = uniform(seed.split('u'), n);
  return sphere(seed, n, d).map((v, i) => v * u[Math.floor(i / d)]! ** (1 / d));
}

describe('on a linear function', () => {
  test('enough steps end at x + radius times the dual direction, whatever the start', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom('l2' as const, 'linf' as const),
        async (seed, d, norm) => {
          const n = 3;
          const x = normal(rng(seed), n * d);
          const w = normal(rng(seed).split('w'), d);
          const start = startOf(norm, rng(seed).split('start'), n, d);
          const radius = 0.7;
          const changed = await perturbed(
            pgdAdversary(norm, radius, 10 * radius, 8),
            linearRise(w),
            x,
            start,
            n,
          );
          x.forEach((value, i) => {
            const dual = norm === 'linf' ? Math.sign(w[i % d]!) : w[i % d]! / length(w);
            // Each long step leaves a tenth of the angle to the dual direction.
            expect(changed[i]).toBeCloseTo(value + radius * dual, norm === 'linf' ? 12 : 6);
          });
        },
      ),
      { numRuns: 10 },
    );
  });

  test('one step of FGSM in linf is clip(start + size sign(w)), in l2 the projection of start + size w / |w|', async () => {
    const [n, d, radius] = [4, 5, 0.3];
    const x = normal(key, n * d);
    const w = normal(key.split('w'), d);
    for (const norm of ['l2', 'linf'] as const) {
      const start = startOf(norm, key.split('start'), n, d);
      const changed = await perturbed(fgsmRandomStart(norm, radius), linearRise(w), x, start, n);
      rowsOf(start, n).forEach((from, i) => {
        const direction = norm === 'linf' ? w.map(Math.sign) : w.map((v) => v / length(w));
        const step = from.map((v, j) => radius * v + 1.25 * radius * direction[j]!);
        const kept =
          norm === 'linf'
            ? step.map((v) => Math.max(-radius, Math.min(radius, v)))
            : step.map((v) => v * Math.min(1, radius / length(step)));
        kept.forEach((v, j) => {
          expect(changed[i * d + j]).toBeCloseTo(x[i * d + j]! + v, 13);
        });
      });
    }
  });
});

test('several steps on a curved function are those of an independent loop', async () => {
  const [n, d, radius, size, steps] = [3, 4, 0.5, 0.2, 6];
  const x = normal(key, n * d);
  const a = uniform(key.split('a'), d, -2, 2);
  const rise = (z: Value) => reduceSum(mul(square(square(z)), constant(tensor('float64', [d], a))));
  for (const norm of ['l2', 'linf'] as const) {
    const start = startOf(norm, key.split('start'), n, d);
    const bounds = [-1.1, 0.9] as const;
    const changed = await perturbed(pgdAdversary(norm, radius, size, steps, [...bounds]), rise, x, start, n);
    rowsOf(x, n).forEach((centre, i) => {
      const clip = (v: Float64Array) => v.map((t) => Math.min(bounds[1], Math.max(bounds[0], t)));
      let point = clip(centre.map((c, j) => c + radius * start[i * d + j]!));
      for (let step = 0; step < steps; step++) {
        const g = point.map((t, j) => 4 * a[j]! * t ** 3);
        const size2 = length(g);
        const moved = point.map(
          (t, j) => t - centre[j]! + size * (norm === 'linf' ? Math.sign(g[j]!) : g[j]! / size2),
        );
        const factor = norm === 'l2' ? Math.min(1, radius / length(moved)) : 1;
        point = clip(
          centre.map((c, j) =>
            norm === 'l2' ? c + moved[j]! * factor : c + Math.max(-radius, Math.min(radius, moved[j]!)),
          ),
        );
      }
      point.forEach((t, j) => {
        expect(changed[i * d + j]).toBeCloseTo(t, 12);
      });
    });
  }
});

test('points stay within radius and bounds; rows without slope stay where they start', async () => {
  const [n, d, radius] = [50, 7, 0.25];
  const x = uniform(key, n * d);
  const w = new Float64Array(d);
  for (const norm of ['l2', 'linf'] as const) {
    const start = startOf(norm, key.split('start'), n, d);
    const still = await perturbed(pgdAdversary(norm, radius, 0.1, 5), linearRise(w), x, start, n);
    still.forEach((v, i) => {
      expect(v).toBeCloseTo(x[i]! + radius * start[i]!, 12);
    });
    const far = await perturbed(
      pgdAdversary(norm, radius, 10, 5, [0, 1]),
      linearRise(normal(key, d)),
      x,
      start,
      n,
    );
    rowsOf(far, n).forEach((row, i) => {
      const change = row.map((v, j) => v - x[i * d + j]!);
      const size = norm === 'l2' ? length(change) : Math.max(...change.map(Math.abs));
      expect(size).toBeLessThanOrEqual(radius * (1 + 1e-12));
      expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...row)).toBeLessThanOrEqual(1);
    });
    // Slopes far below the smallest square of a float32 still give a direction.
    const tiny = (z: Value) => mul(linearRise(Float64Array.from({ length: d }, () => 1e-200))(z), 1);
    const moved = await perturbed(pgdAdversary(norm, radius, 2.5, 7), tiny, x, start, n);
    moved.forEach((v, i) => {
      expect(v - x[i]!).toBeCloseTo(norm === 'l2' ? radius / Math.sqrt(d) : radius, 4);
    });
  }
});

test('derivatives do not pass through detach()', async () => {
  const x = input('x', 'float64', [3]);
  const value = reduceSum(mul(x, detach(square(x))));
  const { slope } = await evaluate({ slope: gradient(value, [x])[0]! }, { x: Float64Array.of(1, -2, 3) });
  expect(slope.data).toEqual(Float64Array.of(1, 4, 9));
  const { none } = await evaluate({ none: gradient(reduceSum(detach(x)), [x])[0]! });
  expect(none.data).toEqual(new Float64Array(3));
});

describe('objectives', () => {
  const [n, d] = [6, 3];
  const samples: Samples = { x: normal(key.split('x'), n * d), shape: [n, d], y: signs(key.split('y'), n) };
  const family: ModelFamily = mlp([d, 1]);
  const weights: Weights = family.initialise(key, 'float64');
  const w = weights['layer1.weight']!.data as Float64Array;
  const f = (x: Float64Array) => x.reduce((sum, v, j) => sum + v * w[j]!, 0);

  test('adversarial training of a linear classifier is the loss at margins less radius times the dual norm', async () => {
    for (const norm of ['l2', 'linf'] as const) {
      const radius = 0.4;
      const objective = adversarial(crossEntropy(), pgdAdversary(norm, radius, 4, 7));
      const { loss, gradient: found } = await differentiate(family, objective, weights, samples, key);
      const dual = norm === 'l2' ? length(w) : w.reduce((sum, v) => sum + Math.abs(v), 0);
      const margins = rowsOf(samples.x as Float64Array, n).map(
        (x, i) => samples.y[i]! * f(x) - radius * dual,
      );
      expect(loss).toBeCloseTo(margins.reduce((sum, m) => sum + Math.log1p(Math.exp(-m)), 0) / n, 5);
      // By Danskin's theorem the gradient of that robust loss, too.
      w.forEach((weight, j) => {
        const direction = norm === 'l2' ? weight / length(w) : Math.sign(weight);
        const slope = margins.reduce(
          (sum, m, i) =>
            sum - (samples.y[i]! * samples.x[i * d + j]! - radius * direction) / (1 + Math.exp(m)) / n,
          0,
        );
        expect(found['layer1.weight']![j]).toBeCloseTo(slope, 4);
      });
    }
  });

  test('the gradient takes the points of l2 steps as constants', async () => {
    // One step from a start: x' depends on the weights, and its derivative is left out.
    const [radius, size] = [0.4, 0.1];
    const adversary = fgsmRandomStart('l2', radius, size);
    const objective = adversarial(squaredLoss, adversary);
    const { loss, gradient: found } = await differentiate(family, objective, weights, samples, key);
    const start = drawnStart(n, d);
    let expected = 0;
    const slopes = new Float64Array(d);
    rowsOf(samples.x as Float64Array, n).forEach((x, i) => {
      const from = x.map((v, j) => v + radius * start[i * d + j]!);
      const sign = Math.sign(f(from) - samples.y[i]!);
      const moved = from.map((v, j) => v - x[j]! + (size * sign * w[j]!) / length(w));
      const changed = x.map((v, j) => v + moved[j]! * Math.min(1, radius / length(moved)));
      const error = f(changed) - samples.y[i]!;
      expected += error ** 2 / n;
      changed.forEach((v, j) => {
        slopes[j]! += (2 * error * v) / n;
      });
    });
    expect(loss).toBeCloseTo(expected, 12);
    slopes.forEach((slope, j) => {
      expect(found['layer1.weight']![j]).toBeCloseTo(slope, 11);
    });
  });

  test('TRADES for regression on a linear model: the change is beta (radius |w|)^2', async () => {
    const [radius, beta] = [0.4, 3];
    const adversary = pgdAdversary('l2', radius, 4, 7);
    const bare = await differentiate(family, plain(squaredLoss), weights, samples, key);
    const found = await differentiate(
      family,
      trades(squaredLoss, beta, adversary, squaredLoss),
      weights,
      samples,
      key,
    );
    expect(found.loss - bare.loss).toBeCloseTo(beta * (radius * length(w)) ** 2, 5);
    w.forEach((v, j) => {
      const added = found.gradient['layer1.weight']![j]! - bare.gradient['layer1.weight']![j]!;
      expect(added).toBeCloseTo(2 * beta * radius ** 2 * v, 3);
    });
  });

  /** The start that the step draws under the name of its input. */
  function drawnStart(rows: number, columns: number): Float64Array {
    const own = key.split('start');
    const u = uniform(own.split('radius'), rows);
    return sphere(own.split('direction'), rows, columns).map(
      (v, i) => v * u[Math.floor(i / columns)]! ** (1 / columns),
    );
  }
});

test('robust accuracy counts the points of the adversary: a linear classifier has a closed form', async () => {
  const [n, d, radius] = [200, 5, 0.15];
  const x = normal(key.split('points'), n * d);
  const y = signs(key.split('labels'), n);
  const result = await train(
    {
      family: mlp([d, 1]),
      objective: adversarial(crossEntropy(), pgdAdversary('linf', radius, 0.1, 8)),
      optimiser: sgd(),
      learningRate: () => 0.3,
      steps: 40,
      stop: [],
    },
    { x, shape: [n, d], y },
    rng(3),
    undefined,
    'float64',
  );
  const w = result.weights['layer1.weight']!.data as Float64Array;
  const b = result.weights['layer1.bias']!.data[0] as number;
  const dual = w.reduce((sum, v) => sum + Math.abs(v), 0);
  const margins = rowsOf(x, n).map((row, i) => y[i]! * (row.reduce((s, v, j) => s + v * w[j]!, 0) + b));
  expect(result.measures.accuracy).toBe(margins.filter((m) => m > 0).length / n);
  expect(result.measures.robustAccuracy).toBe(margins.filter((m) => m > radius * dual).length / n);
  expect(result.measures.robustAccuracy).toBeLessThan(result.measures.accuracy!);
});

test('refuses radii, steps and bounds that make no sense', () => {
  expect(() => pgdAdversary('l2', 0)).toThrow('invalid radius: 0');
  expect(() => pgdAdversary('l2', 1, -1)).toThrow('invalid step size: -1');
  expect(() => pgdAdversary('l2', 1, 1, 0)).toThrow('invalid steps: 0');
  expect(() => pgdAdversary('l2', 1, 1, 1, [1, 0])).toThrow(
    'invalid input bounds: "[1,0]"; expected low < high',
  );
  expect(() => trades(crossEntropy(), 0, pgdAdversary('l2', 1))).toThrow('invalid beta: 0');
});
