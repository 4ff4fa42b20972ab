import { parseHTML } from 'linkedom';
import { describe, expect, it, test } from 'vitest';
import { type AuditResult, auditSchema } from '../../src/audit/index.ts';
import { relativeLink } from '../../src/report/audit/links.ts';
import { ranges } from '../../src/report/audit/origin.ts';
import { share } from '../../src/report/audit/words.ts';
import { drawnIntervals } from '../../src/report/charts/distance-chart.ts';
import { auditCurveSvg, renderAuditPage } from '../../src/report/index.ts';
import { completeAudit, emptyAudit, failedAudit, hostileAudit, regressionAudit } from './audit-fixtures.ts';

function read(result: AuditResult) {
  const page = renderAuditPage(result);
  const { document } = parseHTML(page) as unknown as Window;
  const text = (selector: string) => [...document.querySelectorAll(selector)].map(words);
  return { page, document, text };
}

function words(element: Element): string {
  return element.textContent!.trim().replace(/\s+/g, ' ');
}

/** The body of the table whose region has this label, as rows of cells. */
function tableOf(document: Document, label: string): string[][] {
  const region = [...document.querySelectorAll('.scroll')].find(
    (one) => one.getAttribute('aria-label') === label,
  )!;
  return [...region.querySelectorAll('tbody tr')].map((row) => [...row.children].map(words));
}

const complete = completeAudit();

describe('a complete audit', () => {
  const { document, text, page } = read(complete);

  it('opens with the verdict, the requirements and the critical finding, in this order', () => {
    const order = [...document.querySelectorAll('.verdict, section')].map((one) => one.id || words(one));
    expect(order.slice(0, 5)).toEqual([...complete.verdict, 'requirements', 'critical']);
    expect(text('#requirements li')).toEqual([
      expect.stringMatching(/^✗ not met robust-accuracy/),
      expect.stringMatching(/^✓ met accuracy >= 0\.95/),
    ]);
  });

  it('counts at the radii as one counts by hand', () => {
    for (const { norm, result } of complete.robustness) {
      if (!('value' in result)) continue;
      const { points, ensembles } = result.value;
      const sign = { l1: 'ℓ₁', l2: 'ℓ₂', linf: 'ℓ∞' }[norm];
      const rows = tableOf(document, `Robust accuracy, ${sign}`);
      for (const [index, { radius, notAttacked }] of ensembles.entries()) {
        const right = points.filter(({ correct }) => correct);
        const left = right.filter(({ found }) => !(found && found.distance <= radius)).length;
        const proven = right.filter(({ certified }) => certified.radius >= radius).length;
        const ends = rows[index]!.map((cell) => Number(cell.split('%').at(-1)));
        expect(ends.slice(1, 5)).toEqual([right.length, left, proven, left - proven]);
        expect(rows[index]!.at(-1)).toBe(notAttacked > 0 ? String(notAttacked) : '—');
      }
    }
  });

  it('shows the classes by name with intervals of their own points', () => {
    const rows = tableOf(document, 'Classes, ℓ∞');
    expect(rows.map(([name]) => name)).toEqual(complete.data.classNames);
    const robustness = complete.robustness[0]!.result;
    if (!('value' in robustness)) throw new Error('no value');
    const sevens = robustness.value.points.filter(({ label, correct }) => label[0] === 7 && correct);
    const least = sevens.filter(({ certified }) => certified.radius >= 0.05).length;
    const most = sevens.filter(({ found }) => found!.distance > 0.05).length;
    expect(rows[7]![2]).toMatch(new RegExp(`^${(100 * least) / 50} to ${(100 * most) / 50}.%$`));
  });

  it('says what is partial in the section that has its numbers', () => {
    expect(text('#robust-accuracy .notice')).toEqual([expect.stringMatching(/^Incomplete: the time limit/)]);
    expect(page.includes('ensemble (open: partial)')).toBe(true);
  });

  it('has three pictures for each example, and links that stay beside the page', () => {
    expect(document.querySelectorAll('.triple img')).toHaveLength(3 * complete.images.length);
    const links = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href')!);
    expect(new Set(links.map((link) => link[0]))).toEqual(new Set(['#', '.']));
    expect(links).toContain('./audit.json');
    for (const link of links.filter((one) => one.startsWith('#'))) {
      expect(document.querySelector(link), link).not.toBeNull();
    }
  });

  it('has no identifier twice, and names every chart', () => {
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const svg of document.querySelectorAll('svg.chart')) {
      const [title, description] = svg.getAttribute('aria-labelledby')!.split(' ');
      expect(words(document.getElementById(title!)!)).not.toBe('');
      expect(words(document.getElementById(description!)!)).not.toBe('');
    }
  });

  it('forbids scripts, the network and every picture but its own', () => {
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')!;
    expect(policy.getAttribute('content')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    );
    expect(document.querySelectorAll('script, link, iframe, object, embed')).toHaveLength(0);
  });

  it('is the same text each time', () => {
    expect(renderAuditPage(completeAudit()) === page).toBe(true);
  });
});

describe('what could not be measured', () => {
  it('is said where the numbers would be, and never as good news', () => {
    const { text, document, page } = read(failedAudit());
    for (const id of ['robust-accuracy', 'lipschitz']) {
      expect(text(`#${id} .notice`)).toEqual([expect.stringContaining('killed by signal 11')]);
    }
    for (const id of ['memorization', 'law']) {
      expect(text(`#${id} .absent`)).toEqual(['Not measured: the accuracy could not be measured']);
    }
    expect(words(document.querySelector('#findings')!)).toMatch(/None among what could be measured/);
    expect(text('.tiles strong')).toEqual(Array(5).fill('—'));
    expect(page.match(/NaN|undefined|Infinity/)).toBeNull();
  });

  it('nor of an audit without a point', () => {
    const { page, text } = read(emptyAudit());
    expect(text('#robust-accuracy .absent')).toEqual(['No point was tested.', 'No point was tested.']);
    expect(page.match(/NaN|undefined|Infinity/)).toBeNull();
  });
});

it('a regression shows outputs, and the features that changed most in order', () => {
  const { document, text, page } = read(regressionAudit());
  expect(document.querySelectorAll('#examples img')).toHaveLength(0);
  const first = document.querySelector('.changes')!;
  // Of the changes 0.1 (k - 5) at k = 0, 3, 6, 9, 12 the largest are those of 12, 0 and 9.
  expect([...first.querySelectorAll('th')].map(words)).toEqual(['x12', 'x0', 'x9', 'x3', 'x6']);
  expect(first.querySelectorAll('.less')).toHaveLength(2);
  expect(text('.gallery strong')[0]).toBe('0.410, −1.49 → 1.01, −1.40');
  expect(page.includes('mean squared error 0.0912')).toBe(true);
});

it('text from outside stays text', () => {
  const { page, document } = read(hostileAudit());
  expect(page.match(/<script|<img src=x|\u202E/)).toBeNull();
  expect(document.querySelectorAll('script')).toHaveLength(0);
  for (const image of document.querySelectorAll('img')) {
    expect(image.getAttribute('src')).toMatch(/^data:image\/png;base64,[A-Za-z0-9+/=]+$/);
  }
  expect(page.includes('&lt;script&gt;alert(1)')).toBe(true);
  expect(auditCurveSvg(hostileAudit(), 'linf').match(/<script|<img|\u202E/)).toBeNull();
});

test.each([
  ['javascript:alert(1)', './javascript%3Aalert(1)'],
  ['../../etc/passwd', './../../etc/passwd'],
  ['//evil.example/x', './evil.example/x'],
  ['a b/c#d?.npy', './a%20b/c%23d%3F.npy'],
  ['\uD800', './%EF%BF%BD'],
])('a link to %j stays a relative path', (path, link) => {
  expect(relativeLink(path)).toBe(link);
  if (!path.includes('..')) {
    expect(new URL(link, 'file:///audit/').href.startsWith('file:///audit/')).toBe(true);
  }
});

test('ten thousand points make a page of the size of a few hundred, in seconds', () => {
  const big = completeAudit(10_000);
  const start = performance.now();
  const page = renderAuditPage(big);
  expect(performance.now() - start).toBeLessThan(20_000);
  expect(page.length).toBeLessThan(2e6);
});

test('certificates without limit and outputs that are no number are said in words', () => {
  const base = regressionAudit();
  const entry = base.robustness[0]!.result;
  if (!('value' in entry)) throw new Error('no value');
  const points = entry.value.points.map((point, index) => ({
    ...point,
    correct: true,
    certified: { radius: index === 0 ? Number.MAX_VALUE : point.certified.radius, method: 'constant' },
    found: index === 0 ? null : { ...point.found!, prediction: [null, 1] },
  }));
  const page = renderAuditPage(
    auditSchema.parse({
      ...base,
      robustness: [{ norm: 'l2', result: { ...entry, value: { ...entry.value, points } } }],
      stability: [{ norm: 'l2', certified: Number.MAX_VALUE, found: null, median: [0.1, 0.2] }],
    }),
  );
  expect(page.includes('without limit')).toBe(true);
  expect(page.includes('not a number, 1.00')).toBe(true);
  expect(page.match(/NaN|undefined|Infinity|10³⁰⁸/)).toBeNull();
});

describe('the picture', () => {
  it('stands by itself', () => {
    expect(auditCurveSvg(complete, 'l2')).toMatch(/^<svg[\s\S]*digits-mlp\.onnx on digits[\s\S]*<\/svg>\n$/);
  });

  it('is refused where there is nothing to draw', () => {
    expect(() => auditCurveSvg(failedAudit(), 'linf')).toThrow(/nothing to draw/);
    expect(() => auditCurveSvg(failedAudit(), 'l1')).toThrow(/audited norms: linf/);
    expect(() => auditCurveSvg(emptyAudit(), 'l2')).toThrow(/nothing to draw/);
  });

  it('has both curves where counting puts them', () => {
    // Two points, wrong at 1 and at 3, certified to 0.5 and 2: from half of the points at r in [1, 3) none is left beyond 3.
    const base = completeAudit(2);
    const entry = base.robustness[0]!.result;
    if (!('value' in entry)) throw new Error('no value');
    const [a, b] = entry.value.points as [
      (typeof entry.value.points)[number],
      (typeof entry.value.points)[number],
    ];
    const point = (one: typeof a, found: number, radius: number) => ({
      ...one,
      correct: true,
      certified: { radius, method: 'm' },
      found: { distance: found, attack: 'x', prediction: [1], example: 0 },
    });
    const value = { ...entry.value, points: [point(a, 1, 0.5), point(b, 3, 2)], ensembles: [] };
    const { document } = parseHTML(
      auditCurveSvg(
        { ...base, robustness: [{ norm: 'linf', result: { status: 'done', seconds: 1, value } }] },
        'linf',
      ),
    ) as unknown as Window;
    // Steps go across, then down: corners alternate. x: 62 + 954 r / 3.24; y: 96 to 436 for 1 to 0.
    const corners = [...document.querySelectorAll('[aria-label="line"] path')].map((path) =>
      [...path.getAttribute('d')!.matchAll(/([\d.]+),([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
    );
    const x = (r: number): number => 62 + (954 * r) / 3.24;
    const attacked = corners[1]!;
    for (const [radius, share] of [
      [0.5, 1],
      [0.99, 1],
      [1.01, 0.5],
      [2.9, 0.5],
      [3.1, 0],
    ] as const) {
      // The height of the last corner at or before the radius.
      const height = attacked.findLast(([at]) => at! <= x(radius))![1]!;
      expect(height).toBeCloseTo(436 - 340 * share, 0);
    }
  });
});

test('shares are rounded as bounds', () => {
  expect([share(1, 3, 'up'), share(1, 3, 'down'), share(1, 3)]).toEqual([
    '33.4\u202F%',
    '33.3\u202F%',
    '33.3\u202F%',
  ]);
  expect([share(7, 100, 'up'), share(7, 100, 'down')]).toEqual(['7\u202F%', '7\u202F%']);
  expect([share(1, 1, 'down'), share(0, 5, 'up'), share(0, 0)]).toEqual(['100\u202F%', '0\u202F%', '—']);
});

test('rows are told as ranges', () => {
  expect(ranges([5, 0, 1, 2, 9, 8, 2])).toEqual(['0–2', '5', '8–9']);
  expect(ranges([])).toEqual([]);
});

test('of many intervals the drawn ones keep the order and both ends', () => {
  const all = Array.from({ length: 1000 }, (_, row) => ({
    row,
    certified: 0,
    found: row % 7 === 0 ? null : ((row * 379) % 1000) / 1000,
  }));
  const drawn = drawnIntervals(all);
  const distances = drawn.map(({ found }) => found ?? Infinity);
  expect(drawn).toHaveLength(150);
  expect(distances).toEqual(distances.toSorted((a, b) => a - b));
  const finite = all.flatMap(({ found }) => (found === null ? [] : [found]));
  expect(distances[0]).toBe(Math.min(...finite));
  expect(drawn.at(-1)!.found).toBeNull();
});
