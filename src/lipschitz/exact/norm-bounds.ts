// Norms of Jacobians that are known up to a radius, from both sides.
import type { Norm } from '../../guarantee/index.ts';
import { type Matrix, row, spectralNormWitness } from '../../linalg/index.ts';
import {
  addDown,
  addUp,
  divideDown,
  dotEnclosure,
  multiplyUp,
  nextDown,
  UNIT_ROUNDOFF,
} from '../../numeric/index.ts';
import { lengthEnclosure, operatorNormUpper } from '../norms.ts';
import { centreOf, type Enclosed, magnitudes, radiusOf } from './enclosed.ts';

/** At least ||J|| for every J within the enclosure (its last column left out); Infinity after overflow. Upper bound. */
export function normUpper(jacobian: Enclosed, norm: Norm): number {
  const most = magnitudes(jacobian);
  if (!most.data.every(Number.isFinite)) return Number.POSITIVE_INFINITY;
  // Elementwise larger matrices have larger norms.
  const ofMost = operatorNormUpper(most, norm);
  if (norm !== 'l2') return ofMost;
  const radius = radiusOf(jacobian);
  const ofCentre = operatorNormUpper(centreOf(jacobian), norm);
  return Math.min(
    ofMost,
    addUp(ofCentre, radius.data.some((r) => r > 0) ? operatorNormUpper(radius, norm) : 0),
  );
}

/** A direction in which the centre stretches most. Estimate. */
export function steepestDirection(jacobian: Enclosed, norm: Norm): Float64Array {
  const j = centreOf(jacobian);
  const { rows, columns, data } = j;
  if (norm === 'l2') return spectralNormWitness(j).direction;
  if (norm === 'l1') {
    const sums = new Float64Array(columns);
    data.forEach((v, p) => {
      sums[p % columns]! += Math.abs(v);
    });
    const at = sums.indexOf(sums.reduce((a, b) => Math.max(a, b)));
    return sums.map((_, c) => (c === at ? 1 : 0));
  }
  const sums = Float64Array.from({ length: rows }, (_, i) => row(j, i).reduce((s, v) => s + Math.abs(v), 0));
  const at = sums.indexOf(sums.reduce((a, b) => Math.max(a, b)));
  return row(j, at).map((v) => (v < 0 ? -1 : 1));
}

/**
 * At most ||J (b - a)|| / ||b - a|| for every J within the enclosure; 0 where rounding leaves nothing. Lower bound.
 */
export function stretchOfPair(jacobian: Enclosed, a: Float64Array, b: Float64Array, norm: Norm): number {
  if (!jacobian.radius.every(Number.isFinite)) return 0;
  const difference = b.map((v, c) => v - a[c]!);
  const j: Matrix = centreOf(jacobian);
  const image = Float64Array.from({ length: j.rows }, (_, i) => {
    const [low, high] = dotEnclosure(row(j, i), difference);
    return Math.max(0, low, -high);
  });
  const [, length] = lengthEnclosure(difference, norm);
  if (!(length > 0) || !Number.isFinite(length)) return 0;
  const quotient = divideDown(lengthEnclosure(image, norm)[0], length);
  // Each rounded difference is within u of the true one, which changes ||J v|| by at most u ||J|| ||v|| and ||v|| by a
  // factor of at most 1 + u.
  const radius = radiusOf(jacobian);
  const ofRadius = radius.data.some((r) => r > 0) ? operatorNormUpper(radius, norm) : 0;
  const lost = addUp(
    multiplyUp(4 * UNIT_ROUNDOFF, operatorNormUpper(j, norm)),
    multiplyUp(1.000001, ofRadius),
  );
  const least = addDown(quotient, -lost) * nextDown(1 - 2 * UNIT_ROUNDOFF);
  return least > 0 ? nextDown(least) : 0;
}
