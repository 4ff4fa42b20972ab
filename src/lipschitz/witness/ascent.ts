// The search for a point where a network is steep: rounds of ascent, random steps and lines from many starting points.
import type { Norm } from '../../guarantee/index.ts';
import type { Rng } from '../../random/index.ts';
import { type Candidate, distinct, evaluated, turned } from './candidates.ts';
import { hopped, shaken } from './hops.ts';
import { scanLine } from './line-scan.ts';
import { alongLines } from './lines.ts';
import type { Oracle } from './oracle.ts';
import type { Region } from './region.ts';
import { firstCandidates } from './starts.ts';
import type { Moved, Uphill } from './uphill.ts';

/** Candidates whose surroundings are explored. */
const FOLLOWED = 4;
/** Candidates that a round hands to the next. */
const KEPT = 12;
/** Rounds; one without gain ends them. */
const MOST_ROUNDS = 3;
/** Random points of each kind. */
const RANDOM = { usual: 64, most: 256 };
/** Points that are moved uphill: half of them the steepest, half spread over the others. */
const MOST_IMPROVED = 32;
/** Operations: what more random points than usual, and all rounds past the first, may take; */
const CHEAP = { random: 2e6, round: 2e5 };
/** what the first candidates, and the points moved uphill, may take each, though at least a few are tried; */
const MOST_WORK = 1e11;
/** and those after which nothing more is explored. */
const ENOUGH_WORK = 3e11;
/** Numbers in the points of one kind. */
const MOST_NUMBERS = 2 ** 23;

/**
 * Ascends the operator norm of the Jacobian, yielding ever steeper candidates. In each round many starts are moved uphill
 * by second derivatives, where needed on a smoothed copy (Uphill); the best of them take random steps (hopped); then the
 * pieces along whole lines are explored (alongLines). The output direction u of networks with several outputs is chosen
 * anew at every stage. Large networks are given one round, very large ones fewer starts and lines.
 *
 * @param starts points of the region where the search starts (data, say).
 * @param scale the length of typical inputs, or of the region.
 */
export async function* ascend(
  oracle: Oracle,
  uphill: () => Promise<Uphill>,
  starts: readonly Float64Array[],
  region: Region,
  scale: number,
  rng: Rng,
  norm: Norm,
): AsyncGenerator<Candidate> {
  const { count, improved, rounds } = effort(oracle);
  const given = starts.slice(0, 4 * count);
  let candidates = await firstCandidates(oracle, given, region, scale, count, rng.split('starts'), norm);
  candidates = distinct([
    ...(await turned(oracle, candidates.slice(0, FOLLOWED), norm)),
    ...candidates.slice(FOLLOWED),
  ]);
  yield* candidates.slice(0, FOLLOWED);
  const [first] = candidates;
  if (!first) return;
  if (oracle.features === 1) {
    yield* alongTheLine(oracle, first, region, scale, norm);
    return;
  }
  const climber = await uphill();
  try {
    let from = spread(candidates, improved);
    for (let round = 0; round < rounds; round++) {
      const key = rng.split(round);
      const before = candidates[0]!.stretch;
      if (round > 0) {
        const near = await shaken(oracle, candidates, 4 * improved, region, scale, key.split('shaken'), norm);
        from = spread(near, improved);
      }
      candidates = await raised(oracle, climber, candidates, from, norm);
      yield* candidates.slice(0, FOLLOWED);
      if (rounds > 1) {
        candidates = await hopped(oracle, candidates, region, scale, key.split('hops'), norm);
        yield* candidates.slice(0, FOLLOWED);
      }
      const head = candidates.slice(0, FOLLOWED);
      for await (const next of alongLines(oracle, head, region, scale, key.split('lines'), norm)) {
        candidates = distinct([next, ...candidates]).slice(0, KEPT);
        yield next;
        if (oracle.spent() > ENOUGH_WORK) return;
      }
      if (!(candidates[0]!.stretch > before * (1 + 1e-6))) return;
    }
  } finally {
    await climber.dispose();
  }
}

/** How much is tried: as much as helps, or as the work and the memory allow. */
function effort({ work, features, outputs }: Oracle): {
  readonly count: number;
  readonly improved: number;
  readonly rounds: number;
} {
  const allowed = MOST_WORK / work;
  const wanted = Math.min(RANDOM.most, Math.max(RANDOM.usual, CHEAP.random / work));
  // About 12 points for each random one, each with its gradient, and several evaluations for several outputs.
  const probes = outputs === 1 ? 40 : 150;
  const count = Math.floor(Math.min(wanted, allowed / probes, MOST_NUMBERS / features));
  // Moving a point uphill takes about 1500 evaluations.
  const improved = Math.floor(Math.min(MOST_IMPROVED, allowed / 1500, MOST_NUMBERS / features));
  const rounds = Math.floor(Math.min(MOST_ROUNDS, CHEAP.round / work));
  return { count: Math.max(4, count), improved: Math.max(1, improved), rounds: Math.max(1, rounds) };
}

/** In one dimension one line is the whole space, and every output has its own kinks. */
async function* alongTheLine(
  oracle: Oracle,
  { point, u }: Candidate,
  region: Region,
  scale: number,
  norm: Norm,
): AsyncGenerator<Candidate> {
  const { outputs } = oracle;
  const axes = Array.from({ length: Math.min(outputs, 16) }, (_, i) =>
    Float64Array.from({ length: outputs }, (_, j) => (i === j ? 1 : 0)),
  );
  for (const direction of outputs === 1 ? axes : [...axes, u]) {
    const [from] = await evaluated(oracle, [point], [direction], norm);
    const found = await scanLine(oracle, from!, Float64Array.of(1), region, scale, norm);
    yield* await turned(oracle, [found], norm);
  }
}

/** The best of the candidates, of `from`, and of what `from` and the best become when they are moved uphill. */
async function raised(
  oracle: Oracle,
  climber: Uphill,
  candidates: readonly Candidate[],
  from: readonly Candidate[],
  norm: Norm,
): Promise<Candidate[]> {
  const at = (moved: readonly Moved[]) =>
    evaluated(
      oracle,
      moved.map(({ point }) => point),
      moved.map(({ u }) => u),
      norm,
    );
  let best = distinct([...candidates, ...from, ...(await at(await climber.smoothed(from)))]);
  best = distinct([...best, ...(await at(await climber.climbed(best.slice(0, from.length))))]);
  best = distinct(await turned(oracle, best.slice(0, KEPT), norm));
  const again = await at(await climber.climbed(best.slice(0, FOLLOWED)));
  return distinct([...best, ...again]);
}

/** The first half of `count` items from the head, the others at equal distances from the rest. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  const head = items.slice(0, Math.ceil(count / 2));
  const rest = items.slice(head.length);
  const stride = Math.max(1, rest.length / Math.max(1, count - head.length));
  return [...head, ...rest.filter((_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride))].slice(
    0,
    count,
  );
}
