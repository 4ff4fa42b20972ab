// For each row the few others that may be among its k nearest, while pairs pass by with approximate distances.
import type { Tile } from './tiles.ts';

/** The k nearest other rows of each of m rows, nearest first, ties to the lower position. */
export interface Nearest {
  /** `[m, k]` positions. */
  readonly neighbours: Int32Array;
  /** `[m, k]`. */
  readonly distances: Float64Array;
}

/** An exact distance, and half of its square at the scale of the products. */
export interface Measured {
  readonly distance: number;
  readonly half: number;
}

export interface Shortlists {
  /** Pairs of rows and columns, for both of them; in a block of rows with themselves each pair of positions for its row. */
  offer(tile: Tile): void;
  /** Exact distances computed so far. */
  evaluated(): number;
  nearest(): Nearest;
}

/**
 * Lists of at most 2k + 32 candidates. With |h_ij computed - h_ij| <= E_i + E_j, the k-th smallest of h_ij + E_j in the list of
 * row i, plus 2 E_i, bounds h_ij - E_j of every j that can be among the k nearest. A full list is cut down to those; where most
 * remain, exact distances are computed and the k nearest stay.
 *
 * @param margins E of each row.
 * @param measure the exact distance of two rows, symmetric.
 */
export function createShortlists(
  m: number,
  k: number,
  margins: Float64Array,
  measure: (i: number, j: number) => Measured,
): Shortlists {
  const capacity = Math.min(2 * k + 32, Math.max(k + 1, m));
  const ids = new Int32Array(m * capacity);
  const halves = new Float64Array(m * capacity);
  const counts = new Int32Array(m);
  const limits = new Float64Array(m).fill(Infinity);
  const sorting = new Float64Array(capacity);
  let evaluated = 0;

  /** Lowers the limit of row i and drops what lies above it. */
  function cut(i: number): void {
    const base = i * capacity;
    const count = counts[i]!;
    if (count > k) {
      for (let at = 0; at < count; at++) sorting[at] = halves[base + at]! + margins[ids[base + at]!]!;
      const limit = kthSmallest(sorting, count, k) + 2 * margins[i]!;
      if (limit < limits[i]!) limits[i] = limit;
    }
    let kept = 0;
    for (let at = base; at < base + count; at++) {
      if (!(halves[at]! - margins[ids[at]!]! <= limits[i]!)) continue;
      ids[base + kept] = ids[at]!;
      halves[base + kept] = halves[at]!;
      kept++;
    }
    counts[i] = kept;
  }

  /** The candidates of row i with exact distances, in order. */
  function measured(i: number): { id: number; distance: number; half: number }[] {
    const base = i * capacity;
    evaluated += counts[i]!;
    return Array.from(ids.subarray(base, base + counts[i]!), (id) => ({ id, ...measure(i, id) })).sort(
      (a, b) => a.distance - b.distance || a.id - b.id,
    );
  }

  function settle(i: number): void {
    cut(i);
    if (2 * (counts[i]! - k) < capacity - k) return;
    const best = measured(i).slice(0, k);
    best.forEach(({ id, half }, at) => {
      ids[i * capacity + at] = id;
      halves[i * capacity + at] = half;
    });
    counts[i] = best.length;
    const limit = best[k - 1]!.half + margins[i]!;
    if (limit < limits[i]!) limits[i] = limit;
  }

  function add(i: number, j: number, half: number): void {
    if (!(half - margins[j]! <= limits[i]!)) return;
    if (counts[i] === capacity) {
      settle(i);
      if (!(half - margins[j]! <= limits[i]!)) return;
    }
    const at = i * capacity + counts[i]!++;
    ids[at] = j;
    halves[at] = half;
  }

  function offerToRows({ products, ofRows, block, groups, rows, columns, widest }: Tile): void {
    const [top, from, to] = rows;
    const [left, fromColumn, toColumn] = columns;
    for (let i = from; i < to; i++) {
      const base = (i - top) * block;
      let floor = -(limits[i]! + widest[1]);
      for (let group = 0; group < groups; group++) {
        if (!(ofRows[(i - top) * groups + group]! >= floor)) continue;
        for (let column = group; column < block; column += groups) {
          const j = left + column;
          const product = products[base + column]!;
          if (product >= floor && j >= fromColumn && j < toColumn && j !== i) add(i, j, -product);
        }
        floor = -(limits[i]! + widest[1]);
      }
    }
  }

  function offerToColumns({ products, ofColumns, block, groups, rows, columns, widest }: Tile): void {
    const [top, fromRow, toRow] = rows;
    const [left, from, to] = columns;
    const height = block / groups;
    for (let group = 0; group < groups; group++) {
      for (let j = from; j < to; j++) {
        const column = j - left;
        const floor = -(limits[j]! + widest[0]);
        if (!(ofColumns[group * block + column]! >= floor)) continue;
        for (let row = group * height; row < (group + 1) * height; row++) {
          const i = top + row;
          const product = products[row * block + column]!;
          if (product >= floor && i >= fromRow && i < toRow) add(j, i, -product);
        }
      }
    }
  }

  return {
    offer(tile) {
      offerToRows(tile);
      if (tile.rows[0] !== tile.columns[0]) offerToColumns(tile);
    },
    evaluated: () => evaluated,
    nearest() {
      const neighbours = new Int32Array(m * k);
      const distances = new Float64Array(m * k);
      for (let i = 0; i < m; i++) {
        cut(i);
        const best = measured(i);
        for (let at = 0; at < k; at++) {
          neighbours[i * k + at] = best[at]!.id;
          distances[i * k + at] = best[at]!.distance;
        }
      }
      return { neighbours, distances };
    },
  };
}

/** The k-th smallest of the first `count` values, which change places: quickselect (Hoare 1961). */
function kthSmallest(values: Float64Array, count: number, k: number): number {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const held = values[i]!;
      values[i++] = values[j]!;
      values[j--] = held;
    }
    if (k - 1 <= j) high = j;
    else if (k - 1 >= i) low = i;
    else break;
  }
  return values[k - 1]!;
}
