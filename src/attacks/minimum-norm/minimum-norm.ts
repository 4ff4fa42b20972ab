// The nearest harmful point that several searches find: FAB towards each likely class and from random starts, and a polish of what it finds.
import { type Rng, uniform } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import type { Attack } from '../attack.ts';
import { pickRows, rowOf } from '../rows.ts';
import { randomStarts } from '../steps.ts';
import { boundaryCount, likeliestBoundaries } from './boundaries.ts';
import { fastAdaptiveBoundary, towards } from './fab.ts';
import { labelsOf, type Nearest, nothingFound, type Search, unfinished, withinRadius } from './nearest.ts';
import { polish } from './polish.ts';

const TARGETS = 9;
const ITERATIONS = 30;
const RESTARTS = 20;
const RESTART_ITERATIONS = 10;
/** Random starts are at this share of the distance known. */
const [NEAR, FAR] = [0.5, 2];
/** Up to this multiple of the distance known, and not within this share of it, what a search finds is worth polishing. */
const PROMISING = 1.5;
const SAME = 1e-3;

/**
 * The nearest harmful point: targeted FAB from the sample towards the 9 likeliest boundaries, 30 iterations each, then FAB
 * from 20 random starts around it, at half to twice the distance known, towards the boundary that is likeliest there, 10
 * iterations each. What comes near the distance known is polished: supporting hyperplanes of the region of wrong outputs
 * lead to its nearest point where few of them meet there. Any norm and task. With a finite radius a row is done
 * once a harmful point within it is known.
 *
 * Guarantee: an upper bound on the distance, by a harmful point. On linear models and on nearest-centre classifiers it
 * exceeds the exact distance by about 1e-4; a region that no start leads to is missed (5 in 2160 rows of random such models).
 *
 * Cost per row: at most 470 gradients and as many scores before polishing, and up to 10 gradients and 110 scores per round
 * of polishing, of which the searches that come near take one or two each.
 */
export const minimumNorm: Attack = {
  name: 'minimum norm',
  access: 'white-box',
  async run(victim, samples, threat, random, stop) {
    const search: Search = { victim, samples, threat, nearest: nothingFound(samples) };
    const scores = await victim.scores(samples.points);
    const targets = likeliestBoundaries(victim, scores, samples.labels, TARGETS);
    for (let rank = 0; rank < Math.min(TARGETS, boundaryCount(victim)) && !stop(); rank++) {
      const rows = unfinished(search);
      const starts = pickRows(samples.points, rows, victim.features);
      await searchFrom(
        search,
        rows,
        starts,
        rows.map((row) => targets[row]![rank]!),
        ITERATIONS,
        stop,
      );
    }
    for (let restart = 0; restart < RESTARTS && !stop(); restart++) {
      const rows = unfinished(search);
      const starts = startsAround(search, rows, random.split(restart));
      const likeliest = likeliestBoundaries(victim, await victim.scores(starts), labelsOf(search, rows), 1);
      await searchFrom(
        search,
        rows,
        starts,
        likeliest.map(([first]) => first!),
        RESTART_ITERATIONS,
        stop,
      );
    }
    return withinRadius(search);
  },
};

/** FAB from `starts`, polished where promising; what is nearer is kept. */
async function searchFrom(
  search: Search,
  rows: readonly number[],
  starts: Float32Array,
  boundaries: readonly number[],
  iterations: number,
  stop: Stop,
): Promise<void> {
  const { distances } = search.nearest;
  const own: Search = { ...search, nearest: nothingFound(search.samples) };
  const boundaryOf = new Int32Array(distances.length);
  rows.forEach((row, i) => {
    boundaryOf[row] = boundaries[i]!;
  });
  await fastAdaptiveBoundary(own, rows, starts, towards(own, boundaryOf), iterations, stop);
  const promising = rows.filter((row) => {
    const ratio = own.nearest.distances[row]! / distances[row]!;
    return !(ratio > PROMISING) && !(Math.abs(ratio - 1) < SAME);
  });
  await polish(own, promising, distances, stop);
  keepNearer(search, own.nearest);
}

function keepNearer({ nearest, victim: { features } }: Search, found: Nearest): void {
  found.distances.forEach((far, row) => {
    if (!(far < nearest.distances[row]!)) return;
    nearest.distances[row] = far;
    nearest.points.set(rowOf(found.points, row, features), row * features);
  });
}

function startsAround(search: Search, rows: readonly number[], random: Rng): Float32Array {
  const { victim, samples, threat } = search;
  const { features } = victim;
  const starts = pickRows(samples.points, rows, features);
  rows.forEach((row, i) => {
    const key = random.split(samples.ids[row]!);
    const share = uniform(key.split('share'), 1, NEAR, FAR)[0]!;
    const radius = share * scaleAround(search, row);
    const origin = rowOf(samples.points, row, features);
    const around = randomStarts({ ...threat, radius }, origin, [key.split('start')], features);
    rowOf(starts, i, features).set(around);
  });
  return starts;
}

/** The distance known, the radius, or else the size of the inputs: whatever is finite first. */
function scaleAround({ nearest, threat, samples, victim }: Search, row: number): number {
  const width = threat.bounds[1] - threat.bounds[0];
  const entries = rowOf(samples.points, row, victim.features);
  const size = entries.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;
  return [nearest.distances[row]!, threat.radius, width, size].find((scale) => scale < Infinity)!;
}
