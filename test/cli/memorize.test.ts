import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { robustlaw } from './command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-memorize-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const csv = (name: string, text: string) => writeFileSync(join(folder, name), text);

describe('robustlaw memorize', () => {
  it('writes a model that ONNX Runtime runs to the very labels, and the exact constant', async () => {
    csv('points.csv', 'a,b,label\n0,0,1\n3,4,-1\n-3,4,0.5\n6,0,0.25\n');
    const { code, stdout } = await robustlaw(
      ['memorize', 'points.csv', '-c', 'mcshane', '-o', 'f.onnx', '--json'],
      folder,
    );
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    // The steepest pair by hand: labels 1 and -1 at distance 5.
    expect(result.lipschitz.value).toBeCloseTo(2 / 5, 14);
    expect(result.parameterCount).toBe(4 * 3 + 1);
    const session = await InferenceSession.create(readFileSync(join(folder, 'f.onnx')));
    const x = new Tensor('float64', Float64Array.of(0, 0, 3, 4, -3, 4, 6, 0), [4, 2]);
    const { y } = await session.run({ x });
    const labels = [1, -1, 0.5, 0.25];
    for (const [i, value] of [...(y!.data as Float64Array)].entries())
      expect(value).toBeCloseTo(labels[i]!, 12);
  });

  it('keeps within the parameters asked for', async () => {
    const { stdout } = await robustlaw(
      ['memorize', 'optical-digits', '--task', 'parity', '--rows', '100', '-p', '1500', '--json'],
      folder,
    );
    const { parameterCount, data } = JSON.parse(stdout);
    expect(data.n).toBe(100);
    expect(parameterCount).toBeLessThanOrEqual(1500);
    expect(parameterCount).toBeGreaterThan(1400);
  });

  it.each([
    ['contradictory labels, naming the rows', 'a,b,label\n1,2,0\n5,6,1\n1,2,1\n', [], /rows? 0 and (row )?2/],
    ['a NaN label, naming the line', 'a,b,label\n1,2,0\n5,6,nan\n', [], /points\.csv.*(line 3|row 1)/],
    ['an empty file', '', [], /points\.csv/],
    ['a header without rows', 'a,b,label\n', [], /points\.csv/],
    ['P < n', 'a,b,label\n1,2,0\n5,6,1\n7,6,1\n', ['-p', '2'], /at least 2n \+ 1 = 7/],
    ['a size the construction has not', 'a,b,label\n1,2,0\n5,6,1\n', ['-c', 'mcshane', '-s', '2'], /--size/],
    ['a projection beyond d', 'a,b,label\n1,2,0\n5,6,1\n', ['-s', '3'], /3/],
  ])('refuses %s, with exit code 2 and nothing written', async (_, text, args, message) => {
    csv('points.csv', text);
    const { code, stdout, stderr } = await robustlaw(
      ['memorize', 'points.csv', '-o', 'f.onnx', ...args],
      folder,
    );
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(readdirSync(folder)).toEqual(['points.csv']);
  });

  it('refuses an output folder that is not there, with exit code 2', async () => {
    const { code, stderr } = await robustlaw(
      ['memorize', 'optical-digits', '--task', 'parity', '--rows', '20', '-o', 'no/such/f.onnx'],
      folder,
    );
    expect(code).toBe(2);
    expect(stderr).toContain('no/such');
  });
});
