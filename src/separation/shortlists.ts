// For each row the few others that may be among its k nearest, while pairs pass by with approximate distances.

/** The k nearest other rows of each of m rows, nearest first, ties to the lower position. */
export interface Nearest {
  /** `[m, k]` positions. */
  readonly neighbours: Int32Array;
  /** `[m, k]`. */
  readonly distances: Float64Array;
}

/** A block of products -h_ij, with h_ij half of the squared distance, and which rows and columns of it count. */
export interface Tile {
  /** The first row of the block, and the range of rows that count. */
  readonly rows: readonly [start: number, from: number, to: number];
  readonly columns: readonly [start: number, from: number, to: number];
  /** The largest margin of the rows, and of the columns. */
  readonly widest: readonly [rows: number, columns: number];
}

/** An exact distance, and half of its square at the scale of the products. */
export interface Measured {
  readonly distance: number;
  readonly half: number;
}

export interface Shortlists {
  /** Each pair i < j of a block once, for row i and for row j. */
  offer(products: Float32Array | Float64Array, block: number, tile: Tile): void;
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
  const floors = new Float64Array(m);
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

  return {
    offer(products, block, { rows: [top, fromRow, toRow], columns: [left, fromColumn, toColumn], widest }) {
      for (let j = fromColumn; j < toColumn; j++) floors[j] = -(limits[j]! + widest[0]);
      for (let i = fromRow; i < toRow; i++) {
        const base = (i - top) * block - left;
        let floor = -(limits[i]! + widest[1]);
        for (let j = Math.max(fromColumn, i + 1); j < toColumn; j++) {
          const product = products[base + j]!;
          if (product >= floor) {
            add(i, j, -product);
            floor = -(limits[i]! + widest[1]);
          }
          if (product >= floors[j]!) {
            add(j, i, -product);
            floors[j] = -(limits[j]! + widest[0]);
          }
        }
      }
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
