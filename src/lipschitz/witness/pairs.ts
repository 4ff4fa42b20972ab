// Pairs of points that prove a Lipschitz constant from below, with all rounding subtracted.
import { invalidArgument, RobustlawError } from '../../errors.ts';
import type { Graph } from '../../graph/index.ts';
import { sizeOf, work } from '../../graph/index.ts';
import {
  type Domain,
  GLOBAL,
  type Norm,
  type Witness,
  type WitnessedLowerBound,
} from '../../guarantee/index.ts';
import type { Box } from '../../intervals/index.ts';
import { addDown, divideDown } from '../../numeric/index.ts';
import { length, lengthEnclosure, separation } from '../norms.ts';
import { enclose } from './enclosure.ts';
import { centreOf, chord, contains, project, type Region, regionOf } from './region.ts';

/** Two points whose quotient bounds a Lipschitz constant from below. */
export type Pair = Extract<Witness, { kind: 'pair' }>;

/**
 * Checks a witness from anywhere: the value that it proves for the function of one sample that `g` defines in real
 * arithmetic, in float64 with all rounding subtracted, by other code than the engine that finds witnesses. A pair proves
 * its quotient ||f(a) - f(b)|| / ||a - b||; a direction at a point proves the quotient of the best pair along it within the
 * domain, which becomes the witness. 0 where rounding leaves nothing.
 *
 * A pair takes two evaluations in intervals, a direction up to 69 (20 for graphs past 10 million operations).
 *
 * @param g a graph with one input and one output, for one sample.
 * @throws shape-mismatch when the points have another length; invalid-argument when they are not finite or lie outside the
 *   domain; unsupported-op for operators without enclosures. Witnessed lower bound.
 */
export function recheck(
  witness: Witness,
  g: Graph,
  norm: Norm = 'l2',
  domain: Domain = GLOBAL,
): WitnessedLowerBound {
  const features = featuresOf(g);
  const region = regionOf(domain, features);
  const points = witness.kind === 'pair' ? [witness.a, witness.b] : [witness.point];
  for (const x of points) {
    requirePoint(x, features);
    if (!contains(region, x)) {
      throw new RobustlawError(
        'invalid-argument',
        `a point of the witness lies outside of the ${domain.kind}; expected both points of a pair, or the point of a direction, inside`,
      );
    }
  }
  if (witness.kind === 'direction') requirePoint(witness.direction, features);
  const pairs = witness.kind === 'pair' ? [witness] : pairsAlong(witness, region, strideOf(g));
  return steepestOf(pairs, g, norm, domain, 'quotient of a given witness');
}

/** The pair that proves most. @param pairs at least one; all in the domain. */
export function steepestOf(
  pairs: readonly Pair[],
  g: Graph,
  norm: Norm,
  domain: Domain,
  method: string,
): WitnessedLowerBound {
  const f = enclose(g);
  const known = new Map<Float64Array, Box>();
  const at = (x: Float64Array): Box => {
    const image = known.get(x) ?? f(x);
    known.set(x, image);
    return image;
  };
  const [first, ...others] = pairs.map((pair) => ({
    pair,
    value: quotient(at(pair.a), at(pair.b), separation(pair.a, pair.b, norm)[1], norm),
  }));
  const best = others.reduce((a, b) => (b.value > a.value ? b : a), first!);
  return {
    kind: 'lower',
    value: best.value,
    witness: best.pair,
    norm,
    domain,
    method,
    arithmetic: 'float64',
  };
}

/** A lower bound on ||f(a) - f(b)|| / ||a - b||. @param distance at least ||a - b||. */
function quotient(fa: Box, fb: Box, distance: number, norm: Norm): number {
  const differences = fa.lower.map((low, i) =>
    positivePart(Math.max(addDown(low, -fb.upper[i]!), addDown(fb.lower[i]!, -fa.upper[i]!))),
  );
  if (!(distance > 0)) return 0;
  return positivePart(divideDown(lengthEnclosure(differences, norm)[0], distance));
}

/** max(x, 0), and 0 for NaN: where float64 overflows, nothing is proven. */
function positivePart(x: number): number {
  return x > 0 ? x : 0;
}

/** Distances of the ends of a pair from its point, in powers of 8 times the size of the point (at least 1). */
const LADDER = Array.from({ length: 25 }, (_, i) => 8 ** (8 - i));

/**
 * Pairs on the line through `point` along `direction`, both ends at all distances of a ladder, or at every `stride`-th, on
 * both sides and from the point to either side; those outside of the region end on its boundary. At a corner of a region
 * most lines have no length, so that the ends of lines through points ever less far inside follow.
 */
export function pairsAlong(
  { point, direction }: { readonly point: Float64Array; readonly direction: Float64Array },
  region: Region,
  stride = 1,
): Pair[] {
  const scale = Math.max(length(point, 'linf'), 1);
  const rungs = (steps: readonly number[]) => steps.filter((_, i) => i % stride === 0);
  const pairs = ladderPairs(point, direction, region, rungs(LADDER.map((h) => h * scale)));
  if (region.kind !== 'global') {
    const centre = centreOf(region, point.length);
    for (const share of rungs(INWARDS)) {
      const inner = project(
        region,
        point.map((p, i) => p + share * (centre[i]! - p)),
      );
      pairs.push(...ladderPairs(inner, direction, region, [Number.MAX_VALUE]).slice(0, 1));
    }
  }
  return pairs.filter((pair) => [pair.a, pair.b].every((x) => x.every((v) => Number.isFinite(v))));
}

/** Shares of the way to the centre of a region. */
const INWARDS = Array.from({ length: 9 }, (_, i) => 8 ** -(i + 1));

/** From before to after, from before to the point, from the point to after, for each step. */
function ladderPairs(
  point: Float64Array,
  direction: Float64Array,
  region: Region,
  steps: readonly number[],
): Pair[] {
  const zero = direction.every((v) => v === 0);
  const [from, to] = zero ? [0, 0] : chord(region, point, direction);
  const at = (t: number) =>
    project(
      region,
      point.map((p, i) => p + t * direction[i]!),
    );
  // All steps past the boundary end there: the shortest of them will do.
  const inner = steps.filter((_, i) => !(steps[i + 1]! >= Math.max(-from, to)));
  return inner.flatMap((h): Pair[] => {
    const [before, after] = [at(Math.max(from, -h)), at(Math.min(to, h))];
    return [
      { kind: 'pair', a: before, b: after },
      { kind: 'pair', a: before, b: point },
      { kind: 'pair', a: point, b: after },
    ];
  });
}

/** Each rung of the ladder for small graphs, every fourth for large ones. */
function strideOf(g: Graph): number {
  return work(g) > 1e7 ? 4 : 1;
}

function requirePoint(x: Float64Array, features: number): void {
  const at = x.findIndex((v) => !Number.isFinite(v));
  if (at >= 0) throw invalidArgument(`coordinate ${at} of a witness`, x[at], 'a finite number');
  if (x.length !== features) {
    throw new RobustlawError(
      'shape-mismatch',
      `a point of the witness has ${x.length} coordinates; the network takes ${features}`,
    );
  }
}

function featuresOf({ inputs, outputs }: Graph): number {
  const count = Object.keys(outputs).length;
  if (inputs.length !== 1 || count !== 1) {
    throw new RobustlawError(
      'unsupported-op',
      `expected a graph with one input and one output; this one has ${inputs.length} and ${count}`,
    );
  }
  return sizeOf(inputs[0]!.shape);
}
