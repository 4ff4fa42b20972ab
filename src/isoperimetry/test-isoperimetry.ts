// Test of c-isoperimetry (Bubeck and Sellke 2021, Definition 1.1) on data, overall and per component of a mixture.
import { invalidArgument, requireInteger } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import { permutation, type Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { principalDirections, sidesOf, twoMeans } from './directions.ts';
import type { Points } from './family.ts';
import { frameOf, standardised } from './frame.ts';
import type { IsoperimetryTest, SampleIsoperimetry } from './result.ts';
import { type SampleName, testSample } from './sample.ts';

/** Differences of larger numbers may overflow. */
const LARGEST = 1e300;
/** Rows of one sample, half of them for the choice of functions. */
const MOST_ROWS = 10_000;
/** Groups with a result of their own. */
const MOST_GROUPS = 32;
/** Rows of the training half that the two clusters are found from. */
const CLUSTER_ROWS = 5000;

/**
 * Does mu satisfy c-isoperimetry, i.e. P(|f(x) - E f| >= t) <= 2 exp(-d t^2 / (2 c L^2)) for every bounded L-Lipschitz f and t >= 0?
 * Data can refute it, not prove it. A random half of the rows chooses some 60 functions with certified constants at most 1
 * (coordinates, principal and random directions, half-spaces, distances to sets, random and trained networks), thresholds and the
 * scale s, s^2 = E|x - Ex|^2 in the given norm; c refers to x / s, so that c = 1 for N(0, I/d), 1 + 1/(d - 1) for the unit sphere, and
 * c is of the order of d for two distant clusters or data on a line. The other half counts: from lower bounds on the probabilities of
 * a lower and an upper tail of one function follows a lower bound on c whatever its mean (`constantOfTails`).
 *
 * `refutedBelow`: with 95 % confidence over all functions and thresholds of a sample, for independent rows of any law (copies of rows
 * are taken for independent rows). The statement per group has its own 95 % and its own scale. Even for a Gaussian and any number of rows it stays below 1, because 2 exp(-z^2/2)
 * is above the Gaussian tail: some 0.55 at 5000 held-out rows. `transport` has no such gap.
 *
 * What is not refuted is not proven: on the corners of a cube the distance to half of them fluctuates at d^(-1/4), c of the order of
 * sqrt d (Talagrand 1988), and no function tried here comes near it; in l1, where bounded differences give c = 1, there is none such.
 *
 * Cost: some 700 products of rows and vectors for each of at most 10,000 rows of each of at most 33 samples; memory two copies of
 * those rows in float64.
 *
 * @param points `[rows, features]`.
 * @param groups a number for each row, e.g. its class; undefined looks for two clusters by 2-means on the training half.
 * @param norm in which the functions are 1-Lipschitz.
 * @param stop ends the work: networks are no longer trained, groups not begun are left out.
 * @param observe told how many samples of how many are done.
 * @throws RobustlawError `invalid-argument` for no rows, a number that is not finite or above 1e300, a group that is no finite
 *   number, or lengths that differ.
 */
export async function testIsoperimetry(
  points: Float32Array | Float64Array,
  features: number,
  groups: ArrayLike<number> | undefined,
  norm: Norm,
  random: Rng,
  stop: Stop,
  observe: (done: number, total: number) => void,
): Promise<IsoperimetryTest> {
  const count = rowsIn(points, features);
  if (groups && groups.length !== count) {
    throw invalidArgument('number of groups', groups.length, `${count}, one for each row`);
  }
  for (let row = 0; groups && row < count; row++) {
    if (!Number.isFinite(groups[row])) {
      throw invalidArgument(`group of row ${row} (counted from 0)`, groups[row], 'a finite number');
    }
  }
  const halves = twoHalves(count, random);
  const rowsOf = (rows: Int32Array) => take(points, features, rows.subarray(0, MOST_ROWS >> 1));
  const sample = (called: SampleName, { training, heldOut }: Halves, key: Rng) =>
    testSample(called, rowsOf(training), rowsOf(heldOut), norm, key, stop);

  const label = groups ? (row: number) => groups[row]! : clusterOf(points, features, halves.training);
  const parts = label ? partsOf(halves, label) : [];
  const used = parts.slice(0, MOST_GROUPS);
  const total = 1 + used.length;
  observe(0, total);
  const overall = await sample({ name: 'all rows' }, halves, random.split('all'));
  const results: SampleIsoperimetry[] = [];
  for (const { group, halves: own } of used) {
    observe(1 + results.length, total);
    if (stop()) break;
    const name = groups ? `group ${group}` : `cluster ${group + 1}`;
    results.push(await sample({ name, group }, own, random.split('group').split(group)));
  }
  observe(1 + results.length, total);
  return {
    norm,
    overall,
    origin: groups ? 'given' : 'found',
    groups: results,
    leftOut: parts.length - results.length,
  };
}

/**
 * The same test of all rows together, in a norm, without groups: with c and the scale in that norm it asks whether functions that
 * are 1-Lipschitz in it concentrate, which is what the proof of the law needs of a norm. In linf c = d Var / E|x - Ex|_inf^2 for
 * the widest coordinate of a Gaussian, of the order of d / (2 log d): dimension in linf is small even for the best of laws.
 *
 * Cost: that of one sample.
 *
 * @throws RobustlawError `invalid-argument` as `testIsoperimetry`.
 */
export async function testTogether(
  points: Float32Array | Float64Array,
  features: number,
  norm: Norm,
  random: Rng,
  stop: Stop,
): Promise<SampleIsoperimetry> {
  const { training, heldOut } = twoHalves(rowsIn(points, features), random);
  const rowsOf = (rows: Int32Array) => take(points, features, rows.subarray(0, MOST_ROWS >> 1));
  return testSample({ name: 'all rows' }, rowsOf(training), rowsOf(heldOut), norm, random.split('all'), stop);
}

/** How many rows there are; throws where numbers are not what they must be. */
function rowsIn(points: Float32Array | Float64Array, features: number): number {
  requireInteger('features', features);
  const count = points.length / features;
  requireInteger('rows', count);
  points.forEach((value, at) => {
    if (!(Math.abs(value) <= LARGEST)) {
      const place = `feature ${at % features} of row ${Math.floor(at / features)} (counted from 0)`;
      throw invalidArgument(place, value, `a finite number of size at most ${LARGEST}`);
    }
  });
  return count;
}

function twoHalves(count: number, random: Rng): Halves {
  const order = permutation(random.split('halves'), count);
  return { training: order.subarray(0, count >> 1), heldOut: order.subarray(count >> 1) };
}

interface Halves {
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
}

/** The same halves, divided by the labels of their rows; largest first, ties to the smaller label. */
function partsOf(halves: Halves, label: (row: number) => number): { group: number; halves: Halves }[] {
  const members = new Map<number, { training: number[]; heldOut: number[] }>();
  for (const half of ['training', 'heldOut'] as const) {
    for (const row of halves[half]) {
      const group = label(row);
      const own = members.get(group) ?? { training: [], heldOut: [] };
      members.set(group, own);
      own[half].push(row);
    }
  }
  return [...members]
    .map(([group, { training, heldOut }]) => ({
      group,
      halves: { training: Int32Array.from(training), heldOut: Int32Array.from(heldOut) },
    }))
    .sort((a, b) => sizeOf(b.halves) - sizeOf(a.halves) || a.group - b.group);
}

function sizeOf({ training, heldOut }: Halves): number {
  return training.length + heldOut.length;
}

/** The cluster of a row, 0 or 1, by 2-means on the training half, so that held-out rows of a cluster remain independent. */
function clusterOf(
  points: ArrayLike<number>,
  features: number,
  training: Int32Array,
): ((row: number) => number) | undefined {
  if (training.length < 2) return undefined;
  const some = take(points, features, training.subarray(0, CLUSTER_ROWS));
  const frame = frameOf(some, 'l2');
  if (!frame) return undefined;
  const known = standardised(some, frame);
  const split = twoMeans(known, principalDirections(known, 1));
  if (!split) return undefined;
  return (row) => sidesOf(standardised(take(points, features, [row]), frame), split)[0]!;
}

function take(points: ArrayLike<number>, features: number, rows: ArrayLike<number>): Points {
  const data = new Float64Array(rows.length * features);
  for (let i = 0; i < rows.length; i++) {
    for (let k = 0; k < features; k++) data[i * features + k] = points[rows[i]! * features + k]!;
  }
  return { rows: rows.length, features, data };
}
