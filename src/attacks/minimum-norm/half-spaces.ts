// The nearest point of an intersection of a box with a few half-spaces, in l1, l2 and linf: in l1 and l2 by the predictor-corrector interior point method of Mehrotra (1992).
import type { Norm } from '../../guarantee/index.ts';
import { type BoxedRows, flattest } from './flattest.ts';
import { dualNorm } from './hyperplane.ts';
import { smallSystem } from './small-systems.ts';

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
 * In l2 and l1 minimises |d|^2 / 2, or the sum of u and v, d = u - v; the Newton systems are diagonal but for one border per
 * half-space. In linf by a simplex method.
 *
 * Cost: O(features k^2) per iteration, of which there are 10 to 30; in linf O(features k) per vertex.
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
  // In l1 the variables are the ways up and the ways down. What cannot move is left out.
  const free = Int32Array.from(low.keys()).filter((i) => low[i]! < high[i]!);
  const signs = norm === 'l1' ? [1, -1] : [1];
  const apart = (of: (i: number, sign: number) => number) => {
    const entries = new Float64Array(signs.length * free.length);
    let count = 0;
    for (const sign of signs) for (const i of free) entries[count++] = of(i, sign);
    return entries;
  };
  const program = {
    rows: halfSpaces.map(({ normal }, k) => apart((i, sign) => (sign * normal[i]!) / sizes[k]!)),
    reach: Float64Array.from(halfSpaces, ({ reach }, k) => reach / sizes[k]! / scale),
    low: apart((i) => (norm === 'l1' ? 0 : low[i]! / scale)),
    high: apart((i, sign) => (sign > 0 ? high[i]! : -low[i]!) / scale),
  };
  const solved = norm === 'linf' ? flattest(program) : minimise(norm, program);
  if (!solved) return undefined;
  const change = new Float64Array(low.length);
  solved.forEach((entry, k) => {
    const i = free[k % free.length]!;
    change[i]! += (k < free.length ? 1 : -1) * entry * scale;
  });
  return change.map((entry, i) => Math.min(Math.max(entry, low[i]!), high[i]!));
}

/** Constraints, in this order: d - low, high - d, rows d - reach, all >= 0. Each has a slack and a multiplier. */
function minimise(norm: 'l1' | 'l2', { rows, reach, low, high }: BoxedRows): Float64Array | undefined {
  const n = low.length;
  const m = rows.length;
  const planes = 2 * n;
  const count = planes + m;

  const d = new Float64Array(n);
  const value = (at: Float64Array, offset: 0 | 1, out: Float64Array) => {
    for (let i = 0; i < n; i++) {
      out[i] = at[i]! - offset * low[i]!;
      out[n + i] = offset * high[i]! - at[i]!;
    }
    for (let k = 0; k < m; k++) out[planes + k] = dot(rows[k]!, at) - offset * reach[k]!;
  };
  /** Adds the transposed constraints times `factors`. */
  const transposed = (factors: Float64Array, into: Float64Array) => {
    for (let i = 0; i < n; i++) into[i]! += factors[i]! - factors[n + i]!;
    for (let k = 0; k < m; k++) {
      const [row, factor] = [rows[k]!, factors[planes + k]!];
      for (let i = 0; i < n; i++) into[i]! += factor * row[i]!;
    }
  };

  const slack = new Float64Array(count);
  value(d, 1, slack);
  for (let c = 0; c < count; c++) slack[c] = Math.max(slack[c]!, 0.1);
  const multiplier = slack.map((s) => 0.1 / s);
  const primal = new Float64Array(count);
  const descent = new Float64Array(n);
  const target = new Float64Array(count);
  const slackStep = new Float64Array(count);
  const multiplierStep = new Float64Array(count);
  const weights = new Float64Array(count);

  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    value(d, 1, primal);
    let gap = 0;
    let error = 0;
    for (let c = 0; c < count; c++) {
      primal[c]! -= slack[c]!;
      // Rounding, which a small slack would blow up.
      if (Math.abs(primal[c]!) < 1e-13) primal[c] = 0;
      gap += slack[c]! * multiplier[c]!;
      error = Math.max(error, Math.abs(primal[c]!));
    }
    for (let i = 0; i < n; i++) descent[i] = norm === 'l2' ? -d[i]! : -1;
    transposed(multiplier, descent);
    for (let i = 0; i < n; i++) error = Math.max(error, Math.abs(descent[i]!));
    if (!Number.isFinite(gap + error)) return undefined;
    if (gap < TOLERANCE && error < TOLERANCE) return d;

    for (let c = 0; c < count; c++) weights[c] = multiplier[c]! / slack[c]!;
    const system = factored(norm, rows, weights);
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
      const forces = slackStep.slice(planes);
      const right = descent.slice();
      transposed(slackStep, right);
      solved = system?.(right);
      if (!solved) return undefined;
      value(solved.d, 0, slackStep);
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
    for (let c = 0; c < count; c++) {
      slack[c]! += length * slackStep[c]!;
      multiplier[c]! += length * multiplierStep[c]!;
    }
  }
  return undefined;
}

/** Solves a Newton system for one right-hand side. */
type System = (right: Float64Array) => Step;

/** A step, and the weight times product of every row with it. */
interface Step {
  readonly d: Float64Array;
  readonly shares: Float64Array;
}

/** The matrix Q + G^T W G for constraints G with the given weights: diagonal, bordered by the rows with -1/weight. */
function factored(
  norm: 'l1' | 'l2',
  rows: readonly Float64Array[],
  weights: Float64Array,
): System | undefined {
  const n = rows[0]!.length;
  const m = rows.length;
  const inverse = new Float64Array(n);
  for (let i = 0; i < n; i++) inverse[i] = 1 / ((norm === 'l2' ? 1 : 0) + weights[i]! + weights[n + i]!);
  const small = new Float64Array(m * m);
  const scaled = new Float64Array(n);
  for (let k = 0; k < m; k++) {
    const left = rows[k]!;
    for (let i = 0; i < n; i++) scaled[i] = left[i]! * inverse[i]!;
    for (let l = 0; l <= k; l++) {
      const sum = dot(scaled, rows[l]!);
      small[k * m + l] = sum;
      small[l * m + k] = sum;
    }
    small[k * m + k]! += 1 / weights[2 * n + k]!;
  }
  const factors = smallSystem(small, m);
  if (!factors) return undefined;

  return (right) => {
    const d = right.map((v, i) => v * inverse[i]!);
    const shares = factors(rows.map((row) => dot(row, d)));
    for (let k = 0; k < m; k++) {
      const [row, share] = [rows[k]!, shares[k]!];
      for (let i = 0; i < n; i++) d[i]! -= row[i]! * inverse[i]! * share;
    }
    return { d, shares };
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
