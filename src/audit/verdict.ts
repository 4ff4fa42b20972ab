// The outcome of an audit in plain sentences, most important first.

import type { Measurement } from '../guarantee/index.ts';
import { atLeast, atMost, counted, percentOf, short } from '../words/index.ts';
import { decidingLoss } from './memorization.ts';
import { type AuditResult, type Ensemble, type Robustness, WHOLE_SPACE } from './result.ts';

/** What a verdict is a function of: the audit before it. */
export type Judged = Omit<AuditResult, 'verdict'>;

/**
 * What someone has to know who reads nothing else: findings that put the numbers in doubt, requirements that are not met, how
 * accurate the model is, what attacks leave of that and what is proven, what it memorizes, where it stands against the law, and
 * what was not measured. A number from an attack that did not finish is told as what was broken, never as what held.
 */
export function verdictSentences(result: Judged): string[] {
  return [
    ...findings(result, 'critical'),
    ...requirements(result),
    ...accuracy(result),
    ...result.robustness.flatMap(({ norm, result: one }) => robustness(norm, one, result)),
    ...lipschitz(result),
    ...memorization(result),
    ...('value' in result.law ? [result.law.value.sentence] : []),
    ...findings(result, 'warning'),
    ...unmeasured(result),
  ];
}

function findings({ findings: all }: Judged, severity: 'critical' | 'warning'): string[] {
  return all
    .filter((finding) => finding.severity === severity)
    .map(({ title, explanation }) => {
      const opening = severity === 'critical' ? 'Do not rely on these numbers: ' : 'Note: ';
      return `${opening}${withoutStop(title)}. ${withoutStop(explanation)}.`;
    });
}

function requirements({ requirements: all }: Judged): string[] {
  const missed = all.filter(({ met }) => !met);
  if (all.length === 0) return [];
  if (missed.length === 0)
    return [all.length === 1 ? 'The requirement is met.' : `All ${all.length} requirements are met.`];
  // What was measured opens with a number, or with why there is none; the rest stands beside the requirement.
  const list = missed.map(({ text, measured }) => `${text} (${measured.split(/ \(|[:;] /)[0]})`).join('; ');
  return [
    `${missed.length} of ${counted(all.length, 'requirement')} ${missed.length === 1 ? 'is' : 'are'} not met: ${list}.`,
  ];
}

function accuracy({ accuracy: measured, model }: Judged): string[] {
  if (!('value' in measured)) return [];
  const { all, meanSquaredError } = measured.value;
  if (all.points === 0) return [];
  const error = meanSquaredError === null ? '' : `; its mean squared error is ${short(meanSquaredError)}`;
  const hit =
    model.task.kind === 'classification'
      ? 'right'
      : `within ${short(model.task.tolerance)} of the wanted outputs`;
  return [
    `The model is ${hit} on ${percentOf(all.correct, all.points)} of ${counted(all.points, 'point')}${error}.`,
  ];
}

/**
 * The radius that says most: where attacks come nearest to halving the accuracy. Further in little happens, further out nothing
 * is left. The smaller of two such radii.
 */
export function mainEnsemble({ ensembles }: Robustness): Ensemble | undefined {
  const distance = ({ robust, correct }: Ensemble) => Math.abs(robust - correct / 2);
  return ensembles
    .toSorted((a, b) => a.radius - b.radius)
    .reduce<Ensemble | undefined>(
      (best, one) => (best && distance(best) <= distance(one) ? best : one),
      undefined,
    );
}

function robustness(norm: string, measured: Measurement<Robustness>, result: Judged): string[] {
  if (!('value' in measured)) return [];
  const { value } = measured;
  const rows = value.points.length;
  const main = mainEnsemble(value);
  const sentences: string[] = [];
  if (main && rows > 0) {
    const within = `within ${norm} distance ${short(main.radius)}`;
    const proven = `${percentOf(main.certified, rows)} are proven`;
    const of = `of ${counted(rows, 'point')}`;
    if (complete(main)) {
      sentences.push(
        main.correct === 0
          ? `None ${of} is right to begin with, so that attacks had nothing to break.`
          : `At most ${percentOf(main.robust, rows)} ${of} stay right against changes ${within}: that many withstood all attacks, and ${proven}.`,
      );
    } else {
      const broken = main.correct - main.robust;
      const failed = main.stages.filter(({ status }) => status === 'failed').map(({ attack }) => attack);
      const stopped = main.stages.some(({ status }) => status === 'stopped');
      const cause =
        failed.length > 0
          ? `${failed.join(', ')} failed`
          : stopped
            ? 'time ran out'
            : 'examples could not be checked again';
      const untouched = main.notAttacked > 0 ? ` on ${counted(main.notAttacked, 'point')}` : '';
      sentences.push(
        `The attacks ${within} are not complete${untouched}, as ${cause}: they broke ${broken} of ${main.correct} right points so far, ` +
          `which says nothing of the others; ${proven}.`,
      );
    }
  }
  const stability = result.stability.find((one) => one.norm === value.norm);
  if (stability && measured.status === 'done' && stability.median[1] !== null) {
    const [certified, found] = stability.median;
    sentences.push(
      `Half of the right points can be broken by a change of ${norm} length ${atMost(found!)} or less; half are proven to ${atLeast(certified)}.`,
    );
  }
  return sentences;
}

/** Whether every attack ran on every point that was left to it. */
function complete({ stages, notAttacked }: Ensemble): boolean {
  return (
    notAttacked === 0 &&
    stages.length > 0 &&
    stages.every((one) => one.status === 'done' && one.notAttacked === 0)
  );
}

function lipschitz({ lipschitz: measured }: Judged): string[] {
  if (!('value' in measured)) return [];
  const chosen = measured.value.find(({ norm, domain }) => norm === 'l2' && domain === WHOLE_SPACE);
  if (!chosen || (!chosen.lower && !chosen.upper)) return [];
  const { lower, upper } = chosen;
  const range =
    lower && upper
      ? `between ${atLeast(lower.value)} and ${atMost(upper.value)}`
      : upper
        ? `at most ${atMost(upper.value)}`
        : `at least ${atLeast(lower!.value)}; no upper bound is certified`;
  return [`Its l2 Lipschitz constant is ${range}.`];
}

function memorization({ memorization: measured }: Judged): string[] {
  if (!('value' in measured)) return [];
  const { perfect, points, flipped, fitsBelowNoise, data, suspicious } = measured.value;
  const labels =
    perfect.correct === points
      ? `It reproduces all ${counted(points, 'label')} of ${data}`
      : `It reproduces ${percentOf(perfect.correct, points)} of ${counted(points, 'label')} of ${data}`;
  const deciding = decidingLoss(measured.value);
  const against =
    deciding && fitsBelowNoise === 'yes'
      ? `fits them below ${deciding.level} (${deciding.loss.replace(' of ', ' ')}): it memorizes noise`
      : deciding && fitsBelowNoise === 'no'
        ? `does not fit them below ${deciding.level} (${deciding.loss.replace(' of ', ' ')}): it does not memorize noise`
        : deciding
          ? `its ${deciding.loss} lies within the uncertainty of ${deciding.level}: whether it memorizes noise is undecided`
          : 'the noise level is not known: whether it memorizes noise is undecided';
  const wrong = flipped
    ? [
        `Of ${counted(flipped.rows, 'label')} known to be wrong it reproduces ${flipped.memorized}; by mistake alone it would reproduce ` +
          `${percentOf(flipped.chance, 1)} of them.`,
      ]
    : [];
  const list =
    suspicious.length > 0
      ? [
          `${counted(suspicious.length, 'label')} ${suspicious.length === 1 ? 'looks' : 'look'} wrong; first row ${suspicious[0]!.row}.`,
        ]
      : [];
  return [`${labels}, and ${against}.`, ...wrong, ...list];
}

function unmeasured(result: Judged): string[] {
  const parts: readonly (readonly [string, Measurement<unknown>])[] = [
    ['The accuracy', result.accuracy],
    ...result.robustness.map(({ norm, result: one }) => [`Robustness in ${norm}`, one] as const),
    ['The Lipschitz constant', result.lipschitz],
    ['Memorization', result.memorization],
    ['The standing against the law', result.law],
  ];
  const short = parts.flatMap(([name, { status, ...rest }]) =>
    status === 'done' || !('reason' in rest) ? [] : [{ name, status, reason: withoutStop(rest.reason) }],
  );
  // What several lack for the same reason is one sentence.
  const same = Map.groupBy(short, ({ status, reason }) => `${status} ${reason}`);
  return Array.from(same.values(), (members) => {
    const [{ status, reason }] = members as [(typeof members)[number]];
    return shortcoming(
      members.map(({ name }) => name),
      status,
      reason,
    );
  });
}

function shortcoming(
  names: readonly string[],
  status: 'failed' | 'partial' | 'skipped',
  reason: string,
): string {
  const [first, ...others] = names.map((name, i) =>
    i === 0 ? name : name[0]!.toLowerCase() + name.slice(1),
  );
  const last = others.pop();
  const subject = last === undefined ? first! : `${[first, ...others].join(', ')} and ${last}`;
  const [are, were] = last === undefined ? ['is', 'was'] : ['are', 'were'];
  switch (status) {
    case 'failed':
      return `${subject} ${were} not measured: ${last === undefined ? 'it' : 'they'} failed (${reason}).`;
    case 'partial':
      return `${subject} ${are} measured in part only (${reason}).`;
    case 'skipped':
      return `${subject} ${were} not measured (${reason}).`;
  }
}

function withoutStop(text: string): string {
  return text.trim().replace(/\.+$/, '');
}
