import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import type { Outcome, Pool } from '../../src/runtime/index.ts';
import { createPool } from '../../src/runtime/index.ts';
import type { Done, Job } from './jobs/job.ts';

const module = new URL('./jobs/job.ts', import.meta.url);

async function withPool<Result>(
  workers: number,
  use: (pool: Pool<Job, Done, number>) => Promise<Result>,
  at = module,
): Promise<Result> {
  const pool = createPool<Job, Done, number>(at, workers);
  try {
    return await use(pool);
  } finally {
    await pool.close(true);
  }
}

function valueIn<Result>(outcome: Outcome<Result>): Result {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function errorOf(outcome: Outcome<unknown>): RobustlawError {
  expect(outcome.ok).toBe(false);
  const { error } = outcome as { error: RobustlawError };
  expect(error).toBeInstanceOf(RobustlawError);
  return error;
}

describe('a pool', () => {
  it('gives each job its result, in the order asked for, on as many threads as there are workers', async () => {
    await withPool(3, async (pool) => {
      const jobs = Array.from({ length: 40 }, (_, x) => pool.run({ do: 'square', x }));
      const results = (await Promise.all(jobs)).map(valueIn);
      expect(results.map((r) => r.value)).toStrictEqual(Array.from({ length: 40 }, (_, x) => x * x));
      const threads = new Set(results.map((r) => r.thread));
      expect(threads.size).toBeLessThanOrEqual(3);
      expect(threads.has(0)).toBe(false);
    });
  });

  it('runs jobs at the same time: each waits until all four have come', async () => {
    await withPool(4, async (pool) => {
      const present = new SharedArrayBuffer(4);
      const jobs = [1, 2, 3, 4].map(() => pool.run({ do: 'meet', present, people: 4 }));
      const threads = (await Promise.all(jobs)).map((outcome) => valueIn(outcome).thread);
      expect(new Set(threads).size).toBe(4);
    });
  });

  it('starts no more threads than jobs need', async () => {
    await withPool(8, async (pool) => {
      const threads = new Set<number>();
      for (let x = 0; x < 5; x++) threads.add(valueIn(await pool.run({ do: 'square', x })).thread);
      expect(threads.size).toBe(1);
    });
  });

  it('runs ONNX Runtime in every thread', async () => {
    await withPool(2, async (pool) => {
      const results = await Promise.all([8, 16, 24, 32].map((n) => pool.run({ do: 'network', n })));
      results.map(valueIn).forEach(({ value }, i) => {
        expect(value).toStrictEqual(new Float32Array((8 * (i + 1)) ** 2).fill(8 * (i + 1)));
      });
    });
  });

  it('passes progress on, in order and before the result', async () => {
    await withPool(2, async (pool) => {
      const seen: number[] = [];
      const other: number[] = [];
      const both = [
        pool.run({ do: 'work', steps: 4 }, (message) => seen.push(message)),
        pool.run({ do: 'work', steps: 2 }, (message) => other.push(message)),
      ];
      expect(valueIn(await both[0]!).value).toBe(4);
      expect(seen).toStrictEqual([0.25, 0.5, 0.75, 1]);
      await both[1];
      expect(other).toStrictEqual([0.5, 1]);
    });
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d workers', (workers) => {
    expect(() => createPool(module, workers)).toThrow(/invalid workers/);
  });
});

describe('a job that goes wrong', () => {
  it('is a result, and the worker goes on', async () => {
    await withPool(1, async (pool) => {
      const before = valueIn(await pool.run({ do: 'square', x: 1 })).thread;
      const thrown = await pool.run({ do: 'throw' });
      expect(errorOf(thrown)).toMatchObject({ code: 'internal', message: 'a defect' });
      expect(errorOf(thrown).stack).toMatch(/job\.ts/);
      const refused = await pool.run({ do: 'refuse' });
      expect(errorOf(refused)).toMatchObject({ code: 'invalid-argument' });
      expect(errorOf(refused).message).toBe('invalid width: 0; expected an integer >= 1');
      const unsendable = await pool.run({ do: 'unsendable' });
      expect(errorOf(unsendable).message).toMatch(/could not be cloned/);
      expect([thrown, refused, unsendable].map((o) => !o.ok && o.crashed)).toStrictEqual([
        false,
        false,
        false,
      ]);
      expect(valueIn(await pool.run({ do: 'square', x: 2 })).thread).toBe(before);
    });
  });

  it.each([
    ['exit', /exit code 3/],
    ['reject-later', /forgotten/],
  ] as const)(
    'and takes its worker with it (%s) is reported, and the worker replaced',
    async (kind, message) => {
      await withPool(2, async (pool) => {
        const [crash, neighbour] = await Promise.all([
          pool.run({ do: kind }),
          pool.run({ do: 'sleep', milliseconds: 50 }),
        ]);
        expect(errorOf(crash).message).toMatch(message);
        expect(!crash.ok && crash.crashed).toBe(true);
        expect(neighbour.ok).toBe(true);
        const after = await Promise.all([1, 2, 3, 4].map((x) => pool.run({ do: 'square', x })));
        expect(after.map((o) => valueIn(o).value)).toStrictEqual([1, 4, 9, 16]);
      });
    },
  );

  it('a job that cannot be sent', async () => {
    await withPool(1, async (pool) => {
      const outcome = await pool.run({ do: 'square', x: (() => 1) as never });
      expect(errorOf(outcome).message).toMatch(/cannot be sent/);
      expect((await pool.run({ do: 'square', x: 3 })).ok).toBe(true);
    });
  });

  it('a module without run(), or that is not there', async () => {
    const nothing = new URL('./jobs/nothing.ts', import.meta.url);
    const missing = new URL('./jobs/missing.ts', import.meta.url);
    const outcomes = await Promise.all(
      [nothing, missing].map((at) => withPool(1, (pool) => pool.run({ do: 'square', x: 1 }), at)),
    );
    expect(errorOf(outcomes[0]!).message).toMatch(/nothing\.ts exports no function run/);
    expect(errorOf(outcomes[1]!).message).toMatch(/missing\.ts/);
  });
});

describe('closing', () => {
  it('lets running jobs end and answers waiting and later ones', async () => {
    const pool = createPool<Job, Done>(module, 1);
    const running = pool.run({ do: 'sleep', milliseconds: 200 });
    const waiting = pool.run({ do: 'square', x: 1 });
    await pool.close();
    expect(valueIn(await running).value).toBe(200);
    expect(errorOf(await waiting).code).toBe('interrupted');
    expect(errorOf(await pool.run({ do: 'square', x: 1 })).code).toBe('interrupted');
    await pool.close();
  });

  it('now: tells running jobs to break off', async () => {
    const pool = createPool<Job, Done>(module, 2);
    const endless = [pool.run({ do: 'wait' }), pool.run({ do: 'wait' })];
    await new Promise((resolve) => setTimeout(resolve, 100));
    await pool.close(true);
    expect((await Promise.all(endless)).map((o) => valueIn(o).value)).toStrictEqual([1, 1]);
  });

  it('of a pool that never ran, and twice', async () => {
    const pool = createPool<Job, Done>(module, 2);
    await Promise.all([pool.close(), pool.close(true)]);
  });
});
