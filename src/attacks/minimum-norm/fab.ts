// FAB and targeted FAB: the fast adaptive boundary attack of Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack" (2020), algorithm 1.

import type { Stop } from '../../stop.ts';
import type { Attack } from '../attack.ts';
import { pickRows, rowOf } from '../rows.ts';
import { bisectFromSamples } from './bisect.ts';
import {
  boundaryCount,
  type Linearised,
  likeliestBoundaries,
  linearise,
  nearestBoundary,
  showsAWay,
} from './boundaries.ts';
import { stepOntoHyperplane } from './hyperplane.ts';
import {
  indicesWhere,
  labelsOf,
  nothingFound,
  offer,
  type Search,
  unfinished,
  withinRadius,
} from './nearest.ts';

const ITERATIONS = 100;
/** Boundaries that the targeted attack aims at, as in AutoAttack. */
const TARGETS = 9;
/** alpha_max: the most that a step is drawn towards the sample. */
const MOST_BIAS = 0.1;
/** eta: how far a step goes, 1 being just the hyperplane. */
const EXTRAPOLATION = 1.05;
/** beta: where the search goes on between the sample and a harmful point. */
const BACKWARD = 0.9;
/** Halvings between the sample and the nearest point found, at the end. */
const HALVINGS = 10;

/**
 * FAB-T: FAB towards the 9 likeliest other classes one after another (all, where there are fewer; in regression towards the
 * boundaries of the tolerance), 100 iterations each. With a finite radius a row is done once a harmful point lies within it,
 * and returns to its sample when none does; with an infinite one the nearest of all is returned. Deterministic.
 *
 * The paper's final search, three secant steps towards the sample, is a bisection of 10 halvings here.
 *
 * Cost per row: at most 900 gradients and 910 scores, of those up to 100 gradients per class.
 */
export const fabTargeted: Attack = {
  name: 'FAB-T',
  access: 'white-box',
  async run(victim, samples, threat, _random, stop) {
    const search: Search = { victim, samples, threat, nearest: nothingFound(samples) };
    const targets = likeliestBoundaries(victim, await victim.scores(samples.points), samples.labels, TARGETS);
    for (let rank = 0; rank < Math.min(TARGETS, boundaryCount(victim)) && !stop(); rank++) {
      const rows = unfinished(search);
      const starts = pickRows(samples.points, rows, victim.features);
      await fastAdaptiveBoundary(
        search,
        rows,
        starts,
        towards(
          search,
          targets.map((t) => t[rank]!),
        ),
        ITERATIONS,
        stop,
      );
    }
    await bisectFromSamples(search, unfinished(search), HALVINGS, stop);
    return withinRadius(search);
  },
};

/**
 * FAB: each of 100 iterations goes to the nearest of all linearised boundaries. Otherwise as FAB-T.
 *
 * Cost per row: at most 100 gradients per boundary, of which there are classes - 1 (2 per output in regression).
 */
export const fab: Attack = {
  name: 'FAB',
  access: 'white-box',
  async run(victim, samples, threat, _random, stop) {
    const search: Search = { victim, samples, threat, nearest: nothingFound(samples) };
    const rows = unfinished(search);
    const all = Int32Array.from({ length: boundaryCount(victim) }, (_, b) => b);
    const boundary: BoundaryAt = (at, points) =>
      nearestBoundary(
        victim,
        points,
        labelsOf(search, at),
        at.map(() => all),
        threat.norm,
      );
    await fastAdaptiveBoundary(search, rows, samples.points.slice(), boundary, ITERATIONS, stop);
    await bisectFromSamples(search, unfinished(search), HALVINGS, stop);
    return withinRadius(search);
  },
};

/** The boundary to go to, linearised at points `[rows, features]` of the given rows. */
export type BoundaryAt = (rows: readonly number[], points: Float32Array) => Promise<Linearised>;

/** Always the same boundary, one per row of all samples. */
export function towards(search: Search, boundaries: ArrayLike<number>): BoundaryAt {
  return (rows, points) =>
    linearise(
      search.victim,
      points,
      labelsOf(search, rows),
      rows.map((row) => boundaries[row]!),
    );
}

/**
 * The iterations of algorithm 1 from `points`, `[rows, features]`, which are overwritten. With a finite radius a row leaves once a
 * harmful point within it is known; also where a gradient is zero or not finite, as it shows no way.
 *
 * Cost per row and iteration: one linearisation and one score.
 */
export async function fastAdaptiveBoundary(
  search: Search,
  rows: readonly number[],
  points: Float32Array,
  boundaryAt: BoundaryAt,
  iterations: number,
  stop: Stop,
): Promise<void> {
  const { victim, samples, threat, nearest } = search;
  const { features } = victim;
  const toHyperplane = new Float64Array(features);
  const fromSample = new Float64Array(features);
  let active = [...rows];
  let x = points;
  for (let iteration = 0; iteration < iterations && active.length > 0 && !stop(); iteration++) {
    const { gaps, gradients } = await boundaryAt(active, x);
    const usable: boolean[] = active.map((row, i) => {
      const at = rowOf(x, i, features);
      const w = rowOf(gradients, i, features);
      const origin = rowOf(samples.points, row, features);
      const slope = slopeAlong(w, origin, at);
      const gap = gaps[i]!;
      if (!showsAWay(w) || !Number.isFinite(gap - slope)) return false;
      const near = stepOntoHyperplane(threat.norm, at, w, -gap, threat.bounds, toHyperplane);
      const far = stepOntoHyperplane(threat.norm, origin, w, slope - gap, threat.bounds, fromSample);
      const alpha = near + far > 0 ? Math.min(near / (near + far), MOST_BIAS) : 0;
      for (let j = 0; j < features; j++) {
        at[j] =
          (1 - alpha) * (at[j]! + EXTRAPOLATION * toHyperplane[j]!) +
          alpha * (origin[j]! + EXTRAPOLATION * fromSample[j]!);
      }
      return true;
    });
    x = pickRows(x, indicesWhere(usable), features);
    active = active.filter((_, i) => usable[i]);
    const harmful = await offer(search, active, x);
    harmful.forEach((is, i) => {
      if (!is) return;
      const from = active[i]! * features;
      for (let j = 0; j < features; j++) {
        const origin = samples.points[from + j]!;
        x[i * features + j] = (1 - BACKWARD) * origin + BACKWARD * x[i * features + j]!;
      }
    });
    if (threat.radius === Infinity) continue;
    const open = active.map((row) => !(nearest.distances[row]! <= threat.radius));
    x = pickRows(x, indicesWhere(open), features);
    active = active.filter((_, i) => open[i]);
  }
}

function slopeAlong(w: Float32Array, from: Float32Array, to: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < w.length; j++) sum += w[j]! * (to[j]! - from[j]!);
  return sum;
}
