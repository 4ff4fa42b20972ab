// What several methods say about one Lipschitz constant: their bars and their table.
import { type Bound, boundsCharts } from '../charts/bounds-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { MISSING, significant } from '../number.ts';
import { KINDS } from '../words.ts';
import { numberCell, row, table, textCell } from './common.ts';

/** What one method answered, or why it did not. */
export interface BoundsAnswer {
  readonly method: string;
  readonly bounds: readonly Bound[];
  readonly seconds: number;
  readonly note?: string | undefined;
}

/** The bars with their caption; nothing where no bound is positive and finite. */
export function boundsFigure(bounds: readonly Bound[], id: string, title: string): Html {
  const charts = boundsCharts(bounds, id, title);
  if (!charts) return NOTHING;
  return html`<figure>${charts}
<figcaption>A bar runs from the best witness to what a method certifies: the truth lies in every bar. A dot is a witness.</figcaption></figure>
`;
}

export function answersTable(label: string, answers: readonly BoundsAnswer[]): Html {
  const rows = answers.flatMap(({ method, bounds, seconds, note = '' }) => {
    const end = [numberCell(significant(seconds)), textCell(note)];
    if (bounds.length === 0) return [row([textCell(method), textCell(MISSING), numberCell(MISSING), ...end])];
    return bounds.map((bound) =>
      row([
        textCell(bound.method),
        textCell(KINDS[bound.kind]),
        numberCell(significant(bound.value, ROUNDINGS[bound.kind], 6)),
        ...end,
      ]),
    );
  });
  const columns = [
    { title: 'Method' },
    { title: 'Kind' },
    { title: 'Value', numeric: true },
    { title: 'Seconds', numeric: true },
    { title: 'Note' },
  ];
  return table(label, columns, rows);
}

const ROUNDINGS = { exact: 'nearest', upper: 'up', lower: 'down' } as const;
