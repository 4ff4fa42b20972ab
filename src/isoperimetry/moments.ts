// Exponential moments and variances against gradients: the transport, Poincare and logarithmic Sobolev constants from below.
import type { Estimate } from '../guarantee/index.ts';
import { betFor, lowerMean } from './bounds.ts';
import type { Evaluated } from './family.ts';
import { ranked } from './ranking.ts';

/** A constant that some function shows to be large. */
export interface MomentReading {
  /** The interval is [simultaneous lower end, Infinity]: nothing bounds the constant from above. */
  readonly estimate: Estimate;
  /** The function behind the lower end. */
  readonly function: string;
}

/** One function on both halves. */
export interface OnBothHalves {
  readonly name: string;
  readonly training: Evaluated;
  readonly heldOut: Evaluated;
}

/** lambda in units of 1 / the standard deviation on the training half; 0 stands for the limit. */
const EXPONENTS = [0, 1, 2];
/** Larger moments are cut off here, which can only make the lower bound smaller. */
const MOST_MOMENT = 1e200;

/**
 * The least c with E exp(lambda (f - Ef)) <= exp(lambda^2 c / 2d) for all 1-Lipschitz f and all lambda, from below. By Bobkov and
 * Goetze (1999) that is the transport inequality W_1(nu, mu)^2 <= (2c/d) KL(nu | mu) for all nu, and by Chernoff's inequality it
 * gives Definition 1.1 with the same c.
 *
 * With a second row x' the mean drops out: E cosh(lambda (f(x) - f(x'))) <= exp(lambda^2 c / d), in the limit lambda -> 0
 * c >= d Var f. Rows are paired, and the mean is bounded by a bet.
 */
export function transportConstant(
  d: number,
  functions: readonly OnBothHalves[],
  confidence: number,
): MomentReading | undefined {
  const failure = 1 - confidence;
  const spreads = functions.map(({ training }) => variance(training.values));
  let best: { lower: number; value: number; name: string } | undefined;
  for (const candidate of ranked(spreads, failure)) {
    const { name, training, heldOut } = functions[candidate.index]!;
    const deviation = Math.sqrt(spreads[candidate.index]!);
    if (!(deviation > 0)) continue;
    for (const exponent of EXPONENTS) {
      const lambda = exponent / deviation;
      const [known, z] = [training.values, heldOut.values].map((values) => excesses(values, lambda));
      const allowed = candidate.failure / EXPONENTS.length;
      const constant = (excess: number) =>
        lambda === 0 ? d * excess : (d * Math.log1p(excess)) / lambda ** 2;
      const lower = constant(lowerMean(z!, betFor(known!, z!.length, allowed), allowed));
      const value = Math.max(lower, constant(average(z!)));
      if (!best || lower > best.lower || (lower === best.lower && value > best.value))
        best = { lower, value, name };
    }
  }
  return (
    best && {
      function: best.name,
      estimate: fromBelow(best, confidence, "E cosh(lambda (f - f')) on pairs of held-out rows, bet"),
    }
  );
}

/** cosh(lambda g) - 1 over pairs of rows with differences g; half of g^2 for lambda = 0. */
function excesses(values: Float64Array, lambda: number): Float64Array {
  return Float64Array.from({ length: values.length >> 1 }, (_, i) => {
    const g = values[2 * i]! - values[2 * i + 1]!;
    if (lambda === 0) return (g * g) / 2;
    return Math.min(MOST_MOMENT, 2 * Math.sinh((lambda * g) / 2) ** 2);
  });
}

/**
 * The Poincare constant times d, sup of d Var f / E|grad f|_2^2 over the functions, from below: 1 for the sphere (with d - 1 for d)
 * and for N(0, I/d), of the order of d for separated clusters. Half of the allowed failure goes to a lower bound on Var f, half to
 * an upper bound on E|grad f|^2.
 */
export function poincareConstant(
  d: number,
  functions: readonly OnBothHalves[],
  confidence: number,
): MomentReading | undefined {
  const quotient = ({ values, slopes }: Evaluated) =>
    slopes && average(slopes) === 0 ? 0 : variance(values) / (slopes ? average(slopes) : 1);
  const scores = functions.map(({ training }) => quotient(training));
  let best: { lower: number; value: number; name: string } | undefined;
  for (const { index, failure } of ranked(scores, 1 - confidence)) {
    const { name, training, heldOut } = functions[index]!;
    const [known, z] = [excesses(training.values, 0), excesses(heldOut.values, 0)];
    const spread = lowerMean(z, betFor(known, z.length, failure / 2), failure / 2);
    const lower = (d * spread) / slopeUpper(training, heldOut, failure / 2);
    const value = Math.max(lower, d * quotient(heldOut));
    if (!best || lower > best.lower || (lower === best.lower && value > best.value))
      best = { lower, value, name };
  }
  return (
    best && {
      function: best.name,
      estimate: fromBelow(best, confidence, 'Var f / E|grad f|^2 on held-out rows, bets on both'),
    }
  );
}

/** An upper bound on E|grad f|^2, from a lower bound on what it lacks to 1. */
function slopeUpper(training: Evaluated, heldOut: Evaluated, failure: number): number {
  if (!training.slopes || !heldOut.slopes) return 1;
  const [known, lacking] = [training.slopes, heldOut.slopes].map((slopes) => slopes.map((t) => 1 - t));
  return 1 - lowerMean(lacking!, betFor(known!, lacking!.length, failure), failure);
}

/**
 * A logarithmic Sobolev inequality Ent(f^2) <= (2c/d) E|grad f|^2 implies the transport inequality (Herbst's argument) and the
 * Poincare inequality (linearisation) with the same c, so its constant is at least the larger of both.
 *
 * @param confidence with which both lower ends hold together.
 */
export function logSobolevConstant(
  transport: MomentReading | undefined,
  poincare: MomentReading | undefined,
  confidence: number,
): MomentReading | undefined {
  if (!transport || !poincare) return transport ?? poincare;
  const larger = transport.estimate.interval[0] > poincare.estimate.interval[0] ? transport : poincare;
  return { ...larger, estimate: { ...larger.estimate, confidence } };
}

function fromBelow(
  { lower, value }: { readonly lower: number; readonly value: number },
  confidence: number,
  method: string,
): Estimate {
  return { kind: 'estimate', value, interval: [lower, Infinity], confidence, method };
}

export function average(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The mean of squared deviations; overflow gives Infinity, not an error. */
function variance(values: Float64Array): number {
  const middle = average(values);
  let sum = 0;
  for (const value of values) sum += (value - middle) ** 2;
  return sum / values.length;
}
