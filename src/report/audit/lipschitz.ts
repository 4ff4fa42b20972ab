// Lipschitz constants of the audited model, of the whole space and near the data: intervals between witness and certificate.
import type { AuditLipschitz, AuditResult } from '../../audit/index.ts';
import { type IntervalRow, intervalCharts } from '../charts/interval-chart.ts';
import { valueAxis } from '../charts/value-axis.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { count, MISSING, significant } from '../number.ts';
import { answersTable, boundsFigure } from '../sections/bounds.ts';
import { details, numberCell, row, section, table, textCell } from '../sections/common.ts';
import { NORMS } from '../words.ts';
import { measured } from './measured.ts';

/** Bars below each other that a reader can compare. */
const MOST_BARS = 16;

export function lipschitzConstants({ lipschitz }: AuditResult): Html {
  return section(
    'lipschitz',
    'Lipschitz constants',
    measured(lipschitz, (all) => {
      if (all.length === 0) return html`<p class="absent">None was asked for.</p>\n`;
      return html`<p>How many times its own size can a change of the input become at the output? Two inputs are known that attain the lower end; no two exceed the upper end. Near the data less may be possible than anywhere.</p>
${overview(all)}${summaryTable(all)}${details('Method by method', html`${all.map(methods)}`, 'long')}`;
    }),
  );
}

function overview(all: readonly AuditLipschitz[]): Html {
  const values = all.flatMap(({ lower, upper }) => [lower?.value ?? 0, upper?.value ?? 0]);
  if (!valueAxis([], values, [0, 1], 2)) return NOTHING;
  const rows = all.slice(0, MOST_BARS).map(rowOf);
  const charts = intervalCharts(
    {
      rows,
      axis: (range, ticks) => valueAxis([], values, range, ticks)!,
      label: 'Lipschitz constant',
    },
    'lipschitz-overview',
    'Intervals of the Lipschitz constants',
  );
  return html`<figure>${charts}
<figcaption>The truth lies in each bar, from the best witness (dot) to the best certificate (line).${all.length > MOST_BARS ? ` The first ${count(MOST_BARS)} of ${count(all.length)}; the table has all.` : ''}</figcaption></figure>
`;
}

function rowOf({ norm, domain, lower, upper }: AuditLipschitz): IntervalRow {
  const ends = {
    ...(lower && { dot: lower.value }),
    ...(upper && { tick: upper.value }),
  };
  return {
    name: `${NORMS[norm]}, ${domain}`,
    value: boundsText(lower, upper),
    colour: 'var(--series-0)',
    ...(lower || upper ? { bar: [lower?.value ?? 0, upper?.value ?? Infinity] as const } : {}),
    ...ends,
  };
}

/** `17.3 to 24.7`, rounded outwards. */
export function boundsText(lower: AuditLipschitz['lower'], upper: AuditLipschitz['upper']): string {
  if (upper?.kind === 'exact') return `= ${significant(upper.value)}`;
  if (lower && upper) return `${significant(lower.value, 'down')} to ${significant(upper.value, 'up')}`;
  if (lower) return `\u2265 ${significant(lower.value, 'down')}`;
  return upper ? `\u2264 ${significant(upper.value, 'up')}` : 'unknown';
}

function summaryTable(all: readonly AuditLipschitz[]): Html {
  const rows = all.map(({ norm, domain, lower, upper }) =>
    row([
      html`<th scope="row">${NORMS[norm]}</th>`,
      textCell(shorten(domain, 120)),
      numberCell(
        lower ? html`\u2265\u202F${significant(lower.value, 'down')}<small>${lower.method}</small>` : MISSING,
      ),
      numberCell(
        upper ? html`\u2264\u202F${significant(upper.value, 'up')}<small>${upper.method}</small>` : MISSING,
      ),
      numberCell(
        lower && upper && lower.value > 0
          ? `${significant(upper.value / lower.value, 'up')}\u202F\u00D7`
          : MISSING,
      ),
    ]),
  );
  const columns = [
    { title: 'Norm' },
    { title: 'Where' },
    { title: 'Witnessed', numeric: true },
    { title: 'Certified', numeric: true },
    { title: 'Certified / witnessed', numeric: true },
  ];
  return table('Lipschitz constants', columns, rows);
}

function methods({ norm, domain, answers }: AuditLipschitz, index: number): Html {
  const title = `${NORMS[norm]}, ${domain}`;
  const bounds = answers.flatMap((answer) => answer.bounds);
  // Charts for the first few; hundreds of balls have their tables.
  const figure =
    index < 4
      ? boundsFigure(bounds, `lipschitz-${index}`, `Bounds on the Lipschitz constant: ${title}`)
      : NOTHING;
  return html`<h3>${shorten(title, 120)}</h3>
${figure}${answersTable(`Methods, ${title}`, answers)}`;
}
