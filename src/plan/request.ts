// What a plan is asked for, as plain data, and what makes no sense.
import { createHash } from 'node:crypto';
import type { KnownNoise } from '../audit/index.ts';
import { type Dataset, featureCount, pointCount } from '../data/index.ts';
import { invalidArgument, requireInteger } from '../errors.ts';
import type { InputBounds } from '../graph/index.ts';
import type { PilotModel } from './networks.ts';
import { requireWish, type Wish } from './wish.ts';

/** What the pilot sweep is to do. */
export interface PilotRequest {
  /** What is trained, but for its width. */
  readonly model: PilotModel;
  /** Subsample sizes, ascending; null: chosen from n. */
  readonly sizes: readonly number[] | null;
  /** Subsamples and initial weights at each size and width. */
  readonly seeds: number;
  /** Robust training accuracy that counts as taken off, in (0, 1). */
  readonly threshold: number;
  /** Updates of a training on up to 400 points; in proportion to n on more. Fewer make P* larger. */
  readonly updates: number;
}

export interface PlanRequest {
  /** Points as the model will see them. */
  readonly data: Dataset;
  readonly task: 'classification' | 'regression';
  readonly wish: Wish;
  /** Share of labels to be replaced by another class at random before anything else; 0 for none. */
  readonly flips: number;
  readonly noise: KnownNoise | null;
  /** Of the inputs; adversarial examples stay in them. */
  readonly bounds: InputBounds;
  /** Null for the law alone. */
  readonly pilot: PilotRequest | null;
  readonly seed: number;
  /** Seconds for the pilot; Infinity for none. */
  readonly timeLimit: number;
  readonly workers: number;
  /** `robustlaw` is required. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Points below which a plan, and the smallest subsample of a pilot, says nothing. */
export const LEAST_POINTS = 4;
export const LEAST_SUBSAMPLE = 20;

/** Largest subsample that is chosen without being asked for. */
const MOST_SUBSAMPLE = 1000;

/** @throws RobustlawError `invalid-argument` naming what makes no sense. */
export function requireSense(request: PlanRequest): void {
  const { data, task, wish, flips, noise, bounds, pilot } = request;
  const n = pointCount(data);
  if (n < LEAST_POINTS) throw invalidArgument(`points of ${data.name}`, n, `at least ${LEAST_POINTS}`);
  requireWish(wish);
  if (wish.kind === 'radius' && task === 'regression') {
    throw invalidArgument(
      'radius',
      wish.radius,
      'a Lipschitz constant in regression: without a tolerance no radius says when an output is wrong',
    );
  }
  if (!(bounds[0] < bounds[1])) throw invalidArgument('range of the inputs', `[${bounds}]`, 'low < high');
  if (!(flips >= 0 && flips <= 1))
    throw invalidArgument('share of labels to flip', flips, 'a number in [0, 1]');
  if (flips > 0 && task === 'regression')
    throw invalidArgument('share of labels to flip', flips, '0 in regression');
  if (flips > 0 && noise) throw invalidArgument('noise', 'known, beside flips to be added', 'one of the two');
  if (noise && 'variance' in noise && !(noise.variance >= 0 && noise.variance < Infinity))
    throw invalidArgument('noise variance', noise.variance, 'a finite number >= 0');
  if (noise && 'flips' in noise && !(noise.flips >= 0 && noise.flips <= 1))
    throw invalidArgument('probability of flipped labels', noise.flips, 'a number in [0, 1]');
  if (noise && 'flips' in noise && task === 'regression')
    throw invalidArgument('noise', 'a probability of flips', 'a variance in regression');
  requireInteger('seed', request.seed, 0);
  requireInteger('workers', request.workers);
  if (!(request.timeLimit > 0)) throw invalidArgument('time limit', request.timeLimit, 'seconds > 0');
  if (pilot) requirePilot(pilot, n);
}

function requirePilot({ sizes, seeds, threshold, updates }: PilotRequest, n: number): void {
  requireInteger('updates', updates);
  requireInteger('seeds of the pilot', seeds, 2);
  if (!(threshold > 0 && threshold < 1)) throw invalidArgument('threshold', threshold, 'a number in (0, 1)');
  if (!sizes) return;
  if (sizes.length < 2)
    throw invalidArgument('sizes', `[${sizes}]`, 'at least two subsample sizes, better three');
  for (const [i, size] of sizes.entries()) {
    requireInteger('size of a subsample', size, LEAST_SUBSAMPLE, n);
    if (i > 0 && size <= sizes[i - 1]!) throw invalidArgument('sizes', `[${sizes}]`, 'sizes that grow');
  }
}

/**
 * Sizes m/4, m/2 and m with m = n/2, but at most 1000; why not, where n is too small for them.
 */
export function defaultSizes(n: number): readonly number[] | string {
  const most = Math.min(Math.floor(n / 2), MOST_SUBSAMPLE);
  const sizes = [Math.floor(most / 4), Math.floor(most / 2), most];
  if (sizes[0]! < LEAST_SUBSAMPLE) {
    return `${n} points are too few for a pilot: its subsamples would have ${sizes.join(', ')} points, and below ${LEAST_SUBSAMPLE} they say nothing (at least ${8 * LEAST_SUBSAMPLE} points)`;
  }
  return sizes;
}

/** SHA-256 of all that the result depends on but the time it may take. */
export function planIdentity(request: PlanRequest): string {
  const { data, task, wish, flips, noise, bounds, pilot, seed, versions } = request;
  const parts = {
    data: [data.provenance.sha256, data.shape],
    task,
    wish,
    flips,
    noise,
    bounds: bounds.map(String),
    pilot,
    seed,
    versions: Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The name of the folder of a plan: `plan-<data>-<12 hexadecimal digits>`. */
export function planName(request: PlanRequest): string {
  const name = request.data.name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return `plan-${name || 'data'}-${planIdentity(request).slice(0, 12)}`;
}

/** n, d and m of the data. */
export function sizesOf({ data }: Pick<PlanRequest, 'data'>) {
  return { n: pointCount(data), d: featureCount(data) };
}
