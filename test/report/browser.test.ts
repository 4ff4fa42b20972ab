// The page in a real browser: nothing overflows, nothing overlaps, nothing is fetched, nothing complains.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditResult } from '../../src/audit/index.ts';
import {
  auditCurveSvg,
  heroSvg,
  renderAuditPage,
  renderLipschitzPage,
  renderReport,
} from '../../src/report/index.ts';
import type { StudyResult } from '../../src/study/index.ts';
import { completeAudit, emptyAudit, failedAudit, hostileAudit, regressionAudit } from './audit-fixtures.ts';
import {
  awkwardStudy,
  crowdedStudy,
  emptyStudy,
  hostileStudy,
  oneTrialStudy,
  planeStudy,
  richStudy,
} from './fixtures.ts';
import { MEASUREMENT } from './measurement.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const found = existsSync(CHROMIUM);
if (!found) console.warn(`skipped: no browser at ${CHROMIUM}; set CHROMIUM to the path of one`);

const STUDIES: readonly (readonly [string, StudyResult])[] = [
  ['rich', richStudy()],
  ['one-trial', oneTrialStudy()],
  ['empty', emptyStudy()],
  ['awkward', awkwardStudy()],
  ['hostile', hostileStudy()],
  ['crowded', crowdedStudy()],
  ['plane', planeStudy()],
];

const AUDITS: readonly (readonly [string, AuditResult])[] = [
  ['audit', completeAudit(120)],
  ['audit-failed', failedAudit()],
  ['audit-regression', regressionAudit()],
  ['audit-hostile', hostileAudit()],
  ['audit-empty', emptyAudit()],
];

describe.skipIf(!found)('in a browser', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'robustlaw-browser-'));
    for (const [name, result] of STUDIES) writeFileSync(join(folder, `${name}.html`), renderReport(result));
    const bounds = {
      model: 'm.onnx',
      parameterCount: 12,
      features: 3,
      outputs: 2,
      seed: 0,
      version: '1.0.0',
    };
    writeFileSync(
      join(folder, 'lipschitz.html'),
      renderLipschitzPage({ ...bounds, measurements: [MEASUREMENT] }),
    );
    for (const [name, result] of AUDITS) writeFileSync(join(folder, `${name}.html`), renderAuditPage(result));
    writeFileSync(join(folder, 'curve.svg'), auditCurveSvg(completeAudit(120), 'l2'));
    writeFileSync(join(folder, 'hero.svg'), heroSvg(richStudy()));
    writeFileSync(join(folder, 'hostile.svg'), heroSvg(hostileStudy()));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(file: string, width: number, colorScheme: 'light' | 'dark' = 'light') {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      offline: true,
    });
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(dialog.message()));
    const url = pathToFileURL(join(folder, file)).href;
    await page.goto(url, { waitUntil: 'load' });
    expect(requests).toEqual([url]);
    return { context, page, complaints };
  }

  const screens = [
    ...[...STUDIES, ...AUDITS].map(([name]) => [name, 400] as const),
    ...['lipschitz', 'audit', 'audit-regression', 'audit-hostile'].map((name) => [name, 1200] as const),
    ['lipschitz', 400] as const,
    ...['rich', 'hostile', 'crowded', 'plane'].map((name) => [name, 1200] as const),
  ];

  test.each(screens)(
    '%s at %d pixels: fits, loads nothing, complains of nothing; no text of a chart meets another or leaves its chart',
    async (name, width) => {
      const { context, page, complaints } = await open(`${name}.html`, width);
      const problems = await page.evaluate(() =>
        [...document.querySelectorAll<SVGSVGElement>('svg.chart')].flatMap((svg) => {
          const frame = svg.getBoundingClientRect();
          if (frame.width === 0) return [];
          const words = [...svg.querySelectorAll('text')]
            // Arrows are marks: they stand where their data are.
            .filter((text) => !/^[\u25B2\u25B6\u25C0]?$/.test(text.textContent!))
            .map((text) => {
              const { left, right, top, bottom } = text.getBoundingClientRect();
              return { content: text.firstChild!.textContent!, left, right, top, bottom };
            });
          // Line boxes are taller than their letters: a fifth of the height may touch.
          const meet = (a: (typeof words)[number], b: (typeof words)[number]): boolean => {
            const slack = 0.2 * Math.min(a.bottom - a.top, b.bottom - b.top);
            return (
              Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
              Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack
            );
          };
          return words.flatMap((a, index) => [
            ...words.slice(0, index).flatMap((b) => (meet(a, b) ? [`${a.content} meets ${b.content}`] : [])),
            ...(a.left < frame.left - 1 ||
            a.right > frame.right + 1 ||
            a.top < frame.top - 1 ||
            a.bottom > frame.bottom + 1
              ? [`${a.content} leaves ${svg.querySelector('title')!.textContent}`]
              : []),
          ]);
        }),
      );
      expect(problems).toEqual([]);
      const [content, wide] = await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
        return [document.documentElement.scrollWidth, document.documentElement.clientWidth];
      });
      expect(content).toBe(wide);
      expect(complaints).toEqual([]);
      await context.close();
    },
  );

  test('light, dark and print choose paper and ink; closed details are printed', async () => {
    const { context, page } = await open('rich.html', 1200, 'dark');
    const look = () =>
      page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.documentElement);
        const [wide, closed] = [
          document.querySelector('.wide')!,
          document.querySelector('#reproduction details pre')!,
        ];
        return [
          backgroundColor,
          color,
          wide.getBoundingClientRect().width > 0,
          closed.checkVisibility({ contentVisibilityAuto: true }),
        ];
      });
    expect(await look()).toEqual(['rgb(20, 22, 26)', 'rgb(236, 238, 242)', true, false]);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await look()).toEqual(['rgb(255, 255, 255)', 'rgb(23, 25, 29)', true, true]);
    // A4 at 96 dots per inch, less margins of 2 cm.
    await page.setViewportSize({ width: 642, height: 970 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(642);
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
    expect(await look()).toEqual(['rgb(255, 255, 255)', 'rgb(23, 25, 29)', true, false]);
    await context.close();
  });

  test('a phone gets the chart that was drawn for it, a desk the other', async () => {
    for (const [width, shown] of [
      [400, 'narrow'],
      [1200, 'wide'],
    ] as const) {
      const { context, page } = await open('rich.html', width);
      for (const kind of ['wide', 'narrow']) {
        expect(await page.locator(`.hero .${kind} > svg`).isVisible()).toBe(kind === shown);
      }
      await context.close();
    }
  });

  test.each(['hero.svg', 'hostile.svg', 'curve.svg'])(
    '%s is well-formed XML that a browser draws, and all its text is inside',
    async (file) => {
      const { context, page, complaints } = await open(file, 1100);
      const report = await page.evaluate(() => ({
        root: document.documentElement.nodeName,
        broken: document.querySelector('parsererror') !== null,
        outside: [...document.querySelectorAll('text')].filter((text) => {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          return left < 0 || top < 0 || right > 1040 || bottom > 740;
        }).length,
      }));
      expect(report).toEqual({ root: 'svg', broken: false, outside: 0 });
      expect(complaints).toEqual([]);
      await context.close();
    },
  );
});
