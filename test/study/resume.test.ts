// The promise of a run: whatever is killed and when, nothing reported is lost and nothing is run twice.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const STUDY = `
name: resumed
title: Resumed
seed: 5
data: { sphere: { distribution: sphere, n: [60, 40], d: [40, 30], labels: { signal: zero, noise: signs } } }
families:
  projected: { memorizer: projected-rbf, sizes: [1, 5, 10, 20, d] }
  smoothest: { memorizer: mcshane }
  network: { train: { model: two-layer }, sizes: [10], training: { steps: 300, learningRate: 0.01, stop: { memorized: 0.1 } } }
  linear: { memorizer: caps }
trials: [{ data: [sphere], families: [projected, smoothest, network, linear], seeds: 3 }]
`;
const TRIALS = 2 * 3 * (5 + 1 + 1 + 1);

interface Row {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly measurements: string | null;
  readonly error_message: string | null;
  readonly seconds: number;
}

describe('a run that is interrupted', () => {
  let directory: string;
  let reference: readonly Row[];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'robustlaw-'));
    writeFileSync(join(directory, 'study.yaml'), STUDY);
    const { code, stderr } = await ended(start('uninterrupted'));
    expect(code, stderr).toBe(0);
    reference = rows('uninterrupted');
  }, 120_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  /** `robustlaw study run` in its own process, in its own directory of runs. */
  function start(runs: string, ...options: string[]): ChildProcess {
    const file = join(directory, 'study.yaml');
    const args = [
      'study',
      'run',
      file,
      '--runs',
      join(directory, runs),
      '--workers',
      '2',
      '--no-report',
      ...options,
    ];
    return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function ended(child: ChildProcess) {
    let [stdout, stderr] = ['', ''];
    child.stdout!.on('data', (chunk) => (stdout += chunk));
    child.stderr!.on('data', (chunk) => (stderr += chunk));
    const [code, signal] = await once(child, 'close');
    return { code, signal, stdout, stderr };
  }

  function rows(runs: string): readonly Row[] {
    const [name] = existsSync(join(directory, runs)) ? readdirSync(join(directory, runs)) : [];
    const path = join(directory, runs, name ?? '', 'study.sqlite');
    if (name === undefined || !existsSync(path)) return [];
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return database.prepare('SELECT * FROM trial ORDER BY position').all() as unknown as Row[];
    } catch {
      return []; // before its tables are made
    } finally {
      database.close();
    }
  }

  const settled = (all: readonly Row[]) => all.filter(({ state }) => state === 'done' || state === 'failed');

  /** Waits until `count` trials are reported. */
  async function reported(runs: string, count: number): Promise<void> {
    while (settled(rows(runs)).length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  function expectSameResults(runs: string): void {
    const strip = ({ id, state, measurements, error_message }: Row) => ({
      id,
      state,
      measurements,
      error_message,
    });
    expect(rows(runs).map(strip)).toEqual(reference.map(strip));
  }

  it('has run every trial once when it was not interrupted', () => {
    expect(reference).toHaveLength(TRIALS);
    expect(reference.every(({ state, attempts }) => state === 'done' && attempts === 1)).toBe(true);
  });

  it('loses nothing and repeats nothing when it is killed three times, and ends with the same bits', async () => {
    for (const count of [1, 12, 30]) {
      const child = start('killed');
      const end = ended(child);
      await reported('killed', count);
      child.kill('SIGKILL');
      expect((await end).signal).toBe('SIGKILL');
      const before = settled(rows('killed'));
      expect(before.length).toBeGreaterThanOrEqual(count);
      // Whatever was reported has been run to its end once, however often the process died.
      expect(before.length).toBeLessThan(TRIALS);
    }
    const before = settled(rows('killed'));
    const { code, stderr } = await ended(start('killed'));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`${before.length} trials are stored`);
    const after = new Map(rows('killed').map((row) => [row.id, row]));
    // Seconds differ from run to run: the same ones prove that a reported trial was not run again.
    for (const row of before) expect(after.get(row.id)).toEqual(row);
    for (const row of after.values()) expect(row.attempts).toBeLessThanOrEqual(4);
    expectSameResults('killed');
  });

  it('ends with code 130 on SIGINT, keeps what was reported, and goes on from there', async () => {
    const child = start('stopped');
    const end = ended(child);
    await reported('stopped', 5);
    child.kill('SIGINT');
    const { code, stderr, stdout } = await end;
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted after \d+ of 48 trials.*run the same command again/);
    expect(stdout).toBe('');
    const before = rows('stopped');
    expect(before.filter(({ state }) => state === 'running')).toEqual([]);
    expect((await ended(start('stopped'))).code).toBe(0);
    const after = rows('stopped');
    for (const row of settled(before)) expect(after.find(({ id }) => id === row.id)).toEqual(row);
    expectSameResults('stopped');
  });

  it('can be shared by two processes: every trial is run once', async () => {
    const [one, two] = await Promise.all([ended(start('shared')), ended(start('shared'))]);
    expect([one.code, two.code], one.stderr + two.stderr).toEqual([0, 0]);
    expect(rows('shared').every(({ attempts }) => attempts === 1)).toBe(true);
    expectSameResults('shared');
    expect(one.stdout).toBe(two.stdout);
  });

  it('runs nothing when all is stored', async () => {
    const { code, stderr } = await ended(start('uninterrupted'));
    expect(code).toBe(0);
    expect(stderr).toMatch(/all 48 trials .* are stored; nothing is left to run/);
    expect(rows('uninterrupted')).toEqual(reference);
  });
});
