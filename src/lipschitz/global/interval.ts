// The Lipschitz constant of a network between a witnessed lower and a certified upper bound.
import { RobustlawError } from '../../errors.ts';
import type { Graph, Model } from '../../graph/index.ts';
import { singleSample } from '../../graph/index.ts';
import type { CertifiedUpperBound, Norm, WitnessedLowerBound } from '../../guarantee/index.ts';
import type { Rng } from '../../random/index.ts';
import { compositionBound } from '../composition/composition-bound.ts';
import { twoLayerBoundOf } from '../two-layer/two-layer-bound.ts';
import { twoLayerIn } from '../witness/pattern-points.ts';
import { witnessedLowerBound } from '../witness/search.ts';

/** lower <= Lip(f) <= upper. */
export interface LipschitzInterval {
  readonly lower: WitnessedLowerBound;
  /** The least of `uppers`. */
  readonly upper: CertifiedUpperBound;
  /** All upper bounds that apply, each under its method's name. */
  readonly uppers: readonly CertifiedUpperBound[];
}

/** The certified global upper bounds that take no search; the first is the composition of norms. */
export function upperBounds(g: Graph, norm: Norm = 'l2'): readonly CertifiedUpperBound[] {
  const composed = compositionBound(g, norm);
  const twoLayer = norm === 'l2' ? twoLayerIn(g) : undefined;
  return twoLayer ? [composed, twoLayerBoundOf(twoLayer)] : [composed];
}

/**
 * Both ends of the global constant, asserted to be in order.
 *
 * @param starts points `[count, features]` where the search from below starts, usually the data; may be empty.
 * @throws as witnessedLowerBound() and compositionBound(); `internal` with both bounds if the lower one exceeds an upper one.
 */
export async function lipschitzInterval(
  model: Model,
  starts: Float64Array | Float32Array,
  rng: Rng,
  norm: Norm = 'l2',
): Promise<LipschitzInterval> {
  const uppers = upperBounds(singleSample(model), norm);
  const upper = uppers.reduce((a, b) => (b.value < a.value ? b : a));
  const lower = await witnessedLowerBound(model, starts, rng, norm, { kind: 'global' }, upper.value);
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
