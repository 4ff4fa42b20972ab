// What is done to a data set after it was made: scaling, choosing rows, new labels. Each step is written into the provenance.
import { invalidArgument, requireInteger } from '../errors.ts';
import { permutation, type Rng } from '../random/index.ts';
import { createDataset, type Dataset, featureCount, pointCount } from './dataset.ts';
import type { Isoperimetry } from './distributions/distribution.ts';
import type { Labels } from './labels/noise.ts';

/**
 * All features times a factor, e.g. 1/255 for pixels. Isoperimetry scales along: c becomes factor^2 c (for l2).
 *
 * @param factor finite and not 0.
 */
export function scaleFeatures(dataset: Dataset, factor: number): Dataset {
  if (!(Number.isFinite(factor) && factor !== 0))
    throw invalidArgument('factor', factor, 'a finite number other than 0');
  const { provenance, isoperimetry, x, ...rest } = dataset;
  return createDataset({
    ...rest,
    x: x.map((value) => value * factor) as Dataset['x'],
    ...(isoperimetry && { isoperimetry: scaledIsoperimetry(isoperimetry, factor) }),
    source: provenance.source,
    transformations: [...provenance.transformations, `features times ${factor}`],
  });
}

/**
 * (x_i - mean) / s with s^2 = (1/n) sum_i |x_i - mean|^2, in float64: the scale on which E|x - Ex|^2 = 1, as the law
 * of robustness assumes. A data set whose points are all equal is centred and keeps its scale. Isoperimetry scales
 * along: c becomes c / s^2 (for l2). Safe at every scale: the squares of huge or tiny features do not get lost.
 */
export function normalize(dataset: Dataset): Dataset {
  const n = pointCount(dataset);
  const d = featureCount(dataset);
  const { provenance, isoperimetry, ...rest } = dataset;
  const mean = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += dataset.x[i * d + j]! / n;
  const x = Float64Array.from(dataset.x, (value, index) => value - mean[index % d]!);
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // A power of two near the largest entry: dividing by it rounds nothing, and no square overflows.
  const unit = largest > 0 ? 2 ** Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest)))) : 1;
  const squares = x.reduce((sum, value) => sum + (value / unit) ** 2, 0);
  const scale = squares > 0 ? unit * Math.sqrt(squares / n) : 1;
  return createDataset({
    ...rest,
    x: x.map((value) => value / scale),
    ...(isoperimetry && { isoperimetry: scaledIsoperimetry(isoperimetry, 1 / scale) }),
    source: provenance.source,
    transformations: [
      ...provenance.transformations,
      `centred and divided by ${scale}, the root-mean-square distance from the mean`,
    ],
  });
}

/**
 * n rows drawn without replacement, in random order. The rows of a smaller n are the first rows of a larger one.
 *
 * @throws RobustlawError `invalid-argument` when n is not an integer in [1, number of points].
 */
export function subsample(dataset: Dataset, n: number, rng: Rng): Dataset {
  requireInteger(`n (of ${pointCount(dataset)} points in ${dataset.name})`, n, 1, pointCount(dataset));
  const rows = permutation(rng, pointCount(dataset)).subarray(0, n);
  return chooseRows(dataset, rows, `${n} of ${pointCount(dataset)} rows chosen with random key ${rng.path}`);
}

/**
 * The given rows, counted from 0, in the given order.
 *
 * @param transformation what the provenance says of the choice.
 * @throws RobustlawError `invalid-argument` when a row does not exist.
 */
export function chooseRows(dataset: Dataset, rows: ArrayLike<number>, transformation: string): Dataset {
  const { provenance, shape, x, y, clean, unflipped, ...rest } = dataset;
  for (let i = 0; i < rows.length; i++)
    requireInteger(`row ${i} of the choice`, rows[i]!, 0, pointCount(dataset) - 1);
  const m = dataset.outputs;
  return createDataset({
    ...rest,
    shape: [rows.length, ...shape.slice(1)],
    x: gather(x, rows, featureCount(dataset)),
    y: gather(y, rows, m),
    ...(clean && { clean: gather(clean, rows, m) }),
    ...(unflipped && { unflipped: gather(unflipped, rows, m) }),
    source: provenance.source,
    transformations: [...provenance.transformations, transformation],
  });
}

/** The same points with other labels; what was known of the noise of the old labels is forgotten. */
export function relabel(dataset: Dataset, { description, ...labels }: Labels): Dataset {
  const { name, x, shape, isoperimetry, provenance } = dataset;
  return createDataset({
    name,
    x,
    shape,
    ...(isoperimetry && { isoperimetry }),
    ...labels,
    source: provenance.source,
    transformations: [...provenance.transformations, description],
  });
}

/** A function L-Lipschitz in factor x is (factor L)-Lipschitz in x; how many coordinates differ does not change. */
function scaledIsoperimetry(isoperimetry: Isoperimetry, factor: number): Isoperimetry {
  if (isoperimetry.metric !== 'l2') return isoperimetry;
  return { ...isoperimetry, constant: isoperimetry.constant * factor ** 2 };
}

function gather<T extends Float64Array | Float32Array>(values: T, rows: ArrayLike<number>, width: number): T {
  const chosen = (
    values instanceof Float32Array
      ? new Float32Array(rows.length * width)
      : new Float64Array(rows.length * width)
  ) as T;
  for (let i = 0; i < rows.length; i++) {
    chosen.set(values.subarray(rows[i]! * width, (rows[i]! + 1) * width), i * width);
  }
  return chosen;
}
