// What is done to a data set after it was made: scaling, choosing rows, new labels. Each step is written into the provenance.
import { invalidArgument, requireInteger } from '../errors.ts';
import { permutation, type Rng } from '../random/index.ts';
import { createDataset, type Dataset, featureCount, pointCount } from './dataset.ts';
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
  const scaled =
    isoperimetry?.metric === 'l2'
      ? { ...isoperimetry, constant: isoperimetry.constant * factor ** 2 }
      : isoperimetry;
  return createDataset({
    ...rest,
    x: x.map((value) => value * factor) as Dataset['x'],
    ...(scaled && { isoperimetry: scaled }),
    source: provenance.source,
    transformations: [...provenance.transformations, `features times ${factor}`],
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
