// A part of a survey where it was measured; where it was not, or not in full, that and its reason in the same place.
import type { SurveyMeasurement } from '../../survey/index.ts';
import { type Html, html } from '../html.ts';
import { significant } from '../number.ts';

export function measuredPart<Value>(part: SurveyMeasurement<Value>, render: (value: Value) => Html): Html {
  switch (part.status) {
    case 'done':
      return render(part.value);
    case 'partial':
      return html`<p class="notice" role="note">Incomplete: ${part.reason}</p>\n${render(part.value)}`;
    case 'failed':
      return html`<p class="notice" role="note">Failed after ${significant(part.seconds)} seconds, so nothing is known here: ${part.reason}</p>\n`;
    case 'skipped':
      return html`<p class="absent">Not measured: ${part.reason}</p>\n`;
  }
}
