// The data themselves, and how to get the same numbers again.
import type { DataSurvey } from '../../survey/index.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { count, counted, significant } from '../number.ts';
import { details, numberCell, row, section, table, textCell } from '../sections/common.ts';

/** Classes that are listed. */
const MOST_CLASSES = 200;

export function origin({ data }: DataSurvey): Html {
  const { labels } = data;
  const about =
    labels.kind === 'classification'
      ? counted(labels.classes.length, 'class', 'classes')
      : `numbers, ${counted(labels.outputs, 'for each point', 'for each point')}, from ${significant(labels.range[0])} to ${significant(labels.range[1])}`;
  return section('data', 'The data', [
    html`<dl class="facts">
<dt>Points</dt><dd>${counted(data.points, 'point')} of shape ${data.shape.map(String).join(' \u00D7 ')} (d = ${count(data.features)})</dd>
<dt>Values</dt><dd>${significant(data.range[0])} to ${significant(data.range[1])}${data.constantFeatures > 0 ? `; ${counted(data.constantFeatures, 'feature')} never ${data.constantFeatures === 1 ? 'varies' : 'vary'}` : ''}</dd>
<dt>Labels</dt><dd>${about}</dd>
<dt>Source</dt><dd>${data.source}${data.transformations.map((one) => html`<small>${one}</small>`)}</dd>
${data.warnings.length > 0 ? html`<dt>Notes</dt>${data.warnings.map((warning) => html`<dd>${warning}</dd>`)}\n` : NOTHING}</dl>
`,
    labels.kind === 'classification'
      ? details(
          'Rows of each class',
          table(
            'Classes',
            [{ title: 'Class' }, { title: 'Rows', numeric: true }],
            labels.classes
              .slice(0, MOST_CLASSES)
              .map(({ name, rows }) => row([textCell(shorten(name, 60)), numberCell(count(rows))])),
          ),
        )
      : NOTHING,
  ]);
}

export function reproduction({ version, schema, settings, data }: DataSurvey): Html {
  return section('reproduction', 'Reproduce', [
    html`<p>The same version, data, seed and options give the same numbers; only what a time limit cut short may end elsewhere. Everything on this page, in full precision: <a href="./data.json">data.json</a>.</p>
<dl class="facts">
<dt>Version</dt><dd>robustlaw ${version}; result ${schema}</dd>
<dt>Seed</dt><dd>${String(settings.seed)}</dd>
<dt>Time limit</dt><dd>${settings.timeLimit === null ? 'none' : `${significant(settings.timeLimit)} seconds`}</dd>
<dt>Data</dt><dd>SHA-256 <code>${data.sha256}</code></dd></dl>
`,
  ]);
}
