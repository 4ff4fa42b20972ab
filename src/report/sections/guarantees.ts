// What each kind of number promises, and how the numbers of this study were obtained.
import type { StudyResult } from '../../study/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, percent } from '../number.ts';
import { boundConfidence, doneOutcomes } from '../outcomes.ts';
import { domainText, KINDS, NORMS } from '../words.ts';
import { numberCell, row, section, table, textCell } from './common.ts';

export function guarantees(result: StudyResult): Html {
  return section('guarantees', 'What each number guarantees', [
    html`<dl class="legend">
<dt>= exact</dt><dd>Known in closed form; the truth differs from the number by rounding only, and <code>results.csv</code> holds an interval that encloses it.</dd>
<dt>\u2264 certified</dt><dd>No two inputs in the stated domain change the output faster; rounding is accounted for, and the last digit shown is rounded up.</dd>
<dt>\u2265 witnessed</dt><dd>Two inputs, or a point and a direction, attain at least this much and can be checked again; the last digit shown is rounded down.</dd>
<dt>\u2248 estimate</dt><dd>A statistic. Its interval covers the truth with the stated probability if the assumptions of its method hold; it proves nothing.</dd>
<dt>certified lower bound of the class</dt><dd>${confidence(result)} over the draw of the data, no function of the class fits the noise with a smaller constant, provided every hypothesis holds. 0 means that the theorem says nothing here.</dd>
<dt>McShane optimum</dt><dd>max\u202F|y\u1D62\u202F\u2212\u202Fy\u2C7C|\u202F/\u202F|x\u1D62\u202F\u2212\u202Fx\u2C7C|, exact for the data at hand: any function through them has at least this constant, and one has exactly this.</dd>
<dt>\u221A(nd/P)</dt><dd>The scaling of the law without constants or logarithms. It is a direction, not a bound.</dd>
</dl>
`,
    methods(result),
  ]);
}

function confidence(result: StudyResult): string {
  const least = boundConfidence(result);
  return least === undefined
    ? 'With the probability 1\u202F\u2212\u202F\u03B4 of the theorem'
    : `With probability at least ${percent(least)} for each trial`;
}

/** Every way in which a constant of this study was obtained. */
function methods(result: StudyResult): Html {
  const claims = doneOutcomes(result).flatMap(({ result: { lipschitz } }) => [
    lipschitz.upper,
    ...(lipschitz.lower ? [lipschitz.lower] : []),
  ]);
  if (claims.length === 0) return NOTHING;
  const rows = Array.from(
    Map.groupBy(claims, (claim) =>
      JSON.stringify([claim.kind, claim.method, claim.norm, domainText(claim.domain), claim.arithmetic]),
    ).values(),
    (group) => {
      const claim = group[0]!;
      return row([
        textCell(KINDS[claim.kind]),
        textCell(claim.method),
        textCell(NORMS[claim.norm]),
        textCell(domainText(claim.domain)),
        textCell(claim.arithmetic),
        numberCell(count(group.length)),
      ]);
    },
  );
  const columns = [
    { title: 'Kind' },
    { title: 'Method' },
    { title: 'Norm' },
    { title: 'Domain' },
    { title: 'Arithmetic' },
    { title: 'Trials', numeric: true },
  ];
  return html`<h3>How the Lipschitz constants were obtained</h3>
${table('Methods of the Lipschitz constants', columns, rows)}`;
}
