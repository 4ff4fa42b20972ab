import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { boundsSvg, lipschitzVerdict, renderLipschitzPage } from '../../src/report/index.ts';
import { above, answer, below, MEASUREMENT } from './measurement.ts';

const report = {
  model: 'a & b.onnx',
  parameterCount: 39_760,
  features: 784,
  outputs: 10,
  seed: 7,
  version: '1.2.3',
};

describe('the verdict', () => {
  it('names both ends, rounded away from the truth, and the gap', () => {
    expect(lipschitzVerdict(MEASUREMENT)).toBe(
      'Whole space, \u2113\u2082: no two inputs change the output by more than 24.4 times their distance, and two that change it 24.0 times are known (gap 1.41\u202F%).',
    );
  });

  it('says so where an end is missing, infinite, zero or exact', () => {
    const { upper: _, ...rest } = MEASUREMENT;
    expect(lipschitzVerdict({ ...rest, upper: undefined })).toMatch(
      /no certificate .* two inputs that change it 24\.0/,
    );
    expect(lipschitzVerdict({ ...rest, upper: above('x', Number.POSITIVE_INFINITY) })).toMatch(
      /no certificate/,
    );
    expect(lipschitzVerdict({ ...MEASUREMENT, lower: undefined })).toMatch(/24\.4 times their distance\.$/);
    expect(lipschitzVerdict({ ...rest, upper: undefined, lower: undefined })).toMatch(
      /nothing could be proven/,
    );
    const exact = { ...above('cells', 5), kind: 'exact' as const, enclosure: [5, 5] as const };
    expect(lipschitzVerdict({ ...rest, upper: exact })).toMatch(/is 5\.00000, exactly/);
  });
});

describe('the page', () => {
  const page = renderLipschitzPage({ ...report, measurements: [MEASUREMENT] });
  const { document } = parseHTML(page) as unknown as Window;

  it('has a row for every guarantee and every reason, and escapes what comes from outside', () => {
    const rows = [...document.querySelectorAll('tbody tr')].map((row) =>
      row.textContent!.trim().replace(/\s+/g, ' '),
    );
    expect(rows).toHaveLength(4);
    expect(rows.join('\n')).toMatch(/product ?\u2264 certified ?31\.5036/);
    expect(rows.join('\n')).toMatch(/takes up to 128 neurons/);
    expect(page).toContain('ascent &lt;b&gt;');
    expect(page).toContain('a &amp; b.onnx');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  it('draws each bar from the best witness to its certificate, on one axis', () => {
    const bars = [...document.querySelectorAll('.wide [aria-label="bar"] rect')].map((bar) => [
      Number(bar.getAttribute('x')),
      Number(bar.getAttribute('width')),
    ]);
    expect(bars).toHaveLength(2);
    const [product, neuron] = bars as [[number, number], [number, number]];
    expect(product[0]).toBeCloseTo(neuron[0], 6);
    // A linear axis: lengths are as the gaps.
    expect(product[1] / neuron[1]).toBeCloseTo((31.503506 - 24.0264) / (24.3663489 - 24.0264), 0);
  });
});

describe('the picture', () => {
  it('stands by itself', () => {
    const svg = boundsSvg(MEASUREMENT);
    expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
    expect(svg).toContain('LipSDP-Neuron');
  });

  it('takes a logarithmic axis where bounds are far apart, and refuses where nothing can be drawn', () => {
    const wide = { ...MEASUREMENT, answers: [answer(above('product', 1e9)), answer(below('ascent', 2))] };
    expect(boundsSvg(wide)).toContain('log scale');
    const nothing = {
      ...MEASUREMENT,
      lower: undefined,
      answers: [answer(above('x', Number.POSITIVE_INFINITY))],
    };
    expect(() => boundsSvg(nothing)).toThrow(/nothing to draw/);
  });
});
