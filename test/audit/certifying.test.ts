// Certificates of a norm over several runs: a row that has been searched to the end is not searched again, one that time has cut is.
import { expect, it } from 'vitest';
import { certifyNorm } from '../../src/audit/certifying.ts';
import type { Crew } from '../../src/audit/crew.ts';
import type { Jobs } from '../../src/audit/jobs.ts';
import type { AuditedRows } from '../../src/audit/rows.ts';

const COUNT = 20;
const ids = Array.from({ length: COUNT }, (_, i) => i);
const rows: AuditedRows = {
  ids,
  // The point of row i is [i].
  points: Float32Array.from(ids),
  labels: Float32Array.from(ids.flatMap(() => [1, 0])),
  features: 1,
  outputs: 2,
  scores: Float32Array.from(ids.flatMap(() => [1, 0])),
  correct: ids.map(() => true),
};

/** Rows prove 1 cheaply and 2 + i dearly, where the search is whole; row 3 meets a counterexample at distance 5. */
function crewWith(journal: Map<string, unknown>, cut: (row: number) => boolean, searched: number[]): Crew {
  const cheap = {
    radius: 1,
    method: 'interval bounds',
    seconds: 0,
    certificates: [{ method: 'interval bounds', radius: 1, seconds: 0 }],
  };
  const perform = async (_key: string, kind: string, given: () => Jobs['certify']['given']) => {
    const points = Array.from(given().points);
    if (kind === 'certify cheaply')
      return {
        status: 'done',
        stopped: false,
        seconds: 0,
        result: { proven: points.map(() => cheap), more: true, notes: [] },
      };
    searched.push(...points);
    const result = points.map((i) => ({
      certified: cut(i)
        ? { radius: 1, method: 'interval bounds' }
        : { radius: 2 + i, method: 'linear bounds' },
      ended: cut(i) ? 'cut' : 'whole',
      ...(i === 3 && { counterexample: Float32Array.of(i + 5), outputs: Float32Array.of(0, 1) }),
    }));
    return { status: 'done', stopped: points.some(cut), seconds: 0, result };
  };
  const put = (key: string, value: unknown) => void (journal.has(key) || journal.set(key, value));
  return {
    workers: 1,
    perform,
    journal: { get: (key: string) => journal.get(key), put, close: () => {} },
    dismiss: async () => {},
  } as unknown as Crew;
}

it('takes up the rows that time has cut, and no others, and comes to what one run comes to', async () => {
  const run = async (journal: Map<string, unknown>, cut: (row: number) => boolean) => {
    const searched: number[] = [];
    const nearest = ids.map(() => undefined);
    const crew = crewWith(journal, cut, searched);
    const campaign = {
      crew,
      rows,
      task: { kind: 'classification' },
      norm: 'linf',
      bounds: [-100, 100],
      seed: 0,
      nearest,
      observe: () => {},
    } as const;
    const { certified, reason } = await certifyNorm(campaign, [9], 1, Number.POSITIVE_INFINITY);
    return { certified, reason, searched, nearest };
  };
  const atOnce = await run(new Map(), () => false);
  expect(atOnce.searched).toEqual(ids);
  expect(atOnce.reason).toBeUndefined();
  expect(atOnce.certified.map(({ radius }) => radius)).toEqual(ids.map((i) => 2 + i));

  const journal = new Map<string, unknown>();
  const cut = (row: number) => row % 3 === 1;
  const first = await run(journal, cut);
  expect(first.reason).toMatch(/certificates of 20 rows could be larger \(7 are not searched to the end\)/);
  const second = await run(journal, () => false);
  expect(second.searched).toEqual(ids.filter(cut));
  expect(second.certified).toEqual(atOnce.certified);
  expect(second.reason).toBeUndefined();
  // A counterexample counts in the run that replays it, too.
  expect(second.nearest).toEqual(atOnce.nearest);
  expect(second.nearest[3]).toMatchObject({ attack: 'branch and bound', distance: 5 });
});
