// Values of a function on the plane through three data points, for contour maps.
import { type Dataset, pointCount } from '../data/index.ts';
import type { PlaneSlice } from './result.ts';

/** Points per side of the grid. */
const SIDE = 101;
/** Half the side of the square, in units of the largest distance between the three points and their centre. */
const MARGIN = 1.6;

/** f at N points `[N, d]`; `[N]`, the first output only. */
export type Evaluate = (x: Float64Array) => Promise<Float64Array>;

/**
 * f on a square grid in the plane through three neighbouring data points: the first one, its nearest neighbour with
 * another label (its nearest neighbour where there is none), and the point nearest to both that is not on their line.
 *
 * Values are rounded to five significant digits, which is more than a contour map shows. Undefined where no three points
 * span a plane.
 */
export async function planeSlice(dataset: Dataset, evaluate: Evaluate): Promise<PlaneSlice | undefined> {
  const n = pointCount(dataset);
  const d = dataset.x.length / n;
  const point = (i: number) => Float64Array.from(dataset.x.subarray(i * d, (i + 1) * d));
  const label = (i: number) => dataset.y[i * dataset.outputs]!;
  const chosen = threeNeighbours(n, point, label);
  if (chosen === undefined) return undefined;
  const { indices, e1, e2 } = chosen;
  const corners = indices.map(point);
  const centre = corners[0]!.map((_, k) => corners.reduce((sum, p) => sum + p[k]!, 0) / 3);
  const coordinates = corners.map((p) => {
    const offset = subtract(p, centre);
    return { u: dot(offset, e1), v: dot(offset, e2) };
  });
  const reach = MARGIN * Math.max(...coordinates.map(({ u, v }) => Math.hypot(u, v)));
  const at = (i: number) => reach * ((2 * i) / (SIDE - 1) - 1);
  const grid = new Float64Array(SIDE * SIDE * d);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [u, v] = [at(i % SIDE), at(Math.floor(i / SIDE))];
    for (let k = 0; k < d; k++) grid[i * d + k] = centre[k]! + u * e1[k]! + v * e2[k]!;
  }
  const values = await evaluate(grid);
  return {
    side: SIDE,
    values: Array.from(values, (value) => Number(value.toPrecision(5))),
    extent: [-reach, reach],
    points: coordinates.map(({ u, v }, k) => ({ u, v, label: label(indices[k]!) })),
  };
}

interface Plane {
  readonly indices: readonly [number, number, number];
  /** Orthonormal directions of the plane. */
  readonly e1: Float64Array;
  readonly e2: Float64Array;
}

function threeNeighbours(
  n: number,
  point: (i: number) => Float64Array,
  label: (i: number) => number,
): Plane | undefined {
  const all = Array.from({ length: n }, (_, i) => i);
  const origin = point(0);
  const byDistance = (to: (i: number) => number) => (i: number, j: number) => to(i) - to(j);
  const fromOrigin = (i: number) => norm(subtract(point(i), origin));
  const others = all.filter((i) => fromOrigin(i) > 0);
  const opposite = others.filter((i) => label(i) !== label(0));
  const second = (opposite.length > 0 ? opposite : others).toSorted(byDistance(fromOrigin))[0];
  if (second === undefined) return undefined;
  const e1 = scaled(subtract(point(second), origin));
  const fromBoth = (i: number) => fromOrigin(i) + norm(subtract(point(i), point(second)));
  for (const third of others.toSorted(byDistance(fromBoth))) {
    const offset = subtract(point(third), origin);
    const along = dot(offset, e1);
    const rest = offset.map((value, k) => value - along * e1[k]!);
    if (norm(rest) > 1e-6 * norm(offset)) return { indices: [0, second, third], e1, e2: scaled(rest) };
  }
  return undefined;
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, k) => value - b[k]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

function scaled(a: Float64Array): Float64Array {
  const length = norm(a);
  return a.map((value) => value / length);
}
