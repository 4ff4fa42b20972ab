// From one member of a family and one data set to a function: constructed or trained, with everything a trial measures it by.
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { type Graph, isFloat, modelFrom, parameters, tensorOf, toFloat } from '../graph/index.ts';
import type { WitnessedLowerBound } from '../guarantee/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import { lipschitzInterval, recheck } from '../lipschitz/index.ts';
import { construct, evaluateMemorizer, exportMemorizer, type Memorizer } from '../memorizers/index.ts';
import { exportModel, modelGraph, twoLayer } from '../models/index.ts';
import type { Rng } from '../random/index.ts';
import { compile } from '../runtime/index.ts';
import { adam, cosineRate, labelsMemorized, plain, squaredLoss, train } from '../training/index.ts';
import type { Member, MemorizerMember, TrainedMember } from './families.ts';
import type { TrainingRecord, TrialResult } from './result.ts';

/** A function that was fitted to a data set. */
export interface FittedFunction {
  readonly parameterCount: number;
  readonly lipschitz: TrialResult['lipschitz'];
  /** f at N points `[N, d]`, as `[N, m]`, in float64. */
  readonly evaluate: (x: Float64Array) => Promise<Float64Array>;
  /** The function for a batch of one, to read its parameters. */
  readonly graph: Graph;
  /** Bytes of its .onnx file. */
  readonly model: () => Uint8Array;
  readonly training?: TrainingRecord;
}

/**
 * The function of a member for a data set; the same arguments give the same function.
 *
 * @param interrupted asked between the steps of a training.
 * @param known the memorizer of this member, where it has been made already.
 * @throws RobustlawError of the construction, or `construction-impossible` when the training diverges.
 */
export async function fitMember(
  member: Member,
  dataset: Dataset,
  key: Rng,
  interrupted: () => boolean,
  known?: Memorizer,
): Promise<FittedFunction> {
  if ('train' in member) return trained(member, dataset, key, interrupted);
  return measured(known ?? (await constructed(member, dataset, key)));
}

/** The points of a data set as `[n, d]`, the labels as `[n, m]`. */
export function matrices(dataset: Dataset): { readonly points: Matrix; readonly labels: Matrix } {
  const n = pointCount(dataset);
  return {
    points: matrix(n, featureCount(dataset), Float64Array.from(dataset.x)),
    labels: matrix(n, dataset.outputs, dataset.y),
  };
}

function constructed(member: MemorizerMember, dataset: Dataset, key: Rng): Promise<Memorizer> {
  const { points, labels } = matrices(dataset);
  const size = 'size' in member ? member.size : undefined;
  // The key does not depend on the size, so that the projections of one seed are nested.
  return construct(member.memorizer, points, labels, size, key.split('construction'));
}

function measured(memorizer: Memorizer): FittedFunction {
  const graph = memorizer.graph(1);
  const lower = witnessed(memorizer, graph);
  return {
    parameterCount: memorizer.parameterCount,
    lipschitz: { upper: memorizer.lipschitz, ...(lower && { lower }) },
    evaluate: (x) => evaluateMemorizer(memorizer, x),
    graph,
    model: () => exportMemorizer(memorizer),
  };
}

/** Where the constant is bounded and not exact: what the witness of the construction proves from below. */
function witnessed({ lipschitz, witness }: Memorizer, graph: Graph): WitnessedLowerBound | undefined {
  if (lipschitz.kind === 'exact' || witness === undefined) return undefined;
  try {
    return recheck(witness, graph);
  } catch (error) {
    // Only sequences of dense layers and activations can be checked in this way.
    if (error instanceof RobustlawError && error.code === 'unsupported-op') return undefined;
    throw error;
  }
}

async function trained(
  member: TrainedMember,
  dataset: Dataset,
  key: Rng,
  interrupted: () => boolean,
): Promise<FittedFunction> {
  const [n, d] = [pointCount(dataset), featureCount(dataset)];
  if (dataset.outputs !== 1) {
    throw new RobustlawError(
      'invalid-argument',
      `${dataset.name} has ${dataset.outputs} labels per point; expected 1 for a two-layer network: choose a task with one label`,
    );
  }
  const family = twoLayer(d, member.size);
  const plan = {
    family,
    objective: plain(squaredLoss),
    optimiser: adam(),
    learningRate: cosineRate(member.learningRate, member.steps),
    steps: member.steps,
    stop: [labelsMemorized(member.tolerance)],
  };
  const { x, y } = dataset;
  const result = await train(plan, { x, y, shape: [n, d] }, key.split('training'), () =>
    interrupted() ? 'stop' : undefined,
  );
  if (result.reason === 'interrupted') {
    throw new RobustlawError('interrupted', `the training was interrupted after ${result.steps} steps`);
  }
  if (result.reason === 'diverged') {
    throw new RobustlawError(
      'construction-impossible',
      `the training diverged after ${result.steps} steps; use a learning rate below ${member.learningRate}`,
    );
  }
  // The weights were found in float32; the function that they define is measured in float64.
  const graph = (batch: number) => toFloat(modelGraph(family, result.weights, batch), 'float64');
  const { lower, upper, uppers } = await lipschitzInterval(
    modelFrom(family.name, graph),
    Float64Array.from(x),
    key.split('lipschitz'),
  );
  return {
    parameterCount: family.parameterCount,
    // The product bound always applies, and comes first.
    lipschitz: { upper, lower, product: uppers[0]! },
    evaluate: (points) => evaluate(graph(points.length / d), points),
    graph: graph(1),
    model: () => exportModel(family, result.weights),
    training: {
      steps: result.steps,
      reason: result.reason === 'step-limit' ? 'step limit' : result.reason,
      losses: logarithmicallySpaced(result.losses),
    },
  };
}

async function evaluate(graph: Graph, x: Float64Array): Promise<Float64Array> {
  const program = await compile(graph);
  try {
    return (await program.run({ x })).y as Float64Array;
  } finally {
    await program.dispose();
  }
}

/** The first and the last step and some between, evenly on a logarithmic axis. */
export function logarithmicallySpaced(losses: Float64Array, points = 60): [number, number][] {
  const last = losses.length - 1;
  const steps = Array.from({ length: points }, (_, i) => Math.round((last + 1) ** (i / (points - 1))) - 1);
  return [...new Set([0, ...steps, last])].map((step) => [step, losses[step]!]);
}

/** Euclidean norm of all parameters of a graph together, and the largest of them. */
export function parameterSize(graph: Graph): { readonly norm: number; readonly largest: number } {
  let [scale, squares] = [0, 0];
  const arrays = parameters(graph)
    .filter((value) => isFloat(value.dtype))
    .map((value) => tensorOf(value)!.data as Float32Array | Float64Array);
  for (const array of arrays) for (const value of array) scale = Math.max(scale, Math.abs(value));
  if (scale === 0) return { norm: 0, largest: 0 };
  // Relative to the largest, since the weights of Baum's network have squares past the range of float64.
  for (const array of arrays) for (const value of array) squares += (value / scale) ** 2;
  return { norm: scale * Math.sqrt(squares), largest: scale };
}
