// What the tests of this folder share: temporary files, captured errors, sample moments, and NumPy where it is installed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';

/** A folder that is removed when the tests of the file are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'robustlaw-data-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file and returns its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The RobustlawError that `action` throws; fails when it throws nothing or anything else. */
export function errorOf(action: () => unknown): RobustlawError {
  try {
    action();
  } catch (error) {
    if (error instanceof RobustlawError) return error;
    throw error;
  }
  throw new Error('expected a RobustlawError; nothing was thrown');
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Mean and its standard error. */
export function meanWithError(values: ArrayLike<number>): { mean: number; error: number } {
  const centre = mean(values);
  const variance = mean(Array.from(values, (value) => (value - centre) ** 2));
  return { mean: centre, error: Math.sqrt(variance / values.length) };
}

/** <v, x_i> for all rows. */
export function project(x: ArrayLike<number>, d: number, v: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: x.length / d }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += x[i * d + k]! * v[k]!;
    return sum;
  });
}

/** A Python that has NumPy, where there is one. */
export const python = ['python3', '/usr/bin/python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

export function runPython(script: string, ...args: string[]): string {
  return execFileSync(python!, ['-c', script, ...args], { encoding: 'utf8' });
}

/** The RobustlawError that a promise is rejected with; fails when it is not, or with anything else. */
export async function asyncErrorOf(action: () => Promise<unknown>): Promise<RobustlawError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof RobustlawError) return error;
    throw error;
  }
  throw new Error('expected a RobustlawError; nothing was thrown');
}
