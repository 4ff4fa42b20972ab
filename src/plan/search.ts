// Which widths to train: around the take-off, found by doubling and bisection, so that few runs are spent far from it.
import { isotonicFit } from './crossing.ts';

/** What is known of one curve: the accuracy at each index of the ladder that was run. */
export type Known = ReadonlyMap<number, number>;

/** The index of the number of parameters nearest to `wanted`, by ratio. */
export function nearestRung(parameters: readonly number[], wanted: number): number {
  let best = 0;
  const off = (index: number) => Math.abs(Math.log(parameters[index]! / wanted));
  for (let index = 1; index < parameters.length; index++) if (off(index) < off(best)) best = index;
  return best;
}

/**
 * The next index to run, or undefined when the take-off is located: `start` first, then in doubling steps towards the
 * threshold until the curve has been on both sides of it, then by bisection until two neighbours enclose it. Curves are not
 * quite monotone: sides are those of the isotonic fit, as in `crossing`.
 *
 * A function of what is known: a search that is resumed goes the same way.
 */
export function nextRung(known: Known, rungs: number, start: number, threshold: number): number | undefined {
  if (known.size === 0) return Math.min(rungs - 1, Math.max(0, start));
  const tried = [...known.keys()].sort((a, b) => a - b);
  const fitted = isotonicFit(
    tried.map((index) => known.get(index)!),
    tried.map(() => 1),
  );
  const first = fitted.findIndex((accuracy) => accuracy >= threshold);
  const step = 2 ** (tried.length - 1);
  if (first < 0) return outward(tried.at(-1)!, step, rungs - 1);
  if (first === 0) return outward(tried[0]!, -step, 0);
  const [low, high] = [tried[first - 1]!, tried[first]!];
  return high - low > 1 ? Math.floor((low + high) / 2) : undefined;
}

/** `step` rungs further, but not beyond the end of the ladder; undefined at the end. */
function outward(from: number, step: number, end: number): number | undefined {
  if (from === end) return undefined;
  return step > 0 ? Math.min(end, from + step) : Math.max(end, from + step);
}
