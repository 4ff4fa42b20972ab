// The shortest change that reaches a hyperplane within bounds, in l1, l2 and linf: problem (4) of Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack" (2020).
import type { InputBounds } from '../../graph/index.ts';
import type { Norm } from '../../guarantee/index.ts';

/**
 * Writes to `change` the shortest d in the norm with <w, d> = wanted and x + d within the bounds, and returns its length.
 * Where no change within the bounds reaches so far, all entries go as far as they may; where w = 0, none moves. Exact but
 * for float64 rounding.
 *
 * With room_i the way from x_i to the bound in the direction that helps, the change is min(room_i, t) in linf and
 * min(room_i, t |w_i|) in l2, for the t that reaches the hyperplane: Newton's method on a concave piecewise linear function,
 * which stops at one more bound in every round. In l1 the entries of largest |w_i| go first: selection as in quicksort.
 *
 * Cost: O(features) per round, in practice under ten; O(features) expected in l1.
 */
export function stepOntoHyperplane(
  norm: Norm,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  wanted: number,
  bounds: InputBounds,
  change: Float64Array,
): number {
  const d = w.length;
  const ahead = wanted < 0 ? -1 : 1;
  // Where the bounds end, seen from x in the direction that helps.
  const room = (i: number) => Math.max(0, w[i]! * ahead > 0 ? bounds[1] - x[i]! : x[i]! - bounds[0]);
  if (norm === 'l1') fillLargestFirst(w, room, Math.abs(wanted), change);
  else {
    const pace = scaleReaching(norm, w, room, Math.abs(wanted));
    for (let i = 0; i < d; i++) {
      const size = Math.abs(w[i]!);
      change[i] = size === 0 ? 0 : Math.min(room(i), norm === 'linf' ? pace : pace * size);
    }
  }
  let length = 0;
  for (let i = 0; i < d; i++) {
    const size = change[i]!;
    if (norm === 'linf') length = Math.max(length, size);
    else length += norm === 'l1' ? size : size * size;
    if (w[i]! * ahead < 0) change[i] = -size;
  }
  return norm === 'l2' ? Math.sqrt(length) : length;
}

/** max <w, d> over ||d|| <= 1: the dual norm, so that |gap| / dualNorm is the distance to a hyperplane without bounds. */
export function dualNorm(norm: Norm, w: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < w.length; i++) {
    const size = Math.abs(w[i]!);
    if (norm === 'l1') sum = Math.max(sum, size);
    else sum += norm === 'linf' ? size : size * size;
  }
  return norm === 'l2' ? Math.sqrt(sum) : sum;
}

/** t with sum_i |w_i| min(room_i, t s_i) = wanted, where s_i is 1 in linf and |w_i| in l2; Infinity where none is enough. */
function scaleReaching(
  norm: 'l2' | 'linf',
  w: ArrayLike<number>,
  room: (i: number) => number,
  wanted: number,
): number {
  let t = 0;
  for (;;) {
    let stopped = 0;
    let slope = 0;
    for (let i = 0; i < w.length; i++) {
      const size = Math.abs(w[i]!);
      if (size === 0) continue;
      const speed = norm === 'linf' ? 1 : size;
      const reach = room(i);
      if (t * speed >= reach) stopped += size * reach;
      else slope += size * speed;
    }
    if (slope === 0) return wanted > stopped ? Infinity : t;
    const next = (wanted - stopped) / slope;
    if (!(next > t)) return t;
    t = next;
  }
}

function fillLargestFirst(
  w: ArrayLike<number>,
  room: (i: number) => number,
  wanted: number,
  sizes: Float64Array,
): void {
  const order = new Int32Array(w.length);
  let high = 0;
  for (let i = 0; i < w.length; i++) {
    sizes[i] = 0;
    if (w[i] !== 0) order[high++] = i;
  }
  let low = 0;
  let left = wanted;
  while (low < high && left > 0) {
    const pivot = Math.abs(w[order[(low + high) >> 1]!]!);
    // Larger ones move to the front, equal ones behind them.
    let larger = low;
    let equal = low;
    let gained = 0;
    for (let k = low; k < high; k++) {
      const i = order[k]!;
      const size = Math.abs(w[i]!);
      if (size < pivot) continue;
      order[k] = order[equal]!;
      order[equal] = i;
      equal++;
      if (size === pivot) continue;
      order[equal - 1] = order[larger]!;
      order[larger++] = i;
      gained += size * room(i);
    }
    if (gained >= left) {
      high = larger;
      continue;
    }
    for (let k = low; k < larger; k++) sizes[order[k]!] = room(order[k]!);
    left -= gained;
    for (let k = larger; k < equal && left > 0; k++) {
      const i = order[k]!;
      sizes[i] = Math.min(room(i), left / pivot);
      left -= sizes[i]! * pivot;
    }
    low = equal;
  }
}
