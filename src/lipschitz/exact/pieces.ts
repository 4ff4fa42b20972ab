// The affine pieces of a piecewise linear activation: h(z) = slope z + intercept on [from, to].
import { RobustlawError } from '../../errors.ts';
import type { Activation } from '../../intervals/index.ts';
import { type Dyadics, dyadics, shift } from './dyadic.ts';

/** A number m 2^e. */
export interface Dyadic {
  readonly value: bigint;
  readonly exponent: number;
}

export interface Piece {
  /** `from` < `to`; the outermost are infinite. */
  readonly from: number;
  readonly to: number;
  readonly slope: number;
  readonly exactSlope: Dyadic;
  readonly exactIntercept: Dyadic;
  /** The intercept as float64, and how far off it may be. */
  readonly intercept: number;
  readonly interceptError: number;
}

/**
 * The pieces of an activation from left to right, those of no width left out.
 *
 * @throws unsupported-op when the activation is not piecewise linear, or not known without rounding at any breakpoint.
 */
export function piecesOf(activation: Activation): readonly Piece[] {
  const { pieces, name } = activation;
  if (!pieces) {
    throw new RobustlawError(
      'unsupported-op',
      `${name} is not piecewise linear: there are no cells to enumerate; use the semidefinite or local bounds instead`,
    );
  }
  const { breakpoints, slopes } = pieces;
  if (breakpoints.some((b, i) => Number.isNaN(b) || b < breakpoints[i - 1]!)) {
    throw new RobustlawError(
      'unsupported-op',
      `the breakpoints of ${name} are ${breakpoints.join(', ')}; expected ascending numbers`,
    );
  }
  const ends = [Number.NEGATIVE_INFINITY, ...breakpoints, Number.POSITIVE_INFINITY];
  const wide = slopes
    .map((slope, i) => ({ from: ends[i]!, to: ends[i + 1]!, slope }))
    .filter(({ from, to }) => from < to);
  const finite = wide.map(({ from }) => from).filter(Number.isFinite);
  const anchor = finite.includes(0) || finite.length === 0 ? 0 : finite[0]!;
  const value = activation.value(anchor);
  if (!Number.isFinite(value) || (activation.relativeError > 0 && value !== 0)) {
    throw new RobustlawError('unsupported-op', `${name}(${anchor}) is not known without rounding`);
  }
  // By continuity outwards from the piece that begins at the anchor.
  const start = Math.max(
    0,
    wide.findIndex(({ from }) => from === anchor),
  );
  const intercepts: Dyadic[] = [];
  intercepts[start] = minusProduct(dyadic(value), wide[start]!.slope, anchor);
  for (let i = start + 1; i < wide.length; i++) {
    intercepts[i] = minusProduct(intercepts[i - 1]!, wide[i]!.slope, wide[i]!.from, wide[i - 1]!.slope);
  }
  for (let i = start - 1; i >= 0; i--) {
    intercepts[i] = minusProduct(intercepts[i + 1]!, wide[i]!.slope, wide[i]!.to, wide[i + 1]!.slope);
  }
  return wide.map((piece, i) => {
    const exactIntercept = intercepts[i]!;
    const intercept = Number(exactIntercept.value) * 2 ** exactIntercept.exponent;
    const back = dyadics([intercept]);
    const same = equal({ value: back.values[0]!, exponent: back.exponent }, exactIntercept);
    return {
      ...piece,
      exactSlope: dyadic(piece.slope),
      exactIntercept,
      intercept,
      interceptError: same ? 0 : Math.abs(intercept) * 2 ** -50 + 2 ** -1070,
    };
  });
}

/** The pieces that some number strictly inside of [low, high] belongs to; of a single number, the first that holds it. */
export function piecesWithin(pieces: readonly Piece[], low: number, high: number): number[] {
  const met = pieces.flatMap(({ from, to }, i) => (from < high && to > low ? [i] : []));
  return met.length > 0 ? met : [pieces.findIndex(({ from, to }) => from <= low && high <= to)];
}

export function dyadic(x: number): Dyadic {
  const { exponent, values }: Dyadics = dyadics([x]);
  return { value: values[0]!, exponent };
}

/** c - (slope - before) at. */
function minusProduct(c: Dyadic, slope: number, at: number, before = 0): Dyadic {
  const s = dyadics([slope, before]);
  const z = dyadic(at);
  const product = (s.values[0]! - s.values[1]!) * z.value;
  const exponent = Math.min(c.exponent, s.exponent + z.exponent);
  return {
    value: shift(c.value, c.exponent, exponent) - shift(product, s.exponent + z.exponent, exponent),
    exponent,
  };
}

function equal(a: Dyadic, b: Dyadic): boolean {
  const exponent = Math.min(a.exponent, b.exponent);
  return shift(a.value, a.exponent, exponent) === shift(b.value, b.exponent, exponent);
}
