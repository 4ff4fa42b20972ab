// Running statistics of batch normalisation set to those of a whole data set, so that training and use agree on it.
import { RobustlawError, requireInteger } from '../errors.ts';
import type { Shape, Value } from '../graph/index.ts';
import { graph, input, sizeOf, tensor, zeros } from '../graph/index.ts';
import type { Rows } from '../runtime/index.ts';
import { momentsFromRunning } from './batch-normalisation.ts';
import type { ModelFamily, Weights } from './family.ts';
import { inParts } from './in-parts.ts';

/** Most points whose statistics are computed at once. */
const CHUNK = 1024;

/** Means and sums of squared deviations of `count` rows, by channel. */
interface Moments {
  readonly count: number;
  readonly mean: Float64Array;
  readonly squares: Float64Array;
}

/**
 * The weights with the running statistics set to mean and variance (1/n) of all n points: the family as it is used then
 * has the values at these points that it has in training on all of them as one batch. Weights without statistics come
 * back as they are. Computed in float64 and rounded to the type of the weights. Cost: one product of x with the
 * layer in front of the normalisation.
 *
 * @param x `[n, ...inputShape]`, n >= 2.
 * @throws invalid-argument for a single point; shape-mismatch where x is not whole points; unsupported-op for a family
 *   with two normalisations, as the input of the second depends on the batches of the first.
 */
export async function withStatistics(family: ModelFamily, weights: Weights, x: Rows): Promise<Weights> {
  const names = Object.keys(family.statisticShapes);
  if (names.length === 0) return weights;
  const [mean, variance] = names as [string, string];
  if (names.length > 2) {
    throw new RobustlawError('unsupported-op', `${family.name} has more than one normalisation`);
  }
  const d = sizeOf(family.inputShape);
  const n = x.length / d;
  if (!Number.isInteger(n)) {
    throw new RobustlawError('shape-mismatch', `${x.length} numbers are not points of ${d} numbers each`);
  }
  requireInteger('n (points whose statistics are taken)', n, 2);
  const total = await momentsOf(family, weights, x, n, [mean, variance]);
  const like = (name: string, values: Float64Array) =>
    tensor(weights[name]!.dtype, weights[name]!.shape, values);
  return {
    ...weights,
    [mean]: like(mean, total.mean),
    [variance]: like(
      variance,
      total.squares.map((s) => s / n),
    ),
  };
}

/** The moments of what the first normalisation is given, over all points, in parts of nearly equal size. */
async function momentsOf(
  family: ModelFamily,
  weights: Weights,
  x: Rows,
  n: number,
  [mean, variance]: readonly [string, string],
): Promise<Moments> {
  const d = x.length / n;
  const fixed = Object.fromEntries(
    Object.keys(family.parameterShapes).map((name) => [
      name,
      Float64Array.from(weights[name]!.data as never),
    ]),
  );
  let total: Moments | undefined;
  await inParts(
    n,
    CHUNK,
    (size) => statisticsGraph(family, size),
    async (program, from, to) => {
      const count = to - from;
      const found = await program.run({ ...fixed, x: Float64Array.from(x.subarray(from * d, to * d)) });
      const moments = momentsFromRunning(found[mean] as Float64Array, found[variance] as Float64Array, count);
      const part = { count, mean: moments.mean, squares: moments.variance.map((v) => v * count) };
      total = total ? pooled(total, part) : part;
    },
  );
  return total!;
}

/** Input `x` `[batch, ...]` and the parameters; outputs the statistics after one batch from statistics of zero. */
function statisticsGraph(family: ModelFamily, batch: number) {
  const x = input('x', 'float64', [batch, ...family.inputShape]);
  const named = (shapes: ModelFamily['parameterShapes'], value: (name: string, shape: Shape) => Value) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, value(name, shape)]));
  const parameters = named(family.parameterShapes, (name, shape) => input(name, 'float64', shape));
  const start = named(family.statisticShapes, (_, shape) => zeros('float64', shape));
  const { statistics } = family.forwardInTraining!(x, { ...parameters, ...start });
  return graph([x, ...Object.values(parameters)], statistics);
}

/** The moments of both parts together (Chan, Golub and LeVeque 1983). */
function pooled(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  const shift = a.mean.map((m, i) => b.mean[i]! - m);
  return {
    count,
    mean: a.mean.map((m, i) => m + (shift[i]! * b.count) / count),
    squares: a.squares.map((s, i) => s + b.squares[i]! + (shift[i]! ** 2 * a.count * b.count) / count),
  };
}
