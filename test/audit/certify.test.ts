// How rows share the time for certificates, on a clock that only certificates move.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { certifyCheaply, certifyRows, type RowSearch } from '../../src/audit/certify.ts';
import type { CertifiedRadius, Certifier } from '../../src/certificates/index.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const proven = (radius: number, method: CertifiedRadius['method']): CertifiedRadius => ({
  radius,
  method,
  seconds: 0,
  certificates: [],
});

/** A row whose point is [s] needs s seconds of search, a tenth at a time; the search proves 2, what is cheap 1. */
function slow(splitSeconds: number[] = []): Certifier {
  return {
    cheapRadius: () => proven(1, 'interval bounds'),
    radius: (point, _label, _split, stop, known) => {
      for (let tenth = 0; tenth < 10 * point[0]!; tenth++) {
        if (stop!()) return known!;
        vi.advanceTimersByTime(100);
      }
      return proven(2, 'linear bounds');
    },
    at: (_point, _label, _radius, seconds) => {
      splitSeconds.push(seconds);
      return { kind: 'open', method: undefined, seconds: 0 };
    },
  } as Partial<Certifier> as Certifier;
}

const counts = (searches: readonly RowSearch[]) => ({
  cut: searches.filter(({ ended }) => ended === 'cut').length,
  notBegun: searches.filter(({ ended }) => ended === 'not begun').length,
});

function run(needs: readonly number[], seconds: number, radii: readonly number[] = [], splits?: number[]) {
  const points = Float32Array.from(needs);
  const start = performance.now();
  const late = () => performance.now() - start >= 1e3 * seconds;
  const certifier = slow(splits);
  const known = certifyCheaply(certifier, { points, labels: points }, needs.length, () => false);
  const found = needs.map(() => Infinity);
  const wanted = { points, labels: points, radii, found, known, boundSeconds: 20 };
  const searches = certifyRows(certifier, wanted, seconds, late);
  return {
    ...counts(searches),
    radii: searches.map((one) => one.certified.radius),
    spent: performance.now() - start,
  };
}

test('all rows are searched where the time suffices, however uneven', () => {
  const { radii, cut, notBegun } = run([0.1, 2, 0.1, 0.1], 8);
  expect(radii).toEqual([2, 2, 2, 2]);
  expect([cut, notBegun]).toEqual([0, 0]);
});

test('where it does not suffice for all, some are searched to the end, and the others keep what is cheap', () => {
  const { radii, cut, notBegun, spent } = run(new Array(16).fill(2), 7);
  expect(radii.filter((radius) => radius === 2).length).toBe(3);
  expect(radii.filter((radius) => radius === 1).length).toBe(13);
  expect([cut, notBegun]).toEqual([1, 12]);
  expect(spent).toBeLessThanOrEqual(7100);
});

test('a first row that never ends leaves half of the time to the others', () => {
  const { radii, cut } = run([1000, 1, 1], 6);
  expect(radii).toEqual([1, 2, 2]);
  expect(cut).toBe(1);
});

test('branch and bound has what a row leaves of its even share, and a tenth of a bound at most', () => {
  const splits: number[] = [];
  const few = run([1, 1, 1, 1], 12, [5, 6], splits);
  // It asks at the smallest radius first, and no further where that stays open.
  expect(splits.length).toBe(4);
  expect(splits[0]).toBeCloseTo(1, 6);
  const short: number[] = [];
  const whole = run([1, 1, 1, 1], 1e4, [5, 6], short);
  expect(short).toEqual([2, 2, 2, 2]);
  // What stays open after less than a tenth of a bound is not searched to the end; what does after all of it is.
  expect([few.cut, whole.cut]).toEqual([splits.filter((one) => one < 2).length, 0]);
  expect(few.cut).toBeGreaterThan(0);
});

test('a row whose search takes all of its share is cut where branch and bound would come after it', () => {
  const splits: number[] = [];
  const { cut, radii } = run([3, 1], 6, [5], splits);
  // The first row has no time left for it; the second has two seconds, which are a tenth of a bound.
  expect(radii).toEqual([2, 2]);
  expect(splits).toEqual([2]);
  expect(cut).toBe(1);
});

test('without a limit nothing is cut', () => {
  const { radii, cut, notBegun } = run([5, 0.1, 5], Infinity);
  expect([...radii, cut, notBegun]).toEqual([2, 2, 2, 0, 0]);
});

test('rows that stop finds in the queue keep what is cheap', () => {
  const points = Float32Array.of(1, 1);
  const known = [proven(1, 'interval bounds'), proven(0, undefined)];
  const wanted = { points, labels: points, radii: [], found: [9, 9], known, boundSeconds: 1 };
  expect(certifyRows(slow(), wanted, 1, () => true)).toEqual([
    { certified: { radius: 1, method: 'interval bounds' }, ended: 'not begun' },
    { certified: { radius: 0, method: 'none' }, ended: 'not begun' },
  ]);
  expect(certifyCheaply(slow(), { points, labels: points }, 2, () => true)).toEqual([]);
});
