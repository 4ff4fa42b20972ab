// The smooth activations and the exponential units, with derivatives and turning points.
import { erf, normalCdf, UNIT_ROUNDOFF } from '../numeric/index.ts';
import type { Activation } from './activation.ts';
import { clipOf } from './piecewise-linear.ts';
import { hull, outwards, type Range, REALS } from './range.ts';
import { argumentOfMaximum, type Smooth, smooth } from './smooth.ts';

/** Generous: V8's elementary functions err by less than one unit in the last place each. */
const FEW_ULPS = 16 * UNIT_ROUNDOFF;

/** Errors of src/numeric's erf, about 1e-15 relative. */
const ERF_ULPS = 64 * UNIT_ROUNDOFF;

/** A derivative without cancellation: a relative error. */
const relativeTo =
  (derivative: (z: number) => number, fraction: number) =>
  (z: number): number =>
    fraction * Math.abs(derivative(z));

/** A monotone function whose derivative turns at `slopeTurns` and suffers no cancellation. */
function monotone(
  name: string,
  value: (z: number) => number,
  derivative: (z: number) => number,
  more: Partial<Smooth> = {},
): Activation {
  const derivativeError = relativeTo(derivative, 2 * FEW_ULPS);
  return smooth({ name, value, relativeError: FEW_ULPS, derivative, derivativeError, ...more });
}

const logistic = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

/** s(z) s(-z), s the logistic function. */
const logisticSlope = (z: number): number => {
  const t = Math.exp(-Math.abs(z));
  return t / ((1 + t) * (1 + t));
};

/** 1 / (1 + e^-z). */
export const SIGMOID = monotone('Sigmoid', logistic, logisticSlope, {
  slopeTurns: [0],
  range: [0, 1],
  slopes: [0, 0.25],
});

export const TANH = monotone('Tanh', Math.tanh, (z) => 4 * logisticSlope(2 * z), {
  slopeTurns: [0],
  range: [-1, 1],
  slopes: [0, 1],
});

/** log(1 + e^z). */
export const SOFTPLUS = monotone(
  'Softplus',
  (z) => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z))),
  logistic,
  { range: [0, Infinity], slopes: [0, 1] },
);

/** z / (1 + |z|). */
export const SOFTSIGN = monotone(
  'Softsign',
  (z) => (Number.isFinite(z) ? z / (1 + Math.abs(z)) : Math.sign(z)),
  (z) => 1 / ((1 + Math.abs(z)) * (1 + Math.abs(z))),
  { slopeTurns: [0], range: [-1, 1], slopes: [0, 1] },
);

export const ATAN = monotone('Atan', Math.atan, (z) => 1 / (1 + z * z), {
  slopeTurns: [0],
  slopes: [0, 1],
});

export const ASINH = monotone('Asinh', Math.asinh, (z) => 1 / Math.hypot(1, z), {
  slopeTurns: [0],
  slopes: [0, 1],
});

/** 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to z. */
export const ERF = monotone('Erf', erf, (z) => (2 / Math.sqrt(Math.PI)) * gaussian(z), {
  relativeError: ERF_ULPS,
  derivativeError: (z) => (FEW_ULPS + gaussianError(z)) * 2 * gaussian(z),
  slopeTurns: [0],
  range: [-1, 1],
  slopes: [0, outwards(0, 2 / Math.sqrt(Math.PI))[1]],
});

export const EXP = monotone('Exp', Math.exp, Math.exp, { range: [0, Infinity], slopes: [0, Infinity] });

export const SINH = monotone('Sinh', Math.sinh, Math.cosh, { slopeTurns: [0], slopes: [1, Infinity] });

export const COSH = monotone('Cosh', Math.cosh, Math.sinh, {
  turns: [0],
  range: [1, Infinity],
  slopes: REALS,
});

export const SIN = circular('Sin', Math.sin, Math.cos, 0.5);
export const COS = circular('Cos', Math.cos, (z) => -Math.sin(z), 0);

/** A sine or cosine, extremal at (offset + k) pi; its derivative at (offset + 1/2 + k) pi. */
function circular(
  name: string,
  value: (z: number) => number,
  derivative: (z: number) => number,
  offset: number,
): Activation {
  // At an infinite end every value occurs nearby; 1 stands for them beside the turning points.
  const anywhere = (f: (z: number) => number) => (z: number) => (Number.isFinite(z) ? f(z) : 1);
  return smooth({
    name,
    value: anywhere(value),
    relativeError: FEW_ULPS,
    derivative: anywhere(derivative),
    derivativeError: () => FEW_ULPS,
    turns: (low, high) => multiplesOfPi(offset, low, high),
    slopeTurns: (low, high) => multiplesOfPi(offset + 0.5, low, high),
    range: [-1, 1],
    slopes: [-1, 1],
  });
}

/** (offset + k) pi in [low, high] or next to it: at least one of each parity where two or more lie there. */
function multiplesOfPi(offset: number, low: number, high: number): number[] {
  const [first, last] = [offset * Math.PI, (offset + 1) * Math.PI];
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Past 2^30 the distance to a multiple of pi is not resolved.
  if (!(size < 2 ** 30) || high - low >= 2 * Math.PI) return [first, last];
  const slack = 2 ** -20;
  const from = Math.ceil((low - slack) / Math.PI - offset);
  const to = Math.floor((high + slack) / Math.PI - offset);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ((from + i) % 2 === 0 ? first : last));
}

/** e^(-z^2); 0 where it underflows. */
const gaussian = (z: number): number => (Math.abs(z) > 28 ? 0 : Math.exp(-z * z));

/** Relative error of gaussian(): that of the rounded exponent, z^2 units. */
const gaussianError = (z: number): number => FEW_ULPS + 2 * Math.min(z * z, 784) * UNIT_ROUNDOFF;

/** sqrt(2 pi) times the normal density. */
const density = (z: number): number => gaussian(z * Math.SQRT1_2) / Math.sqrt(2 * Math.PI);

/**
 * Units that are 0 at -infinity and z at infinity, between them z times a sigmoid: h' rises from 0 through a minimum below
 * 0 and a maximum above 1, mirror images h'(z) + h'(-z) = 1 where the sigmoid is symmetric.
 */
function gated(
  name: string,
  gate: (z: number) => number,
  derivative: (z: number) => number,
  gateError: (z: number) => number,
  derivativeError: number,
): Activation {
  const lowest = argumentOfMaximum((z) => -derivative(z), -5, 0);
  const highest = argumentOfMaximum(derivative, 0, 5);
  const turn = root(derivative, lowest, 0);
  const past = 800;
  const value = (z: number) => (z < -past ? 0 : z > past ? z : z * gate(z));
  const slope = (z: number) => (z < -past ? 0 : z > past ? 1 : derivative(z));
  const error = (z: number) => (Math.abs(z) > past ? 0 : FEW_ULPS + gateError(z));
  return smooth({
    name,
    value,
    relativeError: Math.max(...[-past, -40, -30, 0, past].map(error)),
    valueError: error,
    derivative: slope,
    derivativeError: () => derivativeError,
    turns: [turn],
    slopeTurns: [lowest, highest],
    range: [value(turn) * (1 + 2 ** -40), Infinity],
  });
}

/** Where an increasing function changes its sign, by bisection. */
function root(f: (z: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let step = 0; step < 100; step++) {
    const c = (a + b) / 2;
    if (f(c) < 0) a = c;
    else b = c;
  }
  return (a + b) / 2;
}

/** z Phi(z), Phi the normal distribution function. */
export const GELU = gated(
  'Gelu',
  (z) => normalCdf(z),
  (z) => normalCdf(z) + z * density(z),
  // Phi(z) in the lower tail: that of the rounded argument, z^2 units; past -39 it underflows.
  (z) => ERF_ULPS + 4 * (z < 0 ? Math.min(z * z, 39 * 39) : 1) * UNIT_ROUNDOFF,
  4 * ERF_ULPS,
);

const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBE = 0.044715;

/** z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) / 2, with (1 + tanh w) / 2 = s(2w), s the logistic function. */
export const GELU_TANH = gated(
  'Gelu (tanh)',
  (z) => logistic(2 * tanhArgument(z)),
  (z) => {
    const w = 2 * tanhArgument(z);
    return logistic(w) + z * logisticSlope(w) * 2 * TANH_SCALE * (1 + 3 * TANH_CUBE * z * z);
  },
  // The error of the argument w counts as w s(-w), at most 1 where w > 0.
  (z) => FEW_ULPS + 16 * (z < 0 ? Math.min(-tanhArgument(z), 800) : 1) * UNIT_ROUNDOFF,
  4 * ERF_ULPS,
);

function tanhArgument(z: number): number {
  return TANH_SCALE * z * (1 + TANH_CUBE * z * z);
}

/** z / (1 + e^-z): SiLU, or Swish with beta = 1. */
export const SILU = gated(
  'SiLU',
  logistic,
  (z) => logistic(z) + z * logisticSlope(z),
  () => FEW_ULPS,
  4 * FEW_ULPS,
);

/** z tanh(log(1 + e^z)). */
export const MISH = gated(
  'Mish',
  (z) => Math.tanh(SOFTPLUS.value(z)),
  (z) => {
    const s = SOFTPLUS.value(z);
    return Math.tanh(s) + z * 4 * logisticSlope(2 * s) * logistic(z);
  },
  () => 2 * FEW_ULPS,
  8 * FEW_ULPS,
);

/** z max(0, min(1, z/6 + 1/2)). */
export const HARD_SWISH = smooth({
  name: 'HardSwish',
  value: (z) => (z <= -3 ? 0 : z >= 3 ? z : (z * (z + 3)) / 6),
  relativeError: FEW_ULPS,
  derivative: (z) => (z <= -3 ? 0 : z >= 3 ? 1 : (2 * z + 3) / 6),
  derivativeError: () => FEW_ULPS,
  turns: [-1.5],
  kinks: [
    { at: -3, slopes: [0, -0.5] },
    { at: 3, slopes: [1.5, 1] },
  ],
  range: [-0.375, Infinity],
  slopes: [-0.5, 1.5],
});

/** gain z for z > 0 and gain alpha (e^(rate z) - 1) otherwise: Elu, Selu and Celu. `rate` may be rounded once. */
export function exponentialUnit(name: string, gain: number, alpha: number, rate: number): Activation {
  const size = gain * alpha;
  const steepness = size * rate;
  const limit = size * (rate > 0 ? -1 : rate < 0 ? Infinity : 0);
  const slopeBelow = (z: number) => steepness * Math.exp(rate * z);
  // The rounded exponent counts by its size in e^x, and at most once in e^x - 1 for x < 0.
  const exponentError = (z: number) => 4 * Math.min(Math.abs(rate * z), 800) * UNIT_ROUNDOFF;
  const ofSteepness = outwards(steepness, steepness);
  return smooth({
    name,
    value: (z) => {
      if (z > 0) return gain * z;
      if (z === 0 || size === 0) return 0;
      return z === -Infinity ? limit : size * Math.expm1(rate * z);
    },
    relativeError: rate < 0 ? FEW_ULPS + exponentError(-Infinity) : FEW_ULPS,
    derivative: (z) => (z > 0 ? gain : steepness === 0 ? 0 : slopeBelow(z)),
    derivativeError: (z) =>
      z > 0 || steepness === 0 ? 0 : (FEW_ULPS + exponentError(z)) * Math.abs(slopeBelow(z)),
    turns: [0],
    kinks: [{ at: 0, slopes: [steepness, gain] }],
    slopes: hull([gain, gain], ofSteepness, rate < 0 ? [limit, limit] : [0, 0]),
  });
}

/** z for z > alpha, 0 otherwise: it jumps by alpha at alpha. */
export function thresholdedReluOf(alpha: number): Activation {
  if (alpha === 0) return { ...clipOf(0, Infinity), name: 'ThresholdedRelu' };
  const value = (z: number) => (z > alpha ? z : 0);
  const jump = alpha > 0 ? Infinity : -Infinity;
  const slopesOn = (low: number, high: number): Range => {
    const sides: number[] = [];
    if (low <= alpha) sides.push(0);
    if (high > alpha) sides.push(1);
    if (low <= alpha && high >= alpha) sides.push(jump, 0, 1);
    return [Math.min(...sides), Math.max(...sides)];
  };
  return {
    name: 'ThresholdedRelu',
    slopes: slopesOn(-Infinity, Infinity),
    value,
    relativeError: 0,
    slopesOn,
    rangeOn: (low, high) => {
      const values: number[] = [];
      if (low <= alpha) values.push(0);
      if (high > alpha) values.push(Math.max(low, alpha), high);
      return [Math.min(...values), Math.max(...values)];
    },
  };
}
