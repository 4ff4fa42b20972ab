// What a crew does with jobs at the end of their time, and what it remembers of them, with jobs that last as long as they are told.
import { afterEach, describe, expect, it } from 'vitest';
import type { Moment } from '../../src/audit/budget.ts';
import { type Crew, hire } from '../../src/audit/crew.ts';
import type { Journal } from '../../src/audit/journal.ts';

const MODULE = new URL('./jobs/obstinate-worker.ts', import.meta.url);
const SUBJECT = {
  source: { path: '' },
  sha256: '',
  shape: [1],
  task: { kind: 'classification' },
  bounds: [0, 1],
} as const;

function memory(): Journal & { readonly keys: () => string[] } {
  const known = new Map<string, unknown>();
  return {
    get: (key) => known.get(key),
    put: (key, value) => void (known.has(key) || known.set(key, value)),
    close: () => {},
    keys: () => [...known.keys()],
  };
}

let crew: Crew | undefined;
afterEach(() => crew?.dismiss());

function hired(journal: Journal, end: Moment, stop = () => false): Crew {
  crew = hire({ module: MODULE, workers: 1, patience: 60, subject: SUBJECT, journal, stop, due: end, end });
  return crew;
}

/** A job whose first value says what it does; its result is how many seconds it was given. */
const asked = (what: 'ends' | 'is cut' | 'never ends') => () => ({
  points: Float32Array.of(['ends', 'is cut', 'never ends'].indexOf(what)),
});
const NEVER = Number.POSITIVE_INFINITY;

describe('a crew', () => {
  it('records what is whole, and gives it back without doing it again', async () => {
    const journal = memory();
    const first = await hired(journal, NEVER).perform('a', 'outputs', asked('ends'), () => NEVER);
    expect(first).toMatchObject({ status: 'done', stopped: false });
    const again = await crew!.perform('a', 'outputs', asked('never ends'), () => NEVER);
    expect(again).toEqual(first);
  });

  it('gives what time has cut twice as long in the next run, and the run after that', async () => {
    const journal = memory();
    const shares: number[] = [];
    for (let run = 0; run < 3; run++) {
      const report = await hired(journal, NEVER).perform(
        'a',
        'outputs',
        asked('is cut'),
        () => performance.now() + 1e6,
      );
      if (report.status !== 'done') throw new Error(report.status);
      expect(report.stopped).toBe(true);
      shares.push(report.result[0]!);
      await crew!.dismiss();
    }
    expect(journal.get('a')).toBeUndefined();
    expect(shares[0]).toBeCloseTo(1000, 0);
    expect(shares[1]! / shares[0]!).toBeCloseTo(2, 2);
    expect(shares[2]! / shares[0]!).toBeCloseTo(4, 2);
    // Another job has its share.
    const other = await hired(journal, NEVER).perform(
      'b',
      'outputs',
      asked('ends'),
      () => performance.now() + 1e6,
    );
    expect(other.status === 'done' && other.result[0]).toBeCloseTo(1000, 0);
  });

  it('gives no job more than is left until all are due, however often it was cut', async () => {
    const journal = memory();
    for (const cuts of [0, 1, 2, 3]) journal.put(`cut/${cuts}/a`, true);
    const own = hired(journal, performance.now() + 1e6);
    const report = await own.perform('a', 'outputs', asked('ends'), () => performance.now() + 2e5);
    expect(report.status === 'done' && report.result[0]!).toBeLessThanOrEqual(1000);
    expect(report.status === 'done' && report.result[0]!).toBeGreaterThan(900);
  });

  it('is over at its end, whatever a job is at, and begins no other', async () => {
    const journal = memory();
    const own = hired(journal, performance.now() + 100);
    const reports = await Promise.all(
      ['a', 'b', 'c'].map((key) => own.perform(key, 'outputs', asked('never ends'), () => NEVER)),
    );
    // Not `failed`: nothing is known against the model.
    expect(reports).toEqual([{ status: 'late' }, { status: 'late' }, { status: 'late' }]);
    // The first was at work, and is known to need more time; nobody has looked at the others.
    expect(journal.keys()).toEqual(['cut/0/a']);
    expect(await own.perform('d', 'outputs', asked('ends'), () => NEVER)).toEqual({ status: 'late' });
  });

  it('calls it an interruption where the user wants to stop, and notes nothing', async () => {
    const journal = memory();
    let wanted = false;
    const own = hired(journal, NEVER, () => wanted);
    const report = own.perform('a', 'outputs', asked('never ends'), () => NEVER);
    wanted = true;
    await expect(report).rejects.toMatchObject({ code: 'interrupted' });
    expect(journal.keys()).toEqual([]);
  });
});
