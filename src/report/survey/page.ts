// The survey of a data set as one HTML page: the verdict, then the numbers, then how sure they are.
import type { DataSurvey } from '../../survey/index.ts';
import { document } from '../document.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { concentration } from './concentration.ts';
import { dimensions } from './dimensions.ts';
import { glance } from './glance.ts';
import { isoperimetry } from './isoperimetry.ts';
import { noise } from './noise.ts';
import { origin, reproduction } from './origin.ts';
import { repeats } from './repeats.ts';
import { separation } from './separation.ts';

/** Sentences of the verdict that are set large. */
const FIRST = 2;

/**
 * A survey as one HTML file: no scripts, fonts or requests; light, dark and print. Whatever text comes from the data is
 * escaped. The same survey gives the same bytes; the size of the page does not grow with the data.
 */
export function renderSurveyPage(survey: DataSurvey): string {
  return document(
    `Data: ${shorten(survey.data.name, 80)}`,
    survey.verdict.slice(0, FIRST),
    html`${further(survey.verdict.slice(FIRST))}${glance(survey)}${dimensions(survey)}${noise(survey)}${separation(survey)}${isoperimetry(survey)}${concentration(survey)}${repeats(survey)}${origin(survey)}${reproduction(survey)}`,
    'embedded',
  );
}

function further(sentences: readonly string[]): Html {
  if (sentences.length === 0) return NOTHING;
  return html`<ul class="further">${sentences.map((sentence) => html`<li>${sentence}</li>\n`)}</ul>\n`;
}
