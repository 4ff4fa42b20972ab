// Certified upper bounds on the spectral norm |W|_2, and certified lower ends with the direction that attains them.
import { invalidArgument } from '../errors.ts';
import {
  addUp,
  divideDown,
  divideUp,
  dotEnclosure,
  gamma,
  multiplyDown,
  multiplyUp,
  nextDown,
  normEnclosure,
  sqrtUp,
  UNIT_ROUNDOFF,
} from '../numeric/index.ts';
import { type Stop, whenDone } from '../stop.ts';
import { tryCholesky } from './cholesky.ts';
import { largestEigenpair } from './lanczos.ts';
import { type Matrix, matrix, normalised, row, transpose } from './matrix.ts';
import { gram, multiplyVectorTransposed, tryGram } from './product.ts';

/**
 * An upper bound on |W|_2 = max |Wv| / |v| that holds in exact arithmetic: all rounding of its own
 * computation is accounted for. Relative excess about m^2 1e-16 for smaller side m (1e-10 at m = 1000).
 * Never the power method, which converges from below.
 *
 * With G = fl(W W^T) on the smaller side, s I - G >= 0 is certified by a floating-point Cholesky
 * factorisation that runs to its end (Rump, "Verification of positive definiteness", BIT 2006); s is first
 * tried just above the Lanczos estimate of the largest eigenvalue and raised until the certificate holds.
 * The Frobenius norm and sqrt(|W|_1 |W|_inf), rounded upwards, are taken where they are smaller (rank one,
 * diagonal matrices).
 *
 * Time: about m^2 n / 2 + m^3 / 6 multiply-adds, one to two seconds at 1000 x 1000. Once `stop` says so, the least of the
 * Frobenius norm, sqrt(|W|_1 |W|_inf) and, where W W^T is there, |W W^T|_F^(1/2) is returned.
 *
 * @throws invalid-argument when an entry is NaN or infinite. Upper bound.
 */
export function spectralNormUpper(w: Matrix, stop: Stop = whenDone): number {
  if (Math.min(w.rows, w.columns) === 1) return normEnclosure(w.data)[1];
  const { scaled, exponent } = normalised(w);
  const smallSide = scaled.rows <= scaled.columns ? scaled : transpose(scaled);
  const frobenius = normEnclosure(scaled.data)[1];
  if (frobenius === 0) return 0;
  const simple = Math.min(
    frobenius,
    sqrtUp(multiplyUp(largestRowSum(scaled), largestRowSum(transpose(scaled)))),
  );
  return multiplyUp(Math.min(simple, sqrtUp(largestSquare(smallSide, frobenius, stop))), 2 ** exponent);
}

/**
 * Whether |W|_2 <= bound is certified, by one Cholesky factorisation of bound^2 I - fl(W W^T) in place of the search of
 * spectralNormUpper(). False says nothing: bounds within about m^2 1e-16 of the norm are not decided.
 *
 * Time: m^2 n / 2 + m^3 / 6 multiply-adds for smaller side m, without the estimate of the largest eigenvalue.
 *
 * @throws invalid-argument when an entry is NaN or infinite.
 */
export function spectralNormAtMost(w: Matrix, bound: number): boolean {
  if (Math.min(w.rows, w.columns) === 1) return normEnclosure(w.data)[1] <= bound;
  const { scaled, exponent } = normalised(w);
  const frobenius = normEnclosure(scaled.data)[1];
  const target = divideDown(bound, 2 ** exponent);
  if (frobenius <= target) return true;
  const smallSide = scaled.rows <= scaled.columns ? scaled : transpose(scaled);
  const m = smallSide.rows;
  const square = multiplyDown(target, target);
  const ofGram = gramError(smallSide, frobenius);
  // Room for the errors of the factorisation, whose matrix has a trace of at most m square.
  const shift = square - 2 * (ofGram + m * (m + 4) * UNIT_ROUNDOFF * square);
  if (!(shift > 0)) return false;
  const certified = positiveShift(gram(smallSide), shift);
  return certified !== undefined && addUp(certified, ofGram) <= square;
}

/**
 * An upper bound on max_j |W_j|_2 over the matrices at(0), ..., at(count - 1): the largest norm so far, raised by a
 * billionth for ties, is tried on the next matrix with spectralNormAtMost(), and only where that fails its own norm is
 * bounded. They are visited in scattered order, in which a largest norm so far is met about log(count) times.
 *
 * @throws invalid-argument when an entry is NaN or infinite. Upper bound; infinite once `stop` says so.
 */
export function largestSpectralNormUpper(
  count: number,
  at: (j: number) => Matrix,
  stop: Stop = whenDone,
): number {
  let step = Math.max(1, Math.round(count * GOLDEN));
  while (greatestCommonDivisor(step, count) !== 1) step++;
  let largest = 0;
  for (let i = 0, j = 0; i < count; i++, j = (j + step) % count) {
    if (stop()) return Number.POSITIVE_INFINITY;
    const w = at(j);
    if (spectralNormAtMost(w, largest)) continue;
    largest = Math.max(largest, multiplyUp(spectralNormUpper(w), TIE));
  }
  return largest;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;
const TIE = 1 + 1e-9;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * A direction v in which W stretches most, and a certified lower bound on |Wv| / |v|, hence on |W|_2. At
 * a separated largest singular value it lies within about 1e-13 of it.
 *
 * @throws invalid-argument when an entry is NaN or infinite. Witnessed lower bound.
 */
export function spectralNormWitness(w: Matrix): { value: number; direction: Float64Array } {
  const { scaled } = normalised(w);
  const wide = w.rows <= w.columns;
  const top = largestEigenpair(gram(wide ? scaled : transpose(scaled))).vector;
  const direction = wide ? multiplyVectorTransposed(scaled, top) : top;
  const length = Math.sqrt(direction.reduce((sum, t) => sum + t * t, 0));
  // For the zero matrix every direction is as good.
  const v = length > 0 ? direction.map((t) => t / length) : direction.fill(1 / Math.sqrt(w.columns));
  return { value: stretchLower(w, v), direction: v };
}

/**
 * A lower bound on |Wv| / |v| that holds in exact arithmetic.
 *
 * @throws invalid-argument when an entry is NaN or infinite or v is zero; shape-mismatch when v has not one
 *   entry per column. Lower bound.
 */
export function stretchLower(w: Matrix, v: Float64Array): number {
  const { scaled, exponent } = normalised(w);
  const direction = normalised(matrix(1, v.length, v)).scaled.data;
  if (direction.every((t) => t === 0))
    throw invalidArgument('direction', 'the zero vector', 'a vector that is not zero');
  // What scaling may take from entries 2^-1000 times smaller than the largest.
  const slack = v.length * 2 ** -1000;
  const image = Float64Array.from({ length: w.rows }, (_, i) => {
    const [low, high] = dotEnclosure(row(scaled, i), direction);
    return Math.max(0, low - slack, -high - slack);
  });
  return multiplyDown(divideDown(normEnclosure(image)[0], normEnclosure(direction)[1]), 2 ** exponent);
}

/** An upper bound on the largest eigenvalue of W W^T, W `[m, n]` with m <= n and largest entry near 1. */
function largestSquare(w: Matrix, frobenius: number, stop: Stop): number {
  const m = w.rows;
  const g = tryGram(w, stop);
  if (g === undefined) return multiplyUp(frobenius, frobenius);
  const estimate = largestEigenpair(g).value;
  const ofGram = gramError(w, frobenius);
  for (let margin = m * 2 ** -52; margin < 1 && !stop(); margin *= 8) {
    const shift = estimate * (1 + margin);
    const certified = positiveShift(g, shift, stop);
    if (certified !== undefined) return addUp(certified, ofGram);
  }
  return addUp(normEnclosure(g.data)[1], ofGram);
}

/** An upper bound on |W W^T - fl(W W^T)|_2, W with largest entry near 1. */
function gramError(w: Matrix, frobenius: number): number {
  // |W W^T - G|_2 <= gamma(n) | |W| |W|^T |_2 <= gamma(n) |W|_F^2.
  const ofRounding = multiplyUp(gamma(w.columns), multiplyUp(frobenius, frobenius));
  // Products below 2^-1022 lose at most 2^-1075 each; the entries are below 2^25, so this covers them all.
  return addUp(ofRounding, w.rows * w.columns * 2 ** -1000);
}

/**
 * An upper bound on the largest eigenvalue of G, close to `shift`, or undefined when the Cholesky
 * factorisation of shift I - G stops, or is stopped.
 */
function positiveShift(g: Matrix, shift: number, stop: Stop = whenDone): number | undefined {
  const m = g.rows;
  const shifted = matrix(
    m,
    m,
    g.data.map((entry) => -entry),
  );
  let trace = 0;
  let largest = 0;
  for (let i = 0; i < m; i++) {
    const entry = shift - g.data[i * m + i]!;
    shifted.data[i * m + i] = entry;
    trace = addUp(trace, Math.max(0, entry));
    largest = Math.max(largest, Math.abs(entry));
  }
  if (tryCholesky(shifted, stop) === undefined) return undefined;
  // L L^T = A + E >= 0 with |E|_2 <= gamma(m+1) / (1 - gamma(m+1)) trace(A) (Higham 2002, Theorem 10.5), and
  // the diagonal of A was rounded.
  const error = gamma(m + 1);
  const ofCholesky = multiplyUp(divideUp(error, nextDown(1 - error)), trace);
  return addUp(addUp(shift, ofCholesky), multiplyUp(UNIT_ROUNDOFF, largest));
}

/** max_i sum_j |w_ij|, rounded upwards: |W|_inf. */
function largestRowSum(w: Matrix): number {
  let largest = 0;
  for (let i = 0; i < w.rows; i++) {
    let sum = 0;
    for (const entry of row(w, i)) sum += Math.abs(entry);
    largest = Math.max(largest, sum);
  }
  const error = gamma(w.columns);
  return divideUp(largest, nextDown(1 - error));
}
