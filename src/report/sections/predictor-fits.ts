// Measured quantities against the predictors of theorems: scatter, lines with intervals, rival predictors, medians per bin.
import type { Estimate } from '../../guarantee/index.ts';
import type { FittedGroup, PredictorFit, RivalPredictor, StudyResult } from '../../study/index.ts';
import { fitScatter, groupText, predictorText, quantityText, sumText } from '../charts/fit-scatter.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, MISSING, significant } from '../number.ts';
import { details, estimateCell, numberCell, row, section, table, textCell } from './common.ts';
import { interceptCell, sumsOf } from './predictor-sums.ts';
import { scatterFigure } from './scatter-figure.ts';

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
  return html`<h3>${fit.title}</h3>
<p>${quantityText(fit)} against ${predictorText(fit.predictor)}${fit.scale === 'log' ? ', both on logarithmic axes' : ''}.</p>
${scatterFigure(fitScatter(fit), id) ?? html`<p>No trial has both the quantity and the predictor.</p>\n`}${lines(fit)}${sumsOf(fit, id)}${rivals(fit)}${bins(fit)}`;
}

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
      html`<th scope="row">${groupText(group.name)}</th>`,
      line ? estimateCell(line.slope) : numberCell(MISSING),
      line ? interceptCell(fit, line.intercept) : numberCell(MISSING),
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

/** Which predictor, or which sum of them, explains the same trials best. */
function rivals(fit: PredictorFit): Html {
  const compared = fit.groups.filter((group) => explanations(group).length > 1);
  if (compared.length === 0) return NOTHING;
  const log = fit.scale === 'log';
  const rows = compared.flatMap((group) =>
    explanations(group).map((one) =>
      row([
        textCell(groupText(group.name)),
        html`<th scope="row">${one.name}</th>`,
        one.slope ? estimateCell(one.slope) : numberCell(MISSING),
        numberCell(significant(one.rSquared)),
        numberCell(significant(one.leaveOneOut)),
        numberCell(significant(one.leaveOneDrawOut)),
        ...(log
          ? [
              numberCell(
                one.leaveOneOutAsClaimed === undefined ? MISSING : significant(one.leaveOneOutAsClaimed),
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
    { title: 'Left-out error, whole draws', numeric: true },
    ...(log ? [{ title: 'Left-out error, exponent 1', numeric: true }] : []),
  ];
  const unit = log
    ? 'of the logarithm, so that 0.1 is about 10 per cent; a predictor that explains the quantity has the exponent 1'
    : 'in units of the quantity';
  const more = compared.some(({ sums }) => sums?.some((sum) => sum.fit))
    ? ' R\u00B2 never falls when a predictor is added; the left-out errors do not favour the larger fit.'
    : '';
  return html`<p>Rival predictors on the same trials, best first: the left-out error is the root mean square error at each trial of the line through all the others, ${unit}. For whole draws, all trials on the same points are left out together.${more}</p>
${table(`Predictors of ${fit.title}`, columns, rows)}`;
}

interface Explanation extends Omit<RivalPredictor, 'slope' | 'predictor'> {
  readonly name: string;
  readonly slope?: Estimate;
}

/** The predictors and the sums of a group, best first. */
function explanations({ rivals, sums }: FittedGroup): readonly Explanation[] {
  const alone = rivals.map((rival) => ({ ...rival, name: predictorText(rival.predictor) }));
  const together = (sums ?? []).flatMap(({ predictors, fit }) =>
    fit ? [{ ...fit, name: sumText(predictors) }] : [],
  );
  return [...alone, ...together].toSorted((a, b) => a.leaveOneOut - b.leaveOneOut);
}

function bins(fit: PredictorFit): Html {
  const sets = [
    ...fit.groups.map((group) => ({ ...group, label: groupText(group.name) })),
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
