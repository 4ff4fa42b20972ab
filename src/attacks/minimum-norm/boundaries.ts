// The ways in which the outputs of a row can become wrong: linear boundaries in the space of scores, and their gradients at the input.
import type { Norm } from '../../guarantee/index.ts';
import { targetedDifference } from '../losses.ts';
import { pickRows, rowOf } from '../rows.ts';
import type { LabelRows, Task } from '../task.ts';
import { wrong } from '../task.ts';
import type { Victim } from '../victim.ts';
import { dualNorm } from './hyperplane.ts';

/** Boundaries of one row: one per other class; in regression two per output, above and below. */
export function boundaryCount({ task, outputs }: Victim): number {
  return task.kind === 'regression' ? 2 * outputs : outputs - 1;
}

/**
 * How far beyond each boundary the scores are, `[rows, boundaries]`; positive is wrong. In classification z_t - z_y for the
 * classes t other than y in their order; in regression f_k - y_k - tolerance, then y_k - f_k - tolerance, for every k.
 */
export function gapsOf(victim: Victim, scores: Float32Array, labels: LabelRows): Float64Array {
  const { outputs, task } = victim;
  const count = boundaryCount(victim);
  const rows = labels.length / outputs;
  const gaps = new Float64Array(rows * count);
  for (let i = 0; i < rows; i++) {
    const row = i * outputs;
    const label = classOf(task, labels, row);
    for (let b = 0; b < count; b++) {
      const k = row + outputOf(task, b, label);
      gaps[i * count + b] =
        task.kind === 'regression'
          ? (b % 2 === 0 ? scores[k]! - labels[k]! : labels[k]! - scores[k]!) - task.tolerance
          : scores[k]! - scores[row + label]!;
    }
  }
  return gaps;
}

/** The `most` boundaries of each row that are closest by their gap, `[rows][most]`, nearest first. */
export function likeliestBoundaries(
  victim: Victim,
  scores: Float32Array,
  labels: LabelRows,
  most: number,
): Int32Array[] {
  const count = boundaryCount(victim);
  const gaps = gapsOf(victim, scores, labels);
  return Array.from({ length: labels.length / victim.outputs }, (_, i) =>
    Int32Array.from({ length: count }, (_, b) => b)
      .sort((a, b) => gaps[i * count + b]! - gaps[i * count + a]! || a - b)
      .slice(0, most),
  );
}

/** Gaps `[rows]` and their gradients `[rows, features]` at points, one boundary per row. */
export interface Linearised {
  readonly gaps: Float64Array;
  readonly gradients: Float32Array;
}

/** Cost: one gradient per row. */
export async function linearise(
  victim: Victim,
  points: Float32Array,
  labels: LabelRows,
  boundaries: ArrayLike<number>,
): Promise<Linearised> {
  const { outputs, task } = victim;
  const rows = boundaries.length;
  // The loss is <to - from, scores>: z_t - z_y, or plus or minus f_k.
  const from = task.kind === 'regression' ? new Float32Array(rows * outputs) : labels;
  const to = new Float32Array(rows * outputs);
  for (let i = 0; i < rows; i++) {
    const b = boundaries[i]!;
    const row = i * outputs;
    to[row + outputOf(task, b, classOf(task, labels, row))] = task.kind === 'regression' && b % 2 ? -1 : 1;
  }
  const { scores, gradients } = await victim.gradient(targetedDifference, points, from, to);
  const count = boundaryCount(victim);
  const all = gapsOf(victim, scores, labels);
  return { gaps: Float64Array.from({ length: rows }, (_, i) => all[i * count + boundaries[i]!]!), gradients };
}

/**
 * The nearest of several linearised boundaries of each row: the smallest |gap| / ||gradient|| in the dual norm, where that is
 * a number. Cost: one gradient per row and candidate.
 *
 * @param candidates boundaries of each row, the same number for all.
 */
export async function nearestBoundary(
  victim: Victim,
  points: Float32Array,
  labels: LabelRows,
  candidates: readonly Int32Array[],
  norm: Norm,
): Promise<Linearised> {
  const { features, outputs } = victim;
  const rows = candidates.length;
  const best = { gaps: new Float64Array(rows), gradients: new Float32Array(rows * features) };
  const distances = new Float64Array(rows).fill(Infinity);
  const most = rows === 0 ? 0 : candidates[0]!.length;
  const together = Math.max(1, Math.floor(victim.batch / rows));
  for (let first = 0; first < most; first += together) {
    const chosen = Array.from(
      { length: Math.min(together, most - first) * rows },
      (_, k) => [k % rows, candidates[k % rows]![first + Math.floor(k / rows)]!] as const,
    );
    const repeated = chosen.map(([row]) => row);
    const { gaps, gradients } = await linearise(
      victim,
      pickRows(points, repeated, features),
      pickRows(labels, repeated, outputs),
      chosen.map(([, boundary]) => boundary),
    );
    repeated.forEach((row, k) => {
      const gradient = rowOf(gradients, k, features);
      const far = Math.abs(gaps[k]!) / dualNorm(norm, gradient);
      if (!(far < distances[row]!)) return;
      distances[row] = far;
      best.gaps[row] = gaps[k]!;
      best.gradients.set(gradient, row * features);
    });
  }
  return best;
}

/** Whether a gradient has a direction. */
export function showsAWay(w: Float32Array): boolean {
  let sum = 0;
  for (let j = 0; j < w.length; j++) sum += Math.abs(w[j]!);
  return sum > 0 && Number.isFinite(sum);
}

/**
 * Rows whose outputs are wrong by more than rounding takes back: programs of other batch sizes add in another order. The
 * gap is to exceed 2^-20 of the largest number in it; NaN is wrong.
 */
export function clearlyWrong(victim: Victim, scores: Float32Array, labels: LabelRows): boolean[] {
  const { outputs, task } = victim;
  const count = boundaryCount(victim);
  const gaps = gapsOf(victim, scores, labels);
  return wrong(task, scores, labels, outputs).map((is, i) => {
    if (!is) return false;
    let largest = task.kind === 'regression' ? task.tolerance : 0;
    for (let k = i * outputs; k < (i + 1) * outputs; k++) {
      largest = Math.max(largest, Math.abs(scores[k]!));
      if (task.kind === 'regression') largest = Math.max(largest, Math.abs(labels[k]!));
    }
    let gap = -Infinity;
    for (let b = i * count; b < (i + 1) * count; b++) gap = Math.max(gap, gaps[b]!);
    return !(gap <= 2 ** -20 * largest);
  });
}

function classOf(task: Task, labels: LabelRows, from: number): number {
  if (task.kind === 'regression') return 0;
  let label = 0;
  while (labels[from + label] !== 1) label++;
  return label;
}

function outputOf(task: Task, boundary: number, label: number): number {
  if (task.kind === 'regression') return boundary >> 1;
  return boundary < label ? boundary : boundary + 1;
}
