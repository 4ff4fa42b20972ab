// Better multipliers of a dual bound, by projected subgradient steps with the moments of Adam (Kingma and Ba 2015).
import type { Dual, DualValue, Multipliers } from './dual.ts';

/** Step of slopes, which lie in an interval of length 1 or 2, and of the multipliers of splits as fractions of the coefficients. */
const STEP = 0.25;
const DECAY = 0.96;
const [MEAN, SQUARES] = [0.9, 0.99];

/** Multipliers with the bound they give. */
export interface Iterate {
  readonly multipliers: Multipliers;
  readonly value: DualValue;
  /** The mean of the points of the later steps, which tends to where the relaxation with all splits is largest. */
  readonly average: Float64Array;
}

/**
 * The best of so many steps from `from`; earlier once the bound is below `goal`. The derivative of the bound by a slope is the
 * coefficient of its neuron times the pre-activation at the point where the relaxation is largest, and by beta that
 * pre-activation itself, turned to the side of the split.
 */
export function descend(dual: Dual, from: Multipliers, steps: number, goal: number): Iterate {
  const alpha = from.alpha.slice();
  const beta = from.beta.slice();
  const multipliers: Multipliers = { ...from, alpha, beta };
  let best: Omit<Iterate, 'average'> = { multipliers: from, value: dual.value(from) };
  let { value } = best;
  const average = new Float64Array(value.point.length);
  let averaged = 0;
  const mean = new Float64Array(alpha.length);
  const squares = new Float64Array(alpha.length);
  const scale = typical(value.coefficients, dual.open);
  let step = STEP;
  for (let t = 1; t <= steps && !(best.value.bound < goal); t++) {
    for (const at of dual.open) {
      const { coefficients, preactivations } = value;
      const side = from.side[at]!;
      const c = coefficients[at]!;
      // The slope of a lower line matters only where the coefficient is negative.
      const slope = side === 0 ? (c < 0 ? c * preactivations[at]! : 0) : side * preactivations[at]!;
      mean[at] = MEAN * mean[at]! + (1 - MEAN) * slope;
      squares[at] = SQUARES * squares[at]! + (1 - SQUARES) * slope * slope;
      if (squares[at] === 0) continue;
      const move = (step * (mean[at]! / (1 - MEAN ** t))) / Math.sqrt(squares[at]! / (1 - SQUARES ** t));
      if (side === 0) {
        const [low, high] = dual.slopes(at);
        alpha[at] = Math.min(high, Math.max(low, alpha[at]! - move));
      } else beta[at] = Math.max(0, beta[at]! - scale * move);
    }
    step *= DECAY;
    value = dual.value(multipliers);
    if (2 * t > steps) {
      averaged++;
      for (let i = 0; i < average.length; i++) average[i]! += (value.point[i]! - average[i]!) / averaged;
    }
    if (value.bound < best.value.bound)
      best = { multipliers: { ...from, alpha: alpha.slice(), beta: beta.slice() }, value };
  }
  return { ...best, average: averaged > 0 ? average : best.value.point };
}

/** The mean size of the coefficients of open neurons. */
function typical(coefficients: Float64Array, open: readonly number[]): number {
  let sum = 0;
  for (const at of open) sum += Math.abs(coefficients[at]!);
  return open.length === 0 ? 1 : sum / open.length;
}
