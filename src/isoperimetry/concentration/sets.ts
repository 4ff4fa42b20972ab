// Sets whose expansions are known in closed form: half-spaces, unions of balls, and what lies outside of boxes.

/** The norms in which expansions are measured here. */
export type ExpansionNorm = 'l2' | 'linf';

/** { x : normal . x <= offset } with the dual norm of `normal` equal to 1: |normal|_2 for l2, |normal|_1 for linf. */
export interface HalfSpace {
  readonly kind: 'half-space';
  /** `[features]`. */
  readonly normal: Float64Array;
  readonly offset: number;
}

/** The union over t of { x : |x - centre_t|_2 <= radius_t }. */
export interface Balls {
  readonly kind: 'balls';
  /** `[balls, features]`. */
  readonly centres: Float64Array;
  /** `[balls]`. */
  readonly radii: Float64Array;
}

/** Boxes { x : |x_j - centre_tj| <= halfWidth_tj for all j }. */
export interface Boxes {
  /** `[boxes, features]`. */
  readonly centres: Float64Array;
  /** `[boxes, features]`. */
  readonly halfWidths: Float64Array;
}

/** { x : the linf distance of x to every box is above `margin` }; without any box, every x. */
export interface OutsideBoxes extends Boxes {
  readonly kind: 'outside boxes';
  readonly margin: number;
}

export type FoundSet = HalfSpace | Balls | OutsideBoxes;

/**
 * Whether a row lies in the closed expansion of the set by epsilon; 0 asks for the set itself. Half-spaces and balls expand
 * to half-spaces and balls. The expansion of what is outside of boxes is what is outside of the boxes grown by margin -
 * epsilon, or less: where grown boxes cover together what none covers alone. Rounding errors of float64 apart, a row outside
 * of the answer is outside of the expansion, also where points are confined to a part of space.
 *
 * @param points `[rows, features]`.
 * @param epsilon for sets outside of boxes at most the margin.
 */
export function inExpansion(
  set: FoundSet,
  epsilon: number,
  points: ArrayLike<number>,
  features: number,
  row: number,
): boolean {
  switch (set.kind) {
    case 'half-space':
      return projection(set.normal, points, row) <= set.offset + epsilon;
    case 'balls':
      return set.radii.some(
        (radius, t) => euclidean(set.centres, t, points, row, features) <= radius + epsilon,
      );
    case 'outside boxes':
      return distanceToBoxes(set, points, features, row) > set.margin - epsilon;
  }
}

/** normal . x of a row. */
export function projection(normal: Float64Array, points: ArrayLike<number>, row: number): number {
  const from = row * normal.length;
  let sum = 0;
  for (let j = 0; j < normal.length; j++) sum += normal[j]! * points[from + j]!;
  return sum;
}

/** |a_i - b_j|_2 for a row of each, at any scale. */
export function euclidean(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
  features: number,
): number {
  const [p, r] = [i * features, j * features];
  let sum = 0;
  for (let k = 0; k < features; k++) sum += (a[p + k]! - b[r + k]!) ** 2;
  if (sum > 1e-200 && sum < 1e200) return Math.sqrt(sum);
  let largest = 0;
  for (let k = 0; k < features; k++) largest = Math.max(largest, Math.abs(a[p + k]! - b[r + k]!));
  if (largest === 0) return 0;
  sum = 0;
  for (let k = 0; k < features; k++) sum += ((a[p + k]! - b[r + k]!) / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** The linf distance of a row to the nearest box; Infinity where there is none. */
export function distanceToBoxes(
  { centres, halfWidths }: Boxes,
  points: ArrayLike<number>,
  features: number,
  row: number,
): number {
  const from = row * features;
  let nearest = Infinity;
  for (let box = 0; box < centres.length && nearest > 0; box += features) {
    let far = 0;
    for (let j = 0; j < features && far < nearest; j++) {
      const outside = Math.abs(points[from + j]! - centres[box + j]!) - halfWidths[box + j]!;
      if (outside > far) far = outside;
    }
    nearest = Math.min(nearest, far);
  }
  return nearest;
}
