// The page of a survey: what it shows is what the survey says, whole, in place, and escaped. Its charts are goldens to look at.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { describe, expect, it, test } from 'vitest';
import type { Measurement } from '../../src/guarantee/index.ts';
import { intervalChart } from '../../src/report/charts/interval-chart.ts';
import { standaloneSvg } from '../../src/report/charts/svg.ts';
import { renderSurveyPage } from '../../src/report/index.ts';
import {
  dimensionChart,
  distanceHistogram,
  expansionChart,
  noiseProfileChart,
  scaleChart,
  tailChart,
} from '../../src/report/survey/charts.ts';
import { xyChart } from '../../src/report/survey/xy-chart.ts';
import { type DataSurvey, surveySchema } from '../../src/survey/index.ts';
import { completeSurvey, failedSurvey } from './survey-fixtures.ts';

function read(survey: DataSurvey) {
  const page = renderSurveyPage(survey);
  const { document } = parseHTML(page) as unknown as Window;
  const text = (selector: string) => [...document.querySelectorAll(selector)].map(words);
  return { page, document, text };
}

function words(element: Element): string {
  return element.textContent!.trim().replace(/\s+/g, ' ');
}

function known<Value>(part: Measurement<Value>): Value {
  if (!('value' in part)) throw new Error('no value');
  return part.value;
}

const complete = completeSurvey();

describe('a complete survey', () => {
  const { document, text, page } = read(complete);

  it('is a survey by its schema', () => {
    expect(surveySchema.safeParse(complete).error).toBeUndefined();
    expect(surveySchema.safeParse(failedSurvey()).error).toBeUndefined();
  });

  it('opens with the verdict', () => {
    expect(text('.verdict')).toEqual(complete.verdict.slice(0, 2));
    expect(text('.further li')).toEqual(complete.verdict.slice(2));
  });

  it('has a section for each part, in this order, and tiles that lead to them', () => {
    expect([...document.querySelectorAll('section')].map(({ id }) => id)).toEqual([
      'dimensions',
      'noise',
      'separation',
      'isoperimetry',
      'concentration',
      'repeats',
      'data',
      'reproduction',
    ]);
    for (const link of document.querySelectorAll('.tiles a'))
      expect(document.querySelector(link.getAttribute('href')!)).not.toBeNull();
    // The least of the bounds on the dimension: 5.5 rather than 8.
    expect(text('.tiles strong').slice(1, 3)).toEqual(['5.50', '5 500']);
  });

  it('says why an estimator has no answer, beside those that have', () => {
    const [table] = text('#dimensions tbody');
    expect(table).toMatch(/stable rank5\.5095 % interval 4\.20 to 7\.00 ?5 500/);
    expect(table).toMatch(/TwoNNrows are too few/);
    expect(table).toMatch(/concentration dimension8\.00/);
  });

  it('marks what was not compared in full, in the section and at the number', () => {
    expect(text('#separation .notice')).toEqual(['Incomplete: pairs of 512 of 1000 rows were compared']);
    const cells = text('#separation tbody tr td.number');
    expect(cells[0]).toBe('≤ 0.250all pairs of 512 rows');
    expect(text('#separation tbody tr')[1]).toMatch(/0\.250all pairs0\.125/);
  });

  it('constants from inequalities that say more, and the test in another norm', () => {
    // Lower ends are rounded down: 1.775 to 1.77.
    expect(text('#isoperimetry tbody tr')[0]).toMatch(/≥\s1\.75≥\s1\.62≥\s1\.77/);
    const sentence = text('#isoperimetry p').find((one) => one.startsWith('In ℓ∞'))!;
    expect(sentence).toMatch(/c = 2\.00 \(90 % interval 1\.50 to 3\.00\) and d \/ c = 8\.00/);
  });

  it('pictures of the closest rows and of contradictions, as data', () => {
    const pictures = [...document.querySelectorAll('img')];
    expect(pictures.map((one) => one.getAttribute('alt'))).toEqual([
      'row 7',
      'row 9',
      'row 7',
      'row 9',
      'row 10',
    ]);
    for (const one of pictures) expect(one.getAttribute('src')).toMatch(/^data:image\/png;base64,/);
    expect(text('#repeats tbody tr')[0]).toMatch(/10, 20cat \/ dogcontradictory/);
    expect(text('#repeats tbody tr')[1]).toMatch(/1, 2, 3, and 4 more/);
  });

  it('has no identifier twice, and names every chart', () => {
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const svg of document.querySelectorAll('svg.chart')) {
      for (const id of svg.getAttribute('aria-labelledby')!.split(' '))
        expect(words(document.getElementById(id)!)).not.toBe('');
    }
  });

  it('needs neither scripts nor the network, and is the same text each time', () => {
    expect(document.querySelectorAll('script, link, iframe, object, embed')).toHaveLength(0);
    expect(page).not.toMatch(/(?:src|href)="https?:/);
    expect(renderSurveyPage(completeSurvey()) === page).toBe(true);
  });
});

describe('what was not measured', () => {
  const { document, text, page } = read(failedSurvey());

  it('is said where the numbers would be', () => {
    for (const id of ['dimensions', 'noise', 'separation', 'isoperimetry', 'concentration'])
      expect(text(`#${id} .absent`)).toEqual([expect.stringMatching(/^Not measured: /)]);
    expect(text('#repeats .notice')).toEqual([expect.stringMatching(/^Failed after 1\.00 seconds/)]);
    expect(text('.tiles strong').slice(1)).toEqual(Array(5).fill('—'));
  });

  it('is text, whatever it looks like', () => {
    expect(document.querySelectorAll('script')).toHaveLength(0);
    expect(page).toContain('&lt;script&gt;');
  });
});

const FOLDER = join(import.meta.dirname, 'golden');
const dimensions = known(complete.dimensions);
const xy = (chart: Parameters<typeof xyChart>[0] | undefined, id: string) =>
  standaloneSvg(xyChart(chart!, id, id));

// UPDATE_GOLDENS=1 vitest run test/report re-makes them.
test.each([
  [
    'survey-dimensions',
    () => standaloneSvg(intervalChart(dimensionChart(dimensions.readings, 16)!, 'dimensions', 'dimensions')),
  ],
  ['survey-tails', () => xy(tailChart(known(complete.isoperimetry).overall), 'tails')],
  ['survey-distances', () => xy(distanceHistogram(known(complete.separation)[0]!), 'distances')],
  ['survey-noise', () => xy(noiseProfileChart(known(complete.noise)), 'noise')],
  ['survey-scales', () => xy(scaleChart(dimensions), 'scales')],
  [
    'survey-expansions',
    () =>
      standaloneSvg(
        intervalChart(expansionChart(known(complete.concentration), 0.01)!, 'expansions', 'expansions'),
      ),
  ],
] as const)('%s looks as it did', (name, draw) => {
  const path = join(FOLDER, `${name}.svg`);
  const svg = draw();
  if (process.env.UPDATE_GOLDENS) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, svg);
  }
  // Not toBe: the difference of two drawings is no reading.
  expect(svg === readFileSync(path, 'utf8'), `${path} differs; look at it after UPDATE_GOLDENS=1`).toBe(true);
});
