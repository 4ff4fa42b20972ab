// Proofs in float64 that half-spaces have no point in common, with all rounding against them.
import { type Matrix, matrix, multiplyVector, solve } from '../../linalg/index.ts';
import { addUp, gamma, multiplyUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { Arrangement } from './cells.ts';
import type { HalfSpace } from './half-space.ts';

/**
 * Farkas on a bounded box: with y >= 0, any x in all half-spaces has (y^T A) x < y^T b; empty if the least value of the
 * left side on the box is at least y^T b, with all rounding against it. Certain where true.
 */
export function conflictOnBox(
  { lower, upper }: Arrangement,
  spaces: readonly HalfSpace[],
  multipliers: Float64Array,
): boolean {
  const d = lower.length;
  const sum = new Float64Array(d);
  const size = new Float64Array(d);
  const error = new Float64Array(d);
  let [b, bSize, bError, some] = [0, 0, 0, false];
  spaces.forEach((space, j) => {
    const y = multipliers[j]!;
    if (!(y > 0)) return;
    some = true;
    for (let c = 0; c < d; c++) {
      const product = y * space.a[c]!;
      sum[c]! += product;
      size[c]! += Math.abs(product);
      error[c]! += y * space.aError[c]!;
    }
    b += y * space.b;
    bSize += y * Math.abs(space.b);
    bError += y * space.bError;
  });
  if (!some) return false;
  const rounding = gamma(2 * spaces.length + 2 * d + 16);
  let least = 0;
  // Products may underflow, by half of the smallest number each.
  const underflow = (2 * spaces.length + 2 * d + 2) * SMALLEST_SUBNORMAL;
  let doubt = addUp(addUp(bError, multiplyUp(rounding, addUp(bSize, bError))), underflow);
  for (let c = 0; c < d; c++) {
    const [l, u] = [lower[c]!, upper[c]!];
    least += Math.min(sum[c]! * l, sum[c]! * u);
    const most = Math.max(Math.abs(l), Math.abs(u));
    // Once for y^T A, once for its product with the box and the sums.
    const entry = addUp(error[c]!, multiplyUp(multiplyUp(2, rounding), addUp(size[c]!, error[c]!)));
    doubt = addUp(doubt, multiplyUp(addUp(entry, underflow), most));
  }
  return least - b > doubt;
}

/**
 * d + 1 half-spaces whose normals positively span R^d: some y >= 0 with y_p = 1 has y^T A = 0, and y^T b <= 0. With p a
 * row, M the others as columns and R about M^-1, the true y = -M^-1 a_p lies within |R r| + q / (1 - q) max |R r| of any
 * guess of residual r, where q >= ||I - R M||_inf (Rump 2010, section 10). Holds for every A within its errors, so that it
 * proves for all coefficients that merging may have rounded. Certain where true.
 *
 * Cost: about 2 d^3 multiply-adds.
 */
export function conflictOfSimplex(spaces: readonly HalfSpace[]): boolean {
  const d = spaces.length - 1;
  if (d < 1 || spaces[0]!.a.length !== d) return false;
  const [last, ...others] = [spaces[d]!, ...spaces.slice(0, d)];
  const m = matrix(d, d);
  const mError = matrix(d, d);
  others.forEach(({ a, aError }, j) => {
    for (let c = 0; c < d; c++) {
      m.data[c * d + j] = a[c]!;
      mError.data[c * d + j] = aError[c]!;
    }
  });
  const r = inverse(m);
  if (!r?.data.every(Number.isFinite)) return false;
  const y = multiplyVector(
    r,
    last.a.map((v) => -v),
  );
  const rounding = gamma(4 * d + 16);
  const tiny = (4 * d + 4) * SMALLEST_SUBNORMAL;
  // |a_p + M y| and the errors of both.
  const residual = Float64Array.from({ length: d }, (_, c) => {
    let [sum, size, error] = [last.a[c]!, Math.abs(last.a[c]!), last.aError[c]!];
    for (let j = 0; j < d; j++) {
      sum += m.data[c * d + j]! * y[j]!;
      size += Math.abs(m.data[c * d + j]! * y[j]!);
      error += mError.data[c * d + j]! * Math.abs(y[j]!);
    }
    return addUp(
      addUp(Math.abs(sum), multiplyUp(1 + rounding, error)),
      addUp(multiplyUp(rounding, size), tiny),
    );
  });
  const corrections = Float64Array.from({ length: d }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < d; c++) sum += Math.abs(r.data[i * d + c]!) * residual[c]!;
    return addUp(multiplyUp(1 + rounding, sum), tiny);
  });
  let q = 0;
  for (let i = 0; i < d; i++) {
    let rowSum = 0;
    for (let j = 0; j < d; j++) {
      let [sum, size, error] = [i === j ? -1 : 0, i === j ? 1 : 0, 0];
      for (let c = 0; c < d; c++) {
        const factor = r.data[i * d + c]!;
        sum += factor * m.data[c * d + j]!;
        size += Math.abs(factor * m.data[c * d + j]!);
        error += Math.abs(factor) * mError.data[c * d + j]!;
      }
      rowSum += Math.abs(sum) + error + rounding * (size + error) + tiny;
    }
    q = Math.max(q, multiplyUp(1 + rounding, rowSum));
  }
  if (!(q < 0.5)) return false;
  const largest = corrections.reduce((most, v) => Math.max(most, v), 0);
  const common = multiplyUp(2 * q, largest);
  // y^T b, each y_j anywhere within its radius.
  let [total, size, doubt] = [last.b, Math.abs(last.b), last.bError];
  for (let j = 0; j < d; j++) {
    const radius = addUp(corrections[j]!, common);
    if (!(y[j]! >= radius)) return false;
    const { b, bError } = others[j]!;
    total += y[j]! * b;
    size += Math.abs(y[j]! * b);
    const ofB = multiplyUp(radius, Math.abs(b)) + multiplyUp(addUp(y[j]!, radius), bError);
    // Zeros stay exact: without biases everything is 0.
    if (ofB > 0) doubt = addUp(doubt, multiplyUp(1 + rounding, ofB));
  }
  if (size === 0 && doubt === 0 && spaces.every(({ b }) => b === 0)) return true;
  return total + addUp(addUp(doubt, multiplyUp(rounding, size)), tiny) <= -UNIT_ROUNDOFF * Math.abs(total);
}

function inverse(m: Matrix): Matrix | undefined {
  const d = m.rows;
  const unit = matrix(d, d);
  for (let i = 0; i < d; i++) unit.data[i * d + i] = 1;
  try {
    return solve(m, unit);
  } catch {
    // Singular: not a simplex.
    return undefined;
  }
}
