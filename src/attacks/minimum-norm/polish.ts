// The nearest point of a region of wrong outputs, once a point of it is known: the supporting hyperplane method of Veinott (1967), repeated where the region is not convex.
import type { Stop } from '../../stop.ts';
import { pickRows, rowOf } from '../rows.ts';
import type { LabelRows } from '../task.ts';
import { distance } from '../threat.ts';
import type { Victim } from '../victim.ts';
import { bisect, bisectFromSamples } from './bisect.ts';
import { likeliestBoundaries, linearise, showsAWay } from './boundaries.ts';
import { type HalfSpace, shortestInHalfSpaces } from './half-spaces.ts';
import { stepOntoHyperplane } from './hyperplane.ts';
import { labelsOf, offer, type Search } from './nearest.ts';

/** A round that shortens the distance by less than this share of it is the last. */
const LEAST_GAIN = 5e-4;
const ROUNDS = 10;
const HYPERPLANES = 10;
const HALVINGS = 14;
/** Of the way from the shortest change to the region: the rest of it is left to the linearisation. */
const ROUGH_HALVINGS = 7;
/** Rounds gain less and less: all that are to come, at most this many times what the last one gained. */
const MOST_TO_COME = 3;
/** How far beyond a hyperplane to aim, as a share of the way to it, and how far inside the region to look from. */
const BEYOND = 1e-4;
const INSIDE = 0.05;

/**
 * Shortens the distances of the rows that have a harmful point, until that gains less than 0.05 % in a round, or the next
 * rounds are unlikely to come below the distance `known`, `[rows]`. Each round
 * collects hyperplanes that support the region of wrong outputs, at the boundary points between the shortest change that all
 * hyperplanes so far allow and a point inside the region. Where the region is convex and few pieces of its boundary meet, as
 * at corners of networks of max and ReLU, one round finds its nearest point.
 *
 * Cost per row and round: up to 10 gradients and 110 scores.
 */
export async function polish(
  search: Search,
  rows: readonly number[],
  known: ArrayLike<number>,
  stop: Stop,
): Promise<void> {
  const { distances } = search.nearest;
  await bisectFromSamples(search, rows, HALVINGS, stop);
  let active = rows.filter((row) => distances[row]! < Infinity);
  for (let round = 0; round < ROUNDS && active.length > 0 && !stop(); round++) {
    const before = distances.slice();
    await supportingHyperplanes(search, active, stop);
    await bisectFromSamples(search, active, HALVINGS, stop);
    active = active.filter((row) => {
      const gain = before[row]! - distances[row]!;
      return gain > LEAST_GAIN * before[row]! && distances[row]! - MOST_TO_COME * gain < known[row]!;
    });
  }
}

async function supportingHyperplanes(search: Search, rows: readonly number[], stop: Stop): Promise<void> {
  const { victim, samples, nearest } = search;
  const { features } = victim;
  let active = [...rows];
  let boundary = pickRows(nearest.points, active, features);
  let inside = await pushedInside(search, active);
  const found = new Map<number, HalfSpace[]>(active.map((row) => [row, []]));
  for (let count = 0; count < HYPERPLANES && active.length > 0 && !stop(); count++) {
    const labels = labelsOf(search, active);
    const likeliest = largestGaps(victim, await victim.scores(boundary), labels);
    const { gaps, gradients } = await linearise(victim, boundary, labels, likeliest);
    const aimed = new Float32Array(boundary.length);
    const open = active.map((row, i) => {
      const normal = rowOf(gradients, i, features);
      const origin = rowOf(samples.points, row, features);
      const at = rowOf(boundary, i, features);
      if (!showsAWay(normal)) return false;
      let reach = -gaps[i]!;
      for (let j = 0; j < features; j++) reach += normal[j]! * (at[j]! - origin[j]!);
      reach += BEYOND * Math.abs(reach);
      const halfSpaces = found.get(row)!;
      halfSpaces.push({ normal: Float64Array.from(normal), reach });
      const shortest = shortestChange(search, origin, halfSpaces, nearest.distances[row]!);
      if (!shortest) return false;
      const { change, length } = shortest;
      for (let j = 0; j < features; j++) aimed[i * features + j] = origin[j]! + change[j]!;
      return length < (1 - LEAST_GAIN / 2) * nearest.distances[row]!;
    });
    const places = active.flatMap((_, i) => (open[i] ? [i] : []));
    const tried = pickRows(aimed, places, features);
    const triedRows = places.map((i) => active[i]!);
    const harmful = await offer(search, triedRows, tried);
    // What is harmful is nearest within the hyperplanes known; a new round starts from it.
    const going = places.flatMap((_, i) => (harmful[i] ? [] : [i]));
    active = going.map((i) => triedRows[i]!);
    inside = pickRows(
      inside,
      going.map((i) => places[i]!),
      features,
    );
    boundary = inside.slice();
    await bisect(search, active, pickRows(tried, going, features), boundary, ROUGH_HALVINGS, stop);
  }
}

/** The nearest points pushed on by 5 % of their distance where that stays wrong, `[rows, features]`. */
async function pushedInside(search: Search, rows: readonly number[]): Promise<Float32Array> {
  const { victim, samples, nearest } = search;
  const { features } = victim;
  const points = pickRows(nearest.points, rows, features);
  const origins = pickRows(samples.points, rows, features);
  const pushed = points.map((v, i) => v + INSIDE * (v - origins[i]!));
  const harmful = await offer(search, rows, pushed);
  harmful.forEach((is, i) => {
    if (is) rowOf(points, i, features).set(rowOf(pushed, i, features));
  });
  return points;
}

/** The boundary of each row that is crossed the furthest. */
function largestGaps(victim: Victim, scores: Float32Array, labels: LabelRows): Int32Array {
  return Int32Array.from(likeliestBoundaries(victim, scores, labels, 1), ([first]) => first!);
}

/** The shortest change that all half-spaces and the bounds allow, looked for where it is shorter than `known`. */
function shortestChange(
  { threat: { norm, bounds } }: Search,
  origin: Float32Array,
  halfSpaces: readonly HalfSpace[],
  known: number,
): { readonly change: Float64Array; readonly length: number } | undefined {
  const change = new Float64Array(origin.length);
  const [only] = halfSpaces as [HalfSpace];
  if (halfSpaces.length === 1) {
    const length = stepOntoHyperplane(norm, origin, only.normal, Math.max(0, only.reach), bounds, change);
    return { change, length };
  }
  const low = Float64Array.from(origin, (v) => Math.min(0, Math.max(bounds[0] - v, -known)));
  const high = Float64Array.from(origin, (v) => Math.max(0, Math.min(bounds[1] - v, known)));
  const shortest = shortestInHalfSpaces(norm, halfSpaces, low, high);
  return shortest && { change: shortest, length: distance(norm, change, shortest) };
}
