import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditResult, auditSchema } from '../../src/audit/index.ts';
import { fileOf, floats, node, port } from '../graph/handmade.ts';
import { robustlaw } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-audit-'));
  // Class 1 where 3 a + 4 b > 0: the boundary is at |3 a + 4 b| / 7 in linf.
  writeFileSync(
    join(folder, 'plane.onnx'),
    fileOf({
      inputs: [port('x', ['n', 2])],
      initializers: [floats('w', [2, 2], [0, 3, 0, 4])],
      nodes: [node('MatMul', 'x w', 'y')],
    }),
  );
  // Distances 1, 0.05, 1, 0.157 in linf; the last row is wrong.
  writeFileSync(
    join(folder, 'points.csv'),
    'a,b,label\n1,1,1\n0.05,0.05,1\n-1,-1,0\n-0.1,-0.2,0\n0.2,0.2,0\n',
  );
  writeFileSync(join(folder, 'far.csv'), 'a,b,label\n1,1,7\n');
  writeFileSync(join(folder, 'none.csv'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) =>
  robustlaw(['audit', 'plane.onnx', '--bound-seconds', '1', ...args], folder);

describe('robustlaw audit', () => {
  it('finds what is true of a linear model, holds requirements against it, and resumes', async () => {
    const asked = ['--data', 'points.csv', '--radius', 'linf:0.1', '--audits', 'kept', '--json'];
    const met = [
      'robust-accuracy(linf, 0.1) >= 0.6',
      'certified-accuracy(linf, 0.1) >= 0.6',
      'accuracy >= 0.8',
    ];
    const first = await run(...asked, ...met.flatMap((text) => ['--require', text]));
    expect(first.stderr).not.toMatch(/defect/);
    expect(first.code).toBe(0);
    const result: AuditResult = auditSchema.parse(JSON.parse(first.stdout));
    expect(result.requirements.map((one) => one.met)).toEqual([true, true, true]);
    expect(result.accuracy).toMatchObject({ status: 'done', value: { all: { points: 5, correct: 4 } } });
    const [{ result: linf }] = result.robustness as [AuditResult['robustness'][number]];
    if (!('value' in linf)) throw new Error(JSON.stringify(linf));
    for (const { row, correct, found, certified } of linf.value.points) {
      const truth = [1, 0.05, 1, 1.1 / 7, 0][row]!;
      expect(correct).toBe(row !== 4);
      if (!correct) continue;
      expect(found!.distance).toBeGreaterThanOrEqual(truth * (1 - 1e-6));
      expect(found!.distance).toBeLessThan(truth * 1.01);
      // Points are audited as float32.
      expect(certified.radius).toBeLessThanOrEqual(truth * (1 + 1e-6));
      expect(certified.radius).toBeGreaterThan(truth * 0.98);
    }
    const [name] = readdirSync(join(folder, 'kept'));
    const page = readFileSync(join(folder, 'kept', name!, 'audit.html'), 'utf8');
    expect(page).toContain('plane.onnx');
    expect(existsSync(join(folder, 'kept', name!, 'examples-linf.npy'))).toBe(true);

    // The steps are recorded: only the gate is new.
    const second = await run(...asked, '--require', 'robust-accuracy(linf, 0.1) >= 0.8');
    expect(second.code).toBe(1);
    expect(readdirSync(join(folder, 'kept'))).toEqual([name]);
    expect(JSON.parse(second.stdout).robustness).toEqual(result.robustness);
  }, 120_000);

  it('reports a model that hangs the runtime as failed measurements, with exit code 1', async () => {
    // Hundreds of products of 2000 x 2000: seconds of native code in which nobody can ask whether to stop.
    const [width, depth] = [2000, 600];
    const zeros = (...shape: [number, number]) => new Array(shape[0] * shape[1]).fill(0);
    const chain = Array.from({ length: depth }, (_, i) => node('MatMul', `h${i} k`, `h${i + 1}`));
    const file = fileOf({
      inputs: [port('x', ['n', 2])],
      initializers: [
        floats('e', [2, width], zeros(2, width)),
        floats('k', [width, width], zeros(width, width)),
        floats('r', [width, 2], zeros(width, 2)),
      ],
      nodes: [node('MatMul', 'x e', 'h0'), ...chain, node('MatMul', `h${depth} r`, 'y')],
    });
    writeFileSync(join(folder, 'slow.onnx'), file);
    const { code, stdout, stderr } = await robustlaw(
      ['audit', 'slow.onnx', '--data', 'points.csv', '--patience', '0.5', '--audits', 'slow', '--json'],
      folder,
    );
    expect(stderr).not.toMatch(/defect/);
    expect(code).toBe(1);
    const result: AuditResult = auditSchema.parse(JSON.parse(stdout));
    const hang = { status: 'failed', reason: expect.stringMatching(/no sign of life for 0.5 s/) };
    expect(result.accuracy).toMatchObject(hang);
    for (const { result: one } of result.robustness) expect(one).toMatchObject(hang);
    for (const one of [result.lipschitz, result.memorization, result.law]) expect(one.status).toBe('skipped');
    const [name] = readdirSync(join(folder, 'slow'));
    expect(readFileSync(join(folder, 'slow', name!, 'audit.html'), 'utf8')).toContain('no sign of life');
  }, 60_000);

  it.each([
    [['--data', 'far.csv'], /label of row 0 .*: 7; expected a class in \[0, 1\]/],
    [['--data', 'none.csv'], /none.csv: is empty/],
    [['--data', 'missing.csv'], /missing.csv: no such file/],
    [['--data', 'optical-digits'], /points of shape \[8, 8\], the model "plane.onnx" takes \[2\]/],
    [['--data', 'points.csv', '--rows', '9:'], /some of its 5 rows/],
    [['--data', 'points.csv', '--radius', 'linf'], /expected a norm and radii/],
    [
      ['--data', 'points.csv', '--require', 'robust-acuracy(linf, 0.1) >= 1'],
      /did you mean "robust-accuracy"/,
    ],
    [['--data', 'points.csv', '--noise', '0.1', '--flip-probability', '0.1'], /one of the two/],
    [[], /required option '--data <path>'/],
  ])('refuses %j with exit code 2 and nothing written', async (args, message) => {
    const { code, stderr } = await run(...args, '--audits', 'refused');
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});
