// Linear maps between flat tensors that keep their structure: their norms, and sums and products that keep it as well.
import type { Norm } from '../../guarantee/index.ts';
import { type Matrix, matrix, multiply } from '../../linalg/index.ts';
import {
  addUp,
  gamma,
  multiplyUp,
  nextUp,
  SMALLEST_SUBNORMAL,
  sqrtUp,
  UNIT_ROUNDOFF,
} from '../../numeric/index.ts';
import { type Stop, whenDone } from '../../stop.ts';
import { operatorNormUpper } from '../norms.ts';
import { type Convolution, cells, tapCount } from './convolution.ts';
import { convolutionNormUpper } from './convolution-norm.ts';
import { addedConvolutions, withDiagonalAdded } from './convolution-sum.ts';
import { largestSize, sumError } from './entries.ts';

/** x_i -> scale_i x_i. */
export interface Diagonal {
  readonly kind: 'diagonal';
  /** One for each entry, or a single one for all. */
  readonly scale: Float64Array;
  /** Each true entry lies within `error` of the stored one. */
  readonly error: number;
}

/** I_outer (x) M (x) I_inner, a matrix along the middle of three axes: `[outer, columns, inner]` to `[outer, rows, inner]`. */
export interface AlongAxis {
  readonly kind: 'along axis';
  readonly outer: number;
  readonly matrix: Matrix;
  readonly inner: number;
  /** Each true entry of the matrix lies within `error` of the stored one. */
  readonly error: number;
}

export type LinearMap = Diagonal | AlongAxis | Convolution;

/** x -> factor x. */
export function uniform(factor: number): Diagonal {
  return { kind: 'diagonal', scale: Float64Array.of(factor), error: 0 };
}

export const IDENTITY: Diagonal = uniform(1);

/** An upper bound on max ||A x|| / ||x||, the same norm on both sides. Kronecker factors I leave the norm as it is. */
export function mapNormUpper(map: LinearMap, norm: Norm, stop: Stop = whenDone): number {
  switch (map.kind) {
    case 'diagonal': {
      const largest = largestSize(map.scale);
      return map.error === 0 ? largest : addUp(largest, map.error);
    }
    case 'along axis': {
      const { rows, columns } = map.matrix;
      const stored = operatorNormUpper(map.matrix, norm, stop);
      if (map.error === 0) return stored;
      const ofOnes = norm === 'l1' ? rows : norm === 'linf' ? columns : sqrtUp(rows * columns);
      return addUp(stored, multiplyUp(map.error, ofOnes));
    }
    case 'convolution':
      return convolutionNormUpper(map, norm, stop);
  }
}

/**
 * `second` after `first` as one map, where that has one of the structures: a product of diagonals, a matrix or kernel
 * with rows or columns scaled, a product of matrices along the same axis. Undefined for others, for matrices whose
 * product would be costlier to bound than WORTH multiply-adds, and where entries overflow. All rounding goes into `error`.
 */
export function composed(second: LinearMap, first: LinearMap): LinearMap | undefined {
  return finite(product(second, first));
}

/** The sum of two maps as one, where it has one of the structures; undefined for others, and where entries overflow. */
export function added(a: LinearMap, b: LinearMap): LinearMap | undefined {
  return finite(sum(a, b));
}

function finite(map: LinearMap | undefined): LinearMap | undefined {
  if (!map) return undefined;
  const entries =
    map.kind === 'diagonal' ? map.scale : map.kind === 'along axis' ? map.matrix.data : map.kernel;
  return largestSize(entries) < Number.POSITIVE_INFINITY && map.error < Number.POSITIVE_INFINITY
    ? map
    : undefined;
}

function product(second: LinearMap, first: LinearMap): LinearMap | undefined {
  if (isIdentity(first)) return second;
  if (second.kind === 'diagonal') return scaled(first, second, 'rows');
  if (first.kind === 'diagonal') return scaled(second, first, 'columns');
  if (second.kind === 'along axis' && first.kind === 'along axis') return matrixProduct(second, first);
  return undefined;
}

function sum(a: LinearMap, b: LinearMap): LinearMap | undefined {
  if (a.kind === 'diagonal' && b.kind === 'diagonal') {
    const scale = entrywise(a.scale, b.scale, (v, w) => v + w);
    return { kind: 'diagonal', scale, error: sumError(a.error, b.error, scale) };
  }
  if (a.kind === 'along axis' && b.kind === 'along axis') {
    if (!sameAxis(a, b) || a.matrix.rows !== b.matrix.rows || a.matrix.columns !== b.matrix.columns)
      return undefined;
    const data = a.matrix.data.map((v, i) => v + b.matrix.data[i]!);
    return { ...a, matrix: { ...a.matrix, data }, error: sumError(a.error, b.error, data) };
  }
  if (a.kind === 'convolution' && b.kind === 'convolution') return addedConvolutions(a, b);
  if (a.kind === 'diagonal') return b.kind === 'diagonal' ? undefined : withDiagonal(b, a);
  return b.kind === 'diagonal' ? withDiagonal(a, b) : undefined;
}

/** A + diag(scale). */
function withDiagonal(map: AlongAxis | Convolution, { scale, error }: Diagonal): LinearMap | undefined {
  if (map.kind === 'convolution') {
    const perChannel = alongAxis(scale, map.outer, map.channels, cells(map).image);
    return perChannel && withDiagonalAdded(map, perChannel, error);
  }
  const { rows, columns } = map.matrix;
  const perRow = rows === columns ? alongAxis(scale, map.outer, rows, map.inner) : undefined;
  if (!perRow) return undefined;
  const data = map.matrix.data.slice();
  perRow.forEach((s, i) => {
    data[i * columns + i]! += s;
  });
  return { ...map, matrix: { ...map.matrix, data }, error: sumError(map.error, error, data) };
}

/** The map with rows (after it) or columns (before it) multiplied by the entries of a diagonal. */
function scaled(map: LinearMap, diagonal: Diagonal, side: 'rows' | 'columns'): LinearMap | undefined {
  const { scale } = diagonal;
  if (isIdentity(diagonal)) return map;
  switch (map.kind) {
    case 'diagonal': {
      const entries = entrywise(map.scale, scale, (v, w) => v * w);
      return { kind: 'diagonal', scale: entries, error: productError(map, map.scale, diagonal, entries) };
    }
    case 'along axis': {
      const { rows, columns, data } = map.matrix;
      const factors = alongAxis(scale, map.outer, side === 'rows' ? rows : columns, map.inner);
      if (!factors) return undefined;
      const entries = data.map(
        (v, i) => v * factors[side === 'rows' ? Math.floor(i / columns) : i % columns]!,
      );
      return {
        ...map,
        matrix: matrix(rows, columns, entries),
        error: productError(map, data, diagonal, entries),
      };
    }
    case 'convolution': {
      const { image, windows } = cells(map);
      const ofFilters = (side === 'rows') !== map.transposed;
      const count = ofFilters ? map.filters : map.channels;
      const factors = alongAxis(scale, map.outer, count, ofFilters ? windows : image);
      if (!factors) return undefined;
      const size = tapCount(map);
      const [filters, channels] = [map.filters / map.group, map.channels / map.group];
      const kernel = map.kernel.map((v, i) => {
        const m = Math.floor(i / (size * channels));
        const channel = Math.floor(m / filters) * channels + (Math.floor(i / size) % channels);
        return v * factors[ofFilters ? m : channel]!;
      });
      return { ...map, kernel, error: productError(map, map.kernel, diagonal, kernel) };
    }
  }
}

/** Multiply-adds up to which the norm of a product is bounded in place of the product of the norms: a few seconds. */
const WORTH = 2 ** 32;

function matrixProduct(second: AlongAxis, first: AlongAxis): AlongAxis | undefined {
  const [a, b] = [second.matrix, first.matrix];
  if (!sameAxis(second, first)) return undefined;
  const small = Math.min(a.rows, b.columns);
  if (small * a.rows * b.columns > WORTH || a.rows * a.columns * b.columns > WORTH) return undefined;
  const data = multiply(a, b).data;
  // |fl(AB) - AB| <= gamma(n) |A| |B| entry by entry, and what the errors of A and B bring.
  const rowSum = operatorNormUpper(a, 'linf');
  const [largest, n] = [largestSize(b.data), a.columns];
  const ofA = multiplyUp(second.error * n, addUp(largest, first.error));
  const ofRounding = multiplyUp(addUp(multiplyUp(gamma(n), largest), first.error), rowSum);
  return {
    ...first,
    matrix: matrix(a.rows, b.columns, data),
    error: nextUp(addUp(addUp(ofA, ofRounding), n * SMALLEST_SUBNORMAL)),
  };
}

const sameAxis = (a: AlongAxis, b: AlongAxis): boolean => a.outer === b.outer && a.inner === b.inner;

function entrywise(a: Float64Array, b: Float64Array, of: (v: number, w: number) => number): Float64Array {
  const [long, other] = a.length >= b.length ? [a, b] : [b, a];
  return long.map((v, i) => of(v, other[other.length === 1 ? 0 : i]!));
}

/** Entries of a flat `[outer, n, inner]` tensor that depend on the middle axis alone; undefined if they do not. */
function alongAxis(scale: Float64Array, outer: number, n: number, inner: number): Float64Array | undefined {
  if (scale.length === 1) return new Float64Array(n).fill(scale[0]!);
  if (scale.length !== outer * n * inner) return undefined;
  for (let i = 0; i < scale.length; i++) {
    if (scale[i] !== scale[(Math.floor(i / inner) % n) * inner]) return undefined;
  }
  return Float64Array.from({ length: n }, (_, i) => scale[i * inner]!);
}

function isIdentity(map: LinearMap): boolean {
  return map.kind === 'diagonal' && map.error === 0 && map.scale.every((v) => v === 1);
}

/** How far each true product of an entry with a factor is from the rounded one. */
function productError(
  map: { readonly error: number },
  entries: Float64Array,
  { scale, error }: Diagonal,
  products: Float64Array,
): number {
  const ofFactors = multiplyUp(error, addUp(largestSize(entries), map.error));
  const ofEntries = multiplyUp(map.error, largestSize(scale));
  const exact = scale.every((v) => v === 0 || v === 1 || v === -1);
  const ofRounding = exact ? 0 : addUp(multiplyUp(UNIT_ROUNDOFF, largestSize(products)), SMALLEST_SUBNORMAL);
  const inherited = ofFactors === 0 ? ofEntries : addUp(ofFactors, ofEntries);
  return inherited === 0 ? ofRounding : addUp(inherited, ofRounding);
}
