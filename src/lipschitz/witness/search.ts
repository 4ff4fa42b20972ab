// Witnessed lower bounds on Lipschitz constants: found with the engine's gradients, proven by other code.
import { invalidArgument } from '../../errors.ts';
import type { Graph, Model } from '../../graph/index.ts';
import { singleSample } from '../../graph/index.ts';
import { type Domain, GLOBAL, type Norm, type WitnessedLowerBound } from '../../guarantee/index.ts';
import type { Box } from '../../intervals/index.ts';
import { integers, type Rng } from '../../random/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import { length, steepest } from '../norms.ts';
import { ascend } from './ascent.ts';
import { type Candidate, distinct } from './candidates.ts';
import { enclose } from './enclosure.ts';
import { createOracle, joined, type Oracle, rowsOf } from './oracle.ts';
import { type Pair, pairsAlong, steepestOf } from './pairs.ts';
import { patternPoints } from './pattern-points.ts';
import { centreOf, contains, isBounded, type Region, regionOf } from './region.ts';
import { uniformIn } from './sampling.ts';
import { createUphill } from './uphill.ts';

export const ASCENT = 'gradient-norm ascent';

/** Given points that the search uses. */
const MOST_STARTS = 256;
/** Candidates that are turned into pairs, and pairs of each that are proven; less where proofs take long. */
const CONFIRMED = 3;
const PROVEN = 3;
const LONG = 1e7;
/** The search ends within this fraction of a known upper bound. */
const CLOSE = 1e-6;

/**
 * The steepest pair of points that gradient-norm ascent finds in the domain. The search uses the engine's
 * gradients; what it returns is proven by recheck(), a separate evaluation with all rounding subtracted. The work of the
 * search is limited to some 1e12 operations: small networks are given all of it that helps (a few thousand gradients), large
 * ones a few starts.
 *
 * @param starts points `[count, features]` where the search starts, usually the data; those outside of the domain are left
 *   out; may be empty.
 * @param ceiling an upper bound that is known: the search ends close to it.
 * @param stop asked after every step.
 * @throws unsupported-op where there is no constant or no way to it: several inputs or outputs, a fixed batch of several
 *   rows, rows that influence each other, operators without derivative or without enclosure; invalid-argument when the
 *   starts do not fit. Witnessed lower bound.
 */
export async function witnessedLowerBound(
  model: Model,
  starts: Float64Array | Float32Array,
  rng: Rng,
  norm: Norm = 'l2',
  domain: Domain = GLOBAL,
  ceiling = Number.POSITIVE_INFINITY,
  stop: Stop = whenDone,
): Promise<WitnessedLowerBound> {
  const oracle = await createOracle(model);
  try {
    const one = singleSample(model);
    const region = regionOf(domain, oracle.features);
    const given = pointsOf(starts, oracle.features).filter((x) => contains(region, x));
    const scale = scaleOf(region, given, rng.split('scale'));
    const patterned = region.kind === 'global' ? patternPoints(one, scale, rng.split('patterns')) : [];
    const found: Candidate[] = [];
    const search = ascend(
      oracle,
      () => createUphill(oracle, region, scale, norm, stop),
      [...patterned, ...sampled(given, MOST_STARTS, rng.split('starts'))],
      region,
      scale,
      rng.split('ascent'),
      norm,
    );
    for await (const candidate of search) {
      // At a kink the engine's gradient may be steeper than any piece.
      const believed = !(candidate.stretch > ceiling * (1 + 100 * oracle.accuracy));
      if (believed) found.push(candidate);
      if ((believed && candidate.stretch >= ceiling * (1 - CLOSE)) || stop()) break;
    }
    return await confirmed(oracle, one, distinct(found), region, norm);
  } finally {
    await oracle.dispose();
  }
}

/** The best pair that comes from the steepest candidates. */
async function confirmed(
  oracle: Oracle,
  one: Graph,
  candidates: readonly Candidate[],
  region: Region,
  norm: Norm,
): Promise<WitnessedLowerBound> {
  const f = enclose(one);
  const pairs: Pair[] = [];
  for (const { point, gradient } of candidates.slice(0, oracle.work > LONG ? 1 : CONFIRMED)) {
    const along = pairsAlong({ point, direction: steepest(gradient, norm) }, region);
    pairs.push(...(await likeliest(oracle, f, along, Math.max(length(point, 'linf'), 1), norm)));
  }
  if (pairs.length === 0) {
    // Every gradient overflows.
    const point = centreOf(region, oracle.features);
    pairs.push({ kind: 'pair', a: point, b: point });
  }
  return steepestOf(pairs, one, norm, region, ASCENT);
}

/**
 * The pairs that should prove most by the engine's values. Their errors are taken for those at points a distance `scale`
 * from each other, which grow in proportion to larger distances: at the middle of a pair, which may be 0, they may vanish.
 */
async function likeliest(
  oracle: Oracle,
  f: (x: Float64Array) => Box,
  pairs: readonly Pair[],
  scale: number,
  norm: Norm,
): Promise<readonly Pair[]> {
  if (pairs.length === 0) return [];
  const points = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
  const values = rowsOf(await oracle.values(joined(points)), oracle.outputs);
  const at = new Map(points.map((x, i) => [x, values[i]!]));
  const measured = pairs.map((pair) => ({
    pair,
    apart: distance(pair.a, pair.b, norm),
    rise: distance(at.get(pair.a)!, at.get(pair.b)!, norm),
  }));
  const typical = measured.reduce((best, next) =>
    Math.abs(Math.log(next.apart / scale)) < Math.abs(Math.log(best.apart / scale)) ? next : best,
  );
  const error = Math.max(widthOf(f(typical.pair.a), norm), widthOf(f(typical.pair.b), norm));
  return measured
    .map(({ pair, apart, rise }) => {
      const proven = (rise - 2 * error * Math.max(1, apart / typical.apart)) / apart;
      return { pair, proven: Number.isFinite(proven) ? proven : Number.NEGATIVE_INFINITY };
    })
    .sort((p, q) => q.proven - p.proven)
    .slice(0, PROVEN)
    .map(({ pair }) => pair);
}

function widthOf({ lower, upper }: Box, norm: Norm): number {
  const width = length(
    lower.map((low, i) => upper[i]! - low),
    norm,
  );
  return Number.isFinite(width) ? width : 0;
}

/** The length of typical inputs, or the distance of typical points of a bounded region from its centre. */
function scaleOf(region: Region, points: readonly Float64Array[], rng: Rng): number {
  if (region.kind === 'global' || !isBounded(region)) return median(points.map((x) => length(x, 'l2'))) || 1;
  const d = centreOf(region, 0).length;
  const centre = centreOf(region, d);
  const inside = rowsOf(uniformIn(region, 16, rng), d);
  return median(inside.map((x) => distance(x, centre, 'l2')));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function distance(a: Float64Array, b: Float64Array, norm: Norm): number {
  return length(
    a.map((v, i) => v - b[i]!),
    norm,
  );
}

function sampled<T>(items: readonly T[], count: number, rng: Rng): readonly T[] {
  if (items.length <= count) return items;
  return [...integers(rng, count, 0, items.length)].map((i) => items[i]!);
}

/** The rows of `[count, features]`, in float64. @throws invalid-argument when they do not fit or are not finite. */
export function pointsOf(points: Float64Array | Float32Array, features: number): Float64Array[] {
  if (points.length % features !== 0) {
    throw invalidArgument('number of coordinates of the starts', points.length, `a multiple of ${features}`);
  }
  if (!points.every((v) => Number.isFinite(v)))
    throw invalidArgument('starts', 'NaN or Infinity', 'finite coordinates');
  return rowsOf(Float64Array.from(points), features);
}
