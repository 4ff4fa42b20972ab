// The noise floor of the cross-entropy: the conditional entropy of the labels, below which training fits noise (Das, Batra and Srivastava 2024).
import { invalidArgument, requireInteger } from '../errors.ts';

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

/** -p log p, 0 at 0. */
function plogp(p: number): number {
  return p > 0 ? -p * Math.log(p) : 0;
}
