// Where the model stands against the universal law of robustness (Bubeck and Sellke 2021): is it large enough to be robust?
import type { AuditResult, LawStanding } from '../../audit/index.ts';
import { paddedDomain } from '../charts/axes.ts';
import { type IntervalRow, intervalCharts } from '../charts/interval-chart.ts';
import { logarithmic } from '../charts/value-axis.ts';
import { type Html, html } from '../html.ts';
import { count, MISSING, significant } from '../number.ts';
import { estimateCell, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { measured } from './measured.ts';

export function lawStanding(result: AuditResult): Html {
  return section('law', 'The law of robustness', measured(result.law, content));
}

function content(law: LawStanding): Html {
  const { n, d, parameterCount, sentence, measured: constant } = law;
  return html`<p class="statement">${sentence}</p>
<p>The law: whatever the training, a class of models with P parameters that fits n noisy points in d dimensions below the noise level has a Lipschitz constant of at least order \u221A(nd/P). About n parameters memorize; only about nd do so robustly.</p>
${parameters(law)}${dimensions(law)}<dl class="facts">
<dt>n, d, P</dt><dd>${count(n)} points, ${count(d)} coordinates, ${count(parameterCount)} parameters</dd>
<dt>Measured constant in the scale of the law</dt><dd>${between(constant.lower, constant.upper)}; ${constant.scaling}</dd>
</dl>
${theorem(law)}`;
}

function between(lower: number | null, upper: number | null): string {
  const [from, to] = [
    lower === null ? '' : significant(lower, 'down'),
    upper === null ? '' : significant(upper, 'up'),
  ];
  if (from && to) return `${from} (witnessed) to ${to} (certified)`;
  if (from) return `at least ${from} (witnessed)`;
  return to ? `at most ${to} (certified)` : 'not measured';
}

/** Parameters on one logarithmic axis: for memorizing, for a robust fit in each dimension, and of this model. */
function parameters({ n, parameterCount, dimensions: all }: LawStanding): Html {
  const positive = (x: number): boolean => x > 0 && Number.isFinite(x);
  const robust = all.filter(({ robustParameters }) => positive(robustParameters));
  const values = [
    n,
    parameterCount,
    ...robust.flatMap(({ robustParameters, dimension }) => [
      robustParameters,
      ...dimension.interval.map((end) => n * end),
    ]),
  ].filter(positive);
  if (values.length === 0) return html``;
  const rows: IntervalRow[] = [
    { name: 'to memorize: about n', value: count(n), tick: n, colour: 'var(--muted)' },
    ...robust.map(({ name, robustParameters, dimension }) => ({
      name: `robust fit: n \u00D7 ${name}`,
      value: `\u2248 ${significant(robustParameters)}`,
      bar: [n * dimension.interval[0], n * dimension.interval[1]] as const,
      tick: robustParameters,
      colour: 'var(--series-0)',
    })),
    { name: 'this model: P', value: count(parameterCount), dot: parameterCount, colour: 'var(--series-1)' },
  ];
  const domain = paddedDomain(values, 1.8);
  const charts = intervalCharts(
    {
      rows,
      axis: (range, ticks) => logarithmic(domain, range, ticks),
      label: 'parameters (log scale)',
      reference: parameterCount,
    },
    'law-parameters',
    'Parameters for memorizing, for a robust fit, and of this model',
  );
  return html`<figure>${charts}
<figcaption>Left of the bars the model is too small for a robust fit by the law, up to its constants and logarithms. Which dimension counts is open: the law itself is proven with that of its isoperimetry.</figcaption></figure>
`;
}

function dimensions({ dimensions: all }: LawStanding): Html {
  if (all.length === 0) return html`<p class="absent">No dimension of the data could be estimated.</p>\n`;
  const rows = all.map(({ name, dimension, meaning, scale, robustParameters, ratio }) =>
    row([
      html`<th scope="row">${name}</th>`,
      dimension.interval[0] === dimension.interval[1]
        ? numberCell(significant(dimension.value))
        : estimateCell({ kind: 'estimate', ...dimension }),
      numberCell(significant(robustParameters)),
      numberCell(significant(ratio)),
      numberCell(significant(scale)),
      textCell(html`${meaning}<small>${dimension.method}</small>`),
    ]),
  );
  const columns = [
    { title: 'Dimension' },
    { title: 'd', numeric: true },
    { title: 'n d, for a robust fit', numeric: true },
    { title: 'P / (n d)', numeric: true },
    { title: '\u221A(nd/P)', numeric: true },
    { title: 'Meaning' },
  ];
  return table('Dimensions of the data', columns, rows);
}

function theorem({ certified: { theorem: name, value, formula, lights } }: LawStanding): Html {
  const items = lights.map(
    ({ name: light, statement, holds, assumed }) =>
      html`<li class="${holds ? (assumed ? 'assumed' : 'holds') : 'violated'}"><strong>${holds ? (assumed ? '\u25CB assumed' : '\u2713 holds') : '\u2717 fails'}</strong> ${light}: ${statement}</li>\n`,
  );
  const meaning =
    value > 0
      ? 'no model of this class that fits as this one does has a smaller constant'
      : 'the theorem says nothing about this model';
  return html`<h3>Certified lower bound: ${name}</h3>
<p><strong>${value > 0 ? `\u2265\u202F${significant(value, 'down')}` : '0'}</strong>: ${meaning}. ${value === formula ? '' : `Its formula gives ${Number.isFinite(formula) ? significant(formula, 'down') : MISSING}, which counts only where all hypotheses hold.`}</p>
<ul class="checks">
${items}</ul>
`;
}
