// Which widths to train: around the take-off, found by doubling and bisection, so that few runs are spent far from it.
import { isotonicFit } from './crossing.ts';

/** What is known at one n: for each index of the ladder that was run, the accuracy of every seed. */
export type Known = ReadonlyMap<number, readonly number[]>;

/** Widths 1, 2, 3, 4, 6, 8, 11, 16, ...: about sqrt(2) apart, up to the last one <= most. */
export function widthLadder(most: number): readonly number[] {
  const widths: number[] = [];
  for (let step = 0; ; step++) {
    const width = Math.round(2 ** (step / 2));
    if (width > most) return widths.length > 0 ? widths : [1];
    if (width !== widths.at(-1)) widths.push(width);
  }
}

/** The index of the width nearest to `width`, by ratio. */
export function nearestRung(ladder: readonly number[], width: number): number {
  let best = 0;
  const off = (index: number) => Math.abs(Math.log(ladder[index]! / width));
  for (let index = 1; index < ladder.length; index++) if (off(index) < off(best)) best = index;
  return best;
}

/** Rungs beyond the crossing of the mean that are run to find that of every seed. */
const MOST_BEYOND = 3;

/**
 * The next index to run, or undefined when the take-off is located: `start` first, then in doubling steps towards the
 * threshold until the mean over the seeds has been on both sides, then by bisection until two neighbours enclose it; then the
 * neighbour on each side of these, and further ones while some seed has been on one side only.
 *
 * A function of what is known: a search that is resumed goes the same way.
 */
export function nextRung(known: Known, rungs: number, start: number, threshold: number): number | undefined {
  if (known.size === 0) return Math.min(rungs - 1, Math.max(0, start));
  const tried = [...known.keys()].sort((a, b) => a - b);
  const reaches = (index: number) => average(known.get(index)!) >= threshold;
  // Curves are not quite monotone: the crossing is sought left of the first rung that reaches the threshold.
  const high = tried.find((index) => reaches(index));
  const low = tried.filter((index) => !reaches(index) && (high === undefined || index < high)).at(-1);
  if (high === undefined) return outward(tried.at(-1)!, tried.length, rungs, 1);
  if (low === undefined) return outward(tried[0]!, tried.length, rungs, -1);
  if (high - low > 1) return Math.floor((low + high) / 2);
  const perSeed = known.get(high)!.map((_, seed) => {
    const curve = tried.map((index) => known.get(index)![seed]!);
    return isotonicFit(curve, new Array<number>(curve.length).fill(1));
  });
  const allBelow = perSeed.every((fitted) => fitted[0]! < threshold);
  const allAbove = perSeed.every((fitted) => fitted.at(-1)! >= threshold);
  for (let beyond = 1; beyond <= MOST_BEYOND; beyond++) {
    const [left, right] = [low - beyond, high + beyond];
    if ((beyond === 1 || !allBelow) && left >= 0 && !known.has(left)) return left;
    if ((beyond === 1 || !allAbove) && right < rungs && !known.has(right)) return right;
  }
  return undefined;
}

/** Further out by 2, 4, 8, ... rungs, to the end of the ladder at most; undefined at the end. */
function outward(from: number, tried: number, rungs: number, direction: 1 | -1): number | undefined {
  const end = direction > 0 ? rungs - 1 : 0;
  if (from === end) return undefined;
  const next = from + direction * 2 ** tried;
  return direction > 0 ? Math.min(end, next) : Math.max(end, next);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
