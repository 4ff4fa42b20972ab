// Rules of functions of one variable, entry by entry.
import { activationOf } from '../activation.ts';
import type { Box, Rule } from '../box.ts';
import { emptyBox, isPoint } from '../box.ts';
import type { Range } from '../range.ts';
import { outwards, REALS } from '../range.ts';
import { divideDown, divideUp, sqrtDown, sqrtUp } from '../rounding.ts';

/** The box of f over each entry's interval. */
export function mapped(x: Box, f: (low: number, high: number) => Range): Box {
  const out = emptyBox(x.lower.length);
  for (let i = 0; i < x.lower.length; i++) {
    const [low, high] = f(x.lower[i]!, x.upper[i]!);
    out.lower[i] = low;
    out.upper[i] = high;
  }
  return out;
}

const elementwise =
  (f: (low: number, high: number) => Range): Rule =>
  (_node, [x]) => [mapped(x!, f)];

/** An increasing function that rounds nothing. */
const exact =
  (f: (z: number) => number): Rule =>
  (_node, [x]) => {
    const lower = x!.lower.map(f);
    return [isPoint(x!) ? { lower, upper: lower } : { lower, upper: x!.upper.map(f) }];
  };

/** An increasing function on a part of the line, in a few roundings; beyond that part it has no values. */
const increasing = (f: (z: number) => number, [from, to]: Range): Rule =>
  elementwise((low, high) => {
    if (high < from || low > to) return REALS;
    return outwards(f(Math.max(low, from)), f(Math.min(high, to)));
  });

/** Half to even, as ONNX rounds. */
export function roundHalfToEven(z: number): number {
  const below = Math.floor(z);
  if (z - below !== 0.5) return Math.round(z);
  return below % 2 === 0 ? below : below + 1;
}

function reciprocalOn(low: number, high: number): Range {
  if (low > 0 || high < 0) return [divideDown(1, high), divideUp(1, low)];
  if (low === 0 && high > 0) return [divideDown(1, high), Infinity];
  return high === 0 && low < 0 ? [-Infinity, divideUp(1, low)] : REALS;
}

function tangentOn(low: number, high: number): Range {
  // Poles at (k + 1/2) pi; close to one, or past 2^30, which side is not resolved.
  const size = Math.max(Math.abs(low), Math.abs(high));
  const period = (z: number) => z / Math.PI + 0.5;
  const slack = 2 ** -20;
  if (!(size < 2 ** 30) || Math.floor(period(low) - slack) !== Math.floor(period(high) + slack)) return REALS;
  return outwards(Math.tan(low), Math.tan(high));
}

/** A node's activation over its first input. */
export const activated: Rule = (node, [x]) => {
  const activation = activationOf(node)!;
  return [mapped(x!, activation.rangeOn)];
};

export const ELEMENTWISE: Readonly<Record<string, Rule>> = {
  Identity: (_node, [x]) => [x!],
  Neg: (_node, [x]) => {
    const lower = x!.upper.map((z) => 0 - z);
    return [isPoint(x!) ? { lower, upper: lower } : { lower, upper: x!.lower.map((z) => 0 - z) }];
  },
  Sign: exact(Math.sign),
  Floor: exact(Math.floor),
  Ceil: exact(Math.ceil),
  Round: exact(roundHalfToEven),
  Sqrt: elementwise((low, high) => (high < 0 ? REALS : [sqrtDown(Math.max(low, 0)), sqrtUp(high)])),
  Log: increasing(Math.log, [0, Infinity]),
  Reciprocal: elementwise(reciprocalOn),
  Tan: elementwise(tangentOn),
  Asin: increasing(Math.asin, [-1, 1]),
  Acos: elementwise((low, high) =>
    high < -1 || low > 1 ? REALS : outwards(Math.acos(Math.min(high, 1)), Math.acos(Math.max(low, -1))),
  ),
  Acosh: increasing(Math.acosh, [1, Infinity]),
  Atanh: increasing(Math.atanh, [-1, 1]),
};
