// The plan for one data set as one HTML page: the number first, then what it hangs on, the pilot, the law, what is proven.
import type { PlanResult } from '../../plan/index.ts';
import { document } from '../document.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { context, workedExamples } from './context.ts';
import { drivers } from './drivers.ts';
import { glance } from './glance.ts';
import { law } from './law.ts';
import { reproduction } from './origin.ts';
import { pilot } from './pilot.ts';
import { proven } from './proven.ts';

/** Sentences of the verdict that are set large. */
const FIRST = 3;

/**
 * A plan as one HTML file: no scripts, fonts or requests; light, dark and print. Whatever text comes from the plan is
 * escaped. The same result gives the same bytes.
 */
export function renderPlanPage(result: PlanResult): string {
  return document(
    `Plan for ${shorten(result.data.name, 80)}`,
    result.verdict.slice(0, FIRST),
    html`${further(result.verdict.slice(FIRST))}${glance(result)}${drivers(result)}${pilot(result)}${law(result)}${proven(result)}${workedExamples(result)}${context(result)}${reproduction(result)}`,
  );
}

function further(sentences: readonly string[]): Html {
  if (sentences.length === 0) return NOTHING;
  return html`<ul class="further">${sentences.map((sentence) => html`<li>${sentence}</li>\n`)}</ul>\n`;
}
