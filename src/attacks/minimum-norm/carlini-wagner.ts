// The l2 attack of Carlini and Wagner, "Towards evaluating the robustness of neural networks" (2017), section VI.
import { invalidArgument, requireInteger } from '../../errors.ts';
import type { InputBounds } from '../../graph/index.ts';
import type { Stop } from '../../stop.ts';
import type { Attack } from '../attack.ts';
import { margin, suited } from '../losses.ts';
import { rowOf } from '../rows.ts';
import { dualNorm } from './hyperplane.ts';
import { indicesWhere, labelsOf, nothingFound, offer, type Search, withinRadius } from './nearest.ts';

/** Of the space in which the search walks. */
const LEARNING_RATE = 0.01;
/** c grows by this factor until a harmful point is found. */
const GROWTH = 10;
/** The loss is to fall by this share within a tenth of the steps; otherwise the search for one c ends. */
const LEAST_FALL = 1e-4;
const ADAM = { first: 0.9, second: 0.999, tiny: 1e-8 };

/**
 * Carlini-Wagner: Adam on |x' - x|^2 + c max(0, margin) with x' = middle + halfwidth tanh(w) within finite bounds, and with
 * x' itself where there are none, and a binary search over c. One c ends early where the loss no longer falls. c starts at
 * what balances both terms at the linearised distance, which is also the unit of the learning rate where there are no
 * bounds, so that no scale need be known. l2 only. Deterministic. Slow, and it aims at the class of the largest score, which
 * need not be the nearest.
 *
 * The margin is the score of the label minus the largest other one, in regression tolerance - max_k |f_k - y_k|.
 *
 * Cost per row: at most searches * steps gradients and as many scores.
 *
 * @param searches values of c that are tried; defaults to 9.
 * @param steps of Adam for each; defaults to 1000.
 * @throws RobustlawError `invalid-argument` for another norm, or where only one side is bounded.
 */
export function carliniWagner(searches = 9, steps = 1000): Attack {
  requireInteger('searches', searches, 1);
  requireInteger('steps', steps, 1);
  return {
    name: 'Carlini-Wagner',
    access: 'white-box',
    run: (victim, samples, threat, _random, stop) =>
      optimise({ victim, samples, threat, nearest: nothingFound(samples) }, searches, steps, stop),
  };
}

async function optimise(search: Search, searches: number, steps: number, stop: Stop): Promise<Float32Array> {
  const { victim, samples, threat } = search;
  if (threat.norm !== 'l2') throw invalidArgument('norm of Carlini-Wagner', threat.norm, "'l2'");
  const { features, task } = victim;
  const loss = suited(margin, victim);
  const tolerance = task.kind === 'regression' ? task.tolerance : 0;
  const space = walkSpace(threat.bounds);

  const rows = samples.ids.length;
  const start = await victim.gradient(loss, samples.points, samples.labels);
  const slopes = Float64Array.from({ length: rows }, (_, i) =>
    dualNorm('l2', rowOf(start.gradients, i, features)),
  );
  // Where the gradient shows no way, neither does this attack.
  const reach = slopes.map((slope, i) => (tolerance - start.losses[i]!) / slope);
  const all = indicesWhere(Array.from(reach, (far) => far > 0 && far < Infinity));
  const c = reach.map((far, i) => far / slopes[i]!);
  const low = new Float64Array(rows);
  const high = new Float64Array(rows).fill(Infinity);

  for (let trial = 0; trial < searches && !stop(); trial++) {
    const succeeded = new Uint8Array(rows);
    const first = new Float64Array(rows * features);
    const second = new Float64Array(rows * features);
    const walked = Float64Array.from(samples.points, space.inverse);
    const before = new Float64Array(rows).fill(Infinity);
    let active = all;
    for (let step = 1; step <= steps && active.length > 0 && !stop(); step++) {
      const x = new Float32Array(active.length * features);
      active.forEach((row, i) => {
        for (let j = 0; j < features; j++) x[i * features + j] = space.point(walked[row * features + j]!);
      });
      const harmful = await offer(search, active, x);
      const { losses, gradients } = await victim.gradient(loss, x, labelsOf(search, active));
      const going = active.map((row, i) => {
        if (harmful[i]) succeeded[row] = 1;
        const excess = tolerance - losses[i]!;
        const weight = excess >= 0 ? c[row]! : 0;
        const rate = LEARNING_RATE * (space.bounded ? 1 : reach[row]!);
        let squares = 0;
        for (let j = 0; j < features; j++) {
          const k = row * features + j;
          const at = x[i * features + j]!;
          const change = at - samples.points[k]!;
          squares += change * change;
          const slope = (2 * change - weight * gradients[i * features + j]!) * space.derivative(walked[k]!);
          first[k] = ADAM.first * first[k]! + (1 - ADAM.first) * slope;
          second[k] = ADAM.second * second[k]! + (1 - ADAM.second) * slope * slope;
          const direction = first[k]! / (1 - ADAM.first ** step);
          const size = Math.sqrt(second[k]! / (1 - ADAM.second ** step));
          walked[k]! -= (rate * direction) / (size + ADAM.tiny * reach[row]!) || 0;
        }
        if (step % Math.ceil(steps / 10) !== 0) return true;
        const total = squares + weight * excess;
        const falls = total < before[row]! * (1 - LEAST_FALL);
        before[row] = total;
        return falls;
      });
      active = active.filter((_, i) => going[i]);
    }
    for (const row of all) {
      if (succeeded[row]) high[row] = c[row]!;
      else low[row] = c[row]!;
      c[row] = high[row]! < Infinity ? (low[row]! + high[row]!) / 2 : GROWTH * c[row]!;
    }
  }
  return withinRadius(search);
}

interface WalkSpace {
  readonly bounded: boolean;
  readonly point: (w: number) => number;
  readonly derivative: (w: number) => number;
  readonly inverse: (x: number) => number;
}

function walkSpace([low, high]: InputBounds): WalkSpace {
  if (low === -Infinity && high === Infinity) {
    const same = (v: number) => v;
    return { bounded: false, point: same, derivative: () => 1, inverse: same };
  }
  if (!(high - low < Infinity)) {
    throw invalidArgument('input bounds of Carlini-Wagner', `[${low}, ${high}]`, 'two finite bounds or none');
  }
  const middle = low + (high - low) / 2;
  const half = (high - low) / 2;
  return {
    bounded: true,
    point: (w) => middle + half * Math.tanh(w),
    derivative: (w) => half * (1 - Math.tanh(w) ** 2),
    // Not quite to the bounds, where tanh is flat.
    inverse: (x) => Math.atanh(Math.max(-1, Math.min(1, (x - middle) / half)) * (1 - 1e-6)),
  };
}
