// Boxes as linear bounds use them: ends, and centre with spread, rounded outwards.
import { addUp, nextDown, nextUp } from '../../numeric/index.ts';

/** A box with what the supremum of a linear form over it needs. */
export interface Extent {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly centre: Float64Array;
  /** [lower_i, upper_i] lies in [centre_i - spread_i, centre_i + spread_i]. */
  readonly spread: Float64Array;
  /** At least |centre_i| + spread_i. */
  readonly reach: Float64Array;
  /** At least the sum of the reaches. */
  readonly total: number;
}

/** The box [lower, upper]. NaN ends count as infinite ones. */
export function extentOf(lower: Float64Array, upper: Float64Array): Extent {
  const n = lower.length;
  const [centre, spread, reach] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let total = 0;
  for (let i = 0; i < n; i++) {
    const [low, high] = [lower[i]!, upper[i]!];
    if (Number.isFinite(low) && Number.isFinite(high)) {
      const middle = low === high ? low : 0.5 * low + 0.5 * high;
      centre[i] = middle;
      spread[i] = low === high ? 0 : Math.max(addUp(high, -middle), addUp(middle, -low));
      reach[i] = spread[i] === 0 ? Math.abs(middle) : addUp(Math.abs(middle), spread[i]!);
    } else {
      spread[i] = Infinity;
      reach[i] = Infinity;
    }
    if (reach[i] !== 0) total = addUp(total, reach[i]!);
  }
  return { lower, upper, centre, spread, reach, total };
}

/** The ends moved outwards by `radius`. */
export function widened(centre: Float64Array, radius: number): Extent {
  if (radius === 0) return extentOf(centre, centre);
  return extentOf(
    centre.map((c) => nextDown(c - radius)),
    centre.map((c) => nextUp(c + radius)),
  );
}
