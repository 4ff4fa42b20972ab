// APGD in l1: steps along few entries, ever fewer as the best change becomes sparser (Croce and Hein 2021, algorithm 1).
import { project } from '../projection.ts';
import { rowOf } from '../rows.ts';
import { stepSparsely } from '../steps.ts';
import { type Rule, slopesAt, stepped } from './climb.ts';

type Memory = {
  /** In l1, between a tenth of the radius and the radius. */
  readonly sizes: Float64Array;
  /** Entries that the best change touched at the last checkpoint. */
  readonly touched: Float64Array;
  /** Entries that a step touches. */
  readonly counts: Float64Array;
  /** Memory. */
  readonly gradients: Float32Array;
};

/** A step touches this many times fewer entries than the best change, rounded down: from two entries it must find one. */
const SPARSER = 1.5;

/** The step size falls by this factor as long as the best change keeps its sparsity. */
const SHORTER = 1.5;

/** No momentum: a step of the radius in l1, projected. */
export const withSparseSteps: Rule<Memory> = {
  firstInterval: (iterations) => Math.max(1, Math.floor(0.04 * iterations + 1e-9)),
  nextInterval: (interval) => interval,
  begin({ points, best, places }, { radius }) {
    const features = points.length / places.length;
    const touched = Float64Array.from(places, (_, i) => changes(points, best, i, features));
    return {
      sizes: new Float64Array(places.length).fill(radius),
      touched,
      counts: touched.map((count) => count / SPARSER),
      gradients: new Float32Array(points.length),
    };
  },
  stride: () => 1,
  async advance(slope, state, memory, { resumed }) {
    const { sizes, counts, gradients } = memory;
    await slopesAt(slope, state, gradients, resumed);
    state.next.set(state.current);
    stepSparsely(state.next, gradients, sizes, counts);
    project(slope.threat, state.points, state.next, slope.victim.features);
    return [stepped(state), memory];
  },
  adapt({ points, best, places }, { sizes, touched, counts }, i, _, { radius }) {
    const now = changes(points, best, i, points.length / places.length);
    const sparser = now < 0.95 * touched[i]!;
    sizes[i] = sparser ? radius : Math.max(sizes[i]! / SHORTER, radius / 10);
    touched[i] = now;
    counts[i] = now / SPARSER;
    return sparser;
  },
};

/** In how many entries the best point of row `i` differs from the point. */
function changes(points: Float32Array, best: Float32Array, i: number, features: number): number {
  const x = rowOf(points, i, features);
  return rowOf(best, i, features).reduce((count, v, j) => count + Number(v !== x[j]), 0);
}
