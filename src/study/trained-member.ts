// A network of a family trained on a data set, measured as the function in float64 that its weights define.
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { modelFrom, type Tensor, toFloat } from '../graph/index.ts';
import { GLOBAL } from '../guarantee/index.ts';
import { witnessedLowerBound } from '../lipschitz/global/index.ts';
import {
  createFamily,
  exportModel,
  type ModelFamily,
  modelGraph,
  plainNorm,
  type Weights,
  withStatistics,
} from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { type Progress, train, trainingPlan } from '../training/index.ts';
import { type Constants, certificates, inOrder, least } from './constants.ts';
import { evaluateInParts } from './evaluate.ts';
import type { TrainedMember } from './families.ts';
import type { FittedFunction } from './fit.ts';
import type { FreshPoints } from './fresh-points.ts';
import { type GraphFor, steepestGradient } from './gradients.ts';
import type { TrainingRecord, TrajectoryPoint } from './result.ts';

/** How a network is measured. */
export interface Effort {
  /** Lipschitz constants from below: by gradient ascent, or by the largest gradient at the data and at fresh points. */
  readonly search: 'ascent' | 'sample';
  /** Whether to measure the constant at steps of the training as well. */
  readonly trajectory: boolean;
  /** Points of the distribution, made when they are needed. */
  readonly fresh: () => FreshPoints;
  /** Asked between the steps: whether the caller wants the trial no more. */
  readonly interrupted: () => boolean;
  /** Whether the time of the trial is over; training and search then end as they are. */
  readonly late: Stop;
}

/** Neurons up to which `sample` certifies two-layer networks by the semidefinite relaxation, of order k^2 (k + d). */
const MOST_RELAXED = 1000;
/** Snapshots of a trajectory: each at this many times the steps of the one before. */
const PACE = 1.3;

/**
 * Trains a member and measures it. The weights are found in float32.
 *
 * @throws RobustlawError `interrupted`; `construction-impossible` when the training diverges; `invalid-argument` where the
 * training does not suit the data.
 */
export async function trainMember(
  member: TrainedMember,
  dataset: Dataset,
  key: Rng,
  effort: Effort,
): Promise<FittedFunction> {
  const family = createFamily(member.train, member.size, dataset.shape.slice(1), dataset.outputs);
  const { x, y, shape } = dataset;
  const plan = trainingPlan(member.training, family, { x, y, shape });
  const snapshots: Snapshot[] = [];
  let next = 0;
  const result = await train(plan, { x, y, shape }, key.split('training'), async ({ step, progress }) => {
    if (effort.trajectory && step >= next) {
      snapshots.push({ step, weights: weightsOf(family, await progress()) });
      next = Math.max(step + 1, Math.round(PACE * step));
    }
    return effort.interrupted() || effort.late() ? 'stop' : undefined;
  });
  if (result.reason === 'interrupted' && effort.interrupted()) {
    throw new RobustlawError('interrupted', `the training was interrupted after ${result.steps} steps`);
  }
  if (result.reason === 'diverged') {
    throw new RobustlawError(
      'construction-impossible',
      `the training diverged after ${result.steps} steps; use a learning rate below ${member.training.learningRate}`,
    );
  }
  // The weights were found in float32; the function that they define is measured in float64.
  const graphFor = functionOf(family, result.weights);
  const evaluate = (points: Float64Array) => evaluateInParts(graphFor, points, featureCount(dataset));
  const lipschitz = await constants(family, graphFor, dataset, key.split('lipschitz'), member, effort);
  const all = member.training.batch === 'full';
  const trajectory = effort.trajectory
    ? [
        ...(await measuredOnTheWay(
          family,
          snapshots.filter(({ step }) => step < result.steps),
          dataset,
          all,
          member,
          effort,
        )),
        {
          step: result.steps,
          meanSquaredError: meanSquaredError(await evaluate(Float64Array.from(x)), dataset),
          upper: lipschitz.upper,
          lower: lipschitz.lower,
        },
      ]
    : undefined;
  return {
    parameterCount: family.parameterCount,
    ...(member.train.model === 'two-layer' &&
      member.train.batchNorm && { classNorm: plainNorm(result.weights) }),
    lipschitz,
    evaluate,
    graphFor,
    model: () => exportModel(family, result.weights),
    training: {
      steps: result.steps,
      reason: REASONS[result.reason] ?? result.reason,
      losses: logarithmicallySpaced(result.losses),
    },
    ...(trajectory && { trajectory }),
  };
}

const REASONS: Readonly<Record<string, string>> = { 'step-limit': 'step limit', interrupted: 'time limit' };

interface Snapshot {
  readonly step: number;
  readonly weights: Weights;
}

/** Parameters and statistics of a training between two steps, without the moments of the optimiser. */
function weightsOf(family: ModelFamily, { state }: Progress): Weights {
  const shapes = { ...family.parameterShapes, ...family.statisticShapes };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, Tensor] => [
      name,
      { dtype: 'float32', shape, data: state.arrays[name]! },
    ]),
  );
}

function functionOf(family: ModelFamily, weights: Weights): GraphFor {
  return (batch) => toFloat(modelGraph(family, weights, batch), 'float64');
}

async function constants(
  family: ModelFamily,
  graphFor: GraphFor,
  dataset: Dataset,
  key: Rng,
  member: TrainedMember,
  effort: Effort,
): Promise<Constants> {
  if (effort.search === 'sample') return sampledConstants(graphFor, dataset, member, effort);
  const uppers = certificates(graphFor(1), true);
  const upper = least(uppers);
  const starts = Float64Array.from(dataset.x);
  const model = modelFrom(family.name, graphFor);
  const lower = await witnessedLowerBound(model, starts, key, 'l2', GLOBAL, upper.value, effort.late);
  return inOrder(lower, upper, uppers[0]!);
}

async function sampledConstants(
  graphFor: GraphFor,
  dataset: Dataset,
  { train: model, size }: TrainedMember,
  { fresh }: Effort,
): Promise<Constants> {
  const uppers = certificates(graphFor(1), model.model !== 'two-layer' || size <= MOST_RELAXED);
  const points = fresh();
  const both = new Float64Array(dataset.x.length + points.x.length);
  both.set(dataset.x);
  both.set(points.x, dataset.x.length);
  const lower = await steepestGradient(graphFor, both, pointCount(dataset) + points.count);
  return inOrder(lower, least(uppers), uppers[0]!);
}

/** The function at the snapshots, with the statistics of all points where it was trained on all at once. */
async function measuredOnTheWay(
  family: ModelFamily,
  snapshots: readonly Snapshot[],
  dataset: Dataset,
  all: boolean,
  member: TrainedMember,
  effort: Effort,
): Promise<readonly TrajectoryPoint[]> {
  const points: TrajectoryPoint[] = [];
  for (const { step, weights } of snapshots) {
    if (effort.interrupted()) throw new RobustlawError('interrupted', `interrupted at step ${step}`);
    if (effort.late()) break;
    const graphFor = functionOf(family, all ? await withStatistics(family, weights, dataset.x) : weights);
    const { upper, lower } = await sampledConstants(graphFor, dataset, member, effort);
    const predictions = await evaluateInParts(graphFor, Float64Array.from(dataset.x), featureCount(dataset));
    points.push({ step, meanSquaredError: meanSquaredError(predictions, dataset), upper, lower });
  }
  return points;
}

function meanSquaredError(predictions: Float64Array, { y, outputs }: Dataset): number {
  const squares = y.reduce((sum, label, i) => sum + (predictions[i]! - label) ** 2, 0);
  return (squares * outputs) / y.length;
}

/** The first and the last step and some between, evenly on a logarithmic axis. */
export function logarithmicallySpaced(losses: Float64Array, points = 60): TrainingRecord['losses'] {
  const last = losses.length - 1;
  const steps = Array.from({ length: points }, (_, i) => Math.round((last + 1) ** (i / (points - 1))) - 1);
  return [...new Set([0, ...steps, last])].map((step) => [step, losses[step]!]);
}
