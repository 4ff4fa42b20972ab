// Points that a function has not seen, from the distribution of its data: where gradients are sampled.
import { type Dataset, datasetOf, drawnFrom, featureCount, pointCount } from '../data/index.ts';
import { invalidArgument } from '../errors.ts';
import { permutation, type Rng } from '../random/index.ts';
import { type DataChoice, makeChoice } from './data-choice.ts';

export interface FreshPoints {
  /** `[count, d]`, row-major, on the scale of the data set. */
  readonly x: Float64Array;
  readonly count: number;
  /** The distribution, or the rows that were left out. */
  readonly source: string;
}

/**
 * `wanted` independent points of the distribution of a synthetic data set; of real data the rows that were not chosen,
 * at most `wanted` of them in random order. Where the data set is normalised, the same shift and scale are applied.
 *
 * @param dataKey the key that made the data set.
 * @param key of the points.
 * @throws invalid-argument for real data of which every row was chosen.
 */
export function freshPoints(choice: DataChoice, dataKey: Rng, key: Rng, wanted: number): FreshPoints {
  const { specification } = choice;
  const distribution = drawnFrom(specification, dataKey);
  const raw = distribution
    ? { x: distribution.sample(key, wanted), count: wanted, source: distribution.name }
    : leftOut(choice, dataKey, key, wanted);
  if (!choice.normalize) return raw;
  const { mean, scale } = shiftAndScale(choice, dataKey);
  return { ...raw, x: raw.x.map((value, i) => (value - mean[i % mean.length]!) / scale) };
}

/** Rows of real data with the contents of no row of the data set: repeated images count as seen. */
function leftOut(choice: DataChoice, dataKey: Rng, key: Rng, wanted: number): FreshPoints {
  const plain = { ...choice.specification, noise: 'none', flips: undefined, clip: false } as const;
  const whole = datasetOf({ ...plain, n: undefined } as typeof plain, dataKey);
  const chosen = datasetOf(choice.specification, dataKey);
  const d = featureCount(whole);
  const contents = ({ x }: Dataset, i: number) => x.subarray(i * d, (i + 1) * d).join();
  const seen = new Set(Array.from({ length: pointCount(chosen) }, (_, i) => contents(chosen, i)));
  const order = permutation(key, pointCount(whole));
  const rows = Array.from(order)
    .filter((i) => !seen.has(contents(whole, i)))
    .slice(0, wanted);
  if (rows.length === 0) {
    throw invalidArgument(
      `n of ${choice.label}`,
      pointCount(chosen),
      `fewer than the ${pointCount(whole)} rows of the data: gradients are sampled at rows that are left out`,
    );
  }
  const x = new Float64Array(rows.length * d);
  for (const [to, from] of rows.entries()) x.set(whole.x.subarray(from * d, (from + 1) * d), to * d);
  return { x, count: rows.length, source: `rows of ${whole.name} that are not in the data set` };
}

/** What normalisation did to the points: x -> (x - mean) / scale. */
function shiftAndScale(
  choice: DataChoice,
  dataKey: Rng,
): { readonly mean: Float64Array; readonly scale: number } {
  const raw = makeChoice({ ...choice, normalize: false }, dataKey);
  const normal = makeChoice(choice, dataKey);
  const [n, d] = [pointCount(raw), featureCount(raw)];
  const mean = new Float64Array(d);
  raw.x.forEach((value, i) => {
    mean[i % d]! += value / n;
  });
  let [product, squares] = [0, 0];
  normal.x.forEach((value, i) => {
    product += (raw.x[i]! - mean[i % d]!) * value;
    squares += value * value;
  });
  return { mean, scale: squares > 0 ? product / squares : 1 };
}
