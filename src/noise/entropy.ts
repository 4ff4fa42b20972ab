// The noise floor of the cross-entropy: the conditional entropy of the labels, below which training fits noise (Das, Batra and Srivastava 2024).
import { invalidArgument, requireInteger } from '../errors.ts';
import { binomialInterval } from '../numeric/index.ts';
import { certain, type NoiseLevel } from './noise-level.ts';

const CONFIDENCE = 0.95;

/**
 * H(y|x) in nats for labels of C classes that are flipped with probability q, to each other class alike, where the classes
 * are a function of the points:
 *
 *   H = -(1-q) log(1-q) - q log(q / (C-1))
 *
 * The least expected cross-entropy of any model, reached by the true probabilities; the law for Bregman losses takes it in
 * place of sigma^2 (Das, Batra and Srivastava, arXiv 2405.16639).
 *
 * @param probability q in [0, 1].
 * @throws RobustlawError `invalid-argument`. Exact.
 */
export function entropyOfFlips(probability: number, classes: number): number {
  requireInteger('classes', classes, 2);
  if (!(probability >= 0 && probability <= 1))
    throw invalidArgument('flip probability', probability, 'a number in [0, 1]');
  return plogp(1 - probability) + plogp(probability) + probability * Math.log(classes - 1);
}

/**
 * The floor of the cross-entropy, in nats, where labels are flipped with a probability that is known: `entropyOfFlips`.
 */
export function givenEntropy(probability: number, classes: number): NoiseLevel {
  return {
    level: certain(entropyOfFlips(probability, classes)),
    source: `labels flipped with probability ${probability}, as given`,
  };
}

/**
 * The floor of the cross-entropy, in nats, where `flipped` of `rows` labels are known to have been flipped: as
 * `entropyOfFlips` with q their share. The interval has q in its Clopper-Pearson interval, and lets flips go to the other
 * classes in any proportion: with -(1-q) log(1-q) - sum_k p_k log p_k least where one class gets them all.
 *
 * Assumes that every label was as likely to be flipped, and speaks of these flips only. Labels that were noisy before have a
 * higher floor: a noise level `sigma2` = E[1 - sum_k p_k^2] of all noise, where it is given, bounds it. Of all distributions
 * with one sum of squares, that of even flips has the most entropy, and this entropy is concave in the sum (Harremoes and
 * Topsoe 2001, "Inequalities between entropy and index of coincidence derived from information diagrams").
 *
 * @param sigma2 the noise level by neighbours, of which the upper end of the interval counts.
 * @throws RobustlawError `invalid-argument`. Estimate.
 */
export function entropyOfKnownFlips(
  flipped: number,
  rows: number,
  classes: number,
  sigma2: NoiseLevel | null = null,
): NoiseLevel {
  requireInteger('rows', rows);
  requireInteger('flipped rows', flipped, 0, rows);
  const [low, high] = binomialInterval(flipped, rows, CONFIDENCE);
  const even = 1 - 1 / classes;
  const least = Math.min(entropyOfFlips(low, 2), entropyOfFlips(high, 2));
  const most = entropyOfFlips(Math.min(high, Math.max(low, even)), classes);
  const ofAll = sigma2 ? entropyOfFlips(flipsWithVariance(sigma2.level.interval[1], classes), classes) : 0;
  return {
    level: {
      kind: 'estimate',
      value: entropyOfFlips(flipped / rows, classes),
      interval: [least, Math.max(most, ofAll)],
      confidence: CONFIDENCE,
      method: `entropy at the share of flipped labels (Clopper and Pearson) among ${classes} classes`,
    },
    source:
      `${flipped} of ${rows} labels known to be flipped` +
      (sigma2 ? "; the upper end leaves room for other noise, by neighbours' labels" : ''),
  };
}

/** The q <= 1 - 1/C at which even flips have 1 - sum_k p_k^2 = v. */
function flipsWithVariance(v: number, classes: number): number {
  const even = 1 - 1 / classes;
  return even * (1 - Math.sqrt(Math.max(0, 1 - v / even)));
}

/** -p log p, 0 at 0. */
function plogp(p: number): number {
  return p > 0 ? -p * Math.log(p) : 0;
}
