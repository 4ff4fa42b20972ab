// The test of c-isoperimetry on one sample that is split in two halves: functions from one, tails from the other.
import type { Estimate, Norm } from '../guarantee/index.ts';
import type { Rng } from '../random/index.ts';
import type { Stop } from '../stop.ts';
import { tailBounds } from './bounds.ts';
import { tailCurve } from './curve.ts';
import type { CertifiedFunction, Evaluated, Points } from './family.ts';
import { frameOf, standardised } from './frame.ts';
import { functionsFrom } from './functions.ts';
import { logSobolevConstant, poincareConstant, transportConstant } from './moments.ts';
import { ranked } from './ranking.ts';
import type { Refutation, SampleIsoperimetry } from './result.ts';
import { bestPair, constantOfTails, type TailPair, tailsAt, thresholdsOf } from './tails.ts';
import { type ClusterPower, silent, verdictOn } from './verdict.ts';

/** Of every one-sided statement. */
const CONFIDENCE = 0.95;
/** Of two of them together. */
const CONFIDENCE_OF_TWO = 0.9;
/** Fewer rows in a half are not looked at. */
const LEAST_ROWS = 10;
/**
 * c-isoperimetry gives Var f <= (1 + log 2) 2c/d, and a linear function of norm 1 has variance at least E|x - Ex|^2 / d in all
 * three norms, so D = d/c is at most this times d.
 */
const MOST_DIMENSION = 2 * (1 + Math.LN2);

/** One of all functions, of whichever family. */
interface Tried {
  readonly family: string;
  readonly function: CertifiedFunction;
  readonly training: Evaluated;
  readonly heldOut: Evaluated;
}

/** What a sample is called. */
export type SampleName = Pick<SampleIsoperimetry, 'name' | 'group'>;

/**
 * @param training and `heldOut` rows as they are, in random order. The scale comes from the former; one half of those makes the
 *   functions, the other ranks them and sets thresholds.
 */
export async function testSample(
  called: SampleName,
  training: Points,
  heldOut: Points,
  norm: Norm,
  random: Rng,
  stop: Stop,
): Promise<SampleIsoperimetry> {
  const d = training.features;
  const rows = training.rows + heldOut.rows;
  const nothing = (kind: 'too few rows' | 'no spread', scale: number): SampleIsoperimetry => ({
    ...called,
    trainingRows: training.rows,
    heldOutRows: heldOut.rows,
    dimension: d,
    scale,
    functions: 0,
    tested: 0,
    curves: [],
    verdict: silent(kind, rows),
  });
  if (Math.min(training.rows, heldOut.rows) < LEAST_ROWS) return nothing('too few rows', Number.NaN);
  const frame = frameOf(training, norm);
  if (!frame) return nothing('no spread', 0);
  const [known, unseen] = [standardised(training, frame), standardised(heldOut, frame)];
  // What a function was made from tells nothing about its tails: a row of a set is at distance 0 from it.
  const [made, ranking] = [firstRows(known, known.rows >> 1), lastRows(known, known.rows >> 1)];
  const tried: Tried[] = [];
  const families = await functionsFrom(made, norm, random, stop);
  for (const family of families) {
    const onTraining = await family.evaluate(ranking);
    const onHeldOut = await family.evaluate(unseen);
    family.functions.forEach((one, k) => {
      tried.push({ family: family.name, function: one, training: onTraining[k]!, heldOut: onHeldOut[k]! });
    });
  }
  if (tried.length === 0) return nothing('no spread', 0);

  const { tests, best, upper } = testTails(d, tried);
  const refutation = best.pair.lower > 0 ? refutationBy(best, unseen.rows) : undefined;
  const estimate: Estimate = {
    kind: 'estimate',
    value: best.pair.value,
    interval: [best.pair.lower, upper],
    confidence: CONFIDENCE_OF_TWO,
    method: `tails of ${tests.length} certified functions on ${unseen.rows} held-out rows, Clopper-Pearson, Bonferroni`,
  };
  const functions = tried.map((one) => ({ ...one, name: one.function.name }));
  const transport = transportConstant(d, functions, CONFIDENCE);
  const poincare = norm === 'l2' ? poincareConstant(d, functions, CONFIDENCE) : undefined;
  const logSobolev = norm === 'l2' ? logSobolevConstant(transport, poincare, CONFIDENCE_OF_TWO) : undefined;
  return {
    ...called,
    trainingRows: known.rows,
    heldOutRows: unseen.rows,
    dimension: d,
    scale: frame.scale,
    functions: tried.length,
    tested: tests.length,
    ...(refutation && { refutedBelow: refutation }),
    estimate,
    concentrationDimension: dimensionFrom(d, estimate),
    ...(transport && { transport }),
    ...(poincare && { poincare }),
    ...(logSobolev && { logSobolev }),
    curves: families.map(({ name, functions: members }) => {
      const most = tests
        .filter(({ tried: one }) => one.family === name)
        .reduce<TailTest | undefined>((a, b) => (a && a.pair.lower >= b.pair.lower ? a : b), undefined);
      const shown = most?.tried ?? tried.find(({ family }) => family === name)!;
      return {
        family: name,
        function: shown.function.name,
        functions: members.length,
        points: tailCurve(d, estimate.value, shown.heldOut.values),
      };
    }),
    verdict: verdictOn(d, tests.length, unseen.rows, estimate, refutation, twoClusters(d, unseen.rows)),
  };
}

function firstRows({ features, data }: Points, rows: number): Points {
  return { rows, features, data: data.subarray(0, rows * features) };
}

function lastRows({ rows, features, data }: Points, from: number): Points {
  return { rows: rows - from, features, data: data.subarray(from * features) };
}

interface TailTest {
  readonly tried: Tried;
  readonly pair: TailPair;
  readonly upper: number;
}

/** The tails of the functions that deviate most on the training half; the best is the one with the largest lower end. */
function testTails(
  d: number,
  tried: readonly Tried[],
): { readonly tests: readonly TailTest[]; readonly best: TailTest; readonly upper: number } {
  const thresholds = tried.map(({ training }) => {
    const sorted = training.values.slice().sort();
    const chosen = thresholdsOf(sorted);
    // With the failure of the first places: only the order matters.
    return { chosen, score: bestPair(d, tailsAt(sorted, chosen, (1 - CONFIDENCE) / 2))?.pair.lower ?? 0 };
  });
  const tests = ranked(
    thresholds.map(({ score }) => score),
    1 - CONFIDENCE,
  ).map(({ index, failure }): TailTest => {
    const one = tried[index]!;
    const tails = tailsAt(one.heldOut.values.slice().sort(), thresholds[index]!.chosen, failure);
    return { tried: one, ...bestPair(d, tails)! };
  });
  return {
    tests,
    best: tests.reduce((a, b) => (b.pair.lower > a.pair.lower ? b : a)),
    upper: tests.reduce((largest, { upper }) => Math.max(largest, upper), 0),
  };
}

function refutationBy({ tried, pair }: TailTest, rows: number): Refutation {
  return {
    constant: pair.lower,
    confidence: CONFIDENCE,
    family: tried.family,
    function: tried.function.name,
    lipschitz: tried.function.constant,
    below: pair.below,
    above: pair.above,
    rows,
  };
}

function dimensionFrom(d: number, { value, interval, confidence, method }: Estimate): Estimate {
  const of = (c: number) => Math.min(MOST_DIMENSION * d, d / c);
  return {
    kind: 'estimate',
    value: of(value),
    interval: [of(interval[1]), of(interval[0])],
    confidence,
    method: `features / c; c from ${method}`,
  };
}

/** What two points at distance 2, half of the rows on each, would show, tested as the first of the functions. */
function twoClusters(d: number, rows: number): ClusterPower {
  const levels = 2 * Math.ceil(Math.log2(rows));
  const [share] = tailBounds(rows, (1 - CONFIDENCE) / 2 / levels)(rows >> 1);
  return {
    constant: constantOfTails(d, -1, 1 / 2, 1, 1 / 2),
    refutable: constantOfTails(d, -1, share, 1, share),
  };
}
