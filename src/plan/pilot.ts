// The pilot sweep: networks of several widths trained adversarially on nested subsamples, to find where robust training accuracy takes off.
import type { Journal } from '../audit/index.ts';
import { RobustlawError } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { permutation, rng } from '../random/index.ts';
import type { Pool } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import { takeOffOf } from './analysis.ts';
import type { Classes } from './classes.ts';
import { type Networks, parametersOf, widthLadder } from './networks.ts';
import type { PilotRun } from './result.ts';
import { nearestRung, nextRung } from './search.ts';
import type { PilotJob } from './trial.ts';

/** What the sweep is about. */
export interface PilotPlan {
  /** `[n, ...shape]` */
  readonly points: Float32Array;
  readonly classes: Classes;
  readonly networks: Networks;
  readonly bounds: InputBounds;
  readonly norm: Norm;
  readonly radius: number;
  readonly sizes: readonly number[];
  readonly seeds: number;
  readonly threshold: number;
  /** Of a training on few points. */
  readonly updates: number;
  readonly seed: number;
}

/** How far it is: `runs` finished, of a number that is known only when all crossings are found. */
export interface PilotProgress {
  readonly runs: number;
  readonly curvesDone: number;
  /** One per size and seed. */
  readonly curves: number;
  readonly text: string;
}

export interface PilotCrew {
  readonly pool: Pool<PilotJob, PilotRun>;
  readonly journal: Journal;
  /** True once no further run is to begin. */
  readonly stop: Stop;
  readonly observe: (progress: PilotProgress) => void;
}

/** All runs of one size and seed, by width. */
interface Curve {
  readonly n: number;
  readonly runs: readonly PilotRun[];
  /** Whether the crossing, or the side on which it must lie, is found. */
  readonly complete: boolean;
}

/** Networks of more parameters than so many per point are not tried. */
const MOST_PER_POINT = 512;
/** The first guess: so many parameters per point of the smallest subsample, and how that grows with n. */
const FIRST_PER_POINT = 20;
const FIRST_EXPONENT = 0.8;
/** Guesses for larger subsamples grow at least and at most with these powers of n. */
const EXPONENTS = [0, 1.5] as const;

/**
 * Runs the sweep: the curve of the first seed at each size in turn, from a guess by those of smaller sizes; the other seeds of
 * a size from what the first one found there. Which widths are run depends on results alone, each of which is a function of
 * its seed, size and width: a sweep that was broken off and goes on gives what an unbroken one gives.
 *
 * @returns the finished runs, and whether all there is to run was run.
 * @throws RobustlawError of a run that fails; what is finished stays in the journal.
 */
export async function pilotRuns(
  plan: PilotPlan,
  crew: PilotCrew,
): Promise<{ readonly runs: readonly PilotRun[]; readonly complete: boolean }> {
  let [runs, curvesDone] = [0, 0];
  const trace = async (n: number, seed: number, guess: number): Promise<Curve> => {
    const curve = await traced(plan, n, seed, guess, crew, ({ parameters, robust }) => {
      runs++;
      crew.observe({
        runs,
        curvesDone,
        curves: plan.sizes.length * plan.seeds,
        text: `n = ${n}, P = ${parameters}: robust training accuracy ${(robust / n).toFixed(2)}`,
      });
    });
    curvesDone++;
    return curve;
  };
  const leaders: Curve[] = [];
  const followers: Promise<Curve>[] = [];
  for (const n of plan.sizes) {
    const leader = await trace(n, 0, guessAt(n, leaders, plan.threshold));
    leaders.push(leader);
    const found = guessAt(n, leaders, plan.threshold);
    for (let seed = 1; seed < plan.seeds; seed++) {
      const follower = trace(n, seed, found);
      // Awaited below: until then nobody else listens, should it fail while a leader is at work.
      follower.catch(() => {});
      followers.push(follower);
    }
  }
  const curves = [...leaders, ...(await Promise.all(followers))].sort((a, b) => a.n - b.n);
  return {
    runs: curves.flatMap((curve) => curve.runs),
    complete: curves.every(({ complete }) => complete),
  };
}

/** P* to begin with at n: along the power law through the last two sizes of which something is known. */
function guessAt(n: number, leaders: readonly Curve[], threshold: number): number {
  const [last, before] = leaders
    .filter(({ runs }) => runs.length > 0)
    .map((curve) => ({ n: curve.n, parameters: takeOffOf(curve.runs, threshold).parameters }))
    .reverse();
  if (!last) return FIRST_PER_POINT * n;
  const slope = before
    ? Math.log(last.parameters / before.parameters) / Math.log(last.n / before.n)
    : FIRST_EXPONENT;
  return last.parameters * (n / last.n) ** Math.min(EXPONENTS[1], Math.max(EXPONENTS[0], slope));
}

/** The curve of one size and seed. */
async function traced(
  plan: PilotPlan,
  n: number,
  seed: number,
  guess: number,
  { pool, journal, stop }: PilotCrew,
  observe: (run: PilotRun) => void,
): Promise<Curve> {
  const { networks, threshold } = plan;
  const parameters = (width: number) => parametersOf(networks, width);
  const ladder = widthLadder(parameters, MOST_PER_POINT * n);
  const start = nearestRung(ladder.map(parameters), guess);
  const known = new Map<number, PilotRun>();
  for (;;) {
    const accuracies = new Map([...known].map(([index, { robust }]) => [index, robust / n]));
    const next = nextRung(accuracies, ladder.length, start, threshold);
    if (next === undefined || stop()) {
      const runs = [...known].sort(([a], [b]) => a - b).map(([, run]) => run);
      return { n, runs, complete: next === undefined };
    }
    const width = ladder[next]!;
    const key = `pilot ${n} ${width} ${seed}`;
    let run = journal.get(key) as PilotRun | undefined;
    if (!run) {
      const outcome = await pool.run(jobOf(plan, n, width, seed));
      if (!outcome.ok) throw outcome.error;
      run = outcome.value;
      journal.put(key, run);
    }
    known.set(next, run);
    observe(run);
  }
}

/** The run of one size, width and seed: the first n of the points in the order of the seed, so that subsamples are nested. */
function jobOf(plan: PilotPlan, n: number, width: number, seed: number): PilotJob {
  const { points, classes, networks, bounds, norm, radius, updates } = plan;
  const random = rng(plan.seed).split('pilot').split(seed);
  const rows = permutation(random.split('rows'), classes.of.length).subarray(0, n);
  const features = points.length / classes.of.length;
  const x = new Float32Array(n * features);
  rows.forEach((row, i) => {
    x.set(points.subarray(row * features, (row + 1) * features), i * features);
  });
  return {
    points: x,
    classes: { count: classes.count, of: Int32Array.from(rows, (row) => classes.of[row]!) },
    networks,
    bounds,
    norm,
    radius,
    width,
    updates,
    seed,
    planSeed: plan.seed,
  };
}

/** @throws RobustlawError `interrupted`, saying how to go on. */
export function interruptedPilot(runs: number): RobustlawError {
  return new RobustlawError(
    'interrupted',
    `interrupted after ${runs} runs of the pilot; they are kept: run the same command again to go on`,
  );
}
