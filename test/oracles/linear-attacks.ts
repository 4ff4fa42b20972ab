// Linear classifiers and what an adversary can do to them, exactly: by the dual norm, and where bounds matter by the form of the maximiser.
import type { Threat } from '../../src/attacks/index.ts';
import {
  add,
  constant,
  graph,
  input,
  type Model,
  matMul,
  modelFrom,
  parameter,
  tensor,
} from '../../src/graph/index.ts';
import { normal, type Rng } from '../../src/random/index.ts';

/** z = W x + b. */
export interface Linear {
  readonly features: number;
  readonly classes: number;
  /** `[classes, features]` */
  readonly w: Float64Array;
  readonly b: Float64Array;
}

export function randomLinear(rng: Rng, features: number, classes: number): Linear {
  return {
    features,
    classes,
    w: normal(rng.split('w'), classes * features).map(Math.fround),
    b: normal(rng.split('b'), classes).map((v) => Math.fround(0.3 * v)),
  };
}

export function modelOf({ features, classes, w, b }: Linear): Model {
  const transposed = Float64Array.from({ length: w.length }, (_, i) => {
    return w[(i % classes) * features + Math.floor(i / classes)]!;
  });
  const weights = parameter('w', tensor('float32', [features, classes], transposed));
  const bias = constant(tensor('float32', [classes], b));
  return modelFrom('linear', (batch) => {
    const x = input('x', 'float32', [batch, features]);
    return graph([x], { z: add(matMul(x, weights), bias) });
  });
}

/** The scores of one point, in float64. */
export function scoresOf({ features, classes, w, b }: Linear, x: ArrayLike<number>): number[] {
  return Array.from({ length: classes }, (_, k) => {
    let sum = b[k]!;
    for (let j = 0; j < features; j++) sum += w[k * features + j]! * x[j]!;
    return sum;
  });
}

/**
 * By how much the best attack on the point beats its label: the largest score difference over the other classes within the
 * threat model, minus the margin. Positive where an attack exists.
 */
export function exactExcess(model: Linear, threat: Threat, x: ArrayLike<number>, label: number): number {
  const scores = scoresOf(model, x);
  const row = (k: number) => model.w.subarray(k * model.features, (k + 1) * model.features);
  return Math.max(
    ...scores.map((score, k) => {
      if (k === label) return -Infinity;
      const slopes = row(k).map((v, j) => v - row(label)[j]!);
      return score - scores[label]! + largestGain(threat, x, slopes);
    }),
  );
}

/** max <slopes, z - x> over the allowed z. */
export function largestGain(threat: Threat, x: ArrayLike<number>, slopes: Float64Array): number {
  const sizes = slopes.map(Math.abs);
  // How far the bounds let each entry go in its direction.
  const rooms = slopes.map((s, i) => (s > 0 ? threat.bounds[1] - x[i]! : x[i]! - threat.bounds[0]));
  const gain = (steps: Float64Array) => steps.reduce((sum, step, i) => sum + sizes[i]! * step, 0);
  switch (threat.norm) {
    case 'linf':
      return gain(rooms.map((room) => Math.min(room, threat.radius)));
    case 'l1': {
      // The steepest entries first.
      let left = threat.radius;
      let sum = 0;
      for (const i of [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]!)) {
        const step = Math.min(left, rooms[i]!);
        sum += sizes[i]! * step;
        left -= step;
      }
      return sum;
    }
    case 'l2': {
      // min(s |slope|, room) for the multiplier s that makes the step as long as the radius, by bisection.
      const along = (s: number) => rooms.map((room, i) => Math.min(room, s * sizes[i]!));
      const length = (steps: Float64Array) => Math.hypot(...steps);
      let [low, high] = [0, 1];
      while (length(along(high)) < threat.radius && high < 1e12) high *= 2;
      for (let round = 0; round < 200; round++) {
        const middle = (low + high) / 2;
        if (length(along(middle)) <= threat.radius) low = middle;
        else high = middle;
      }
      return gain(along(low));
    }
  }
}
