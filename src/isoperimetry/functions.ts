// The functions that are held against the data, all chosen from the training half alone.
import type { Norm } from '../guarantee/index.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import { median } from '../numeric/index.ts';
import { integers, normal, permutation, type Rng, signs } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { deviatingNetwork } from './deviating-networks.ts';
import { principalDirections, type Split, sidesOf, twoMeans } from './directions.ts';
import { type PointSet, setDistances } from './distances.ts';
import type { FunctionFamily, Points } from './family.ts';
import { type Direction, halfSpaceDistances, linearFunctions, sharpened } from './linear.ts';
import { networkFunctions, type SmallNetwork } from './network.ts';
import { column, innerProducts } from './products.ts';
import { randomNetworks } from './random-networks.ts';

const COORDINATES = 16;
const PRINCIPAL = 8;
const RANDOM_DIRECTIONS = 16;
const RANDOM_NETWORKS = 6;
const SINGLE_POINTS = 3;
/** Points of a set; in l1 and linf distances are no products and cost more. */
const SET_SIZE = { l1: 16, l2: 128, linf: 16 } as const;

/**
 * Coordinates of largest variance, principal and random directions, half-spaces, distances to points, to sets and to halves of a
 * 2-means split, random networks and trained ones: some 60 functions. None where all training rows are equal.
 *
 * @param training at least two rows, centred.
 * @param stop ends the training of networks early.
 */
export async function functionsFrom(
  training: Points,
  norm: Norm,
  random: Rng,
  stop: Stop,
): Promise<readonly FunctionFamily[]> {
  const principal = principalDirections(training, PRINCIPAL);
  if (!principal) return [];
  const split = twoMeans(training, principal);
  const leading = sharpened(norm, [
    ...named(principal, (k) => `principal direction ${k + 1}`),
    ...(split ? [{ name: 'the axis of the 2-means split', vector: split.axis }] : []),
  ]);
  const networks: SmallNetwork[] = [];
  for (const deviation of ['variance', 'exponential moment'] as const) {
    if (stop()) break;
    const key = random.split('trained').split(deviation);
    networks.push(await deviatingNetwork(deviation, norm, training, principal, key, stop));
  }
  const families = [
    linearFunctions('coordinates', norm, coordinates(training)),
    linearFunctions('principal directions', norm, leading),
    linearFunctions('random directions', norm, randomDirections(norm, training.features, random)),
    halfSpaceDistances(norm, leading),
    await distances(training, norm, principal, split, random.split('sets')),
    networkFunctions(
      'random networks',
      norm,
      await randomNetworks(RANDOM_NETWORKS, training, random.split('networks')),
    ),
    networkFunctions('trained networks', norm, networks),
  ];
  return families.filter((family) => family !== undefined);
}

function named(vectors: Matrix, name: (k: number) => string): Direction[] {
  return Array.from({ length: vectors.rows }, (_, k) => ({ name: name(k), vector: row(vectors, k) }));
}

/** The coordinates of largest variance on the centred training half, ties to the first. */
function coordinates({ rows, features, data }: Points): Direction[] {
  const squares = new Float64Array(features);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < features; k++) squares[k]! += data[i * features + k]! ** 2;
  }
  return Array.from(squares.keys())
    .filter((k) => squares[k]! > 0)
    .sort((a, b) => squares[b]! - squares[a]! || a - b)
    .slice(0, COORDINATES)
    .map((k) => {
      const vector = new Float64Array(features);
      vector[k] = 1;
      return { name: `coordinate ${k}`, vector };
    });
}

function randomDirections(norm: Norm, features: number, random: Rng): Direction[] {
  const size = RANDOM_DIRECTIONS * features;
  const key = random.split('directions');
  const entries = norm === 'l1' ? signs(key, size) : normal(key, size);
  return named(matrix(RANDOM_DIRECTIONS, features, entries), (k) => `random direction ${k + 1}`);
}

async function distances(
  training: Points,
  norm: Norm,
  principal: Matrix,
  split: Split | undefined,
  random: Rng,
): Promise<FunctionFamily | undefined> {
  const size = SET_SIZE[norm];
  const order = permutation(random.split('order'), training.rows);
  const along = column(await innerProducts(training, principal), 0);
  const middle = median(along);
  const sides = split && sidesOf(training, split);
  const where = (kept: (i: number) => boolean) => order.filter(kept).subarray(0, size);
  const candidates: readonly (readonly [string, Int32Array])[] = [
    ...Array.from(
      integers(random.split('points'), SINGLE_POINTS, 0, training.rows),
      (i, k) => [`training row ${k + 1} of the chosen`, Int32Array.of(i)] as const,
    ),
    ['some training rows', order.subarray(0, size)],
    ['training rows in the lower half of principal direction 1', where((i) => along[i]! < middle)],
    ['the first half of the 2-means split', where((i) => sides?.[i] === 0)],
    ['the second half of the 2-means split', where((i) => sides?.[i] === 1)],
  ];
  const centre = { rows: 1, features: training.features, data: new Float64Array(training.features) };
  const sets: PointSet[] = [
    { name: 'the mean of the training half', points: centre },
    ...candidates
      .filter(([, members]) => members.length > 0)
      .map(([name, members]) => ({ name, points: rowsOf(training, members) })),
  ];
  const last = sets.length - 1;
  return setDistances(norm, sets, split ? [[last - 1, last]] : []);
}

/** The chosen rows. */
export function rowsOf({ features, data }: Points, rows: ArrayLike<number>): Points {
  const chosen = new Float64Array(rows.length * features);
  for (let at = 0; at < rows.length; at++) {
    chosen.set(data.subarray(rows[at]! * features, (rows[at]! + 1) * features), at * features);
  }
  return { rows: rows.length, features, data: chosen };
}
