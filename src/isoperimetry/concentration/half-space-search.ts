// The family of half-spaces that is searched, and what is best in it.
import type { Matrix } from '../../linalg/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Stop } from '../../stop.ts';
import { MOST_COMPONENTS, principalComponents, signedPower } from './directions.ts';
import { type Expansion, expansionCounter } from './expansion-counts.ts';
import { scaledRows, someOf } from './scaled-rows.ts';
import type { ExpansionNorm } from './sets.ts';

/** Exponents tried for every component: 1, 1.5, ..., 10.5 and 11. */
const EXPONENTS = [...Array.from({ length: 20 }, (_, i) => 1 + i / 2), 11];
/** From the last of them exponents go on by this step while that helps; then those in between are tried. */
const CLIMB = 10;
const HIGHEST_EXPONENT = 101;
/** Multiplications of one search; ONNX Runtime does some fifty billion a second. */
const MOST_PRODUCTS = 1e12;
/** Rows that a search has at least, where there are so many; long rows are searched along fewer components. */
const LEAST_SEARCH_ROWS = 4096;
const LEAST_COMPONENTS = 16;

/** A normal to try: a signed power of a component, or a coordinate where there is no component. */
interface Candidate {
  readonly component?: number;
  readonly exponent: number;
  readonly normal: Float64Array;
}

/** The best candidate for an epsilon so far. */
interface Best {
  readonly count: number;
  readonly exponent: number;
  /** Points into the half-space's outside. */
  readonly normal: Float64Array;
}

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
  const coordinates = coordinatesOf(x, size.components);
  const components = await principalComponents(x);
  const used = Math.min(components.rows, size.components);
  const counter = await expansionCounter(
    x,
    last(rows.length),
    epsilons.map((epsilon) => epsilon * scale),
  );
  const overall: (Best | undefined)[] = epsilons.map(() => undefined);
  const ofComponent: (Best | undefined)[][] = Array.from({ length: used }, () =>
    epsilons.map(() => undefined),
  );
  let done = 0;
  const expected = coordinates.length + used * EXPONENTS.length;

  const tryBlock = async (block: readonly Candidate[]) => {
    const counts = await counter.count(block.map(({ normal }) => normal));
    block.forEach((candidate, i) => {
      counts[i]!.forEach((expansion, e) => {
        keep(overall, e, candidate, expansion);
        if (candidate.component !== undefined)
          keep(ofComponent[candidate.component]!, e, candidate, expansion);
      });
    });
    done += block.length;
    observe(done, Math.max(done, expected));
  };
  /** Whether all were tried before `stop` said to end; the first block always is. */
  const tryAll = async (candidates: Iterable<Candidate>): Promise<boolean> => {
    let block: Candidate[] = [];
    for (const candidate of candidates) {
      block.push(candidate);
      if (block.length < counter.block) continue;
      await tryBlock(block);
      block = [];
      if (stop()) return false;
    }
    if (block.length > 0) await tryBlock(block);
    return !stop();
  };
  function* powers(component: number, exponents: Iterable<number>): Generator<Candidate> {
    const v = components.data.subarray(component * features, (component + 1) * features);
    for (const exponent of exponents) yield { component, exponent, normal: signedPower(v, exponent, norm) };
  }
  function* everyPower(): Generator<Candidate> {
    for (let component = 0; component < used; component++) yield* powers(component, EXPONENTS);
  }
  /** One more step up for components that are best at the last exponent tried. */
  function* climbed(exponent: number): Generator<Candidate> {
    for (let component = 0; component < used; component++) {
      if (ofComponent[component]!.some((best) => best?.exponent === exponent)) {
        yield* powers(component, [exponent + CLIMB]);
      }
    }
  }
  function* between(): Generator<Candidate> {
    for (let component = 0; component < used; component++) {
      const exponents = new Set<number>();
      for (const best of ofComponent[component]!) {
        if (best === undefined || best.exponent < EXPONENTS.at(-1)!) continue;
        for (let step = 1 - CLIMB; step < CLIMB; step++) {
          if (best.exponent + step > EXPONENTS.at(-1)! && step !== 0) exponents.add(best.exponent + step);
        }
      }
      yield* powers(component, exponents);
    }
  }
  const climb = async (): Promise<boolean> => {
    for (let exponent = EXPONENTS.at(-1)!; exponent < HIGHEST_EXPONENT; exponent += CLIMB) {
      const before = done;
      if (!(await tryAll(climbed(exponent)))) return false;
      if (done === before) return true;
    }
    return true;
  };
  try {
    const complete =
      (await tryAll(coordinates)) &&
      (await tryAll(everyPower())) &&
      (await climb()) &&
      (await tryAll(between()));
    return { normals: overall.map((best) => best!.normal), complete };
  } finally {
    await counter.dispose();
  }
}

function keep(
  list: (Best | undefined)[],
  e: number,
  { normal, exponent }: Candidate,
  { count, reversed }: Expansion,
) {
  const best = list[e];
  if (best && best.count <= count) return;
  list[e] = { count, exponent, normal: reversed ? normal.map((value) => -value) : normal };
}

/** Numbers of rows and components that keep a search within MOST_PRODUCTS. */
function searchSize(rows: number, features: number): { readonly rows: number; readonly components: number } {
  const perComponent = (EXPONENTS.length + 1) * features;
  const affordable = Math.floor(MOST_PRODUCTS / (perComponent * Math.min(rows, LEAST_SEARCH_ROWS)));
  const components = Math.min(features, rows, MOST_COMPONENTS, Math.max(LEAST_COMPONENTS, affordable));
  const most = Math.max(1, Math.floor(MOST_PRODUCTS / (perComponent * components)));
  return { rows: Math.min(rows, most), components };
}

/** Unit vectors along the coordinates that vary most. */
function coordinatesOf(x: Matrix, count: number): readonly Candidate[] {
  const spread = new Float64Array(x.columns);
  for (let at = 0; at < x.data.length; at++) spread[at % x.columns]! += x.data[at]! ** 2;
  return Array.from(spread.keys())
    .sort((a, b) => spread[b]! - spread[a]! || a - b)
    .slice(0, count)
    .map((j) => ({ exponent: Infinity, normal: new Float64Array(x.columns).fill(1, j, j + 1) }));
}
