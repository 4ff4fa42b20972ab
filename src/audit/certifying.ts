// Certificates of all correct rows in one norm, held against what the attacks have found.
import { join } from 'node:path';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import { nextDown } from '../numeric/index.ts';
import type { Moment } from './budget.ts';
import { offer } from './found.ts';
import { labelOf } from './images.ts';
import type { Finding } from './result.ts';
import { type Certified, NOT_CERTIFIED } from './robustness.ts';
import { chunks, gather, nameOfRows, rowOf } from './rows.ts';
import type { Campaign } from './stages.ts';

/** Rows of one job. */
const CHUNK = 16;

/** A certificate beyond a found example by more than this fraction is no matter of rounding in float32. */
const ROUNDING = 1e-4;

export interface Certification {
  /** By position; NOT_CERTIFIED where nothing is proven. */
  readonly certified: readonly Certified[];
  readonly seconds: number;
  /** What is missing, and why. */
  readonly reason?: string;
}

/** Certifies every row that the model gets right. Counterexamples that proofs come upon are added to the examples. */
export async function certifyNorm(
  { crew, rows, task, norm, bounds, nearest, observe }: Campaign,
  radii: readonly number[],
  boundSeconds: number,
  end: Moment,
): Promise<Certification> {
  const correct = rows.ids.map((_, i) => i).filter((i) => rows.correct[i]);
  const certified = new Array<Certified>(rows.ids.length).fill(NOT_CERTIFIED);
  const parts = chunks(correct, CHUNK);
  let failure: string | undefined;
  let [missing, seconds, done] = [0, 0, 0];
  const jobs = parts.map(async (part, i) => {
    const found = part.map((position) => nearest[position]?.distance ?? Number.POSITIVE_INFINITY);
    const given = () => ({
      norm,
      points: gather(rows.points, rows.features, part),
      labels: gather(rows.labels, rows.outputs, part),
      radii,
      found,
      boundSeconds,
    });
    const ids = part.map((position) => rows.ids[position]!);
    const key = `certify/${norm}/${nameOfRows([...ids, ...radii, ...found])}`;
    // Each chunk has its share of the time that is left, times those that work beside it.
    const share = () => {
      if (failure !== undefined) return 0;
      const now = performance.now();
      const atOnce = Math.min(crew.workers, parts.length - i);
      return now + (Math.max(0, end - now) * atOnce) / (parts.length - i);
    };
    const report = await crew.perform(key, 'certify', given, share);
    observe(++done, parts.length);
    if (report.status === 'failed') failure ??= report.reason;
    if (report.status !== 'late') seconds += report.seconds;
    const answers = report.status === 'done' ? report.result.certified : [];
    missing += part.length - answers.length;
    answers.forEach((answer, k) => {
      certified[part[k]!] = answer;
    });
    if (report.status !== 'done') return;
    const { indices, changed, outputs } = report.result.refuted;
    const threat = { norm, radius: Number.POSITIVE_INFINITY, bounds };
    const positions = indices.map((k) => part[k]!);
    offer(nearest, rows, task, positions, { attack: 'branch and bound', threat, changed, outputs });
  });
  await Promise.all(jobs);
  const why = failure ?? 'the time for them was over';
  const reason = `certificates of ${missing} of ${correct.length} rows are missing: ${why}`;
  return { certified, seconds, ...(missing > 0 && { reason }) };
}

/**
 * No certificate may reach an example. One that does although the model is right there in exact arithmetic was met by the
 * rounding of float32, in which the model runs: the certificate ends before that example, and a finding says so.
 *
 * @throws RobustlawError `internal` where the model is wrong within a certified radius, with what reproduces it in a file.
 */
export async function requireOrder(
  { crew, rows, task, norm, nearest }: Campaign,
  certified: readonly Certified[],
  boundSeconds: number,
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
  const given = () => ({ norm, points, labels: gather(rows.labels, rows.outputs, crossed), boundSeconds });
  const key = `judge/${norm}/${nameOfRows([...crossed, ...points])}`;
  const report = await crew.perform(key, 'judge', given, () => Number.POSITIVE_INFINITY);
  if (report.status !== 'done')
    throw new RobustlawError(
      'internal',
      `examples within certified radii could not be judged: ${JSON.stringify(report)}`,
    );
  const kept = [...certified];
  crossed.forEach((position, i) => {
    const [{ radius, method }, { distance }] = [certified[position]!, examples[i]!];
    const verdict = report.result[i]!;
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
