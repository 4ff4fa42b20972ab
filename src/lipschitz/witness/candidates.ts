// Points at which a network may be steep, each with an output direction, and the operator norm of its Jacobian there.
import type { Norm } from '../../guarantee/index.ts';
import { matrix, multiplyTransposed, symmetricEigen } from '../../linalg/index.ts';
import { type Rng, signs } from '../../random/index.ts';
import { dual, length, steepest } from '../norms.ts';
import { joined, type Oracle, rowsOf } from './oracle.ts';

/** A point with the dual norm of the gradient of <u, f> there. */
export interface Candidate {
  readonly point: Float64Array;
  /** Output direction, of unit dual norm. */
  readonly u: Float64Array;
  /** f(point). */
  readonly value: Float64Array;
  readonly gradient: Float64Array;
  readonly stretch: number;
}

/** Jacobians of at most so many rows are computed whole. */
const MOST_ROWS = 32;
/** Most rounds of the power method on the output direction, and operations that they may take; at least a few. */
const POWER_ROUNDS = { most: 50, least: 3, work: 1e10 };

/** The points with their gradients, `us[i]` for the i-th, or one for all. */
export async function evaluated(
  oracle: Oracle,
  points: readonly Float64Array[],
  us: readonly Float64Array[],
  norm: Norm,
): Promise<Candidate[]> {
  if (points.length === 0) return [];
  const { features, outputs } = oracle;
  const directions = points.map((_, i) => us[i % us.length]!);
  const { values, gradients } = await oracle.pull(joined(points), joined(directions));
  return points.map((point, i) => {
    const gradient = gradients.subarray(i * features, (i + 1) * features);
    return {
      point,
      u: directions[i]!,
      value: values.subarray(i * outputs, (i + 1) * outputs),
      gradient,
      stretch: length(gradient, dual(norm)),
    };
  });
}

/** As evaluated(), from random output directions turned towards strong ones, by `rounds` rounds of the power method. */
export async function explored(
  oracle: Oracle,
  points: readonly Float64Array[],
  norm: Norm,
  rng: Rng,
  rounds: number,
): Promise<Candidate[]> {
  if (points.length === 0) return [];
  const { outputs } = oracle;
  if (outputs === 1) return evaluated(oracle, points, [Float64Array.of(1)], norm);
  const random = rowsOf(signs(rng, points.length * outputs), outputs);
  let candidates = await evaluated(
    oracle,
    points,
    random.map((w) => steepest(w, dual(norm))),
    norm,
  );
  for (let round = 0; round < rounds; round++) {
    const next = await evaluated(oracle, points, await images(oracle, candidates, norm), norm);
    candidates = candidates.map((c, i) => (next[i]!.stretch > c.stretch ? next[i]! : c));
  }
  return candidates;
}

/** The candidates with the output direction that makes them steepest, or, of maps into many dimensions, a steep one. */
export async function turned(
  oracle: Oracle,
  candidates: readonly Candidate[],
  norm: Norm,
): Promise<Candidate[]> {
  const { outputs } = oracle;
  if (outputs === 1) return [...candidates];
  if (outputs <= MOST_ROWS) {
    const us = (await jacobians(oracle, pointsOf(candidates))).map((rows) => strongestOutput(rows, norm));
    return better(candidates, await evaluated(oracle, pointsOf(candidates), us, norm));
  }
  let current = [...candidates];
  const allowed = POWER_ROUNDS.work / (7 * oracle.work * candidates.length);
  const rounds = Math.min(POWER_ROUNDS.most, Math.max(POWER_ROUNDS.least, allowed));
  for (let round = 0; round < rounds; round++) {
    const us = await images(oracle, current, norm);
    const next = better(current, await evaluated(oracle, pointsOf(current), us, norm));
    const gained = next.some((c, i) => c.stretch > current[i]!.stretch * (1 + 1e-6));
    current = next;
    if (!gained) break;
  }
  return current;
}

const pointsOf = (candidates: readonly Candidate[]) => candidates.map(({ point }) => point);

function better(before: readonly Candidate[], after: readonly Candidate[]): Candidate[] {
  return before.map((c, i) => (after[i]!.stretch > c.stretch ? after[i]! : c));
}

/** One round of Boyd's power method (1974): v maximises <u, Jv>, then u maximises <u, Jv>. */
async function images(oracle: Oracle, candidates: readonly Candidate[], norm: Norm): Promise<Float64Array[]> {
  const vs = candidates.map(({ gradient }) => steepest(gradient, norm));
  const image = await oracle.push(joined(pointsOf(candidates)), joined(vs));
  return rowsOf(image, oracle.outputs).map((w) => steepest(w, dual(norm)));
}

/** The rows of J(x), for each point. */
async function jacobians(oracle: Oracle, points: readonly Float64Array[]): Promise<Float64Array[][]> {
  const { outputs, features } = oracle;
  const repeated = points.flatMap((point) => new Array<Float64Array>(outputs).fill(point));
  const axes = new Float64Array(repeated.length * outputs);
  for (let i = 0; i < repeated.length; i++) axes[i * outputs + (i % outputs)] = 1;
  const { gradients } = await oracle.pull(joined(repeated), axes);
  const rows = rowsOf(gradients, features);
  return points.map((_, i) => rows.slice(i * outputs, (i + 1) * outputs));
}

/** A u of unit dual norm that maximises the dual norm of J^T u: the operator norm of J. */
export function strongestOutput(rows: readonly Float64Array[], norm: Norm): Float64Array {
  const axis = (at: number) => Float64Array.from(rows, (_, i) => (i === at ? 1 : 0));
  const lengths = Float64Array.from(rows, (row) => length(row, dual(norm)));
  const strongest = lengths.indexOf(lengths.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  if (norm === 'linf' || rows.length === 1 || !lengths.every((v) => Number.isFinite(v)))
    return axis(Math.max(0, strongest));
  if (norm === 'l1') {
    // The norm is the largest sum of a column.
    const sums = rows[0]!.map((_, j) => rows.reduce((sum, row) => sum + Math.abs(row[j]!), 0));
    const column = sums.indexOf(sums.reduce((a, b) => Math.max(a, b), 0));
    return Float64Array.from(rows, (row) => (row[column]! < 0 ? -1 : 1));
  }
  const largest = lengths[strongest]!;
  if (largest === 0) return axis(0);
  const m = rows.length;
  const scaled = matrix(
    m,
    rows[0]!.length,
    joined(rows).map((v) => v / largest),
  );
  const { vectors, values } = symmetricEigen(multiplyTransposed(scaled, scaled));
  const top = values.indexOf(values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  return Float64Array.from({ length: m }, (_, i) => vectors.data[i * m + top]!);
}

/** Steepest first, one of each stretch: equal ones almost surely lie on the same piece. Never empty unless given nothing finite. */
export function distinct(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates.filter((p) => Number.isFinite(p.stretch)).sort((a, b) => b.stretch - a.stretch);
  return sorted.filter((p, i) => i === 0 || p.stretch < sorted[i - 1]!.stretch * (1 - 1e-9));
}
