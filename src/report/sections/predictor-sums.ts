// A measured quantity against several predictors at once: measured against fitted, and the coefficients with their intervals.
import type { Estimate } from '../../guarantee/index.ts';
import type { FittedSum, PredictorFit } from '../../study/index.ts';
import { groupText, predictorText, quantityText, sumScatter, sumText } from '../charts/fit-scatter.ts';
import { type Html, html } from '../html.ts';
import { count, MISSING, significant } from '../number.ts';
import { estimateCell, numberCell, row, table, textCell } from './common.ts';
import { scatterFigure } from './scatter-figure.ts';

/** One part for each sum that the fit asks for. */
export function sumsOf(fit: PredictorFit, id: string): readonly Html[] {
  const asked = fit.groups.find(({ sums }) => sums)?.sums ?? [];
  return asked.map(({ predictors }, index) => {
    const log = fit.scale === 'log';
    const form = log ? 'a product of powers of' : 'a sum of multiples of';
    const figure = scatterFigure(sumScatter(fit, index), `${id}-sum-${index + 1}`);
    return html`<p>${quantityText(fit)} as ${form} ${sumText(predictors)}, fitted to the same trials: what was measured against what the fit says. On the line both agree.</p>
${figure ?? ''}${coefficients(fit, predictors, index)}`;
  });
}

function coefficients(fit: PredictorFit, predictors: readonly string[], index: number): Html {
  const log = fit.scale === 'log';
  const columns = [
    { title: 'Points' },
    { title: `${log ? 'Prefactor' : 'Intercept'} (\u2248)`, numeric: true },
    ...predictors.map((predictor) => ({
      title: `${log ? 'Exponent' : 'Coefficient'} of ${predictorText(predictor)} (\u2248)`,
      numeric: true,
    })),
    { title: 'R\u00B2', numeric: true },
    { title: 'R\u00B2, adjusted', numeric: true },
    { title: 'Trials', numeric: true },
    { title: 'Remark' },
  ];
  const rows = fit.groups.flatMap(({ name, sums }) => {
    const sum = sums?.[index];
    return sum ? [row([html`<th scope="row">${groupText(name)}</th>`, ...cells(fit, sum)])] : [];
  });
  return table(`${sumText(predictors)} in ${fit.title}`, columns, rows);
}

function cells(fit: PredictorFit, { predictors, points, fit: found, note }: FittedSum): readonly Html[] {
  const missing = numberCell(MISSING);
  return [
    found ? interceptCell(fit, found.intercept) : missing,
    ...predictors.map((_, j) => (found ? estimateCell(found.coefficients[j]!) : missing)),
    found ? numberCell(significant(found.rSquared)) : missing,
    found ? numberCell(significant(found.adjustedRSquared)) : missing,
    numberCell(count(points.length)),
    textCell(note ?? found?.intercept.method ?? ''),
  ];
}

/** An intercept; of logarithms the prefactor that it is the logarithm of. */
export function interceptCell({ scale }: PredictorFit, intercept: Estimate): Html {
  const { value, interval } = intercept;
  if (scale === 'linear') return estimateCell(intercept);
  return estimateCell({
    ...intercept,
    value: Math.exp(value),
    interval: [Math.exp(interval[0]), Math.exp(interval[1])],
  });
}
