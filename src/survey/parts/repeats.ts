// Rows with the same features: copies, and contradictions where their labels differ.
import { type Places, placesOf } from '../../separation/index.ts';
import { labelText, type SurveyLabels } from '../labels.ts';
import type { Measure } from '../part.ts';
import type { SurveyRepeats } from '../result.ts';

const MOST_PLACES = 20;
const MOST_ROWS = 6;

/** All rows that equal another one; the list begins with those whose labels contradict each other. Exact. */
export const measureRepeats: Measure<SurveyRepeats> = async ({ points, features, labels }) => {
  const n = points.length / features;
  const places = placesOf(
    points,
    features,
    Int32Array.from({ length: n }, (_, row) => row),
  );
  const repeated: { readonly rows: Int32Array; readonly contradictory: boolean }[] = [];
  for (let p = 0; p < places.first.length; p++) {
    const rows = rowsAt(places, p);
    if (rows.length > 1)
      repeated.push({ rows, contradictory: !rows.every((row) => sameLabel(labels, rows[0]!, row)) });
  }
  const first = [
    ...repeated.filter((one) => one.contradictory),
    ...repeated.filter((one) => !one.contradictory),
  ];
  return {
    value: {
      copies: places.copies,
      places: places.first.length,
      contradictory: repeated.filter((one) => one.contradictory).length,
      list: first.slice(0, MOST_PLACES).map(({ rows, contradictory }) => {
        const shown = contradictory ? differingFirst(labels, rows) : Array.from(rows);
        return {
          rows: shown.slice(0, MOST_ROWS).map((row) => ({ row, label: labelText(labels, row) })),
          more: Math.max(0, rows.length - MOST_ROWS),
          contradictory,
        };
      }),
    },
  };
};

function rowsAt({ members, starts }: Places, place: number): Int32Array {
  return members.subarray(starts[place]!, starts[place + 1]!);
}

function sameLabel(labels: SurveyLabels, i: number, j: number): boolean {
  if (labels.kind === 'classification') return labels.classes[i] === labels.classes[j];
  const { values, outputs } = labels;
  for (let k = 0; k < outputs; k++) if (values[i * outputs + k] !== values[j * outputs + k]) return false;
  return true;
}

/** The first row, the first that contradicts it, then the others. */
function differingFirst(labels: SurveyLabels, rows: Int32Array): number[] {
  const other = rows.find((row) => !sameLabel(labels, rows[0]!, row))!;
  return [rows[0]!, other, ...Array.from(rows).filter((row) => row !== rows[0] && row !== other)];
}
