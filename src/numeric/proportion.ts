// Confidence intervals for a probability from counts (Clopper and Pearson 1934), also where the trials come in groups.
import { invalidArgument } from '../errors.ts';
import { incompleteBeta } from './incomplete-beta.ts';
import type { Enclosure } from './sum.ts';

/**
 * The interval of Clopper and Pearson for the probability behind `successes` of `trials` independent trials: covers it with
 * probability at least `confidence`, for any number of trials. Numbers need not be whole, as for effective numbers of trials.
 *
 * @throws RobustlawError `invalid-argument` unless 0 <= successes <= trials and trials > 0.
 */
export function binomialInterval(successes: number, trials: number, confidence: number): Enclosure {
  if (!(trials > 0)) throw invalidArgument('trials', trials, 'a number > 0');
  if (!(successes >= 0 && successes <= trials)) {
    throw invalidArgument('successes', successes, `a number in [0, ${trials}]`);
  }
  const tail = (1 - confidence) / 2;
  const failures = trials - successes;
  return [
    successes === 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    failures === 0 ? 1 : betaQuantile(1 - tail, successes + 1, failures),
  ];
}

/**
 * The same for trials that depend on each other within groups but not between them: the trials count for as many as would
 * have the variance that the groups show (Kish's effective sample size), and for no more than there are. Without any
 * variance to see, every group counts once.
 *
 * @param outcomes 0 or 1 for each trial; `groups` the number of its group.
 */
export function groupedInterval(
  outcomes: ArrayLike<number>,
  groups: ArrayLike<number>,
  confidence: number,
): Enclosure {
  const trials = outcomes.length;
  let successes = 0;
  for (let i = 0; i < trials; i++) successes += outcomes[i]!;
  const rate = successes / trials;
  const sums = new Map<number, number>();
  for (let i = 0; i < trials; i++) {
    sums.set(groups[i]!, (sums.get(groups[i]!) ?? 0) + outcomes[i]! - rate);
  }
  const independent = rate * (1 - rate) * trials;
  let grouped = 0;
  for (const sum of sums.values()) grouped += sum * sum;
  const effective = independent > 0 && grouped > 0 ? trials * Math.min(1, independent / grouped) : sums.size;
  return binomialInterval(rate * effective, effective, confidence);
}

/** The x with I_x(a, b) = p, by bisection to the last bit. */
function betaQuantile(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (incompleteBeta(a, b, middle, 1 - middle) < p) low = middle;
    else high = middle;
  }
}
