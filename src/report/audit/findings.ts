// What deserves attention: requirements met or not, critical findings on top, and all findings with their evidence.
import type { AuditResult, Finding } from '../../audit/index.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { count, counted, significant } from '../number.ts';
import { section } from '../sections/common.ts';
import { NORMS } from '../words.ts';

const SEVERITIES = ['critical', 'warning', 'info'] as const;
const NAMES: Readonly<Record<Finding['severity'], string>> = {
  critical: '\u2717 critical',
  warning: '! warning',
  info: 'i note',
};

/** The gate and the critical findings, right below the verdict. */
export function firstThings(result: AuditResult): Html {
  return html`${requirements(result)}${critical(result)}${failures(result)}`;
}

/** Every finding, worst first. */
export function findings(result: AuditResult): Html {
  const { findings: all } = result;
  const sorted = SEVERITIES.flatMap((severity) => all.filter((finding) => finding.severity === severity));
  const content =
    sorted.length === 0
      ? html`<p class="absent">None${unmeasured(result, 'failed').length + unmeasured(result, 'partial').length > 0 ? ' among what could be measured' : ': no check of model, data or attacks found anything unusual'}.</p>\n`
      : html`${sorted.map((finding) => described(finding, true))}`;
  return section('findings', 'Findings', content);
}

function requirements({ requirements: all }: AuditResult): Html {
  if (all.length === 0) return NOTHING;
  const met = all.filter((requirement) => requirement.met).length;
  const items = all.map(
    ({ text, measured, met: holds }) =>
      html`<li class="${holds ? 'holds' : 'violated'}"><strong>${holds ? '\u2713 met' : '\u2717 not met'}</strong> <code>${text}</code> <span>measured: ${measured}</span></li>\n`,
  );
  return section('requirements', 'Requirements', [
    html`<p>${met === all.length ? `All of ${counted(all.length, 'requirement')} met.` : `${count(all.length - met)} of ${counted(all.length, 'requirement')} not met.`}</p>
<ul class="checks">
${items}</ul>
`,
  ]);
}

function critical({ findings: all }: AuditResult): Html {
  const worst = all.filter(({ severity }) => severity === 'critical');
  if (worst.length === 0) return NOTHING;
  return section(
    'critical',
    worst.length === 1 ? 'One critical finding' : `${count(worst.length)} critical findings`,
    html`${worst.map((finding) => described(finding, false))}`,
  );
}

/** Measurements that say nothing or not all, so that nobody takes their absence for good news. */
function failures(result: AuditResult): Html {
  const [failed, partial] = [unmeasured(result, 'failed'), unmeasured(result, 'partial')];
  return html`${failed.length > 0 ? html`<p class="notice" role="note">Failed, so nothing is known about it: ${failed.join(', ')}.</p>\n` : NOTHING}${partial.length > 0 ? html`<p class="notice" role="note">Incomplete: ${partial.join(', ')}. What is missing is said where the numbers stand.</p>\n` : NOTHING}`;
}

/** The measurements that ended so, by name. */
function unmeasured(result: AuditResult, status: 'failed' | 'partial'): readonly string[] {
  const all = [
    ['accuracy', result.accuracy.status],
    ...result.robustness.map(({ norm, result: one }) => [`robust accuracy in ${NORMS[norm]}`, one.status]),
    ['Lipschitz constants', result.lipschitz.status],
    ['memorization', result.memorization.status],
    ['the law', result.law.status],
  ] as const;
  return all.flatMap(([name, is]) => (is === status ? [name!] : []));
}

function described({ id, severity, title, explanation, evidence }: Finding, full: boolean): Html {
  const entries = Object.entries(evidence).map(
    ([name, value]) => html`<li>${name}: ${typeof value === 'string' ? value : evidenceNumber(value)}</li>`,
  );
  const rest = full
    ? html`${entries.length > 0 ? html`<ul class="evidence">${entries}</ul>` : NOTHING}<small><code>${id}</code></small>`
    : NOTHING;
  return html`<article class="finding ${severity}">
<h3><span class="severity">${NAMES[severity]}</span> ${title}</h3>
<p>${explanation}</p>
${rest}</article>
`;
}

function evidenceNumber(value: number): string {
  return Number.isInteger(value) ? count(value) : significant(value, 'nearest', 4);
}
