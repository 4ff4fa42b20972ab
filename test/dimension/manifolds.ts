// Points on manifolds of known dimension.
import { normal, type Rng, rng, sphere, uniform } from '../../src/random/index.ts';

export interface Manifold {
  readonly dimension: number;
  readonly features: number;
  readonly draw: (key: Rng, n: number) => Float64Array;
}

const INTRINSIC = 3;

export const MANIFOLDS: Readonly<Record<string, Manifold>> = {
  sphere: { dimension: 6, features: 7, draw: (key, n) => sphere(key, n, 7) },
  cube: { dimension: 5, features: 5, draw: (key, n) => uniform(key, n * 5) },
  Gaussian: { dimension: 8, features: 8, draw: (key, n) => normal(key, n * 8) },
  'flat torus': {
    dimension: 3,
    features: 6,
    draw(key, n) {
      const angles = uniform(key, n * 3, 0, 2 * Math.PI);
      return Float64Array.from({ length: n * 6 }, (_, at) =>
        at % 2 === 0 ? Math.cos(angles[at >> 1]!) : Math.sin(angles[at >> 1]!),
      );
    },
  },
  'Swiss roll': {
    dimension: 2,
    features: 3,
    draw(key, n) {
      const [turn, height] = [
        uniform(key.split('turn'), n, 1.5 * Math.PI, 4.5 * Math.PI),
        uniform(key.split('height'), n, 0, 21),
      ];
      return Float64Array.from({ length: n * 3 }, (_, at) => {
        const i = Math.floor(at / 3);
        return [turn[i]! * Math.cos(turn[i]!), height[i]!, turn[i]! * Math.sin(turn[i]!)][at % 3]!;
      });
    },
  },
  'subspace with noise far below the distances of neighbours': {
    dimension: INTRINSIC,
    features: 20,
    draw(key, n) {
      const directions = normal(rng('directions'), INTRINSIC * 20);
      const within = normal(key.split('within'), n * INTRINSIC);
      const noise = normal(key.split('noise'), n * 20);
      return Float64Array.from({ length: n * 20 }, (_, at) => {
        const [i, f] = [Math.floor(at / 20), at % 20];
        let sum = 1e-4 * noise[at]!;
        for (let c = 0; c < INTRINSIC; c++) sum += within[i * INTRINSIC + c]! * directions[c * 20 + f]!;
        return sum;
      });
    },
  },
};
