// What a survey is asked to do, checked before anything runs.
import { type Dataset, pointCount } from '../data/index.ts';
import { invalidArgument, requireInteger, requirePositive } from '../errors.ts';
import type { Norm } from '../guarantee/index.ts';
import { givenFlips, givenVariance, noiseOfReference } from '../noise/index.ts';
import { readLabels, type SurveyLabels, type Task } from './labels.ts';
import type { KnownNoise } from './part.ts';

export interface SurveyRequest {
  readonly data: Dataset;
  /** Whether labels are classes or numbers; guessed where undefined. */
  readonly task: Task | undefined;
  /** What is known of the noise. */
  readonly noise: KnownNoise | undefined;
  /** Radii of robustness that are held against the distances between classes. */
  readonly radii: readonly { readonly norm: Norm; readonly radius: number }[];
  /** What was guessed on reading, for people. */
  readonly warnings: readonly string[];
  readonly seed: number;
  /** Seconds; Infinity for none. */
  readonly timeLimit: number;
  /** Threads. */
  readonly workers: number;
  /** Of robustlaw. */
  readonly version: string;
}

/**
 * The labels of the request.
 *
 * @throws RobustlawError `invalid-argument` for a request that makes no sense, naming what and why.
 */
export function requireSense(request: SurveyRequest): {
  readonly labels: SurveyLabels;
  readonly guess: string | undefined;
} {
  const { data, task, noise, radii, seed, timeLimit, workers } = request;
  requireInteger('seed', seed, 0);
  requireInteger('workers', workers);
  if (!(timeLimit > 0)) throw invalidArgument('time limit', timeLimit, 'seconds > 0');
  for (const { radius } of radii) requirePositive('radius', radius);
  const read = readLabels(data, task);
  if (noise === undefined) return read;
  if ('variance' in noise) givenVariance(noise.variance);
  else if (read.labels.kind === 'regression') {
    throw invalidArgument(
      'noise',
      'flips' in noise ? 'a share of flipped labels' : 'the accuracy of a reference model',
      `a variance, as the labels of ${data.name} are numbers`,
    );
  } else {
    const classes = read.labels.names.length;
    if (classes < 2)
      throw invalidArgument(
        'noise',
        'known',
        `at least two classes; all ${pointCount(data)} labels are the same`,
      );
    if ('flips' in noise) givenFlips(noise.flips, classes);
    else noiseOfReference(noise.accuracy, classes, noise.rows);
  }
  return read;
}
