// The search for a point where a network is steep, from many starting points along many lines.
import type { Norm } from '../../guarantee/index.ts';
import { normal, type Rng } from '../../random/index.ts';
import { length, steepest } from '../norms.ts';
import { type Candidate, distinct, evaluated, turned } from './candidates.ts';
import { scanLine } from './line-scan.ts';
import type { Oracle } from './oracle.ts';
import type { Region } from './region.ts';
import { firstCandidates, MOST_RANDOM } from './starts.ts';
import type { Uphill } from './uphill.ts';

/** Candidates that are followed, and lines along which each is. */
const FOLLOWED = 4;
const LINES = 3;
/** Lines from the best point of all, and how many without gain end the search. */
const MOST_LINES = 24;
const PATIENCE = 5;
/** Points that are moved uphill: half of them the steepest, half spread over the others. */
const MOST_IMPROVED = 32;
/** Operations that the first candidates, and the points moved uphill, may take each; at least a few are tried. */
const MOST_WORK = 1e11;
/** Operations after which no further line is explored. */
const ENOUGH_WORK = 3e11;
/** Numbers in the points of one kind. */
const MOST_NUMBERS = 2 ** 23;

/**
 * Ascends the operator norm of the Jacobian, yielding ever steeper candidates: the best of many starts are moved uphill by
 * second derivatives, where needed on a smoothed copy (Uphill); then the pieces along whole lines are explored (scanLine):
 * along the direction of steepest increase, which switches aligned neurons on, along random directions and towards other
 * candidates. The output direction u of networks with several outputs is chosen anew at every stage.
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
  const { count, improved } = effort(oracle);
  const given = starts.slice(0, 4 * count);
  let candidates = await firstCandidates(oracle, given, region, scale, count, rng.split('starts'), norm);
  yield* candidates.slice(0, FOLLOWED);
  const turnedHead = await turned(oracle, candidates.slice(0, FOLLOWED), norm);
  candidates = distinct([...turnedHead, ...candidates.slice(FOLLOWED)]);
  yield* candidates.slice(0, FOLLOWED);
  const [first] = candidates;
  if (!first) return;
  if (oracle.features === 1) {
    // One line is the whole space, and every output has its own kinks.
    for (const u of axes(oracle.outputs, first.u)) {
      const [from] = await evaluated(oracle, [first.point], [u], norm);
      const found = await scanLine(oracle, from!, Float64Array.of(1), region, scale, norm);
      yield* await turned(oracle, [found], norm);
    }
    return;
  }

  const climber = await uphill();
  try {
    const moved = spread(candidates, improved);
    const raised = await climber.smoothed(moved);
    candidates = await withPoints(oracle, candidates, moved, raised, norm);
    yield* candidates.slice(0, FOLLOWED);
    const climbing = spread(candidates, improved);
    candidates = await withPoints(oracle, candidates, climbing, await climber.climbed(climbing), norm);
    candidates = distinct(await turned(oracle, candidates.slice(0, FOLLOWED), norm));
    yield* candidates;
    const again = await climber.climbed(candidates);
    candidates = (await withPoints(oracle, candidates, candidates, again, norm)).slice(0, FOLLOWED);
    yield* candidates;
  } finally {
    await climber.dispose();
  }

  const along = async (from: Candidate, round: number, key: Rng): Promise<Candidate> => {
    const direction = lineDirection(from, candidates, round, key, norm);
    const found = await scanLine(oracle, from, direction, region, scale, norm);
    if (!(found.stretch > from.stretch * (1 + 1e-12))) return from;
    return (await turned(oracle, [found], norm))[0]!;
  };
  for (let round = 0; round < LINES; round++) {
    for (const [i, from] of candidates.entries()) {
      if (oracle.spent() > ENOUGH_WORK) return;
      candidates[i] = await along(from, round, rng.split(i));
      yield candidates[i];
    }
    candidates = distinct(candidates);
  }
  let best = candidates[0]!;
  for (let round = 0, failures = 0; round < MOST_LINES && failures < PATIENCE; round++) {
    if (oracle.spent() > ENOUGH_WORK) return;
    const next = await along(best, round, rng.split('best'));
    failures = next === best ? failures + 1 : 0;
    best = next;
    yield best;
  }
}

/** Random points of each kind and points moved uphill: all, or as many as the work and the memory allow. */
function effort({ work, features, outputs }: Oracle): { readonly count: number; readonly improved: number } {
  const allowed = MOST_WORK / Math.max(1, work);
  // About 12 points for each random one, each with its gradient, and 5 evaluations for several outputs.
  const probes = outputs === 1 ? 40 : 150;
  const count = Math.floor(Math.min(MOST_RANDOM, allowed / probes, MOST_NUMBERS / features));
  // Each step costs about 10 evaluations.
  const improved = Math.floor(Math.min(MOST_IMPROVED, allowed / 1500, MOST_NUMBERS / features));
  return { count: Math.max(4, count), improved: Math.max(1, improved) };
}

async function withPoints(
  oracle: Oracle,
  candidates: readonly Candidate[],
  from: readonly Candidate[],
  points: readonly Float64Array[],
  norm: Norm,
): Promise<Candidate[]> {
  const us = from.map(({ u }) => u);
  return distinct([...candidates, ...(await evaluated(oracle, points, us, norm))]);
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

/** The output axes and one more direction; +1 for one output. */
function axes(outputs: number, more: Float64Array): Float64Array[] {
  const units = Array.from({ length: Math.min(outputs, 16) }, (_, i) =>
    Float64Array.from({ length: outputs }, (_, j) => (i === j ? 1 : 0)),
  );
  return outputs === 1 ? units : [...units, more];
}

function lineDirection(
  from: Candidate,
  candidates: readonly Candidate[],
  round: number,
  rng: Rng,
  norm: Norm,
): Float64Array {
  if (round % 4 === 0) return steepest(from.gradient, norm);
  if (round % 4 === 2) {
    const other = candidates[(round + 1) % candidates.length]!;
    const towards = other.point.map((v, j) => v - from.point[j]!);
    const distance = length(towards, 'l2');
    if (distance > 0) return towards.map((v) => v / distance);
  }
  const random = normal(rng.split(round), from.point.length);
  const size = length(random, 'l2');
  return random.map((z) => z / size);
}
