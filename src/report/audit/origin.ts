// What was audited and how to get the same numbers again: files, checksums, settings, versions.
import type { AuditResult } from '../../audit/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, significant } from '../number.ts';
import { details, section } from '../sections/common.ts';
import { relativeLink } from './links.ts';
import { radiusText, share } from './words.ts';

/** Ranges of rows that the page lists; the file has all. */
const MOST_RANGES = 200;

export function subject(result: AuditResult): Html {
  return section('subject', 'Model and data', [
    html`<dl class="facts">
<dt>Model</dt><dd>${result.model.file}: ${task(result)}, P = ${count(result.model.parameterCount)} parameters<small>input ${result.model.input}; output ${result.model.output}</small></dd>
<dt>Accuracy</dt><dd>${accuracy(result)}</dd>
${notes('On reading the model', result.model.notes)}</dl>
`,
    dataset('Data', result.data),
    result.training ? dataset('Training data', result.training) : NOTHING,
  ]);
}

export function reproduction(result: AuditResult): Html {
  const { settings, model, data, training, version } = result;
  const files = result.robustness.flatMap(({ norm, result: one }) =>
    'value' in one && one.value.examples !== null
      ? [
          html`<li><a href="${relativeLink(one.value.examples)}">${one.value.examples}</a>, adversarial examples (${norm})</li>\n`,
        ]
      : [],
  );
  const rows = ranges(settings.rows);
  return section('reproduction', 'Reproduce', [
    html`<p>The same version, files, seed and settings give the same numbers; only what a time limit cut short may end elsewhere. Everything on this page, in full precision: <a href="./audit.json">audit.json</a>.</p>
<dl class="facts">
<dt>Version</dt><dd>robustlaw ${version}; result ${result.schema}</dd>
<dt>Seed</dt><dd>${String(settings.seed)}</dd>
<dt>Rows attacked and certified</dt><dd>${count(settings.rows.length)} of ${count(data.points)}</dd>
<dt>Time limit</dt><dd>${settings.timeLimit === null ? 'none' : `${significant(settings.timeLimit)} seconds`}</dd>
<dt>Model</dt><dd>${model.file}<small>SHA-256 <code>${model.sha256}</code></small></dd>
<dt>Data</dt><dd>${data.source}<small>SHA-256 <code>${data.sha256}</code></small></dd>
${training ? html`<dt>Training data</dt><dd>${training.source}<small>SHA-256 <code>${training.sha256}</code></small></dd>\n` : NOTHING}</dl>
`,
    files.length > 0 ? html`<p>Files beside this page:</p>\n<ul>${files}</ul>\n` : NOTHING,
    rows.length > 0
      ? details(
          'The rows',
          html`<p>${rows.slice(0, MOST_RANGES).join(', ')}${rows.length > MOST_RANGES ? ', \u2026 (all in audit.json)' : ''}</p>\n`,
          'long',
        )
      : NOTHING,
  ]);
}

/** `0–99, 104, 107–110`; consecutive numbers as ranges. */
export function ranges(rows: readonly number[]): readonly string[] {
  const sorted = Array.from(new Set(rows)).sort((a, b) => a - b);
  const texts: string[] = [];
  let start = 0;
  for (let index = 1; index <= sorted.length; index++) {
    if (sorted[index] === sorted[index - 1]! + 1) continue;
    const [from, to] = [sorted[start]!, sorted[index - 1]!];
    texts.push(from === to ? String(from) : `${from}\u2013${to}`);
    start = index;
  }
  return texts;
}

function task({ model }: AuditResult): string {
  return model.task.kind === 'classification'
    ? counted(model.task.classes, 'class', 'classes')
    : `regression of ${counted(model.task.outputs, 'output')}, off by at most ${significant(model.task.tolerance)}`;
}

function accuracy({ accuracy: one }: AuditResult): string {
  if (!('value' in one)) return `not known: ${one.reason}`;
  const { all, meanSquaredError } = one.value;
  const error = meanSquaredError === null ? '' : `; mean squared error ${significant(meanSquaredError)}`;
  const partial = one.status === 'partial' ? `; incomplete: ${one.reason}` : '';
  return `${share(all.correct, all.points)}, ${count(all.correct)} of ${counted(all.points, 'point')}${error}${partial}`;
}

function dataset(title: string, data: AuditResult['data']): Html {
  const bounds = data.bounds
    ? `${radiusText(data.bounds[0])} to ${radiusText(data.bounds[1])}; attacks stay inside`
    : 'none: inputs may be anything';
  return html`<h3>${title}</h3>
<dl class="facts">
<dt>${data.name}</dt><dd>${counted(data.points, 'point')} of shape ${data.shape.map(String).join(' \u00D7 ') || 'one number'} (d = ${count(data.features)})</dd>
<dt>Bounds of the inputs</dt><dd>${bounds}</dd>
${notes('Before the model sees a point', data.preprocessing)}${notes('Guessed', data.warnings)}</dl>
`;
}

function notes(title: string, all: readonly string[]): Html {
  if (all.length === 0) return NOTHING;
  return html`<dt>${title}</dt>${all.map((note) => html`<dd>${note}</dd>`)}\n`;
}
