// Certificates of all correct rows in one norm, by jobs that take turns.
import type { CertifiedRadius } from '../certificates/index.ts';
import type { Norm } from '../guarantee/index.ts';
import type { Moment } from './budget.ts';
import { type Certified, certifiedOf, NOT_CERTIFIED } from './certify.ts';
import { offer } from './found.ts';
import type { JudgedSearch } from './jobs.ts';
import type { Finding } from './result.ts';
import { chunks, gather, nameOfRows } from './rows.ts';
import type { Campaign } from './stages.ts';

/** Rows of one job, of cheap certificates and of the others. */
const CHEAP_CHUNK = 64;
const CHUNK = 16;

/** The part of the time that cheap certificates may take; they seldom need it. */
const CHEAP_PART = 1 / 2;

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
