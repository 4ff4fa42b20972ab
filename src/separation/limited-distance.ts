// Distances of rows that are given up once they are known to reach a limit.

/** Features summed between two looks at the limit. */
const STRIDE = 16;

type Floats = Float32Array | Float64Array;

/** |x - y|_1 of the rows that begin at a and b, or Infinity once it is known to reach the limit. */
export function sumBelow(points: Floats, a: number, b: number, features: number, limit: number): number {
  let sum = 0;
  for (let k = 0; k < features; ) {
    const end = Math.min(features, k + STRIDE);
    for (; k < end; k++) sum += Math.abs(points[a + k]! - points[b + k]!);
    if (sum >= limit) return Infinity;
  }
  return sum;
}

/** |x - y|_2, or Infinity once it is known to exceed the limit. */
export function euclideanBelow(
  points: Floats,
  a: number,
  b: number,
  features: number,
  limit: number,
): number {
  const most = limit * limit * (1 + 1e-12);
  let sum = 0;
  for (let k = 0; k < features; ) {
    const end = Math.min(features, k + STRIDE);
    for (; k < end; k++) {
      const difference = points[a + k]! - points[b + k]!;
      sum += difference * difference;
    }
    if (sum > most) return Infinity;
  }
  return Math.sqrt(sum);
}

/** |x - y|_infinity, or Infinity once it is known to reach the limit. */
export function largestBelow(points: Floats, a: number, b: number, features: number, limit: number): number {
  let far = 0;
  for (let k = 0; k < features; k++) {
    const difference = Math.abs(points[a + k]! - points[b + k]!);
    if (difference > far) {
      if (difference >= limit) return Infinity;
      far = difference;
    }
  }
  return far;
}
