// The noise level read off the error rate of a reference model, as Bubeck and Sellke 2021 (section 1.1) read it for MNIST.
import { invalidArgument, requireInteger } from '../errors.ts';
import { binomialInterval } from '../numeric/index.ts';
import { givenFlips, type NoiseLevel } from './noise-level.ts';

/** Confidence of the interval of the error rate. */
const CONFIDENCE = 0.95;

/**
 * sigma^2 of one-hot labels from the accuracy of a good, not necessarily robust, model on fresh points.
 *
 * With e* the least error rate of any classifier and C classes, Cover and Hart (1967, their bounds on the nearest neighbour's
 * error, which is E[1 - sum_k p_k^2] = sigma^2) have
 *
 *   e* <= sigma^2 <= e* (2 - C e* / (C - 1)).
 *
 * The upper end, at the model's error rate e >= e*, holds whatever the model. The lower end, e itself, and the value, which
 * is the reading of the paper, take its errors for noise: they hold if no model errs less. With the number of `rows` it was
 * tested on, the ends are those of the Clopper-Pearson interval of e.
 *
 * @param accuracy in [0, 1], at least that of the best guess without features, 1/C.
 * @param rows that the model was tested on, where they are known.
 * @throws RobustlawError `invalid-argument` for fewer than two classes or an accuracy out of range. Estimate.
 */
export function noiseOfReference(accuracy: number, classes: number, rows: number | undefined): NoiseLevel {
  requireInteger('classes', classes, 2);
  if (!(accuracy >= 1 / classes && accuracy <= 1)) {
    throw invalidArgument(
      'reference accuracy',
      accuracy,
      `a share in [1/${classes}, 1], what guessing reaches or more`,
    );
  }
  const error = 1 - accuracy;
  const [low, high] = rows === undefined ? [error, error] : errorInterval(error, rows);
  // Rises up to e* = 1 - 1/C, where labels are independent of the features.
  const most = givenFlips(Math.min(high, 1 - 1 / classes), classes).level.value;
  const tested = rows === undefined ? '' : ` on ${rows} rows (Clopper and Pearson)`;
  return {
    level: {
      kind: 'estimate',
      value: error,
      interval: [Math.min(low, error), Math.max(most, error)],
      confidence: rows === undefined ? 1 : CONFIDENCE,
      method: `error rate of a reference model${tested}, between the bounds of Cover and Hart`,
    },
    source:
      `a reference model of accuracy ${accuracy}, as given: the upper end holds whatever the model; the lower end and the ` +
      'value take all its errors for noise, and are too high if a better model exists',
  };
}

function errorInterval(error: number, rows: number): readonly [number, number] {
  requireInteger('rows of the reference', rows);
  return binomialInterval(Math.round(error * rows), rows, CONFIDENCE);
}
