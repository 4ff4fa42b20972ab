// The processes that do the jobs of an audit, and what is remembered of jobs that were done: in this run or an earlier one.
import { RobustlawError } from '../errors.ts';
import { createProcessPool, type Pool } from '../runtime/index.ts';
import type { Stop } from '../stop.ts';
import type { Moment } from './budget.ts';
import type { Done, Job, JobKind, Jobs } from './jobs.ts';
import type { Journal } from './journal.ts';
import type { Subject } from './subject.ts';

/** What became of a job; `late` where time was over before it began, or before it would break off. */
export type Report<Kind extends JobKind> =
  | ({ readonly status: 'done' } & Done<Kind>)
  | { readonly status: 'late' }
  | { readonly status: 'failed'; readonly reason: string; readonly seconds: number };

export interface Crew {
  readonly workers: number;
  readonly journal: Journal;
  /**
   * The result of a job: from the journal where it has been finished before, else from a process. One that time ended
   * is used but not recorded: a later run begins it anew, and gives it twice as long as the run before did, so that whoever
   * repeats an audit with the same time limit comes to its end.
   *
   * @param key names the job in the journal; it holds all that the result depends on but the identity of the audit.
   * @param given made when the job begins.
   * @param end when the job is to be done, and not later than all are due; asked when it begins.
   * @throws RobustlawError `interrupted` once the user wants to stop.
   */
  perform<Kind extends JobKind>(
    key: string,
    kind: Kind,
    given: () => Jobs[Kind]['given'],
    end: () => Moment,
  ): Promise<Report<Kind>>;
  /** Ends the processes. */
  dismiss(): Promise<void>;
}

/** Milliseconds between looks at whether the user wants to stop. */
const PAUSE = 100;

/** What a crew needs. */
export interface Hiring {
  /** Of the jobs; AUDIT_WORKER but in tests. */
  readonly module: URL;
  readonly workers: number;
  readonly patience: number;
  readonly subject: Subject;
  readonly journal: Journal;
  readonly stop: Stop;
  /** When every job is to be done. */
  readonly due: Moment;
  /** When its processes are told to break off; those that do not are killed 3 s later. */
  readonly end: Moment;
}

/** Processes for the jobs of one audit. */
export function hire({ module, workers, patience, subject, journal, stop, due, end: closing }: Hiring): Crew {
  const pool: Pool<Job, Done> = createProcessPool(module, workers, patience);
  const turn = turns(workers);
  let interrupted = false;
  const look = setInterval(() => {
    interrupted ||= stop();
    if (!interrupted && performance.now() < closing) return;
    void pool.close(true);
    clearInterval(look);
  }, PAUSE);
  return {
    workers,
    journal,
    async perform(key, kind, given, end) {
      const known = journal.get(key);
      if (known !== undefined) return { status: 'done', ...(known as Done<typeof kind>) };
      return turn(async () => {
        interrupted ||= stop();
        if (interrupted) throw interruption();
        const start = performance.now();
        const cuts = cutsOf(journal, key);
        const share = end() - start;
        const seconds = Math.min(share * 2 ** cuts, due - start) / 1e3;
        if (!(seconds > 0)) return { status: 'late' };
        const outcome = await pool.run({ kind, subject, given: given(), seconds } as Job);
        if (interrupted) throw interruption();
        const cut = outcome.ok ? outcome.value.stopped : outcome.error.code === 'interrupted';
        if (cut) journal.put(cutKey(key, cuts), true);
        if (outcome.ok) {
          if (!cut) journal.put(key, outcome.value);
          return { status: 'done', ...(outcome.value as Done<typeof kind>) };
        }
        if (cut) return { status: 'late' };
        const spent = (performance.now() - start) / 1e3;
        return { status: 'failed', reason: outcome.error.message, seconds: spent };
      });
    },
    async dismiss() {
      clearInterval(look);
      await pool.close(true);
    },
  };
}

/** The note that earlier runs, `cuts` of them, had not the time for a job either. */
function cutKey(key: string, cuts: number): string {
  return `cut/${cuts}/${key}`;
}

function cutsOf(journal: Journal, key: string): number {
  let cuts = 0;
  while (journal.get(cutKey(key, cuts)) !== undefined) cuts++;
  return cuts;
}

/** At most so many at a time, in the order asked for: the time of a job counts from when it really begins. */
function turns(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (work) => {
    if (busy >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  };
}

function interruption(): RobustlawError {
  return new RobustlawError(
    'interrupted',
    'interrupted; finished steps are recorded: run the same command again to go on',
  );
}
