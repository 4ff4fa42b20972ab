// The pieces sections are made of: headings, tables that scroll on a phone, cells for values with their guarantee.
import type { Estimate } from '../../guarantee/index.ts';
import { type Html, html, NOTHING, trusted } from '../html.ts';
import { MISSING, percent, type Rounding, significant } from '../number.ts';
import type { Spread } from '../spread.ts';

export function section(id: string, title: string, content: Html | readonly Html[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${title}</h2>
${content}
</section>
`;
}

export interface Column {
  readonly title: string | Html;
  /** Numbers are set flush right. */
  readonly numeric?: boolean;
}

/** A table with one row of heads. */
export function table(label: string, columns: readonly Column[], rows: readonly Html[]): Html {
  const heads = columns.map(
    ({ title, numeric }) => html`<th scope="col"${numeric ? trusted(' class="number"') : ''}>${title}</th>`,
  );
  return scrollingTable(label, html`<tr>${heads}</tr>\n`, rows);
}

/** A table in a region that scrolls sideways by itself, so that the page never does. */
export function scrollingTable(label: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead>${head}</thead>
<tbody>${rows}</tbody>
</table></div>
`;
}

export function row(cells: readonly Html[]): Html {
  return html`<tr>${cells}</tr>\n`;
}

export function textCell(content: string | Html): Html {
  return html`<td>${content}</td>`;
}

export function numberCell(content: string | Html): Html {
  return html`<td class="number">${content}</td>`;
}

/** Median with the range over seeds beneath; a dash where nothing was measured. */
export function spreadCell(spread: Spread | undefined, rounding: Rounding = 'nearest'): Html {
  if (!spread) return numberCell(MISSING);
  const range =
    spread.high > spread.low
      ? html`<small>${significant(spread.low, rounding)} to ${significant(spread.high, rounding)}</small>`
      : NOTHING;
  return html`<td class="number">${significant(spread.median, rounding)}${range}</td>`;
}

/** Value with its interval beneath: `−0.560`, `95 % interval −0.571 to −0.549`. */
export function estimateCell(estimate: Estimate): Html {
  return html`<td class="number">${significant(estimate.value)}<small>${intervalText(estimate)}</small></td>`;
}

/** `95 % interval −0.571 to −0.549`; an open end is said in words. */
export function intervalText({ interval: [low, high], confidence }: Estimate): string {
  const share = `${percent(confidence)} interval`;
  const [from, to] = [Number.isFinite(low), Number.isFinite(high)];
  if (from && to) return `${share} ${significant(low)} to ${significant(high)}`;
  if (from) return `${share} ${significant(low)} or more, without an upper end`;
  if (to) return `${share} ${significant(high)} or less, without a lower end`;
  return 'no finite interval';
}

/** What a reader opens on demand; printed open, unless it is `long`. */
export function details(summary: string, content: Html, length: 'short' | 'long' = 'short'): Html {
  return html`<details class="${length}"><summary>${summary}</summary>
${content}</details>
`;
}
