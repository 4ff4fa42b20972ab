// Where robust training accuracy takes off: the number of parameters at which a monotone curve crosses a threshold, or the side on which it must lie.
import { invalidArgument, requireInteger } from '../errors.ts';
import { requireFinite, requireSameLength } from '../numeric/index.ts';

/** P* as far as one curve shows it. */
export type Crossing =
  | { readonly kind: 'at'; readonly parameters: number }
  /** Below the threshold up to here: P* > parameters. */
  | { readonly kind: 'above'; readonly parameters: number }
  /** At the threshold from here on: P* <= parameters. */
  | { readonly kind: 'below'; readonly parameters: number };

/**
 * The non-decreasing sequence g that minimises sum_i w_i (g_i - v_i)^2, by pooling adjacent violators (Ayer, Brunk, Ewing,
 * Reid and Silverman 1955). O(n).
 *
 * @throws RobustlawError `invalid-argument` for lengths that differ, numbers that are not finite, or weights that are not positive.
 */
export function isotonicFit(values: ArrayLike<number>, weights: ArrayLike<number>): Float64Array {
  requireSameLength(values, weights);
  requireFinite(values);
  const blocks: { mean: number; weight: number; length: number }[] = [];
  for (let i = 0; i < values.length; i++) {
    if (!(weights[i]! > 0 && weights[i]! < Infinity)) {
      throw invalidArgument(`weight ${i}`, weights[i], 'a finite number > 0');
    }
    let block = { mean: values[i]!, weight: weights[i]!, length: 1 };
    for (let last = blocks.at(-1); last && last.mean >= block.mean; last = blocks.at(-1)) {
      const weight = last.weight + block.weight;
      block = {
        mean: (last.mean * last.weight + block.mean * block.weight) / weight,
        weight,
        length: last.length + block.length,
      };
      blocks.pop();
    }
    blocks.push(block);
  }
  return Float64Array.from(blocks.flatMap(({ mean, length }) => new Array<number>(length).fill(mean)));
}

/**
 * Where the isotonic fit of accuracy over P, joined by straight lines over log P, first reaches the threshold.
 *
 * @param parameters P of each run, > 0, in any order; runs of the same P are averaged.
 * @param accuracies of the runs, in [0, 1].
 * @throws RobustlawError `invalid-argument` for no runs or numbers outside their range.
 */
export function crossing(
  parameters: ArrayLike<number>,
  accuracies: ArrayLike<number>,
  threshold: number,
): Crossing {
  requireSameLength(parameters, accuracies);
  requireInteger('number of runs', parameters.length);
  if (!(threshold > 0 && threshold < 1)) throw invalidArgument('threshold', threshold, 'a number in (0, 1)');
  const byParameters = new Map<number, number[]>();
  for (let i = 0; i < parameters.length; i++) {
    const [P, accuracy] = [parameters[i]!, accuracies[i]!];
    if (!(P > 0 && P < Infinity)) throw invalidArgument('number of parameters', P, 'a finite number > 0');
    if (!(accuracy >= 0 && accuracy <= 1)) throw invalidArgument('accuracy', accuracy, 'a number in [0, 1]');
    byParameters.set(P, [...(byParameters.get(P) ?? []), accuracy]);
  }
  const points = [...byParameters].sort(([a], [b]) => a - b);
  const fitted = isotonicFit(
    points.map(([, list]) => list.reduce((sum, a) => sum + a, 0) / list.length),
    points.map(([, list]) => list.length),
  );
  const first = fitted.findIndex((accuracy) => accuracy >= threshold);
  if (first < 0) return { kind: 'above', parameters: points.at(-1)![0] };
  if (first === 0) return { kind: 'below', parameters: points[0]![0] };
  const [low, high] = [fitted[first - 1]!, fitted[first]!];
  const share = (threshold - low) / (high - low);
  const [from, to] = [points[first - 1]![0], points[first]![0]];
  return { kind: 'at', parameters: from * (to / from) ** share };
}
