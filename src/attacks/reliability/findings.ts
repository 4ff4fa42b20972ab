// All that can be said against a measured robustness: before the attacks from model and data, and after them from their results.
import { RobustlawError } from '../../errors.ts';
import { type InputBounds, type Model, singleSample } from '../../graph/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { apgd } from '../apgd/apgd.ts';
import { apgdTrace } from '../apgd/trace.ts';
import type { Attack, Samples } from '../attack.ts';
import { NOTHING_BROKEN, record, stillRobust, type WorstCase, worstCase } from '../ensemble.ts';
import { dlr, margin, suited } from '../losses.ts';
import { pickRows } from '../rows.ts';
import type { ImageShape } from '../square/index.ts';
import { argmax, type LabelRows } from '../task.ts';
import { createThreat, distance, type Threat } from '../threat.ts';
import type { Victim } from '../victim.ts';
import type { Finding } from './finding.ts';
import { countGradients, vanishingGradients, zeroGradients } from './gradients.ts';
import { inputRange, normalisation } from './inputs.ts';
import { labelsShifted, tooFewClasses } from './labels.ts';
import { constantOutput, nanOutput, softmaxOutput } from './outputs.ts';
import { randomisedOutput } from './randomised.ts';
import {
  accuracyNotFalling,
  attackFailed,
  blackBoxBeatsWhiteBox,
  lossNotRising,
  restartsKeepFinding,
} from './results.ts';

/**
 * What model and data betray before any attack, critical things first.
 *
 * @param points `[rows, features]` of the data, right or wrong; some hundreds of all classes are enough.
 * @param image the layout of a point, where it is known.
 *
 * Cost: some 15 scores and two gradients per point. Without a derivative nothing is said of gradients.
 */
export async function modelFindings(
  model: Model,
  victim: Victim,
  points: Float32Array,
  labels: LabelRows,
  bounds: InputBounds,
  image?: ImageShape,
): Promise<readonly Finding[]> {
  const { outputs, task, features } = victim;
  const one = singleSample(model);
  const scores = await victim.scores(points);
  const found = [
    nanOutput(scores, outputs),
    constantOutput(scores, outputs),
    softmaxOutput(one, victim, scores),
    inputRange(points, bounds),
  ];
  const random = await randomisedOutput(victim, points);
  found.push(random);
  if (task.kind === 'classification') {
    const classes = (rows: Float32Array) =>
      Array.from({ length: points.length / features }, (_, i) =>
        argmax(rows.subarray(i * outputs, (i + 1) * outputs)),
      );
    const renamed = labelsShifted(classes(scores), classes(labels), outputs);
    const scaled = await normalisation(victim, points, labels, image);
    found.push(tooFewClasses(outputs), better(renamed, scaled));
  }
  if (!found.some((finding) => finding && EXPLAINED.has(finding.id))) {
    const counts = await gradientsOf(victim, points, labels, bounds);
    if (counts) found.push(zeroGradients(counts, one), vanishingGradients(counts));
  }
  return sorted(found);
}

/** Two explanations of one low accuracy: the one that leads to the higher one. */
function better(a: Finding | undefined, b: Finding | undefined): Finding | undefined {
  if (!a || !b) return a ?? b;
  return Number(a.evidence.accuracyThen) >= Number(b.evidence.accuracyThen) ? a : b;
}

/** Findings after which gradients say nothing new: at points that the model does not know they may well vanish. */
const EXPLAINED = new Set(['nan-output', 'constant-output', 'normalisation']);

async function gradientsOf(...given: Parameters<typeof countGradients>) {
  try {
    return await countGradients(...given);
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'unsupported-op') return undefined;
    throw error;
  }
}

/** Rows on which attacks are put to the test; they are spread over all. */
const ROWS = 64;
const STEPS = 40;
const RESTARTS = 5;

/**
 * What the results of `attacks` on `samples`, which the victim gets right, betray, and what more runs of attacks on some of
 * them do: APGD on the margin step by step and from more random points, and `attacks` at a radius that spans all of the
 * inputs.
 *
 * Cost: at most 64 rows (1 + 5) * 41 gradients, and `attacks` on 64 rows at a radius where they should end at once. Ends
 * early, with what is known, once `stop` says so.
 */
export async function attackFindings(
  attacks: readonly Attack[],
  known: WorstCase,
  victim: Victim,
  samples: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
): Promise<readonly Finding[]> {
  const rows = samples.ids.length;
  const found = [blackBoxBeatsWhiteBox(known.attacks, rows), attackFailed(known.attacks)];
  const some = spread(samples, ROWS);
  if (some.ids.length > 0 && !stop())
    found.push(...(await withGradients(victim, some, threat, random, stop)));
  if (some.ids.length > 0 && !stop()) {
    const wide = spanning(threat, samples.points, victim.features);
    const reached = await worstCase(attacks, victim, some, wide, random.split('wide'), stop);
    const finished = reached.attacks.every(({ notAttacked, failure }) => notAttacked === 0 || failure);
    if (finished) {
      const left = stillRobust(some, reached);
      const scores = await victim.scores(samples.points);
      const { task } = victim;
      found.push(accuracyNotFalling(task, wide, left, some.ids.length, samples.points, scores));
    }
  }
  return sorted(found);
}

/** Nothing where there is no derivative: attackFailed() has said so. */
async function withGradients(
  victim: Victim,
  some: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
): Promise<(Finding | undefined)[]> {
  const { name } = suited(margin, victim);
  try {
    const trace = await apgdTrace(victim, margin, STEPS, some, threat, random.split('trace'), stop);
    const rising = stop() ? undefined : lossNotRising(name, trace);
    return [rising, await restarted(victim, some, threat, random.split('restarts'), stop)];
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'unsupported-op') return [];
    throw error;
  }
}

/** Restarts of APGD, each on the rows that the ones before have left. */
async function restarted(
  victim: Victim,
  some: Samples,
  threat: Threat,
  random: Rng,
  stop: Stop,
): Promise<Finding | undefined> {
  const once = apgd('APGD', dlr, STEPS, () => 1);
  let known = NOTHING_BROKEN;
  const added: number[] = [];
  for (let round = 0; round < RESTARTS; round++) {
    const left = stillRobust(some, known);
    const reached = await worstCase([once], victim, left, threat, random.split(round), stop);
    if (stop()) return undefined;
    added.push(reached.examples.length);
    for (const tally of reached.attacks) known = record(known, { tally, examples: reached.examples });
  }
  return restartsKeepFinding(added, some.ids.length);
}

/** The threat whose ball around any of the points holds all of them, and all of the bounds where these are finite. */
function spanning(threat: Threat, points: Float32Array, features: number): Threat {
  const [low, high] = threat.bounds;
  const corners = [low, high].map((end, side) => {
    const corner = new Float64Array(features).fill(end);
    if (high - low < Infinity) return corner;
    corner.set(points.subarray(0, features));
    points.forEach((v, at) => {
      const j = at % features;
      corner[j] = side === 0 ? Math.min(corner[j]!, v) : Math.max(corner[j]!, v);
    });
    return corner;
  });
  const radius = distance(threat.norm, corners[0]!, corners[1]!);
  return createThreat(threat.norm, radius > 0 ? radius : threat.radius, threat.bounds);
}

/** So many of the samples, evenly spread, or all. */
function spread({ points, labels, ids }: Samples, most: number): Samples {
  const count = Math.min(most, ids.length);
  const rows = Array.from({ length: count }, (_, i) => Math.floor((i * ids.length) / count));
  return {
    points: pickRows(points, rows, points.length / Math.max(1, ids.length)),
    labels: pickRows(labels, rows, labels.length / Math.max(1, ids.length)),
    ids: rows.map((row) => ids[row]!),
  };
}

const ORDER = ['critical', 'warning', 'info'];

function sorted(found: readonly (Finding | undefined)[]): Finding[] {
  const said = found.filter((finding) => finding !== undefined);
  return said.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
