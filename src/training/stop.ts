// When to stop training: rules that read the measures and say why.
import { invalidArgument, requireInteger, requirePositive } from '../errors.ts';
import type { Fit } from './measures.ts';

/** Why training ended. `interrupted` is the caller's own wish. */
export type StopReason = 'memorized' | 'noise-level' | 'stalled' | 'diverged' | 'step-limit' | 'interrupted';

/**
 * A reason to return the weights that were measured, or undefined to go on. Rules are asked before every update of
 * full-batch training, where `losses` has the loss before each update, the present one included; and between the epochs of
 * mini-batches, where it has the first loss, and the mean of the losses of every epoch that has ended.
 *
 * A rule must be monotone: where it does not stop, it must not stop with larger errors, a smaller margin or smaller
 * accuracies, and the same losses. So points need not be predicted any more when those that have been keep it from stopping.
 */
export type StopRule = (fit: Fit, losses: ArrayLike<number>) => StopReason | undefined;

/** The reason of the first rule that has one. */
export function reasonToStop(
  rules: readonly StopRule[],
  fit: Fit,
  losses: ArrayLike<number>,
): StopReason | undefined {
  for (const rule of rules) {
    const reason = rule(fit, losses);
    if (reason) return reason;
  }
  return undefined;
}

/**
 * Memorization as Bubeck, Li and Nagaraj (2021, section 4) count it for labels +-1: every label right after rounding,
 * and mean squared error at most `tolerance` before it (they use 0.02 and 0.1).
 */
export function signsMemorized(tolerance: number): StopRule {
  requirePositive('tolerance', tolerance);
  return (m) => (m.meanSquaredError <= tolerance && m.margin > 0 ? 'memorized' : undefined);
}

/** Every error at most `tolerance`: perfect memorization up to a tolerance. */
export function labelsMemorized(tolerance: number): StopRule {
  requirePositive('tolerance', tolerance);
  return (m) => (m.maxError <= tolerance ? 'memorized' : undefined);
}

/** Training accuracy at least `share`, in (0, 1]: at 1, every label is the class of the largest output (or the sign). */
export function accurate(share: number): StopRule {
  requirePositive('accuracy', share, 1);
  return (m) => (m.accuracy !== undefined && m.accuracy >= share - ROUNDING ? 'memorized' : undefined);
}

/** Accuracy at the points of the training's adversary at least `share`, in (0, 1]. */
export function robustlyAccurate(share: number): StopRule {
  requirePositive('robust accuracy', share, 1);
  return (m) =>
    m.robustAccuracy !== undefined && m.robustAccuracy >= share - ROUNDING ? 'memorized' : undefined;
}

/** Early stopping: mean squared error at most the noise variance sigma^2 = E Var[y|x], the point where memorization begins. */
export function atNoiseLevel(noiseVariance: number): StopRule {
  requirePositive('noise variance', noiseVariance);
  return (m) => (m.meanSquaredError <= noiseVariance ? 'noise-level' : undefined);
}

/**
 * No progress: the least loss of the last `window` times is not below (1 - fraction) times the least loss before.
 * Meant for a constant learning rate; under a decaying one progress may come late.
 */
export function stalled(window: number, fraction: number): StopRule {
  requireInteger('window', window);
  if (!(fraction > 0 && fraction < 1)) throw invalidArgument('fraction', fraction, 'a number in (0, 1)');
  return (_, losses) => {
    if (losses.length < 2 * window || losses.length % window !== 0) return undefined;
    const cut = losses.length - window;
    const before = least(losses, 0, cut);
    return least(losses, cut, losses.length) > (1 - fraction) * before ? 'stalled' : undefined;
  };
}

/**
 * Divergence without infinities: each of the last `window` losses is above `multiple` times the first. (A loss that is no
 * finite number ends every training as diverged.)
 */
export function exploded(multiple: number, window: number): StopRule {
  requirePositive('multiple', multiple);
  requireInteger('window', window);
  return (_, losses) => {
    if (losses.length <= window || !(losses[0]! > 0)) return undefined;
    return least(losses, losses.length - window, losses.length) > multiple * losses[0]!
      ? 'diverged'
      : undefined;
  };
}

/** A mean of shares may miss its number by some last digits. */
const ROUNDING = 1e-12;

function least(values: ArrayLike<number>, from: number, to: number): number {
  let minimum = Number.POSITIVE_INFINITY;
  for (let i = from; i < to; i++) minimum = Math.min(minimum, values[i]!);
  return minimum;
}
