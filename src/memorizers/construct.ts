// The constructions by name, as study files and the command line choose them.
import { RobustlawError, requireInteger } from '../errors.ts';
import type { Matrix } from '../linalg/index.ts';
import type { Rng } from '../random/index.ts';
import { baum } from './baum.ts';
import { capNetwork, sqrt7Interpolant } from './caps.ts';
import { cones } from './cones.ts';
import { groupedNetwork } from './grouped-network.ts';
import { kirszbraun } from './kirszbraun.ts';
import { mcShaneWhitney } from './mcshane-whitney.ts';
import type { Memorizer } from './memorizer.ts';
import { minimumNorm } from './minimum-norm.ts';
import { projectedRbf } from './projected-rbf.ts';
import { tensorInterpolant, tensorNetwork } from './tensor-network.ts';

/** A construction with a size chooses its P; without one the data decide it. */
interface Construction {
  /** What it builds, in half a sentence. */
  readonly summary: string;
  /** What the size means; absent where there is none. */
  readonly size?: string;
  readonly build: (points: Matrix, labels: Matrix, size: number, rng: Rng) => Promise<Memorizer>;
}

export const CONSTRUCTIONS = {
  mcshane: {
    summary: 'McShane-Whitney extension: the smallest Lipschitz constant possible, P of order n d',
    build: (points, labels) => mcShaneWhitney(points, labels),
  },
  kirszbraun: {
    summary: 'constructive Kirszbraun extension: the same for vector labels',
    build: (points, labels) => kirszbraun(points, labels),
  },
  rbf: {
    summary: 'one radial bump per point, P of order n d',
    build: (points, labels) => cones(points, labels),
  },
  'projected-rbf': {
    summary: 'radial bumps after projection, P of order n k: tight for the law of robustness at every P > n',
    size: 'k, the dimension after projection, at most d',
    build: (points, labels, k, rng) => projectedRbf(points, labels, k, rng),
  },
  baum: {
    summary: "Baum's ReLU network with 4 n / d neurons: P of order n, not robust",
    build: (points, labels, _, rng) => baum(points, labels, rng),
  },
  'minimum-norm': {
    summary: 'linear function of minimum norm, for n <= d',
    build: (points, labels) => minimumNorm(points, labels),
  },
  caps: {
    summary: 'one ReLU per point on the sphere, k = n neurons',
    build: (points, labels) => capNetwork(points, labels),
  },
  sqrt7: {
    summary: 'two ReLUs per point on the sphere with tangential Lipschitz constant sqrt 7',
    build: (points, labels) => sqrt7Interpolant(points, labels),
  },
  grouped: {
    summary: 'one ReLU per group of points with the same label: k neurons, Lipschitz constant of order n / k',
    size: 'k, the number of neurons, at most n',
    build: (points, labels, size, rng) => groupedNetwork(points, labels, size, rng),
  },
  tensor: {
    summary: 'sum of powers y_i <x_i, x>^p, an approximate fit on the sphere',
    size: 'the power p, even',
    build: (points, labels, power) => tensorNetwork(points, labels, power),
  },
  'tensor-interpolant': {
    summary: 'sum of powers a_i <x_i, x>^p that interpolates, on the sphere',
    size: 'the power p, even',
    build: (points, labels, power) => tensorInterpolant(points, labels, power),
  },
} as const satisfies Record<string, Construction>;

export type ConstructionName = keyof typeof CONSTRUCTIONS;

/** The construction of this name; with `size` what its P is chosen by, or undefined. */
export function constructionOf(name: ConstructionName): Construction {
  return CONSTRUCTIONS[name];
}

/**
 * The memorizer of labelled points by the construction of this name.
 *
 * @param points `[n, d]`. @param labels `[n, m]`. @param size as the construction says, undefined where it has none.
 * @param rng key of whatever it draws; the same for all sizes, so that projections are nested.
 * @throws invalid-argument when a size is missing or not an integer >= 1; as the construction:
 * `contradictory-labels`, `construction-impossible`, ...
 */
export async function construct(
  name: ConstructionName,
  points: Matrix,
  labels: Matrix,
  size: number | undefined,
  rng: Rng,
): Promise<Memorizer> {
  const construction = constructionOf(name);
  if (!construction.size) return construction.build(points, labels, 0, rng);
  if (size === undefined) {
    throw new RobustlawError('invalid-argument', `${name} needs a size: ${construction.size}`);
  }
  requireInteger(`size of ${name}`, size);
  return construction.build(points, labels, size, rng);
}
