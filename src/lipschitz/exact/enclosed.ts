// Matrices known up to a radius per entry: affine forms and Jacobians of a network on a part of its domain, with all
// rounding of float64 inside the radius.
import { type Matrix, matrix } from '../../linalg/index.ts';
import { addUp, gamma, multiplyUp, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF } from '../../numeric/index.ts';
import type { AffineForm } from '../network/network.ts';

/** Each true entry lies within the entry of `radius` of that of `centre`; row by row. */
export interface Enclosed {
  readonly rows: number;
  readonly columns: number;
  readonly centre: Float64Array;
  readonly radius: Float64Array;
}

export function enclosed(rows: number, columns: number): Enclosed {
  const size = rows * columns;
  return { rows, columns, centre: new Float64Array(size), radius: new Float64Array(size) };
}

/**
 * The form applied to x_0, x_1, ..., each `[size of block, columns]`; the bias goes to the last column. Entries that need
 * no rounding (sums of at most one product by 1 or -1) stay exact; after overflow nothing is known (0, radius Infinity).
 * Enclosure.
 *
 * Cost: two multiply-adds for each coefficient that is not zero and each column.
 */
export function applied(form: AffineForm, inputs: readonly Enclosed[], columns: number): Enclosed {
  const result = enclosed(form.rows, columns);
  const sizes = new Float64Array(columns);
  const counts = new Int32Array(columns);
  const rounded = new Uint8Array(columns);
  const passed = new Float64Array(columns);
  const unknown = form.coefficientError > 0 ? columnSizes(inputs, columns) : undefined;
  for (let i = 0; i < form.rows; i++) {
    const sums = result.centre.subarray(i * columns, (i + 1) * columns);
    sizes.fill(0);
    counts.fill(0);
    rounded.fill(0);
    passed.fill(0);
    let terms = 0;
    for (const [k, { data, columns: width }] of form.terms) {
      const { centre, radius } = inputs[k]!;
      for (let j = 0; j < width; j++) {
        const w = data[i * width + j]!;
        if (w === 0) continue;
        terms++;
        const size = Math.abs(w);
        const unit = size === 1;
        for (let c = 0, p = j * columns; c < columns; c++, p++) {
          const x = centre[p]!;
          if (x !== 0) {
            const product = w * x;
            sums[c]! += product;
            sizes[c]! += Math.abs(product);
            counts[c]!++;
            if (!unit && x !== 1 && x !== -1) rounded[c] = 1;
          }
          passed[c]! += size * radius[p]!;
        }
      }
    }
    const bias = form.bias[i]!;
    if (bias !== 0) {
      sums[columns - 1]! += bias;
      sizes[columns - 1]! += Math.abs(bias);
      counts[columns - 1]!++;
    }
    const own = gamma(2 * terms + 10);
    for (let c = 0; c < columns; c++) {
      let radius = multiplyUp(passed[c]!, addUp(1, own));
      if (rounded[c] || counts[c]! > 1) radius = addUp(radius, multiplyUp(own, sizes[c]!));
      if (radius > 0 || rounded[c]) radius = addUp(radius, 2 * (terms + 1) * SMALLEST_SUBNORMAL);
      if (unknown && unknown[c]! > 0) radius = addUp(radius, multiplyUp(form.coefficientError, unknown[c]!));
      if (c === columns - 1 && form.biasError > 0) radius = addUp(radius, form.biasError);
      const finite = Number.isFinite(sums[c]!) && Number.isFinite(radius);
      if (!finite) sums[c] = 0;
      result.radius[i * columns + c] = finite ? radius : Number.POSITIVE_INFINITY;
    }
  }
  return result;
}

/** For each column, at least the sum of |entry| over all inputs. */
function columnSizes(inputs: readonly Enclosed[], columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (const { centre, radius } of inputs) {
    for (let p = 0; p < centre.length; p++) {
      const c = p % columns;
      const size = radius[p] === 0 ? Math.abs(centre[p]!) : addUp(Math.abs(centre[p]!), radius[p]!);
      if (size > 0) sums[c] = addUp(sums[c]!, size);
    }
  }
  return sums;
}

/** Row i of z times `slope`, plus `intercept` +- `interceptError` in the last column, into row i of x. */
export function scaleRow(
  z: Enclosed,
  i: number,
  slope: number,
  intercept: number,
  interceptError: number,
  x: Enclosed,
): void {
  const n = z.columns;
  const size = Math.abs(slope);
  for (let c = 0, p = i * n; c < n && size > 0; c++, p++) {
    const product = slope * z.centre[p]!;
    x.centre[p] = product;
    let radius = multiplyUp(size, z.radius[p]!);
    if (size !== 1 && z.centre[p] !== 0) {
      radius = addUp(addUp(radius, UNIT_ROUNDOFF * Math.abs(product)), SMALLEST_SUBNORMAL);
    }
    x.radius[p] = radius;
  }
  if (intercept === 0 && interceptError === 0) return;
  const p = (i + 1) * n - 1;
  const before = x.centre[p]!;
  const sum = before + intercept;
  x.centre[p] = sum;
  const rounding = before === 0 || intercept === 0 ? 0 : multiplyUp(UNIT_ROUNDOFF, Math.abs(sum));
  x.radius[p] = addUp(addUp(x.radius[p]!, rounding), interceptError);
}

/** Row i of z times every number in [low, high], into row i of x. */
export function hullRow(z: Enclosed, i: number, low: number, high: number, x: Enclosed): void {
  const n = z.columns;
  for (let c = 0, p = i * n; c < n; c++, p++) {
    const centre = z.centre[p]!;
    const radius = z.radius[p]!;
    if (centre === 0 && radius === 0) continue;
    const [from, to] = [centre - radius, centre + radius];
    const products = [low * from, low * to, high * from, high * to];
    const [least, most] = [Math.min(...products), Math.max(...products)];
    x.centre[p] = 0.5 * least + 0.5 * most;
    // Sums, products, midpoint and half-width round by at most u of the larger end each.
    const size = Math.max(Math.abs(least), Math.abs(most));
    x.radius[p] = addUp(0.5 * most - 0.5 * least, addUp(multiplyUp(gamma(12), size), 8 * SMALLEST_SUBNORMAL));
  }
}

/** |centre| + radius without the last column: no entry of the true matrix is larger. Upper bound. */
export function magnitudes({ rows, columns, centre, radius }: Enclosed): Matrix {
  return withoutLast(rows, columns, (p) =>
    radius[p] === 0 ? Math.abs(centre[p]!) : addUp(Math.abs(centre[p]!), radius[p]!),
  );
}

/** The centre without the last column. */
export function centreOf({ rows, columns, centre }: Enclosed): Matrix {
  return withoutLast(rows, columns, (p) => centre[p]!);
}

/** The radius without the last column. */
export function radiusOf({ rows, columns, radius }: Enclosed): Matrix {
  return withoutLast(rows, columns, (p) => radius[p]!);
}

function withoutLast(rows: number, columns: number, entry: (p: number) => number): Matrix {
  const d = columns - 1;
  const result = matrix(rows, d);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < d; c++) result.data[i * d + c] = entry(i * columns + c);
  }
  return result;
}
