// The report: one self-contained HTML page that opens offline and needs no script.
import type { StudyResult } from '../study/index.ts';
import { document } from './document.ts';
import { html } from './html.ts';
import { hero, howToRead, otherDataSets } from './sections/chart-of-the-law.ts';
import { checks } from './sections/checks.ts';
import { comparisons } from './sections/comparisons.ts';
import { effectiveDimensions } from './sections/effective-dimensions.ts';
import { fits } from './sections/fits.ts';
import { theLaw } from './sections/formula.ts';
import { guarantees } from './sections/guarantees.ts';
import { numbers } from './sections/numbers.ts';
import { predictorFits } from './sections/predictor-fits.ts';
import { reproduction, sources } from './sections/reproduction.ts';
import { slices } from './sections/slices.ts';
import { trajectories } from './sections/trajectories.ts';

/**
 * The report of a study as one HTML file: no scripts, fonts, images or other requests; light, dark and print.
 * Whatever text comes from the study is escaped, and the page's own policy forbids scripts and the network.
 * The same result gives the same bytes.
 */
export function renderReport(result: StudyResult): string {
  return document(
    result.title,
    result.analysis.verdict,
    html`${hero(result)}${howToRead()}${theLaw()}${otherDataSets(result)}${numbers(result)}${fits(result)}${predictorFits(result)}${comparisons(result)}${trajectories(result)}${effectiveDimensions(result)}${slices(result)}${checks(result)}${guarantees(result)}${reproduction(result)}${sources()}`,
  );
}
