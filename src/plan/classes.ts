// The labels of a plan: classes as numbers, labels replaced at random by another class, and rows as models are trained on.
import { classCount, type Dataset } from '../data/index.ts';
import { invalidArgument } from '../errors.ts';
import { integers, type Rng, uniform } from '../random/index.ts';

/** Classes 0, ..., count - 1, as many as there are distinct labels. */
export interface Classes {
  readonly count: number;
  /** `[n]` */
  readonly of: Int32Array;
}

/**
 * The classes of a data set with one label per point, renumbered where some number below the largest does not occur.
 * Labels +1 and -1 are two classes.
 *
 * @throws RobustlawError `invalid-argument` where labels are no classes, all are the same, or all are different.
 */
export function classesOf(dataset: Dataset): Classes {
  const signs = dataset.outputs === 1 && dataset.y.every((label) => Math.abs(label) === 1);
  if (!signs) classCount(dataset);
  const labels = [...new Set(dataset.y)].sort((a, b) => a - b);
  if (labels.length < 2) {
    throw invalidArgument(
      `labels of ${dataset.name}`,
      `${labels[0]} at every point`,
      'two classes or more: one class is fitted by a constant, robustly and with one parameter',
    );
  }
  if (labels.length === dataset.y.length && labels.length > 2) {
    throw invalidArgument(
      `labels of ${dataset.name}`,
      `${labels.length} different ones at as many points`,
      'classes; where the labels are numbers to be predicted, say --regression',
    );
  }
  const index = new Map(labels.map((label, i) => [label, i]));
  return { count: labels.length, of: Int32Array.from(dataset.y, (label) => index.get(label)!) };
}

/** Each label, with probability q and independently of all else, replaced by one of the other classes, each as likely. */
export function flipClasses(
  { count, of }: Classes,
  q: number,
  random: Rng,
): Classes & { readonly flipped: number } {
  const chance = uniform(random.split('chance'), of.length);
  const shift = integers(random.split('class'), of.length, 1, count);
  let flipped = 0;
  const changed = of.map((label, i) => {
    if (!(chance[i]! < q)) return label;
    flipped++;
    return (label + shift[i]!) % count;
  });
  return { count, of: changed, flipped };
}

/** `[rows, classes]` with a one at the class. */
export function oneHotRows({ count, of }: Classes): Float32Array {
  const rows = new Float32Array(of.length * count);
  of.forEach((label, i) => {
    rows[i * count + label] = 1;
  });
  return rows;
}
