// Effective dimension of real data: the dimension of the sphere on which the same construction has the same constant.
import { invalidArgument } from '../../errors.ts';
import { upperEnd } from '../../guarantee/index.ts';
import { expandedPercentileInterval, median } from '../../numeric/index.ts';
import { integers, type Rng } from '../../random/index.ts';
import type { EffectiveDimension, TrialOutcome } from '../result.ts';
import type { StudySpecification } from '../specification.ts';
import { type Finished, finished } from './series.ts';

const CONFIDENCE = 0.95;
const RESAMPLES = 2000;

/**
 * The effective dimensions the study asks for. Constants are compared at the largest size of the family on each data
 * set; the number of points must be the same, since the nearest of more points are nearer. Questions whose trials did
 * not all finish are left out.
 */
export function effectiveDimensions(
  study: StudySpecification,
  outcomes: readonly TrialOutcome[],
  rng: Rng,
): readonly EffectiveDimension[] {
  const done = finished(outcomes);
  return study.analysis.effectiveDimension.flatMap(({ data, reference, family }) => {
    const ofFamily = (name: string) =>
      done.filter(({ trial }) => trial.family === family && nameOf(trial.data) === name);
    const referenceByDimension = [...Map.groupBy(ofFamily(reference), ({ result }) => result.d)]
      .map(([d, members]) => ({ d, constants: constantsBySeed(members) }))
      .toSorted((a, b) => a.d - b.d);
    return [...Map.groupBy(ofFamily(data), ({ trial }) => trial.data)].flatMap(([label, members]) => {
      const constants = constantsBySeed(members);
      if (referenceByDimension.length < 2 || constants.length < 2) return [];
      if (referenceByDimension.some((point) => point.constants.length < 2)) return [];
      return [
        {
          data: label,
          ambient: members[0]!.result.d,
          estimate: effectiveDimension(constants, referenceByDimension, rng.split(label).split(family)),
          reference: referenceByDimension,
          constants,
        },
      ];
    });
  });
}

/**
 * The d at which the reference curve has the median of `constants`.
 *
 * The curve is the median constant at each reference dimension, made monotone (isotonic regression of the logarithms:
 * with more room the nearest points are further apart, so it falls) and interpolated linearly in log d and log Lip. The
 * interval resamples the seeds of the data and of every reference dimension. Where the curve ends before it reaches the
 * constant, the estimate is the end of the curve and the interval ends at 0 or Infinity: less than the smallest, or
 * more than the largest dimension.
 *
 * @param reference by increasing d, at least two, each with at least two constants > 0.
 * @throws invalid-argument for less. Guarantee: estimate.
 */
export function effectiveDimension(
  constants: readonly number[],
  reference: EffectiveDimension['reference'],
  rng: Rng,
): EffectiveDimension['estimate'] {
  const all = [constants, ...reference.map((point) => point.constants)];
  if (reference.length < 2 || all.some((list) => list.length < 2 || list.some((value) => !(value > 0)))) {
    throw invalidArgument(
      'constants',
      'too few',
      'two seeds or more with constants > 0 at two dimensions or more',
    );
  }
  const dimensions = reference.map(({ d }) => d);
  const read = (lists: readonly (readonly number[])[]) =>
    crossing(dimensions, monotoneDown(lists.slice(1).map(logMedian)), logMedian(lists[0]!));
  // One block of indices for each list, drawn independently: the seeds of different data sets have nothing in common.
  const draws = all.map((list, i) => integers(rng.split(i), RESAMPLES * list.length, 0, list.length));
  const replicates = Float64Array.from({ length: RESAMPLES }, (_, b) =>
    read(
      all.map((list, i) =>
        Array.from(draws[i]!.subarray(b * list.length, (b + 1) * list.length), (j) => list[j]!),
      ),
    ),
  ).sort();
  const value = read(all);
  return {
    kind: 'estimate',
    value: Math.min(Math.max(value, dimensions[0]!), dimensions.at(-1)!),
    interval: expandedPercentileInterval(replicates, CONFIDENCE, Math.min(...all.map((list) => list.length))),
    confidence: CONFIDENCE,
    method: `monotone interpolation of the medians at ${dimensions.length} sphere dimensions, bootstrap over seeds`,
  };
}

/** Isotonic regression with equal weights, decreasing: pool adjacent violators (Ayer et al. 1955). */
export function monotoneDown(values: readonly number[]): readonly number[] {
  const blocks: { sum: number; count: number }[] = [];
  for (const value of values) {
    let block = { sum: value, count: 1 };
    for (
      let last = blocks.at(-1);
      last && last.sum / last.count < block.sum / block.count;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
}

/** Where the falling curve through (log d_i, values_i) meets `level`: a dimension, 0 before the first, Infinity after the last. */
function crossing(dimensions: readonly number[], values: readonly number[], level: number): number {
  if (level > values[0]!) return 0;
  if (level < values.at(-1)!) return Number.POSITIVE_INFINITY;
  const right = values.findIndex((value) => value <= level);
  if (right === 0 || values[right] === level) {
    // On a flat piece every dimension has this constant; its middle stands for it.
    const last = values.lastIndexOf(values[right]!);
    return Math.sqrt(dimensions[right]! * dimensions[last]!);
  }
  const [a, b] = [values[right - 1]!, values[right]!];
  const share = (a - level) / (a - b);
  return Math.exp((1 - share) * Math.log(dimensions[right - 1]!) + share * Math.log(dimensions[right]!));
}

function logMedian(values: readonly number[]): number {
  return Math.log(median(values));
}

/** The certified constants at the largest size, by seed. */
function constantsBySeed(members: readonly Finished[]): readonly number[] {
  const largest = Math.max(...members.map(({ trial }) => trial.size ?? 0));
  return members
    .filter(({ trial }) => (trial.size ?? 0) === largest)
    .toSorted((a, b) => a.trial.seed - b.trial.seed)
    .map(({ result }) => upperEnd(result.lipschitz.upper));
}

/** The name in the study file: labels append the values of a sweep after a space. */
function nameOf(label: string): string {
  return label.split(' ')[0]!;
}
