import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import {
  effectiveDimensionChart,
  NARROW_READING,
  WIDE_READING,
} from '../../../src/report/charts/effective-dimension-chart.ts';
import { awkwardStudy, richStudy } from '../fixtures.ts';

const [usual] = richStudy().analysis.effectiveDimensions;
const [openHigh, openLow, beyond, unreadable] = awkwardStudy().analysis.effectiveDimensions;

test('the drop stands at the estimate, the bar on the axis spans its interval', () => {
  const { document } = parseHTML(effectiveDimensionChart(usual!, WIDE_READING, 'e')!.markup);
  const x = axis(document);
  const [drop, bar] = [...document.querySelectorAll('[aria-label="link"] path')].map((path) =>
    [...path.getAttribute('d')!.matchAll(/([-\d.]+),([-\d.]+)/g)].map(([, pixel]) => x(Number(pixel))),
  );
  const { value, interval } = usual!.estimate;
  expect(drop!.map((d) => d / value)).toEqual([expect.closeTo(1, 2), expect.closeTo(1, 2)]);
  expect(bar![0]! / interval[0]).toBeCloseTo(1, 2);
  expect(bar![1]! / interval[1]).toBeCloseTo(1, 2);
});

test.each([
  ['beyond the last sphere', openHigh!, '\u25B6', 'd = 64.0'],
  ['before the first sphere', openLow!, '\u25C0', 'd = 8.00'],
  ['wholly beyond', beyond!, '\u25B6', 'd > 32.0'],
])('an interval %s has an open end', (_, one, arrow, reading) => {
  for (const layout of [WIDE_READING, NARROW_READING]) {
    const { markup } = effectiveDimensionChart(one, layout, 'e')!;
    expect(markup).toContain(`>${arrow}<`);
    expect(markup).toContain(reading.replace('>', '&gt;'));
    expect(markup).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('without a curve or a constant there is no chart', () => {
  expect(effectiveDimensionChart(unreadable!, WIDE_READING, 'e')).toBeUndefined();
  expect(
    effectiveDimensionChart({ ...usual!, constants: [0, Number.NaN] }, WIDE_READING, 'e'),
  ).toBeUndefined();
});

/** The x axis, read off the labels 5 and 50. */
function axis(document: Document): (pixel: number) => number {
  const at = (label: string): number => {
    const tick = [...document.querySelectorAll('text')].find(
      (text) =>
        text.textContent === label && /translate\([-\d.]+,370\)/.test(text.getAttribute('transform')!),
    )!;
    return Number(/translate\(([-\d.]+)/.exec(tick.getAttribute('transform')!)![1]);
  };
  const [five, fifty] = [at('5'), at('50')];
  return (pixel) => 5 * 10 ** ((pixel - five) / (fifty - five));
}
