// The search for the half-space that expands least.
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { MOST_COMPONENTS, principalComponents } from './directions.ts';
import { expansionCounter } from './expansion-counts.ts';
import { type Best, EXPONENTS, emptyStanding, note, opposite, stages } from './half-space-family.ts';
import { scaledRows, someOf } from './scaled-rows.ts';
import type { ExpansionNorm } from './sets.ts';

/** Multiplications of one search; ONNX Runtime does some fifty billion a second. */
const MOST_PRODUCTS = 3e10;
/** Normals for each epsilon that a search on some of the training rows hands over to all of them. */
const FINALISTS = 256;
/** Rows that a search has at least, where there are so many; long rows are searched along fewer components. */
const LEAST_ROWS = 1024;
const LEAST_COMPONENTS = 16;

/**
 * For each epsilon the normal whose half-space { w . x <= b }, with b such that it holds a share of the training rows, has the
 * fewest of them within epsilon. Normals have dual norm 1. Where all normals on all rows are above 3e10 multiplications, all are
 * tried on some of the rows and the 256 best of each epsilon on all rows.
 *
 * @param share of the rows to hold, in (0, 1].
 */
export async function bestNormals(
  points: ArrayLike<number>,
  features: number,
  norm: ExpansionNorm,
  epsilons: readonly number[],
  training: Int32Array,
  share: number,
  random: Rng,
  stop: Stop,
  observe: (done: number, of: number) => void,
  mostProducts = MOST_PRODUCTS,
): Promise<{ readonly normals: readonly Float64Array[]; readonly complete: boolean }> {
  const size = searchSize(training.length, features, mostProducts);
  const rows = someOf(training, size.rows, random);
  const { x, scale } = scaledRows(points, features, rows);
  const components = (await principalComponents(x, random.split('components'))).slice(0, size.components);
  const scaled = epsilons.map((epsilon) => epsilon * scale);
  const standing = emptyStanding(components.length, epsilons.length, FINALISTS);
  const counter = await expansionCounter(x, lastInside(share, rows.length), scaled);
  const expected = size.components + components.length * EXPONENTS.length;
  let done = 0;
  let complete = true;
  try {
    search: for (const stage of stages(x, components, size.components, norm, standing)) {
      for (const block of inBlocks(stage, counter.block)) {
        if (done > 0 && stop()) {
          complete = false;
          break search;
        }
        const expansions = await counter.count(block.map(({ normal }) => normal));
        block.forEach((candidate, i) => {
          note(standing, candidate, expansions[i]!);
        });
        done += block.length;
        observe(done, Math.max(done, expected));
      }
    }
  } finally {
    await counter.dispose();
  }
  if (rows.length === training.length)
    return { normals: standing.overall.map((best) => best[0]!.normal), complete };
  return {
    normals: await bestOnAll(points, features, training, share, epsilons, standing.overall),
    complete,
  };
}

/** Of the finalists of each epsilon the normal whose half-space has the fewest of all rows within epsilon. */
async function bestOnAll(
  points: ArrayLike<number>,
  features: number,
  training: Int32Array,
  share: number,
  epsilons: readonly number[],
  finalists: readonly (readonly Best[])[],
): Promise<readonly Float64Array[]> {
  const { x, scale } = scaledRows(points, features, training);
  const candidates = [...new Set(finalists.flat())];
  const counter = await expansionCounter(
    x,
    lastInside(share, training.length),
    epsilons.map((epsilon) => epsilon * scale),
  );
  const best = epsilons.map(() => ({ count: Infinity, normal: candidates[0]!.normal }));
  try {
    for (const block of inBlocks(candidates, counter.block)) {
      const expansions = await counter.count(block.map(({ normal }) => normal));
      block.forEach(({ normal }, i) => {
        expansions[i]!.forEach(({ count, reversed }, e) => {
          if (count < best[e]!.count) best[e] = { count, normal: reversed ? opposite(normal) : normal };
        });
      });
    }
  } finally {
    await counter.dispose();
  }
  return best.map(({ normal }) => normal);
}

/** How many rows, less one, a half-space holds: the index of its offset among their products with the normal. */
export function lastInside(share: number, rows: number): number {
  return Math.min(rows - 1, Math.floor(share * rows));
}

function* inBlocks<One>(candidates: Iterable<One>, length: number): Generator<readonly One[]> {
  let block: One[] = [];
  for (const candidate of candidates) {
    block.push(candidate);
    if (block.length < length) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

/** Numbers of rows and components that keep a search within so many multiplications. */
function searchSize(
  rows: number,
  features: number,
  mostProducts: number,
): { readonly rows: number; readonly components: number } {
  const perComponent = (EXPONENTS.length + 1) * features;
  const affordable = Math.floor(mostProducts / (perComponent * Math.min(rows, LEAST_ROWS)));
  const components = Math.min(features, MOST_COMPONENTS, Math.max(LEAST_COMPONENTS, affordable));
  const most = Math.max(1, Math.floor(mostProducts / (perComponent * Math.min(components, rows))));
  return { rows: Math.min(rows, most), components };
}
