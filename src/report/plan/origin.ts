// What the plan was made of, so that it can be made again.
import type { PlanResult } from '../../plan/index.ts';
import { type Html, html } from '../html.ts';
import { count, significant } from '../number.ts';
import { estimateCell, row, section, table, textCell } from '../sections/common.ts';

export function reproduction({ data, noise, settings, version, schema }: PlanResult): Html {
  const level = noise
    ? table(
        'Noise of the labels',
        [{ title: 'Noise level', numeric: true }, { title: 'Source' }],
        [row([estimateCell({ kind: 'estimate', ...noise.level }), textCell(noise.source)])],
      )
    : html`<p class="absent">The noise of the labels is not known.</p>\n`;
  return section(
    'reproduction',
    'Data and settings',
    html`<dl class="facts">
<dt>Data</dt><dd>${data.name}: ${count(data.points)} points, ${count(data.features)} features${data.classes === null ? '' : `, ${count(data.classes)} classes`}. ${data.source}</dd>
<dt>Done to them</dt><dd>${[...data.transformations, ...data.notes].join('; ') || 'nothing'}</dd>
<dt>SHA-256</dt><dd><code>${data.sha256}</code></dd>
<dt>Spread</dt><dd>${significant(data.spread)}, the root-mean-square distance from the mean</dd>
<dt>Seed</dt><dd>${count(settings.seed)}</dd>
<dt>robustlaw</dt><dd>${version}, ${schema}</dd>
</dl>
${level}`,
  );
}
