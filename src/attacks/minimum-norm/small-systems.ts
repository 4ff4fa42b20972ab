// Systems of a few linear equations, solved by Gaussian elimination with row pivots.

/** Solves with one matrix for any right-hand side. */
export type SmallSystem = (b: ArrayLike<number>) => Float64Array;

/**
 * The factorised matrix `a`, `[n, n]`; undefined where a pivot is zero or not finite. Cost: O(n^3), then O(n^2) per
 * right-hand side.
 */
export function smallSystem(a: Float64Array, n: number): SmallSystem | undefined {
  const lu = a.slice();
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const at = (i: number, j: number) => lu[order[i]! * n + j]!;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(at(i, k)) > Math.abs(at(best, k))) best = i;
    const moved = order[k]!;
    order[k] = order[best]!;
    order[best] = moved;
    const pivot = at(k, k);
    if (pivot === 0 || !Number.isFinite(pivot)) return undefined;
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / pivot;
      lu[order[i]! * n + k] = factor;
      for (let j = k + 1; j < n; j++) lu[order[i]! * n + j]! -= factor * at(k, j);
    }
  }
  return (b) => {
    const x = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      x[i] = b[order[i]!]!;
      for (let j = 0; j < i; j++) x[i]! -= at(i, j) * x[j]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let j = i + 1; j < n; j++) x[i]! -= at(i, j) * x[j]!;
      x[i]! /= at(i, i);
    }
    return x;
  };
}
