// Bisection of segments between a point that the victim gets right and one that it gets wrong.
import type { Stop } from '../../stop.ts';
import { pickRows, rowOf } from '../rows.ts';
import { offer, type Search } from './nearest.ts';

/**
 * Moves each of `outside`, `[rows, features]`, points that are wrong, in place towards the point of `inside`, which is
 * right, until it is within 2^-halvings of their distance of a boundary; it stays wrong. Nearer harmful points on the way
 * are kept. Cost: one score per row and halving.
 */
export async function bisect(
  search: Search,
  rows: readonly number[],
  inside: Float32Array,
  outside: Float32Array,
  halvings: number,
  stop: Stop,
): Promise<void> {
  const { features } = search.victim;
  const from = inside.slice();
  const middle = new Float32Array(outside.length);
  for (let halving = 0; halving < halvings && rows.length > 0 && !stop(); halving++) {
    for (let i = 0; i < middle.length; i++) middle[i] = from[i]! + (outside[i]! - from[i]!) / 2;
    const harmful = await offer(search, rows, middle);
    harmful.forEach((is, i) => {
      const half = rowOf(middle, i, features);
      (is ? outside : from).set(half, i * features);
    });
  }
}

/** Bisects from the samples to the nearest points known, for the rows that have one. */
export async function bisectFromSamples(
  search: Search,
  rows: readonly number[],
  halvings: number,
  stop: Stop,
): Promise<void> {
  const { samples, nearest, victim } = search;
  const found = rows.filter((row) => nearest.distances[row]! < Infinity);
  const inside = pickRows(samples.points, found, victim.features);
  const outside = pickRows(nearest.points, found, victim.features);
  await bisect(search, found, inside, outside, halvings, stop);
}
