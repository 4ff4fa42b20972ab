// What every store must do; each implementation runs this suite on itself.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrialOutcome } from '../../src/study/result.ts';
import { LEASE_SECONDS, type Report, type Store } from '../../src/study/store.ts';

/** One database, however many handles are opened on it. */
export interface StoreFixture {
  open(): Promise<Store>;
  /** Moves the clock that all handles see. */
  advance(seconds: number): void;
  dispose(): Promise<void>;
}

export function storeConformance(name: string, makeFixture: () => Promise<StoreFixture>): void {
  describe(`${name} keeps the contract of a store`, () => {
    let fixture: StoreFixture;
    let store: Store;
    beforeEach(async () => {
      fixture = await makeFixture();
      store = await fixture.open();
    });
    afterEach(async () => {
      await store.close();
      await fixture.dispose();
    });

    const trials = ['a', 'b', 'c'].map((id) => ({ id, parameters: { word: id, number: Math.PI, none: -0 } }));
    const planned = async () => store.plan('{"spec":1}', trials);

    it('is empty before it is planned', async () => {
      expect(await store.specification()).toBeUndefined();
      expect(await store.claim('me')).toBeUndefined();
      expect(await store.counts()).toEqual({ open: 0, running: 0, done: 0, failed: 0 });
      expect(await store.reports()).toEqual([]);
    });

    it('is planned once; the same plan again changes nothing', async () => {
      await planned();
      expect(await store.specification()).toBe('{"spec":1}');
      await store.claim('me');
      await store.report('me', done('a'));
      await planned();
      expect(await store.counts()).toEqual({ open: 2, running: 0, done: 1, failed: 0 });
    });

    it('refuses another specification and other trials, and keeps what it has', async () => {
      await planned();
      const conflict = expect.objectContaining({ code: 'study-conflict' });
      await expect(store.plan('{"spec":2}', trials)).rejects.toEqual(conflict);
      await expect(store.plan('{"spec":1}', trials.slice(1))).rejects.toEqual(conflict);
      await expect(store.plan('{"spec":1}', trials.toReversed())).rejects.toEqual(conflict);
      expect(await store.counts()).toEqual({ open: 3, running: 0, done: 0, failed: 0 });
    });

    it('records nothing of a plan that fails half-way', async () => {
      await expect(store.plan('{"spec":1}', [...trials, trials[0]!])).rejects.toThrow();
      expect(await store.specification()).toBeUndefined();
      expect(await store.counts()).toEqual({ open: 0, running: 0, done: 0, failed: 0 });
    });

    it('leases trials in planned order, each to one owner, with their parameters', async () => {
      await planned();
      const other = await fixture.open();
      const claims = [await store.claim('me'), await other.claim('you'), await store.claim('me')];
      expect(claims).toStrictEqual(trials.map((trial) => ({ ...trial, attempt: 1 })));
      expect(await other.claim('you')).toBeUndefined();
      expect(await store.owners()).toEqual(['me', 'you']);
      expect(await store.counts()).toEqual({ open: 0, running: 3, done: 0, failed: 0 });
      await other.close();
    });

    it('gives the same outcome back, to the bit and in planned order', async () => {
      await planned();
      for (let i = 0; i < 3; i++) await store.claim('me');
      const reports = [done('c'), failed('b'), done('a')];
      for (const report of reports) expect(await store.report('me', report)).toBe(true);
      expect(await store.reports()).toStrictEqual(reports.toReversed());
      expect(await store.counts()).toEqual({ open: 0, running: 0, done: 2, failed: 1 });
      const other = await fixture.open();
      expect(await other.reports()).toStrictEqual(reports.toReversed());
      await other.close();
    });

    it('stores at most one outcome of a trial', async () => {
      await planned();
      await store.claim('me');
      expect(await store.report('me', done('a'))).toBe(true);
      expect(await store.report('me', failed('a'))).toBe(false);
      expect(await store.report('you', failed('a'))).toBe(false);
      expect(await store.report('me', done('b'))).toBe(false); // never claimed
      expect(await store.report('me', done('unknown'))).toBe(false);
      expect(await store.reports()).toStrictEqual([done('a')]);
      expect((await store.claim('me'))?.id).toBe('b');
    });

    it('makes a trial claimable again when its lease ends, and counts the attempts', async () => {
      await planned();
      await store.claim('dead');
      fixture.advance(LEASE_SECONDS / 2);
      expect((await store.claim('me'))?.id).toBe('b');
      fixture.advance(LEASE_SECONDS / 2 + 1);
      expect(await store.claim('me')).toStrictEqual({ ...trials[0], attempt: 2 });
      expect(await store.report('dead', failed('a'))).toBe(false);
      expect(await store.report('me', done('a'))).toBe(true);
    });

    it('keeps a renewed lease', async () => {
      await planned();
      await store.claim('me');
      for (let i = 0; i < 3; i++) {
        fixture.advance(LEASE_SECONDS - 1);
        await store.renew('me');
      }
      expect((await store.claim('you'))?.id).toBe('b');
      expect(await store.report('me', done('a'))).toBe(true);
    });

    it('accepts a late report as long as nobody else has taken the trial over', async () => {
      await planned();
      await store.claim('me');
      fixture.advance(LEASE_SECONDS + 1);
      expect(await store.report('me', done('a'))).toBe(true);
    });

    it('gives back one trial or all of an owner, and nobody else’s', async () => {
      await planned();
      await store.claim('me');
      await store.claim('me');
      await store.claim('you');
      await store.release('me', 'c'); // not theirs
      await store.release('me', 'b');
      expect(await store.counts()).toEqual({ open: 1, running: 2, done: 0, failed: 0 });
      await store.release('me');
      expect(await store.counts()).toEqual({ open: 2, running: 1, done: 0, failed: 0 });
      expect(await store.owners()).toEqual(['you']);
      expect(await store.claim('you')).toStrictEqual({ ...trials[0], attempt: 2 });
    });

    it('does not reopen what has been reported when an owner releases', async () => {
      await planned();
      await store.claim('me');
      await store.report('me', done('a'));
      await store.release('me');
      expect((await store.claim('me'))?.id).toBe('b');
    });

    it('leases every trial exactly once to many owners that claim at the same time', async () => {
      const many = Array.from({ length: 200 }, (_, i) => ({ id: `t${i}`, parameters: i }));
      await store.plan('{}', many);
      const handles = await Promise.all(Array.from({ length: 4 }, () => fixture.open()));
      const claimed = await Promise.all(
        handles.map(async (handle, k) => {
          const ids: string[] = [];
          for (let claim = await handle.claim(`w${k}`); claim; claim = await handle.claim(`w${k}`)) {
            ids.push(claim.id);
          }
          return ids;
        }),
      );
      expect(claimed.flat().toSorted()).toEqual(many.map(({ id }) => id).toSorted());
      await Promise.all(handles.map((handle) => handle.close()));
    });
  });
}

/** A report with every kind of field, extreme numbers included. */
export function done(id: string): Report {
  const outcome: TrialOutcome = {
    state: 'done',
    trial: { id, data: 'sphere n=3 d=2', family: 'projected-rbf', size: 2, seed: 0 },
    result: {
      n: 3,
      d: 2,
      parameterCount: 6,
      interpolationError: 5e-324,
      meanSquaredError: -0,
      memorization: 'perfect',
      lipschitz: {
        upper: {
          kind: 'exact',
          norm: 'l2',
          domain: { kind: 'global' },
          method: 'closed form',
          arithmetic: 'float64',
          value: 0.1 + 0.2,
          enclosure: [0.3, Number.POSITIVE_INFINITY],
        },
        lower: {
          kind: 'lower',
          norm: 'l2',
          domain: { kind: 'ball', centre: Float64Array.of(Number.NaN, -0), radius: 1, norm: 'l2' },
          method: 'pair',
          arithmetic: 'float64',
          value: 0.3,
          witness: { kind: 'pair', a: Float64Array.of(1 / 3, 2), b: Float64Array.of() },
        },
      },
      law: { scaling: 1, certifiedBound: 0, mcShaneOptimum: Number.MIN_VALUE },
    },
    seconds: 0.125,
  };
  return { outcome, versions: { robustlaw: '0.1.0' } };
}

/** A report of a trial that threw. */
export function failed(id: string): Report {
  return {
    outcome: {
      state: 'failed',
      trial: { id, data: 'digits', family: 'baum', seed: 4 },
      error: { code: 'contradictory-labels', message: 'rows 1 and 2 – “equal”' },
      seconds: 2,
    },
    versions: { robustlaw: '0.1.0', node: '24' },
  };
}
