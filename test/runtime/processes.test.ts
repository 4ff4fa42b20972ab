// A pool of processes against real deaths: signals, aborts, endless loops, no memory left, a parent that is killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { createProcessPool, type Outcome, type Pool } from '../../src/runtime/index.ts';
import type { Job } from './jobs/process-job.ts';

const module = new URL('./jobs/process-job.ts', import.meta.url);
const pools: Pool<Job, unknown, number>[] = [];

function poolWith(workers: number, patience = Number.POSITIVE_INFINITY): Pool<Job, unknown, number> {
  const pool = createProcessPool<Job, unknown, number>(module, workers, patience);
  pools.push(pool);
  return pool;
}

afterAll(() => Promise.all(pools.map((pool) => pool.close(true))));

function valueIn(outcome: Outcome<unknown>): unknown {
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}

function failureIn(outcome: Outcome<unknown>): { message: string; code: string; crashed: boolean } {
  if (outcome.ok) throw new Error('expected a failure');
  return { message: outcome.error.message, code: outcome.error.code, crashed: outcome.crashed };
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a pool of processes', () => {
  it('gives each job its result, from other processes, typed arrays included', async () => {
    const pool = poolWith(2);
    const squares = await Promise.all([1, 2, 3, 4, 5].map((x) => pool.run({ do: 'square', x })));
    expect(squares.map((one) => (valueIn(one) as { value: number }).value)).toEqual([1, 4, 9, 16, 25]);
    const pids = await Promise.all([1, 2, 3].map(() => pool.run({ do: 'pid' })));
    const different = new Set(pids.map(valueIn));
    expect(different.has(process.pid)).toBe(false);
    expect(different.size).toBeLessThanOrEqual(2);
    // A view into the middle of a buffer arrives as its own numbers.
    const values = new Float32Array([9, 1.5, -2, Infinity, 9]).subarray(1, 4);
    expect(valueIn(await pool.run({ do: 'double', values }))).toEqual(new Float32Array([3, -4, Infinity]));
    const network = valueIn(await pool.run({ do: 'network', n: 8 })) as { value: Float32Array };
    expect(network.value).toEqual(new Float32Array(64).fill(8));
    await pool.close();
  });

  it('passes progress on, and errors are results that leave the process alone', async () => {
    const pool = poolWith(1);
    const seen: number[] = [];
    const pid = valueIn(await pool.run({ do: 'pid' }));
    await pool.run({ do: 'work', steps: 4 }, (message) => seen.push(message));
    expect(seen).toEqual([0.25, 0.5, 0.75, 1]);
    expect(failureIn(await pool.run({ do: 'refuse' }))).toEqual({
      code: 'invalid-argument',
      message: 'invalid width: 0; expected an integer >= 1',
      crashed: false,
    });
    expect(failureIn(await pool.run({ do: 'unsendable' })).message).toMatch(/could not be cloned/);
    const unsendable = await pool.run({ do: 'square', x: (() => 1) as never });
    expect(failureIn(unsendable).message).toMatch(/cannot be sent/);
    await pool.run({ do: 'print' });
    expect(valueIn(await pool.run({ do: 'pid' }))).toBe(pid);
    await pool.close();
  });

  it.each([
    [{ do: 'signal', signal: 'SIGSEGV' }, /a crash in native code \(SIGSEGV\)/],
    [{ do: 'abort' }, /a crash in native code \(SIGABRT\)/],
    [{ do: 'signal', signal: 'SIGKILL' }, /SIGKILL.*memory/],
    [{ do: 'signal', signal: 'SIGTERM' }, /ended by SIGTERM/],
    [{ do: 'exit' }, /exit code 3/],
    [{ do: 'reject-later' }, /exit code 1/],
  ] as const)('outlives %j, says so, and replaces the process', async (job, message) => {
    const pool = poolWith(2);
    const [lost, neighbour] = await Promise.all([pool.run(job), pool.run({ do: 'sleep', milliseconds: 50 })]);
    expect(failureIn(lost).message).toMatch(message);
    expect(failureIn(lost).crashed).toBe(true);
    expect(neighbour.ok).toBe(true);
    const after = await Promise.all([1, 2, 3].map((x) => pool.run({ do: 'square', x })));
    expect(after.every(({ ok }) => ok)).toBe(true);
    await pool.close();
  });

  it('outlives a job that takes all memory', async () => {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = '--max-old-space-size=60';
    try {
      const pool = poolWith(1);
      const lost = failureIn(await pool.run({ do: 'eat' }));
      expect(lost).toMatchObject({ crashed: true, message: expect.stringMatching(/out of memory/) });
      expect((await pool.run({ do: 'square', x: 2 })).ok).toBe(true);
      await pool.close();
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    }
  });

  it('stops a job without a sign of life, not one that is slow but says so', async () => {
    const pool = poolWith(2, 2);
    const [hanging, slow] = await Promise.all([
      pool.run({ do: 'hang' }),
      pool.run({ do: 'slow', milliseconds: 900, steps: 4 }),
    ]);
    expect(failureIn(hanging)).toMatchObject({
      crashed: true,
      message: expect.stringMatching(/no sign of life for 2 s/),
    });
    expect(valueIn(slow)).toBe(4);
    expect((await pool.run({ do: 'square', x: 2 })).ok).toBe(true);
    await pool.close();
  });

  it('closing now: jobs break off, or are killed', async () => {
    const pool = poolWith(2);
    const jobs = [pool.run({ do: 'wait' }), pool.run({ do: 'stubborn' }), pool.run({ do: 'square', x: 1 })];
    await new Promise((resolve) => setTimeout(resolve, 800));
    await pool.close(true);
    const [wait, stubborn, waiting] = await Promise.all(jobs);
    expect(valueIn(wait!)).toMatchObject({ value: 1 });
    expect(failureIn(stubborn!).code).toBe('interrupted');
    expect(failureIn(waiting!).code).toBe('interrupted');
  });

  it.each(['stubborn', 'hang'])('ends with its parent, even when that is killed (%s)', async (kind) => {
    const parent = spawn(process.execPath, [`${import.meta.dirname}/jobs/parent.ts`, kind], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(line.toString());
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isAlive(child)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(child), { timeout: 10_000, interval: 50 }).toBe(false);
  });

  it.each([0, -1, Number.NaN])('refuses a patience of %d', (patience) => {
    expect(() => createProcessPool(module, 1, patience)).toThrow(/invalid patience/);
  });
});
