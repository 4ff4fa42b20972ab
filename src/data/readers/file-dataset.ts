// What every reader ends with: decoded arrays become a data set, and what is wrong with them is said of the file.
import { RobustlawError } from '../../errors.ts';
import { createDataset, type Dataset, type DatasetParts } from '../dataset.ts';
import { malformed } from './bytes.ts';
import type { NumericArray } from './elements.ts';

/** Features and labels as a file holds them, as a data set named and sourced after the file. */
export function fileDataset(
  file: string,
  parts: Pick<DatasetParts, 'x' | 'shape' | 'y' | 'outputs' | 'classNames' | 'transformations'>,
): Dataset {
  try {
    return createDataset({ ...parts, name: file, source: `file ${file}` });
  } catch (error) {
    if (error instanceof RobustlawError && error.code === 'invalid-argument')
      throw malformed(file, error.message, error);
    throw error;
  }
}

/**
 * Two arrays as a data set: features `[n, ...]` (`[n]` counts as `[n, 1]`), labels `[n]` or `[n, outputs]`.
 *
 * @throws RobustlawError `malformed-file` when the arrays disagree in n or hold NaN.
 */
export function pairDataset(file: string, features: NumericArray, labels: NumericArray): Dataset {
  const [n, labelCount] = [features.shape[0], labels.shape[0]];
  if (n === undefined || labelCount === undefined) {
    throw malformed(file, 'features or labels are a single number; expected arrays with one row per point');
  }
  if (n !== labelCount)
    throw malformed(file, `${n} points but ${labelCount} labels; expected as many of each`);
  if (n === 0) throw malformed(file, 'holds no points; expected at least one');
  return fileDataset(file, {
    x: features.data,
    shape: features.shape.length === 1 ? [n, 1] : features.shape,
    y: Float64Array.from(labels.data),
    outputs: labels.data.length / n,
    transformations: [],
  });
}
