// APGD, projected gradient ascent that chooses its step sizes itself: Croce and Hein (2020) for linf and l2, "Mind the box" (2021) for l1.
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import type { Attack, Samples } from '../attack.ts';
import { crossEntropy, dlr, suited, targetedDlr } from '../losses.ts';
import { project } from '../projection.ts';
import { pickRows, rowOf } from '../rows.ts';
import { randomStarts, requireFiniteRadius } from '../steps.ts';
import type { LabelRows } from '../task.ts';
import type { Threat } from '../threat.ts';
import type { Loss, Victim } from '../victim.ts';
import { type Climbers, climb, type Slope } from './climb.ts';
import { climbWithMomentum } from './momentum.ts';
import { withSparseSteps } from './sparse.ts';

const ITERATIONS = 100;

/**
 * APGD on the cross-entropy with 100 iterations and, as in AutoAttack, 1 random start, in l1 5 of them. In regression the
 * loss is the largest error of an output.
 */
export const apgdCe: Attack = apgd('APGD-CE', crossEntropy, ITERATIONS, restarts);

/** APGD on the DLR loss, otherwise like APGD-CE. With two classes, which have no DLR, the loss is the margin. */
export const apgdDlr: Attack = apgd('APGD-DLR', dlr, ITERATIONS, restarts);

/**
 * APGD-T: APGD on the targeted DLR loss with 100 iterations for each target in turn: the wrong classes that are likeliest at
 * the point, 9 of them as in AutoAttack (in l1 5), or all if the model has fewer. With two or three classes, which have no
 * targeted DLR, the loss is the score of the target minus that of the label. In regression there are no targets: the
 * points are returned as they are.
 */
export const apgdTargeted: Attack = {
  name: 'APGD-T',
  access: 'white-box',
  async run(victim, samples, threat, random, stop) {
    requireFiniteRadius('APGD-T', threat);
    if (victim.task.kind === 'regression') return samples.points.slice();
    const { points, labels } = samples;
    const scores = await victim.scores(points);
    const likely = Math.min(threat.norm === 'l1' ? 5 : 9, victim.outputs - 1);
    const ranked = wrongClasses(scores, labels, victim.outputs);
    return inRounds(
      victim,
      targetedDlr,
      samples,
      threat,
      random,
      stop,
      ITERATIONS,
      likely,
      (place, round) => {
        return ranked[place]![round]!;
      },
    );
  },
};

/**
 * APGD on any loss without targets, with as many random starts as `restarts` says for the threat model. A row is done with
 * its first harmful change, so that the cost falls as rows break; the others have climbed to the largest loss found.
 *
 * Cost: at most restarts * (iterations + 1) gradients per row.
 */
export function apgd(
  name: string,
  loss: Loss,
  iterations: number,
  restarts: (threat: Threat) => number,
): Attack {
  return {
    name,
    access: 'white-box',
    run(victim, samples, threat, random, stop) {
      requireFiniteRadius(name, threat);
      return inRounds(victim, loss, samples, threat, random, stop, iterations, restarts(threat));
    },
  };
}

function restarts({ norm }: Threat): number {
  return norm === 'l1' ? 5 : 1;
}

/** The classes of every row that are not its label, likeliest first. */
function wrongClasses(scores: Float32Array, labels: LabelRows, outputs: number): number[][] {
  return Array.from({ length: labels.length / outputs }, (_, i) => {
    const row = rowOf(scores, i, outputs);
    const classes = Array.from(row.keys()).filter((k) => labels[i * outputs + k] !== 1);
    return classes.sort((a, b) => row[b]! - row[a]!);
  });
}

/** One climb after the other, from new starts, of the rows that are still right. */
async function inRounds(
  victim: Victim,
  wanted: Loss,
  { points, labels, ids }: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
  iterations: number,
  rounds: number,
  target?: (place: number, round: number) => number,
): Promise<Float32Array> {
  const { features, outputs } = victim;
  const loss = suited(wanted, victim);
  const reached = points.slice();
  let places = ids.map((_, i) => i);
  for (let round = 0; round < rounds && places.length > 0 && !stop(); round++) {
    const right: number[] = [];
    for (const group of grouped(places, features)) {
      const own = pickRows(labels, group, outputs);
      const targets = target ? new Float32Array(own.length) : own;
      if (target)
        group.forEach((place, i) => {
          targets[i * outputs + target(place, round)] = 1;
        });
      const keys = group.map((place) => random.split(ids[place]!).split(round));
      const at = pickRows(points, group, features);
      const slope = { victim, loss, threat, iterations, untilWrong: true };
      const climbed = await fromRandomStarts(slope, { points: at, labels: own, targets }, keys, stop);
      group.forEach((place, i) => {
        if (!climbed.broken[i]) right.push(place);
        if (climbed.broken[i] || round === 0)
          rowOf(reached, place, features).set(rowOf(climbed.reached, i, features));
      });
    }
    places = right;
  }
  return reached;
}

/** In l1 the radius shrinks from 3 times to twice to once the wanted one, with 30, 30 and 40 % of the iterations. */
async function fromRandomStarts(
  slope: Slope,
  climbers: Omit<Climbers, 'starts'>,
  keys: readonly Rng[],
  stop: Stop,
): ReturnType<typeof climb> {
  const { threat, victim, iterations } = slope;
  const { features } = victim;
  if (threat.norm !== 'l1') {
    const starts = randomStarts(threat, climbers.points, keys, features);
    return climbWithMomentum(slope, { ...climbers, starts }, stop);
  }
  const part = Math.ceil(0.3 * iterations);
  let starts = randomStarts({ ...threat, radius: 3 * threat.radius }, climbers.points, keys, features);
  for (const times of [3, 2]) {
    const wider = { ...threat, radius: times * threat.radius };
    project(wider, climbers.points, starts, features);
    const wide = { ...slope, threat: wider, iterations: part, untilWrong: false };
    starts = (await climb(wide, { ...climbers, starts }, withSparseSteps, stop)).reached;
  }
  project(threat, climbers.points, starts, features);
  const rest = { ...slope, iterations: Math.max(0, iterations - 2 * part) };
  return climb(rest, { ...climbers, starts }, withSparseSteps, stop);
}

/** Most bytes of the arrays of one climb; rows beyond that are attacked one group after the other. */
const MOST_BYTES = 2 ** 29;

function grouped(places: readonly number[], features: number): number[][] {
  // Some twelve arrays of float32.
  const size = Math.max(1, Math.floor(MOST_BYTES / (48 * features)));
  const count = Math.ceil(places.length / size);
  return Array.from({ length: count }, (_, i) => places.slice(i * size, (i + 1) * size));
}
