// Does the model fit noise? Its loss against the least that can be reached without, and labels known to be wrong.
import type { AuditResult, Memorization } from '../../audit/index.ts';
import { type IntervalRow, intervalCharts } from '../charts/interval-chart.ts';
import { linear, valueAxis } from '../charts/value-axis.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, percent, significant } from '../number.ts';
import { intervalText, section } from '../sections/common.ts';
import { measured } from './measured.ts';
import { share } from './words.ts';

export function memorization(result: AuditResult): Html {
  return section('memorization', 'Memorization', measured(result.memorization, content));
}

const ANSWERS = {
  yes: 'It fits noise: the loss lies below the level that noise sets by more than its uncertainty, which is the hypothesis of the law.',
  no: 'It does not fit noise: the loss does not lie below the noise level, so the law asks nothing of this model.',
  undecided:
    'Whether it fits noise is undecided: the loss is not clearly below the noise level, or that level is not known.',
} as const;

function content(one: Memorization): Html {
  const { data, points, loss, noise, perfect, flipped, fitsBelowNoise, crossEntropy } = one;
  return html`<p><strong>${ANSWERS[fitsBelowNoise]}</strong></p>
${chart(one)}<dl class="facts">
<dt>Data</dt><dd>${data}, ${count(points)} points</dd>
<dt>Loss</dt><dd>${significant(loss.value)}, ${loss.name}</dd>
<dt>Noise level</dt><dd>${noise ? `${significant(noise.level.value)} (${intervalText({ kind: 'estimate', ...noise.level })}; ${noise.level.method}; ${noise.source})` : 'not known'}</dd>
${
  crossEntropy
    ? html`<dt>Cross-entropy</dt><dd>${significant(crossEntropy.loss)} nats</dd>
<dt>Entropy of the labels</dt><dd>${significant(crossEntropy.floor.value)} nats (${intervalText({ kind: 'estimate', ...crossEntropy.floor })}; ${crossEntropy.floor.method}; ${crossEntropy.source}): no model has less expected cross-entropy</dd>\n`
    : NOTHING
}<dt>Labels reproduced</dt><dd>${count(perfect.correct)} of ${count(perfect.points)} (${share(perfect.correct, perfect.points)})${perfect.points > 0 && perfect.correct === perfect.points ? ': perfect memorization' : ''}</dd>
${flipped ? html`<dt>Labels known to be wrong</dt><dd>${count(flipped.memorized)} of ${count(flipped.rows)} reproduced (${share(flipped.memorized, flipped.rows)}); ${percent(flipped.chance)} would be chance</dd>\n` : NOTHING}</dl>
`;
}

function chart({ loss, noise }: Memorization): Html {
  const values = [loss.value, ...(noise ? [noise.level.value, ...noise.level.interval] : [])];
  const greatest = Math.max(...values);
  if (!(greatest > 0) || loss.value < 0) return NOTHING;
  const rows: IntervalRow[] = [
    { name: 'loss of the model', value: significant(loss.value), dot: loss.value, colour: 'var(--series-1)' },
  ];
  if (noise) {
    const { value, interval } = noise.level;
    rows.push({
      name: 'noise level',
      value: significant(value),
      bar: interval,
      tick: value,
      colour: 'var(--series-0)',
    });
  }
  const charts = intervalCharts(
    {
      rows,
      // A loss of zero has no place on a logarithmic axis.
      axis: (range, ticks) =>
        loss.value > 0 ? valueAxis([], values, range, ticks, 30)! : linear([0, 1.1 * greatest], range, ticks),
      label: loss.name,
      reference: loss.value,
    },
    'memorization-chart',
    'Loss of the model against the noise level',
  );
  return html`<figure>${charts}
<figcaption>${noise ? 'The bar is the interval of the noise level. A loss left of it means that the model fits noise.' : 'No noise level is known to compare with.'}</figcaption></figure>
`;
}
