// The smallest change in linf within a box and a few half-spaces: a dual simplex method with bounded variables and long steps, as of Kostina (2002), whose bounds grow with the size.
import { smallSystem } from './small-systems.ts';

/** Rows <row_k, d> >= reach_k, `[features]` each, and low <= d <= high, where low <= 0 <= high. */
export interface BoxedRows {
  readonly rows: readonly Float64Array[];
  readonly reach: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** How far from a constraint rounding may leave a change, in units of the largest distance of a single row. */
const TOLERANCE = 1e-8;
const PIVOTS_PER_ROW = 50;

/**
 * A d of least max |d_i| with <row_k, d> >= reach_k for all k and low <= d <= high; undefined where there is none, or where
 * rounding ends the search. Exact but for 1e-8 of the size. Rows and reaches are to be of the order of 1, some reach > 0.
 *
 * For weights lambda >= 0 of the rows, sum 1, the one row sum lambda_k row_k = w alone asks for the least t with
 * sum |w_i| min(t, room_i) = sum lambda_k reach_k, and the largest such t over all lambda is the size asked for. The search goes
 * from vertex to vertex: of the entries all but a few are at the ends that the signs of w ask for, and these few, where
 * w_i = 0, solve the rows of positive weight with equality. What violates a row or an end says which edge leads to a larger t. A
 * step along it goes on past changes of sign for as long as the bound grows.
 *
 * Cost: O(features k) per vertex, of which there are a few per row.
 */
export function flattest({ rows, reach, low, high }: BoxedRows): Float64Array | undefined {
  const m = rows.length;
  const n = low.length;
  /** The rows of positive weight, and one entry less where w is 0. */
  const first = reach.indexOf(reach.reduce((most, r) => Math.max(most, r)));
  let active = [first];
  let basic: number[] = [];
  /** The sign of w, which says at what end an entry is. */
  const side = new Int8Array(n);
  for (let i = 0; i < n; i++) side[i] = Math.sign(rows[first]![i]!);
  const isBasic = new Uint8Array(n);
  const d = new Float64Array(n);
  const w = new Float64Array(n);
  const slope = new Float64Array(n);
  const at = new Float64Array(n);
  const candidates = new Int32Array(n);
  let t = 0;

  const room = (i: number, sign: number) => (sign > 0 ? Math.min(t, high[i]!) : Math.min(t, -low[i]!));
  const combined = (weights: Float64Array, out: Float64Array) => {
    out.fill(0);
    active.forEach((k, c) => {
      const row = rows[k]!;
      const weight = weights[c]!;
      for (let i = 0; i < n; i++) out[i]! += weight * row[i]!;
    });
  };

  for (let pivot = 0; pivot < PIVOTS_PER_ROW * m; pivot++) {
    const size = active.length;
    const matrix = new Float64Array(size * size);
    const transposed = new Float64Array(size * size);
    active.forEach((k, c) => {
      for (let e = 0; e < size; e++) {
        const entry = e < basic.length ? rows[k]![basic[e]!]! : 1;
        matrix[c * size + e] = entry;
        transposed[e * size + c] = entry;
      }
    });
    const values = smallSystem(matrix, size);
    const weightsOf = smallSystem(transposed, size);
    if (!values || !weightsOf) return undefined;
    const unit = new Float64Array(size);
    unit[size - 1] = 1;
    const weights = weightsOf(unit);
    combined(weights, w);
    for (const i of basic) w[i] = 0;
    let wanted = 0;
    active.forEach((k, c) => {
      wanted += weights[c]! * reach[k]!;
    });
    const next = sizeReaching(w, side, wanted, low, high, t);
    if (next === undefined) return undefined;
    t = next;

    for (let i = 0; i < n; i++) d[i] = isBasic[i] ? 0 : side[i]! * room(i, side[i]!);
    const short = rows.map((row, k) => reach[k]! - dot(row, d));
    // The last value is by how much all active rows are missed, 0 but for rounding.
    const solved = values(active.map((k) => short[k]!));
    basic.forEach((i, e) => {
      d[i] = solved[e]!;
    });
    let violation = TOLERANCE * Math.max(t, TOLERANCE);
    let enters = -1;
    let leaves = -1;
    let sign = 0;
    for (let k = 0; k < m; k++) {
      if (active.includes(k)) continue;
      let missed = short[k]!;
      for (const i of basic) missed -= rows[k]![i]! * d[i]!;
      if (missed > violation) {
        violation = missed;
        enters = k;
      }
    }
    if (enters < 0) {
      basic.forEach((i, e) => {
        const beyond = Math.max(d[i]! - room(i, 1), -d[i]! - room(i, -1));
        if (beyond > violation) {
          violation = beyond;
          leaves = e;
          sign = Math.sign(d[i]!);
        }
      });
    }
    if (enters < 0 && leaves < 0) {
      for (const i of basic) d[i] = Math.min(Math.max(d[i]!, -room(i, -1)), room(i, 1));
      return d;
    }

    // The direction in which w stays 0 at the basic entries, but for the one that leaves.
    const right = new Float64Array(size);
    if (enters >= 0) {
      basic.forEach((i, e) => {
        right[e] = -rows[enters]![i]!;
      });
      right[size - 1] = -1;
    } else right[leaves] = sign;
    const change = weightsOf(right);
    combined(change, slope);
    if (enters >= 0) for (let i = 0; i < n; i++) slope[i]! += rows[enters]![i]!;
    let longest = Infinity;
    let dropped = -1;
    for (let c = 0; c < size; c++) {
      if (!(change[c]! < 0)) continue;
      const length = Math.max(0, weights[c]!) / -change[c]!;
      if (length < longest) {
        longest = length;
        dropped = c;
      }
    }
    let count = 0;
    for (let i = 0; i < n; i++) {
      if (isBasic[i] || !(side[i]! * slope[i]! < 0 || (side[i] === 0 && slope[i] !== 0))) continue;
      at[i] = Math.max(0, side[i]! * w[i]!) / Math.abs(slope[i]!);
      if (at[i]! < longest) candidates[count++] = i;
    }
    const joins = firstBeyond(
      candidates.subarray(0, count),
      at,
      violation,
      (i) => Math.abs(slope[i]!) * (room(i, Math.sign(slope[i]!)) + (side[i] === 0 ? 0 : room(i, side[i]!))),
    );
    if (joins < 0 && dropped < 0) return undefined;
    // Everything before it changes its sign.
    const end = joins < 0 ? longest : at[joins]!;
    for (let c = 0; c < count; c++) {
      const i = candidates[c]!;
      if (at[i]! < end || joins < 0) side[i] = Math.sign(slope[i]!);
    }
    if (leaves >= 0) {
      const i = basic[leaves]!;
      side[i] = sign;
      isBasic[i] = 0;
      basic = basic.filter((_, e) => e !== leaves);
    }
    if (joins >= 0) {
      basic.push(joins);
      isBasic[joins] = 1;
    } else active = active.filter((_, c) => c !== dropped);
    if (enters >= 0) active.push(enters);
  }
  return undefined;
}

/**
 * The least t >= start with sum |w_i| min(t, room_i) >= wanted, where entries without side count as w_i = 0; undefined where
 * there is not so much room. Newton's method on a concave function.
 */
function sizeReaching(
  w: Float64Array,
  side: Int8Array,
  wanted: number,
  low: Float64Array,
  high: Float64Array,
  start: number,
): number | undefined {
  let t = start;
  for (;;) {
    let stopped = 0;
    let slope = 0;
    for (let i = 0; i < w.length; i++) {
      const size = w[i]! * side[i]!;
      if (!(size > 0)) continue;
      const room = side[i]! > 0 ? high[i]! : -low[i]!;
      if (t >= room) stopped += size * room;
      else slope += size;
    }
    if (slope === 0) return wanted > stopped ? undefined : t;
    const next = (wanted - stopped) / slope;
    if (!(next > t)) return t;
    t = next;
  }
}

/**
 * Of `candidates`, which are put in another order, the first one by `at` with which the jumps come to `wanted`; -1 where they
 * never do. Selection as in quicksort. Cost: O(candidates) expected.
 */
function firstBeyond(
  candidates: Int32Array,
  at: Float64Array,
  wanted: number,
  jump: (i: number) => number,
): number {
  let low = 0;
  let high = candidates.length;
  let left = wanted;
  let found = -1;
  while (low < high) {
    const pivot = candidates[(low + high) >> 1]!;
    const place = at[pivot]!;
    // Earlier ones move to the front, those at the same place behind them.
    let earlier = low;
    let equal = low;
    let gained = 0;
    let same = 0;
    for (let c = low; c < high; c++) {
      const i = candidates[c]!;
      if (at[i]! > place) continue;
      candidates[c] = candidates[equal]!;
      candidates[equal] = i;
      if (at[i]! < place) {
        candidates[equal] = candidates[earlier]!;
        candidates[earlier++] = i;
        gained += jump(i);
      } else same += jump(i);
      equal++;
    }
    if (gained >= left) {
      high = earlier;
      continue;
    }
    if (gained + same >= left) {
      left -= gained;
      for (let c = earlier; c < equal; c++) {
        found = candidates[c]!;
        left -= jump(found);
        if (left <= 0) return found;
      }
      return found;
    }
    left -= gained + same;
    low = equal;
  }
  return found;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
