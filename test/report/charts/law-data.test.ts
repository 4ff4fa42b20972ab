import { expect, test } from 'vitest';
import { chartedDataSets, hasPoints, isDrawable, lawChartData } from '../../../src/report/charts/law-data.ts';
import { familyStyles } from '../../../src/report/theme.ts';
import type { StudyResult } from '../../../src/study/index.ts';
import { awkwardStudy, emptyStudy, failedStudy, richStudy, SPHERE } from '../fixtures.ts';

function chart(result: StudyResult, data = SPHERE.name) {
  return lawChartData(result, data, familyStyles(result));
}

test('data sets come by n d, the largest first, those without a series not at all', () => {
  expect(chartedDataSets(richStudy())).toEqual([
    'sphere n=1000 d=1000',
    'mixture',
    'sphere n=500 d=500',
    'sphere n=500 d=250',
    'digits',
    'digits-noise',
  ]);
  expect(chartedDataSets(failedStudy())).toEqual([]);
  expect(chartedDataSets(emptyStudy())).toEqual([]);
});

test('exact constants are marks, intervals are bars, and nothing is both', () => {
  const { families } = chart(richStudy());
  const by = Object.fromEntries(families.map((family) => [family.style.family, family]));
  expect(by['projected-rbf']!.exact.map((mark) => mark.parameterCount)).toEqual(
    [1, 3, 10, 20, 40, 80, 160, 320, 640, 1000].map((size) => 1000 * size),
  );
  expect(by['projected-rbf']!.bars).toEqual([]);
  for (const name of ['two-layer', 'baum']) {
    expect([by[name]!.exact, by[name]!.uppers]).toEqual([[], []]);
    expect(hasPoints(by[name]!)).toBe(false);
  }
  // One bar for every trained network: four widths, three seeds.
  expect(by['two-layer']!.bars.length).toBe(12);
  for (const bar of by['two-layer']!.bars) expect(bar.lower).toBeLessThan(bar.upper);
});

test('spreads and bars are those of the trials themselves', () => {
  const result = richStudy();
  const constants = (family: string, size: number) =>
    result.outcomes.flatMap((outcome) =>
      outcome.state === 'done' &&
      outcome.trial.data === SPHERE.name &&
      outcome.trial.family === family &&
      outcome.trial.size === size
        ? [outcome.result.lipschitz]
        : [],
    );
  const { families } = chart(result);
  const mark = families[0]!.exact.find(({ parameterCount }) => parameterCount === 80_000)!;
  const values = constants('projected-rbf', 80)
    .map(({ upper }) => upper.value)
    .sort((a, b) => a - b);
  expect(mark.constant.count).toBe(5);
  expect(mark.constant.low).toBeCloseTo(values[0]!, 9);
  expect(mark.constant.median).toBeCloseTo(values[2]!, 9);
  expect(mark.constant.high).toBeCloseTo(values[4]!, 9);
  const bars = families.find(({ style }) => style.family === 'two-layer')!.bars.slice(0, 3);
  expect(bars.map(({ lower, upper }) => [lower, upper])).toEqual(
    constants('two-layer', 20).map(({ lower, upper }) => [lower!.value, upper.value]),
  );
});

test('what a logarithmic axis cannot show is left out: zero, infinite and missing constants', () => {
  const result = awkwardStudy();
  expect(chart(result).families.map(({ style }) => style.family)).toEqual(['projected-rbf']);
  expect(chart(result, 'constant labels').families).toEqual([]);
  expect(chart(result, 'constant labels').mcShane).toBeUndefined();
  expect([0, -1, Number.NaN, Number.POSITIVE_INFINITY, undefined].some(isDrawable)).toBe(false);
});

test('a lower end of 0 keeps its bar, a missing one makes a mark known from above only', () => {
  const base = richStudy();
  const series = {
    data: 'x',
    family: 'f',
    n: 10,
    d: 2,
    points: [
      { parameterCount: 30, upper: [4, 5], lower: [0, Number.NaN], exact: false, interpolationError: 0 },
      { parameterCount: 20, upper: [7], exact: false, interpolationError: 0 },
    ],
  };
  const result = { ...base, analysis: { ...base.analysis, series: [series] } };
  const [family] = chart(result, 'x').families;
  expect(family!.bars.map(({ lower, upper }) => [lower, upper])).toEqual([[0, 4]]);
  expect(family!.uppers).toEqual([{ parameterCount: 20, bound: { low: 7, median: 7, high: 7, count: 1 } }]);
});

test('a constant without a certificate is a mark from below, and no bar', () => {
  const base = richStudy();
  const series = {
    data: 'x',
    family: 'attention',
    n: 10,
    d: 2,
    points: [
      { parameterCount: 30, upper: [Infinity, Infinity], lower: [4, 6], exact: false, interpolationError: 0 },
      // With one certificate there is a bar.
      { parameterCount: 40, upper: [9, Infinity], lower: [4, 6], exact: false, interpolationError: 0 },
      { parameterCount: 50, upper: [Infinity], exact: false, interpolationError: 0 },
    ],
  };
  const [family] = chart({ ...base, analysis: { ...base.analysis, series: [series] } }, 'x').families;
  expect(family!.lowers).toEqual([{ parameterCount: 30, bound: { low: 4, median: 5, high: 6, count: 2 } }]);
  expect(family!.bars.map(({ parameterCount }) => parameterCount)).toEqual([40]);
  expect(family!.uppers).toEqual([]);
});
