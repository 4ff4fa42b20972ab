// Parameter counts of the MNIST networks in the capacity experiment of Madry et al. (arXiv 1706.06083, figure 4).
import { requireInteger } from '../errors.ts';

/**
 * p(s) = 12744 s^2 + 760 s + 10: two 5x5 convolutions with 2s and 4s filters, each followed by 2x2 pooling of
 * the 28x28 input, a dense layer of 64 s units and 10 outputs, with biases. Exact.
 *
 * @param s capacity scale, an integer >= 1; the experiment has 1, 2, 4, 8, 16.
 */
export function madryParameterCount(s: number): number {
  requireInteger('capacity scale', s, 1, 1_000_000);
  return 12744 * s ** 2 + 760 * s + 10;
}
