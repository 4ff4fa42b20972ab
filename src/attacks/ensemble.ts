// The worst case over several attacks, point by point, on rows that none has broken yet: the protocol of AutoAttack (Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks", 2020). No attack is believed.
import { invalidArgument } from '../errors.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { apgdCe, apgdTargeted } from './apgd/apgd.ts';
import type { Attack, Samples } from './attack.ts';
import { fabTargeted } from './minimum-norm/fab.ts';
import { pickRows, rowOf } from './rows.ts';
import { type ImageShape, square } from './square/index.ts';
import { wrong } from './task.ts';
import { allows, distance, type Threat } from './threat.ts';
import type { Victim } from './victim.ts';

/**
 * AutoAttack, "standard": APGD-CE, APGD-T, FAB-T and Square with 5000 queries, without parameters to tune.
 *
 * @param image the layout of a point for Square, see there.
 */
export function standardEnsemble(image?: ImageShape): readonly Attack[] {
  return [apgdCe, apgdTargeted, fabTargeted, square(5000, image)];
}

/** A point that the threat model allows and the victim gets wrong, both checked on this array. */
export interface AdversarialExample {
  /** Of the row it was made from. */
  readonly id: number;
  /** Name of the attack that found it. */
  readonly attack: string;
  /** From that row, in the norm of the threat. */
  readonly distance: number;
  /** `[features]` */
  readonly point: Float32Array;
}

/** What one attack did with the rows that were robust before it: attacked + notAttacked of them. */
export interface AttackTally {
  readonly name: string;
  readonly access: Attack['access'];
  /** Rows it broke or was done with. */
  readonly attacked: number;
  readonly broken: number;
  /** Rows for which it returned something that the threat model does not allow: they count as attacked, not as broken. */
  readonly rejected: number;
  /** Rows it never came to, or could not finish: because of the stop or, where there is one, its failure. */
  readonly notAttacked: number;
  /** Why it gave no answer. */
  readonly failure?: string;
}

/** What an attack, or part of one, has added. */
export interface Attempt {
  readonly tally: AttackTally;
  readonly examples: readonly AdversarialExample[];
}

/**
 * What is known so far: plain data that goes through a channel or a file and is put together by record(). Rows that have no
 * example and that some attack did not come to are not known to withstand it.
 */
export interface WorstCase {
  /** One per attack, in the order of their first record. */
  readonly attacks: readonly AttackTally[];
  /** At most one per row. */
  readonly examples: readonly AdversarialExample[];
}

export const NOTHING_BROKEN: WorstCase = { attacks: [], examples: [] };

/** The samples that have no adversarial example yet, in their order. */
export function stillRobust(samples: Samples, { examples }: WorstCase): Samples {
  const broken = new Set(examples.map(({ id }) => id));
  return chosen(
    samples,
    samples.ids.flatMap((id, row) => (broken.has(id) ? [] : [row])),
  );
}

/** With an attempt added: tallies of the same attack are summed, and of two examples for a row the nearer one stays. */
export function record(known: WorstCase, { tally, examples }: Attempt): WorstCase {
  const before = known.attacks.find(({ name }) => name === tally.name);
  const nearest = new Map(known.examples.map((example) => [example.id, example]));
  for (const example of examples) {
    const other = nearest.get(example.id);
    if (!other || example.distance < other.distance) nearest.set(example.id, example);
  }
  return {
    attacks: before
      ? known.attacks.map((other) => (other === before ? summed(before, tally) : other))
      : [...known.attacks, tally],
    examples: [...nearest.values()],
  };
}

/**
 * One attack on samples that the victim gets right. Every point that comes back is copied and checked: it counts where
 * allows() holds and the victim is wrong. An attack that throws has failed, with its message; that is no error here.
 *
 * Where the stop was told, rows that were not broken count as not attacked, as nobody knows how far the attack came.
 *
 * @throws RobustlawError only where the victim cannot be evaluated at the points that came back.
 */
export async function attempt(
  attack: Attack,
  victim: Victim,
  samples: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
): Promise<Attempt> {
  const rows = samples.ids.length;
  if (rows === 0 || stop()) return { tally: untouched(attack, rows), examples: [] };
  let stopped = false;
  const told: Stop = () => (stopped ||= stop());
  let found: Float32Array;
  try {
    // The attack has its own copy: the check is against rows that it cannot write to.
    const copy = chosen(samples, [...samples.ids.keys()]);
    found = new Float32Array(await attack.run(victim, copy, threat, random.split(attack.name), told));
    if (found.length !== samples.points.length) {
      throw new Error(`it returned ${found.length} numbers for ${samples.points.length}`);
    }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { tally: { ...untouched(attack, rows), failure }, examples: [] };
  }
  const { examples, rejected } = await verified(attack.name, victim, samples, threat, found);
  const attacked = stopped ? examples.length : rows;
  return {
    tally: {
      ...untouched(attack, rows - attacked),
      attacked,
      broken: examples.length,
      rejected,
    },
    examples,
  };
}

/**
 * The worst case over attacks, in their order, on samples that the victim gets right; each sees only the rows that are
 * still robust, a few batches at a time. `observe` is told all that is known after each of these.
 *
 * Rows without an example withstood those attacks whose tally has notAttacked 0: an upper bound on robust accuracy, never
 * a proof. The random choices of a row depend on `random`, the name of the attack and the row's id.
 *
 * @throws RobustlawError `invalid-argument` for two attacks of one name or two rows of one id.
 */
export async function worstCase(
  attacks: readonly Attack[],
  victim: Victim,
  samples: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
  observe: (known: WorstCase) => void = () => {},
): Promise<WorstCase> {
  requireDistinct(
    'attacks',
    attacks.map(({ name }) => name),
  );
  requireDistinct('ids', samples.ids);
  const rowsAtOnce = BATCHES_AT_ONCE * victim.batch;
  let known = NOTHING_BROKEN;
  for (const attack of attacks) {
    const robust = stillRobust(samples, known);
    known = record(known, { tally: untouched(attack, 0), examples: [] });
    let failed = false;
    for (let from = 0; from < robust.ids.length; from += rowsAtOnce) {
      const rows = Array.from({ length: Math.min(rowsAtOnce, robust.ids.length - from) }, (_, i) => from + i);
      const added: Attempt = failed
        ? { tally: untouched(attack, rows.length), examples: [] }
        : await attempt(attack, victim, chosen(robust, rows), threat, random, stop);
      failed ||= added.tally.failure !== undefined;
      known = record(known, added);
      observe(known);
    }
  }
  return known;
}

/** Rows that an attack gets at once: full executions to the end of most rows, and an answer now and then. */
const BATCHES_AT_ONCE = 2;

const untouched = ({ name, access }: Attack, rows: number): AttackTally => ({
  name,
  access,
  attacked: 0,
  broken: 0,
  rejected: 0,
  notAttacked: rows,
});

function summed(a: AttackTally, b: AttackTally): AttackTally {
  const failure = a.failure ?? b.failure;
  return {
    ...a,
    attacked: a.attacked + b.attacked,
    broken: a.broken + b.broken,
    rejected: a.rejected + b.rejected,
    notAttacked: a.notAttacked + b.notAttacked,
    ...(failure === undefined ? {} : { failure }),
  };
}

/** The rows of `found` that are allowed and wrong. */
async function verified(
  attack: string,
  victim: Victim,
  { points, labels, ids }: Samples,
  threat: Threat,
  found: Float32Array,
): Promise<{ examples: AdversarialExample[]; rejected: number }> {
  const { features, outputs, task } = victim;
  const at = (i: number) => [rowOf(points, i, features), rowOf(found, i, features)] as const;
  const allowed = [...ids.keys()].filter((i) => allows(threat, ...at(i)));
  if (allowed.length === 0) return { examples: [], rejected: ids.length };
  const scores = await victim.scores(pickRows(found, allowed, features));
  const isWrong = wrong(task, scores, pickRows(labels, allowed, outputs), outputs);
  const examples = allowed
    .filter((_, k) => isWrong[k])
    .map((i) => ({
      id: ids[i]!,
      attack,
      distance: distance(threat.norm, ...at(i)),
      point: at(i)[1].slice(),
    }));
  return { examples, rejected: ids.length - allowed.length };
}

function chosen({ points, labels, ids }: Samples, rows: readonly number[]): Samples {
  const count = Math.max(1, ids.length);
  return {
    points: pickRows(points, rows, points.length / count),
    labels: pickRows(labels, rows, labels.length / count),
    ids: rows.map((row) => ids[row]!),
  };
}

function requireDistinct(what: string, names: readonly (string | number)[]): void {
  const seen = new Set<string | number>();
  for (const name of names) {
    if (seen.has(name)) throw invalidArgument(what, `${name} occurs twice`, `${what} that differ`);
    seen.add(name);
  }
}
