// The report: one self-contained HTML page that opens offline and needs no script.
import type { StudyResult } from '../study/index.ts';
import { type Html, html, trusted } from './html.ts';
import { hero, howToRead, otherDataSets } from './sections/chart-of-the-law.ts';
import { checks } from './sections/checks.ts';
import { effectiveDimensions } from './sections/effective-dimensions.ts';
import { fits } from './sections/fits.ts';
import { theLaw } from './sections/formula.ts';
import { guarantees } from './sections/guarantees.ts';
import { numbers } from './sections/numbers.ts';
import { reproduction, sources } from './sections/reproduction.ts';
import { slices } from './sections/slices.ts';
import { STYLE } from './style.ts';
import { themeCss } from './theme.ts';

/**
 * The report of a study as one HTML file: no scripts, fonts, images or other requests; light, dark and print.
 * Whatever text comes from the study is escaped, and the page's own policy forbids scripts and the network.
 * The same result gives the same bytes.
 */
export function renderReport(result: StudyResult): string {
  const [first, second] = result.analysis.verdict;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${result.title}</title>
<style>${stylesheet()}</style>
</head>
<body>
<header>
<h1>${result.title}</h1>
<p class="verdict">${first}</p>
<p class="verdict second">${second}</p>
</header>
<main>
${hero(result)}${howToRead()}${theLaw()}${otherDataSets(result)}${numbers(result)}${fits(result)}${effectiveDimensions(result)}${slices(result)}${checks(result)}${guarantees(result)}${reproduction(result)}${sources()}</main>
</body>
</html>
`.markup;
}

function stylesheet(): Html {
  return trusted(`${themeCss(':root')}\n${STYLE}`);
}
