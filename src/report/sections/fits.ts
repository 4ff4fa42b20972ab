// Fitted exponents and prefactors, as estimates with intervals.
import type { StudyResult } from '../../study/index.ts';
import { type Html, html } from '../html.ts';
import { count, significant } from '../number.ts';
import { type Column, estimateCell, numberCell, row, section, table, textCell } from './common.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Data' },
  { title: 'Family' },
  { title: html`exponent b of<br>Lip = a\u202FP\u1D47 (\u2248)`, numeric: true },
  { title: html`prefactor c of<br>Lip = c\u202F\u221A(nd/P) (\u2248)`, numeric: true },
  { title: 'R\u00B2', numeric: true },
  { title: 'Trials', numeric: true },
  { title: 'Range' },
  { title: 'Method' },
];

export function fits(result: StudyResult): Html {
  const all = result.analysis.fits;
  if (all.length === 0) {
    return section(
      'fits',
      'Fits',
      html`<p>No exponent was fitted: a fit needs one family at several sizes.</p>\n`,
    );
  }
  const rows = all.map((fit) =>
    row([
      textCell(fit.data),
      html`<th scope="row">${fit.family}</th>`,
      estimateCell(fit.exponent),
      estimateCell(fit.prefactor),
      numberCell(significant(fit.rSquared)),
      numberCell(count(fit.trials)),
      textCell(fit.range),
      textCell(
        fit.exponent.method === fit.prefactor.method
          ? fit.exponent.method
          : `${fit.exponent.method}; ${fit.prefactor.method}`,
      ),
    ]),
  );
  return section(
    'fits',
    'Fits',
    html`<p>The law\u2019s exponent is \u22120.5. Exponent and prefactor are fitted apart: the prefactor with the exponent of the law held fixed.</p>
${table('Fitted exponents and prefactors', COLUMNS, rows)}`,
  );
}
