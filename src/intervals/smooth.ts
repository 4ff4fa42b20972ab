// Activations given by value and derivative: their ranges and slopes on an interval, from the ends and the turning points in it.
import type { Activation } from './activation.ts';
import { around, clamped, hull, type Range } from './range.ts';

/** A turning point this close to an interval (relative, absolute below 1) counts as in it: it is known to about 1e-8. */
const NEARBY = 2 ** -24;

export interface Smooth {
  readonly name: string;
  /** h(z); infinite arguments give the limits. */
  readonly value: (z: number) => number;
  /** Largest relative error of value(). */
  readonly relativeError: number;
  /** Relative error of value(z) where that is less; `relativeError` by default. */
  readonly valueError?: (z: number) => number;
  /** h'(z) off the kinks. */
  readonly derivative: (z: number) => number;
  /** Absolute error of derivative(z). */
  readonly derivativeError: (z: number) => number;
  /** Where h turns, in [low, high]; values near a turning point differ in second order only. */
  readonly turns?: readonly number[] | ((low: number, high: number) => readonly number[]);
  /** Where h' turns. */
  readonly slopeTurns?: readonly number[] | ((low: number, high: number) => readonly number[]);
  /** Where h' jumps, and its limits from the left and from the right. */
  readonly kinks?: readonly { readonly at: number; readonly slopes: readonly [number, number] }[];
  /** Where all of h lies; the reals by default. */
  readonly range?: Range;
  /** Where all of h' lies; by default from its turning points, limits and kinks. */
  readonly slopes?: Range;
}

/** The activation with these values and derivatives. Slopes on [low, high] are the range of h' there (mean value theorem). */
export function smooth(of: Smooth): Activation {
  const { relativeError, valueError = () => relativeError, range = [-Infinity, Infinity] } = of;
  const valueAt = (z: number): Range => {
    const v = of.value(z);
    // Each of these functions that is 0, 1/2 or 1 at 0 in float64 is so.
    return z === 0 && Number.isInteger(2 * v) ? [v, v] : around(v, Math.abs(v) * valueError(z));
  };
  const slopeAt = (z: number, side: 'left' | 'right'): Range => {
    const kink = of.kinks?.find(({ at }) => at === z);
    const slope = kink ? kink.slopes[side === 'left' ? 0 : 1] : of.derivative(z);
    return around(slope, of.derivativeError(z));
  };
  const derivativeOn = (low: number, high: number): Range => {
    const inside = [...turnsIn(of.slopeTurns, low, high)];
    for (const { at } of of.kinks ?? []) if (low < high ? low < at && at < high : low === at) inside.push(at);
    const ends = hull(slopeAt(low, 'right'), slopeAt(high, 'left'));
    return inside.reduce((range, z) => hull(range, slopeAt(z, 'left'), slopeAt(z, 'right')), ends);
  };
  const slopes = of.slopes ?? derivativeOn(-Infinity, Infinity);
  return {
    name: of.name,
    slopes,
    value: of.value,
    relativeError,
    slopesOn: (low, high) => clamped(derivativeOn(low, high), slopes),
    rangeOn: (low, high) => {
      let values = low === high ? valueAt(low) : hull(valueAt(low), valueAt(high));
      for (const t of turnsIn(of.turns, low, high)) values = hull(values, valueAt(t));
      return clamped(values, range);
    },
  };
}

function turnsIn(turns: Smooth['turns'], low: number, high: number): readonly number[] {
  if (!turns) return [];
  if (typeof turns === 'function') return turns(low, high);
  return turns.filter((t) => {
    const slack = NEARBY * Math.max(1, Math.abs(t));
    return low - slack <= t && t <= high + slack;
  });
}

/** Where a function with one maximum on [low, high] attains it, by golden sections: to about 1e-8. */
export function argumentOfMaximum(f: (z: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [low, high];
  for (let step = 0; step < 100; step++) {
    const c = b - ratio * (b - a);
    const d = a + ratio * (b - a);
    if (f(c) > f(d)) b = d;
    else a = c;
  }
  return (a + b) / 2;
}
