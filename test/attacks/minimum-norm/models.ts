// Models whose distance to the nearest wrong region is known: linear ones, and the nearest of several centres.
import type { Samples } from '../../../src/attacks/index.ts';
import { distance, oneHot, type Threat } from '../../../src/attacks/index.ts';
import {
  add,
  concat,
  constant,
  graph,
  type InputBounds,
  input,
  type Model,
  matMul,
  modelFrom,
  parameter,
  reduceMax,
  slice,
  tensor,
} from '../../../src/graph/index.ts';
import type { Norm } from '../../../src/guarantee/index.ts';
import { linearPrograms } from './linear-programs.ts';

/** The scores <w_k, x> + b_k, each with the class it counts for; the score of a class is its largest. */
export interface Pieces {
  readonly features: number;
  readonly weights: readonly Float64Array[];
  readonly offsets: readonly number[];
  /** Classes of the pieces: 0, 0, ..., 1, 1, ... */
  readonly classes: readonly number[];
}

/** A 1-nearest-neighbour classifier: |x - c|^2 is least where <c, x> - |c|^2 / 2 is largest. */
export function nearestCentre(
  features: number,
  centres: readonly Float64Array[],
  classes: readonly number[],
): Pieces {
  return {
    features,
    weights: centres,
    offsets: centres.map((c) => Math.fround(-c.reduce((sum, v) => sum + v * v, 0) / 2)),
    classes,
  };
}

export function modelOf({ features, weights, offsets, classes }: Pieces): Model {
  const count = weights.length;
  const w = tensor(
    'float32',
    [features, count],
    Float64Array.from({ length: features * count }, (_, i) => weights[i % count]![Math.floor(i / count)]!),
  );
  const of = parameter('w', w);
  const bias = constant(tensor('float32', [count], Float64Array.from(offsets)));
  return modelFrom('pieces', (batch) => {
    const x = input('x', 'float32', [batch, features]);
    const pieces = add(matMul(x, of), bias);
    const scores = [...new Set(classes)].map((label) => {
      const first = classes.indexOf(label);
      return reduceMax(slice(pieces, [1], [first], [classes.lastIndexOf(label) + 1]), [1], true);
    });
    return graph([x], { y: concat(scores, 1) });
  });
}

export function classAt({ weights, offsets, classes }: Pieces, x: ArrayLike<number>): number {
  const scores = weights.map((w, k) => dot(w, x) + offsets[k]!);
  return classes[scores.indexOf(Math.max(...scores))]!;
}

/** Samples with the labels that the model gives them. */
export function samplesOf(pieces: Pieces, points: Float32Array): Samples {
  const { features, classes } = pieces;
  const labels = Array.from({ length: points.length / features }, (_, i) =>
    classAt(pieces, points.subarray(i * features, (i + 1) * features)),
  );
  return { points, labels: oneHot(labels, new Set(classes).size), ids: labels.map((_, i) => i) };
}

/**
 * The distance from x to the nearest point within the bounds that some piece of another class wins: the least over those pieces of the
 * distance to a polyhedron, by linear programming in l1 and linf and by Dykstra's projections in l2.
 */
export async function exactDistance(
  norm: Norm,
  { weights, offsets, classes }: Pieces,
  x: Float32Array,
  bounds: InputBounds,
): Promise<number> {
  const label = classAt({ features: x.length, weights, offsets, classes }, x);
  const right = classes.flatMap((c, k) => (c === label ? [k] : []));
  const low = Float64Array.from(x, (v) => bounds[0] - v);
  const high = Float64Array.from(x, (v) => bounds[1] - v);
  const regions = classes.flatMap((c, j) => {
    if (c === label) return [];
    const rows = right.map((k) => weights[j]!.map((v, i) => v - weights[k]![i]!));
    const reach = right.map((k, r) => offsets[k]! - offsets[j]! - dot(rows[r]!, x));
    // No nearer than the farthest of its half-spaces.
    const atLeast = Math.max(...rows.map((row, r) => reach[r]! / dualNorm(norm, row)));
    return [{ rows, reach, atLeast }];
  });
  let least = Infinity;
  for (const { rows, reach, atLeast } of regions.sort((a, b) => a.atLeast - b.atLeast)) {
    if (atLeast >= least) break;
    least = Math.min(least, await shortest(norm, rows, reach, low, high));
  }
  return least;
}

/** min ||d|| with rows d >= reach and low <= d <= high. */
export async function shortest(
  norm: Norm,
  rows: readonly Float64Array[],
  reach: readonly number[],
  low: Float64Array,
  high: Float64Array,
): Promise<number> {
  return norm === 'l2' ? dykstra(rows, reach, low, high) : linearPrograms(norm, rows, reach, low, high);
}

function dualNorm(norm: Norm, w: Float64Array): number {
  if (norm === 'l2') return Math.sqrt(dot(w, w));
  const sizes = w.map(Math.abs);
  return norm === 'l1' ? Math.max(...sizes) : sizes.reduce((sum, size) => sum + size, 0);
}

/** |d| of the shortest d with rows d >= reach and low <= d <= high (Boyle and Dykstra 1986); Infinity where there is none. */
function dykstra(
  rows: readonly Float64Array[],
  reach: readonly number[],
  low: Float64Array,
  high: Float64Array,
): number {
  const n = low.length;
  const d = new Float64Array(n);
  const squares = rows.map((row) => dot(row, row));
  const factors = new Float64Array(rows.length);
  const clipped = new Float64Array(n);
  for (let sweep = 0; sweep < 50_000; sweep++) {
    let moved = 0;
    for (let k = 0; k < rows.length; k++) {
      // The correction of a half-space is a multiple of its normal.
      const wanted = (reach[k]! - dot(rows[k]!, d)) / squares[k]!;
      const factor = Math.max(0, factors[k]! + wanted);
      const step = factor - factors[k]!;
      factors[k] = factor;
      moved = Math.max(moved, Math.abs(step) * Math.sqrt(squares[k]!));
      for (let i = 0; i < n; i++) d[i]! += step * rows[k]![i]!;
    }
    for (let i = 0; i < n; i++) {
      const before = d[i]! + clipped[i]!;
      const after = Math.min(Math.max(before, low[i]!), high[i]!);
      moved = Math.max(moved, Math.abs(after - d[i]!));
      clipped[i] = before - after;
      d[i] = after;
    }
    if (moved < 1e-12) return Math.sqrt(dot(d, d));
  }
  return rows.every((row, k) => dot(row, d) >= reach[k]! - 1e-6) ? Math.sqrt(dot(d, d)) : Infinity;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Distances of rows of `[rows, features]`. */
export function distancesOf(
  threat: Threat,
  features: number,
  from: Float32Array,
  to: Float32Array,
): number[] {
  return Array.from({ length: from.length / features }, (_, i) =>
    distance(
      threat.norm,
      from.subarray(i * features, (i + 1) * features),
      to.subarray(i * features, (i + 1) * features),
    ),
  );
}
