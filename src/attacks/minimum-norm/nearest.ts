// The nearest harmful point found so far for every row, and the rows that are still searched.
import type { Samples } from '../attack.ts';
import { project } from '../projection.ts';
import { pickRows, rowOf } from '../rows.ts';
import type { LabelRows } from '../task.ts';
import { distance, type Threat } from '../threat.ts';
import type { Victim } from '../victim.ts';
import { clearlyWrong } from './boundaries.ts';

export interface Nearest {
  /** `[rows, features]`: the samples themselves where nothing is found. */
  readonly points: Float32Array;
  /** `[rows]`: Infinity where nothing is found. */
  readonly distances: Float64Array;
}

/** The state of a search that has found nothing yet. */
export function nothingFound({ points, ids }: Samples): Nearest {
  return { points: points.slice(), distances: new Float64Array(ids.length).fill(Infinity) };
}

/** What all minimum-norm searches share. */
export interface Search {
  readonly victim: Victim;
  readonly samples: Samples;
  readonly threat: Threat;
  readonly nearest: Nearest;
}

export function labelsOf({ victim, samples }: Search, rows: ArrayLike<number>): LabelRows {
  return pickRows(samples.labels, rows, victim.outputs);
}

/** Rows for which no harmful point within the radius is known; all of them where the nearest one is asked for. */
export function unfinished({ threat, nearest }: Search): number[] {
  const open = (far: number) => threat.radius === Infinity || far > threat.radius;
  return indicesWhere(Array.from(nearest.distances, open));
}

/**
 * Brings candidates `[rows, features]` of the given rows within the bounds, in place, and keeps those that are clearly
 * wrong and nearer than what was known. Says which are wrong. Cost: one score per row.
 */
export async function offer(
  { victim, samples, threat, nearest }: Search,
  rows: readonly number[],
  candidates: Float32Array,
): Promise<boolean[]> {
  const { features, outputs } = victim;
  const origins = pickRows(samples.points, rows, features);
  project({ ...threat, radius: Infinity }, origins, candidates, features);
  const scores = await victim.scores(candidates);
  const harmful = clearlyWrong(victim, scores, pickRows(samples.labels, rows, outputs));
  rows.forEach((row, i) => {
    if (!harmful[i]) return;
    const candidate = rowOf(candidates, i, features);
    const far = distance(threat.norm, rowOf(origins, i, features), candidate);
    if (!(far < nearest.distances[row]!)) return;
    nearest.distances[row] = far;
    nearest.points.set(candidate, row * features);
  });
  return harmful;
}

/** What the attack returns: the nearest harmful points, or the samples where none is within the radius. */
export function withinRadius({ victim, samples, threat, nearest }: Search): Float32Array {
  const { features } = victim;
  const points = nearest.points.slice();
  nearest.distances.forEach((far, row) => {
    if (!(far <= threat.radius)) points.set(rowOf(samples.points, row, features), row * features);
  });
  return points;
}

/** The indices at which `kept` holds. */
export function indicesWhere(kept: readonly boolean[]): number[] {
  return kept.flatMap((is, i) => (is ? [i] : []));
}
