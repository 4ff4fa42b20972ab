// Lipschitz constants of small piecewise linear networks by other means than linear programs: pieces of a line, convex
// polygons of a plane cut one neuron at a time, all patterns of one block.
import type { Norm } from '../../../src/guarantee/index.ts';
import { type Matrix, matrix, singularValues } from '../../../src/linalg/index.ts';
import type { AffineForm, Network } from '../../../src/lipschitz/network/network.ts';
import { length } from '../../../src/lipschitz/norms.ts';

/** ||J|| in float64: largest column sum, singular value, largest row sum. */
export function normOf(j: readonly (readonly number[])[], norm: Norm): number {
  const [rows, columns] = [j.length, j[0]!.length];
  if (norm === 'l2') return singularValues(matrix(rows, columns, Float64Array.from(j.flat())))[0]!;
  if (norm === 'linf') return Math.max(...j.map((r) => r.reduce((s, v) => s + Math.abs(v), 0)));
  return Math.max(...j[0]!.map((_, c) => j.reduce((s, r) => s + Math.abs(r[c]!), 0)));
}

/** An affine form of the input: gradient, then constant. */
type Affine = readonly number[];

function apply(form: AffineForm, values: readonly (readonly Affine[])[], d: number): Affine[] {
  return Array.from({ length: form.rows }, (_, i) => {
    const sum = new Array<number>(d + 1).fill(0);
    sum[d] = form.bias[i]!;
    for (const [k, w] of form.terms) {
      for (let j = 0; j < w.columns; j++) {
        values[k]![j]!.forEach((v, c) => {
          sum[c]! += w.data[i * w.columns + j]! * v;
        });
      }
    }
    return sum;
  });
}

/** What the oracle cuts: a convex piece of the domain. */
interface Geometry<Part> {
  readonly dimension: number;
  readonly middle: (part: Part) => readonly number[];
  /** The parts where the affine function is below and above 0; undefined where nothing of positive size is left. */
  readonly cut: (part: Part, f: Affine) => readonly [Part | undefined, Part | undefined];
}

/** The largest norm over all cells of positive size, cutting part by part, neuron by neuron. */
export function largestOverCells<Part>(
  network: Network,
  start: Part,
  geometry: Geometry<Part>,
  norm: Norm,
): number {
  const { dimension: d, middle, cut } = geometry;
  const at = (f: Affine, x: readonly number[]) => x.reduce((s, v, c) => s + f[c]! * v, f[d]!);
  let largest = 0;
  const visit = (part: Part, values: readonly (readonly Affine[])[]): void => {
    const block = network.blocks[values.length - 1];
    if (!block) {
      const j = apply(network.output, values, d).map((f) => f.slice(0, d));
      largest = Math.max(largest, normOf(j, norm));
      return;
    }
    const z = apply(block.preactivation, values, d);
    let parts: Part[] = [part];
    z.forEach((f, i) => {
      for (const b of block.activations[i]!.pieces!.breakpoints) {
        if (!Number.isFinite(b)) continue;
        const shifted = f.map((v, c) => (c === d ? v - b : v));
        parts = parts.flatMap((p) => cut(p, shifted).filter((q) => q !== undefined));
      }
    });
    for (const p of parts) {
      const x = middle(p);
      const outputs = z.map((f, i) => {
        const { value, pieces } = block.activations[i]!;
        const here = at(f, x);
        const { breakpoints, slopes } = pieces!;
        const slope = slopes[breakpoints.filter((b) => here > b).length]!;
        return f.map((v, c) => (c === d ? value(here) - slope * (here - v) : slope * v));
      });
      visit(p, [...values, outputs]);
    }
  };
  const unit = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d + 1 }, (_, c) => (c === i ? 1 : 0)),
  );
  visit(start, [unit]);
  return largest;
}

/** Pieces of the line, longer than 1e-12. */
export const LINE: Geometry<readonly [number, number]> = {
  dimension: 1,
  middle: ([from, to]) => [(from + to) / 2],
  cut: (part, [slope, constant]) => {
    const [from, to] = part;
    const below = (slope! * (from + to)) / 2 + constant! < 0;
    const root = -constant! / slope!;
    if (!(root > from + 1e-12 && root < to - 1e-12)) return below ? [part, undefined] : [undefined, part];
    const [left, right] = [[from, root] as const, [root, to] as const];
    return slope! > 0 ? [left, right] : [right, left];
  },
};

type Point = readonly [number, number];

/** Convex polygons; those of area below 1e-13 of their diameter squared are dropped. */
export const PLANE: Geometry<readonly Point[]> = {
  dimension: 2,
  middle: (polygon) => {
    const sum = polygon.reduce(([x, y], p) => [x + p[0], y + p[1]] as const, [0, 0] as Point);
    return [sum[0] / polygon.length, sum[1] / polygon.length];
  },
  cut: (polygon, f) => [
    clip(polygon, f),
    clip(
      polygon,
      f.map((v) => -v),
    ),
  ],
};

/** The part of a polygon where f <= 0 (Sutherland and Hodgman 1974). */
function clip(polygon: readonly Point[], [a, b, c]: Affine): readonly Point[] | undefined {
  const at = ([x, y]: Point) => a! * x + b! * y + c!;
  const kept = polygon.flatMap((p, i) => {
    const q = polygon[(i + 1) % polygon.length]!;
    const [fp, fq] = [at(p), at(q)];
    const t = fp / (fp - fq);
    const crossing: Point[] = fp * fq < 0 ? [[p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]] : [];
    return fp <= 0 ? [p, ...crossing] : crossing;
  });
  let area = 0;
  let diameter = 0;
  kept.forEach((p, i) => {
    const q = kept[(i + 1) % kept.length]!;
    area += (p[0] - kept[0]![0]) * (q[1] - kept[0]![1]) - (p[1] - kept[0]![1]) * (q[0] - kept[0]![0]);
    diameter = Math.max(diameter, Math.hypot(p[0] - kept[0]![0], p[1] - kept[0]![1]));
  });
  return Math.abs(area) > 1e-13 * diameter * diameter && diameter > 1e-11 ? kept : undefined;
}

/** Corners of a box of the plane, counterclockwise. */
export const rectangle = (lower: ArrayLike<number>, upper: ArrayLike<number>): Point[] => [
  [lower[0]!, lower[1]!],
  [upper[0]!, lower[1]!],
  [upper[0]!, upper[1]!],
  [lower[0]!, upper[1]!],
];

/** ||f(a) - f(b)|| / ||a - b|| in float64. */
export function quotientOf(network: Network, a: Float64Array, b: Float64Array, norm: Norm): number {
  const [fa, fb] = [evaluate(network, a), evaluate(network, b)];
  const apart = length(
    Float64Array.from(a, (v, i) => v - b[i]!),
    norm,
  );
  return apart === 0
    ? 0
    : length(
        Float64Array.from(fa, (v, i) => v - fb[i]!),
        norm,
      ) / apart;
}

function evaluate({ blocks, output }: Network, x: Float64Array): number[] {
  const values: number[][] = [Array.from(x)];
  const form = ({ terms, bias, rows }: AffineForm) =>
    Array.from({ length: rows }, (_, i) =>
      [...terms].reduce(
        (sum, [k, w]: [number, Matrix]) =>
          sum + values[k]!.reduce((s, v, j) => s + w.data[i * w.columns + j]! * v, 0),
        bias[i]!,
      ),
    );
  for (const { preactivation, activations } of blocks) {
    values.push(form(preactivation).map((z, i) => activations[i]!.value(z)));
  }
  return form(output);
}
