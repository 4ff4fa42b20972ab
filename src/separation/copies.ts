// Rows that are equal: found by hashing, so that a search among points meets every place once.

/** The places of a list of rows. */
export interface Places {
  /** The first row at each place, ascending. */
  readonly first: Int32Array;
  /** For each row the position of its place in `first`. */
  readonly of: Int32Array;
  /** The rows of place p are `members[starts[p]]` to `members[starts[p + 1] - 1]`, ascending. */
  readonly members: Int32Array;
  readonly starts: Int32Array;
  /** Rows that share their place with another one. */
  readonly copies: number;
}

/**
 * The distinct places among the listed rows; 0 and -0 are the same. Positions count in `rows`. Cost: n d.
 *
 * @param points `[rows, features]`, finite.
 */
export function placesOf(points: ArrayLike<number>, features: number, rows: ArrayLike<number>): Places {
  const n = rows.length;
  const of = new Int32Array(n);
  const first: number[] = [];
  const buckets = new Map<number, number[]>();
  const hash = hashing(points, features);
  for (let i = 0; i < n; i++) {
    const key = hash(rows[i]!);
    const bucket = buckets.get(key);
    const place = bucket?.find((p) => equal(points, features, rows[first[p]!]!, rows[i]!));
    of[i] = place ?? first.length;
    if (place !== undefined) continue;
    if (bucket) bucket.push(first.length);
    else buckets.set(key, [first.length]);
    first.push(i);
  }
  return { first: Int32Array.from(first), of, ...grouped(of, first.length) };
}

function grouped(of: Int32Array, places: number): Pick<Places, 'members' | 'starts' | 'copies'> {
  const starts = new Int32Array(places + 1);
  for (const place of of) starts[place + 1]!++;
  let copies = 0;
  for (let p = 0; p < places; p++) {
    if (starts[p + 1]! > 1) copies += starts[p + 1]!;
    starts[p + 1]! += starts[p]!;
  }
  const next = starts.slice(0, places);
  const members = new Int32Array(of.length);
  of.forEach((place, i) => {
    members[next[place]!++] = i;
  });
  return { members, starts, copies };
}

/** FNV-1a over the bits of float64. */
function hashing(points: ArrayLike<number>, features: number): (row: number) => number {
  const value = new Float64Array(1);
  const halves = new Int32Array(value.buffer);
  return (row) => {
    let hash = 0x811c9dc5;
    for (let k = 0; k < features; k++) {
      // Adding 0 turns -0 into 0.
      value[0] = points[row * features + k]! + 0;
      hash = Math.imul(hash ^ halves[0]!, 0x01000193);
      hash = Math.imul(hash ^ halves[1]!, 0x01000193);
      // The low bits of short fractions are all 0: mix the high ones down.
      hash ^= hash >>> 15;
    }
    return hash;
  };
}

function equal(points: ArrayLike<number>, features: number, i: number, j: number): boolean {
  for (let k = 0; k < features; k++) {
    if (points[i * features + k] !== points[j * features + k]) return false;
  }
  return true;
}
