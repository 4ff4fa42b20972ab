// What an estimate of P rests on: factors that are known within intervals, and what each of them contributes to the result.
import { invalidArgument } from '../errors.ts';
import type { Enclosure } from '../numeric/index.ts';

/** One factor of a product: P = prod_i value_i^exponent_i. */
export interface Assumption {
  /** Stable name, like `noise`. */
  readonly id: string;
  /** For people: `noise of the labels, sigma^2`. */
  readonly name: string;
  /** > 0, or 0 where `exponent` > 0. */
  readonly value: number;
  /** Holds `value`; its ends may be 0, but not infinite. */
  readonly interval: Enclosure;
  /** Not 0. */
  readonly exponent: number;
  /** Where the numbers come from, and what they mean. */
  readonly source: string;
}

/** P with every assumption at its value, and where it may lie. */
export interface Propagated {
  readonly value: number;
  /** Every assumption at its worst at once: nothing within the intervals gives more or less. */
  readonly hull: Enclosure;
  /**
   * The deviations taken as independent: log P - log value is the root of the sum of the squares of what each assumption
   * contributes, below and above apart.
   */
  readonly independent: Enclosure;
}

/** What one assumption does to P, all others at their values. */
export interface Swing {
  readonly id: string;
  readonly name: string;
  /** P at the two ends of its interval, the smaller first. */
  readonly low: number;
  readonly high: number;
  /** high / low; Infinity where low is 0. */
  readonly factor: number;
}

/** prod_i value_i^exponent_i, with the values that `at` names in place of their own. */
export function product(
  assumptions: readonly Assumption[],
  at: Readonly<Record<string, number>> = {},
): number {
  // In logarithms: factors of 1e200 and 1e-200 have a product of 1.
  const log = assumptions.reduce((sum, { id, value, exponent }) => {
    return sum + exponent * Math.log(at[id] ?? value);
  }, 0);
  return Math.exp(log);
}

/**
 * The product and its intervals.
 *
 * @throws RobustlawError `invalid-argument` for a value outside its interval, or a number that is no factor.
 */
export function propagate(assumptions: readonly Assumption[]): Propagated {
  assumptions.forEach(requireFactor);
  const value = product(assumptions);
  const swings = assumptions.map((one) => swingOf(assumptions, one));
  let [below, above] = [0, 0];
  const ends = { low: {} as Record<string, number>, high: {} as Record<string, number> };
  for (const [i, { id, interval, exponent }] of assumptions.entries()) {
    const { low, high } = swings[i]!;
    // A value of 0 is the least there is: nothing lies below it.
    below += value > 0 ? Math.log(low / value) ** 2 : 0;
    above += value > 0 ? Math.log(high / value) ** 2 : 0;
    ends.low[id] = interval[exponent > 0 ? 0 : 1];
    ends.high[id] = interval[exponent > 0 ? 1 : 0];
  }
  const hull = [product(assumptions, ends.low), product(assumptions, ends.high)] as const;
  const independent =
    value > 0 ? ([value * Math.exp(-Math.sqrt(below)), value * Math.exp(Math.sqrt(above))] as const) : hull;
  return { value, hull, independent };
}

/** The swings of all assumptions that are not certain, the largest first: a tornado. */
export function tornado(assumptions: readonly Assumption[]): readonly Swing[] {
  return assumptions
    .filter(({ interval }) => interval[0] < interval[1])
    .map((one) => swingOf(assumptions, one))
    .sort((a, b) => b.factor - a.factor || (a.id < b.id ? -1 : 1));
}

function swingOf(assumptions: readonly Assumption[], { id, name, interval }: Assumption): Swing {
  const [a, b] = interval.map((end) => product(assumptions, { [id]: end })) as [number, number];
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  return { id, name, low, high, factor: low === high ? 1 : high / low };
}

function requireFactor({ id, value, interval, exponent }: Assumption): void {
  const [low, high] = interval;
  const positive = exponent > 0 ? low >= 0 : low > 0;
  if (!(positive && low <= value && value <= high && high < Infinity)) {
    throw invalidArgument(
      `assumption "${id}"`,
      `${value} in [${low}, ${high}]`,
      `a value in an interval of finite numbers ${exponent > 0 ? '>= 0' : '> 0'}`,
    );
  }
}
