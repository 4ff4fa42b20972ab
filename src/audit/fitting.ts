// What a model makes of the data it was trained on: the noise of the labels, what it memorizes, and where it stands against the law.
import type { Task } from '../attacks/index.ts';
import { type EffectiveDimension, effectiveDimensions } from '../dimension/index.ts';
import {
  entropyOfKnownFlips,
  givenEntropy,
  givenFlips,
  givenVariance,
  type NoiseLevel,
  noiseOfDuplicates,
  noiseOfFlips,
  noiseOfNeighbours,
} from '../noise/index.ts';
import { type Rng, rng } from '../random/index.ts';
import { nearestNeighbours } from '../separation/index.ts';
import { base64 } from './images.ts';
import { measureMemorization } from './memorization.ts';
import type { LawStanding, Memorization } from './result.ts';
import { rowOf } from './rows.ts';
import { lawStanding, rootMeanSquareSpread } from './standing.ts';
import { suspiciousLabels } from './suspicious.ts';

/** How noisy the labels are: E Var[y|x], or the probability with which a class was replaced by another. */
export type KnownNoise = { readonly variance: number } | { readonly flips: number };

/** Labelled points and what the model says of them. */
export interface FittedData {
  readonly name: string;
  /** `[rows, features]`, as stored. */
  readonly points: Float32Array | Float64Array;
  readonly features: number;
  /** `[rows, outputs]`, one-hot for classes. */
  readonly labels: Float32Array;
  /** `[rows, outputs]`. */
  readonly scores: Float32Array;
  readonly outputs: number;
  readonly task: Task;
  readonly seed: number;
}

/** Neighbours that vote on a label. */
const NEIGHBOURS = 10;
/** Rows searched for neighbours, and multiplications for that: a second or two. */
const MOST_SEARCHED = 10_000;
const MOST_PRODUCTS = 1e11;

/** Suspicious labels in the list, and of those whose points are told; points beyond this size are not. */
const MOST_SUSPICIOUS = 50;
const PICTURED = 12;
const MOST_VALUES = 50_000;

/**
 * Memorization, with the noise level from the surest source there is: as given, from labels known to be flipped, from equal
 * rows, from nearest neighbours; null where there is only one row.
 */
export async function memorizationOf(
  data: FittedData,
  noise: KnownNoise | null,
  flipped: readonly number[] | null,
): Promise<Memorization> {
  const { name, points, features, labels, scores, outputs, task } = data;
  const random = rng(data.seed).split('memorization');
  const rows = labels.length / outputs;
  const neighbourhoods =
    rows > 1
      ? await nearestNeighbours(
          points,
          features,
          NEIGHBOURS,
          random.split('neighbours'),
          Math.min(MOST_SEARCHED, Math.sqrt(MOST_PRODUCTS / features)),
        )
      : undefined;
  const byNeighbours = (): NoiseLevel | null =>
    neighbourhoods
      ? noiseOfNeighbours(neighbourhoods, labels, outputs, task.kind, random.split('noise'))
      : null;
  const estimated = (): NoiseLevel | null => {
    if (flipped && task.kind === 'classification')
      return noiseOfFlips(flipped.length, rows, outputs, byNeighbours());
    if (!neighbourhoods) return null;
    const copies = noiseOfDuplicates(neighbourhoods, labels, outputs, random.split('duplicates'));
    return copies ?? byNeighbours();
  };
  const given =
    noise && ('variance' in noise ? givenVariance(noise.variance) : givenFlips(noise.flips, outputs));
  const suspicious =
    task.kind === 'classification'
      ? suspiciousLabels(scores, classesOf(data)!, outputs, neighbourhoods, MOST_SUSPICIOUS)
      : [];
  // Only what flips do is known of the entropy: neighbours show where labels change, not by how much.
  const entropy =
    task.kind === 'regression'
      ? undefined
      : noise && 'flips' in noise
        ? givenEntropy(noise.flips, outputs)
        : flipped && !noise
          ? entropyOfKnownFlips(flipped.length, rows, outputs, byNeighbours())
          : undefined;
  return measureMemorization({
    data: name,
    task,
    outputs,
    scores,
    labels,
    noise: given ?? estimated(),
    ...(entropy && { entropy }),
    flipped,
    suspicious: suspicious.map((one, place) =>
      place < PICTURED && features <= MOST_VALUES
        ? { ...one, point: base64(Float32Array.from(rowOf(points, features, one.row))) }
        : one,
    ),
  });
}

/**
 * The standing against the law.
 *
 * @param constant the global l2 constant of the model, as far as it is known.
 */
export function lawOf(
  data: FittedData,
  parameterCount: number,
  memorization: Memorization | null,
  constant: { readonly lower: number | null; readonly upper: number | null },
): LawStanding {
  const { points, features, labels, scores, outputs, task, seed } = data;
  const random: Rng = rng(seed).split('law');
  const dimensions: readonly EffectiveDimension[] = effectiveDimensions(
    points,
    features,
    classesOf(data),
    random,
  );
  return lawStanding({
    n: labels.length / outputs,
    parameterCount,
    dimensions,
    memorization,
    task,
    outputs,
    scores,
    labels,
    spread: rootMeanSquareSpread(points, features),
    lipschitz: constant,
  });
}

/** The class of each row; undefined in regression. */
function classesOf({ task, labels, outputs }: FittedData): Int32Array | undefined {
  if (task.kind === 'regression') return undefined;
  return Int32Array.from({ length: labels.length / outputs }, (_, row) =>
    labels.subarray(row * outputs, (row + 1) * outputs).indexOf(1),
  );
}
