// Lower bounds on means of non-negative numbers and on tail probabilities that hold without any assumption on the law.
import { binomialInterval } from '../numeric/index.ts';

/**
 * A lower bound on E z for independent z_i >= 0 of one law, wrong with probability at most `failure`, by a bet:
 *
 *   K(m) = prod_i (1 - share + share z_i / m)
 *
 * has expectation 1 at m = E z, so K(E z) >= 1 / failure has probability at most `failure` (Markov), and K decreases in m: the
 * bound is the m where K is 1 / failure. Nothing is asked of the tail of z. (Waudby-Smith and Ramdas 2024, "Estimating means of
 * bounded random variables by betting", with a constant bet.)
 *
 * @param share in (0, 1), chosen without looking at z: see `betFor`.
 * @returns 0 where the numbers are too few. Lower bound with probability 1 - failure.
 */
export function lowerMean(z: Float64Array, share: number, failure: number): number {
  const wanted = -Math.log(failure);
  const [total, largest] = z.reduce(([sum, top], t) => [sum + t, Math.max(top, t)], [0, 0]);
  if (!(largest > 0 && total < Infinity)) return 0;
  const wealth = (m: number) => {
    let sum = 0;
    for (const t of z) sum += Math.log1p(share * (t / m - 1));
    return sum;
  };
  // At the mean of the sample the wealth is at most 1 (Jensen).
  let high = Math.log(total / z.length);
  let low = high - 1;
  while (wealth(Math.exp(low)) < wanted) {
    high = low;
    low -= 2;
    // Three numbers with one positive need astronomic odds to say anything; they say nothing.
    if (low < Math.log(largest) - 60) return 0;
  }
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (wealth(Math.exp(middle)) < wanted) high = middle;
    else low = middle;
  }
  return Math.exp(low);
}

const STEPS = 24;

/**
 * The share that serves best for `count` numbers of relative variance v = Var z / (E z)^2, measured on other rows:
 * the wealth at E z / (1 + g) grows by share g - share^2 v / 2 per number, so share = sqrt(2 log(1/failure) / (count v)).
 */
export function betFor(others: Float64Array, count: number, failure: number): number {
  const mean = others.reduce((sum, t) => sum + t, 0) / others.length;
  const spread = others.reduce((sum, t) => sum + (t / mean - 1) ** 2, 0) / others.length;
  const best = Math.sqrt((-2 * Math.log(failure)) / (count * spread));
  return Number.isFinite(best) ? Math.min(0.5, Math.max(1e-3, best)) : 0.5;
}

/** Clopper-Pearson: ends for the probability behind a count, each wrong with probability at most `failure`; remembers counts. */
export function tailBounds(
  trials: number,
  failure: number,
): (count: number) => readonly [lower: number, upper: number] {
  const known = new Map<number, readonly [number, number]>();
  return (count) => {
    const found = known.get(count) ?? binomialInterval(count, trials, 1 - 2 * failure);
    known.set(count, found);
    return found;
  };
}
