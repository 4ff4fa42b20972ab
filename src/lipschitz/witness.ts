// Pairs of points that prove a Lipschitz constant from below, with rounding subtracted.
import { invalidArgument, RobustlawError } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { GLOBAL, type Norm, type Witness, type WitnessedLowerBound } from '../guarantee/index.ts';
import { addDown, addUp, divideDown, nextDown } from '../numeric/index.ts';
import type { Enclosed } from './evaluation.ts';
import { evaluateEnclosed } from './evaluation.ts';
import type { Sequential } from './layers.ts';
import { sequential } from './layers.ts';
import { length, lengthEnclosure, separation } from './norms.ts';

type Pair = Extract<Witness, { kind: 'pair' }>;

/** A lower bound on ||f(a) - f(b)|| / ||a - b|| in real arithmetic; 0 where rounding leaves nothing. Lower bound. */
export function quotient(network: Sequential, a: Float64Array, b: Float64Array, norm: Norm): number {
  return quotientOf(
    evaluateEnclosed(network, a),
    evaluateEnclosed(network, b),
    separation(a, b, norm)[1],
    norm,
  );
}

function quotientOf(fa: Enclosed, fb: Enclosed, distance: number, norm: Norm): number {
  const differences = fa.value.map((v, i) => {
    const apart = nextDown(Math.abs(v - fb.value[i]!));
    const least = addDown(apart, -addUp(fa.error[i]!, fb.error[i]!));
    return positivePart(least);
  });
  if (!(distance > 0)) return 0;
  return positivePart(divideDown(lengthEnclosure(differences, norm)[0], distance));
}

/** max(x, 0), and 0 for NaN: where float64 overflows, nothing is proven. */
function positivePart(x: number): number {
  if (!(x > 0)) return 0;
  return x;
}

/** Distances of the ends of a pair from its point, in powers of 8 times the size of the point (at least 1). */
const LADDER = Array.from({ length: 25 }, (_, i) => 8 ** (8 - i));

/** The steepest pair on the line through `point` along `direction`, both ends tried at all distances of a ladder. */
export function pairAlong(
  network: Sequential,
  point: Float64Array,
  direction: Float64Array,
  norm: Norm,
): { readonly pair: Pair; readonly value: number } {
  const scale = Math.max(length(point, 'linf'), 1);
  const at = (t: number) => {
    const x = point.map((p, i) => p + t * direction[i]!);
    return { x, f: evaluateEnclosed(network, x) };
  };
  const middle = at(0);
  const pairs = LADDER.flatMap((h) => {
    const [before, after] = [at(-h * scale), at(h * scale)];
    return [
      [before, after],
      [before, middle],
      [middle, after],
    ] as const;
  }).map(([a, b]) => ({
    pair: { kind: 'pair' as const, a: a.x, b: b.x },
    value: quotientOf(a.f, b.f, separation(a.x, b.x, norm)[1], norm),
  }));
  return pairs.reduce((best, pair) => (pair.value > best.value ? pair : best));
}

/**
 * Checks a witness from anywhere against a sequential network: the value that it proves, in float64 with all rounding
 * subtracted, by other code than the engine that found it. A pair proves its quotient; a direction at a point proves the
 * quotient of the best pair along it, which becomes the witness.
 *
 * @throws unsupported-op for graphs that are no sequence of layers; shape-mismatch when the points have another length;
 *   invalid-argument when they are not finite. Witnessed lower bound.
 */
export function recheck(witness: Witness, g: Graph, norm: Norm = 'l2'): WitnessedLowerBound {
  return recheckOf(witness, sequential(g), norm, 'quotient of a given witness');
}

/** recheck() of a network already read. */
export function recheckOf(
  witness: Witness,
  network: Sequential,
  norm: Norm,
  method: string,
): WitnessedLowerBound {
  const points = witness.kind === 'pair' ? [witness.a, witness.b] : [witness.point, witness.direction];
  for (const x of points) {
    const at = x.findIndex((v) => !Number.isFinite(v));
    if (at >= 0) throw invalidArgument(`coordinate ${at} of a witness`, x[at], 'a finite number');
    if (x.length !== network.features) {
      throw new RobustlawError(
        'shape-mismatch',
        `a point of the witness has ${x.length} coordinates; the network takes ${network.features}`,
      );
    }
  }
  const proven =
    witness.kind === 'pair'
      ? { pair: witness, value: quotient(network, witness.a, witness.b, norm) }
      : pairAlong(network, witness.point, witness.direction, norm);
  return {
    kind: 'lower',
    value: proven.value,
    witness: proven.pair,
    norm,
    domain: GLOBAL,
    method,
    arithmetic: 'float64',
  };
}
