// How to get the same numbers again, and where the ideas come from.
import { parse } from 'yaml';
import type { StudyResult } from '../../study/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count } from '../number.ts';
import { details, section } from './common.ts';

export function reproduction(result: StudyResult): Html {
  const seed = seedOf(result.specification);
  const versions = Object.entries(result.versions).map(
    ([name, version]) => html`<li>${name} ${version}</li>`,
  );
  return section('reproduction', 'Reproduce', [
    html`<p>Every number above follows from the study file and its seed; the run directory holds the file as <code>study.yaml</code>.</p>
<pre><code>robustlaw study run study.yaml</code></pre>
<dl class="facts">
<dt>Study</dt><dd>${result.name}</dd>
<dt>Specification</dt><dd><code>${result.hash}</code>, the first digits of the SHA-256 of the resolved specification</dd>
${seed === undefined ? NOTHING : html`<dt>Seed</dt><dd>${seed}; replicates 0, 1, \u2026 are split from it by name</dd>`}
<dt>Versions</dt><dd><ul class="versions">${versions}</ul></dd>
<dt>Data</dt><dd><code>results.csv</code> and <code>results.parquet</code>: every trial, in full precision</dd>
</dl>
`,
    details('The study file, resolved', html`<pre><code>${result.specification}</code></pre>\n`),
  ]);
}

export function sources(): Html {
  return section(
    'sources',
    'Sources',
    html`<ul>
<li>S\u00E9bastien Bubeck, Mark Sellke: <cite>A Universal Law of Robustness via Isoperimetry.</cite> NeurIPS 2021. <a href="https://arxiv.org/abs/2105.12806">arXiv 2105.12806</a></li>
<li>S\u00E9bastien Bubeck, Yuanzhi Li, Dheeraj Nagaraj: <cite>A law of robustness for two-layers neural networks.</cite> COLT 2021. <a href="https://arxiv.org/abs/2009.14444">arXiv 2009.14444</a></li>
</ul>
`,
  );
}

/** The seed of the study file; undefined where the text is not the YAML it should be. */
function seedOf(specification: string): string | undefined {
  try {
    const seed: unknown = parse(specification)?.seed;
    if (typeof seed === 'string') return seed;
    return typeof seed === 'number' && Number.isFinite(seed)
      ? count(seed).replaceAll('\u202F', '')
      : undefined;
  } catch {
    return undefined;
  }
}
