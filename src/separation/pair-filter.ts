// Pairs of rows that products of matrices do not show to be farther apart than a distance of either row.
import type { Stop } from '../stop.ts';
import type { Embedding } from './embedding.ts';
import { type Observe, SINGLE, type Tile, tilingOf } from './tiles.ts';

/** Rows as they are multiplied: |e(x) - e(y)| <= scale |x - y| + 2 error. The rows themselves have scale 1 and error 0. */
export type Multiplied = Omit<Embedding, 'coordinates'> & { readonly coordinates: ArrayLike<number> };

export interface PairFilter {
  /** The least that a product and the margins of its rows sum to where their computed distance is at most this. */
  floor(distance: number): number;
  /**
   * Shows every pair of different rows once whose sum reaches the floor of one of them. The floors may rise meanwhile. After
   * each block `go` hears how many first rows have met each other and how many multiplications the block took, and says whether
   * to go on.
   */
  visit(
    floors: Float64Array,
    take: (i: number, j: number) => void,
    go: (met: number, multiplications: number) => boolean,
    observe: Observe,
    stop: Stop,
  ): Promise<void>;
  /** For each row its `count` nearest of the first 4096, about. */
  nearestOfFirst(count: number, stop: Stop): Promise<Int32Array>;
}

/** Blocks of rows of a sample. */
const SAMPLE_BLOCKS = 4;

/** @param features of the rows whose distances are computed: these are off by (features + 4) 2^-53 of themselves at most. */
export function pairFilter({ coordinates, width, scale, error }: Multiplied, features: number): PairFilter {
  const m = coordinates.length / width;
  const rows = Int32Array.from({ length: m }, (_, i) => i);
  const tiling = tilingOf(coordinates, width, rows, SINGLE);
  const slack = 1 + 8 * (features + 8) * 2 ** -53;
  return {
    floor: (distance) => (-(1 + 2 ** -40) * (tiling.scale * (scale * slack * distance + 2 * error)) ** 2) / 2,
    async visit(floors, take, go, observe, stop) {
      let marks: Int32Array | undefined;
      let mark = 0;
      await tiling.visit(
        (tile) => {
          marks ??= new Int32Array(tile.block ** 2);
          offer(tile, tiling.margins, floors, marks, ++mark, take);
          const [, , met] = tile.columns;
          return go(tile.rows[2] === met ? met : tile.columns[1], tile.block ** 2 * width);
        },
        observe,
        stop,
      );
    },
    async nearestOfFirst(count, stop) {
      const nearest = new Int32Array(m * count).fill(-1);
      const halves = new Float64Array(m * count).fill(Infinity);
      const take = (i: number, j: number, half: number) => {
        const first = i * count;
        let at = first + count - 1;
        if (!(half < halves[at]!)) return;
        for (; at > first && half < halves[at - 1]!; at--) {
          halves[at] = halves[at - 1]!;
          nearest[at] = nearest[at - 1]!;
        }
        halves[at] = half;
        nearest[at] = j;
      };
      const first = Math.min(m, SAMPLE_BLOCKS * 1024);
      await tiling.visit(
        ({ products, ofRows, ofColumns, block, groups, rows: [top, fromRow, toRow], columns }) => {
          const [left, fromColumn, toColumn] = columns;
          const height = block / groups;
          for (let j = fromColumn; j < toColumn; j++) {
            const last = j * count + count - 1;
            for (let group = 0; group < groups; group++) {
              if (!(ofColumns[group * block + j - left]! > -halves[last]!)) continue;
              for (let row = group * height; row < (group + 1) * height; row++) {
                const i = top + row;
                if (i >= fromRow && i < toRow && i !== j) take(j, i, -products[row * block + j - left]!);
              }
            }
          }
          if (fromColumn >= first || fromRow === fromColumn) return true;
          for (let i = fromRow; i < toRow; i++) {
            const [base, last] = [(i - top) * block - left, i * count + count - 1];
            for (let group = 0; group < groups; group++) {
              if (!(ofRows[(i - top) * groups + group]! > -halves[last]!)) continue;
              for (let column = group; column < block; column += groups) {
                const j = left + column;
                if (j >= fromColumn && j < toColumn) take(i, j, -products[base + j]!);
              }
            }
          }
          return true;
        },
        () => {},
        stop,
        SAMPLE_BLOCKS,
      );
      return nearest;
    },
  };
}

/** Takes the pairs of a tile; `marks` holds those of this tile that were taken for their row. */
function offer(
  { products, ofRows, ofColumns, block, groups, rows, columns, widest }: Tile,
  margins: Float64Array,
  floors: Float64Array,
  marks: Int32Array,
  mark: number,
  take: (i: number, j: number) => void,
): void {
  const [top, fromRow, toRow] = rows;
  const [left, fromColumn, toColumn] = columns;
  const diagonal = top === left;
  for (let i = fromRow; i < toRow; i++) {
    const base = (i - top) * block - left;
    const own = margins[i]!;
    for (let group = 0; group < groups; group++) {
      // Written so that what is not a number rules nothing out.
      if (ofRows[(i - top) * groups + group]! + own + widest[1] < floors[i]!) continue;
      for (let column = group; column < block; column += groups) {
        const j = left + column;
        if (j < fromColumn || j >= toColumn || (diagonal && j <= i)) continue;
        if (products[base + j]! + own + margins[j]! < floors[i]!) continue;
        marks[base + j] = mark;
        take(i, j);
      }
    }
  }
  const height = block / groups;
  for (let group = 0; group < groups; group++) {
    for (let j = fromColumn; j < toColumn; j++) {
      const column = j - left;
      const own = margins[j]!;
      if (ofColumns[group * block + column]! + own + widest[0] < floors[j]!) continue;
      for (let row = group * height; row < (group + 1) * height; row++) {
        const i = top + row;
        if (i < fromRow || i >= toRow || (diagonal && j <= i)) continue;
        const at = row * block + column;
        if (products[at]! + own + margins[i]! < floors[j]! || marks[at] === mark) continue;
        take(i, j);
      }
    }
  }
}
