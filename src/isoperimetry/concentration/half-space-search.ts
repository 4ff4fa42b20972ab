// The search for the half-space that expands least.
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { MOST_COMPONENTS, principalComponents } from './directions.ts';
import { expansionCounter } from './expansion-counts.ts';
import { type Candidate, EXPONENTS, emptyStanding, note, stages } from './half-space-family.ts';
import { scaledRows, someOf } from './scaled-rows.ts';
import type { ExpansionNorm } from './sets.ts';

/** Multiplications of one search; ONNX Runtime does some fifty billion a second. */
const MOST_PRODUCTS = 1e12;
/** Rows that a search has at least, where there are so many; long rows are searched along fewer components. */
const LEAST_ROWS = 4096;
const LEAST_COMPONENTS = 16;

/**
 * For each epsilon the normal whose half-space { w . x <= b }, with b such that the rows up to index last(n) of n lie in it,
 * has the fewest of the training rows within epsilon. Normals have dual norm 1.
 *
 * @param last the index for a number of rows: of many training rows only some are searched.
 */
export async function bestNormals(
  points: ArrayLike<number>,
  features: number,
  norm: ExpansionNorm,
  epsilons: readonly number[],
  training: Int32Array,
  last: (rows: number) => number,
  random: Rng,
  stop: Stop,
  observe: (done: number, of: number) => void,
): Promise<{ readonly normals: readonly Float64Array[]; readonly complete: boolean }> {
  const size = searchSize(training.length, features);
  const rows = someOf(training, size.rows, random);
  const { x, scale } = scaledRows(points, features, rows);
  const components = (await principalComponents(x, random.split('components'))).slice(0, size.components);
  const standing = emptyStanding(components.length, epsilons.length);
  const counter = await expansionCounter(
    x,
    last(rows.length),
    epsilons.map((epsilon) => epsilon * scale),
  );
  const normals = () => standing.overall.map((best) => best!.normal);
  const expected = size.components + components.length * EXPONENTS.length;
  let done = 0;
  try {
    for (const stage of stages(x, components, size.components, norm, standing)) {
      for (const block of inBlocks(stage, counter.block)) {
        if (done > 0 && stop()) return { normals: normals(), complete: false };
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
  return { normals: normals(), complete: true };
}

function* inBlocks(candidates: Iterable<Candidate>, length: number): Generator<readonly Candidate[]> {
  let block: Candidate[] = [];
  for (const candidate of candidates) {
    block.push(candidate);
    if (block.length < length) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

/** Numbers of rows and components that keep a search within MOST_PRODUCTS. */
function searchSize(rows: number, features: number): { readonly rows: number; readonly components: number } {
  const perComponent = (EXPONENTS.length + 1) * features;
  const affordable = Math.floor(MOST_PRODUCTS / (perComponent * Math.min(rows, LEAST_ROWS)));
  const components = Math.min(features, MOST_COMPONENTS, Math.max(LEAST_COMPONENTS, affordable));
  const most = Math.max(1, Math.floor(MOST_PRODUCTS / (perComponent * Math.min(components, rows))));
  return { rows: Math.min(rows, most), components };
}
