// A plan: data without a model in, the number of parameters that a robust fit needs out, with what it hangs on.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal, rootMeanSquareSpread } from '../audit/index.ts';
import type { EffectiveDimension } from '../dimension/index.ts';
import { AMBIENT, dimensionReadings, NEIGHBOURS_FOR_DIMENSION, STABLE_RANK } from '../dimension/index.ts';
import { invalidArgument, RobustlawError } from '../errors.ts';
import { plainEstimate } from '../guarantee/index.ts';
import { powerOfTwoNear } from '../linalg/index.ts';
import {
  givenFlips,
  givenVariance,
  type NoiseLevel,
  noiseOfDuplicates,
  noiseOfFlips,
  noiseOfNeighbours,
} from '../noise/index.ts';
import { rng } from '../random/index.ts';
import { createPool } from '../runtime/index.ts';
import { type Neighbourhoods, nearestNeighbours } from '../separation/index.ts';
import type { Stop } from '../stop.ts';
import { afterSeconds, whenDone } from '../stop.ts';
import { analysePilot } from './analysis.ts';
import { product, propagate, tornado } from './assumption.ts';
import { type Classes, classesOf, flipClasses, oneHotRows } from './classes.ts';
import { bartoldsonFacts, madryCapacity, robustBenchLadders } from './context.ts';
import { workedExamples } from './examples.ts';
import { lawAssumptions } from './law-estimate.ts';
import { interruptedPilot, type PilotPlan, type PilotProgress, pilotRuns } from './pilot.ts';
import { provenSizes } from './proven.ts';
import { defaultSizes, type PlanRequest, planIdentity, requireSense, sizesOf } from './request.ts';
import { type LawPlan, type Pilot, type PilotRun, PLAN_SCHEMA, type PlanResult } from './result.ts';
import { type PilotJob, PLAN_WORKER } from './trial.ts';
import { planVerdict } from './verdict.ts';
import { lipschitzOfRadius, normRatio } from './wish.ts';

/** Labels and what is known of their noise, flips included. */
interface Labelled {
  /** Null in regression. */
  readonly classes: Classes | null;
  /** `[n, outputs]`, one-hot for classes. */
  readonly rows: Float32Array;
  readonly outputs: number;
  readonly noise: NoiseLevel | null;
  /** Squared factor that brings labels into the scale of the law. */
  readonly labelScale: number;
  /** The same for the squared error of the output that counts, in [-1, 1]. */
  readonly outputScale: number;
}

/** Rows whose neighbours are sought: what they say of noise and dimension of all rows is sharp enough. */
const MOST_ROWS = 10_000;

/**
 * The plan of a request. Resumable: finished runs of the pilot are kept in `directory`, and a plan that goes on there
 * gives what an unbroken one gives; without a pilot nothing is written.
 *
 * @param interrupted asked between the runs of the pilot.
 * @throws RobustlawError naming what makes no sense; `interrupted`.
 */
export async function plan(
  request: PlanRequest,
  directory: string,
  observe: (progress: PilotProgress) => void = () => {},
  interrupted: Stop = () => false,
): Promise<PlanResult> {
  requireSense(request);
  const { data, wish, seed } = request;
  const { n, d } = sizesOf(request);
  const spread = rootMeanSquareSpread(data.x, d);
  if (Float64Array.from(data.x).every((value, at) => value === data.x[at % d])) {
    throw invalidArgument(`points of ${data.name}`, 'all equal', 'points that differ');
  }
  const random = rng(seed);
  const near = await nearestNeighbours(
    data.x,
    d,
    NEIGHBOURS_FOR_DIMENSION,
    random.split('neighbours'),
    MOST_ROWS,
  );
  const labelled = labels(request, near);
  const classes = labelled.classes;
  const found = await dimensionReadings(data.x, d, classes?.of, near, random.split('dimension'), whenDone);
  const readings = found.flatMap(({ name, dimension, meaning }) =>
    dimension ? [{ name, dimension, meaning }] : [],
  );
  const law = lawPlan(request, spread, labelled, readings);
  const lipschitz =
    wish.kind === 'lipschitz'
      ? wish.lipschitz
      : lipschitzOfRadius(wish.radius, spread, normRatio(wish.norm, d).value);
  const pilot = await pilotOf(request, directory, classes, observe, interrupted);
  const facts = {
    answer: answerOf(law, pilot),
    data: {
      name: data.name,
      source: data.provenance.source,
      sha256: data.provenance.sha256,
      transformations: [...data.provenance.transformations],
      points: n,
      features: d,
      shape: data.shape.slice(1),
      classes: classes?.count ?? null,
      spread,
      notes: notesOf(request),
    },
    wanted: {
      norm: wish.kind === 'radius' ? wish.norm : null,
      radius: wish.kind === 'radius' ? wish.radius : null,
      lipschitz,
      rule:
        wish.kind === 'lipschitz'
          ? 'as wanted: labels from -1 to 1, data of norm about 1'
          : 'L = s / (kappa r): labels 2 apart that are fitted, s the root-mean-square distance of the data from their mean, kappa the l2 length of changes of size 1',
    },
    noise: labelled.noise && { level: plainEstimate(labelled.noise.level), source: labelled.noise.source },
    law,
    proven: provenSizes({
      n,
      d,
      concentration: referenceReading(readings).dimension.value,
      lipschitz,
      outputScale: labelled.outputScale,
      noise: labelled.noise,
    }).map((one) => ({ ...one, lights: [...one.lights] })),
    pilot,
    context: {
      applies: contextApplies(request),
      capacity: [...madryCapacity()],
      ladders: robustBenchLadders().map((one) => ({ ...one, rungs: [...one.rungs] })),
      scaling: [...bartoldsonFacts()],
    },
    examples: workedExamples({ n, d }, referenceReading(readings)),
    settings: {
      seed,
      flips: request.flips,
      timeLimit: request.timeLimit === Infinity ? null : request.timeLimit,
    },
  } satisfies Omit<PlanResult, 'schema' | 'version' | 'verdict'>;
  return {
    schema: PLAN_SCHEMA,
    version: request.versions.robustlaw!,
    verdict: planVerdict(facts),
    ...facts,
  };
}

function labels({ data, task, flips, noise, seed }: PlanRequest, near: Neighbourhoods): Labelled {
  const random = rng(seed);
  const original = task === 'regression' ? null : classesOf(data);
  const changed = original && flips > 0 ? flipClasses(original, flips, random.split('flips')) : null;
  const classes = changed ?? original;
  const outputs = classes?.count ?? data.outputs;
  const rows = classes ? oneHotRows(classes) : Float32Array.from(data.y);
  const kind = classes ? ('classification' as const) : ('regression' as const);
  const found = () =>
    noiseOfDuplicates(near, rows, outputs, random.split('duplicates')) ??
    noiseOfNeighbours(near, rows, outputs, kind, random.split('noise'));
  const level = noise
    ? 'variance' in noise
      ? givenVariance(noise.variance)
      : givenFlips(noise.flips, outputs)
    : changed
      ? noiseOfFlips(changed.flipped, changed.of.length, outputs, found())
      : found();
  const radius = labelRadius(data.y, data.outputs);
  if (!classes && !(radius > 0)) {
    throw invalidArgument(
      `labels of ${data.name}`,
      'all equal',
      'labels that differ: a constant fits these robustly',
    );
  }
  return {
    classes,
    rows,
    outputs,
    noise: level,
    labelScale: classes ? 2 : 1 / radius ** 2,
    outputScale: classes ? 4 / outputs : 1 / radius ** 2 / outputs,
  };
}

/** max_i |y_i - (midrange of y)|: 1 for labels that fill [-1, 1]. */
function labelRadius(y: ArrayLike<number>, outputs: number): number {
  const low = new Float64Array(outputs).fill(Infinity);
  const high = new Float64Array(outputs).fill(-Infinity);
  for (let at = 0; at < y.length; at++) {
    low[at % outputs] = Math.min(low[at % outputs]!, y[at]!);
    high[at % outputs] = Math.max(high[at % outputs]!, y[at]!);
  }
  let largest = 0;
  for (let from = 0; from < y.length; from += outputs) {
    let square = 0;
    for (let k = 0; k < outputs; k++) square += (y[from + k]! - (low[k]! + high[k]!) / 2) ** 2;
    largest = Math.max(largest, square);
  }
  return Math.sqrt(largest);
}

function lawPlan(
  request: PlanRequest,
  spread: number,
  { noise, labelScale }: Labelled,
  readings: readonly EffectiveDimension[],
): LawPlan {
  const { n, d } = sizesOf(request);
  const question = { n, d, spread, wish: request.wish, labelScale, noise };
  const chosen = referenceReading(readings);
  const assumptions = lawAssumptions(question, chosen, readings);
  const { value, hull, independent } = propagate(assumptions);
  return {
    formula: 'P = C^2 (theta sigma)^2 n D / L^2',
    dimension: chosen.name,
    assumptions: assumptions.map((one) => ({ ...one, interval: [...one.interval] })),
    value,
    hull: [...hull],
    independent: [...independent],
    tornado: tornado(assumptions).map((one) => ({
      ...one,
      factor: Number.isFinite(one.factor) ? one.factor : null,
    })),
    readings: readings.map(({ name, dimension, meaning }) => ({
      name,
      dimension: plainEstimate(dimension),
      meaning,
      parameters: product(assumptions, { dimension: dimension.value }),
      interval: [
        product(assumptions, { dimension: dimension.interval[0] }),
        product(assumptions, { dimension: dimension.interval[1] }),
      ],
    })),
    memorizing: n,
  };
}

/** The dimension by which an audit judges: the stable rank, nearest to what counts in the law; all features without it. */
function referenceReading(readings: readonly EffectiveDimension[]): EffectiveDimension {
  return (
    readings.find(({ name }) => name === STABLE_RANK) ??
    readings.find(({ name }) => name === AMBIENT) ??
    readings[0]!
  );
}

async function pilotOf(
  request: PlanRequest,
  directory: string,
  classes: Classes | null,
  observe: (progress: PilotProgress) => void,
  interrupted: Stop,
): Promise<PlanResult['pilot']> {
  const { pilot, wish, data, bounds, seed, timeLimit, workers } = request;
  const { n, d } = sizesOf(request);
  if (!pilot) return { status: 'skipped', reason: 'none was asked for' };
  if (!classes) return { status: 'skipped', reason: 'a pilot counts right answers, and regression has none' };
  if (wish.kind !== 'radius') {
    return {
      status: 'skipped',
      reason: 'a pilot needs a radius to train against, and a Lipschitz constant was given',
    };
  }
  if (wish.norm === 'l1')
    return { status: 'skipped', reason: 'adversarial training is there for l2 and linf, not for l1' };
  const sizes = pilot.sizes ?? defaultSizes(n);
  if (typeof sizes === 'string') return { status: 'skipped', reason: sizes };
  const outside = data.x.findIndex((value) => !(value >= bounds[0] && value <= bounds[1]));
  if (outside >= 0) {
    throw invalidArgument(
      `range of the inputs`,
      `[${bounds}]`,
      `one that holds the data; row ${Math.floor(outside / d)} has ${data.x[outside]}`,
    );
  }
  // Networks train on numbers of size about 1; a power of two rounds nothing, and radius and range scale along.
  const points = Float64Array.from(data.x);
  const scale = powerOfTwoNear(points.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  const work: PilotPlan = {
    points: Float32Array.from(points, (value) => value * scale),
    classes,
    networks: { model: pilot.model, shape: data.shape.slice(1), classes: classes.count },
    bounds: [bounds[0] * scale, bounds[1] * scale],
    norm: wish.norm,
    radius: wish.radius * scale,
    sizes,
    seeds: pilot.seeds,
    threshold: pilot.threshold,
    updates: pilot.updates,
    seed,
  };
  mkdirSync(directory, { recursive: true });
  const journal = openJournal(join(directory, 'plan.sqlite'), planIdentity(request), 'a plan');
  const pool = createPool<PilotJob, PilotRun>(PLAN_WORKER, workers);
  const late = timeLimit === Infinity ? () => false : afterSeconds(timeLimit);
  let finished = 0;
  const watch = (progress: PilotProgress) => {
    finished = progress.runs;
    observe(progress);
    if (interrupted()) void pool.close(true);
  };
  try {
    const { runs, complete } = await pilotRuns(work, {
      pool,
      journal,
      stop: () => interrupted() || late(),
      observe: watch,
    });
    if (!complete && interrupted()) throw interruptedPilot(finished);
    const value = { ...analysePilot(work, runs, n), radius: wish.radius };
    if (complete) return { status: 'done', value };
    return {
      status: 'partial',
      reason: `the time limit of ${timeLimit} s ended it after ${runs.length} runs`,
      value,
    };
  } catch (error) {
    if (interrupted()) throw interruptedPilot(finished);
    if (error instanceof RobustlawError && error.code === 'internal')
      return { status: 'failed', reason: error.message };
    throw error;
  } finally {
    await pool.close(true);
    journal.close();
  }
}

function answerOf(law: LawPlan, pilot: PlanResult['pilot']): PlanResult['answer'] {
  if ('value' in pilot) {
    const { prediction, takeOffs } = pilot.value;
    const above = sides(pilot.value);
    // What a smaller size is known to need, all points need as well.
    if (prediction && !(above !== null && above > prediction.value)) {
      return {
        parameters: prediction.value,
        interval: prediction.interval,
        from: 'pilot',
        meaning: `Parameters at which the robust training accuracy of ${pilot.value.networks} reaches ${pilot.value.threshold}; 95 % prediction interval, if the power law holds up to n`,
      };
    }
    if (takeOffs.length > 0 && above !== null) {
      return {
        parameters: above,
        interval: [above, null],
        from: 'pilot, one side',
        meaning: 'At one of the sizes of the pilot no network of so many parameters took off: more than this',
      };
    }
  }
  const [low, high] = law.independent;
  if (law.value < law.memorizing) {
    return {
      parameters: law.memorizing,
      interval: [low, Math.max(high, law.memorizing)],
      from: 'memorizing',
      meaning:
        'About n, what it takes to memorize labels at all, where these hold noise: the law asks for less, so that at this size smoothness is not what costs; the interval is that of the law, up to n at least',
    };
  }
  return {
    parameters: law.value,
    interval: [low, high],
    from: 'law',
    meaning: 'Order of magnitude by the scaling law; the interval takes its assumptions as independent',
  };
}
/** The largest P above which P* is known to lie, at any size: with more points it does not become less. */
function sides({ takeOffs }: Pilot): number | null {
  const above = takeOffs.flatMap((one) => (one.above === null ? [] : [one.above]));
  return above.length > 0 ? Math.max(...above) : null;
}

function notesOf({ data, flips }: PlanRequest): string[] {
  return flips > 0
    ? [`a share of ${flips} of the labels of ${data.name} was replaced at random, as asked`]
    : [];
}

function contextApplies({ data }: PlanRequest): string {
  const shape = data.shape.slice(1).filter((length) => length > 1);
  const square = (side: number) => shape.filter((length) => length === side).length === 2;
  if (square(28) || data.x.length / data.shape[0]! === 784)
    return 'These data have the size of MNIST: its capacity curve is near, the ladders are context.';
  if (square(32) && shape.includes(3))
    return 'These data have the size of CIFAR: the ladders are near, if the classes are.';
  return 'These data are of another kind: all of this is context, and no number of it enters the plan.';
}
