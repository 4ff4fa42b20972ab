// The nearest adversarial example of every row in one norm, over everything that was found, whoever found it.
import { allows, argmax, distance, type Task, type Threat, wrong } from '../attacks/index.ts';
import { type AuditedRows, rowOf } from './rows.ts';

export interface Example {
  readonly point: Float32Array;
  readonly distance: number;
  readonly attack: string;
  /** The model's own output there. */
  readonly scores: Float32Array;
}

/** By position among the audited rows; undefined where none was found. */
export type Nearest = (Example | undefined)[];

/**
 * Takes what an attack returned for the rows at `positions`, keeps what is allowed, wrong and nearer than what was known, and
 * says for each row whether it is an adversarial example at all: callers trust no attack.
 *
 * @param changed `[positions, features]`.
 * @param outputs of the model there, `[positions, outputs]`.
 */
export function offer(
  nearest: Nearest,
  { points, labels, features, outputs: width }: AuditedRows,
  task: Task,
  positions: readonly number[],
  {
    attack,
    threat,
    changed,
    outputs,
  }: {
    readonly attack: string;
    readonly threat: Threat;
    readonly changed: Float32Array;
    readonly outputs: Float32Array;
  },
): boolean[] {
  return positions.map((position, i) => {
    const point = rowOf(changed, features, i);
    const scores = rowOf(outputs, width, i);
    const from = rowOf(points, features, position);
    if (!allows(threat, from, point) || !wrong(task, scores, rowOf(labels, width, position), width)[0])
      return false;
    const far = distance(threat.norm, from, point);
    const known = nearest[position];
    if (known === undefined || far < known.distance) {
      nearest[position] = { point: point.slice(), distance: far, attack, scores: scores.slice() };
    }
    return true;
  });
}

/** Whether an example within the radius is known. */
export function broken(nearest: Nearest, position: number, radius: number): boolean {
  const example = nearest[position];
  return example !== undefined && example.distance <= radius;
}

/** The class, -1 where a score is NaN, or the outputs; null for one that JSON lacks. */
export function predictionOf(task: Task, scores: Float32Array): (number | null)[] {
  if (task.kind === 'classification') return [argmax(scores)];
  return Array.from(scores, (value) => (Number.isFinite(value) ? value : null));
}
