// What the labels of a data set are: classes or numbers.
import { type Dataset, pointCount } from '../data/index.ts';
import { invalidArgument } from '../errors.ts';

export type SurveyLabels =
  | {
      readonly kind: 'classification';
      /** The class of each row, 0 to C-1 in the order of the labels. */
      readonly classes: Int32Array;
      /** A name for each class. */
      readonly names: readonly string[];
    }
  | { readonly kind: 'regression'; readonly values: Float64Array; readonly outputs: number };

export type Task = 'classification' | 'regression';

/** More different numbers are rather measured than classes, unless they have names. */
const MOST_CLASSES = 100;
/** In more rows than this, classes come more than once. */
const FEW_ROWS = 10;

/**
 * Reads the labels as the task says. Without one they are guessed, and the guess is said: a single whole number for each
 * row, of at most 100 different ones (or any that have names) that are not all distinct, is a class.
 *
 * @throws RobustlawError `invalid-argument` where the labels cannot be classes.
 */
export function readLabels(
  data: Dataset,
  task: Task | undefined,
): { readonly labels: SurveyLabels; readonly guess: string | undefined } {
  const numbers = { kind: 'regression', values: data.y, outputs: data.outputs } as const;
  if (task === 'regression') return { labels: numbers, guess: undefined };
  if (data.outputs !== 1) {
    if (task === 'classification')
      throw invalidArgument(`labels per point of ${data.name}`, data.outputs, '1, the class');
    return { labels: numbers, guess: `the ${data.outputs} labels of each point are taken for numbers` };
  }
  const n = pointCount(data);
  const different = Array.from(new Set(data.y)).sort((a, b) => a - b);
  const allDistinct = different.length === n && n > FEW_ROWS;
  if (task === undefined) {
    const whole = different.every(Number.isInteger);
    const named = data.classNames !== undefined;
    if (allDistinct)
      return {
        labels: numbers,
        guess: `all ${n} labels are distinct: they are taken for numbers, not for classes`,
      };
    if (!whole || (different.length > MOST_CLASSES && !named)) {
      const why = whole ? `there are ${different.length} different ones` : 'some are no whole numbers';
      return { labels: numbers, guess: `labels are taken for numbers, not for classes: ${why}` };
    }
  } else if (allDistinct) {
    throw invalidArgument(
      `labels of ${data.name}`,
      `${n} distinct ones in ${n} rows`,
      'classes that several rows have; for a regression use the task regression',
    );
  }
  const numberOf = new Map(different.map((label, number) => [label, number]));
  return {
    labels: {
      kind: 'classification',
      classes: Int32Array.from(data.y, (label) => numberOf.get(label)!),
      names: different.map((label) => data.classNames?.[label] || String(label)),
    },
    guess: undefined,
  };
}

/** `[rows, outputs]`: one-hot for classes, else the values. */
export function labelVectors(labels: SurveyLabels): {
  readonly y: ArrayLike<number>;
  readonly outputs: number;
} {
  if (labels.kind === 'regression') return { y: labels.values, outputs: labels.outputs };
  const outputs = labels.names.length;
  const y = new Float32Array(labels.classes.length * outputs);
  labels.classes.forEach((label, row) => {
    y[row * outputs + label] = 1;
  });
  return { y, outputs };
}

/** The label of a row for people. */
export function labelText(labels: SurveyLabels, row: number): string {
  if (labels.kind === 'classification') return labels.names[labels.classes[row]!]!;
  const { values, outputs } = labels;
  return Array.from(values.subarray(row * outputs, (row + 1) * outputs), (value) =>
    String(Number(value.toPrecision(4))),
  ).join(', ');
}
