// The words of an audit for who meets them first.
import { type Html, html } from '../html.ts';
import { section } from '../sections/common.ts';

export function glossary(): Html {
  return section(
    'glossary',
    'Words',
    html`<dl class="legend">
<dt>adversarial example</dt><dd>An input that differs little from one the model gets right, and that it gets wrong. Each counted here is stored and was checked again: its distance, its range, the wrong answer.</dd>
<dt>robust accuracy at radius r</dt><dd>The share of points that the model gets right whatever change of size at most r an adversary makes. Points wrong without any change count as not robust.</dd>
<dt>attacked, \u2264</dt><dd>From above: the truth is no more than this, as examples were found for the rest. That attacks found nothing for a point proves nothing about it. The last digit shown is rounded up.</dd>
<dt>certified, \u2265</dt><dd>From below: a proof, with all rounding accounted for, that nothing within the radius changes the answer. The last digit shown is rounded down.</dd>
<dt>witnessed</dt><dd>Two inputs attain at least this much; they can be checked again.</dd>
<dt>\u2248 estimate</dt><dd>A statistic. Its interval covers the truth with the stated probability if the assumptions of its method hold; it proves nothing.</dd>
<dt>\u2113\u221E, \u2113\u2082, \u2113\u2081</dt><dd>Sizes of a change: the largest change of any input; the Euclidean length; the sum of all changes. All in the units of the data.</dd>
<dt>standard ensemble</dt><dd>Four attacks of different kinds, each on the points that those before it left (Croce and Hein 2020: APGD-CE, targeted APGD-DLR, targeted FAB, Square). A point counts as robust when none of them breaks it.</dd>
<dt>Lipschitz constant</dt><dd>The most that the output changes per unit of change at the input. Small means that small changes do little.</dd>
<dt>noise level</dt><dd>The loss that remains for the best predictor as labels are partly chance. A model below it has learned the noise of its data by heart.</dd>
</dl>
`,
  );
}
