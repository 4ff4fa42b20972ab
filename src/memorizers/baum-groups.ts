// Choosing the groups of Baum's memorizer: hyperplanes through d points each, as far as possible from all others.
import { RobustlawError } from '../errors.ts';
import {
  cholesky,
  choleskySolve,
  gram,
  type Matrix,
  matrix,
  multiplyVector,
  multiplyVectorTransposed,
  row,
} from '../linalg/index.ts';
import { normal, permutation, type Rng } from '../random/index.ts';
import { labelScale, type Sample } from './sample.ts';

/** The slab |u . x - b| <= halfWidth of one group, on which g(x) = v . x + c. */
export interface Spike {
  readonly members: readonly number[];
  readonly u: Float64Array;
  readonly b: number;
  readonly v: Float64Array;
  readonly c: number;
  readonly delta: number;
  readonly halfWidth: number;
}

/** Candidates tried for each group, as far as the work allows. */
const CANDIDATES = 64;
/** Multiply-adds to spend on candidates: about two seconds. */
const WORK = 2e9;

/**
 * ceil(n/d) groups of nearly equal size. Each is the candidate of largest delta among random subsets of the points that
 * are left; the last two are split together.
 *
 * @throws construction-impossible when no choice was in general position to working precision.
 */
export function bestGroups(sample: Sample, rng: Rng): Spike[] {
  const { rows: n, columns: d } = sample.points;
  const count = Math.ceil(n / d);
  const size = n / count;
  const costOfOne = size * size * (d + size) + 2 * n * d;
  const candidates = Math.max(2, Math.min(CANDIDATES, Math.floor(WORK / (costOfOne * count))));
  let rest = Array.from({ length: n }, (_, i) => i);
  const spikes: Spike[] = [];
  while (rest.length > 0) {
    const left = count - spikes.length;
    const take = Math.ceil(rest.length / left);
    const keys = Array.from({ length: left === 1 ? 1 : candidates }, (_, t) =>
      rng.split(spikes.length).split(t),
    );
    const tried = keys.flatMap((key) => {
      const order = candidateOrder(sample.points, rest, key);
      const parts = left === 2 ? [order.slice(0, take), order.slice(take)] : [order.slice(0, take)];
      const found = parts.map((part, k) => spike(sample, part, key.split('normal').split(k)));
      return found.every((s) => s !== undefined) ? [found] : [];
    });
    const narrowest = (group: readonly Spike[]) => Math.min(...group.map((s) => s.delta));
    const best = tried.reduce((a, b) => (narrowest(b) > narrowest(a) ? b : a), tried[0]!);
    if (best === undefined) {
      throw new RobustlawError(
        'construction-impossible',
        `the points are not in general position: no ${take} of the remaining ${rest.length} span a hyperplane ` +
          'that misses all other points; perturb the points or remove dependent features',
      );
    }
    spikes.push(...best);
    const used = new Set(best.flatMap((s) => s.members));
    rest = rest.filter((i) => !used.has(i));
  }
  return spikes;
}

/** Half of the candidates are random subsets, half are neighbours along a random direction. */
function candidateOrder(points: Matrix, rest: readonly number[], key: Rng): number[] {
  const shuffled = Array.from(permutation(key, rest.length), (place) => rest[place]!);
  const direction = normal(key, points.columns);
  if (direction[0]! < 0) return shuffled;
  const position = multiplyVector(points, direction);
  return shuffled.sort((i, j) => position[i]! - position[j]!);
}

/**
 * The widest slab through these points, or undefined when they are affinely dependent or another point is on their
 * hyperplane.
 */
function spike(sample: Sample, members: readonly number[], key: Rng): Spike | undefined {
  const { points, labels } = sample;
  const d = points.columns;
  const base = row(points, members[0]!);
  const span = rowSpace(points, members);
  if (span === undefined) return undefined;
  const rises = Float64Array.from(members.slice(1), (i) => labels.data[i]! - labels.data[members[0]!]!);
  const v = span.leastNorm(rises);
  const c = labels.data[members[0]!]! - dot(v, base);
  const u = unitNormal(span, normal(key, d));
  if (u === undefined) return undefined;
  const b = dot(u, base);

  const own = new Set(members);
  const heights = multiplyVector(points, u);
  const values = multiplyVector(points, v);
  let margin = Number.POSITIVE_INFINITY;
  let unevenness = 0;
  let largestValue = 0;
  let extent = 0;
  for (let j = 0; j < points.rows; j++) {
    const height = Math.abs(heights[j]! - b);
    if (own.has(j)) unevenness = Math.max(unevenness, height);
    else {
      margin = Math.min(margin, height);
      largestValue = Math.max(largestValue, Math.abs(values[j]! + c));
    }
    extent = Math.max(extent, Math.abs(heights[j]!), height);
  }
  const largestLabel = labelScale(labels);
  if (!(margin > 1e-12 * extent)) return undefined;
  const usable = 0.9 * (Number.isFinite(margin) ? margin : extent === 0 ? 1 : extent) - 2 * unevenness;
  // Inside the slab the label must not tip over its edge, outside v . x + c must not: s > delta |y|, mu - s > delta
  // |v . x + c|.
  const room = largestLabel + largestValue;
  if (!(usable > 0)) return undefined;
  if (room === 0) return { members, u, b, v, c, delta: usable, halfWidth: usable / 2 };
  const delta = usable / room;
  return { members, u, b, v, c, delta, halfWidth: unevenness + 1.05 * delta * largestLabel };
}

/** The span of x_i - x_0 over the members: its shortest solutions and its orthogonal complement. */
interface RowSpace {
  /** The shortest v with v . (x_i - x_0) = r_i. */
  readonly leastNorm: (r: Float64Array) => Float64Array;
  /** w without its part in the span. */
  readonly complement: (w: Float64Array) => Float64Array;
}

function rowSpace(points: Matrix, members: readonly number[]): RowSpace | undefined {
  const d = points.columns;
  const base = row(points, members[0]!);
  if (members.length === 1) {
    return { leastNorm: () => new Float64Array(d), complement: (w) => w.slice() };
  }
  const differences = matrix(members.length - 1, d);
  members.slice(1).forEach((i, place) => {
    row(differences, place).set(row(points, i).map((t, k) => t - base[k]!));
  });
  const factor = independentFactor(differences);
  if (factor === undefined) return undefined;
  const refined = (r: Float64Array, passes: number) => {
    const solution = new Float64Array(d);
    for (let pass = 0; pass < passes; pass++) {
      const reached = multiplyVector(differences, solution);
      const missing = r.map((t, i) => t - reached[i]!);
      const step = multiplyVectorTransposed(differences, choleskySolve(factor, missing));
      for (let k = 0; k < d; k++) solution[k]! += step[k]!;
    }
    return solution;
  };
  return {
    leastNorm: (r) => refined(r, 3),
    complement: (w) => {
      const part = refined(multiplyVector(differences, w), 3);
      return w.map((t, k) => t - part[k]!);
    },
  };
}

/** The Cholesky factor of A A^T, or undefined where the rows are dependent to working precision. */
function independentFactor(a: Matrix): Matrix | undefined {
  const products = gram(a);
  let factor: Matrix;
  try {
    factor = cholesky(products);
  } catch {
    return undefined;
  }
  for (let i = 0; i < a.rows; i++) {
    const pivot = factor.data[i * a.rows + i]! ** 2;
    if (!(pivot > (a.rows + a.columns) * 2 ** -50 * products.data[i * a.rows + i]!)) return undefined;
  }
  return factor;
}

/** A unit vector orthogonal to the span, along the part of w that is; undefined if the span is everything. */
function unitNormal(span: RowSpace, w: Float64Array): Float64Array | undefined {
  const before = Math.sqrt(dot(w, w));
  const first = span.complement(w);
  if (!(Math.sqrt(dot(first, first)) > 1e-10 * before)) return undefined;
  // Once more on a unit vector: what is left of the span is rounding of rounding.
  const second = span.complement(unit(first));
  return unit(second);
}

function unit(x: Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, x));
  return x.map((t) => t / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, t, k) => sum + t * b[k]!, 0);
}
