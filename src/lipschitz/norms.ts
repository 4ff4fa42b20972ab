// The three norms: lengths and dual directions of vectors, certified operator norms of matrices.
import type { Norm } from '../guarantee/index.ts';
import type { Matrix } from '../linalg/index.ts';
import { row, spectralNormUpper, transpose } from '../linalg/index.ts';
import {
  distanceEnclosure,
  type Enclosure,
  nextDown,
  nextUp,
  normEnclosure,
  sumEnclosure,
} from '../numeric/index.ts';
import { type Stop, whenDone } from '../stop.ts';

/** ||x||, not certified. */
export function length(x: Float64Array, norm: Norm): number {
  let largest = 0;
  let sum = 0;
  let squares = 0;
  for (const v of x) {
    const size = Math.abs(v);
    if (!(size <= largest)) largest = size;
    sum += size;
    squares += v * v;
  }
  if (norm !== 'l2') return norm === 'l1' ? sum : largest;
  if (squares > 1e-200 && squares < 1e200) return Math.sqrt(squares);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  return largest * Math.sqrt(x.reduce((total, v) => total + (v / largest) ** 2, 0));
}

/** The norm q with 1/p + 1/q = 1. */
export function dual(norm: Norm): Norm {
  return norm === 'l1' ? 'linf' : norm === 'linf' ? 'l1' : 'l2';
}

/** A v with ||v|| = 1 in `norm` that attains <g, v> = ||g|| in the dual norm; for g = 0, some unit vector. */
export function steepest(g: Float64Array, norm: Norm): Float64Array {
  const largest = length(g, 'linf');
  if (!(largest > 0)) return g.map((_, i) => (norm === 'linf' || i === 0 ? 1 : 0));
  switch (norm) {
    case 'l1': {
      const at = g.findIndex((v) => Math.abs(v) === largest);
      return g.map((v, i) => (i === at ? Math.sign(v) : 0));
    }
    case 'l2': {
      const size = length(g, 'l2');
      return g.map((v) => v / size);
    }
    case 'linf':
      return g.map((v) => (v < 0 ? -1 : 1));
  }
}

/** Lower and upper bound on ||x||. Enclosure. */
export function lengthEnclosure(x: Float64Array, norm: Norm): Enclosure {
  if (norm === 'l2') return normEnclosure(x);
  if (norm === 'l1') return sumEnclosure(x.map(Math.abs));
  const largest = length(x, 'linf');
  return [largest, largest];
}

/** Lower and upper bound on ||a - b||. Enclosure. */
export function separation(a: Float64Array, b: Float64Array, norm: Norm): Enclosure {
  if (norm === 'l2') return distanceEnclosure(a, b);
  // Each rounded difference lies within one neighbour of the true one.
  const differences = a.map((v, i) => Math.abs(v - b[i]!));
  return [
    lengthEnclosure(
      differences.map((v) => Math.max(0, nextDown(v))),
      norm,
    )[0],
    lengthEnclosure(
      differences.map((v) => (v === 0 ? 0 : nextUp(v))),
      norm,
    )[1],
  ];
}

/**
 * An upper bound on max ||Wv|| / ||v||, the same norm on both sides: largest column sum, spectral norm (a looser bound once
 * `stop` says so), largest row sum.
 */
export function operatorNormUpper(w: Matrix, norm: Norm, stop: Stop = whenDone): number {
  switch (norm) {
    case 'l1':
      return operatorNormUpper(transpose(w), 'linf');
    case 'l2':
      return spectralNormUpper(w, stop);
    case 'linf':
      return Array.from({ length: w.rows }, (_, i) => lengthEnclosure(row(w, i), 'l1')[1]).reduce((a, b) =>
        Math.max(a, b),
      );
  }
}
