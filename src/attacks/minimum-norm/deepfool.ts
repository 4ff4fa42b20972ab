// DeepFool: Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool: a simple and accurate method to fool deep neural networks" (2016), algorithm 2.
import type { Attack } from '../attack.ts';
import { pickRows, rowOf } from '../rows.ts';
import { likeliestBoundaries, nearestBoundary, showsAWay } from './boundaries.ts';
import { stepOntoHyperplane } from './hyperplane.ts';
import { indicesWhere, labelsOf, nothingFound, offer, type Search, withinRadius } from './nearest.ts';

const ITERATIONS = 50;
/** Classes looked at, by their scores at the sample: of 1000 nearly all are far. */
const CANDIDATES = 10;
const OVERSHOOT = 0.02;

/**
 * DeepFool: steps onto the nearest of the linearised boundaries of the 10 likeliest other classes until the class changes,
 * and goes 2 % beyond. In any norm, the step is the shortest that reaches the hyperplane within the input bounds; the paper
 * has no bounds. Fast, but neither near the nearest point nor sure to find one. Deterministic.
 *
 * Cost per row: at most 500 gradients and 50 scores; a handful of iterations in practice.
 */
export const deepFool: Attack = {
  name: 'DeepFool',
  access: 'white-box',
  async run(victim, samples, threat, _random, stop) {
    const search: Search = { victim, samples, threat, nearest: nothingFound(samples) };
    const { features } = victim;
    const step = new Float64Array(features);
    const candidates = likeliestBoundaries(
      victim,
      await victim.scores(samples.points),
      samples.labels,
      CANDIDATES,
    );
    // The sum of all steps, without overshoot.
    const total = new Float64Array(samples.points.length);
    let x: Float32Array = samples.points.slice();
    let active = samples.ids.map((_, row) => row);
    for (let iteration = 0; iteration < ITERATIONS && active.length > 0 && !stop(); iteration++) {
      const { gaps, gradients } = await nearestBoundary(
        victim,
        x,
        labelsOf(search, active),
        active.map((row) => candidates[row]!),
        threat.norm,
      );
      active.forEach((row, i) => {
        const at = rowOf(x, i, features);
        const w = rowOf(gradients, i, features);
        stepOntoHyperplane(threat.norm, at, w, -gaps[i]!, threat.bounds, step);
        for (let j = 0; j < features; j++) {
          const k = row * features + j;
          total[k] = total[k]! + step[j]!;
          at[j] = samples.points[k]! + (1 + OVERSHOOT) * total[k]!;
        }
      });
      const harmful = await offer(search, active, x);
      const going = active.map((_, i) => !harmful[i] && showsAWay(rowOf(gradients, i, features)));
      x = pickRows(x, indicesWhere(going), features);
      active = active.filter((_, i) => going[i]);
    }
    return withinRadius(search);
  },
};
