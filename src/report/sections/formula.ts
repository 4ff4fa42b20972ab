// The law as a formula, in MathML: no fonts, no scripts.
import katex from 'katex';
import { type Html, html, trusted } from '../html.ts';
import { section } from './common.ts';

const CONDITION = String.raw`\frac1n\sum_{i=1}^{n}\bigl(f(x_i)-y_i\bigr)^2\;\le\;\sigma^2-\varepsilon`;

// The root of a line of text, not of a fraction: without a mathematical font browsers do not stretch roots.
const CONCLUSION = String.raw`\operatorname{Lip}(f)\;\ge\;\widetilde{\Omega}\bigl(\sqrt{nd/P}\,\bigr)`;

export function theLaw(): Html {
  return section(
    'law',
    'The law',
    html`<div class="formula"><span>${math(CONDITION, true)}</span><span>${math(String.raw`\Longrightarrow`, true)}</span><span>${math(CONCLUSION, true)}</span></div>
<p>For every function ${math('f')} of a class with ${math('P')} parameters, fixed before the data are seen: if it fits ${math('n')} noisy points in dimension ${math('d')} better than the noise level ${math(String.raw`\sigma^2`)}, its Lipschitz constant ${math(String.raw`\operatorname{Lip}(f)=\sup_{x\ne z}\,|f(x)-f(z)|\,/\,|x-z|`)} is at least of that order. The inputs have to be truly high-dimensional (isoperimetric, or a mixture of such parts), and ${math(String.raw`\widetilde{\Omega}`)} hides constants and logarithms. Memorizing alone takes ${math(String.raw`P\approx n`)}; memorizing robustly takes ${math(String.raw`P\approx nd`)}.</p>
`,
  );
}

/** TeX to MathML; the TeX is ours, never a user's. */
function math(tex: string, displayMode = false): Html {
  return trusted(katex.renderToString(tex, { output: 'mathml', displayMode, throwOnError: true }));
}
