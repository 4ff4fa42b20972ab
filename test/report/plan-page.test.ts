import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { createDataset } from '../../src/data/index.ts';
import { type Pilot, type PlanResult, plan } from '../../src/plan/index.ts';
import { normal, rng, signs } from '../../src/random/index.ts';
import { renderPlanPage } from '../../src/report/index.ts';

const HOSTILE = '<script>alert(1)</script>"&';

let made: Promise<PlanResult> | undefined;

/** Made once: pages are functions of it. */
function byLaw(): Promise<PlanResult> {
  made ??= planned();
  return made;
}

async function planned(): Promise<PlanResult> {
  const data = createDataset({
    name: HOSTILE,
    x: normal(rng(0), 600),
    shape: [200, 3],
    y: Float64Array.from(signs(rng(1), 200), (sign) => (sign + 1) / 2),
    outputs: 1,
    source: HOSTILE,
    transformations: [HOSTILE],
  });
  return plan(
    {
      data,
      task: 'classification',
      wish: { kind: 'radius', norm: 'linf', radius: 0.5 },
      flips: 0,
      noise: null,
      bounds: [-Infinity, Infinity],
      pilot: null,
      seed: 0,
      timeLimit: Infinity,
      workers: 1,
      versions: { robustlaw: '0' },
    },
    'not written',
  );
}

const run = (n: number, width: number, seed: number, robust: number) => ({
  n,
  width,
  parameters: 6 * width + 2,
  seed,
  robust,
  correct: n,
  trained: robust,
  updates: 10,
  ended: 'step-limit',
});

const pilot: Pilot = {
  networks: 'two-layer networks',
  family: 'Two-layer networks, inputs [3], 2 outputs',
  norm: 'linf',
  radius: 0.5,
  threshold: 0.65,
  seeds: 1,
  sizes: [20, 40, 80],
  training: 'as told',
  attacks: ['APGD-CE'],
  runs: [run(20, 2, 0, 5), run(20, 4, 0, 18), run(40, 4, 0, 10), run(40, 8, 0, 38), run(80, 8, 0, 30)],
  curves: [
    {
      n: 20,
      points: [
        { parameters: 14, accuracies: [0.25], mean: 0.25, fitted: 0.25 },
        { parameters: 26, accuracies: [0.9], mean: 0.9, fitted: 0.9 },
      ],
    },
    {
      n: 40,
      points: [
        { parameters: 26, accuracies: [0.25], mean: 0.25, fitted: 0.25 },
        { parameters: 50, accuracies: [0.95], mean: 0.95, fitted: 0.95 },
      ],
    },
    { n: 80, points: [{ parameters: 50, accuracies: [0.375], mean: 0.375, fitted: 0.375 }] },
  ],
  takeOffs: [
    { n: 20, parameters: 20, interval: null, above: null, below: null },
    { n: 40, parameters: 37, interval: [30, 45], above: null, below: null },
    { n: 80, parameters: null, interval: null, above: 50, below: null },
  ],
  growth: {
    prefactor: 1.4,
    exponent: 0.88,
    exponentInterval: [0.5, 1.2],
    sizes: [20, 40],
    observations: 4,
    residualDeviation: 0.1,
    confidence: 0.95,
  },
  prediction: { n: 200, value: 148, interval: [90, 240] },
  backtest: {
    n: 80,
    from: [20, 40],
    predicted: 68,
    interval: [50, 95],
    observed: null,
    above: 50,
    ratio: null,
    held: true,
  },
  drivers: [{ id: 'exponent', name: 'exponent alone', low: 100, high: 220, factor: 2.2 }],
  notes: [HOSTILE],
};

describe('the page of a plan', () => {
  it('escapes what comes from the data, needs nothing from outside, and is a function of the result', async () => {
    const result = await byLaw();
    const page = renderPlanPage(result);
    expect(page).toBe(renderPlanPage(JSON.parse(JSON.stringify(result)) as PlanResult));
    const { document } = parseHTML(page);
    expect(document.querySelector('script')).toBeNull();
    expect(document.querySelector('[src], link')).toBeNull();
    expect(document.querySelector('h1')!.textContent).toContain('<script>');
    // Every tile leads to a section that is there.
    for (const link of document.querySelectorAll('.tiles a'))
      expect(document.querySelector(link.getAttribute('href')!)).not.toBeNull();
    expect(document.querySelector('#pilot .absent')!.textContent).toContain('none was asked for');
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows inequalities as inequalities, and the numbers of the pilot as they are', async () => {
    const page = renderPlanPage({
      ...(await byLaw()),
      pilot: { status: 'partial', reason: HOSTILE, value: pilot },
    });
    const { document } = parseHTML(page);
    expect(document.querySelector('script')).toBeNull();
    const cells = [...document.querySelectorAll('#pilot table')][0]!.textContent!.replace(/\s+/g, ' ');
    expect(cells).toContain('> 50');
    expect(cells).toContain('extrapolated');
    expect(document.querySelector('#pilot')!.textContent).toContain('more than 50');
    const charts = document.querySelectorAll('#pilot svg');
    expect(charts.length).toBe(4);
    for (const chart of charts) expect(chart.outerHTML).not.toContain('NaN');
    // One dot for each run.
    const dots = [...charts[0]!.querySelectorAll('circle')];
    expect(dots.length).toBe(pilot.runs.length);
  });

  it('draws nothing where no run was finished', async () => {
    const empty: Pilot = {
      ...pilot,
      runs: [],
      curves: [],
      takeOffs: [],
      growth: null,
      prediction: null,
      backtest: null,
      drivers: [],
    };
    const page = renderPlanPage({
      ...(await byLaw()),
      pilot: { status: 'partial', reason: 'time', value: empty },
    });
    expect(parseHTML(page).document.querySelector('#pilot svg')).toBeNull();
    expect(page).not.toContain('Infinity');
  });
});
