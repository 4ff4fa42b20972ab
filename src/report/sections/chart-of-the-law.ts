// The hero chart with its caption, the three sentences that teach to read it, and its small relatives.
import type { Estimate } from '../../guarantee/index.ts';
import type { StudyResult } from '../../study/index.ts';
import { lawChart } from '../charts/law-chart.ts';
import {
  chartedDataSets,
  type FamilyMarks,
  isDrawable,
  type LawChartData,
  lawChartData,
} from '../charts/law-data.ts';
import { NARROW, WIDE } from '../charts/law-frame.ts';
import { symbolKey } from '../charts/symbol-key.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, decimals, percent } from '../number.ts';
import { boundConfidence, doneOutcomes, failedOutcomes } from '../outcomes.ts';
import { familyStyles } from '../theme.ts';
import { section } from './common.ts';

/** The chart of the data set with the largest n d, drawn for a desk and for a phone. */
export function hero(result: StudyResult): Html {
  const [main] = chartedDataSets(result);
  if (main === undefined) return withoutChart(result);
  const data = lawChartData(result, main, familyStyles(result));
  if (data.families.length === 0) return withoutChart(result);
  const wide = lawChart(data, WIDE, 'law');
  const narrow = lawChart(data, NARROW, 'law-narrow');
  return html`<figure class="hero">
<div class="wide">${wide.svg}${keys(wide.unlabelled)}</div>
<div class="narrow">${narrow.svg}${keys(narrow.unlabelled)}</div>
<figcaption>${caption(result, data, wide.beyond)}</figcaption>
</figure>
`;
}

/** Three sentences, in the reader's words. */
export function howToRead(): Html {
  return section(
    'reading',
    'How to read it',
    html`<ol>
<li>Every mark is a function that fits noisy data: further right, the class it was picked from has more parameters P; further up, a small change of the input can change its output more (its Lipschitz constant), so low is robust.</li>
<li>The solid line \u221A(nd/P) is what the universal law of robustness says: with P parameters, n data points and d dimensions no class fits the noise with a constant far below that line, and only P near nd brings it down to a constant of order one.</li>
<li>What is known differs from mark to mark: a filled mark is exact, a bar means that the truth lies between its ends, a shaded region is proved impossible for the class of its colour, and the dash-dotted line is the least constant that any function through these data can have, whatever its size.</li>
</ol>
`,
  );
}

/** The same chart for every other data set. */
export function otherDataSets(result: StudyResult): Html {
  const styles = familyStyles(result);
  const charts = chartedDataSets(result)
    .slice(1)
    .map((data) => lawChartData(result, data, styles))
    .filter(({ families }) => families.some(isCurve))
    .map((data, index) => {
      const chart = lawChart(data, NARROW, `law-${index + 2}`);
      return html`<figure>${chart.svg}${keys(chart.unlabelled)}
<figcaption><strong>${data.data}</strong>, n\u202F=\u202F${count(data.n)}, d\u202F=\u202F${count(data.d)}.${fitsInWords(result, data.data)}</figcaption></figure>
`;
    });
  if (charts.length === 0) return NOTHING;
  return section(
    'other-data',
    'The same chart for the other data sets',
    html`<div class="multiples">${charts}</div>\n`,
  );
}

/** One lone mark needs no chart; the table has it. */
function isCurve({ exact, bars, uppers, lowers }: LawChartData['families'][number]): boolean {
  return new Set([...exact, ...bars, ...uppers, ...lowers].map((mark) => mark.parameterCount)).size > 1;
}

function withoutChart(result: StudyResult): Html {
  const [done, failed] = [doneOutcomes(result).length, failedOutcomes(result).length];
  const why =
    done + failed === 0
      ? 'This study holds no trial, so there is nothing to draw.'
      : done === 0
        ? `No trial finished: ${counted(failed, 'trial')} failed. What stopped each stands under Numbers.`
        : `${counted(done, 'trial')} finished, but none has a constant that a logarithmic axis can show. The numbers follow.`;
  return html`<p class="notice" role="note">${why}</p>\n`;
}

function caption(result: StudyResult, data: LawChartData, beyond: boolean): Html {
  const { families } = data;
  const kinds = [
    families.some(({ exact }) => exact.length > 0) &&
      'Filled mark: exact constant, median over seeds; whisker: least to greatest over seeds.',
    families.some(({ uppers }) => uppers.length > 0) && 'Hollow mark: known only from above (certified).',
    families.some(({ lowers }) => lowers.length > 0) &&
      'Hollow mark under a dotted stroke: known only from below (witnessed).',
    families.some(({ bars }) => bars.length > 0) &&
      'Bar: one function each, from its witnessed lower to its certified upper end.',
    families.some(({ bars }) => bars.some(({ product, upper }) => product > upper)) &&
      'Thin line above a bar: up to the product of spectral norms, the certificate most people know.',
    beyond && 'Arrow: beyond the chart, with its value (\u2265 witnessed, \u2264 certified, no sign: exact).',
    families.some(({ classBounds }) => classBounds.length > 0) &&
      `Shaded, under the dashed line: proved impossible for the class of that colour${confidence(result)}.`,
    data.mcShane &&
      data.mcShane.high > data.mcShane.low &&
      'Grey band: McShane optimum over all trials, least to greatest.',
  ].filter((sentence) => typeof sentence === 'string');
  return html`<strong>Lipschitz constant against number of parameters, ${data.data}</strong>
(n\u202F=\u202F${count(data.n)}, d\u202F=\u202F${count(data.d)}; both axes logarithmic).${fitsInWords(result, data.data)}
${kinds.join(' ')}${undrawn(result, data.data)}`;
}

/** `, with probability at least 99 % for each trial`, where the study says so. */
function confidence(result: StudyResult): string {
  const least = boundConfidence(result);
  return least === undefined ? '' : `, with probability at least ${percent(least)} for each trial`;
}

/** `Fitted exponents of P: F ≈ −0.560 (−0.571 to −0.549); the law: −0.5.` */
function fitsInWords(result: StudyResult, data: string): Html {
  const fits = result.analysis.fits.filter((fit) => fit.data === data && Number.isFinite(fit.exponent.value));
  if (fits.length === 0) return NOTHING;
  const items = fits.map(
    ({ family, exponent }, index) =>
      html`${index > 0 ? ', ' : ' '}${family} <strong>\u2248\u202F${decimals(exponent.value, 3)}</strong> (${exponentInterval(exponent)})`,
  );
  return html` Fitted exponents of P:${items}; the law: \u22120.5.`;
}

function exponentInterval({ interval: [low, high], confidence }: Estimate): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return 'no finite interval';
  return `${percent(confidence)} interval ${decimals(low, 3)} to ${decimals(high, 3)}`;
}

/** Says what a logarithmic axis has to leave out. */
function undrawn(result: StudyResult, data: string): string {
  const left = result.analysis.series
    .filter((series) => series.data === data)
    .flatMap((series) => series.points)
    .flatMap(({ upper, lower }) =>
      upper.filter((constant, i) => !isDrawable(constant) && !isDrawable(lower?.[i])),
    ).length;
  return left === 0
    ? ''
    : ` ${counted(left, 'constant')} of 0 or without a finite value ${left === 1 ? 'has' : 'have'} no place on these axes; the table has ${left === 1 ? 'it' : 'them'}.`;
}

function keys(families: readonly FamilyMarks[]): Html {
  const key = (family: FamilyMarks): Html => html`<li>${symbolKey(family)} ${family.style.family}</li>`;
  return families.length === 0 ? NOTHING : html`<ul class="keys">${families.map(key)}</ul>`;
}
