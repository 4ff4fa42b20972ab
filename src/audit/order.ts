// Certificates held against examples: none may reach one.
import { join } from 'node:path';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { nextDown } from '../numeric/index.ts';
import type { Certified } from './certify.ts';
import type { Report } from './crew.ts';
import { labelOf } from './images.ts';
import type { Finding } from './result.ts';
import { gather, nameOfRows, rowOf } from './rows.ts';
import type { Campaign } from './stages.ts';

/** A certificate beyond a found example by more than this fraction is no matter of rounding in float32. */
const ROUNDING = 1e-4;

/**
 * No certificate may reach an example. One that does although the model is right there in exact arithmetic was met by the
 * rounding of float32, in which the model runs: the certificate ends before that example, and a finding says so.
 *
 * @throws RobustlawError `internal` where the model is wrong within a certified radius, with what reproduces it in a file.
 */
export async function requireOrder(
  { crew, rows, task, norm, nearest }: Campaign,
  certified: readonly Certified[],
  folder: string,
): Promise<{ readonly certified: readonly Certified[]; readonly findings: readonly Finding[] }> {
  const crossed = certified
    .map((_, position) => position)
    .filter((position) => certified[position]!.radius >= (nearest[position]?.distance ?? Infinity));
  if (crossed.length === 0) return { certified, findings: [] };
  const examples = crossed.map((position) => nearest[position]!);
  const points = new Float32Array(crossed.length * rows.features);
  examples.forEach(({ point }, i) => {
    points.set(point, i * rows.features);
  });
  const given = () => ({ norm, points, labels: gather(rows.labels, rows.outputs, crossed) });
  const key = `judge/${norm}/${nameOfRows([...crossed, ...points])}`;
  const report = await crew.perform(key, 'judge', given, () => Number.POSITIVE_INFINITY);
  const verdicts = report.status === 'done' ? report.result : undefined;
  const kept = [...certified];
  crossed.forEach((position, i) => {
    const [{ radius, method }, { distance }] = [certified[position]!, examples[i]!];
    const verdict = verdicts?.[i];
    if (verdict === 'wrong' || (verdict === 'unknown' && distance < radius * (1 - ROUNDING))) {
      throw violation(folder, {
        norm,
        row: rows.ids[position]!,
        label: labelOf(task, rowOf(rows.labels, rows.outputs, position)),
        certificate: { method, radius },
        example: { attack: examples[i]!.attack, distance, verdict },
        original: Array.from(rowOf(rows.points, rows.features, position)),
        adversarial: Array.from(examples[i]!.point),
      });
    }
    kept[position] = { radius: Math.max(0, nextDown(distance)), method };
  });
  if (report.status !== 'done')
    return { certified: kept, findings: [unjudged(norm, crossed.length, report)] };
  return {
    certified: kept,
    findings: [
      {
        id: 'rounding-within-certificate',
        severity: 'info',
        title: 'Rounding in float32 makes the model wrong where exact arithmetic would not',
        explanation:
          'These rows have an adversarial example within the radius that is proven for the model in exact arithmetic: ' +
          'scores tie there as far as float32 can tell. Their certificates are cut back to the example.',
        evidence: { norm, rows: crossed.length, row: rows.ids[crossed[0]!]! },
      },
    ],
  };
}

/** Certificates reach examples, and nobody could look whether that is the rounding of float32 or a defect. */
function unjudged(norm: Norm, rows: number, report: Exclude<Report<'judge'>, { status: 'done' }>): Finding {
  const reason = report.status === 'failed' ? report.reason : 'the time for it was over';
  return {
    id: 'certificates-unjudged',
    severity: 'warning',
    title: 'Certificates that reach adversarial examples could not be judged',
    explanation:
      'Either the rounding of float32 makes the model wrong there, or a certificate is a defect of robustlaw. The ' +
      `certificates are cut back to the examples. The reason: ${reason}.`,
    evidence: { norm, rows, reason },
  };
}

interface Violation {
  readonly norm: string;
  readonly row: number;
  readonly certificate: { readonly method: string; readonly radius: number };
  readonly example: { readonly attack: string; readonly distance: number; readonly verdict: string };
  readonly [more: string]: unknown;
}

function violation(folder: string, found: Violation): RobustlawError {
  const file = join(folder, `violation-${found.norm}-${found.row}.json`);
  writeWhole(file, `${JSON.stringify(found, null, 1)}\n`);
  const { certificate, example } = found;
  return new RobustlawError(
    'internal',
    `row ${found.row}: ${certificate.method} certifies the ${found.norm} radius ${certificate.radius}, but ${example.attack} found an example at distance ${example.distance}; please report it with ${file}, which holds both points`,
  );
}
