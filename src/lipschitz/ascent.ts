// Gradient-norm ascent: looks for a point where a network is steep, from many starting points along many lines.
import type { Norm } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import { normal } from '../random/index.ts';
import type { Candidate } from './candidates.ts';
import { distinct, evaluated, firstCandidates } from './candidates.ts';
import { scanLine } from './line-scan.ts';
import { dual, length, steepest } from './norms.ts';
import type { Oracle } from './oracle.ts';

/** A point and a direction of unit length in which the network stretches by about `stretch`. */
export interface SteepDirection {
  readonly point: Float64Array;
  readonly direction: Float64Array;
  readonly stretch: number;
}

/** Candidates that are followed, and lines along which each is. */
const FOLLOWED = 4;
const LINES = 3;
/** Lines from the best point of all, and how many without gain end the search. */
const MOST_LINES = 24;
const PATIENCE = 5;
/** Points that are moved uphill: half of them the steepest, half spread over the others. */
const IMPROVED = 32;
/** Most rounds of the power method on the output direction. */
const POWER_ROUNDS = 50;
/** The search ends within this fraction of a known upper bound. */
const CLOSE = 1e-6;

/** Moves points uphill by other means, for the output direction u: smoothedAscent. */
export type Improver = (points: readonly Float64Array[], u: Float64Array) => Promise<Float64Array[]>;

/**
 * Ascends the operator norm of the Jacobian. It is piecewise constant for ReLU networks, so after `improve` has moved
 * the best starts uphill on a smoothed copy, the pieces along whole lines are explored (scanLine): along the direction of
 * steepest increase, which switches aligned neurons on, along random directions and towards other candidates. The output
 * direction u of networks with several outputs follows by Boyd's power method (1974).
 *
 * @param starts points of R^features where the search starts (data, say).
 * @param scale the length of typical inputs.
 * @param ceiling a known upper bound: within 1e-6 of it the search ends.
 */
export async function ascend(
  oracle: Oracle,
  improve: Improver,
  starts: readonly Float64Array[],
  scale: number,
  rng: Rng,
  norm: Norm,
  ceiling: number,
): Promise<SteepDirection> {
  let best: Candidate | undefined;
  for await (const found of search(oracle, improve, starts, scale, rng, norm)) {
    if (!best || found.stretch > best.stretch) best = found;
    if (best.stretch >= ceiling * (1 - CLOSE)) break;
  }
  if (!best) {
    // Every gradient overflows.
    const origin = new Float64Array(oracle.features);
    return { point: origin, direction: steepest(origin, norm), stretch: 0 };
  }
  return { point: best.point, direction: await upward(oracle, best, norm), stretch: best.stretch };
}

/** Ever steeper candidates, as they are found. */
async function* search(
  oracle: Oracle,
  improve: Improver,
  starts: readonly Float64Array[],
  scale: number,
  rng: Rng,
  norm: Norm,
): AsyncGenerator<Candidate> {
  let candidates: Candidate[] = [];
  for (const u of outputDirections(oracle.outputs, norm, rng.split('outputs')))
    candidates.push(...(await firstCandidates(oracle, starts, u, scale, rng.split('starts'), norm)));
  candidates = distinct(candidates);
  for (const [i, candidate] of candidates.slice(0, FOLLOWED).entries()) {
    candidates[i] = await turned(oracle, candidate, norm);
    yield candidates[i];
  }
  const [first] = candidates;
  if (!first) return;
  if (oracle.features === 1) {
    // One line is the whole space.
    const found = await scanLine(oracle, Float64Array.of(0), Float64Array.of(1), first.u, scale, norm);
    yield { ...first, ...found };
    return;
  }

  const raised = await improve(
    spread(candidates, IMPROVED).map(({ point }) => point),
    first.u,
  );
  candidates = distinct([...candidates, ...(await evaluated(oracle, raised, first.u, norm))]);
  candidates = candidates.slice(0, FOLLOWED);
  yield* candidates;

  const along = async (from: Candidate, round: number, key: Rng): Promise<Candidate> => {
    const direction = await lineDirection(oracle, from, candidates, round, key, norm);
    const found = await scanLine(oracle, from.point, direction, from.u, scale, norm);
    return found.stretch > from.stretch * (1 + 1e-12) ? turned(oracle, { ...from, ...found }, norm) : from;
  };
  for (let round = 0; round < LINES; round++) {
    for (const [i, from] of candidates.entries()) {
      candidates[i] = await along(from, round, rng.split(i));
      yield candidates[i];
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

/** The first half of `count` items from the head, the others at equal distances from the rest. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  const head = items.slice(0, count / 2);
  const rest = items.slice(head.length);
  const stride = Math.max(1, rest.length / (count - head.length));
  return [...head, ...rest.filter((_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride))];
}

/** +1 for one output; else the axes and some random directions, of unit dual norm. */
function outputDirections(outputs: number, norm: Norm, rng: Rng): Float64Array[] {
  const axes = Array.from({ length: Math.min(outputs, 16) }, (_, i) =>
    Float64Array.from({ length: outputs }, (_, j) => (i === j ? 1 : 0)),
  );
  if (outputs === 1) return axes;
  return [...axes, normal(rng.split(0), outputs), normal(rng.split(1), outputs)].map((w) =>
    steepest(w, dual(norm)),
  );
}

/** The direction of steepest increase of <u, f> at the candidate. */
async function upward(oracle: Oracle, { point, u }: Candidate, norm: Norm): Promise<Float64Array> {
  const { gradients } = await oracle.probe(point, u);
  return steepest(gradients, norm);
}

async function lineDirection(
  oracle: Oracle,
  from: Candidate,
  candidates: readonly Candidate[],
  round: number,
  rng: Rng,
  norm: Norm,
): Promise<Float64Array> {
  if (round % 4 === 0) return upward(oracle, from, norm);
  if (round % 4 === 2) {
    const other = candidates[(round + 1) % candidates.length]!;
    const towards = other.point.map((v, j) => v - from.point[j]!);
    const distance = length(towards, 'l2');
    if (distance > 0) return towards.map((v) => v / distance);
  }
  const random = normal(rng.split(round), oracle.features);
  const size = length(random, 'l2');
  return random.map((z) => z / size);
}

/** Turns the output direction towards the strongest one: v maximises <u, Jv>, then u maximises <u, Jv>, and so on. */
async function turned(oracle: Oracle, from: Candidate, norm: Norm): Promise<Candidate> {
  let candidate = from;
  for (let round = 0; oracle.outputs > 1 && round < POWER_ROUNDS; round++) {
    const v = await upward(oracle, candidate, norm);
    const image = await oracle.image(candidate.point, v);
    const u = steepest(image, dual(norm));
    const [next] = await evaluated(oracle, [candidate.point], u, norm);
    if (!(next!.stretch > candidate.stretch * (1 + 1e-12))) break;
    candidate = next!;
  }
  return candidate;
}
