import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { renderReport } from '../../src/report/index.ts';
import type { StudyResult } from '../../src/study/index.ts';
import {
  awkwardStudy,
  bareStudy,
  crowdedStudy,
  emptyStudy,
  failedStudy,
  HOSTILE,
  hostileStudy,
  oneTrialStudy,
  planeStudy,
  richStudy,
  singleSeriesStudy,
} from './fixtures.ts';

const STUDIES: readonly (readonly [string, StudyResult])[] = [
  ['a full study', richStudy()],
  ['one trial', oneTrialStudy()],
  ['a single series', singleSeriesStudy()],
  ['no optional field', bareStudy()],
  ['only failures', failedStudy()],
  ['no trial', emptyStudy()],
  ['awkward numbers', awkwardStudy()],
  ['hostile text', hostileStudy()],
  ['twelve families', crowdedStudy()],
  ['two dimensions', planeStudy()],
];

describe.each(STUDIES)('%s', (_, result) => {
  const page = renderReport(result);
  const { document } = parseHTML(page);

  test('no value leaks its JavaScript name', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object|\bnull\b/);
  });

  test('nothing is loaded and nothing runs', () => {
    expect(
      document.querySelectorAll('script, link, img, iframe, object, embed, base, form, image, use').length,
    ).toBe(0);
    expect(page).not.toMatch(/@import|url\((?!#)/);
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of Array.from(element.attributes)) {
        expect(name).not.toMatch(/^on|^src|xlink/);
        if (name === 'href') expect(value).toMatch(/^(#[a-z-]+|https:\/\/arxiv\.org\/abs\/[\d.]+)$/);
      }
    }
    expect(
      document.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute('content'),
    ).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });

  test('the sections stand in the order in which they are read', () => {
    const order = [...document.querySelectorAll('main > section')].map((section) => section.id);
    const expected = [
      'reading',
      'law',
      'other-data',
      'numbers',
      'fits',
      'effective-dimension',
      'maps',
      'checks',
      'guarantees',
      'reproduction',
      'sources',
    ];
    expect(order).toEqual(expected.filter((id) => id !== 'other-data' || order.includes(id)));
    expect(document.querySelectorAll('#reading li').length).toBe(3);
  });

  test('identifiers are unique, every reference finds its target, every chart and table has a name', () => {
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const element of document.querySelectorAll('[aria-labelledby]')) {
      for (const id of element.getAttribute('aria-labelledby')!.split(' ')) expect(ids).toContain(id);
    }
    for (const element of document.querySelectorAll('[clip-path]')) {
      expect(ids).toContain(/url\(#(.+)\)/.exec(element.getAttribute('clip-path')!)![1]);
    }
    for (const chart of document.querySelectorAll('svg.chart')) {
      expect(chart.getAttribute('role')).toBe('img');
      expect(chart.querySelector('title')!.textContent!.length).toBeGreaterThan(5);
      expect(chart.querySelector('desc')!.textContent!.length).toBeGreaterThan(5);
    }
    for (const region of document.querySelectorAll('.scroll')) {
      expect(region.getAttribute('aria-label')!.length).toBeGreaterThan(3);
    }
  });

  test('every row of a table has as many cells as its head', () => {
    for (const table of document.querySelectorAll('table')) {
      const width = (row: Element): number =>
        [...row.children].reduce((sum, cell) => sum + Number(cell.getAttribute('colspan') ?? 1), 0);
      const columns = width(table.querySelector('thead tr')!);
      for (const row of table.querySelectorAll('tbody tr')) expect(width(row)).toBe(columns);
    }
  });

  test('the verdict is there in both sentences, and every failed trial with what happened', () => {
    const sentences = [...document.querySelectorAll('.verdict')].map((paragraph) => paragraph.textContent);
    expect(sentences).toEqual(result.analysis.verdict.map(readable));
    const body = document.querySelector('#numbers')!.textContent!;
    for (const outcome of result.outcomes) {
      if (outcome.state === 'failed') expect(body).toContain(readable(outcome.error.message));
    }
  });

  test('the same result gives the same page', () => {
    expect(renderReport(result) === page).toBe(true);
  });
});

describe('a full study', () => {
  const { document } = parseHTML(renderReport(richStudy()));
  const rows = [...document.querySelectorAll('#numbers details[open] tbody tr')].map((row) =>
    [...row.children].map((cell) => cell.textContent!),
  );
  const row = (family: string, size: string) =>
    rows.find((cells) => cells[0] === family && cells[1] === size)!;

  test('exact, certified and witnessed constants stand in columns of their own', () => {
    const heads = [...document.querySelectorAll('#numbers details[open] thead tr:last-child th')].map(
      (cell) => cell.textContent,
    );
    expect(heads).toEqual(['exact (=)', 'certified (\u2264)', 'witnessed (\u2265)']);
    const [exact, certified, witnessed] = row('projected-rbf', '80').slice(4, 7);
    expect(exact).toMatch(/^7\.\d\d/);
    expect([certified, witnessed]).toEqual(['\u2014', '\u2014']);
    const trained = row('two-layer', '20').slice(4, 7);
    expect(trained[0]).toBe('\u2014');
    expect(trained[1]).toMatch(/^\d/);
    expect(trained[2]).toMatch(/^\d/);
  });

  test('the scaling of the law is that of n, d and P', () => {
    expect(row('projected-rbf', '40')[3]).toBe('5.00');
    expect(row('projected-rbf', '1\u202F000')[3]).toBe('1.00');
  });

  test('a bound from above is shown rounded up, a witness rounded down', () => {
    const trials = richStudy().outcomes.flatMap((outcome) =>
      outcome.state === 'done' &&
      outcome.trial.family === 'two-layer' &&
      outcome.trial.data.startsWith('sphere n=1000')
        ? [outcome.result.lipschitz]
        : [],
    );
    const shown = [...document.querySelectorAll('#numbers details:last-of-type tbody tr')]
      .map((cells) => [...cells.children].map((cell) => cell.textContent!))
      .filter((cells) => cells[1] === 'two-layer' && cells[0]!.startsWith('sphere n=1000'));
    expect(shown.length).toBe(trials.length);
    trials.forEach(({ upper, lower }, index) => {
      expect(Number(shown[index]![6])).toBeGreaterThanOrEqual(upper.value);
      expect(Number(shown[index]![7])).toBeLessThanOrEqual(lower!.value);
    });
  });

  test('a violated check is called so, and counted apart from those that hold', () => {
    expect(document.querySelectorAll('.checks .holds').length).toBe(2);
    expect(document.querySelector('.checks .violated')!.textContent).toContain('baum on mixture, seed 3');
  });

  test('every estimate comes with its interval and its confidence', () => {
    expect(document.querySelector('#fits')!.textContent).toMatch(
      /\u22120\.560\s*95\u202F% interval \u22120\.571 to \u22120\.549/,
    );
    expect(document.querySelector('#effective-dimension')!.textContent).toMatch(
      /\u2248\u202F10\.6 \(95\u202F% interval from 9\.70 to 11\.8/,
    );
    expect(document.querySelector('.hero figcaption')!.textContent).toContain(
      'Fitted exponents of P: projected-rbf \u2248\u202F\u22120.560 (95\u202F% interval \u22120.571 to \u22120.549)',
    );
  });

  test('a lower bound of a class comes with its confidence, the least of all trials', () => {
    const words = (study: StudyResult) => {
      const page = parseHTML(renderReport(study)).document;
      return (
        page.querySelector('#guarantees')!.textContent + page.querySelector('.hero figcaption')!.textContent
      );
    };
    const shown = words(richStudy());
    expect(shown).toContain('With probability at least 99\u202F% for each trial over the draw of the data');
    expect(shown).toContain('of that colour, with probability at least 99\u202F% for each trial.');
    const rich = richStudy();
    const [first] = rich.outcomes;
    if (first?.state !== 'done') throw new Error('no trial');
    const law = { ...first.result.law, certifiedConfidence: 0.95 };
    const lower = {
      ...rich,
      outcomes: [{ ...first, result: { ...first.result, law } }, ...rich.outcomes.slice(1)],
    };
    expect(words(lower)).toContain('With probability at least 95\u202F% for each trial');
  });

  test('hypotheses that do not hold are open to see, those that hold on demand', () => {
    const tables = [...document.querySelectorAll('#checks .scroll')];
    expect(tables.map((table) => table.getAttribute('aria-label'))).toEqual([
      'Hypotheses that do not hold everywhere',
      'Hypotheses that hold',
    ]);
    expect(tables[0]!.textContent).toContain('27 380');
    expect(tables.map((table) => table.closest('details') !== null)).toEqual([false, true]);
  });

  test('each construction has one map, of its first seed, and what is clipped is said', () => {
    expect(document.querySelectorAll('#maps svg.chart').length).toBe(4);
    expect(document.querySelector('#maps')!.textContent).toContain('clipped to [\u22121.5, 1.5]');
    expect(document.querySelector('#maps')!.textContent).toMatch(/values \u2212[\d\u202F]+ to [\d\u202F]+/);
  });

  test('the law is MathML, without fonts', () => {
    expect(document.querySelectorAll('#law math').length).toBeGreaterThan(5);
    expect(document.querySelector('#law')!.innerHTML).not.toMatch(/katex-html|font/);
  });

  test('whoever wants the numbers again finds command, seed, versions, hash and file', () => {
    const text = document.querySelector('#reproduction')!.textContent!;
    for (const part of [
      'robustlaw study run study.yaml',
      '2021',
      'onnxruntime-node 1.30.0',
      '3f9a1c07be42',
      'distribution: sphere',
    ]) {
      expect(text).toContain(part);
    }
    expect(document.querySelector('#sources')!.textContent).toContain('2105.12806');
  });

  test('only data sets with a curve are drawn again, the others are in the tables', () => {
    expect(document.querySelectorAll('#other-data figure').length).toBe(5);
    expect(document.querySelectorAll('#numbers > details').length).toBeGreaterThanOrEqual(6);
  });
});

test.each([
  ['no trial', emptyStudy(), 'holds no trial'],
  ['only failures', failedStudy(), 'No trial finished: 2 trials failed'],
])('%s: the page says what happened instead of drawing', (_, result, words) => {
  const { document } = parseHTML(renderReport(result));
  expect(document.querySelector('.notice')!.textContent).toContain(words);
  expect(document.querySelectorAll('svg.chart').length).toBe(0);
});

test('hostile text is text everywhere', () => {
  const { document } = parseHTML(renderReport(hostileStudy()));
  expect(document.querySelector('h1')!.textContent).toBe(readable(HOSTILE));
  expect(document.title).toBe(readable(HOSTILE));
  expect(document.querySelector('#reproduction pre + dl')).not.toBeNull();
  expect(document.querySelectorAll('b, u, marquee').length).toBe(0);
});

test.each([
  ['seed: 7', '7'],
  ['seed: 1e3', '1000'],
  ['seed: "a string"', 'a string'],
])('the seed of `%s` is read', (yaml, seed) => {
  const { document } = parseHTML(renderReport({ ...emptyStudy(), specification: yaml }));
  expect(document.querySelector('#reproduction')!.textContent).toContain(`${seed}; replicates`);
});

test.each(['', 'seed:', 'seed: [1]', '{ not: yaml', '- a list', 'seed: .nan', 'null'])(
  'a specification `%s` without a seed names none',
  (yaml) => {
    const { document } = parseHTML(renderReport({ ...emptyStudy(), specification: yaml }));
    expect(document.querySelector('#reproduction')!.textContent).not.toContain('replicates');
  },
);

/** As a parser gives the text back: U+FFFD for what no page may hold. */
function readable(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD').replaceAll('\u202E', '\uFFFD');
}
