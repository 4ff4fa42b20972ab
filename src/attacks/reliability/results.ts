// What the results of attacks betray about the attacks: they could not see the model, they missed what was there, or more of them would find more.
import type { ApgdTrace } from '../apgd/trace.ts';
import type { Samples } from '../attack.ts';
import type { AttackTally } from '../ensemble.ts';
import { pickRows, rowOf } from '../rows.ts';
import { argmax, type Task, wrong } from '../task.ts';
import { allows, type Threat } from '../threat.ts';
import type { Finding } from './finding.ts';

/** Of all points, the share that a black-box attack may add before it is worth a word (as in AutoAttack). */
const ADDED = 0.002;
/** The share from which on the white-box attacks were of little use. */
const MUCH_ADDED = 0.05;

/** What is asked of a tally: see AttackTally. */
export type Answered = Pick<AttackTally, 'name' | 'access' | 'broken' | 'notAttacked' | 'failure'>;

/**
 * Attacks without gradients broke points that an attack with gradients, done with them before, had left.
 *
 * @param attacks in the order in which they were run, each on what the ones before had left.
 * @param rows all points that were attacked.
 */
export function blackBoxBeatsWhiteBox(attacks: readonly Answered[], rows: number): Finding | undefined {
  const done = ({ access, failure, notAttacked }: Answered) =>
    access === 'white-box' && failure === undefined && notAttacked === 0;
  const last = attacks.findLastIndex(done);
  if (last < 0) return undefined;
  const later = attacks.slice(last + 1).filter(({ access, broken }) => access === 'black-box' && broken > 0);
  const total = (some: readonly Answered[]) => some.reduce((sum, { broken }) => sum + broken, 0);
  const added = total(later);
  if (!(added > ADDED * rows)) return undefined;
  return {
    id: 'black-box-beats-white-box',
    severity: added >= MUCH_ADDED * rows ? 'critical' : 'warning',
    title: `${later.map(({ name }) => name).join(', ')} broke ${added} points that attacks with gradients had left`,
    explanation:
      'An attack that sees the gradients should not do worse than one that sees scores only. The gradients are misleading (masking), and the points that are still robust may only be so for want of a better attack: try more queries and restarts, or an attack made for this model.',
    evidence: {
      rows,
      brokenByWhiteBox: total(attacks.filter(({ access }) => access === 'white-box')),
      addedByBlackBox: added,
    },
  };
}

/** Attacks that gave no answer. */
export function attackFailed(attacks: readonly Answered[]): Finding | undefined {
  const failed = attacks.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return undefined;
  const blind = failed.some(({ access }) => access === 'white-box');
  const names = failed.map(({ name }) => name).join(', ');
  return {
    id: 'attack-failed',
    severity: 'warning',
    title: `${names} could not attack the model`,
    explanation: `The reason: ${failed[0]!.failure}. ${blind ? 'Without all attacks that use gradients, robust accuracy is likely to be overestimated.' : 'The other attacks were run.'}`,
    evidence: Object.fromEntries(failed.map(({ name, failure }) => [name, failure!])),
  };
}

/** Relative to the loss at the start; rounding stays below. */
const RISE = 1e-4;

/**
 * The mean loss of APGD is no higher at the end than at its random start, although points are left that are not wrong: its
 * last quarter is compared with its first entry.
 */
export function lossNotRising(loss: string, { losses, robust }: ApgdTrace): Finding | undefined {
  const steps = losses.length - 1;
  if (steps < 4 || !(robust.at(-1)! > 0)) return undefined;
  const tail = losses.slice(-Math.ceil(steps / 4));
  const [start, end] = [losses[0]!, tail.reduce((sum, v) => sum + v, 0) / tail.length];
  if (end - start > RISE * Math.abs(start)) return undefined;
  return {
    id: 'loss-not-rising',
    severity: 'critical',
    title: `The loss of the attack (${loss}) does not rise in ${steps} steps`,
    explanation: `It is ${start.toPrecision(4)} at a random point of the ball and ${end.toPrecision(4)} in the end. Gradients that do not lead uphill are no basis for a robust accuracy: look for rounding, saturated activations or randomness in the model.`,
    evidence: { steps, start, end, robustAtStart: robust[0]!, robustAtEnd: robust.at(-1)! },
  };
}

/** The share of the points that the last restart may still break. */
const LATE = 0.01;

/**
 * Restarts of an attack from other random points keep breaking points that all before had left.
 *
 * @param added points that each restart broke first, in their order.
 * @param rows all points that were attacked.
 */
export function restartsKeepFinding(added: readonly number[], rows: number): Finding | undefined {
  const late = added.slice(Math.ceil(added.length / 2));
  if (added.length < 4 || !late.every((count) => count > LATE * rows)) return undefined;
  return {
    id: 'restarts-keep-finding',
    severity: 'warning',
    title: `After ${added.length} restarts each still breaks new points`,
    explanation:
      'Where an attack ends depends on where it starts: the loss is rugged, and more restarts would break more. The robust accuracy is an overestimate; run more restarts, or an attack with smoothed gradients.',
    evidence: { rows, restarts: added.length, added: added.join(', ') },
  };
}

/** The share of the attacked points from which on the attacks are of little use, rather than not perfect. */
const MANY = 0.1;

/**
 * Points count as robust although another point of the data, within the threat model, is known to be wrong for them: a
 * larger radius reaches more of these, and one that spans the inputs leaves none unless the model is constant. So this is
 * the test that robust accuracy falls to zero as the radius grows, and it proves at any radius that the attacks missed
 * something.
 *
 * @param robust samples that no attack broke, of so many `attacked`.
 * @param points `[n, features]` any points, and their scores `[n, outputs]`.
 *
 * Cost: a pass over `points` per robust sample, less where a near one is found early.
 */
export function accuracyNotFalling(
  task: Task,
  threat: Threat,
  { points: robust, labels, ids }: Samples,
  attacked: number,
  points: Float32Array,
  scores: Float32Array,
): Finding | undefined {
  if (ids.length === 0) return undefined;
  const features = robust.length / ids.length;
  const outputs = labels.length / ids.length;
  const count = points.length / features;
  const classes = Array.from({ length: count }, (_, j) => argmax(rowOf(scores, j, outputs)));
  const isWrong = (label: Float32Array, j: number) =>
    task.kind === 'classification'
      ? label[classes[j]!] !== 1
      : wrong(task, rowOf(scores, j, outputs), label, outputs)[0]!;
  const missed = ids.filter((_, i) => {
    const x = rowOf(robust, i, features);
    const label = pickRows(labels, [i], outputs);
    for (let j = 0; j < count; j++)
      if (isWrong(label, j) && allows(threat, x, rowOf(points, j, features))) return true;
    return false;
  }).length;
  if (missed === 0) return undefined;
  return {
    id: 'accuracy-not-falling',
    severity: missed > MANY * attacked ? 'critical' : 'warning',
    title: `At the radius ${threat.radius} (${threat.norm}) the attacks left ${missed} points that other data prove breakable`,
    explanation:
      'Within the radius of these points lies another point of the data that the model classifies otherwise, so an adversarial example exists and no attack found it. At a radius that spans the inputs, any model that is not constant must lose every point. So the attacks do not work well on this model, at smaller radii neither.',
    evidence: { radius: threat.radius, attacked, robust: ids.length, provablyMissed: missed },
  };
}
