// The audit of one model on one data set as one HTML page: verdict first, then every number with what it guarantees.
import type { AuditResult } from '../../audit/index.ts';
import { document } from '../document.ts';
import { type Html, html, NOTHING, shorten } from '../html.ts';
import { boundary } from './boundary.ts';
import { examples, suspiciousLabels } from './examples.ts';
import { findings, firstThings } from './findings.ts';
import { glance } from './glance.ts';
import { glossary } from './glossary.ts';
import { lawStanding } from './law.ts';
import { lipschitzConstants } from './lipschitz.ts';
import { memorization } from './memorization.ts';
import { reproduction, subject } from './origin.ts';
import { robustAccuracy } from './robust-accuracy.ts';

/** Sentences of the verdict that are set large. */
const FIRST = 3;

/**
 * An audit as one HTML file: no scripts, fonts or requests; light, dark and print; links lead to audit.json and the
 * examples beside it. Whatever text comes from the audit is escaped. The same result gives the same bytes. O(n log n)
 * time in the points tested; the size of the page does not grow with them.
 */
export function renderAuditPage(result: AuditResult): string {
  return document(
    `Audit of ${shorten(result.model.file, 80)}`,
    result.verdict.slice(0, FIRST),
    html`${further(result.verdict.slice(FIRST))}${glance(result)}${firstThings(result)}${robustAccuracy(result)}${examples(result)}${boundary(result)}${lipschitzConstants(result)}${memorization(result)}${suspiciousLabels(result)}${lawStanding(result)}${findings(result)}${subject(result)}${reproduction(result)}${glossary()}`,
    'embedded',
  );
}

function further(sentences: readonly string[]): Html {
  if (sentences.length === 0) return NOTHING;
  return html`<ul class="further">${sentences.map((sentence) => html`<li>${sentence}</li>\n`)}</ul>\n`;
}
