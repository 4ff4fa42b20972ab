import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  attr,
  CODE,
  fileOf,
  floats,
  graphOf,
  ints,
  node,
  type Parts,
  port,
  raw,
  typed,
} from '../graph/handmade.ts';
import { robustlaw } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'robustlaw-lipschitz-'));
  // f(x) = relu(3 a + 4 b) - relu(-(3 a + 4 b)) = 3 a + 4 b: constants 4 (l1), 5 (l2), 7 (linf).
  writeFileSync(
    join(folder, 'line.onnx'),
    fileOf({
      inputs: [port('x', ['n', 2])],
      initializers: [floats('w', [2, 2], [3, -3, 4, -4]), floats('v', [2, 1], [1, -1])],
      nodes: [node('MatMul', 'x w', 'h'), node('Relu', 'h', 'r'), node('MatMul', 'r v', 'y')],
    }),
  );
  writeFileSync(join(folder, 'points.csv'), 'a,b,label\n0,0,0\n0.3,0.4,1\n1,1,0\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => robustlaw(['lipschitz', ...args], folder);

describe('robustlaw lipschitz', () => {
  it('gives the constants of a function known in closed form, with witnesses that attain them', async () => {
    const { code, stdout } = await run('line.onnx', '--data', 'points.csv', '--time-limit', '10', '--json');
    expect(code).toBe(0);
    const { measurements, parameterCount, features } = JSON.parse(stdout);
    expect([parameterCount, features]).toEqual([6, 2]);
    expect(measurements.map((m: { norm: string }) => m.norm)).toEqual(['l1', 'l2', 'linf']);
    for (const [i, truth] of [4, 5, 7].entries()) {
      const { upper, lower } = measurements[i];
      expect(upper.kind).toBe('exact');
      expect(upper.value).toBeCloseTo(truth, 8);
      // The witness, evaluated by hand.
      const { a, b } = lower.witness;
      const [da, db] = [a[0] - b[0], a[1] - b[1]];
      const distance = [
        Math.abs(da) + Math.abs(db),
        Math.hypot(da, db),
        Math.max(Math.abs(da), Math.abs(db)),
      ][i]!;
      expect(Math.abs(3 * da + 4 * db) / distance).toBeCloseTo(truth, 6);
    }
  });

  it('says the verdict in a sentence, then the table and the bars; messages go to stderr', async () => {
    const { code, stdout, stderr } = await run('line.onnx', '--norm', 'l2', '--box', '-1,1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Box, ℓ₂: the Lipschitz constant is 5\.00000/);
    expect(stdout).toMatch(/interval Jacobian +≤ certified/);
    expect(stdout).toMatch(/[●┃]/);
    expect(stderr).toMatch(/l2: .*: ≤/);
  });

  it('is reproducible, and writes a page and a picture', async () => {
    const args = ['line.onnx', '--norm', 'l2', '--ball', '0.1', '--row', '0,2', '--data', 'points.csv'];
    const [first, second] = [
      await run(...args, '--json', '--report', 'page.html', '--svg', 'bars.svg'),
      await run(...args, '--json'),
    ];
    const timeless = (text: string) => text.replace(/"seconds": [^,\n]+/g, '');
    expect(timeless(first.stdout)).toBe(timeless(second.stdout));
    const { measurements } = JSON.parse(first.stdout);
    expect(measurements.map((m: { domain: { centre: number[] } }) => m.domain.centre)).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*<svg/);
    expect(readFileSync(join(folder, 'bars.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('certifies radii around the data from the constants of margins', async () => {
    // f = (a, -a): the margin is 2a, its constant 2 in l2, and the radius around (a, b) is |a|.
    writeFileSync(
      join(folder, 'sides.onnx'),
      fileOf({
        inputs: [port('x', ['n', 2])],
        initializers: [floats('w', [2, 2], [1, -1, 0, 0])],
        nodes: [node('MatMul', 'x w', 'y')],
      }),
    );
    writeFileSync(join(folder, 'sides.csv'), 'a,b,label\n0.5,9,0\n-2,1,1\n3,0,0\n');
    const args = ['sides.onnx', '--norm', 'l2', '--data', 'sides.csv', '--margins'];
    const { margins } = JSON.parse((await run(...args, '--json')).stdout);
    expect(margins[0].constants).toHaveLength(1);
    expect(margins[0].constants[0].bound.value).toBeCloseTo(2, 9);
    expect(margins[0].radii.map((r: { prediction: number }) => r.prediction)).toEqual([0, 1, 0]);
    for (const [i, truth] of [0.5, 2, 3].entries()) expect(margins[0].radii[i].radius).toBeCloseTo(truth, 9);
    expect((await run(...args)).stdout).toMatch(/Around half of the 3 rows .* smaller than 1\.999/);
  });

  it('prints CLEVER apart from the bounds', async () => {
    const { stdout } = await run(
      'line.onnx',
      '--norm',
      'l2',
      '--ball',
      '1',
      '--data',
      'points.csv',
      '--clever',
    );
    expect(stdout).toMatch(/estimate, which proves nothing: .*CLEVER.* 5/);
  });

  it.each<[string, string[], RegExp]>([
    ['a ball without data', ['line.onnx', '--ball', '1'], /--data/],
    [
      'a ball and a box',
      ['line.onnx', '--ball', '1', '--box', '0,1', '--data', 'points.csv'],
      /one of the two/,
    ],
    ['a row that is not there', ['line.onnx', '--ball', '1', '--row', '3', '--data', 'points.csv'], /0 to 2/],
    ['a box the wrong way round', ['line.onnx', '--box', '1,0'], /low <= high/],
    ['a norm nobody knows', ['line.onnx', '--norm', 'l3'], /l1, l2 or linf/],
    ['a file that is not there', ['nothing.onnx'], /cannot open "nothing\.onnx"/],
    ['data of another width', ['line.onnx', '--data', 'wide.csv'], /rows of 3 features.*rows of 2/],
    ['CLEVER on the whole space', ['line.onnx', '--clever'], /--ball/],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    writeFileSync(join(folder, 'wide.csv'), 'a,b,c,label\n0,0,0,1\n1,1,1,0\n');
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  const x = port('x', ['n', 2]);
  const branch = graphOf({ nodes: [node('Relu', 'x', 'out')], outputs: [port('out', ['n', 2])] });
  it.each<[string, Parts, RegExp]>([
    [
      'several inputs',
      { inputs: [x, port('z', ['n', 2])], nodes: [node('Add', 'x z', 'y')] },
      /2 inputs \(x, z\).*one input/,
    ],
    [
      'axes that are dynamic beside the batch',
      { inputs: [port('x', ['n', 'm'])], nodes: [node('Relu', 'x', 'y')] },
      /"x".*"m"/,
    ],
    [
      'integer weights',
      { inputs: [x], initializers: [ints('w', [1, 2])], nodes: [node('MatMul', 'x w', 'y')] },
      /MatMul/,
    ],
    [
      'weights that are NaN',
      {
        inputs: [x],
        initializers: [floats('w', [2, 1], [1, Number.NaN])],
        nodes: [node('MatMul', 'x w', 'y')],
      },
      /weight "w": NaN/,
    ],
    [
      'control flow',
      {
        inputs: [x, port('c', [], CODE.BOOL)],
        nodes: [
          node(
            'If',
            'c',
            'y',
            { then_branch: attr.graph(branch), else_branch: attr.graph(branch) },
            { name: 'fork' },
          ),
        ],
      },
      /"fork" \(If\)/,
    ],
    [
      'an operator it does not know',
      { inputs: [x], nodes: [node('TopK', 'x x', 'y', {}, { name: 'culprit' })] },
      /node "culprit" \(TopK\)/,
    ],
  ])('names what is in the way of a model with %s', async (_, parts, message) => {
    writeFileSync(join(folder, 'bad.onnx'), fileOf(parts));
    const { code, stdout, stderr } = await run('bad.onnx', '--time-limit', '5');
    expect([code, stdout], stderr).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('takes half-precision weights as float32, exactly', async () => {
    // 1.5 and -2 in half precision.
    const half = raw('w', CODE.FLOAT16, [2, 1], Uint16Array.of(0x3e00, 0xc000));
    writeFileSync(
      join(folder, 'half.onnx'),
      fileOf({
        inputs: [port('x', ['n', 2], CODE.FLOAT16)],
        initializers: [half],
        nodes: [node('MatMul', 'x w', 'y')],
        outputs: [port('y', ['n', 1], CODE.FLOAT16)],
      }),
    );
    const { stdout, stderr } = await run('half.onnx', '--norm', 'l2', '--json');
    expect(JSON.parse(stdout).measurements[0].upper.value).toBeCloseTo(2.5, 9);
    expect(stderr).toMatch(/float16/);
  });

  it('bounds exp on a box, and says that its slopes have no bound elsewhere', async () => {
    writeFileSync(join(folder, 'exp.onnx'), fileOf({ inputs: [x], nodes: [node('Exp', 'x', 'y')] }));
    const everywhere = JSON.parse(
      (await run('exp.onnx', '--norm', 'l2', '--json', '--time-limit', '2')).stdout,
    );
    expect(everywhere.measurements[0].upper).toBeUndefined();
    expect(JSON.stringify(everywhere.measurements[0].answers)).toMatch(/slopes of Exp are not bounded/);
    const local = JSON.parse(
      (await run('exp.onnx', '--norm', 'l2', '--json', '--box', '-1,0', '--time-limit', '2')).stdout,
    );
    expect(local.measurements[0].upper.value).toBeCloseTo(1, 6);
  });

  it('warns of a softmax at the end', async () => {
    const file = fileOf({ inputs: [x], nodes: [node('Softmax', 'x', 'y', { axis: attr.int(1) })] });
    writeFileSync(join(folder, 'softmax.onnx'), file);
    const { stdout, stderr } = await run('softmax.onnx', '--norm', 'l2', '--json', '--time-limit', '2');
    expect(stderr).toMatch(/ends in a softmax/);
    // The Jacobian diag(p) - p p^T has norm 1/2 at p = (1/2, 1/2).
    const { upper, lower } = JSON.parse(stdout).measurements[0];
    expect(upper.value).toBeCloseTo(0.5, 9);
    expect(lower.value).toBeCloseTo(0.5, 4);
  });

  it('says which part of a model it can bound', async () => {
    const square = fileOf({
      inputs: [x],
      initializers: [typed('w', CODE.FLOAT, [2, 2], [3, 0, 0, 4])],
      nodes: [node('MatMul', 'x w', 'h'), node('Mul', 'h h', 'y')],
    });
    writeFileSync(join(folder, 'square.onnx'), square);
    const { stdout } = await run('square.onnx', '--norm', 'l2', '--json', '--time-limit', '5');
    const { upper, answers } = JSON.parse(stdout).measurements[0];
    expect(upper).toBeUndefined();
    expect(answers[0].note).toMatch(/Mul.*4\b/s);
    // |d/dx (3x)^2| = 18 |x| and 32 |x| on [-1, 1].
    const local = JSON.parse((await run('square.onnx', '--norm', 'l2', '--json', '--box', '-1,1')).stdout);
    expect(local.measurements[0].upper.value).toBeGreaterThanOrEqual(32);
    expect(local.measurements[0].lower.value).toBeCloseTo(32, 3);
  });
});
