// One attack on rows that are still robust, in chunks that go to several processes, and what came of it.
import { createThreat, type Task, type Threat } from '../attacks/index.ts';
import type { InputBounds } from '../graph/index.ts';
import type { Norm } from '../guarantee/index.ts';
import type { Moment } from './budget.ts';
import type { Crew } from './crew.ts';
import { broken, type Nearest, offer } from './found.ts';
import type { AttackStage } from './result.ts';
import { type AuditedRows, chunks, nameOfRows, samplesOf } from './rows.ts';

/** Attacks in one norm on the audited rows. */
export interface Campaign {
  readonly crew: Crew;
  readonly rows: AuditedRows;
  readonly task: Task;
  readonly norm: Norm;
  readonly bounds: InputBounds;
  readonly seed: number;
  /** The nearest example of each row so far; attacks add to it. */
  readonly nearest: Nearest;
  /** Told after every chunk. */
  readonly observe: (done: number, total: number) => void;
}

/**
 * Attacks the rows at `positions`, which the model gets right, within the radius; Infinity for the nearest example.
 *
 * Chunks of at most `size` rows are cut from the rows given, so that they are the same in every run that has found the same so far. After a chunk
 * that fails no other begins: what kills one process would kill the next.
 */
export async function attackRows(
  { crew, rows, task, norm, bounds, seed, nearest, observe }: Campaign,
  attack: string,
  radius: number,
  positions: readonly number[],
  size: number,
  end: Moment,
): Promise<{ readonly stage: AttackStage; readonly notAttacked: readonly number[] }> {
  const threat: Threat = createThreat(norm, radius, bounds);
  const key = ['attack', norm, String(radius), attack];
  let failure: string | undefined;
  let stopped = false;
  let seconds = 0;
  let done = 0;
  let hit = 0;
  const notAttacked: number[] = [];
  const parts = chunks(positions, size);
  const jobs = parts.map(async (part) => {
    const name = [...key, nameOfRows(part.map((position) => rows.ids[position]!))].join('/');
    const given = () => ({ attack, samples: samplesOf(rows, part), threat, key, seed });
    // Jobs take turns: one that begins after a failure does nothing.
    const report = await crew.perform(name, 'attack', given, () => (failure === undefined ? end : 0));
    if (report.status !== 'late') seconds += report.seconds;
    if (report.status === 'done') {
      const wasHit = offer(nearest, rows, task, part, { attack, threat, ...report.result });
      hit += wasHit.filter(Boolean).length;
      // Nobody knows how far the attack came with the others.
      if (report.stopped) notAttacked.push(...part.filter((_, i) => !wasHit[i]));
      stopped ||= report.stopped;
    } else {
      notAttacked.push(...part);
      if (report.status === 'failed') failure ??= report.reason;
      else stopped ||= failure === undefined;
    }
    observe(++done, parts.length);
  });
  await Promise.all(jobs);
  const status = failure !== undefined ? 'failed' : stopped ? 'stopped' : 'done';
  return {
    stage: {
      attack,
      status,
      attacked: positions.length - notAttacked.length,
      broken: hit,
      notAttacked: notAttacked.length,
      robustAfter: positions.filter((i) => !broken(nearest, i, radius)).length,
      seconds,
      ...(failure !== undefined && { reason: failure }),
      ...(status === 'stopped' && { reason: 'the time for it was over' }),
    },
    notAttacked,
  };
}
