// The spectral norm of Jacobians with slopes in known ranges, expanded around fixed slopes.
import { type Matrix, matrix, multiply, spectralNormUpper } from '../../linalg/index.ts';
import {
  addUp,
  gamma,
  multiplyUp,
  normEnclosure,
  SMALLEST_SUBNORMAL,
  sqrtUp,
  UNIT_ROUNDOFF,
} from '../../numeric/index.ts';
import type { AffineForm, Network } from '../network/network.ts';
import type { Slopes } from './jacobian.ts';

/** The slopes of one block as centre + radius [-1, 1]. */
interface SplitSlopes {
  readonly centre: Float64Array;
  /** Square roots of the radii, rounded up. */
  readonly root: Float64Array;
  /** Neurons of positive radius. */
  readonly loose: readonly number[];
}

/** About which slopes to expand: the middles of their ranges, or zero for those that are not fixed. */
export type Around = 'middle' | 'zero';

/**
 * An upper bound on |J|_2 over all slopes in their ranges. With slopes m + r e, |e| <= 1, and q = sqrt(r), a change of the
 * input moves the pre-activations by dz_k = Z_k dx + sum_j S_kj diag(r_j e_j) dz_j, where Z_k and S_kj belong to the
 * network with the slopes m alone. So
 *
 *   v_k = |q_k Z_k|_2 + sum_{j<k} |q_k S_kj q_j|_2 v_j  bounds |q_k dz_k| / |dx|,
 *   |J|_2 <= |J_m|_2 + sum_j |S_j q_j|_2 v_j            with S_j from block j to the output.
 *
 * Around the middles the bound tends to the norm of the Jacobian as ranges shrink. Around zero it is the product of
 * spectral norms, summed over paths, with each layer scaled by its largest slopes, runs of layers with fixed slopes merged
 * and dead neurons left out.
 *
 * Time: for each pair of blocks, a product of their size and a spectral norm.
 *
 * @throws invalid-argument when a weight is NaN or infinite. Upper bound; Infinity where slopes are unbounded or numbers overflow.
 */
export function expansionBound(network: Network, slopes: Slopes, around: Around): number {
  if (!slopes.flat(2).every(Number.isFinite)) return Infinity;
  const split = slopes.map((ranges) => splitSlopes(ranges, around));
  const forms = [...network.blocks.map(({ preactivation }) => preactivation), network.output];
  const last = forms.length;
  // v_0 = 1 belongs to the input.
  const reached = new Float64Array(last + 1);
  reached[0] = 1;
  let total = 0;
  for (let j = 0; j < last; j++) {
    if (j > 0 && (split[j - 1]!.loose.length === 0 || reached[j] === 0)) continue;
    const fed = new Map<number, Approximate>();
    if (j > 0) fed.set(j, selection(split[j - 1]!));
    for (let k = j + 1; k <= last; k++) {
      const z = preactivationOf(forms[k - 1]!, fed, j === 0 ? network.features : 0);
      if (z === undefined) continue;
      if (k === last) {
        total = addUp(total, multiplyUp(normOf(z), reached[j]!));
        continue;
      }
      const { loose, root, centre } = split[k - 1]!;
      if (loose.length > 0) {
        reached[k] = addUp(reached[k]!, multiplyUp(normOf(scaledRows(z, root, loose)), reached[j]!));
      }
      if (centre.some((c) => c !== 0)) fed.set(k, scaledRows(z, centre, [...centre.keys()]));
    }
  }
  return total;
}

/** A matrix, and a bound on the Frobenius norm of what it is off by. */
interface Approximate {
  readonly value: Matrix;
  readonly error: number;
}

function splitSlopes(ranges: Slopes[number], around: Around): SplitSlopes {
  const centre = Float64Array.from(ranges, ([a, b]) =>
    a === b ? a : around === 'middle' ? 0.5 * a + 0.5 * b : 0,
  );
  const root = Float64Array.from(ranges, ([a, b], i) => {
    const m = centre[i]!;
    return a === b ? 0 : sqrtUp(around === 'middle' ? Math.max(addUp(b, -m), addUp(m, -a)) : Math.max(-a, b));
  });
  return { centre, root, loose: [...root.keys()].filter((i) => root[i]! > 0) };
}

/** The columns of diag(root) that are not zero. */
function selection({ root, loose }: SplitSlopes): Approximate {
  const value = matrix(root.length, loose.length);
  loose.forEach((i, at) => {
    value.data[i * loose.length + at] = root[i]!;
  });
  return { value, error: 0 };
}

/**
 * sum_i W_i fed_i, and W_0 itself when x_0, of so many `features`, is among what is fed; undefined where nothing arrives.
 * Coefficients of merged weights are off by at most e each, absent ones too, so that |dW|_F <= e sqrt(number of entries).
 */
function preactivationOf(
  form: AffineForm,
  fed: ReadonlyMap<number, Approximate>,
  features: number,
): Approximate | undefined {
  const parts: Approximate[] = [];
  let slack = 0;
  if (features > 0) {
    const w = form.terms.get(0);
    if (w) parts.push({ value: w, error: 0 });
    slack = offBy(form, features, 1);
  }
  for (const [i, x] of fed) {
    const w = form.terms.get(i);
    if (w) parts.push(productOf(w, x));
    slack = addUp(slack, offBy(form, x.value.rows, addUp(frobenius(x.value), x.error)));
  }
  const columns = features > 0 ? features : fed.values().next().value!.value.columns;
  if (parts.length === 0) {
    return slack === 0 ? undefined : { value: matrix(form.rows, columns), error: slack };
  }
  const sum = parts.reduce(sumOf);
  return { value: sum.value, error: addUp(sum.error, slack) };
}

/** |dW X|_F for coefficients dW of `columns` columns that are off by the form's error, and X of norm `size`. */
function offBy({ rows, coefficientError }: AffineForm, columns: number, size: number): number {
  return coefficientError === 0 ? 0 : multiplyUp(multiplyUp(coefficientError, sqrtUp(rows * columns)), size);
}

/** |fl(W X) - W X|_F <= gamma(n) |W|_F |X|_F, what underflows aside. */
function productOf(w: Matrix, x: Approximate): Approximate {
  const value = multiply(w, x.value);
  const ofW = frobenius(w);
  const rounding = multiplyUp(gamma(w.columns), multiplyUp(ofW, frobenius(x.value)));
  const underflow = value.data.length * w.columns * SMALLEST_SUBNORMAL;
  return { value, error: addUp(addUp(multiplyUp(ofW, x.error), rounding), underflow) };
}

function sumOf(a: Approximate, b: Approximate): Approximate {
  const value = matrix(
    a.value.rows,
    a.value.columns,
    a.value.data.map((v, i) => v + b.value.data[i]!),
  );
  const rounding = multiplyUp(2 * UNIT_ROUNDOFF, frobenius(value));
  return { value, error: addUp(addUp(a.error, b.error), rounding) };
}

/** The rows `rows`, row i times factors_i. */
function scaledRows(
  { value, error }: Approximate,
  factors: Float64Array,
  rows: readonly number[],
): Approximate {
  const { columns, data } = value;
  const result = matrix(rows.length, columns);
  let largest = 0;
  rows.forEach((i, at) => {
    const factor = factors[i]!;
    largest = Math.max(largest, Math.abs(factor));
    for (let c = 0; c < columns; c++) result.data[at * columns + c] = factor * data[i * columns + c]!;
  });
  const rounding = multiplyUp(2 * UNIT_ROUNDOFF, frobenius(result));
  const underflow = result.data.length * SMALLEST_SUBNORMAL;
  return { value: result, error: addUp(addUp(multiplyUp(largest, error), rounding), underflow) };
}

/** |A|_F, rounded upwards; Infinity where entries are not finite. */
function frobenius({ data }: Matrix): number {
  return data.every((v) => Number.isFinite(v)) ? normEnclosure(data)[1] : Infinity;
}

function normOf({ value, error }: Approximate): number {
  return error < Infinity ? addUp(spectralNormUpper(value), error) : Infinity;
}
