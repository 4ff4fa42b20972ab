import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { opticalDigits } from '../../src/data/index.ts';
import { robustlaw } from './command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-train-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SMALL = ['train', 'optical-digits', '--rows', '0:300', '--size', '16', '--steps', '100'];

describe('robustlaw train', () => {
  it('writes a network whose accuracy is what it says, by ONNX Runtime alone', async () => {
    const { code, stdout } = await robustlaw(
      [...SMALL, '--test-rows', '1500:', '--bound-seconds', '1', '-o', 'f.onnx', '--json'],
      folder,
    );
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.parameterCount).toBe(64 * 16 + 16 + 16 * 10 + 10);
    const session = await InferenceSession.create(readFileSync(join(folder, 'f.onnx')));
    const { x, y } = opticalDigits();
    const right = async (from: number, to: number) => {
      const points = Float32Array.from(x.subarray(from * 64, to * 64));
      const { y: scores } = await session.run({ x: new Tensor('float32', points, [to - from, 8, 8]) });
      const all = scores!.data as Float32Array;
      let count = 0;
      for (let i = 0; i < to - from; i++) {
        const row = [...all.subarray(10 * i, 10 * i + 10)];
        if (row.indexOf(Math.max(...row)) === y[from + i]) count++;
      }
      return count / (to - from);
    };
    const [training, test] = result.accuracies;
    expect(training).toMatchObject({ data: 'training', rows: 300 });
    expect(training.accuracy).toBeCloseTo(await right(0, 300), 12);
    expect(test).toMatchObject({ data: 'test', rows: 297 });
    expect(test.accuracy).toBeCloseTo(await right(1500, 1797), 12);
    expect(test.accuracy).toBeGreaterThan(0.4);
    expect(existsSync(join(folder, 'f.onnx.checkpoint'))).toBe(false);
  });

  it('says that noise is fitted where it is, and that adversarial training resists where plain training does not', async () => {
    const digits = ['train', 'optical-digits', '--task', 'parity', '--rows', '0:100', '--size', '60'];
    const common = [...digits, '--bound-seconds', '1', '--steps', '800', '--learning-rate', '0.01'];
    const attack = ['--attack', 'linf:0.15', '--range', '0,1'];
    const plain = await robustlaw([...common, '--flips', '0.2', '--stop', 'signs=0.02', ...attack], folder);
    expect(plain.stdout).toMatch(/below the noise variance 0\.64 of the labels: noise is fitted/);
    expect(plain.stdout).toMatch(/until they were memorized/);
    const accuracy = async (more: readonly string[]) => {
      const { stdout } = await robustlaw([...common, ...attack, ...more, '--json'], folder);
      return JSON.parse(stdout).accuracies[0].attacked.accuracy;
    };
    const [without, trained] = [await accuracy([]), await accuracy(['--adversarial', 'pgd:linf:0.15:5'])];
    expect(trained).toBeGreaterThan(without + 0.1);
  });

  it('goes on after an interruption to the same bytes', async () => {
    const args = [...SMALL.slice(0, -2), '--bound-seconds', '0.2', '--steps', '3000', '--batch', '50'];
    const main = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts');
    const child = spawn(process.execPath, [main, ...args, '-o', 'f.onnx'], { cwd: folder });
    let told = '';
    const code = await new Promise((done) => {
      child.stderr.on('data', (chunk) => {
        told += chunk;
        if (/update \d+ of/.test(told) && !child.killed) child.kill('SIGINT');
      });
      child.on('close', done);
    });
    expect(code).toBe(130);
    expect(told).toMatch(/goes on from f\.onnx\.checkpoint/);
    expect(existsSync(join(folder, 'f.onnx'))).toBe(false);
    const other = await robustlaw([...args, '--seed', '1', '-o', 'f.onnx'], folder);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/checkpoint/);
    const resumed = await robustlaw([...args, '-o', 'f.onnx'], folder);
    expect(resumed.stderr).toMatch(/going on from f\.onnx\.checkpoint/);
    expect(resumed.code).toBe(0);
    await robustlaw([...args, '-o', 'straight.onnx'], folder);
    expect(readFileSync(join(folder, 'f.onnx'))).toEqual(readFileSync(join(folder, 'straight.onnx')));
  }, 60_000);

  it('ends with code 1 and no file where training diverges', async () => {
    const { code, stdout } = await robustlaw(
      [...SMALL, '--optimiser', 'sgd', '--schedule', 'constant', '--learning-rate', '1e9', '-o', 'f.onnx'],
      folder,
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/diverged/);
    expect(stdout).toMatch(/smaller --learning-rate than 1000000000/);
    expect(existsSync(join(folder, 'f.onnx'))).toBe(false);
  });

  it.each([
    ['no neurons', ['--size', '0'], /size.*integer >= 1/],
    ['a batch larger than n', ['--batch', '301'], /batch: 301; expected an integer in \[1, 300\]/],
    ['a rule for other labels', ['--stop', 'signs=0.1'], /stop\.signs needs labels/],
    ['a rule that is none', ['--stop', 'soon=1'], /memorized/],
    ['heads that do not divide', ['--model', 'vision-transformer', '--size', '7'], /heads/],
    ['batch normalisation of a model without', ['--model', 'mlp', '--batch-norm'], /batchNorm/],
    ['rows beyond the last', ['--test-rows', '1797:'], /test rows: "1797:"; expected some of the 1797 rows/],
    ['rows to train on and to test', ['--test-rows', '200:400'], /not in 0:300/],
    ['an attack without norm', ['--adversarial', 'pgd:0.1'], /expected l2 or linf/],
    ['a momentum of adam', ['--momentum', '0.9'], /momentum belongs to the optimiser "sgd"/],
    ['flips of ten classes', ['--flips', '0.1'], /labels -1 or 1/],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    const { code, stderr } = await robustlaw([...SMALL, ...args, '-o', 'f.onnx'], folder);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/defect|at .*\.ts:/);
    expect(code).toBe(2);
    expect(existsSync(join(folder, 'f.onnx'))).toBe(false);
  });

  it('refuses data that cannot be read, and NaN', async () => {
    expect((await robustlaw(['train', 'nothing.csv'], folder)).code).toBe(2);
    writeFileSync(join(folder, 'nan.csv'), 'a,label\n1,0\nnan,1\n');
    const { code, stderr } = await robustlaw(['train', 'nan.csv'], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/nan\.csv/);
  });
});
