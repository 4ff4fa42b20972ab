// Where the search for steep points begins: given points, random ones, middles of steep pairs, far points, and the places
// to which gradients lead.
import type { Norm } from '../../guarantee/index.ts';
import { integers, normal, type Rng, signs } from '../../random/index.ts';
import { length, steepest } from '../norms.ts';
import { type Candidate, distinct, evaluated, explored } from './candidates.ts';
import type { Oracle } from './oracle.ts';
import { centreOf, isBounded, project, type Region } from './region.ts';
import { uniformIn } from './sampling.ts';

/** Rounds of the power method at each point, for networks with several outputs. */
const ROUNDS = 2;

/** Scales to look at: the asymptotic cells far out, and the surroundings of 0, where normalisation layers are steep. */
const ELSEWHERE = [4, 4 ** 2, 4 ** 3, 4 ** 4, 4 ** -2, 4 ** 5, 4 ** 6, 4 ** -4, 4 ** 7, 4 ** 8, 4 ** -6];

/**
 * First candidates, steepest first.
 *
 * @param starts points of the region. @param scale the length of typical inputs, or of the region.
 * @param count random points of each kind.
 */
export async function firstCandidates(
  oracle: Oracle,
  starts: readonly Float64Array[],
  region: Region,
  scale: number,
  count: number,
  rng: Rng,
  norm: Norm,
): Promise<Candidate[]> {
  const d = oracle.features;
  const look = (points: readonly Float64Array[], name: string) =>
    explored(oracle, points, norm, rng.split(name), ROUNDS);
  const centre = centreOf(region, d);
  const given = [centre, ...starts].map((x, i) => moved(x, region, scale, rng.split('moved').split(i)));
  const near = [...randomPoints(region, centre, scale, count, rng.split('random')), ...given];
  const first = await look(near, 'near');
  const far =
    region.kind === 'global'
      ? near.slice(0, 2 * count).map((x, i) => x.map((v) => v * ELSEWHERE[i % ELSEWHERE.length]!))
      : [];
  const middles = middlePoints(first, count, rng.split('pairs'), norm);
  const second = distinct([...first, ...(await look([...far, ...middles], 'far'))]);
  const strides = region.kind === 'global' ? [1, 10, 1e3] : [0.1, 1, 10];
  const led = second.slice(0, Math.ceil(count / 4)).flatMap(({ gradient, point, u }) => {
    const v = steepest(gradient, norm);
    return strides.flatMap((t) =>
      [
        point.map((p, j) => p + t * scale * v[j]!),
        centre.map((c, j) => c + t * scale * v[j]!),
        centre.map((c, j) => c - t * scale * v[j]!),
      ].map((x) => ({ x: project(region, x), u })),
    );
  });
  return distinct([
    ...second,
    ...(await evaluated(
      oracle,
      led.map(({ x }) => x),
      led.map(({ u }) => u),
      norm,
    )),
  ]);
}

/**
 * A point so little away that it is as good, but off the kinks: at the origin and at data with equal entries many neurons
 * are at their kinks and many maxima are tied, where the engine's gradients need not be those of any piece.
 */
function moved(x: Float64Array, region: Region, scale: number, rng: Rng): Float64Array {
  const noise = normal(rng, x.length);
  const stride = (AWAY * scale) / Math.sqrt(x.length);
  return project(
    region,
    x.map((v, j) => v + stride * noise[j]!),
  );
}

/** In units of the scale; float32 tells points apart at this distance. */
const AWAY = 1e-5;

/** Gaussian points of the typical length, those of a bounded region uniform in it, and a third of those at its corners. */
function randomPoints(
  region: Region,
  centre: Float64Array,
  scale: number,
  count: number,
  rng: Rng,
): Float64Array[] {
  const d = centre.length;
  const at = (i: number) => rng.split(i);
  if (region.kind === 'global' || !isBounded(region)) {
    return Array.from({ length: count }, (_, i) =>
      project(
        region,
        normal(at(i), d).map((z, j) => centre[j]! + (z * scale) / Math.sqrt(d)),
      ),
    );
  }
  return Array.from({ length: count }, (_, i) => {
    const inside = uniformIn(region, 1, at(i));
    if (i % 3 > 0) return project(region, inside);
    if (region.kind === 'box') {
      const side = signs(at(i).split('corner'), d);
      return side.map((s, j) => (s > 0 ? region.upper[j]! : region.lower[j]!));
    }
    // Far outside in the same direction, then back to the boundary.
    return project(
      region,
      inside.map((v, j) => centre[j]! + 2 ** 20 * (v - centre[j]!)),
    );
  });
}

/** Middles of the random pairs of candidates with the largest quotients. */
function middlePoints(candidates: readonly Candidate[], count: number, rng: Rng, norm: Norm): Float64Array[] {
  const [left, right] = ['left', 'right'].map((side) =>
    integers(rng.split(side), 8 * count, 0, candidates.length),
  ) as [Int32Array, Int32Array];
  return [...left]
    .map((i, pair) => {
      const [a, b] = [candidates[i]!, candidates[right[pair]!]!];
      const apart = distance(a.point, b.point, norm);
      return { a, b, quotient: apart > 0 ? distance(a.value, b.value, norm) / apart : 0 };
    })
    .sort((p, q) => q.quotient - p.quotient)
    .slice(0, count)
    .map(({ a, b }) => a.point.map((v, c) => v / 2 + b.point[c]! / 2));
}

function distance(a: Float64Array, b: Float64Array, norm: Norm): number {
  return length(
    a.map((v, i) => v - b[i]!),
    norm,
  );
}
