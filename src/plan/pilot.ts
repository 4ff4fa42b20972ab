// The pilot sweep: networks of several widths trained adversarially on nested subsamples, to find where robust training accuracy takes off, and what that foretells for all points.
import type { Journal } from '../audit/index.ts';
import { RobustlawError } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { permutation, rng } from '../random/index.ts';
import type { Pool } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import type { Classes } from './classes.ts';
import { type Crossing, crossing } from './crossing.ts';
import { backtest, type Growth, growthFit, type Observation, takeOffs } from './growth.ts';

import type { Pilot, PilotRun, PlanSwing } from './result.ts';
import { type Known, nearestRung, nextRung, widthLadder } from './search.ts';
import { ATTACKS, type PilotJob, trainingText } from './trial.ts';

/** What the sweep is about. */
export interface PilotPlan {
  /** `[n, features]` */
  readonly points: Float32Array;
  readonly features: number;
  readonly classes: Classes;
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
  readonly sizesDone: number;
  readonly sizes: number;
  readonly text: string;
}

export interface PilotCrew {
  readonly pool: Pool<PilotJob, PilotRun>;
  readonly journal: Journal;
  /** True once no further run is to begin. */
  readonly stop: Stop;
  readonly observe: (progress: PilotProgress) => void;
}

/** Of every interval of a pilot. */
const CONFIDENCE = 0.95;
/** Networks of more parameters than so many per point are not tried. */
const MOST_PER_POINT = 512;
/** The first guess: so many parameters per point of the smallest subsample, and how that grows with n. */
const FIRST_PER_POINT = 20;
const FIRST_EXPONENT = 0.8;
/** By how much the threshold is moved to see what hangs on it. */
const THRESHOLD_STEP = 0.05;

/**
 * Runs the sweep: the smallest subsample first, the others from a guess by its take-off. Which widths are run depends on
 * results alone, each of which is a function of its seed, size and width: a sweep that was broken off and goes on gives
 * what an unbroken one gives.
 *
 * @returns the finished runs, and whether all there is to run was run.
 * @throws RobustlawError of a run that fails; what is finished stays in the journal.
 */
export async function pilotRuns(
  plan: PilotPlan,
  crew: PilotCrew,
): Promise<{ readonly runs: readonly PilotRun[]; readonly complete: boolean }> {
  const finished: PilotRun[] = [];
  let sizesDone = 0;
  const tell = (text: string) =>
    crew.observe({ runs: finished.length, sizesDone, sizes: plan.sizes.length, text });
  const sweep = async (n: number, guess: number) => {
    const runs = await sizeRuns(plan, n, guess, crew, (batch) => {
      finished.push(...batch);
      const { parameters } = batch[0]!;
      const mean = average(batch.map(({ robust }) => robust / n));
      tell(`n = ${n}, P = ${parameters}: robust training accuracy ${mean.toFixed(2)}`);
    });
    sizesDone++;
    return runs;
  };
  const [first, ...others] = plan.sizes as [number, ...number[]];
  const smallest = await sweep(first, FIRST_PER_POINT * first);
  const known = crossingOf(smallest.runs, plan.threshold);
  const guess = known?.parameters ?? FIRST_PER_POINT * first;
  const rest = await Promise.all(others.map((n) => sweep(n, guess * (n / first) ** FIRST_EXPONENT)));
  const all = [smallest, ...rest];
  return {
    runs: all.flatMap(({ runs }) => runs),
    complete: all.every(({ complete }) => complete),
  };
}

/** All runs at one n. */
async function sizeRuns(
  plan: PilotPlan,
  n: number,
  guess: number,
  { pool, journal, stop }: PilotCrew,
  observe: (batch: readonly PilotRun[]) => void,
): Promise<{ runs: PilotRun[]; complete: boolean }> {
  const { features, classes, seeds, threshold } = plan;
  const perNeuron = features + 1 + classes.count;
  const ladder = widthLadder(Math.max(2, (MOST_PER_POINT * n) / perNeuron));
  const start = nearestRung(ladder, Math.max(1, guess / perNeuron));
  const known = new Map<number, readonly PilotRun[]>();
  for (;;) {
    const accuracies: Known = new Map(
      [...known].map(([index, runs]) => [index, runs.map(({ robust }) => robust / n)]),
    );
    const next = nextRung(accuracies, ladder.length, start, threshold);
    if (next === undefined || stop()) {
      const runs = [...known.keys()].sort((a, b) => a - b).flatMap((index) => known.get(index)!);
      return { runs, complete: next === undefined };
    }
    const width = ladder[next]!;
    const batch = await Promise.all(
      Array.from({ length: seeds }, async (_, seed) => {
        const key = `pilot ${n} ${width} ${seed}`;
        const stored = journal.get(key) as PilotRun | undefined;
        if (stored) return stored;
        const outcome = await pool.run(jobOf(plan, n, width, seed));
        if (!outcome.ok) throw outcome.error;
        journal.put(key, outcome.value);
        return outcome.value;
      }),
    );
    known.set(next, batch);
    observe(batch);
  }
}

/** The run of one size, width and seed: the first n of the points in the order of the seed, so that subsamples are nested. */
function jobOf(plan: PilotPlan, n: number, width: number, seed: number): PilotJob {
  const { points, features, classes, bounds, norm, radius, updates } = plan;
  const random = rng(plan.seed).split('pilot').split(seed);
  const rows = permutation(random.split('rows'), classes.of.length).subarray(0, n);
  const x = new Float32Array(n * features);
  rows.forEach((row, i) => {
    x.set(points.subarray(row * features, (row + 1) * features), i * features);
  });
  return {
    points: x,
    features,
    classes: { count: classes.count, of: Int32Array.from(rows, (row) => classes.of[row]!) },
    bounds,
    norm,
    radius,
    width,
    updates,
    seed,
    planSeed: plan.seed,
  };
}

/** What the finished runs say, up to the prediction for all n points. */
export function analysePilot(plan: PilotPlan, runs: readonly PilotRun[], n: number): Pilot {
  const { threshold, features, classes } = plan;
  const observations = observationsOf(runs, threshold);
  const growth = growthFit(observations, CONFIDENCE);
  const predicted = growth?.predict(n);
  const found = takeOffs(observations, CONFIDENCE);
  return {
    family: `Two-layer ReLU networks, ${features} inputs, ${classes.count} outputs`,
    norm: plan.norm,
    radius: plan.radius,
    threshold,
    seeds: plan.seeds,
    sizes: [...plan.sizes],
    training: trainingText(plan.updates),
    attacks: [...ATTACKS],
    runs: [...runs],
    curves: curvesOf(runs),
    takeOffs: found.map((one) => ({ ...one, interval: pair(one.interval) })),
    growth: growth
      ? {
          prefactor: growth.prefactor,
          exponent: growth.exponent,
          exponentInterval: pair(growth.exponentInterval)!,
          sizes: [...growth.sizes],
          observations: growth.observations,
          residualDeviation: growth.residualDeviation,
          confidence: growth.confidence,
        }
      : null,
    prediction: predicted ? { n, value: predicted.value, interval: pair(predicted.interval)! } : null,
    backtest: backtestOf(observations),
    drivers: growth ? driversOf(runs, observations, growth, threshold, n) : [],
    notes: notesOf(found, growth, n),
  };
}

/** The crossing of every size and seed. */
export function observationsOf(runs: readonly PilotRun[], threshold: number): readonly Observation[] {
  const groups = Map.groupBy(runs, ({ n, seed }) => `${n} ${seed}`);
  return [...groups.values()].map((group) => {
    const { n, seed } = group[0]!;
    return { n, seed, crossing: crossingOf(group, threshold)! };
  });
}

function crossingOf(runs: readonly PilotRun[], threshold: number): Crossing | undefined {
  if (runs.length === 0) return undefined;
  return crossing(
    runs.map(({ parameters }) => parameters),
    runs.map(({ robust, n }) => robust / n),
    threshold,
  );
}

function curvesOf(runs: readonly PilotRun[]): Pilot['curves'] {
  const sizes = [...Map.groupBy(runs, ({ n }) => n)].sort(([a], [b]) => a - b);
  return sizes.map(([n, group]) => ({
    n,
    points: [...Map.groupBy(group, ({ parameters }) => parameters)]
      .sort(([a], [b]) => a - b)
      .map(([parameters, batch]) => {
        const accuracies = batch.map(({ robust }) => robust / n);
        return { parameters, accuracies, mean: average(accuracies) };
      }),
  }));
}

function backtestOf(observations: readonly Observation[]): Pilot['backtest'] {
  const found = backtest(observations, CONFIDENCE);
  return found ? { ...found, from: [...found.from], interval: pair(found.interval)! } : null;
}

/** The prediction for n with one thing changed at a time. */
function driversOf(
  runs: readonly PilotRun[],
  observations: readonly Observation[],
  growth: Growth,
  threshold: number,
  n: number,
): PlanSwing[] {
  const { value, interval } = growth.predict(n);
  const at = (level: number) => growthFit(observationsOf(runs, level), CONFIDENCE)?.predict(n).value;
  const largest = Math.max(...growth.sizes);
  const without = growthFit(
    observations.filter((one) => one.n < largest),
    CONFIDENCE,
  )?.predict(n).value;
  const middle = Math.exp(
    average(observations.filter((one) => growth.sizes.includes(one.n)).map((one) => Math.log(one.n))),
  );
  const bend = (exponent: number) => value * (n / middle) ** (exponent - growth.exponent);
  const range = (id: string, name: string, values: readonly (number | undefined)[]): PlanSwing[] => {
    const known = [value, ...values.filter((one) => one !== undefined)];
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return low < high ? [{ id, name, low, high, factor: high / low }] : [];
  };
  return [
    ...range('interval', 'seeds and fit: 95 % prediction interval', interval),
    ...range('exponent', 'exponent alone: its 95 % interval', growth.exponentInterval.map(bend)),
    ...range(
      'threshold',
      `threshold, ${level(threshold - THRESHOLD_STEP)} to ${level(threshold + THRESHOLD_STEP)}`,
      [at(threshold - THRESHOLD_STEP), at(threshold + THRESHOLD_STEP)],
    ),
    ...range('largest', `without the subsamples of ${largest} points`, [without]),
    ...range('linear', 'exponent 1, as the law has it', [bend(1)]),
  ].sort((a, b) => b.factor! - a.factor!);
}

function notesOf(found: ReturnType<typeof takeOffs>, growth: Growth | undefined, n: number): string[] {
  const oneSided = found.filter(({ parameters }) => parameters === null);
  return [
    ...oneSided.map(({ n: size, above, below }) =>
      above !== null
        ? `n = ${size}: the largest network tried, of ${above} parameters, stays below the threshold for some seed, so that P* is above it; this size takes no part in the fit`
        : `n = ${size}: the smallest network tried, of ${below} parameters, reaches the threshold for some seed, so that P* is not above it; this size takes no part in the fit`,
    ),
    ...(growth && n > Math.max(...growth.sizes)
      ? [
          `${n} points are ${Number((n / Math.max(...growth.sizes)).toPrecision(2))} times the largest subsample that was fitted: the interval holds if the power law does`,
        ]
      : []),
    ...(growth && growth.sizes.length < 3
      ? ['Two sizes make a line but no test of it: nothing here shows that the growth is a power law']
      : []),
  ];
}

function level(value: number): string {
  return String(Number(value.toFixed(4)));
}

function pair(interval: readonly [number, number]): [number, number];
function pair(interval: readonly [number, number] | null): [number, number] | null;
function pair(interval: readonly [number, number] | null): [number, number] | null {
  return interval && [interval[0], interval[1]];
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @throws RobustlawError `interrupted`, saying how to go on. */
export function interruptedPilot(runs: number): RobustlawError {
  return new RobustlawError(
    'interrupted',
    `interrupted after ${runs} runs of the pilot; they are kept: run the same command again to go on`,
  );
}
