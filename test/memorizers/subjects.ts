// Every construction with a sample it is made for, and what is promised of it at the edges.
import type { Matrix } from '../../src/linalg/index.ts';
import { matrix } from '../../src/linalg/index.ts';
import {
  baum,
  capNetwork,
  cones,
  groupedNetwork,
  kirszbraun,
  type Memorizer,
  mcShaneWhitney,
  minimumNorm,
  projectedRbf,
  sqrt7Interpolant,
  tensorInterpolant,
  tensorNetwork,
} from '../../src/memorizers/index.ts';
import { normal, rng, signs, sphere } from '../../src/random/index.ts';

export interface Points {
  readonly points: Matrix;
  readonly labels: Matrix;
}

/** Works, or refuses with this code. */
export type Promised = 'works' | 'construction-impossible' | 'invalid-argument';

export interface Subject {
  readonly name: string;
  readonly build: (points: Matrix, labels: Matrix) => Promise<Memorizer>;
  readonly sample: Points;
  /** P from n, d and m by the formula of the construction's description. */
  readonly parameterCount: (n: number, d: number, m: number) => number;
  /** Largest interpolation error on the label scale. */
  readonly accuracy: number;
  /** Error of float32 parameters on the label scale; undefined where nothing is promised. */
  readonly float32?: number;
  readonly vectorLabels: boolean;
  readonly differentiable: boolean;
  readonly onSphere: boolean;
  readonly onePoint: Promised;
  readonly oneDimension: Promised;
  /** Points and labels times 1e±100. */
  readonly extremeScales: Promised;
}

/** n points uniform on the sphere with labels ±1. */
export function signedSphere(seed: number, n: number, d: number): Points {
  return {
    points: matrix(n, d, sphere(rng(seed).split('x'), n, d)),
    labels: matrix(n, 1, signs(rng(seed).split('y'), n)),
  };
}

/** n Gaussian points with m Gaussian labels each. */
export function gaussianSample(seed: number, n: number, d: number, m = 1): Points {
  return {
    points: matrix(n, d, normal(rng(seed).split('x'), n * d)),
    labels: matrix(n, m, normal(rng(seed).split('y'), n * m)),
  };
}

const usual = {
  accuracy: 1e-9,
  float32: 1e-3,
  vectorLabels: false,
  differentiable: true,
  onSphere: false,
  onePoint: 'works',
  oneDimension: 'works',
  extremeScales: 'works',
} as const;
const onSphere = {
  ...usual,
  onSphere: true,
  oneDimension: 'construction-impossible',
  extremeScales: 'construction-impossible',
} as const;

export const SUBJECTS: readonly Subject[] = [
  {
    ...usual,
    name: 'mcShaneWhitney',
    build: mcShaneWhitney,
    sample: gaussianSample(1, 24, 3),
    parameterCount: (n, d) => n * (d + 1) + 1,
  },
  {
    ...usual,
    name: 'kirszbraun',
    // Few steps serve few points, and keep the test quick.
    build: (points, labels) => kirszbraun(points, labels, 12),
    sample: gaussianSample(2, 14, 3, 2),
    parameterCount: (n, d, m) => n * (d + m) + 1,
    vectorLabels: true,
    differentiable: false,
  },
  {
    ...usual,
    name: 'cones',
    build: cones,
    sample: gaussianSample(3, 24, 3, 2),
    parameterCount: (n, d, m) => n * (d + m) + 1,
    vectorLabels: true,
  },
  {
    ...usual,
    name: 'projectedRbf',
    build: (points, labels) => projectedRbf(points, labels, Math.min(4, points.columns), rng(4)),
    sample: gaussianSample(4, 24, 9),
    parameterCount: (n) => n * 5 + 1,
  },
  {
    ...usual,
    name: 'minimumNorm',
    build: minimumNorm,
    oneDimension: 'construction-impossible',
    sample: gaussianSample(5, 10, 16, 2),
    parameterCount: (_, d, m) => d * m,
    vectorLabels: true,
  },
  {
    ...usual,
    name: 'baum',
    build: (points, labels) => baum(points, labels, rng(6)),
    sample: gaussianSample(6, 30, 4),
    parameterCount: (n, d) => 4 * Math.ceil(n / d) * (d + 2),
    float32: Number.POSITIVE_INFINITY,
  },
  {
    ...onSphere,
    name: 'capNetwork',
    build: (points, labels) => capNetwork(points, labels),
    sample: signedSphere(7, 24, 12),
    parameterCount: (n, d, m) => n * (d + 1 + m),
    vectorLabels: true,
  },
  {
    ...onSphere,
    name: 'sqrt7Interpolant',
    build: (points, labels) => sqrt7Interpolant(points, labels),
    sample: signedSphere(8, 24, 12),
    parameterCount: (n, d, m) => 2 * n * (d + 1 + m),
    vectorLabels: true,
  },
  {
    ...usual,
    name: 'groupedNetwork',
    build: (points, labels) => groupedNetwork(points, labels, Math.min(12, points.rows), rng(9)),
    sample: signedSphere(9, 24, 60),
    parameterCount: (_, d) => 12 * (d + 2),
    oneDimension: 'construction-impossible',
  },
  {
    ...usual,
    name: 'tensorNetwork',
    build: (points, labels) => tensorNetwork(points, labels, 4),
    sample: signedSphere(10, 24, 40),
    parameterCount: (n, d) => n * (d + 1),
    accuracy: 0.2,
  },
  {
    ...usual,
    name: 'tensorInterpolant',
    build: (points, labels) => tensorInterpolant(points, labels, 4),
    sample: signedSphere(11, 24, 20),
    oneDimension: 'construction-impossible',
    parameterCount: (n, d) => n * (d + 1),
  },
];
