// What would be proven at this size: theorems with their hypotheses, never mixed with the scaling law or the pilot.
import type { PlanResult } from '../../plan/index.ts';
import { type Html, html } from '../html.ts';
import { significant } from '../number.ts';
import { section } from '../sections/common.ts';

export function proven(result: PlanResult): Html {
  const parts = result.proven.map(
    ({ theorem, parameters, formula, lights }) => html`<h3>${theorem}</h3>
<p><strong>${parameters > 0 ? `\u2265\u202F${significant(parameters, 'down')}` : '0'}</strong>: ${parameters > 0 ? 'no class of fewer parameters has such a fit' : `nothing is proven; the formula alone would give ${significant(formula, 'down')}`}.</p>
<ul class="checks">
${lights.map(({ name, statement, holds, assumed }) => html`<li class="${holds ? (assumed ? 'assumed' : 'holds') : 'violated'}"><strong>${holds ? (assumed ? '\u25CB assumed' : '\u2713 holds') : '\u2717 fails'}</strong> ${name}: ${statement}</li>\n`)}</ul>
`,
  );
  return section(
    'proven',
    'What is proven',
    html`<p>Lower bounds on the size of any class of models that has such a fit, whatever the training. A number counts only where every hypothesis holds.</p>
${parts}`,
  );
}
