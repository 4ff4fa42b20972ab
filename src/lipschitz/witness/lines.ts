// From steep points along whole lines: in the direction of steepest increase, which switches aligned neurons on, in random
// directions, and towards other steep points.
import type { Norm } from '../../guarantee/index.ts';
import { normal, type Rng } from '../../random/index.ts';
import { length, steepest } from '../norms.ts';
import { type Candidate, distinct, turned } from './candidates.ts';
import { scanLine } from './line-scan.ts';
import type { Oracle } from './oracle.ts';
import type { Region } from './region.ts';

/** Lines along which each candidate is followed. */
const LINES = 3;
/** Lines from the best point of all, and how many without gain end the search. */
const MOST_LINES = 24;
const PATIENCE = 5;

/** Ever steeper candidates along lines from each of the first ones, then from the best. */
export async function* alongLines(
  oracle: Oracle,
  first: readonly Candidate[],
  region: Region,
  scale: number,
  rng: Rng,
  norm: Norm,
): AsyncGenerator<Candidate> {
  let candidates = [...first];
  const along = async (from: Candidate, round: number, key: Rng): Promise<Candidate> => {
    const direction = lineDirection(from, candidates, round, key, norm);
    const found = await scanLine(oracle, from, direction, region, scale, norm);
    if (!(found.stretch > from.stretch * (1 + 1e-12))) return from;
    return (await turned(oracle, [found], norm))[0]!;
  };
  for (let round = 0; round < LINES; round++) {
    for (const [i, from] of candidates.entries()) {
      candidates[i] = await along(from, round, rng.split(i));
      yield candidates[i]!;
    }
    candidates = distinct(candidates);
  }
  let best = candidates[0]!;
  for (let round = 0, failures = 0; round < MOST_LINES && failures < PATIENCE; round++) {
    const next = await along(best, round, rng.split('best'));
    failures = next === best ? failures + 1 : 0;
    best = next;
    yield best;
  }
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
