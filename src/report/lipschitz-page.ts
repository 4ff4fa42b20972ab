// What was found out about the Lipschitz constants of one model, as one HTML page.
import { RobustlawError } from '../errors.ts';
import { type LipschitzMeasurement, relativeGap } from '../guarantee/index.ts';
import { type Bound, boundsChart } from './charts/bounds-chart.ts';
import { standaloneSvg } from './charts/svg.ts';
import { document } from './document.ts';
import { type Html, html, NOTHING } from './html.ts';
import { count, MISSING, percent, significant } from './number.ts';
import { answersTable, boundsFigure } from './sections/bounds.ts';
import { intervalText, section } from './sections/common.ts';
import { domainText, NORMS } from './words.ts';

/** A model and the measurements on it; everything the page shows. */
export interface LipschitzReport {
  readonly model: string;
  readonly parameterCount: number;
  readonly features: number;
  readonly outputs: number;
  readonly measurements: readonly LipschitzMeasurement[];
  readonly seed: number;
  readonly version: string;
}

/** The page: the verdict, a chart and a table for each norm and domain. The same report gives the same bytes. */
export function renderLipschitzPage(report: LipschitzReport): string {
  const { model, measurements } = report;
  return document(
    `Lipschitz constants of ${model}`,
    measurements.map(lipschitzVerdict),
    html`${measurements.map(measurementSection)}${meaning()}${origin(report)}`,
  );
}

/**
 * One sentence: `Whole space, ℓ₂: no two inputs change the output by more than 24.4 times their distance, and two that
 * change it 24.0 times are known (gap 1.4 %).`
 */
export function lipschitzVerdict(measurement: LipschitzMeasurement): string {
  const { norm, domain, lower, upper } = measurement;
  const where = `${capital(domainText(domain))}, ${NORMS[norm]}`;
  if (upper?.kind === 'exact')
    return `${where}: the Lipschitz constant is ${significant(upper.value, 'nearest', 6)}, exactly but for rounding.`;
  const below =
    lower && lower.value > 0 && `two that change it ${significant(lower.value, 'down')} times are known`;
  if (!upper || !Number.isFinite(upper.value)) {
    return below
      ? `${where}: no certificate was found from above, and ${below.replace('two', 'two inputs')}.`
      : `${where}: nothing could be proven.`;
  }
  const gap = relativeGap(measurement);
  const above = `no two inputs change the output by more than ${significant(upper.value, 'up')} times their distance`;
  return below
    ? `${where}: ${above}, and ${below} (gap ${gap === undefined ? MISSING : percent(gap)}).`
    : `${where}: ${above}.`;
}

/**
 * The chart of one measurement as an SVG file that stands by itself.
 *
 * @throws not-found when no bound is positive and finite.
 */
export function boundsSvg(measurement: LipschitzMeasurement): string {
  const title = `Bounds on the Lipschitz constant: ${headline(measurement)}`;
  const chart = boundsChart(boundsOf(measurement), 'bounds', title);
  if (!chart) throw new RobustlawError('not-found', 'nothing to draw: no bound is positive and finite');
  return standaloneSvg(chart);
}

function headline({ norm, domain }: LipschitzMeasurement): string {
  return `${NORMS[norm]}, ${domainText(domain)}`;
}

function measurementSection(measurement: LipschitzMeasurement, index: number): Html {
  const { answers, estimate } = measurement;
  const title = headline(measurement);
  return section(`measurement-${index}`, title, [
    boundsFigure(boundsOf(measurement), `bounds-${index}`, `Bounds on the Lipschitz constant: ${title}`),
    answersTable(
      `Methods, ${title}`,
      answers.map(({ guarantees, ...answer }) => ({ ...answer, bounds: guarantees })),
    ),
    estimate
      ? html`<p>Estimate, which proves nothing: ${estimate.method} gives ${significant(estimate.value)} (${intervalText(estimate)}).</p>\n`
      : NOTHING,
  ]);
}

function boundsOf({ answers }: LipschitzMeasurement): readonly Bound[] {
  return answers.flatMap(({ guarantees }) => guarantees);
}

function meaning(): Html {
  return section(
    'guarantees',
    'What each number guarantees',
    html`<dl class="legend">
<dt>= exact</dt><dd>A witness and a certificate agree but for rounding.</dd>
<dt>\u2264 certified</dt><dd>No two inputs in the domain change the output faster, measured in the same norm on both sides; all rounding is accounted for, and the last digit shown is rounded up.</dd>
<dt>\u2265 witnessed</dt><dd>Two inputs of the domain attain at least this much; they are stored in the JSON output and can be checked again. The last digit shown is rounded down.</dd>
<dt>gap</dt><dd>The certificate divided by the witness, less one. The truth lies between; a gap says how much is unknown, not which side is off.</dd>
</dl>
`,
  );
}

function origin({ model, parameterCount, features, outputs, seed, version }: LipschitzReport): Html {
  return section(
    'origin',
    'Model',
    html`<dl class="facts">
<dt>Model</dt><dd>${model}: ${count(features)} inputs, ${count(outputs)} outputs, P = ${count(parameterCount)} parameters</dd>
<dt>Seed</dt><dd>${String(seed)}</dd>
<dt>Version</dt><dd>robustlaw ${version}</dd>
</dl>
`,
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
