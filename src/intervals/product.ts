// Products of matrices of intervals in midpoint-radius form (Rump, "Fast and parallel interval arithmetic", BIT 1999), with the
// rounding of every sum accounted for (Higham 2002, chapter 3).
import { gamma, nextUp } from '../numeric/index.ts';
import type { Box } from './box.ts';
import { isPoint } from './box.ts';
import { addDown, addUp, multiplyDown, multiplyUp } from './rounding.ts';

/** Sizes of [m, k] times [k, n]. */
export interface Sizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** A matrix of intervals within a longer array. */
export interface Factor {
  readonly box: Box;
  readonly offset: number;
}

/** Midpoints and radii: every number of the box lies within radius of midpoint. */
interface Centred {
  readonly middle: Float64Array;
  /** Undefined for a point. */
  readonly radius: Float64Array | undefined;
  readonly magnitude: Float64Array;
}

const memory = new WeakMap<Box, Centred>();

/** Remembered as long as the box lives: weights serve many evaluations. */
function centred(box: Box): Centred {
  const known = memory.get(box);
  if (known) return known;
  const { lower, upper } = box;
  const middle = isPoint(box) ? lower : new Float64Array(lower.length);
  const radius = isPoint(box) ? undefined : new Float64Array(lower.length);
  if (radius) {
    for (let i = 0; i < lower.length; i++) {
      const [l, u] = [lower[i]!, upper[i]!];
      const m = l === u ? l : l / 2 + u / 2;
      if (m - m === 0) {
        middle[i] = m;
        radius[i] = l === u ? 0 : nextUp(Math.max(u - m, m - l));
      } else radius[i] = Infinity;
    }
  }
  const magnitude = new Float64Array(middle.length);
  for (let i = 0; i < middle.length; i++) magnitude[i] = Math.abs(middle[i]!);
  const result = { middle, radius, magnitude };
  memory.set(box, result);
  return result;
}

/**
 * out[i, j] encloses sum_k a[i, k] b[k, j], a `[m, k]` and b `[k, n]`, or `[n, k]` with `transposed`. Exact up to rounding where
 * one factor is a point; where both are intervals, at most 1.5 times as wide as need be.
 *
 * With |fl(x.y) - x.y| <= gamma(k) |x|.|y|, radius = (ra + gamma |a|) |b| + (|a| + ra) rb, itself rounded upwards.
 */
export function product(
  { m, k, n }: Sizes,
  a: Factor,
  b: Factor,
  transposed: boolean,
  out: Box,
  outOffset: number,
): void {
  const [left, right] = [centred(a.box), centred(b.box)];
  const error = gamma(k);
  const cut = (values: Float64Array, from: number, size: number) => values.subarray(from, from + size);
  const leftPart = (values: Float64Array) => cut(values, a.offset, m * k);
  const rightPart = (values: Float64Array) => cut(values, b.offset, k * n);
  const middle = new Float64Array(m * n);
  const radius = new Float64Array(m * n);
  const accumulate = transposed ? addDots : addRows;
  const [bMiddle, bMagnitude] = [rightPart(right.middle), rightPart(right.magnitude)];
  accumulate(leftPart(left.middle), bMiddle, m, k, n, middle);
  const aMagnitude = leftPart(left.magnitude);
  if (left.radius || !right.radius) {
    // The rounding of the product of midpoints is charged to a.
    const ra = left.radius && leftPart(left.radius);
    const spread = aMagnitude.map((x, i) => addUp(ra ? ra[i]! : 0, multiplyUp(error, x)));
    accumulate(spread, bMagnitude, m, k, n, radius);
    if (right.radius) {
      const reach = aMagnitude.map((x, i) => addUp(ra ? ra[i]! : 0, x));
      accumulate(reach, rightPart(right.radius), m, k, n, radius);
    }
  } else {
    const rb = rightPart(right.radius);
    const spread = bMagnitude.map((x, i) => addUp(rb[i]!, multiplyUp(error, x)));
    accumulate(aMagnitude, spread, m, k, n, radius);
  }
  // Sums of at most 2k non-negative products; each product may have lost 2^-1075 to underflow.
  const inflation = 1 + 2 * gamma(2 * k + 4);
  const underflow = (4 * k + 4) * 2 ** -1074;
  for (let i = 0; i < m * n; i++) {
    const reach = nextUp(radius[i]! * inflation + underflow);
    const c = middle[i]!;
    // What looks like zero is zero or has vanished.
    if (c - c === 0 && reach < Infinity && radius[i] !== 0) {
      out.lower[outOffset + i] = addDown(c, -reach);
      out.upper[outOffset + i] = addUp(c, reach);
    } else {
      const [row, column] = [Math.floor(i / n), i % n];
      const [start, step] = transposed ? [column * k, 1] : [column, n];
      carefulDot(a, a.offset + row * k, b, b.offset + start, step, k, out, outOffset + i);
    }
  }
}

/** One entry by interval operations, where an end is infinite, overflows or vanishes. */
function carefulDot(
  a: Factor,
  p: number,
  b: Factor,
  q: number,
  step: number,
  k: number,
  out: Box,
  at: number,
): void {
  let [low, high] = [0, 0];
  for (let i = 0; i < k; i++) {
    const [al, au] = [a.box.lower[p + i]!, a.box.upper[p + i]!];
    const [bl, bu] = [b.box.lower[q + i * step]!, b.box.upper[q + i * step]!];
    low = addDown(low, productDown(al, au, bl, bu));
    high = addUp(high, productUp(al, au, bl, bu));
  }
  out.lower[at] = low;
  out.upper[at] = high;
}

/** A lower bound on the products of numbers of two intervals. */
export function productDown(al: number, au: number, bl: number, bu: number): number {
  if (al >= 0) return bl >= 0 ? multiplyDown(al, bl) : multiplyDown(au, bl);
  if (au <= 0) return bu <= 0 ? multiplyDown(au, bu) : multiplyDown(al, bu);
  if (bl >= 0) return multiplyDown(al, bu);
  if (bu <= 0) return multiplyDown(au, bl);
  return Math.min(multiplyDown(al, bu), multiplyDown(au, bl));
}

/** An upper bound on the products of numbers of two intervals. */
export function productUp(al: number, au: number, bl: number, bu: number): number {
  return -productDown(-au, -al, bl, bu);
}

/** out += A B^T, A `[m, k]`, B `[n, k]`: four rows of B at a time. */
function addDots(a: Float64Array, b: Float64Array, m: number, k: number, n: number, out: Float64Array): void {
  for (let i = 0; i < m; i++) {
    const x = a.subarray(i * k, (i + 1) * k);
    let j = 0;
    for (; j + 3 < n; j += 4) {
      const p = j * k;
      const [q, r, s] = [p + k, p + 2 * k, p + 3 * k];
      let d0 = 0;
      let d1 = 0;
      let d2 = 0;
      let d3 = 0;
      for (let t = 0; t < k; t++) {
        const v = x[t]!;
        d0 += b[p + t]! * v;
        d1 += b[q + t]! * v;
        d2 += b[r + t]! * v;
        d3 += b[s + t]! * v;
      }
      out[i * n + j]! += d0;
      out[i * n + j + 1]! += d1;
      out[i * n + j + 2]! += d2;
      out[i * n + j + 3]! += d3;
    }
    for (; j < n; j++) {
      let d = 0;
      for (let t = 0; t < k; t++) d += b[j * k + t]! * x[t]!;
      out[i * n + j]! += d;
    }
  }
}

/** out += A B, A `[m, k]`, B `[k, n]`: four rows of B at a time; rows with the factor 0 are left out. */
function addRows(a: Float64Array, b: Float64Array, m: number, k: number, n: number, out: Float64Array): void {
  for (let i = 0; i < m; i++) {
    const y = out.subarray(i * n, (i + 1) * n);
    let t = 0;
    for (; t + 3 < k; t += 4) {
      const p = t * n;
      const [q, r, s] = [p + n, p + 2 * n, p + 3 * n];
      const [a0, a1, a2, a3] = [a[i * k + t]!, a[i * k + t + 1]!, a[i * k + t + 2]!, a[i * k + t + 3]!];
      if (a0 === 0 && a1 === 0 && a2 === 0 && a3 === 0) continue;
      for (let j = 0; j < n; j++) {
        y[j]! += a0 * b[p + j]! + a1 * b[q + j]! + a2 * b[r + j]! + a3 * b[s + j]!;
      }
    }
    for (; t < k; t++) {
      const v = a[i * k + t]!;
      if (v === 0) continue;
      for (let j = 0; j < n; j++) y[j]! += v * b[t * n + j]!;
    }
  }
}
