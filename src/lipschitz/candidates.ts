// Where the search for steep points begins: given points, random ones, middles of steep pairs, far points, and the places
// to which gradients lead.
import type { Norm } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import { integers, normal } from '../random/index.ts';
import { dual, length, steepest } from './norms.ts';
import type { Oracle } from './oracle.ts';

/** A point with the dual norm of the gradient of <u, f> there. */
export interface Candidate {
  readonly point: Float64Array;
  /** Output direction, of unit dual norm. */
  readonly u: Float64Array;
  readonly gradient: Float64Array;
  readonly stretch: number;
}

/** Random points of each kind. */
const RANDOM_STARTS = 64;

/** Candidates for the output direction u, steepest first. */
export async function firstCandidates(
  oracle: Oracle,
  starts: readonly Float64Array[],
  u: Float64Array,
  scale: number,
  rng: Rng,
  norm: Norm,
): Promise<Candidate[]> {
  const d = oracle.features;
  const random = Array.from({ length: RANDOM_STARTS }, (_, i) =>
    normal(rng.split(i), d).map((z) => (z * scale) / Math.sqrt(d)),
  );
  const near = [new Float64Array(d), ...random, ...starts];
  const far = near.slice(0, 2 * RANDOM_STARTS).map((x, i) => x.map((v) => v * 4 ** (1 + (i % 8))));
  const middles = await middlePoints(oracle, near, u, rng.split('pairs'), norm);
  const first = distinct(await evaluated(oracle, [...near, ...far, ...middles], u, norm));
  const led = first.slice(0, RANDOM_STARTS / 4).flatMap(({ gradient, point }) => {
    const v = steepest(gradient, norm);
    return [1, 10, 1e3].flatMap((t) => [
      point.map((p, j) => p + t * scale * v[j]!),
      v.map((c) => t * scale * c),
      v.map((c) => -t * scale * c),
    ]);
  });
  return distinct([...first, ...(await evaluated(oracle, led, u, norm))]);
}

/** The points with their gradients of <u, f>. */
export async function evaluated(
  oracle: Oracle,
  points: readonly Float64Array[],
  u: Float64Array,
  norm: Norm,
): Promise<Candidate[]> {
  if (points.length === 0) return [];
  const d = oracle.features;
  const { gradients } = await oracle.probe(joined(points), u);
  return points.map((point, i) => {
    const gradient = gradients.subarray(i * d, (i + 1) * d);
    return { point, u, gradient, stretch: length(gradient, dual(norm)) };
  });
}

/** Steepest first, one of each stretch: equal ones almost surely lie on the same piece. Never empty unless given nothing finite. */
export function distinct(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates.filter((p) => Number.isFinite(p.stretch)).sort((a, b) => b.stretch - a.stretch);
  return sorted.filter((p, i) => i === 0 || p.stretch < sorted[i - 1]!.stretch * (1 - 1e-9));
}

/** Middles of the random pairs of points with the largest quotients of <u, f>. */
async function middlePoints(
  oracle: Oracle,
  points: readonly Float64Array[],
  u: Float64Array,
  rng: Rng,
  norm: Norm,
): Promise<Float64Array[]> {
  const { values } = await oracle.probe(joined(points), u);
  const [left, right] = ['left', 'right'].map((side) =>
    integers(rng.split(side), 8 * RANDOM_STARTS, 0, points.length),
  ) as [Int32Array, Int32Array];
  return [...left]
    .map((i, pair) => {
      const [a, b] = [points[i]!, points[right[pair]!]!];
      const distance = length(
        a.map((v, c) => v - b[c]!),
        norm,
      );
      const rise = Math.abs(values[i]! - values[right[pair]!]!);
      return { a, b, quotient: distance > 0 ? rise / distance : 0 };
    })
    .sort((p, q) => q.quotient - p.quotient)
    .slice(0, RANDOM_STARTS)
    .map(({ a, b }) => a.map((v, c) => (v + b[c]!) / 2));
}

function joined(points: readonly Float64Array[]): Float64Array {
  const d = points[0]?.length ?? 0;
  const all = new Float64Array(points.length * d);
  for (const [i, x] of points.entries()) all.set(x, i * d);
  return all;
}
