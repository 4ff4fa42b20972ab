// Rows under attack that leave when their attack is over, so that the others fill whole batches.

type Rows = Float32Array | Float64Array | Int32Array;

/** Arrays of which every point has one row. */
export type RowArrays = Readonly<Record<string, Rows>>;

/**
 * The arrays with only the rows that stay; the last of these move, in place, to where others have left. What happens to a
 * row must therefore not depend on where it stands.
 */
export function keepRows<Arrays extends RowArrays>(arrays: Arrays, stays: readonly boolean[]): Arrays {
  const count = stays.filter(Boolean).length;
  if (count === stays.length) return arrays;
  const moves: (readonly [from: number, to: number])[] = [];
  for (let to = 0, from = stays.length - 1; to < count; to++) {
    if (stays[to]) continue;
    while (!stays[from]) from--;
    moves.push([from--, to]);
  }
  const kept = Object.entries(arrays).map(([name, array]) => {
    const width = array.length / stays.length;
    for (const [from, to] of moves) array.copyWithin(to * width, from * width, (from + 1) * width);
    return [name, array.subarray(0, count * width)] as const;
  });
  return Object.fromEntries(kept) as unknown as Arrays;
}

/** Row `i` of rows of `width` entries. */
export function rowOf<Array extends Rows>(rows: Array, i: number, width: number): Array {
  return rows.subarray(i * width, (i + 1) * width) as Array;
}

/** The rows at `places`, copied. */
export function pickRows(rows: Float32Array, places: ArrayLike<number>, width: number): Float32Array {
  const picked = new Float32Array(places.length * width);
  for (let i = 0; i < places.length; i++) picked.set(rowOf(rows, places[i]!, width), i * width);
  return picked;
}
