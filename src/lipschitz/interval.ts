// The Lipschitz constant of a network between a witnessed lower and a certified upper bound.
import { invalidArgument, RobustlawError } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import type { CertifiedUpperBound, Norm, WitnessedLowerBound } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import { integers } from '../random/index.ts';
import { ascend } from './ascent.ts';
import type { Sequential } from './layers.ts';
import { sequential } from './layers.ts';
import { length } from './norms.ts';
import { createOracle } from './oracle.ts';
import { patternStarts } from './patterns.ts';
import { productBoundOf } from './product-bound.ts';
import { smoothedAscent } from './smoothed-ascent.ts';
import { asTwoLayer } from './two-layer.ts';
import { twoLayerBoundOf } from './two-layer-bound.ts';
import { recheckOf } from './witness.ts';

/** Given points that the search uses. */
const MOST_STARTS = 256;

/** lower <= Lip(f) <= upper. */
export interface LipschitzInterval {
  readonly lower: WitnessedLowerBound;
  /** The least of `uppers`. */
  readonly upper: CertifiedUpperBound;
  /** All upper bounds that apply, each under its method's name. */
  readonly uppers: readonly CertifiedUpperBound[];
}

/**
 * The steepest pair of points that gradient-norm ascent finds. The search uses the engine's gradients in float64; what it
 * returns is confirmed by a separate evaluation with all rounding subtracted (recheck).
 *
 * @param g a sequential network; built for a batch of about 32 points it is searched fastest.
 * @param starts points `[count, features]` where the search starts, usually the data; may be empty.
 * @throws unsupported-op for other graphs; invalid-argument when the starts do not fit. Witnessed lower bound.
 */
export async function witnessedLowerBound(
  g: Graph,
  starts: Float64Array | Float32Array,
  rng: Rng,
  norm: Norm = 'l2',
): Promise<WitnessedLowerBound> {
  return lowerBoundOf(g, sequential(g), starts, rng, norm, Number.POSITIVE_INFINITY);
}

/** As witnessedLowerBound(), ending early when it comes close to `ceiling`, an upper bound. */
async function lowerBoundOf(
  g: Graph,
  network: Sequential,
  starts: Float64Array | Float32Array,
  rng: Rng,
  norm: Norm,
  ceiling: number,
): Promise<WitnessedLowerBound> {
  const points = rowsOf(starts, network.features);
  const scale = typicalLength(points);
  const twoLayer = asTwoLayer(network);
  const patterned = twoLayer ? patternStarts(twoLayer, scale, rng.split('patterns')) : [];
  const oracle = await createOracle(g);
  try {
    const { point, direction } = await ascend(
      oracle,
      (uphill, u) => smoothedAscent(g, uphill, u, scale),
      [...patterned, ...sampled(points, MOST_STARTS, rng.split('starts'))],
      scale,
      rng.split('ascent'),
      norm,
      ceiling,
    );
    return recheckOf({ kind: 'direction', point, direction }, network, norm, 'gradient-norm ascent');
  } finally {
    await oracle.dispose();
  }
}

/** A median of the lengths; 1 without points. */
function typicalLength(points: readonly Float64Array[]): number {
  const lengths = points.map((x) => length(x, 'l2')).sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)] || 1;
}

function sampled<T>(items: readonly T[], count: number, rng: Rng): readonly T[] {
  if (items.length <= count) return items;
  return [...integers(rng, count, 0, items.length)].map((i) => items[i]!);
}

/** All certified upper bounds that apply to a sequential network; the first is the product of norms. */
export function upperBounds(g: Graph, norm: Norm = 'l2'): readonly CertifiedUpperBound[] {
  return upperBoundsOf(sequential(g), norm);
}

function upperBoundsOf(network: Sequential, norm: Norm): readonly CertifiedUpperBound[] {
  const product = productBoundOf(network, norm);
  const twoLayer = norm === 'l2' ? asTwoLayer(network) : undefined;
  return twoLayer ? [product, twoLayerBoundOf(twoLayer)] : [product];
}

/**
 * Both ends, asserted to be in order.
 *
 * @throws as witnessedLowerBound(); `internal` with both bounds if the lower one exceeds an upper one.
 */
export async function lipschitzInterval(
  g: Graph,
  starts: Float64Array | Float32Array,
  rng: Rng,
  norm: Norm = 'l2',
): Promise<LipschitzInterval> {
  const network = sequential(g);
  const uppers = upperBoundsOf(network, norm);
  const upper = uppers.reduce((a, b) => (b.value < a.value ? b : a));
  const lower = await lowerBoundOf(g, network, starts, rng, norm, upper.value);
  for (const upper of uppers) {
    if (!(lower.value <= upper.value)) {
      throw new RobustlawError(
        'internal',
        `the ${upper.method} gives ${upper.value}, but a pair of points attains ${lower.value} in ${norm} (key ${rng.path})`,
      );
    }
  }
  return { lower, upper, uppers };
}

function rowsOf(points: Float64Array | Float32Array, features: number): Float64Array[] {
  if (points.length % features !== 0) {
    throw invalidArgument('number of coordinates of the starts', points.length, `a multiple of ${features}`);
  }
  const rows = Array.from({ length: points.length / features }, (_, i) =>
    Float64Array.from(points.subarray(i * features, (i + 1) * features)),
  );
  if (!points.every((v) => Number.isFinite(v)))
    throw invalidArgument('starts', 'NaN or Infinity', 'finite coordinates');
  return rows;
}
