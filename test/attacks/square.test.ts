// Square against closed forms: profiles worked out by hand, windows counted, and the exact robust accuracy of linear models by the dual norm.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  allows,
  argmax,
  createThreat,
  createVictim,
  distance,
  oneHot,
  type Samples,
  type Threat,
  type Victim,
  wrong,
} from '../../src/attacks/index.ts';
import { type ImageShape, square } from '../../src/attacks/square/index.ts';
import { profile, pyramid } from '../../src/attacks/square/profile.ts';
import { placed, share, windowSize } from '../../src/attacks/square/window.ts';
import { graph, input, matMul, modelFrom, parameter, tensor } from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { normal, rng, uniform } from '../../src/random/index.ts';
import { whenDone } from '../../src/stop.ts';

test('pyramids are nested rectangles of weights 1, 1/4, 1/9', () => {
  const [a, b, c] = [1 + 1 / 4 + 1 / 9, 1 / 4 + 1 / 9, 1 / 9];
  expect([...pyramid(1, 5)]).toEqual([c, b, a, b, c].map((v) => expect.closeTo(v, 14)));
  expect([...pyramid(3, 3)]).toEqual([0.25, 0.25, 0.25, 0.25, 1.25, 0.25, 0.25, 0.25, 0.25]);
  expect([...pyramid(1, 1)]).toEqual([1]);
});

test('profiles have two halves of opposite sign, also in a single row or column', () => {
  expect([...profile(3, 3, false)].map(Math.sign)).toEqual([1, 1, 1, -1, -1, -1, -1, -1, -1]);
  expect([...profile(3, 3, true)].map(Math.sign)).toEqual([1, -1, -1, 1, -1, -1, 1, -1, -1]);
  for (const sideways of [false, true]) {
    expect([...profile(1, 4, sideways)].map(Math.sign)).toEqual([1, 1, -1, -1]);
    expect([...profile(4, 1, sideways)].map(Math.sign)).toEqual([1, 1, -1, -1]);
    expect([...profile(1, 1, sideways)]).toEqual([-1]);
  }
});

test('windows start at 0.8 of the image, shrink nine times by half and can lie everywhere', () => {
  const shares = Array.from({ length: 5000 }, (_, query) => share(query, 5000));
  expect(shares[0]).toBe(0.8);
  expect(new Set(shares).size).toBe(10);
  // In units of 10,000 queries the halvings follow 10, 50, 200, ...; of 5000, every query counts for two.
  expect([5, 6, 25, 26, 4000, 4001].map((query) => 0.8 / shares[query]!)).toEqual([1, 2, 2, 4, 256, 512]);
  fc.assert(
    fc.property(
      fc.tuple(fc.constant(3), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
      fc.double({ min: 1 / 640, max: 0.8, noNaN: true }),
      fc.boolean(),
      (image, pixels, odd) => {
        const [height, width] = windowSize(image, pixels, 1, odd);
        expect(height).toBeGreaterThanOrEqual(1);
        expect(height).toBeLessThanOrEqual(image[1]);
        expect(width).toBeLessThanOrEqual(image[2]);
        const first = placed(image, [height, width], () => 0);
        const last = placed(image, [height, width], () => 1 - 2 ** -53);
        expect([first.top, first.left]).toEqual([0, 0]);
        expect([last.top + height, last.left + width]).toEqual([image[1], image[2]]);
      },
    ),
  );
  expect(windowSize([1, 28, 28], 0.8, 1, false)).toEqual([25, 25]);
  expect(windowSize([1, 1, 100], 0.8, 1, false)).toEqual([1, 80]);
  expect(windowSize([3, 4, 100], 0.5, 1, false)).toEqual([4, 50]);
});

/** Linear scores x W + b, so that the distance to every other class is known. */
interface Linear {
  readonly victim: Victim;
  readonly samples: Samples;
  /** Of each row to the nearest other class: the margin over the dual norm of the difference of the weights. */
  readonly distances: (norm: Norm) => number[];
}

async function linear(
  name: string,
  features: number,
  classes: number,
  rows: number,
  bias = 0,
): Promise<Linear> {
  const w = normal(rng(name).split('weights'), features * classes).map(Math.fround);
  const weights = parameter('w', tensor('float32', [features, classes], w));
  const model = modelFrom(name, (batch) => {
    const x = input('x', 'float32', [batch, features]);
    return graph([x], { y: matMul(x, weights) });
  });
  const victim = await createVictim(model, { kind: 'classification' });
  const points = Float32Array.from(uniform(rng(name).split('points'), rows * features), (v) => v + bias);
  const scores = await victim.scores(points);
  const predicted = Array.from({ length: rows }, (_, i) =>
    argmax(scores.subarray(i * classes, (i + 1) * classes)),
  );
  const slope = (norm: Norm, y: number, k: number) => {
    const steps = Array.from({ length: features }, (_, j) =>
      Math.abs(w[j * classes + y]! - w[j * classes + k]!),
    );
    if (norm === 'linf') return steps.reduce((sum, v) => sum + v, 0);
    return norm === 'l1' ? Math.max(...steps) : Math.hypot(...steps);
  };
  return {
    victim,
    samples: { points, labels: oneHot(predicted, classes), ids: predicted.map((_, i) => i) },
    distances: (norm) =>
      predicted.map((y, i) => {
        const away = Array.from({ length: classes }, (_, k) =>
          k === y ? Infinity : (scores[i * classes + y]! - scores[i * classes + k]!) / slope(norm, y, k),
        );
        return Math.min(...away);
      }),
  };
}

async function brokenBy(found: Float32Array, victim: Victim, samples: Samples): Promise<boolean[]> {
  return wrong(victim.task, await victim.scores(found), samples.labels, victim.outputs);
}

function requireAllowed(threat: Threat, { points, ids }: Samples, found: Float32Array): void {
  const features = points.length / ids.length;
  for (const i of ids.keys()) {
    const row = (array: Float32Array) => array.subarray(i * features, (i + 1) * features);
    expect(allows(threat, row(points), row(found))).toBe(true);
  }
}

test.each([
  ['linf', 6, 2, 0.15, 1],
  ['linf', 12, 4, 0.06, 1],
  ['linf', 1, 3, 0.2, 1],
  ['l1', 8, 3, 0.5, 1],
  ['l2', 8, 3, 0.3, 0.85],
] as const)(
  '%s: %i features, %i classes, radius %d: nothing beyond the exact robust accuracy, and at least %d of it',
  async (norm, features, classes, radius, least) => {
    const { victim, samples, distances } = await linear(`linear ${norm} ${features}`, features, classes, 100);
    const threat = createThreat(norm, radius);
    const found = await square().run(victim, samples, threat, rng(1), whenDone);
    requireAllowed(threat, samples, found);
    const exact = distances(norm).map((away) => away / radius);
    const broken = await brokenBy(found, victim, samples);
    // Rounding of float32 decides at the boundary.
    for (const [i, is] of broken.entries()) if (is) expect(exact[i]!).toBeLessThan(1 + 1e-4);
    const possible = exact.filter((away) => away < 1 - 1e-4).length;
    expect(possible).toBeGreaterThan(15);
    expect(possible).toBeLessThan(95);
    expect(broken.filter(Boolean).length).toBeGreaterThanOrEqual(least * possible);
    expect(victim.spent().gradients).toBe(0);
    await victim.dispose();
  },
);

test('bounds: the exact answer of the box that is left', async () => {
  const { victim, samples } = await linear('bounded', 8, 2, 60);
  const bounds = [0.1, 0.7] as const;
  const clipped = samples.points.map((v) => Math.min(Math.max(v, bounds[0]), bounds[1]));
  const scores = await victim.scores(clipped);
  const predicted = samples.ids.map((i) => (scores[2 * i + 1]! > scores[2 * i]! ? 1 : 0));
  const inside: Samples = { ...samples, points: clipped, labels: oneHot(predicted, 2) };
  const threat = createThreat('linf', 0.3, bounds);
  const found = await square(2000).run(victim, inside, threat, rng(1), whenDone);
  requireAllowed(threat, inside, found);
  const broken = await brokenBy(found, victim, inside);
  // The scores of unit vectors are the weights: the difference of two columns says where each entry is to go.
  const unit = new Float32Array(64);
  for (let j = 0; j < 8; j++) unit[j * 8 + j] = 1;
  const weights = await victim.scores(unit);
  const worst = clipped.slice();
  for (const i of inside.ids) {
    for (let j = 0; j < 8; j++) {
      const slope = (weights[2 * j + 1]! - weights[2 * j]!) * (predicted[i] === 1 ? -1 : 1);
      const wanted = clipped[i * 8 + j]! + 0.3 * Math.sign(slope);
      worst[i * 8 + j] = Math.min(Math.max(wanted, bounds[0]), bounds[1]);
    }
  }
  const possible = await brokenBy(worst, victim, inside);
  expect(possible.filter(Boolean).length).toBeGreaterThan(5);
  expect(broken).toEqual(possible);
  await victim.dispose();
});

test('a row depends on its id and the key alone, not on its neighbours', async () => {
  const { victim, samples } = await linear('alone', 9, 3, 20);
  const image: ImageShape = [1, 3, 3];
  for (const norm of ['linf', 'l2', 'l1'] as const) {
    const threat = createThreat(norm, 0.02);
    const all = await square(4, image).run(victim, samples, threat, rng(7), whenDone);
    const some = [3, 11, 19];
    const pick = (array: Float32Array, width: number) =>
      Float32Array.from(some.flatMap((i) => [...array.subarray(i * width, (i + 1) * width)]));
    const alone = await square(4, image).run(
      victim,
      { points: pick(samples.points, 9), labels: pick(samples.labels, 3), ids: some },
      threat,
      rng(7),
      whenDone,
    );
    const other = await square(4, image).run(victim, samples, threat, rng(8), whenDone);
    expect(alone).toEqual(pick(all, 9));
    expect(other).not.toEqual(all);
  }
  await victim.dispose();
});

test('queries are counted, broken rows cost none and the stop is asked between them', async () => {
  const { victim, samples, distances } = await linear('counted', 6, 2, 50);
  // Nothing can be broken: every row takes its whole budget, the start included.
  const near = createThreat('linf', Math.min(...distances('linf')) / 2);
  await square(30).run(victim, samples, near, rng(1), whenDone);
  expect(victim.spent().scores).toBe(50 + 50 * 30);
  // Anything breaks at the first queries.
  const before = victim.spent().scores;
  const found = await square(2000).run(victim, samples, createThreat('linf', 50), rng(1), whenDone);
  expect((await brokenBy(found, victim, samples)).every(Boolean)).toBe(true);
  expect(victim.spent().scores - before).toBeLessThan(50 * 100);
  let asked = 0;
  const halfway = await square(5000).run(victim, samples, near, rng(1), () => ++asked > 10);
  expect(asked).toBe(11);
  requireAllowed(near, samples, halfway);
  expect(halfway).not.toEqual(samples.points);
  await victim.dispose();
});

test('regression is broken where the output leaves its tolerance', async () => {
  const w = parameter('w', tensor('float32', [3, 1], [1, -2, 3]));
  const model = modelFrom('regression', (batch) => {
    const x = input('x', 'float32', [batch, 3]);
    return graph([x], { y: matMul(x, w) });
  });
  const victim = await createVictim(model, { kind: 'regression', tolerance: 0.59 });
  const points = Float32Array.from(normal(rng(3), 30));
  const samples = { points, labels: await victim.scores(points), ids: [...Array(10).keys()] };
  // The largest deviation at the radius 0.1 is 0.1 (1 + 2 + 3) = 0.6.
  const found = await square(500).run(victim, samples, createThreat('linf', 0.1), rng(1), whenDone);
  expect((await brokenBy(found, victim, samples)).every(Boolean)).toBe(true);
  const less = await square(500).run(victim, samples, createThreat('linf', 0.098), rng(1), whenDone);
  expect((await brokenBy(less, victim, samples)).some(Boolean)).toBe(false);
  await victim.dispose();
});

test.each([
  [1, 1, 1],
  [1, 1, 2],
  [2, 1, 3],
  [1, 4, 1],
  [3, 7, 4],
  [1, 5, 30],
] as const)('images of [%i, %i, %i] fill the ball in every norm, at all scales', async (...image) => {
  const features = image[0] * image[1] * image[2];
  const { victim, samples } = await linear(`image ${image}`, features, 2, 5);
  for (const norm of ['linf', 'l2', 'l1'] as const) {
    for (const scale of [1e-3, 1, 1e12]) {
      const points = samples.points.map((v) => v * scale);
      const near = { ...samples, points };
      const threat = createThreat(norm, 1e-3 * scale);
      const found = await square(20, image).run(victim, near, threat, rng(5), whenDone);
      requireAllowed(threat, near, found);
      for (const i of samples.ids) {
        const row = (array: Float32Array) => array.subarray(i * features, (i + 1) * features);
        expect(distance(norm, row(points), row(found)) / threat.radius).toBeGreaterThan(0.99);
      }
    }
  }
  await victim.dispose();
});

test('channels last: the same search as on planes, of the same image in another order', async () => {
  const [channels, height, width] = [3, 4, 5];
  const features = channels * height * width;
  const { victim, samples } = await linear('planes', features, 3, 6);
  // Where each entry of a point with planes lies when channels come last.
  const places = Array.from({ length: features }, (_, at) => {
    const pixel = at % (height * width);
    return pixel * channels + Math.floor(at / (height * width));
  });
  const interleaved = (planes: Float32Array) => {
    const found = new Float32Array(planes.length);
    planes.forEach((v, i) => {
      found[i - (i % features) + places[i % features]!] = v;
    });
    return found;
  };
  const planar = (rows: Float32Array) =>
    rows.map((_, i) => rows[i - (i % features) + places[i % features]!]!);
  // The same function of the image.
  const last: Victim = { ...victim, scores: (points) => victim.scores(planar(points)) };
  for (const norm of ['linf', 'l2', 'l1'] as const) {
    const threat = createThreat(norm, 0.02, [-1, 2]);
    const run = (of: Victim, points: Float32Array, image: ImageShape) =>
      square(60, image).run(of, { ...samples, points }, threat, rng(2), whenDone);
    const first = await run(victim, samples.points, [channels, height, width]);
    const found = await run(last, interleaved(samples.points), [channels, height, width, 'channels last']);
    // In l2 and l1 sums over a point are taken in another order.
    interleaved(first).forEach((v, i) => {
      expect(found[i]).toBeCloseTo(v, norm === 'linf' ? 7 : 4);
    });
    expect(first).not.toEqual(samples.points);
  }
  await victim.dispose();
});

test('a layout of another size, no queries and an infinite radius are refused', async () => {
  const { victim, samples } = await linear('refused', 6, 2, 3);
  const run = (image: ImageShape, radius: number) =>
    square(10, image).run(victim, samples, createThreat('linf', radius), rng(1), whenDone);
  await expect(run([1, 2, 2], 1)).rejects.toThrow(/layout of images: "\[1,2,2\]"; expected .* of 6 entries/);
  await expect(run([1, 2, 3], Infinity)).rejects.toThrow(/radius/);
  expect(() => square(0)).toThrow(/queries: 0/);
  expect(() => square(10, [1, 2, 1.5])).toThrow(/side of an image: 1.5/);
  await victim.dispose();
});
