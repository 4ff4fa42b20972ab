// One chart of a study as an SVG file that stands by itself in a page of documentation or on a slide, with its key.
import * as Plot from '@observablehq/plot';
import { RobustlawError } from '../errors.ts';
import type { StudyResult } from '../study/index.ts';
import { fitScatter, sumScatter } from './charts/fit-scatter.ts';
import type { Layout } from './charts/law-frame.ts';
import { type Scatter, scatterChart, scatterStyles, WIDE_SCATTER } from './charts/scatter-chart.ts';
import { standaloneSvg } from './charts/svg.ts';
import { trajectoryChart } from './charts/trajectory-chart.ts';
import { type Html, shorten } from './html.ts';
import { shapeOf } from './sections/scatter-figure.ts';
import { trajectoryGroups, withTrajectories } from './sections/trajectories.ts';

const TITLE = 30;
const KEY_LINE = 20;
/** Entries of the key side by side. */
const COLUMNS = 2;

interface KeyEntry {
  readonly name: string;
  readonly colour: string;
  /** A character that looks like the mark. */
  readonly shape: string;
}

/**
 * The fit of this title as a standalone SVG, light and dark by the reader's preference, without fonts or links.
 *
 * @throws not-found when the study has no such fit or the fit no point.
 */
export function fitSvg(result: StudyResult, title: string): string {
  const fit = result.analysis.predictorFits?.find((one) => one.title === title);
  const chart =
    fit &&
    drawn(
      fitScatter(fit),
      fit.published.map(({ name }) => name),
    );
  if (!chart) throw nothing(result, `fit "${shorten(title, 60)}" with points`);
  return standaloneSvg(chart);
}

/**
 * The first sum of predictors of the fit of this title, measured against fitted, likewise.
 *
 * @throws not-found when the study has no such fit, or the fit no such sum that its trials determine.
 */
export function sumSvg(result: StudyResult, title: string): string {
  const fit = result.analysis.predictorFits?.find((one) => one.title === title);
  const chart = fit && drawn(sumScatter(fit, 0), []);
  if (!chart) throw nothing(result, `fit "${shorten(title, 60)}" with a sum of predictors`);
  return standaloneSvg(chart);
}

/** @param published short names of the published sets. */
function drawn(scatter: Scatter, published: readonly string[]): Html | undefined {
  const { sets } = scatter;
  const ours = sets.length - published.length;
  const entries = scatterStyles(sets).flatMap((style, i): KeyEntry[] => {
    if (sets[i]!.points.length === 0) return [];
    const name = style.hollow ? `published: ${published[i - ours]}` : style.name;
    return [{ name, colour: style.colour, shape: shapeOf(style) }];
  });
  // One group of one's own needs no name.
  const key = entries.length > 1 ? entries : [];
  const layout = withKey(WIDE_SCATTER, key.length);
  return scatterChart(scatter, layout, 'fit', marks(scatter.title, key, layout), WIDE_SCATTER);
}

/**
 * The trajectories of the first data set and family that have some, likewise.
 *
 * @throws not-found when the study has none.
 */
export function trajectorySvg(result: StudyResult): string {
  const [trials] = withTrajectories(result);
  if (!trials) throw nothing(result, 'trajectory');
  const groups = trajectoryGroups(trials);
  const key = groups.map(({ name }, i) => ({ name, colour: `var(--series-${i % 10})`, shape: '\u2501' }));
  const layout = withKey(WIDE_SCATTER, key.length);
  const { noiseVariance } = trials[0]!.result;
  const extra = marks(result.title, key, layout);
  const chart = trajectoryChart(result.title, groups, noiseVariance, layout, 'trajectory', extra);
  if (!chart) throw nothing(result, 'trajectory');
  return standaloneSvg(chart);
}

/** Room for a title above the chart and a key beneath it. */
function withKey(layout: Layout, entries: number): Layout {
  const below = Math.ceil(entries / COLUMNS) * KEY_LINE + (entries > 0 ? 8 : 0);
  return {
    ...layout,
    height: layout.height + TITLE + below,
    marginTop: layout.marginTop + TITLE,
    marginBottom: layout.marginBottom + below,
  };
}

function marks(title: string, key: readonly KeyEntry[], layout: Layout): readonly Plot.Markish[] {
  const lines = Math.ceil(key.length / COLUMNS);
  const column = layout.width / COLUMNS;
  const names = key.map(({ name, colour, shape }, i) =>
    Plot.text([`${shape} ${shorten(name, 48)}`], {
      frameAnchor: 'bottom-left',
      lineAnchor: 'bottom',
      dx: 6 - layout.marginLeft + (i % COLUMNS) * column,
      dy: layout.marginBottom - 8 - (lines - 1 - Math.floor(i / COLUMNS)) * KEY_LINE,
      fill: colour,
    }),
  );
  const heading = Plot.text([shorten(title, 84)], {
    frameAnchor: 'top-left',
    lineAnchor: 'top',
    dx: 6 - layout.marginLeft,
    dy: 8 - layout.marginTop,
    fontSize: 17,
    fontWeight: 650,
    fill: 'var(--ink)',
  });
  return [heading, ...names];
}

function nothing({ name }: StudyResult, what: string): RobustlawError {
  return new RobustlawError('not-found', `nothing to draw: study "${shorten(name, 60)}" has no ${what}`);
}
