// From one member of a family and one data set to a function: constructed, trained or solved for, with everything a trial measures it by.
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { type Graph, isFloat, parameters, tensorOf } from '../graph/index.ts';
import type { WitnessedLowerBound } from '../guarantee/index.ts';
import { type Matrix, matrix } from '../linalg/index.ts';
import { recheck } from '../lipschitz/global/index.ts';
import { construct, evaluateMemorizer, exportMemorizer, type Memorizer } from '../memorizers/index.ts';
import type { Rng } from '../random/index.ts';
import type { Member, MemorizerMember } from './families.ts';
import { fitFeatures } from './fitted-features.ts';
import type { GraphFor } from './gradients.ts';
import type { TrainingRecord, TrajectoryPoint, TrialResult } from './result.ts';
import { type Effort, trainMember } from './trained-member.ts';

/** A function that was fitted to a data set. */
export interface FittedFunction {
  readonly parameterCount: number;
  /** Random numbers that stay as they were drawn, where there are any. */
  readonly fixedParameters?: number;
  /** Norm of all parameters in the class that the law is asked about, where it is not that of the graph's own parameters. */
  readonly classNorm?: number;
  readonly lipschitz: TrialResult['lipschitz'];
  /** f at N points `[N, d]`, as `[N, m]`, in float64. */
  readonly evaluate: (x: Float64Array) => Promise<Float64Array>;
  /** The function for any batch, in float64. */
  readonly graphFor: GraphFor;
  /** Bytes of its .onnx file. */
  readonly model: () => Uint8Array;
  readonly training?: TrainingRecord;
  readonly trajectory?: readonly TrajectoryPoint[];
}

/**
 * The function of a member for a data set; the same arguments give the same function.
 *
 * @param effort how a trained network is measured; of models of features, the fresh points alone matter.
 * @param known the memorizer of this member, where it has been made already.
 * @throws RobustlawError of the construction, or `construction-impossible` when the training diverges or the features of
 *   different points are linearly dependent.
 */
export async function fitMember(
  member: Member,
  dataset: Dataset,
  key: Rng,
  effort: Effort,
  known?: Memorizer,
): Promise<FittedFunction> {
  if ('train' in member) return trainMember(member, dataset, key, effort);
  if ('features' in member) return fitFeatures(member, dataset, key, effort);
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
    graphFor: memorizer.graph,
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
