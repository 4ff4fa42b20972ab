import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isGone, newOwner } from '../../src/study/owner.ts';

describe('owners', () => {
  const name = (host: string, pid: number, started: number) =>
    [encodeURIComponent(host), pid, started, 'x'].join('/');

  it('are different every time, and alive', () => {
    const names = Array.from({ length: 10 }, newOwner);
    expect(new Set(names).size).toBe(10);
    expect(names.some(isGone)).toBe(false);
  });

  it('are gone when their process has ended', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(isGone(name(hostname(), pid, 1))).toBe(true);
  });

  it('are gone when this process has taken their number', () => {
    expect(isGone(name(hostname(), process.pid, 1))).toBe(true);
  });

  it('are not known to be gone when they live elsewhere, or where nobody can tell', () => {
    expect(isGone(name(`${hostname()}-other`, 2 ** 30, 1))).toBe(false);
    expect(isGone(name(hostname(), 1, 1))).toBe(false); // runs, or is not ours to ask
    for (const odd of ['', 'x', 'a/b/c/d', name(hostname(), -1, 1), name(hostname(), 0, 1)])
      expect(isGone(odd)).toBe(false);
  });
});
