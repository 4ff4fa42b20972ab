// The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015), and its counterparts in l2 and l1.
import type { Attack } from './attack.ts';
import { crossEntropy, suited } from './losses.ts';
import { project } from './projection.ts';
import { rowOf } from './rows.ts';
import { requireFiniteRadius } from './steps.ts';

/** A linear function is largest in the limit of long steps; this many radii come near it. */
const FAR = 1e6;

/**
 * One step, to where the linearised cross-entropy is largest within ball and bounds: x + radius * sign(gradient) in linf,
 * x + radius * gradient / ||gradient|| in l2, and the largest slopes first in l1, where bounds do not stop an entry; what they
 * stop goes to the others. In regression the loss is the largest error of an output.
 *
 * Cost: one gradient per row.
 */
export const fgsm: Attack = {
  name: 'FGSM',
  access: 'white-box',
  async run(victim, { points, labels }, threat) {
    requireFiniteRadius('FGSM', threat);
    const { features } = victim;
    const { gradients } = await victim.gradient(suited(crossEntropy, victim), points, labels);
    const changed = points.slice();
    for (let from = 0; from < points.length; from += features) {
      const gradient = rowOf(gradients, from / features, features);
      const steepest = gradient.reduce((most, v) => Math.max(most, Math.abs(v) || 0), 0);
      if (!(steepest > 0 && steepest < Infinity)) continue;
      const scale = (FAR * threat.radius) / steepest;
      for (let j = 0; j < features; j++) changed[from + j]! += scale * gradient[j]! || 0;
    }
    project(threat, points, changed, features);
    return changed;
  },
};
