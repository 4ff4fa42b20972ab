// Adversarial examples to look at: the most fragile rows, and others spread evenly over the distances.
import type { Task } from '../attacks/index.ts';
import type { Norm } from '../guarantee/index.ts';
import { type Example, type Nearest, predictionOf } from './found.ts';
import type { AuditImage } from './result.ts';
import { type AuditedRows, rowOf } from './rows.ts';

/** Of each norm: this many of the most fragile rows, and as many of the others. */
const MOST_FRAGILE = 6;
const SPREAD = 6;

/** Fewer where points are large: all images of a norm have at most so many values. */
const MOST_VALUES = 1_000_000;

/** The images of one norm, nearest first. */
export function chooseImages(norm: Norm, task: Task, rows: AuditedRows, nearest: Nearest): AuditImage[] {
  const most = Math.floor(MOST_VALUES / rows.features);
  const found = nearest
    .flatMap((example, position) => (example ? [{ position, example }] : []))
    .sort((a, b) => a.example.distance - b.example.distance || a.position - b.position);
  const fragile = found.slice(0, MOST_FRAGILE);
  const others = found.slice(MOST_FRAGILE);
  const wanted = Math.min(SPREAD, others.length);
  const spread = Array.from(
    { length: wanted },
    (_, i) => others[Math.floor(((i + 0.5) * others.length) / wanted)]!,
  );
  return [...fragile, ...spread].slice(0, most).map((one) => imageOf(norm, task, rows, one));
}

function imageOf(
  norm: Norm,
  task: Task,
  { ids, points, labels, scores, features, outputs }: AuditedRows,
  { position, example }: { readonly position: number; readonly example: Example },
): AuditImage {
  const told = (row: Float32Array) => ({
    prediction: predictionOf(task, row),
    confidence: task.kind === 'classification' ? confidence(row) : null,
  });
  const original = rowOf(points, features, position);
  return {
    row: ids[position]!,
    norm,
    attack: example.attack,
    distance: example.distance,
    label: labelOf(task, rowOf(labels, outputs, position)),
    before: told(rowOf(scores, outputs, position)),
    after: told(example.scores),
    original: base64(original),
    adversarial: base64(example.point),
  };
}

/** The class, or the wanted outputs. */
export function labelOf(task: Task, row: Float32Array): number[] {
  return task.kind === 'classification' ? [row.indexOf(1)] : Array.from(row);
}

/** The probability of the predicted class: the output where it is one already, else the softmax of the scores. */
export function confidence(scores: Float32Array): number | null {
  if (!scores.every(Number.isFinite)) return null;
  const largest = scores.reduce((most, value) => Math.max(most, value), -Infinity);
  const sum = scores.reduce((total, value) => total + value, 0);
  if (scores.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3) return largest;
  return 1 / scores.reduce((total, value) => total + Math.exp(value - largest), 0);
}

/** Little-endian float32. */
export function base64(values: Float32Array): string {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeFloatLE(value, 4 * i);
  });
  return bytes.toString('base64');
}
