// The nearest point of an intersection of a box with a few half-spaces, in l1, l2 and linf, by the predictor-corrector interior point method of Mehrotra (1992).
import type { Norm } from '../../guarantee/index.ts';
import { dualNorm } from './hyperplane.ts';

/** The changes d with <normal, d> >= reach. */
export interface HalfSpace {
  readonly normal: Float64Array;
  readonly reach: number;
}

const ITERATIONS = 60;
const TOLERANCE = 1e-6;

/**
 * The shortest d in the norm with low <= d <= high and <normal_k, d> >= reach_k for all k, to about 1e-6 of its length;
 * undefined where the method does not come to an end, as when there is none. Estimate.
 *
 * Minimises |d|^2 / 2; or the sum of u and v, d = u - v; or t subject to |d_i| <= t, without the constraints that this one
 * implies. The Newton systems are diagonal but for one border per half-space, and one for t.
 *
 * Cost: O(features k^2) per iteration, of which there are 10 to 30.
 *
 * @param low `[features]`, finite, <= 0.
 * @param high `[features]`, finite, >= 0.
 */
export function shortestInHalfSpaces(
  norm: Norm,
  halfSpaces: readonly HalfSpace[],
  low: Float64Array,
  high: Float64Array,
): Float64Array | undefined {
  // In units in which the reaches and the normals are about 1.
  const sizes = halfSpaces.map(({ normal }) => dualNorm(norm, normal));
  const scale = halfSpaces.reduce((most, { reach }, k) => Math.max(most, reach / sizes[k]!), 0);
  if (!(scale > 0 && scale < Infinity)) return undefined;
  const entries = Array.from(low.keys());
  // In l1 the variables are the ways up and the ways down.
  const parts =
    norm === 'l1'
      ? [
          ...entries.map((i) => ({ i, sign: 1, low: 0, high: high[i]! })),
          ...entries.map((i) => ({ i, sign: -1, low: 0, high: -low[i]! })),
        ]
      : entries.map((i) => ({ i, sign: 1, low: low[i]!, high: high[i]! }));
  const free = parts.filter((part) => part.high > part.low);
  const solved = minimise({
    norm,
    rows: halfSpaces.map(({ normal }, k) =>
      Float64Array.from(free, ({ i, sign }) => (sign * normal[i]!) / sizes[k]!),
    ),
    reach: Float64Array.from(halfSpaces, ({ reach }, k) => reach / sizes[k]! / scale),
    low: Float64Array.from(free, (part) => part.low / scale),
    high: Float64Array.from(free, (part) => part.high / scale),
  });
  if (!solved) return undefined;
  const change = new Float64Array(low.length);
  free.forEach(({ i, sign }, k) => {
    change[i]! += sign * solved[k]! * scale;
  });
  return change.map((entry, i) => Math.min(Math.max(entry, low[i]!), high[i]!));
}

interface Program {
  readonly norm: Norm;
  readonly rows: readonly Float64Array[];
  readonly reach: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** The entries of d with a constraint of each kind: d >= low, d <= high, and in linf d <= t and -d <= t. */
interface Constrained {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly above: Int32Array;
  readonly below: Int32Array;
  /** The largest t that the bounds allow. */
  readonly largest: number;
}

/**
 * In linf, where t is at most the largest of all bounds, an entry needs no bound that is this one; and where one bound is
 * 0, the other sign never comes near -t.
 */
function constrained({ norm, low, high }: Program): Constrained {
  const entries = Int32Array.from(low.keys());
  if (norm !== 'linf') return { low: entries, high: entries, above: NONE, below: NONE, largest: Infinity };
  let largest = 0;
  for (let i = 0; i < low.length; i++) largest = Math.max(largest, -low[i]!, high[i]!);
  return {
    low: entries.filter((i) => -low[i]! < largest),
    high: entries.filter((i) => high[i]! < largest),
    above: entries.filter((i) => high[i]! > 0),
    below: entries.filter((i) => low[i]! < 0),
    largest,
  };
}

const NONE = new Int32Array(0);

/**
 * Constraints, in this order: d - low, high - d, rows d - reach, and in linf t - d and t + d, all >= 0. Each has a slack and
 * a multiplier.
 */
function minimise(program: Program): Float64Array | undefined {
  const { norm, rows, reach, low, high } = program;
  const on = constrained(program);
  const n = low.length;
  const m = rows.length;
  const highs = on.low.length;
  const planes = highs + on.high.length;
  const above = planes + m;
  const below = above + on.above.length;
  const count = below + on.below.length;

  const d = new Float64Array(n);
  let t = 1;
  const value = (at: Float64Array, height: number, offset: 0 | 1, out: Float64Array) => {
    for (let c = 0; c < on.low.length; c++) out[c] = at[on.low[c]!]! - offset * low[on.low[c]!]!;
    for (let c = 0; c < on.high.length; c++) out[highs + c] = offset * high[on.high[c]!]! - at[on.high[c]!]!;
    for (let k = 0; k < m; k++) out[planes + k] = dot(rows[k]!, at) - offset * reach[k]!;
    for (let c = 0; c < on.above.length; c++) out[above + c] = height - at[on.above[c]!]!;
    for (let c = 0; c < on.below.length; c++) out[below + c] = height + at[on.below[c]!]!;
  };
  /** Adds the transposed constraints times `factors`: to d in place, to t as what is returned. */
  const transposed = (factors: Float64Array, into: Float64Array): number => {
    let height = 0;
    for (let c = 0; c < on.low.length; c++) into[on.low[c]!]! += factors[c]!;
    for (let c = 0; c < on.high.length; c++) into[on.high[c]!]! -= factors[highs + c]!;
    for (let k = 0; k < m; k++) {
      const [row, factor] = [rows[k]!, factors[planes + k]!];
      for (let i = 0; i < n; i++) into[i]! += factor * row[i]!;
    }
    for (let c = 0; c < on.above.length; c++) {
      into[on.above[c]!]! -= factors[above + c]!;
      height += factors[above + c]!;
    }
    for (let c = 0; c < on.below.length; c++) {
      into[on.below[c]!]! += factors[below + c]!;
      height += factors[below + c]!;
    }
    return height;
  };

  const slack = new Float64Array(count);
  value(d, t, 1, slack);
  for (let c = 0; c < count; c++) slack[c] = Math.max(slack[c]!, 0.1);
  const multiplier = slack.map((s) => 0.1 / s);
  const primal = new Float64Array(count);
  const descent = new Float64Array(n);
  const target = new Float64Array(count);
  const slackStep = new Float64Array(count);
  const multiplierStep = new Float64Array(count);
  const weights = new Float64Array(count);

  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    value(d, t, 1, primal);
    let gap = 0;
    let error = 0;
    for (let c = 0; c < count; c++) {
      primal[c]! -= slack[c]!;
      // Rounding, which a small slack would blow up.
      if (Math.abs(primal[c]!) < 1e-13) primal[c] = 0;
      gap += slack[c]! * multiplier[c]!;
      error = Math.max(error, Math.abs(primal[c]!));
    }
    for (let i = 0; i < n; i++) descent[i] = norm === 'l2' ? -d[i]! : norm === 'l1' ? -1 : 0;
    const descentT = transposed(multiplier, descent) - (norm === 'linf' ? 1 : 0);
    for (let i = 0; i < n; i++) error = Math.max(error, Math.abs(descent[i]!));
    error = Math.max(error, Math.abs(descentT));
    if (!Number.isFinite(gap + error)) return undefined;
    // Beyond, only the bounds that were left out stop it.
    if (gap < TOLERANCE && error < TOLERANCE) return t <= 1.001 * on.largest ? d : undefined;

    for (let c = 0; c < count; c++) weights[c] = multiplier[c]! / slack[c]!;
    const system = factored(norm, rows, weights, on);
    // First the affine step, then one that keeps to the centre and corrects its second-order error.
    let solved: Step | undefined;
    for (const corrected of [false, true]) {
      let centre = 0;
      if (corrected) {
        const length = Math.min(1, longest(slack, slackStep), longest(multiplier, multiplierStep));
        let after = 0;
        for (let c = 0; c < count; c++)
          after += (slack[c]! + length * slackStep[c]!) * (multiplier[c]! + length * multiplierStep[c]!);
        centre = ((after / gap) ** 3 * gap) / count;
      }
      for (let c = 0; c < count; c++) {
        const second = corrected ? slackStep[c]! * multiplierStep[c]! : 0;
        target[c] = slack[c]! * multiplier[c]! + second - centre;
        slackStep[c] = -(target[c]! + multiplier[c]! * primal[c]!) / slack[c]!;
      }
      const forces = slackStep.slice(planes, above);
      const right = descent.slice();
      const rightT = transposed(slackStep, right) + descentT;
      solved = system?.(right, rightT);
      if (!solved) return undefined;
      value(solved.d, solved.t, 0, slackStep);
      for (let c = 0; c < count; c++) {
        slackStep[c]! += primal[c]!;
        multiplierStep[c] = -(target[c]! + multiplier[c]! * slackStep[c]!) / slack[c]!;
      }
      // The same for the rows, where the difference of products would cancel.
      for (let k = 0; k < m; k++) multiplierStep[planes + k] = forces[k]! - solved.shares[k]!;
    }
    const length = Math.min(
      1,
      0.995 * Math.min(longest(slack, slackStep), longest(multiplier, multiplierStep)),
    );
    for (let i = 0; i < n; i++) d[i]! += length * solved!.d[i]!;
    t += length * solved!.t;
    for (let c = 0; c < count; c++) {
      slack[c]! += length * slackStep[c]!;
      multiplier[c]! += length * multiplierStep[c]!;
    }
  }
  return undefined;
}

/** Solves a Newton system for one right-hand side. */
type System = (right: Float64Array, rightT: number) => Step;

/** A step, and the weight times product of every row with it. */
interface Step {
  readonly d: Float64Array;
  readonly t: number;
  readonly shares: Float64Array;
}

/**
 * The matrix Q + G^T W G for constraints G with the given weights: diagonal in d, bordered by the rows with -1/weight, and
 * in linf by the column of t.
 */
function factored(
  norm: Norm,
  rows: readonly Float64Array[],
  weights: Float64Array,
  on: Constrained,
): System | undefined {
  const n = rows[0]!.length;
  const m = rows.length;
  const highs = on.low.length;
  const planes = highs + on.high.length;
  const above = planes + m;
  const below = above + on.above.length;
  const inverse = new Float64Array(n).fill(norm === 'l2' ? 1 : 0);
  const column = new Float64Array(n);
  let own = 0;
  for (let c = 0; c < on.low.length; c++) inverse[on.low[c]!]! += weights[c]!;
  for (let c = 0; c < on.high.length; c++) inverse[on.high[c]!]! += weights[highs + c]!;
  for (let c = 0; c < on.above.length; c++) {
    const weight = weights[above + c]!;
    inverse[on.above[c]!]! += weight;
    column[on.above[c]!]! -= weight;
    own += weight;
  }
  for (let c = 0; c < on.below.length; c++) {
    const weight = weights[below + c]!;
    inverse[on.below[c]!]! += weight;
    column[on.below[c]!]! += weight;
    own += weight;
  }
  for (let i = 0; i < n; i++) inverse[i] = 1 / inverse[i]!;
  const borders = norm === 'linf' ? [...rows, column] : rows;
  const size = borders.length;
  const small = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    const left = borders[k]!;
    for (let l = 0; l <= k; l++) {
      const entries = borders[l]!;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += left[i]! * inverse[i]! * entries[i]!;
      small[k * size + l] = sum;
      small[l * size + k] = sum;
    }
    if (k < m) small[k * size + k]! += 1 / weights[planes + k]!;
  }
  if (norm === 'linf') small[size * size - 1]! -= own;
  const factors = factorsOf(small, size);
  if (!factors) return undefined;

  return (right, rightT) => {
    const border = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      const entries = borders[k]!;
      for (let i = 0; i < n; i++) border[k]! += entries[i]! * inverse[i]! * right[i]!;
    }
    if (norm === 'linf') border[m]! -= rightT;
    const shares = factors(border);
    const d = right.slice();
    for (let k = 0; k < size; k++) {
      const [entries, share] = [borders[k]!, shares[k]!];
      for (let i = 0; i < n; i++) d[i]! -= entries[i]! * share;
    }
    for (let i = 0; i < n; i++) d[i]! *= inverse[i]!;
    return { d, t: norm === 'linf' ? shares[m]! : 0, shares };
  };
}

/**
 * Solves with a small matrix by Gaussian elimination with pivots on the diagonal, which a symmetric quasi-definite matrix
 * allows; undefined where a pivot is zero or not finite.
 */
function factorsOf(a: Float64Array, n: number): ((b: Float64Array) => Float64Array) | undefined {
  const lu = a.slice();
  for (let k = 0; k < n; k++) {
    const pivot = lu[k * n + k]!;
    if (pivot === 0 || !Number.isFinite(pivot)) return undefined;
    for (let i = k + 1; i < n; i++) {
      const factor = lu[i * n + k]! / pivot;
      lu[i * n + k] = factor;
      for (let j = k + 1; j < n; j++) lu[i * n + j]! -= factor * lu[k * n + j]!;
    }
  }
  return (b) => {
    const x = b.slice();
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) x[i]! -= lu[i * n + j]! * x[j]!;
    for (let i = n - 1; i >= 0; i--) {
      for (let j = i + 1; j < n; j++) x[i]! -= lu[i * n + j]! * x[j]!;
      x[i]! /= lu[i * n + i]!;
    }
    return x;
  };
}

/** The longest step that keeps all entries >= 0. */
function longest(values: Float64Array, steps: Float64Array): number {
  let length = Infinity;
  for (let c = 0; c < values.length; c++) {
    if (steps[c]! < 0) length = Math.min(length, -values[c]! / steps[c]!);
  }
  return length;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
