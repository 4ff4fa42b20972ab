// Class labels 0, 1, ..., C-1 as the regression labels the theorems speak of: ±1 by some rule, or one-hot vectors.
import { invalidArgument } from '../errors.ts';
import { type Dataset, pointCount } from './dataset.ts';
import { relabel } from './transform.ts';

/** A rule that makes two classes of many. */
export type BinaryTask =
  /** +1 for odd classes, -1 for even ones. */
  | { readonly kind: 'parity' }
  /** +1 for the upper half of the classes (class >= C/2), -1 for the lower: digits 5 to 9 against 0 to 4. */
  | { readonly kind: 'halves' }
  /** +1 for one class, -1 for all others. */
  | { readonly kind: 'one-versus-rest'; readonly positiveClass: number };

/**
 * C, the number of classes: the largest label plus one.
 *
 * @throws RobustlawError `invalid-argument` naming the first row whose label is no integer >= 0, or when there are several outputs.
 */
export function classCount(dataset: Dataset): number {
  if (dataset.outputs !== 1)
    throw invalidArgument(`outputs of ${dataset.name}`, dataset.outputs, '1 class label per point');
  const bad = dataset.y.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < 2 ** 31));
  if (bad >= 0) {
    throw invalidArgument(
      `label of row ${bad} of ${dataset.name} (counted from 0)`,
      dataset.y[bad],
      'a class 0, 1, 2, ...',
    );
  }
  return dataset.y.reduce((max, label) => Math.max(max, label), 0) + 1;
}

/**
 * The same points with labels ±1.
 *
 * @throws RobustlawError `invalid-argument` when the labels are no classes, or `positiveClass` does not occur.
 */
export function binaryLabels(dataset: Dataset, task: BinaryTask): Dataset {
  const classes = classCount(dataset);
  const sign = signOfClass(dataset, task, classes);
  return relabel(dataset, {
    y: dataset.y.map((label) => (sign(label) ? 1 : -1)),
    outputs: 1,
    description: `labels ±1 by ${task.kind}${'positiveClass' in task ? ` of class ${task.positiveClass}` : ''} of ${classes} classes`,
  });
}

/**
 * The same points with labels in {0, 1}^C: 1 at the class.
 *
 * @throws RobustlawError `invalid-argument` when the labels are no classes, or C exceeds 10,000.
 */
export function oneHotLabels(dataset: Dataset): Dataset {
  const classes = classCount(dataset);
  if (classes > 10_000)
    throw invalidArgument(
      `number of classes of ${dataset.name}`,
      classes,
      'at most 10000 for one-hot labels',
    );
  const y = new Float64Array(pointCount(dataset) * classes);
  dataset.y.forEach((label, i) => {
    y[i * classes + label] = 1;
  });
  return relabel(dataset, { y, outputs: classes, description: `labels one-hot over ${classes} classes` });
}

function signOfClass(dataset: Dataset, task: BinaryTask, classes: number): (label: number) => boolean {
  switch (task.kind) {
    case 'parity':
      return (label) => label % 2 === 1;
    case 'halves':
      return (label) => label >= classes / 2;
    case 'one-versus-rest':
      if (!dataset.y.includes(task.positiveClass)) {
        throw invalidArgument(
          'positiveClass',
          task.positiveClass,
          `a class that occurs in ${dataset.name} (0 to ${classes - 1})`,
        );
      }
      return (label) => label === task.positiveClass;
  }
}
