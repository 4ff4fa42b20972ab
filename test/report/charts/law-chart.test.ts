// The drawn chart against its own axes: positions are read back through the tick labels a reader would use.
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { lawChart } from '../../../src/report/charts/law-chart.ts';
import { chartedDataSets, type LawChartData, lawChartData } from '../../../src/report/charts/law-data.ts';
import { NARROW, WIDE } from '../../../src/report/charts/law-frame.ts';
import { familyStyles } from '../../../src/report/theme.ts';
import type { StudyResult } from '../../../src/study/index.ts';
import { awkwardStudy, bareStudy, crowdedStudy, oneTrialStudy, richStudy } from '../fixtures.ts';

function mainData(result: StudyResult): LawChartData {
  return lawChartData(result, chartedDataSets(result)[0]!, familyStyles(result));
}

function drawn(data: LawChartData, layout = WIDE) {
  const chart = lawChart(data, layout, 'test');
  const { document } = parseHTML(`<body>${chart.svg.markup}</body>`);
  const texts = [...document.querySelectorAll('text')].map((element) => ({
    text: element.textContent!.replace(element.querySelector('title')?.textContent ?? '\0', ''),
    at: translation(element),
  }));
  return { chart, document, texts, axes: axesOf(texts) };
}

interface Positioned {
  readonly text: string;
  readonly at: readonly [x: number, y: number];
}

function translation(element: Element): readonly [number, number] {
  const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(element.getAttribute('transform') ?? '') ?? [];
  return [Number(x), Number(y)];
}

/** Two labelled ticks of each axis give its map. */
function axesOf(texts: readonly Positioned[]): {
  x: (pixel: number) => number;
  y: (pixel: number) => number;
} {
  const at = (text: string): readonly [number, number] => texts.find((one) => one.text === text)!.at;
  const through =
    ([p, v]: readonly [number, number], [q, w]: readonly [number, number]) =>
    (pixel: number) =>
      Math.exp(Math.log(v) + ((pixel - p) / (q - p)) * Math.log(w / v));
  return {
    x: through([at('10\u2074')[0], 1e4], [at('10\u2075')[0], 1e5]),
    y: through([at('2')[1], 2], [at('20')[1], 20]),
  };
}

describe('the wide chart of a full study', () => {
  const data = mainData(richStudy());
  const { document, texts, axes, chart } = drawn(data);

  test('the line of the law has slope -1/2 and passes sqrt(nd/P)', () => {
    const line = [...document.querySelectorAll('path')].find((path) => path.closest('g[stroke-width="3"]'))!;
    const points = [...line.getAttribute('d')!.matchAll(/([-\d.]+),([-\d.]+)/g)].map(([, x, y]) => [
      axes.x(Number(x)),
      axes.y(Number(y)),
    ]);
    expect(points.length).toBe(2);
    for (const [parameterCount, constant] of points) {
      expect(constant! / Math.sqrt(1e6 / parameterCount!)).toBeCloseTo(1, 2);
    }
  });

  test('every exact mark in the chart sits at its P and its median', () => {
    const marks = [...document.querySelectorAll('[aria-label="dot"] > *')].filter((mark) =>
      mark.querySelector('title'),
    );
    const read = marks.map((mark) => {
      const [x, y] = mark.hasAttribute('cx')
        ? [Number(mark.getAttribute('cx')), Number(mark.getAttribute('cy'))]
        : translation(mark);
      return [axes.x(x!), axes.y(y!)];
    });
    const expected = data.families
      .flatMap(({ exact }) => exact.map(({ parameterCount, constant }) => [parameterCount, constant.median]))
      .filter(([, constant]) => constant! < 1000);
    expect(read.length).toBe(expected.length);
    for (const [parameterCount, constant] of expected) {
      const near = read.some(
        ([p, c]) => Math.abs(p! / parameterCount! - 1) < 0.01 && Math.abs(c! / constant! - 1) < 0.01,
      );
      expect(near, `P = ${parameterCount}`).toBe(true);
    }
  });

  test('every bar runs from its lower to its upper end', () => {
    const rects = [...document.querySelectorAll('[aria-label="rect"] rect')].filter((rect) =>
      rect.querySelector('title'),
    );
    const read = rects.map((rect) => {
      const [y, height] = ['y', 'height'].map((name) => Number(rect.getAttribute(name)));
      return [axes.y(y! + height!), axes.y(y!)];
    });
    const bars = data.families.find(({ style }) => style.family === 'two-layer')!.bars;
    expect(read.length).toBe(bars.length);
    bars.forEach(({ lower, upper }, index) => {
      expect(read[index]![0]! / lower).toBeCloseTo(1, 2);
      expect(read[index]![1]! / upper).toBeCloseTo(1, 2);
    });
  });

  test('what lies beyond the top is an arrow with its value, and keeps the rest legible', () => {
    expect(chart.beyond).toBe(true);
    expect(texts.filter(({ text }) => text === '\u25B2').length).toBe(3);
    expect(texts.some(({ text }) => text.startsWith('baum \u2265'))).toBe(true);
    const ticks = texts
      .filter(({ at }) => at[0] === WIDE.marginLeft)
      .map(({ text }) => Number(text.replace('\u202F', '')))
      .filter(Number.isFinite);
    expect(ticks.length).toBeGreaterThan(4);
    expect(Math.max(...ticks)).toBeLessThan(10_000);
  });

  test('families, law, optimum, bound and both thresholds carry their names', () => {
    expect(chart.unlabelled).toEqual([]);
    const all = texts.map(({ text }) => text).join('\n');
    for (const name of [
      'projected-rbf',
      'mcshane',
      'two-layer',
      '\u221A(nd/P)',
      'McShane optimum',
      'certified lower bound',
      'P = n,',
      'P = nd,',
    ]) {
      expect(all).toContain(name);
    }
  });

  test('the description says in words what the chart shows', () => {
    const description = document.querySelector('desc')!.textContent!;
    expect(description).toContain('from 31.6 at P = n = 1\u202F000 to 1 at P = nd = 1\u202F000\u202F000');
    expect(description).toContain('two-layer: between');
    expect(document.querySelector('svg')!.getAttribute('aria-labelledby')).toBe('test-title test-text');
  });
});

test.each([
  ['one trial', oneTrialStudy()],
  ['no optional field', bareStudy()],
  ['awkward numbers', awkwardStudy()],
  ['twelve families', crowdedStudy()],
])('%s: drawn wide and narrow, all geometry finite', (_, result) => {
  for (const layout of [WIDE, NARROW]) {
    const { markup } = lawChart(mainData(result), layout, 'test').svg;
    expect(markup).not.toMatch(/NaN|Infinity|undefined/);
    expect(markup).toContain('<title id="test-title">');
  }
});

test('families whose full name has no room are handed back for a key', () => {
  const { chart } = drawn(mainData(crowdedStudy()), NARROW);
  expect(chart.unlabelled.length).toBe(12);
});

test('n = d = 1: P = n and P = nd coincide', () => {
  const result = oneTrialStudy();
  const data = { ...mainData(result), n: 1, d: 1 };
  expect(lawChart(data, WIDE, 'test').svg.markup).toContain('P = n = nd');
});
