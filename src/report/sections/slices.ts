// Contour maps: what memorizers look like on a plane through three data points.
import type { PlaneSlice, StudyResult } from '../../study/index.ts';
import { CLIP, sliceChart, sliceRange } from '../charts/slice-chart.ts';
import { type Html, html } from '../html.ts';
import { count, significant } from '../number.ts';
import { type DoneOutcome, doneOutcomes } from '../outcomes.ts';
import { BAND_COUNT } from '../theme.ts';
import { section } from './common.ts';

type Sliced = DoneOutcome & { readonly result: { readonly slice: PlaneSlice } };

export function slices(result: StudyResult): Html {
  const sliced = doneOutcomes(result).filter(hasSlice);
  if (sliced.length === 0) {
    return section('maps', 'Contour maps', html`<p>No trial of this study kept a map.</p>\n`);
  }
  // One map tells the shape: the first seed of each construction.
  const first = Array.from(
    Map.groupBy(sliced, ({ trial }) => JSON.stringify([trial.data, trial.family, trial.size])).values(),
    (replicates) =>
      replicates.reduce((least, other) => (other.trial.seed < least.trial.seed ? other : least)),
  );
  const groups = Array.from(
    Map.groupBy(first, ({ trial }) => trial.data),
    ([data, ofData], group) => {
      const maps = ofData.map((outcome, index) => map(outcome, `map-${group + 1}-${index + 1}`));
      return html`<h3>${data}</h3>\n<div class="maps">${maps}</div>\n`;
    },
  );
  return section('maps', 'Contour maps', [
    html`<p>Each map shows one function on the plane through three data points (circles, with their labels), with the same colours everywhere. Values are clipped to [\u2212${String(CLIP)}, ${String(CLIP)}]; what they reach on the map stands under it.</p>
${colourBar()}`,
    ...groups,
  ]);
}

function hasSlice(outcome: DoneOutcome): outcome is Sliced {
  return outcome.result.slice !== undefined && outcome.result.slice.side >= 2;
}

function map({ trial, result }: Sliced, id: string): Html {
  const size = trial.size === undefined ? '' : `, size ${count(trial.size)}`;
  return html`<figure>${sliceChart(result.slice, id, `${trial.family}${size} on a plane through three data points`)}
<figcaption><strong>${trial.family}</strong>${size}<br>
P\u202F=\u202F${count(result.parameterCount)}, seed ${count(trial.seed)}<br>
${constantInWords(result)}<br>
values ${sliceRange(result.slice)}</figcaption></figure>
`;
}

function constantInWords({ lipschitz: { upper, lower } }: Sliced['result']): string {
  if (upper.kind === 'exact') return `Lipschitz constant =\u202F${significant(upper.value)} (exact)`;
  const above = `\u2264\u202F${significant(upper.value, 'up')} (certified)`;
  return lower
    ? `Lipschitz constant \u2265\u202F${significant(lower.value, 'down')} (witnessed), ${above}`
    : `Lipschitz constant ${above}`;
}

function colourBar(): Html {
  const bands = Array.from(
    { length: BAND_COUNT },
    (_, band) => html`<i style="background:var(--band-${String(band)})"></i>`,
  );
  return html`<p class="bar" role="img" aria-label="Colours run from minus ${String(CLIP)} or less through 0 to ${String(CLIP)} or more"><span>\u2264\u202F\u2212${String(CLIP)}</span><span class="bands">${bands}</span><span>\u2265\u202F${String(CLIP)}</span></p>
`;
}
