// Certificates against exact distances of linear models, boundaries enumerated in the plane, and attacks on random models.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { argmax, createThreat, createVictim, type Loss, scored, UNBOUNDED } from '../../src/attacks/index.ts';
import { createCertifier, METHODS } from '../../src/certificates/index.ts';
import {
  emit1,
  graph,
  input,
  linear,
  type Model,
  modelFrom,
  mul,
  nameOf,
  parameter,
  reduceSum,
  Sigmoid,
  Softmax,
  sub,
  tensor,
  toFloat,
} from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { normal, type Rng, rng, uniform } from '../../src/random/index.ts';
import { evaluate } from '../../src/runtime/index.ts';
import { randomModel } from '../lipschitz/random-models.ts';
import { CLASSES, label, linearModel, NORMS, reluModel, size } from './models.ts';

const dual = { l1: 'linf', l2: 'l2', linf: 'l1' } as const;

/** The exact distance of x to <w, x'> + b = 0 with x' in [low, high]: the radius at which the best move reaches it. */
function cutDistance(
  w: readonly number[],
  margin: number,
  x: readonly number[],
  norm: Norm,
  [low, high]: readonly [number, number],
): number {
  const room = w.map((v, i) => (v > 0 ? x[i]! - low : high - x[i]!));
  const gain = (r: number): number => {
    if (norm === 'linf') return w.reduce((sum, v, i) => sum + Math.abs(v) * Math.min(r, room[i]!), 0);
    if (norm === 'l1') {
      let [left, total] = [r, 0];
      for (const i of [...w.keys()].sort((a, b) => Math.abs(w[b]!) - Math.abs(w[a]!))) {
        const step = Math.min(left, room[i]!);
        total += Math.abs(w[i]!) * step;
        left -= step;
      }
      return total;
    }
    // Moves proportional to |w| up to the room, of length r.
    const moves = (t: number) => w.map((v, i) => Math.min(Math.abs(v) * t, room[i]!));
    if (size(room, 'l2') <= r) return w.reduce((sum, v, i) => sum + Math.abs(v) * room[i]!, 0);
    let [a, b] = [0, 1e6];
    for (let k = 0; k < 200; k++) {
      const t = 0.5 * (a + b);
      if (size(moves(t), 'l2') < r) a = t;
      else b = t;
    }
    return moves(a).reduce((sum, m, i) => sum + Math.abs(w[i]!) * m, 0);
  };
  if (gain(1e6) < margin) return Infinity;
  let [a, b] = [0, 1e6];
  for (let k = 0; k < 200; k++) {
    const r = 0.5 * (a + b);
    if (gain(r) < margin) a = r;
    else b = r;
  }
  return a;
}

describe('linear models', () => {
  test.each(NORMS)('have the exact radius, with and without input bounds, %s', (norm) => {
    for (let trial = 0; trial < 12; trial++) {
      const key = rng(`linear ${trial}`);
      const [d, classes] = [1 + (trial % 5), 2 + (trial % 3)];
      const rows = Array.from({ length: classes }, (_, k) => [...normal(key.split(`row ${k}`), d)]);
      const b = [...normal(key.split('bias'), classes)];
      const x = [...uniform(key.split('x'), d, 0, 1)];
      const scores = rows.map((row, k) => row.reduce((sum, v, i) => sum + v * x[i]!, b[k]!));
      const c = scores.indexOf(Math.max(...scores));
      const others = rows.flatMap((row, j) =>
        j === c ? [] : [{ w: rows[c]!.map((v, i) => v - row[i]!), margin: scores[c]! - scores[j]! }],
      );
      const model = linearModel(rows, b);
      const free = Math.min(...others.map(({ w, margin }) => margin / size(w, dual[norm])));
      const open = createCertifier(model, CLASSES, createThreat(norm, Infinity), 2);
      const found = open.radius(x, label(c, classes));
      expect(found.certificates.map(({ method }) => method)).toEqual(METHODS.slice(0, 3));
      for (const { radius } of found.certificates) {
        expect(radius / free).toBeLessThanOrEqual(1 + 1e-12);
      }
      expect(found.certificates[0]!.radius / free).toBeGreaterThan(1 - 1e-6);
      expect(found.certificates[2]!.radius / free).toBeGreaterThan(1 - 1e-6);
      const cut = Math.min(...others.map(({ w, margin }) => cutDistance(w, margin, x, norm, [0, 1])));
      const within = createCertifier(model, CLASSES, createThreat(norm, Infinity, [0, 1]), 2, [
        'linear bounds',
      ]).radius(x, label(c, classes));
      if (cut === Infinity) expect(within.radius).toBe(Infinity);
      else {
        expect(within.radius / cut).toBeLessThanOrEqual(1 + 1e-9);
        // Where the binding entries change between trials, the search ends at its resolution.
        expect(within.radius / cut).toBeGreaterThan(0.99);
      }
    }
  });

  test('of one output are two classes; a final Sigmoid or Softmax changes nothing', () => {
    const threat = createThreat('l2', Infinity);
    const plain = createCertifier(linearModel([[3, 4]], [1]), CLASSES, threat, 1);
    // The margin between the two classes is twice the logit, and so is its constant.
    expect(plain.radius([1, 1], label(1, 2)).radius).toBeCloseTo(8 / 5, 5);
    expect(plain.radius([-1, -1], label(0, 2)).radius).toBeCloseTo(6 / 5, 5);
    expect(plain.radius([-1, -1], label(1, 2))).toMatchObject({
      radius: 0,
      method: undefined,
      note: expect.stringMatching(/wrong at the point/),
    });
    const squashed = createCertifier(
      linearModel([[3, 4]], [1], (y) => emit1(Sigmoid, [y])),
      CLASSES,
      threat,
      1,
    );
    expect(squashed.radius([1, 1], label(1, 2)).radius).toBeCloseTo(8 / 5, 5);
    const rows = [
      [1, 0],
      [0, 1],
    ];
    const soft = createCertifier(
      linearModel(rows, [0, 0], (y) => emit1(Softmax, [y], { axis: -1 })),
      CLASSES,
      threat,
      1,
    );
    expect(soft.radius([50, 0], label(0, 2)).radius).toBeCloseTo(50 / Math.SQRT2, 4);
  });

  test('regression: the nearest input at which an output leaves the tolerance', () => {
    const w = [
      [1, -2],
      [0.5, 0.25],
    ];
    const task = { kind: 'regression', tolerance: 0.5 } as const;
    const x = [0.3, -0.1];
    for (const norm of NORMS) {
      const certifier = createCertifier(linearModel(w, [0, 0]), task, createThreat(norm, Infinity), 1);
      const wanted = Float32Array.of(0.25, 0.5);
      const exact = Math.min(
        ...w.map((row, k) => {
          const off = row[0]! * x[0]! + row[1]! * x[1]! - wanted[k]!;
          return (0.5 - Math.abs(off)) / size(row, dual[norm]);
        }),
      );
      const { radius } = certifier.radius(x, wanted);
      expect(radius / exact).toBeGreaterThan(1 - 1e-6);
      expect(radius).toBeLessThanOrEqual(exact * (1 + 1e-12));
      expect(certifier.radius(x, Float32Array.of(2, 0)).radius).toBe(0);
      expect(certifier.at(x, wanted, 0.99 * exact, 1).kind).toBe('proven');
      expect(certifier.at(x, wanted, 1.01 * exact, 1).kind).toBe('refuted');
    }
  });

  test('at any scale, and ties and constant models', () => {
    for (const scale of [1e-150, 1e150]) {
      const model = linearModel(
        [
          [scale, 0],
          [0, scale],
        ],
        [0, 0],
      );
      const certifier = createCertifier(model, CLASSES, createThreat('linf', Infinity), 1);
      expect(certifier.radius([3, 1], label(0, 2)).radius).toBeCloseTo(1, 5);
      expect(certifier.radius([3 * 2 ** 100, 2 ** 100], label(0, 2)).radius / 2 ** 100).toBeCloseTo(1, 5);
    }
    const zero = (b: number[]) =>
      createCertifier(linearModel([[0], [0]], b), CLASSES, createThreat('l2', Infinity), 1);
    expect(zero([1, 0]).radius([5], label(0, 2)).radius).toBe(Infinity);
    expect(zero([1, 1]).radius([5], label(0, 2))).toMatchObject({
      radius: 0,
      note: expect.stringMatching(/border/),
    });
    const capped = createCertifier(linearModel([[0], [0]], [1, 0]), CLASSES, createThreat('l2', 3), 1);
    expect(capped.radius([5], label(0, 2)).radius).toBe(3);
    const onlyBounds = createCertifier(
      linearModel([[1], [-1]], [0, 0]),
      CLASSES,
      createThreat('l2', Infinity, [1, 2]),
      1,
      ['interval bounds'],
    );
    // No allowed input is negative.
    expect(onlyBounds.radius([1.5], label(0, 2)).radius).toBe(Infinity);
  });
});

/** f_label - max of the others for many points `[count, features]`, in float64. */
async function marginsAt(
  model: Model,
  points: Float64Array,
  features: number,
  c: number,
): Promise<Float64Array> {
  const count = points.length / features;
  const g = model.forBatch(count);
  const { scores, outputs } = scored(g, count, CLASSES);
  const double = toFloat(graph(g.inputs, { scores }), 'float64');
  const { scores: found } = await evaluate(
    { scores: double.outputs.scores! },
    { [nameOf(g.inputs[0]!)!]: points },
  );
  const all = found!.data as Float64Array;
  return Float64Array.from({ length: count }, (_, i) => {
    const row = all.subarray(i * outputs, (i + 1) * outputs);
    return row[c]! - row.reduce((most, v, k) => (k === c ? most : Math.max(most, v)), -Infinity);
  });
}

/** `count` points of the ball within the bounds, on its border and inside. */
function around(
  key: Rng,
  x: readonly number[],
  radius: number,
  norm: Norm,
  count: number,
  [low, high]: readonly [number, number],
): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const own = key.split(`${i}`);
    const kind = i % 3;
    const step = [...normal(own.split('step'), x.length)].map((v, k) =>
      kind === 0 ? Math.sign(v) : kind === 1 && k !== i % x.length ? 0 : v,
    );
    const length =
      (radius * (i % 5 === 0 ? uniform(own.split('length'), 1, 0, 1)[0]! : 1 - 1e-9)) /
      (size(step, norm) || 1);
    return step.map((v, k) => Math.min(high, Math.max(low, x[k]! + length * v)));
  });
}

describe('networks in the plane', () => {
  test.each(NORMS)(
    'never change class inside a radius, and branch and bound reaches the boundary, %s',
    async (norm) => {
      for (let trial = 0; trial < 4; trial++) {
        const key = rng(`plane ${trial}`);
        const model = reluModel(key, [2, 6, 5, 3]);
        const bounds = trial % 2 === 0 ? UNBOUNDED : ([-1, 1] as const);
        const certifier = createCertifier(model, CLASSES, createThreat(norm, Infinity, bounds), 1);
        const x = [...uniform(key.split('x'), 2, -0.6, 0.6)];
        const c = [0, 1, 2].find((k) => certifier.radius(x, label(k, 3)).radius > 0)!;
        const { radius, certificates } = certifier.radius(x, label(c, 3), 2);
        // A fine grid of the unit square of the norm, which knows the distance to the boundary up to its step.
        const steps = 240;
        const reach = 2 * Math.min(radius, 10);
        const grid: number[] = [];
        for (let i = -steps; i <= steps; i++) {
          for (let k = -steps; k <= steps; k++) {
            const p = [x[0]! + (i * reach) / steps, x[1]! + (k * reach) / steps];
            if (p.every((v) => v >= bounds[0] && v <= bounds[1])) grid.push(...p);
          }
        }
        const margins = await marginsAt(model, Float64Array.from(grid), 2, c);
        let nearest = Infinity;
        margins.forEach((margin, i) => {
          if (margin > 0) return;
          nearest = Math.min(nearest, size([grid[2 * i]! - x[0]!, grid[2 * i + 1]! - x[1]!], norm));
        });
        expect(radius, key.path).toBeLessThan(nearest);
        for (const certificate of certificates) expect(certificate.radius).toBeLessThanOrEqual(radius);
        if (nearest < reach) {
          // Branch and bound is complete: its search ends 1 % below the boundary, which the grid meets within a step.
          expect(radius / nearest, key.path).toBeGreaterThan(0.985 - (4 * reach) / steps / nearest);
          expect(certifier.at(x, label(c, 3), nearest, 1).kind).not.toBe('proven');
          const beyond = certifier.at(x, label(c, 3), 1.05 * nearest, 5);
          expect(beyond.kind).toBe('refuted');
          const [margin] = await marginsAt(model, beyond.counterexample!, 2, c);
          expect(margin).toBeLessThanOrEqual(0);
          expect(
            size(
              [...beyond.counterexample!].map((v, i) => v - x[i]!),
              norm,
            ),
          ).toBeLessThanOrEqual(1.05 * nearest);
        }
        expect(certifier.at(x, label(c, 3), 0.99 * radius, 5).kind).toBe('proven');
      }
    },
  );
});

/** The gradient of the most dangerous other class against the label. */
const OVERTAKING: Loss = {
  name: 'overtaking',
  of: (scores, labels, targets) => reduceSum(mul(scores, sub(targets, labels)), [1], false),
};

describe('random models', () => {
  test('keep their class inside the radius at random and at attacked points', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom(...NORMS),
        fc.boolean(),
        async (seed, norm, isBounded) => {
          const key = rng(`random ${seed}`);
          const { model, features, description } = randomModel(key);
          const bounds = isBounded ? ([-1, 1] as const) : UNBOUNDED;
          const x = [...uniform(key.split('x'), features, -1, 1)].map(Math.fround);
          const victim = await createVictim(model, CLASSES);
          const c = argmax(await victim.scores(Float32Array.from(x)));
          const certifier = createCertifier(model, CLASSES, createThreat(norm, 100, bounds), 0.2);
          const row = label(c, victim.outputs);
          const { radius, certificates } = certifier.radius(x, row, 0.3);
          if (!(radius > 0)) return;
          for (const { method } of certificates) seen.add(method);
          const points = around(key.split('points'), x, radius, norm, 60, bounds);
          for (let target = 0; target < victim.outputs; target++) {
            if (target === c) continue;
            let at = x;
            for (let step = 0; step < 8; step++) {
              const { gradients } = await victim.gradient(
                OVERTAKING,
                Float32Array.from(at),
                row,
                label(target, victim.outputs),
              );
              const g = [...gradients];
              const largest = Math.max(...g.map(Math.abs));
              const direction =
                norm === 'linf'
                  ? g.map(Math.sign)
                  : norm === 'l2'
                    ? g
                    : g.map((v) => (Math.abs(v) === largest ? v : 0));
              const length = size(direction, norm);
              if (!(length > 0)) break;
              // From the middle outwards, then along the border.
              const moved = at.map(
                (v, i) => v + (radius * direction[i]!) / length / (step === 0 ? 1 : 2) - x[i]!,
              );
              const out = size(moved, norm);
              at = moved.map((v, i) => {
                const p = x[i]! + v * Math.min(1, (radius * (1 - 1e-9)) / out);
                return Math.min(bounds[1], Math.max(bounds[0], p));
              });
              points.push(at);
            }
          }
          await victim.dispose();
          const margins = await marginsAt(model, Float64Array.from(points.flat()), features, c);
          expect(Math.min(...margins), `${description}, ${norm}, radius ${radius}`).toBeGreaterThan(-1e-9);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
    expect(seen).toEqual(new Set(METHODS));
  }, 60_000);

  test('of attention are certified by intervals, or say what cannot be', () => {
    const model = modelFrom('softmax inside', (batch) => {
      const x = input('x', 'float32', [batch, 3]);
      const w = parameter('w', tensor('float32', [3, 3], normal(rng('inside'), 9)));
      return graph([x], { y: linear(emit1(Softmax, [linear(x, w)], { axis: -1 }), w) });
    });
    const certifier = createCertifier(model, CLASSES, createThreat('linf', Infinity), 1);
    expect(certifier.methods).toEqual(METHODS.slice(0, 2));
    expect(certifier.notes.join()).toMatch(/linear bounds: .*Softmax/);
    const best = [0, 1, 2].map((k) => certifier.radius([1, -1, 0.5], label(k, 3)));
    expect(best.filter(({ radius }) => radius > 0)).toHaveLength(1);
  });
});

test('bad input is named', () => {
  const model = linearModel([[1], [2]], [0, 0]);
  const certifier = createCertifier(model, CLASSES, createThreat('l2', 1), 1);
  expect(() => certifier.radius([1, 2], label(0, 2))).toThrow(/2 coordinates of the point; expected 1/);
  expect(() => certifier.radius([Number.NaN], label(0, 2))).toThrow(/coordinate 0 of the point: NaN/);
  expect(() => certifier.radius([1], Float32Array.of(0, 0))).toThrow(/label/);
  expect(() => certifier.at([1], label(1, 2), -1, 1)).toThrow(/radius: -1/);
  expect(() => createCertifier(model, CLASSES, createThreat('l2', 1), 1, [])).toThrow(
    /no method was asked for/,
  );
  expect(() =>
    createCertifier(linearModel([[Number.NaN], [1]], [0, 0]), CLASSES, createThreat('l2', 1), 1),
  ).toThrow(/NaN/);
});
