// The bookkeeping of an audit: which examples count, how two sides are put together, and what a contradiction does.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Certified } from '../../src/audit/certify.ts';
import type { Crew } from '../../src/audit/crew.ts';
import { broken, type Nearest, offer } from '../../src/audit/found.ts';
import { confidence } from '../../src/audit/images.ts';
import { requireOrder } from '../../src/audit/order.ts';
import type { PointRobustness } from '../../src/audit/result.ts';
import { stabilityOf } from '../../src/audit/robustness.ts';
import type { AuditedRows } from '../../src/audit/rows.ts';
import { imageShape } from '../../src/audit/subject.ts';

const TASK = { kind: 'classification' } as const;
const THREAT = { norm: 'linf', radius: 0.5, bounds: [0, 1] } as const;

/** Rows of two values with label 0 of two classes. */
function rowsAt(points: number[][]): AuditedRows {
  return {
    ids: points.map((_, i) => 10 + i),
    points: Float32Array.from(points.flat()),
    labels: Float32Array.from(points.flatMap(() => [1, 0])),
    features: 2,
    outputs: 2,
    scores: Float32Array.from(points.flatMap(() => [1, 0])),
    correct: points.map(() => true),
  };
}

describe('offered examples', () => {
  const offered = (nearest: Nearest, changed: number[], outputs: number[]) =>
    offer(nearest, rowsAt([[0.5, 0.5]]), TASK, [0], {
      attack: 'test',
      threat: THREAT,
      changed: Float32Array.from(changed),
      outputs: Float32Array.from(outputs),
    });

  it('count where they are allowed and wrong, and the nearest stays', () => {
    const nearest: Nearest = [undefined];
    expect(offered(nearest, [0.75, 0.5], [1, 1])).toEqual([false]); // A tie goes to the first class.
    expect(offered(nearest, [0.75, 0.5], [0, 1])).toEqual([true]);
    expect(nearest[0]!.distance).toBe(0.25);
    expect(offered(nearest, [0.875, 0.5], [0, 1])).toEqual([true]);
    expect(nearest[0]!.distance).toBe(0.25);
    expect(offered(nearest, [0.625, 0.5], [0, Number.NaN])).toEqual([true]);
    expect(nearest[0]!.distance).toBe(0.125);
    expect(offered(nearest, [1.0625, 0.5], [0, 1])).toEqual([false]);
    expect(offered(nearest, [-0.0625, 0.5], [0, 1])).toEqual([false]);
    expect(offered(nearest, [Number.NaN, 0.5], [0, 1])).toEqual([false]);
    expect([0.1, 0.125, 0.2].map((radius) => broken(nearest, 0, radius))).toEqual([false, true, true]);
  });

  it('never lie outside of the ball or the bounds, whatever is offered', () => {
    const number = fc.float({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(number, number), fc.tuple(number, number), ([x, y], [a, b]) => {
        const nearest: Nearest = [undefined];
        const [taken] = offered(nearest, [x, y], [a, b]);
        const inside = [x, y].every((v) => v >= 0 && v <= 1 && Math.abs(v - 0.5) <= 0.5);
        expect(taken).toBe(inside && b > a);
      }),
    );
  });
});

describe('certificates that reach an example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'order-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const certified: Certified[] = [
    { radius: 0.3, method: 'a proof' },
    { radius: 0.2, method: 'a proof' },
  ];
  /** Both rows have an example at 0.25; the judge says what it is told. */
  const order = (verdict: 'wrong' | 'right' | 'unknown' | 'late' | 'crash') => {
    const rows = rowsAt([
      [0.5, 0.5],
      [0.25, 0.25],
    ]);
    const example = { attack: 'test', distance: 0.25, scores: Float32Array.of(0, 1) };
    const nearest: Nearest = [
      { ...example, point: Float32Array.of(0.75, 0.5) },
      { ...example, point: Float32Array.of(0.5, 0.25) },
    ];
    const perform = async () =>
      verdict === 'late'
        ? { status: 'late' }
        : verdict === 'crash'
          ? { status: 'failed', reason: 'SIGSEGV', seconds: 0 }
          : { status: 'done', result: [verdict], stopped: false, seconds: 0 };
    const crew = { workers: 1, perform, dismiss: async () => {} } as unknown as Crew;
    const campaign = { crew, rows, task: TASK, norm: 'linf', bounds: [0, 1], seed: 0, nearest } as const;
    return requireOrder({ ...campaign, nearest, observe: () => {} }, certified, folder);
  };

  it('end before it where only rounding makes the model wrong', async () => {
    const { certified: kept, findings } = await order('right');
    expect(kept[0]!.radius).toBeLessThan(0.25);
    expect(kept[0]!.radius).toBeGreaterThan(0.25 * (1 - 1e-15));
    expect(kept[1]).toEqual(certified[1]);
    expect(findings.map(({ id }) => id)).toEqual(['rounding-within-certificate']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['late', /time/],
    ['crash', /SIGSEGV/],
  ] as const)('end before it where the judge is of no use (%s), and a warning says so', async (how, why) => {
    const { certified: kept, findings } = await order(how);
    expect(kept[0]!.radius).toBeLessThan(0.25);
    expect(kept[1]).toEqual(certified[1]);
    expect(findings).toMatchObject([{ id: 'certificates-unjudged', severity: 'warning' }]);
    expect(findings[0]!.explanation).toMatch(why);
  });

  it.each(['wrong', 'unknown'] as const)('are a defect where the model is %s there', async (verdict) => {
    await expect(order(verdict)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/row 10: a proof certifies the linf radius 0.3.*distance 0.25/),
    });
    const found = JSON.parse(readFileSync(join(folder, 'violation-linf-10.json'), 'utf8'));
    expect(found).toMatchObject({ original: [0.5, 0.5], adversarial: [0.75, 0.5], label: [0] });
  });
});

it('stability is the mean and the median over correct rows, unknown where nothing was found', () => {
  const point = (radius: number, far: number | null, correct = true): PointRobustness => ({
    row: 0,
    label: [0],
    correct,
    certified: { radius, method: 'a proof' },
    found: far === null ? null : { distance: far, attack: 'test', prediction: [1], example: 0 },
  });
  const stage = { attack: 'test', status: 'done' as const, attacked: 0, broken: 0 };
  const nearest = { ...stage, notAttacked: 0, robustAfter: 0, seconds: 0 };
  const stability = (points: PointRobustness[]) =>
    stabilityOf({ norm: 'l2', points, ensembles: [], nearest, examples: null });
  const points = [point(1, 3), point(2, 4), point(6, 8), point(0, null, false)];
  expect(stability(points)).toEqual({ norm: 'l2', certified: 3, found: 5, median: [2, 4] });
  expect(stability([...points, point(7, null)])).toMatchObject({ found: null, median: [4, 8] });
  expect(stability([point(1, 2), point(1, null)])).toMatchObject({ found: null, median: [1, null] });
  expect(stability([point(0, null, false)])).toBeUndefined();
});

it('confidence is a probability already, or the softmax of the scores', () => {
  expect(confidence(Float32Array.of(0.25, 0.75))).toBe(0.75);
  expect(confidence(Float32Array.of(0, Math.log(3)))).toBeCloseTo(0.75, 6);
  expect(confidence(Float32Array.of(1000, -1000))).toBe(1);
  expect(confidence(Float32Array.of(Number.NaN, 0))).toBeNull();
});

it.each([
  [[64], undefined],
  [
    [8, 8],
    [1, 8, 8],
  ],
  [
    [3, 32, 32],
    [3, 32, 32],
  ],
  [
    [1, 28, 28],
    [1, 28, 28],
  ],
  [
    [32, 32, 3],
    [3, 32, 32, 'channels last'],
  ],
  [
    [28, 28, 1],
    [1, 28, 28],
  ],
  [
    [1, 3, 32, 32],
    [3, 32, 32],
  ],
])('points of shape %j are images %j', (shape, image) => {
  expect(imageShape({ shape })).toEqual(image);
});
