// Measured quantities against the predictors of theorems: scatter, lines with intervals, rival predictors, medians per bin.
import type { PredictorFit, StudyResult } from '../../study/index.ts';
import {
  NARROW_SCATTER,
  predictorText,
  QUANTITY_TEXT,
  type ScatterStyle,
  scatterChart,
  scatterStyles,
  WIDE_SCATTER,
} from '../charts/scatter-chart.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, MISSING, significant } from '../number.ts';
import { details, estimateCell, numberCell, row, section, table, textCell } from './common.ts';

/** Nothing for a study that asks for no such fit. */
export function predictorFits(result: StudyResult): Html {
  const all = result.analysis.predictorFits ?? [];
  if (all.length === 0) return NOTHING;
  return section(
    'predictors',
    'What explains the measurements',
    html`<p>Lines are least squares; their intervals resample whole draws of the data. Trials that did not memorize are left out unless a fit says otherwise. Published points were measured by others, with other software.</p>
${all.map(fitted)}`,
  );
}

function fitted(fit: PredictorFit, index: number): Html {
  const id = `predictor-${index + 1}`;
  const wide = scatterChart(fit, WIDE_SCATTER, id);
  const narrow = scatterChart(fit, NARROW_SCATTER, `${id}-narrow`);
  const chart =
    wide && narrow
      ? html`<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div>
<figcaption>${key(drawnStyles(fit))}</figcaption></figure>\n`
      : html`<p>No trial has both the quantity and the predictor.</p>\n`;
  return html`<h3>${fit.title}</h3>
<p>${QUANTITY_TEXT[fit.quantity] ?? fit.quantity} against ${predictorText(fit.predictor)}${fit.scale === 'log' ? ', both on logarithmic axes' : ''}.</p>
${chart}${lines(fit)}${rivals(fit)}${bins(fit)}`;
}

/** The styles of the groups and figures that have points. */
function drawnStyles(fit: PredictorFit): readonly ScatterStyle[] {
  const all = [...fit.groups, ...fit.published];
  return scatterStyles(fit).filter((_, i) => all[i]!.points.length > 0);
}

/** Points and lines by colour and shape, published ones as paler outlines with a dashed line. */
function key(styles: readonly ScatterStyle[]): Html {
  return html`${styles.map(
    (style, i) =>
      html`${i > 0 ? '; ' : ''}<span style="color:${style.colour}">${shapeOf(style)}\u202F${style.hollow ? '\u2504' : '\u2500'}</span> ${style.name}`,
  )}`;
}

/** A character that looks like the mark of a style. */
export function shapeOf({ symbol, hollow }: ScatterStyle): string {
  return SHAPES[symbol][hollow ? 1 : 0];
}

/** Full and hollow. */
const SHAPES: Readonly<Record<ScatterStyle['symbol'], readonly [string, string]>> = {
  circle: ['\u25CF', '\u25CB'],
  square: ['\u25A0', '\u25A1'],
  triangle: ['\u25B2', '\u25B3'],
  diamond: ['\u25C6', '\u25C7'],
  star: ['\u2605', '\u2606'],
  wye: ['\u2144', '\u2144'],
  cross: ['\u271A', '\u271A'],
  hexagon: ['\u2B22', '\u2B21'],
};

function lines(fit: PredictorFit): Html {
  const slope = fit.scale === 'log' ? 'Exponent (\u2248)' : 'Slope (\u2248)';
  const intercept = fit.scale === 'log' ? 'Prefactor (\u2248)' : 'Intercept (\u2248)';
  const shown = (value: number) => significant(fit.scale === 'log' ? Math.exp(value) : value);
  const columns = [
    { title: 'Points' },
    { title: slope, numeric: true },
    { title: intercept, numeric: true },
    { title: 'R\u00B2', numeric: true },
    { title: 'Trials', numeric: true },
    { title: 'Did not memorize', numeric: true },
    { title: 'Remark' },
  ];
  const ours = fit.groups.map((group) => {
    const { line } = group;
    const remark = group.note ?? line?.slope.method ?? '';
    return row([
      html`<th scope="row">${group.name === '' ? 'all trials' : group.name}</th>`,
      line ? estimateCell(line.slope) : numberCell(MISSING),
      line
        ? fit.scale === 'log'
          ? estimateCell({
              ...line.intercept,
              value: Math.exp(line.intercept.value),
              interval: [Math.exp(line.intercept.interval[0]), Math.exp(line.intercept.interval[1])],
            })
          : estimateCell(line.intercept)
        : numberCell(MISSING),
      numberCell(line ? significant(line.rSquared) : MISSING),
      numberCell(count(group.points.length)),
      numberCell(count(group.leftOut)),
      textCell(remark),
    ]);
  });
  const theirs = fit.published.map((figure) =>
    row([
      html`<th scope="row">${figure.source}</th>`,
      numberCell(significant(figure.slope)),
      numberCell(shown(figure.intercept)),
      numberCell(significant(figure.rSquared)),
      numberCell(count(figure.points.length)),
      numberCell(MISSING),
      textCell('fitted here to the published points'),
    ]),
  );
  return table(`Lines of ${fit.title}`, columns, [...ours, ...theirs]);
}

/** Which predictor explains the same trials best. */
function rivals(fit: PredictorFit): Html {
  const compared = fit.groups.filter(({ rivals }) => rivals.length > 1);
  if (compared.length === 0) return NOTHING;
  const log = fit.scale === 'log';
  const rows = compared.flatMap((group) =>
    group.rivals.map((rival) =>
      row([
        textCell(group.name === '' ? 'all trials' : group.name),
        html`<th scope="row">${predictorText(rival.predictor)}</th>`,
        estimateCell(rival.slope),
        numberCell(significant(rival.rSquared)),
        numberCell(significant(rival.leaveOneOut)),
        ...(log
          ? [
              numberCell(
                rival.leaveOneOutAsClaimed === undefined ? MISSING : significant(rival.leaveOneOutAsClaimed),
              ),
            ]
          : []),
      ]),
    ),
  );
  const columns = [
    { title: 'Points' },
    { title: 'Predictor' },
    { title: log ? 'Exponent of the predictor (\u2248)' : 'Slope (\u2248)', numeric: true },
    { title: 'R\u00B2', numeric: true },
    { title: 'Left-out error, fitted', numeric: true },
    ...(log ? [{ title: 'Left-out error, exponent 1', numeric: true }] : []),
  ];
  const unit = log
    ? 'of the logarithm, so that 0.1 is about 10 per cent; a predictor that explains the quantity has the exponent 1'
    : 'in units of the quantity';
  return html`<p>Rival predictors on the same trials, best first: the left-out error is the root mean square error at each trial of the line through all the others, ${unit}.</p>
${table(`Predictors of ${fit.title}`, columns, rows)}`;
}

function bins(fit: PredictorFit): Html {
  const sets = [
    ...fit.groups.map((group) => ({ ...group, label: group.name === '' ? 'all trials' : group.name })),
    ...fit.published.map((figure) => ({ ...figure, label: figure.source })),
  ].filter((set) => set.bins.length > 0);
  if (sets.length === 0) return NOTHING;
  const rows = sets.flatMap((set) =>
    set.bins.map((bin) =>
      row([
        textCell(set.label),
        html`<th scope="row" class="number">${significant(bin.from)} to ${significant(bin.to)}</th>`,
        numberCell(count(bin.count)),
        numberCell(significant(bin.median)),
        numberCell(significant(bin.largest)),
      ]),
    ),
  );
  const columns = [
    { title: 'Points' },
    { title: predictorText(fit.predictor), numeric: true },
    { title: 'Runs', numeric: true },
    { title: 'Median', numeric: true },
    { title: 'Largest', numeric: true },
  ];
  const total = sets.reduce((sum, set) => sum + set.bins.length, 0);
  return details(`Medians per bin (${counted(total, 'bin')})`, table(`Bins of ${fit.title}`, columns, rows));
}
