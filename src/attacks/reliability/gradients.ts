// Gradient masking: input gradients that are zero, or too small for float32 to tell two points apart.
import { type Graph, type InputBounds, topological } from '../../graph/index.ts';
import { percent } from '../../words/index.ts';
import { crossEntropy, margin, suited } from '../losses.ts';
import { rowOf } from '../rows.ts';
import type { LabelRows } from '../task.ts';
import type { Victim } from '../victim.ts';
import type { Finding } from './finding.ts';

/** Of so many points, those whose gradients are of no use to an attack. */
export interface GradientCounts {
  readonly rows: number;
  /** The gradient of the margin (in regression of the error) is exactly zero. */
  readonly zero: number;
  /** It is not zero, but by it no step across all of the inputs' range changes the margin by more than float32 rounds. */
  readonly tiny: number;
  /** The margin has a gradient but the cross-entropy has none, or only a subnormal one: the scores are too far apart. */
  readonly saturated: number;
}

/**
 * Counts at labelled points `[rows, features]`. The range of an entry is that of `bounds` or, where these are infinite, of
 * the points.
 *
 * @throws RobustlawError `unsupported-op` for an operator without derivative.
 *
 * Cost: two gradients per point.
 */
export async function countGradients(
  victim: Victim,
  points: Float32Array,
  labels: LabelRows,
  bounds: InputBounds,
): Promise<GradientCounts> {
  const { features, task } = victim;
  const slope = await victim.gradient(suited(margin, victim), points, labels);
  const saturating = task.kind === 'classification';
  const curve = saturating ? await victim.gradient(crossEntropy, points, labels) : slope;
  const range = Math.min(bounds[1] - bounds[0], rangeOf(points));
  const rows = points.length / features;
  let [zero, tiny, saturated] = [0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const row = rowOf(slope.gradients, i, features);
    const largestScore = largest(rowOf(slope.scores, i, victim.outputs));
    // An output that is exactly right is at the kink of its error, which has no slope there and one all around.
    const kink = task.kind === 'regression' && slope.losses[i] === 0;
    if (largest(row) === 0) zero += Number(!kink);
    else if (sum(row) * range < largestScore * HALF_SPACING) tiny++;
    else if (largest(rowOf(curve.gradients, i, features)) < SMALLEST_NORMAL) saturated++;
  }
  return { rows, zero, tiny, saturated };
}

/** From this share of the points on it is worth a word. */
const NOTABLE = 0.01;
/** From this share on, an attack with gradients says little. */
const SERIOUS = 0.1;

const HALF_SPACING = 2 ** -24;
const SMALLEST_NORMAL = 2 ** -126;

/** Gradients are exactly zero at 1 % of the points or more. The graph `one` of a single sample says by which operators. */
export function zeroGradients({ rows, zero }: GradientCounts, one: Graph): Finding | undefined {
  const share = zero / Math.max(1, rows);
  if (share < NOTABLE) return undefined;
  const flat = flatOperators(one);
  const cause =
    flat.length > 0
      ? ` The model contains ${flat.join(', ')}, piecewise constant, whose derivative is zero.`
      : ' Saturated activations, dead neurons or a softmax within the model do that.';
  return {
    id: 'zero-gradients',
    severity: share >= SERIOUS ? 'critical' : 'warning',
    title: `The gradient is exactly zero at ${percent(share)} of the points`,
    explanation: `Attacks that follow gradients stand still there, so that a model looks robust although small changes may break it (gradient masking).${cause} Believe only attacks without gradients here (Square), or attack a smooth replacement of the model.`,
    evidence: { rows, zero, ...(flat.length > 0 ? { operators: flat.join(', ') } : {}) },
  };
}

/** Gradients are not zero but too small to be of use, or those of the cross-entropy are, at 1 % of the points or more. */
export function vanishingGradients({ rows, tiny, saturated }: GradientCounts): Finding | undefined {
  const share = (tiny + saturated) / Math.max(1, rows);
  if (share < NOTABLE) return undefined;
  const consequence =
    tiny > saturated
      ? 'The slope of the margin is below what float32 resolves, so that steps and comparisons of losses are noise. Rescale the model, or believe only attacks without gradients (Square).'
      : 'The scores are so far apart that the cross-entropy is zero in float32. Attacks on it (FGSM, PGD, APGD-CE) fail there and others (APGD-T, FAB-T) do not: do not judge by the first ones alone.';
  return {
    id: 'vanishing-gradients',
    severity: tiny / rows >= SERIOUS ? 'critical' : 'warning',
    title: `Gradients vanish at ${percent(share)} of the points`,
    explanation: consequence,
    evidence: { rows, tiny, saturated },
  };
}

/** Names of the operators whose derivative is zero wherever it exists. */
function flatOperators(one: Graph): string[] {
  const found = topological(Object.values(one.outputs)).filter(
    ({ op, inputs }) => op.constantAlmostEverywhere && inputs.length > 0,
  );
  return [...new Set(found.map(({ op }) => op.name))];
}

function rangeOf(points: Float32Array): number {
  let [low, high] = [Infinity, -Infinity];
  for (const v of points) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  // Equal entries have no range; their size is the only scale there is.
  return high > low ? high - low : Math.abs(high);
}

function largest(row: Float32Array): number {
  let most = 0;
  for (const v of row) most = Math.max(most, Math.abs(v));
  return most;
}

function sum(row: Float32Array): number {
  let total = 0;
  for (const v of row) total += Math.abs(v);
  return total;
}
