// A sound classifier of the embedded digits, nearest class mean, whose defects tests can choose; its input and its scores can be tampered with.
import { createVictim, oneHot, type Samples, type Victim, wrong } from '../../../src/attacks/index.ts';
import { opticalDigits } from '../../../src/data/index.ts';
import {
  add,
  constant,
  graph,
  input,
  type Model,
  matMul,
  modelFrom,
  parameter,
  tensor,
  type Value,
} from '../../../src/graph/index.ts';

export const FEATURES = 64;
export const CLASSES = 10;

const same = (x: Value): Value => x;

/** Digits of every class: `[rows, 64]` in [0, 1]. The means are those of the other digits. */
export function digits(rows: number): { points: Float32Array; labels: number[] } {
  const { x, y } = opticalDigits();
  return { points: Float32Array.from(x.subarray(0, rows * FEATURES)), labels: [...y.subarray(0, rows)] };
}

/** score_k = sharpness (2 <m_k, x> - |m_k|^2) for the mean m_k of class k, read as output names[k]. */
export function nearestMean({
  before = same,
  after = same,
  sharpness = 3,
  names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
}: {
  readonly before?: (x: Value) => Value;
  readonly after?: (scores: Value) => Value;
  readonly sharpness?: number;
  readonly names?: readonly number[];
} = {}): Model {
  const { x, y } = opticalDigits();
  const means = new Float64Array(CLASSES * FEATURES);
  const counts = new Float64Array(CLASSES);
  for (let i = 600; i < y.length; i++) {
    counts[y[i]!]!++;
    for (let j = 0; j < FEATURES; j++) means[y[i]! * FEATURES + j]! += x[i * FEATURES + j]!;
  }
  const w = new Float64Array(FEATURES * CLASSES);
  const b = new Float64Array(CLASSES);
  for (let k = 0; k < CLASSES; k++) {
    for (let j = 0; j < FEATURES; j++) {
      const mean = means[k * FEATURES + j]! / counts[k]!;
      w[j * CLASSES + names[k]!] = 2 * sharpness * mean;
      b[names[k]!]! -= sharpness * mean * mean;
    }
  }
  const weights = parameter('w', tensor('float32', [FEATURES, CLASSES], w));
  const bias = constant(tensor('float32', [CLASSES], b));
  return modelFrom('nearest mean', (batch) => {
    const points = input('x', 'float32', [batch, FEATURES]);
    return graph([points], { y: after(add(matMul(before(points), weights), bias)) });
  });
}

export const victimOf = (model: Model): Promise<Victim> => createVictim(model, { kind: 'classification' });

/** Those of the points that the victim gets right. */
export async function rightOnes(victim: Victim, points: Float32Array, labels: number[]): Promise<Samples> {
  const failed = wrong(victim.task, await victim.scores(points), oneHot(labels, CLASSES), CLASSES);
  const rows = labels.flatMap((_, i) => (failed[i] ? [] : [i]));
  return {
    points: Float32Array.from(rows.flatMap((i) => [...points.subarray(i * FEATURES, (i + 1) * FEATURES)])),
    labels: oneHot(
      rows.map((i) => labels[i]!),
      CLASSES,
    ),
    ids: rows,
  };
}
