// A measurement where it was made; where it was not, or not in full, that and its reason in the same place.

import type {} from '../../audit/index.ts';
import type { Measurement } from '../../guarantee/index.ts';
import { type Html, html } from '../html.ts';
import { significant } from '../number.ts';

export function measured<Value>(measurement: Measurement<Value>, render: (value: Value) => Html): Html {
  switch (measurement.status) {
    case 'done':
      return render(measurement.value);
    case 'partial':
      return html`<p class="notice" role="note">Incomplete: ${measurement.reason}</p>
${render(measurement.value)}`;
    case 'failed':
      return html`<p class="notice" role="note">Failed after ${significant(measurement.seconds)} seconds, so nothing is known here, good or bad: ${measurement.reason}</p>\n`;
    case 'skipped':
      return html`<p class="absent">Not measured: ${measurement.reason}</p>\n`;
  }
}
