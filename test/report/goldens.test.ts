// Figures to look at: open test/report/golden/*.svg in a browser. UPDATE_GOLDENS=1 vitest run test/report re-makes them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { effectiveDimensionChart, WIDE_READING } from '../../src/report/charts/effective-dimension-chart.ts';
import { lawChart } from '../../src/report/charts/law-chart.ts';
import { chartedDataSets, lawChartData } from '../../src/report/charts/law-data.ts';
import { NARROW } from '../../src/report/charts/law-frame.ts';
import { sliceChart } from '../../src/report/charts/slice-chart.ts';
import { standaloneSvg } from '../../src/report/charts/svg.ts';
import { heroSvg } from '../../src/report/index.ts';
import { familyStyles } from '../../src/report/theme.ts';
import { awkwardStudy, richStudy } from './fixtures.ts';

const FOLDER = join(import.meta.dirname, 'golden');
const rich = richStudy();

const FIGURES: readonly (readonly [name: string, draw: () => string])[] = [
  ['hero', () => heroSvg(rich)],
  [
    'law-narrow',
    () => {
      const data = lawChartData(rich, chartedDataSets(rich)[0]!, familyStyles(rich));
      return standaloneSvg(lawChart(data, NARROW, 'law').svg);
    },
  ],
  [
    'effective-dimension',
    () =>
      standaloneSvg(
        effectiveDimensionChart(rich.analysis.effectiveDimensions[0]!, WIDE_READING, 'dimension')!,
      ),
  ],
  [
    'effective-dimension-open',
    () =>
      standaloneSvg(
        effectiveDimensionChart(awkwardStudy().analysis.effectiveDimensions[0]!, WIDE_READING, 'dimension')!,
      ),
  ],
  [
    'map-mcshane',
    () => {
      const slice = rich.outcomes.flatMap((outcome) =>
        outcome.state === 'done' && outcome.trial.family === 'mcshane' && outcome.result.slice
          ? [outcome.result.slice]
          : [],
      )[0]!;
      return standaloneSvg(sliceChart(slice, 'map', 'mcshane on a plane through three data points'));
    },
  ],
];

test.each(FIGURES)('%s looks as it did', (name, draw) => {
  const path = join(FOLDER, `${name}.svg`);
  const svg = draw();
  if (process.env.UPDATE_GOLDENS) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, svg);
  }
  // Not toBe: the difference of two drawings is no reading.
  expect(svg === readFileSync(path, 'utf8'), `${path} differs; look at it after UPDATE_GOLDENS=1`).toBe(true);
});
