// What the runs of a pilot say: take-offs, their growth with n, the prediction for all points, its backtest, and what it hangs on.
import { type Crossing, crossing, isotonicFit } from './crossing.ts';
import { backtest, type Growth, growthFit, type Observation, takeOffs } from './growth.ts';
import { networksName } from './networks.ts';
import type { PilotPlan } from './pilot.ts';
import type { Pilot, PilotRun, PlanSwing } from './result.ts';
import { ATTACKS, trainingText } from './trial.ts';

/** Of every interval of a pilot. */
const CONFIDENCE = 0.95;
/** By how much the threshold is moved to see what hangs on it. */
const THRESHOLD_STEP = 0.05;
/** Runs whose accuracy is as near as this to the threshold say how steep curves are there. */
const NEAR_THRESHOLD = 0.2;

/** What the finished runs say, up to the prediction for all n points. */
export function analysePilot(plan: PilotPlan, runs: readonly PilotRun[], n: number): Pilot {
  const { threshold, networks } = plan;
  const observations = observationsOf(runs, threshold);
  const growth = growthFit(observations, CONFIDENCE);
  const predicted = growth?.predict(n);
  const found = takeOffs(observations, CONFIDENCE);
  return {
    networks: networksName(networks),
    family: `${capital(networksName(networks))}, inputs [${networks.shape.join(', ')}], ${networks.classes} outputs`,
    norm: plan.norm,
    radius: plan.radius,
    threshold,
    seeds: plan.seeds,
    sizes: [...plan.sizes],
    training: trainingText(networks, plan.updates),
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
    return { n, seed, crossing: takeOffOf(group, threshold) };
  });
}

/** The crossing of one curve of at least one run. */
export function takeOffOf(curve: readonly PilotRun[], threshold: number): Crossing {
  return crossing(
    curve.map(({ parameters }) => parameters),
    curve.map(({ robust, n }) => robust / n),
    threshold,
  );
}

/**
 * The slope of robust accuracy over log P within curves, by least squares over all runs near the threshold; undefined where
 * no curve has two of them, or where accuracy does not grow.
 */
export function steepness(runs: readonly PilotRun[], threshold: number): number | undefined {
  const near = runs.filter(({ robust, n }) => Math.abs(robust / n - threshold) <= NEAR_THRESHOLD);
  let [sxy, sxx] = [0, 0];
  for (const curve of Map.groupBy(near, ({ n, seed }) => `${n} ${seed}`).values()) {
    const [x, y] = [
      curve.map(({ parameters }) => Math.log(parameters)),
      curve.map(({ robust, n }) => robust / n),
    ];
    const [middle, level] = [average(x), average(y)];
    x.forEach((value, i) => {
      sxy += (value - middle) * (y[i]! - level);
      sxx += (value - middle) ** 2;
    });
  }
  return sxy > 0 ? sxy / sxx : undefined;
}

function curvesOf(runs: readonly PilotRun[]): Pilot['curves'] {
  const sizes = [...Map.groupBy(runs, ({ n }) => n)].sort(([a], [b]) => a - b);
  return sizes.map(([n, group]) => {
    const points = [...Map.groupBy(group, ({ parameters }) => parameters)]
      .sort(([a], [b]) => a - b)
      .map(([parameters, batch]) => {
        const accuracies = batch.map(({ robust }) => robust / n);
        return { parameters, accuracies, mean: average(accuracies) };
      });
    const fitted = isotonicFit(
      points.map(({ mean }) => mean),
      points.map(({ accuracies }) => accuracies.length),
    );
    return { n, points: points.map((point, i) => ({ ...point, fitted: fitted[i]! })) };
  });
}

function backtestOf(observations: readonly Observation[]): Pilot['backtest'] {
  const found = backtest(observations, CONFIDENCE);
  return found ? { ...found, from: [...found.from], interval: pair(found.interval)! } : null;
}

/** The prediction for n with one thing changed at a time; a threshold moves every curve by its step over their slope. */
function driversOf(
  runs: readonly PilotRun[],
  observations: readonly Observation[],
  growth: Growth,
  threshold: number,
  n: number,
): PlanSwing[] {
  const { value, interval } = growth.predict(n);
  const slope = steepness(runs, threshold);
  const moved = (by: number) => (slope === undefined ? undefined : value * Math.exp(by / slope));
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
    ...range('interval', '95 % prediction interval', interval),
    ...range('exponent', '95 % interval of the exponent', growth.exponentInterval.map(bend)),
    ...range(
      'threshold',
      `threshold, ${level(threshold - THRESHOLD_STEP)} to ${level(threshold + THRESHOLD_STEP)}`,
      [moved(-THRESHOLD_STEP), moved(THRESHOLD_STEP)],
    ),
    ...range('largest', `without n = ${count(largest)}`, [without]),
    ...range('linear', 'exponent 1, as the law has it', [bend(1)]),
  ].sort((a, b) => b.factor! - a.factor!);
}

function notesOf(found: ReturnType<typeof takeOffs>, growth: Growth | undefined, n: number): string[] {
  const oneSided = found.filter(({ parameters }) => parameters === null);
  return [
    ...oneSided.map(({ n: size, above, below }) =>
      above !== null
        ? `n = ${count(size)}: the largest network tried, of ${count(above)} parameters, stays below the threshold for some seed, so that P* is above it; this size takes no part in the fit`
        : `n = ${count(size)}: the smallest network tried, of ${count(below!)} parameters, reaches the threshold for some seed, so that P* is not above it; this size takes no part in the fit`,
    ),
    ...(growth && n > Math.max(...growth.sizes)
      ? [
          `${count(n)} points are ${Number((n / Math.max(...growth.sizes)).toPrecision(2))} times the largest subsample that was fitted: the interval holds if the power law does`,
        ]
      : []),
    ...(growth && growth.sizes.length < 3
      ? ['Two sizes make a line but no test of it: nothing here shows that the growth is a power law']
      : []),
  ];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
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
