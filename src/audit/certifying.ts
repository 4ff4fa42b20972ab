// Certificates of all correct rows in one norm, held against what the attacks have found.
import { join } from 'node:path';
import type { CertifiedRadius } from '../certificates/index.ts';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { nextDown } from '../numeric/index.ts';
import type { Moment } from './budget.ts';
import { type Certified, certifiedOf, NOT_CERTIFIED } from './certify.ts';
import type { Report } from './crew.ts';
import { offer } from './found.ts';
import { labelOf } from './images.ts';
import type { JudgedSearch } from './jobs.ts';
import type { Finding } from './result.ts';
import { chunks, gather, nameOfRows, rowOf } from './rows.ts';
import type { Campaign } from './stages.ts';

/** Rows of one job, of cheap certificates and of the others. */
const CHEAP_CHUNK = 64;
const CHUNK = 16;

/** The part of the time that cheap certificates may take; they seldom need it. */
const CHEAP_PART = 1 / 2;

/** A certificate beyond a found example by more than this fraction is no matter of rounding in float32. */
const ROUNDING = 1e-4;

export interface Certification {
  /** By position; NOT_CERTIFIED where nothing is proven. */
  readonly certified: readonly Certified[];
  readonly seconds: number;
  /** What is missing, and why. */
  readonly reason?: string;
  readonly findings: readonly Finding[];
}

/**
 * Certifies every row that the model gets right: all of them by means that take little time, then all by the others, so that
 * what a time limit leaves says something of every row. Counterexamples that proofs come upon are added to the examples.
 */
export async function certifyNorm(
  campaign: Campaign,
  radii: readonly number[],
  boundSeconds: number,
  end: Moment,
): Promise<Certification> {
  const { rows, norm } = campaign;
  const correct = rows.ids.map((_, i) => i).filter((i) => rows.correct[i]);
  const cheap = await certifyAllCheaply(campaign, correct, boundSeconds, end);
  const certified = new Array<Certified>(rows.ids.length).fill(NOT_CERTIFIED);
  cheap.proven.forEach((proven, position) => {
    certified[position] = certifiedOf(proven);
  });
  const findings = cheap.notes.length > 0 ? [limited(norm, cheap.notes)] : [];
  const missing = correct.length - cheap.proven.size;
  const of = `of ${correct.length} rows`;
  const without =
    missing > 0 ? [`certificates of ${missing} ${of} are missing: ${cheap.failure ?? LATE}`] : [];
  if (!cheap.more) {
    const { seconds } = cheap;
    return { certified, seconds, findings, ...(missing > 0 && { reason: without.join('; ') }) };
  }
  const dear = await certifyDearly(campaign, cheap.proven, radii, boundSeconds, end);
  dear.certified.forEach((one, position) => {
    certified[position] = one;
  });
  const seconds = cheap.seconds + dear.seconds;
  const less = [
    ...(dear.notBegun > 0 ? [`${dear.notBegun} have Lipschitz constants and interval bounds alone`] : []),
    ...(dear.cut > 0 ? [`${dear.cut} are not searched to the end`] : []),
  ].join(', ');
  const reasons = [
    ...without,
    ...(less ? [`certificates ${of} could be larger (${less}): ${dear.failure ?? LATE}`] : []),
  ];
  return { certified, seconds, findings, ...(reasons.length > 0 && { reason: reasons.join('; ') }) };
}

const LATE = 'the time for them was over';

/** What rows at some positions are given to a job as. */
function rowsFor({ rows }: Campaign, part: readonly number[]) {
  return {
    points: gather(rows.points, rows.features, part),
    labels: gather(rows.labels, rows.outputs, part),
  };
}

interface Cheap {
  /** By position. */
  readonly proven: ReadonlyMap<number, CertifiedRadius>;
  readonly more: boolean;
  readonly notes: readonly string[];
  readonly seconds: number;
  readonly failure: string | undefined;
}

async function certifyAllCheaply(
  campaign: Campaign,
  correct: readonly number[],
  boundSeconds: number,
  end: Moment,
): Promise<Cheap> {
  const { crew, rows, norm } = campaign;
  const proven = new Map<number, CertifiedRadius>();
  let failure: string | undefined;
  let notes: readonly string[] = [];
  let [seconds, more] = [0, false];
  const now = performance.now();
  const until = end === Number.POSITIVE_INFINITY ? end : now + CHEAP_PART * Math.max(0, end - now);
  const jobs = chunks(correct, CHEAP_CHUNK).map(async (part) => {
    const ids = part.map((position) => rows.ids[position]!);
    const given = () => ({ norm, ...rowsFor(campaign, part), rows: part.length, boundSeconds });
    const report = await crew.perform(
      `certify cheaply/${norm}/${nameOfRows(ids)}`,
      'certify cheaply',
      given,
      // What kills one process would kill the next.
      () => (failure === undefined ? until : 0),
    );
    if (report.status === 'failed') failure ??= report.reason;
    if (report.status !== 'late') seconds += report.seconds;
    if (report.status !== 'done') return;
    ({ more, notes } = report.result);
    report.result.proven.forEach((one, k) => {
      proven.set(part[k]!, one);
    });
  });
  await Promise.all(jobs);
  return { proven, more, notes, seconds, failure };
}

interface Dear {
  /** By position. */
  readonly certified: ReadonlyMap<number, Certified>;
  /** Rows whose search the time has ended, and rows without one. */
  readonly cut: number;
  readonly notBegun: number;
  readonly seconds: number;
  readonly failure: string | undefined;
}

/** A search and its part of the time of the job that it belonged to. */
interface Timed extends JudgedSearch {
  readonly seconds: number;
}

async function certifyDearly(
  campaign: Campaign,
  proven: Cheap['proven'],
  radii: readonly number[],
  boundSeconds: number,
  end: Moment,
): Promise<Dear> {
  const { crew, rows, task, norm, bounds, nearest, observe } = campaign;
  const positions = [...proven.keys()].sort((a, b) => a - b);
  const known = (position: number) => proven.get(position)!;
  const found = (position: number) => nearest[position]?.distance ?? Number.POSITIVE_INFINITY;
  const nameOf = (part: readonly number[]) =>
    `certify/${norm}/${nameOfRows([
      ...part.map((position) => rows.ids[position]!),
      ...radii,
      ...part.map(found),
      ...part.flatMap((position) => known(position).certificates.flatMap((one) => [one.method, one.radius])),
    ])}`;
  // A row that has been searched to the end is recorded by itself: those that time has cut are taken up without it.
  const keys = new Map(positions.map((position) => [position, `row ${nameOf([position])}`]));
  const searches = new Map<number, Timed>();
  for (const position of positions) {
    const before = crew.journal.get(keys.get(position)!) as Timed | undefined;
    if (before) searches.set(position, before);
  }
  const parts = chunks(
    positions.filter((position) => !searches.has(position)),
    CHUNK,
  );
  let failure: string | undefined;
  let [lost, done] = [0, 0];
  const jobs = parts.map(async (part, i) => {
    const given = () => ({
      norm,
      ...rowsFor(campaign, part),
      known: part.map(known),
      radii,
      found: part.map(found),
      boundSeconds,
    });
    // Each chunk has its share of the time that is left, times those that work beside it.
    const share = () => {
      if (failure !== undefined) return 0;
      const now = performance.now();
      const atOnce = Math.min(crew.workers, parts.length - i);
      return now + (Math.max(0, end - now) * atOnce) / (parts.length - i);
    };
    const report = await crew.perform(nameOf(part), 'certify', given, share);
    observe(++done, parts.length);
    if (report.status === 'failed') {
      failure ??= report.reason;
      lost += report.seconds;
    }
    if (report.status !== 'done') return;
    report.result.forEach((search, k) => {
      const timed: Timed = { ...search, seconds: report.seconds / part.length };
      if (search.ended === 'whole') crew.journal.put(keys.get(part[k]!)!, timed);
      searches.set(part[k]!, timed);
    });
  });
  await Promise.all(jobs);
  let seconds = lost;
  for (const position of positions) seconds += searches.get(position)?.seconds ?? 0;
  for (const [position, { counterexample, outputs }] of searches) {
    if (!counterexample || !outputs) continue;
    const threat = { norm, radius: Number.POSITIVE_INFINITY, bounds };
    offer(nearest, rows, task, [position], {
      attack: 'branch and bound',
      threat,
      changed: counterexample,
      outputs,
    });
  }
  const ended = [...searches.values()].map((search) => search.ended);
  const cut = ended.filter((one) => one === 'cut').length;
  const whole = ended.filter((one) => one === 'whole').length;
  const certified = new Map([...searches].map(([position, search]) => [position, search.certified]));
  return { certified, cut, notBegun: positions.length - cut - whole, seconds, failure };
}

/** Some means cannot take the model: what is proven is less than could be. */
function limited(norm: Norm, notes: readonly string[]): Finding {
  return {
    id: 'certificates-limited',
    severity: 'info',
    title: 'Not every kind of certificate can take this model',
    explanation:
      'What is proven of it comes from the others, and may be far less than what holds: the lower curve says little of the ' +
      `model. The reason: ${notes.join('; ')}.`,
    evidence: { norm },
  };
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
  const reason = report.status === 'failed' ? report.reason : LATE;
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
