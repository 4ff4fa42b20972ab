// Products of dense matrices and vectors, in blocks that keep the numbers in registers (about 1.5 to 2 billion multiply-adds a second).
import { type Stop, whenDone } from '../stop.ts';
import { type Matrix, matrix, requireSameSize, transpose } from './matrix.ts';

/** A B. @throws shape-mismatch when A has not as many columns as B has rows. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  requireSameSize('number of rows of the right factor', b.rows, a.columns);
  return multiplyTransposed(a, transpose(b));
}

/** A B^T. @throws shape-mismatch when the numbers of columns differ. */
export function multiplyTransposed(a: Matrix, b: Matrix): Matrix {
  requireSameSize('number of columns of the right factor', b.columns, a.columns);
  const result = matrix(a.rows, b.rows);
  // A panel of B stays in the cache while all of A passes by.
  for (let from = 0; from < b.rows; from += PANEL) {
    const to = Math.min(from + PANEL, b.rows);
    for (let i = 0; i < a.rows; i += 3) {
      for (let j = from; j < to; j += 3) {
        if (i + 3 <= a.rows && j + 3 <= to) dotNine(a, i, b, j, result);
        else dotEdge(a, i, Math.min(i + 3, a.rows), b, j, Math.min(j + 3, to), result);
      }
    }
  }
  return result;
}

/** Rows of a panel: at 1000 columns 400 kB. */
const PANEL = 48;

/** The Gram matrix A A^T, exactly symmetric. */
export function gram(a: Matrix): Matrix {
  return tryGram(a, whenDone)!;
}

/** As `gram`, but undefined when `stop` says so before the end. */
export function tryGram(a: Matrix, stop: Stop): Matrix | undefined {
  const n = a.rows;
  const result = matrix(n, n);
  const out = result.data;
  const block = new Float64Array(4);
  for (let i = 0; i < n; i += 2) {
    if (stop()) return undefined;
    const next = Math.min(i + 1, n - 1);
    for (let j = 0; j <= i; j += 2) {
      const after = Math.min(j + 1, n - 1);
      dotBlock(
        a.data,
        i * a.columns,
        next * a.columns,
        a.data,
        j * a.columns,
        after * a.columns,
        a.columns,
        block,
      );
      out[i * n + j] = out[j * n + i] = block[0]!;
      out[next * n + j] = out[j * n + next] = block[2]!;
      out[i * n + after] = out[after * n + i] = block[1]!;
      out[next * n + after] = out[after * n + next] = block[3]!;
    }
  }
  return result;
}

/** A x. @throws shape-mismatch when x has not one entry per column. */
export function multiplyVector(a: Matrix, x: Float64Array): Float64Array {
  requireSameSize('length of the vector', x.length, a.columns);
  const result = new Float64Array(a.rows);
  const block = new Float64Array(4);
  for (let i = 0; i < a.rows; i += 4) {
    const at = (k: number) => Math.min(i + k, a.rows - 1);
    dotFour(a.data, i * a.columns, at(1) * a.columns, at(2) * a.columns, at(3) * a.columns, x, block);
    for (let k = 0; k < 4; k++) result[at(k)] = block[k]!;
  }
  return result;
}

/** A^T y. @throws shape-mismatch when y has not one entry per row. */
export function multiplyVectorTransposed(a: Matrix, y: Float64Array): Float64Array {
  requireSameSize('length of the vector', y.length, a.rows);
  const result = new Float64Array(a.columns);
  addCombination(a.data, a.rows, y, 1, result);
  return result;
}

/** out += sign * sum_{i < rows} y_i (row i), four rows at a time; each row has out.length entries. */
export function addCombination(
  data: Float64Array,
  rows: number,
  y: Float64Array,
  sign: 1 | -1,
  out: Float64Array,
): void {
  const n = out.length;
  let i = 0;
  for (; i + 3 < rows; i += 4) {
    const p = i * n;
    const [y0, y1, y2, y3] = [sign * y[i]!, sign * y[i + 1]!, sign * y[i + 2]!, sign * y[i + 3]!];
    for (let j = 0; j < n; j++) {
      out[j]! +=
        y0 * data[p + j]! + y1 * data[p + n + j]! + y2 * data[p + 2 * n + j]! + y3 * data[p + 3 * n + j]!;
    }
  }
  for (; i < rows; i++) {
    const yi = sign * y[i]!;
    for (let j = 0; j < n; j++) out[j]! += yi * data[i * n + j]!;
  }
}

/** out[i..i+2, j..j+2] = the dot products of three rows of A with three of B. */
function dotNine(a: Matrix, i: number, b: Matrix, j: number, out: Matrix): void {
  const n = a.columns;
  const [x, y] = [a.data, b.data];
  let [p, r] = [i * n, j * n];
  const [n2, end] = [2 * n, p + n];
  let [s00, s01, s02, s10, s11, s12, s20, s21, s22] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (; p < end; p++, r++) {
    const x0 = x[p]!;
    const x1 = x[p + n]!;
    const x2 = x[p + n2]!;
    const y0 = y[r]!;
    const y1 = y[r + n]!;
    const y2 = y[r + n2]!;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
  }
  const at = i * out.columns + j;
  out.data[at] = s00;
  out.data[at + 1] = s01;
  out.data[at + 2] = s02;
  out.data[at + out.columns] = s10;
  out.data[at + out.columns + 1] = s11;
  out.data[at + out.columns + 2] = s12;
  out.data[at + 2 * out.columns] = s20;
  out.data[at + 2 * out.columns + 1] = s21;
  out.data[at + 2 * out.columns + 2] = s22;
}

/** out[i, j] for rows i..iEnd of A and j..jEnd of B. */
function dotEdge(a: Matrix, i: number, iEnd: number, b: Matrix, j: number, jEnd: number, out: Matrix): void {
  for (let r = i; r < iEnd; r++) {
    for (let c = j; c < jEnd; c++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.data[r * a.columns + k]! * b.data[c * a.columns + k]!;
      out.data[r * out.columns + c] = sum;
    }
  }
}

/**
 * The four dot products of two rows of `a` (at offsets p, q) with two of `b` (at r, s): out = [p.r, p.s, q.r,
 * q.s].
 */
export function dotBlock(
  a: Float64Array,
  p: number,
  q: number,
  b: Float64Array,
  r: number,
  s: number,
  length: number,
  out: Float64Array,
): void {
  let pr = 0;
  let ps = 0;
  let qr = 0;
  let qs = 0;
  for (let k = 0; k < length; k++) {
    const x = a[p + k]!;
    const y = a[q + k]!;
    const u = b[r + k]!;
    const v = b[s + k]!;
    pr += x * u;
    ps += x * v;
    qr += y * u;
    qs += y * v;
  }
  out[0] = pr;
  out[1] = ps;
  out[2] = qr;
  out[3] = qs;
}

/** The dot products of four rows of `a` with x. */
function dotFour(
  a: Float64Array,
  p: number,
  q: number,
  r: number,
  s: number,
  x: Float64Array,
  out: Float64Array,
): void {
  let pp = 0;
  let qq = 0;
  let rr = 0;
  let ss = 0;
  for (let k = 0; k < x.length; k++) {
    const t = x[k]!;
    pp += a[p + k]! * t;
    qq += a[q + k]! * t;
    rr += a[r + k]! * t;
    ss += a[s + k]! * t;
  }
  out[0] = pp;
  out[1] = qq;
  out[2] = rr;
  out[3] = ss;
}
