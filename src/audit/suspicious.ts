// The labels most likely to be wrong: contradicted by the model or by the labels around them.
import { invalidArgument } from '../errors.ts';
import type { Neighbourhoods } from '../separation/index.ts';
import { softmax } from './memorization.ts';
import type { SuspiciousLabel } from './result.ts';

/**
 * Rows whose label has less support than another class, most suspicious first.
 *
 * The support of class k at row i is s_k = (p_k + r v_k) / (1 + r): p the model's probabilities, v the shares of the classes
 * among the nearest other rows, r in [0, 1] how much better than a guess those foretell labels. The score is
 * max_{k != y} s_k - s_y in [-1, 1], the negative normalized margin of confident learning (Northcutt, Jiang and Chuang 2021,
 * "Confident learning: estimating uncertainty in dataset labels") with the vote of nearest neighbours (Bahri, Jiang and Gupta
 * 2020, "Deep k-NN for noisy labels") beside the model's own: a model that memorized its labels contradicts none of them,
 * and points where neighbours mean nothing, like pixels of photographs, are left to the model.
 *
 * A row is listed where the model or the majority of its neighbours prefers another class.
 *
 * @param scores `[rows, classes]` logits; `labels` the class of each row.
 * @param neighbourhoods of these rows or a part of them; undefined leaves the model alone. Rows without a neighbourhood are
 *   judged by the model.
 * @param most of the list.
 */
export function suspiciousLabels(
  scores: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
  neighbourhoods: Neighbourhoods | undefined,
  most: number,
): SuspiciousLabel[] {
  if (scores.length !== labels.length * classes) {
    throw invalidArgument(
      'number of scores',
      scores.length,
      `${labels.length * classes}, ${classes} for each row`,
    );
  }
  const probabilities = softmax(scores, classes);
  const votes = neighbourhoods ? votesOf(neighbourhoods, labels, classes) : new Map<number, Float64Array>();
  const weight = reliability(votes, labels, classes);
  const listed: SuspiciousLabel[] = [];
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    const p = probabilities.subarray(row * classes, (row + 1) * classes);
    const v = votes.get(row);
    const share = v ? weight / (1 + weight) : 0;
    const support = Float64Array.from(p, (value, k) => (1 - share) * value + share * (v?.[k] ?? 0));
    const suggested = best(support, label);
    const byModel = p[best(p, label)]! > p[label]!;
    const byNeighbours = v !== undefined && v[best(v, label)]! > 0.5;
    if (!byModel && !(byNeighbours && weight > 0)) continue;
    listed.push({
      row,
      label,
      suggested,
      score: support[suggested]! - support[label]!,
      reason: reason(p, v, label, suggested, neighbourhoods?.k ?? 0, byModel),
      model: best(p),
      neighbours: v ? best(v) : null,
    });
  }
  return listed.sort((a, b) => b.score - a.score || a.row - b.row).slice(0, most);
}

function reason(
  p: Float64Array,
  v: Float64Array | undefined,
  label: number,
  suggested: number,
  k: number,
  byModel: boolean,
): string {
  const model = byModel
    ? `the model gives its label ${percent(p[label]!)} and class ${best(p, label)} ${percent(p[best(p, label)]!)}`
    : `the model reproduces its label (${percent(p[label]!)}), against what is around it`;
  if (!v) return model;
  const of = (c: number) => Math.round(v[c]! * k);
  return `${model}; of its ${k} nearest rows ${of(label)} have its label and ${of(suggested)} have class ${suggested}`;
}

/** The shares of the classes among the neighbours of each row. */
function votesOf(
  { rows, k, neighbours, of }: Neighbourhoods,
  labels: ArrayLike<number>,
  classes: number,
): Map<number, Float64Array> {
  if (of !== labels.length)
    throw invalidArgument('rows of the neighbourhoods', of, `${labels.length}, those of the labels`);
  return new Map(
    Array.from(rows, (row, i) => {
      const shares = new Float64Array(classes);
      for (let j = i * k; j < (i + 1) * k; j++) shares[labels[neighbours[j]!]!]! += 1 / k;
      return [row, shares] as const;
    }),
  );
}

/** How often the majority of neighbours has the label, from 0 at a guess of the most frequent class to 1. */
function reliability(votes: Map<number, Float64Array>, labels: ArrayLike<number>, classes: number): number {
  const counts = new Float64Array(classes);
  let right = 0;
  for (const [row, shares] of votes) {
    counts[labels[row]!]!++;
    if (best(shares) === labels[row]!) right++;
  }
  const guess = Math.max(...counts) / votes.size;
  return guess < 1 && votes.size > 0 ? Math.max(0, (right / votes.size - guess) / (1 - guess)) : 0;
}

/** The class with the largest value, but for one; the first of equals. */
function best(values: Float64Array, except = -1): number {
  let found = except === 0 ? 1 : 0;
  for (let k = 0; k < values.length; k++) if (k !== except && values[k]! > values[found]!) found = k;
  return found;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.995 || share < 0.005 ? 1 : 0)} %`;
}
