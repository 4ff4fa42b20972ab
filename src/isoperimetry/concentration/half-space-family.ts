// The family of normals that is searched for half-spaces, and what is known about it on the way (Prescott, Zhang and Evans 2021).
import type { Matrix } from '../../linalg/index.ts';
import { signedPower } from './directions.ts';
import type { Expansion } from './expansion-counts.ts';
import type { ExpansionNorm } from './sets.ts';

/** Exponents tried for every component: 1, 1.5, ..., 10.5 and 11. */
export const EXPONENTS: readonly number[] = [...Array.from({ length: 20 }, (_, i) => 1 + i / 2), 11];
/** From the last of them exponents go on by this step while that helps; then those in between are tried. */
const CLIMB = 10;
const HIGHEST_EXPONENT = 101;

/** A normal to try: a signed power of a component, or a coordinate where there is no component. */
export interface Candidate {
  readonly component?: number;
  readonly exponent: number;
  readonly normal: Float64Array;
}

/** The best candidate for an epsilon so far. */
export interface Best {
  /** Rows in the expansion. */
  readonly count: number;
  readonly exponent: number;
  /** The half-space is { normal . x <= b }. */
  readonly normal: Float64Array;
}

/** The best so far for each epsilon: of all candidates some, best first, and of those of each component the best. */
export interface Standing {
  readonly overall: readonly Best[][];
  /** How many of all candidates are kept for each epsilon. */
  readonly kept: number;
  readonly ofComponent: readonly (Best | undefined)[][];
}

export function emptyStanding(components: number, epsilons: number, kept: number): Standing {
  const none = () => new Array<Best | undefined>(epsilons).fill(undefined);
  const overall = Array.from({ length: epsilons }, (): Best[] => []);
  return { overall, kept, ofComponent: Array.from({ length: components }, none) };
}

/** Takes note of a candidate and its expansion by each epsilon. */
export function note(standing: Standing, candidate: Candidate, expansions: readonly Expansion[]): void {
  const { component, exponent, normal } = candidate;
  expansions.forEach(({ count, reversed }, e) => {
    const list = standing.overall[e]!;
    const own = component === undefined ? undefined : standing.ofComponent[component]!;
    const enters = list.length < standing.kept || count < list.at(-1)!.count;
    const leads = own !== undefined && count < (own[e]?.count ?? Infinity);
    if (!enters && !leads) return;
    const best = { count, exponent, normal: reversed ? opposite(normal) : normal };
    if (leads) own[e] = best;
    if (!enters) return;
    // Behind those that are as good: the first of equals stays first.
    const after = list.findIndex((one) => one.count > count);
    list.splice(after < 0 ? list.length : after, 0, best);
    if (list.length > standing.kept) list.pop();
  });
}

/** The normal of the half-space on the other side. */
export function opposite(normal: Float64Array): Float64Array {
  return normal.map((value) => -value);
}

/**
 * The candidates stage by stage; what a stage holds depends on what is known of those before it. First the coordinates, then
 * every component with every exponent, then higher exponents where the last one is best, then those between.
 *
 * @param x `[rows, features]`, centred.
 * @param components vectors of `[features]`.
 */
export function* stages(
  x: Matrix,
  components: readonly Float64Array[],
  mostCoordinates: number,
  norm: ExpansionNorm,
  standing: Standing,
): Generator<Iterable<Candidate>> {
  const powers = function* (exponentsOf: (own: readonly (Best | undefined)[]) => Iterable<number>) {
    for (const [component, v] of components.entries()) {
      for (const exponent of exponentsOf(standing.ofComponent[component]!)) {
        yield { component, exponent, normal: signedPower(v, exponent, norm) };
      }
    }
  };
  yield coordinates(x, mostCoordinates);
  yield powers(() => EXPONENTS);
  const last = EXPONENTS.at(-1)!;
  for (let exponent = last; exponent < HIGHEST_EXPONENT; exponent += CLIMB) {
    const leads = (own: readonly (Best | undefined)[]) => own.some((best) => best?.exponent === exponent);
    if (!standing.ofComponent.some(leads)) break;
    yield powers((own) => (leads(own) ? [exponent + CLIMB] : []));
  }
  yield powers((own) => {
    const around = new Set<number>();
    for (const best of own) {
      if (best === undefined || best.exponent < last) continue;
      for (let step = 1; step < CLIMB; step++) {
        around.add(best.exponent + step);
        if (best.exponent - step > last) around.add(best.exponent - step);
      }
    }
    return around;
  });
}

/** Unit vectors along the coordinates that vary most. */
function coordinates(x: Matrix, count: number): readonly Candidate[] {
  const spread = new Float64Array(x.columns);
  for (let at = 0; at < x.data.length; at++) spread[at % x.columns]! += x.data[at]! ** 2;
  return Array.from(spread.keys())
    .sort((a, b) => spread[b]! - spread[a]! || a - b)
    .slice(0, count)
    .map((j) => ({ exponent: Infinity, normal: new Float64Array(x.columns).fill(1, j, j + 1) }));
}
