// Random steps from steep points: the norm of the Jacobian of a piecewise linear network is piecewise constant, and what
// lies behind the next kink is learnt by looking.
import type { Norm } from '../../guarantee/index.ts';
import { normal, type Rng } from '../../random/index.ts';
import { length } from '../norms.ts';
import { type Candidate, distinct, evaluated, explored, turned } from './candidates.ts';
import type { Oracle } from './oracle.ts';
import { project, type Region } from './region.ts';

/** Candidates that hop, points that each looks at, and looks without gain that end it. */
const HOPPERS = 8;
const LOOKS = 64;
const PATIENCE = 5;
const MOST_HOPS = 100;
/** Orders of magnitude between the longest and the shortest step. */
const ORDERS = 3;
/** Lengths of the steps of shaken(), as fractions of the scale. */
const SHAKES = [1, 0.3, 0.1, 0.03];

/** The candidates after the first ones have taken random steps of all lengths as long as these lead upwards. */
export async function hopped(
  oracle: Oracle,
  candidates: readonly Candidate[],
  region: Region,
  scale: number,
  rng: Rng,
  norm: Norm,
): Promise<Candidate[]> {
  const lengths = Array.from({ length: LOOKS }, (_, i) => 10 ** ((-ORDERS * i) / LOOKS));
  let hoppers = candidates.slice(0, HOPPERS).map((best) => ({ best, failures: 0 }));
  for (let round = 0; round < MOST_HOPS; round++) {
    const active = hoppers.filter(({ failures }) => failures < PATIENCE);
    if (active.length === 0) break;
    const key = rng.split(round);
    const points = active.map(({ best }, i) => steps(best.point, lengths, region, scale, key.split(i)));
    const us = active.flatMap(({ best }) => new Array<Float64Array>(LOOKS).fill(best.u));
    const found = await evaluated(oracle, points.flat(), us, norm);
    const likely = active.map((_, i) => steepestOf(found.slice(i * LOOKS, (i + 1) * LOOKS)));
    const next = await turned(oracle, likely, norm);
    hoppers = [
      ...hoppers.filter(({ failures }) => failures >= PATIENCE),
      ...active.map(({ best, failures }, i) =>
        next[i]!.stretch > best.stretch * (1 + 1e-9)
          ? { best: next[i]!, failures: 0 }
          : { best, failures: failures + 1 },
      ),
    ];
  }
  return distinct([...hoppers.map(({ best }) => best), ...candidates]);
}

function steepestOf(candidates: readonly Candidate[]): Candidate {
  return candidates.reduce((best, next) => (next.stretch > best.stretch ? next : best));
}

/** `count` candidates at random distances from those given, steepest first. */
export async function shaken(
  oracle: Oracle,
  candidates: readonly Candidate[],
  count: number,
  region: Region,
  scale: number,
  rng: Rng,
  norm: Norm,
): Promise<Candidate[]> {
  const each = Math.ceil(count / candidates.length);
  const lengths = Array.from({ length: each }, (_, i) => SHAKES[i % SHAKES.length]!);
  const points = candidates.flatMap(({ point }, i) => steps(point, lengths, region, scale, rng.split(i)));
  return distinct(await explored(oracle, points, norm, rng.split('outputs'), 1));
}

/** Points of the region at Gaussian distances of about these fractions of the scale from x, or of its length. */
function steps(
  x: Float64Array,
  lengths: readonly number[],
  region: Region,
  scale: number,
  rng: Rng,
): Float64Array[] {
  const d = x.length;
  const shifts = normal(rng, lengths.length * d);
  const stride = region.kind === 'global' ? Math.max(scale, length(x, 'l2')) : scale;
  return lengths.map((fraction, i) => {
    const factor = (stride * fraction) / Math.sqrt(d);
    return project(
      region,
      x.map((p, j) => p + factor * shifts[i * d + j]!),
    );
  });
}
