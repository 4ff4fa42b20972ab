// Audits from end to end: against linear models, whose robust accuracy is known, against themselves, and against failures.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distance } from '../../src/attacks/index.ts';
import {
  type AuditRequest,
  type AuditResult,
  audit,
  auditSchema,
  type Robustness,
} from '../../src/audit/index.ts';
import { readArray } from '../../src/data/index.ts';
import { graph, input, modelFrom, mul } from '../../src/graph/index.ts';
import type { Norm } from '../../src/guarantee/index.ts';
import { normal, rng } from '../../src/random/index.ts';
import {
  digitsModel,
  linearModel,
  normalData,
  requestFor,
  someDigits,
  timeless,
  writeModel,
} from './models.ts';

const FAILING = new URL('./jobs/failing-worker.ts', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'audit-'));
// Most of the time of a small audit is the start of its processes.
process.env.NODE_COMPILE_CACHE = join(tmpdir(), 'robustlaw-compile-cache');
afterAll(() => rmSync(folder, { recursive: true }));

let digits: string;
beforeAll(async () => {
  digits = await digitsModel(folder);
}, 60_000);

let count = 0;
async function run(request: AuditRequest, module?: URL): Promise<{ result: AuditResult; path: string }> {
  const path = join(folder, `audit-${count++}`);
  const result = await audit(
    request,
    path,
    () => {},
    () => false,
    performance.now(),
    module,
  );
  expect(JSON.parse(readFileSync(join(path, 'audit.json'), 'utf8'))).toEqual(result);
  return { result: auditSchema.parse(result), path };
}

function robustnessIn(result: AuditResult, norm: Norm): Robustness {
  const found = result.robustness.find((one) => one.norm === norm)!.result;
  if (!('value' in found)) throw new Error(`${found.status}: ${found.reason}`);
  return found.value;
}

const dual = (norm: Norm, w: Float64Array) => {
  const sizes = w.map(Math.abs);
  if (norm === 'linf') return sizes.reduce((sum, v) => sum + v, 0);
  return norm === 'l1' ? Math.max(...sizes) : Math.hypot(...sizes);
};

describe('of a linear model', () => {
  const [features, classes] = [6, 3];
  const w = normal(rng('weights'), features * classes).map(Math.fround);
  const bias = [0.1, -0.2, 0].map(Math.fround);
  const scores = (x: ArrayLike<number>) =>
    bias.map((b, k) => b + Array.from(x).reduce((sum, v, j) => sum + v * w[j * classes + k]!, 0));
  const data = normalData('linear', 40, features, (x) => {
    const s = scores(x);
    const best = s.indexOf(Math.max(...s));
    // Every seventh label is another class: those rows are wrong from the beginning.
    return [Math.abs(Math.round(x[0]! * 1000)) % 7 === 0 ? (best + 1) % classes : best];
  });
  /** The distance to the nearest wrong point; 0 for wrong ones. */
  const exact = (norm: Norm, row: number) => {
    const s = scores(data.x.subarray(row * features, (row + 1) * features));
    const y = data.y[row]!;
    const distances = s.map((score, k) => {
      const change = Float64Array.from(
        { length: features },
        (_, j) => w[j * classes + k]! - w[j * classes + y]!,
      );
      return k === y ? Infinity : (s[y]! - score) / dual(norm, change);
    });
    return Math.max(0, Math.min(...distances));
  };
  let result: AuditResult;
  // In l2 the radius 0.3 comes from a requirement.
  const norms = (['linf', 'l2', 'l1'] as const).map((norm) => ({
    norm,
    radii: norm === 'l2' ? [0.05] : [0.3, 0.05, 0.3],
  }));
  beforeAll(async () => {
    const path = writeModel(folder, 'linear', linearModel(w, features, bias));
    const requirements = ['accuracy >= 0.5', 'robust-accuracy(l2, 0.3) >= 0.99'];
    ({ result } = await run(requestFor(path, data, { norms, rows: { most: 1000 }, requirements })));
  }, 120_000);

  it.each(['linf', 'l2', 'l1'] as const)('finds the exact robust accuracy and distances in %s', (norm) => {
    const { points, ensembles, nearest, examples } = robustnessIn(result, norm);
    expect(examples).toBe(`examples-${norm}.npy`);
    expect(points.map(({ row }) => row)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(nearest).toMatchObject({ status: 'done', robustAfter: 0, notAttacked: 0 });
    for (const { row, correct, certified, found } of points) {
      const truth = exact(norm, row);
      expect(correct).toBe(truth > 0);
      expect(certified.radius).toBeLessThanOrEqual(truth);
      if (!correct) expect(found).toBeNull();
      else {
        expect(found!.distance).toBeGreaterThanOrEqual(truth * (1 - 1e-5));
        expect(found!.distance).toBeLessThanOrEqual(truth * 1.01);
        expect(certified.radius).toBeGreaterThan(truth * 0.98);
      }
    }
    expect(ensembles.map(({ radius }) => radius)).toEqual([0.05, 0.3]);
    for (const { radius, robust, certified, correct, stages, notAttacked } of ensembles) {
      const truth = points.filter(({ row }) => exact(norm, row) > radius).length;
      expect([robust, certified]).toEqual([truth, truth]);
      expect(correct).toBe(points.filter((point) => point.correct).length);
      expect(notAttacked).toBe(0);
      expect(stages.map(({ attack }) => attack)).toEqual(['APGD-CE', 'APGD-T', 'FAB-T', 'Square']);
      // Each attack sees the rows that those before it left.
      for (const [i, stage] of stages.entries()) {
        expect(stage.attacked - stage.broken).toBe(stage.robustAfter);
        if (i > 0) expect(stage.attacked).toBe(stages[i - 1]!.robustAfter);
      }
    }
  });

  it('knows its accuracy, its Lipschitz constant and what is required', () => {
    const right = Array.from({ length: 40 }, (_, row) => row).filter((row) => exact('l2', row) > 0).length;
    expect(right).toBeLessThan(40);
    expect(result.accuracy).toMatchObject({ status: 'done', value: { all: { points: 40, correct: right } } });
    const classTotals = 'value' in result.accuracy ? result.accuracy.value.classes : [];
    expect(classTotals.map(({ points }) => points)).toEqual(
      [0, 1, 2].map((k) => data.y.filter((y) => y === k).length),
    );
    const constants = 'value' in result.lipschitz ? result.lipschitz.value : [];
    const linf = constants.find(({ norm, domain }) => norm === 'linf' && domain === 'the whole space')!;
    const rowSums = [0, 1, 2].map((k) =>
      dual(
        'linf',
        w.filter((_, at) => at % classes === k),
      ),
    );
    expect(linf.upper!.value).toBeCloseTo(Math.max(...rowSums), 5);
    expect(result.requirements.map(({ met }) => met)).toEqual([true, false]);
    expect(result.memorization.status).toBe('done');
    expect(result.law).toMatchObject({ status: 'done', value: { n: 40, parameterCount: 18 } });
    expect(result.verdict.length).toBeGreaterThan(3);
  });
});

it('of a regression by tolerance: |a x - y| <= t holds up to (t - |a x0 - y|) / ||a||*', async () => {
  const features = 5;
  const w = normal(rng('slope'), features).map(Math.fround);
  const data = normalData('regression', 12, features, (x): number[] => [
    x.reduce((sum, v, j) => sum + v * w[j]!, 0) + x[0]! / 10,
  ]);
  const path = writeModel(folder, 'regression', linearModel(w, features, [0]));
  const { result } = await run(
    requestFor(path, data, {
      task: { kind: 'regression', tolerance: 0.15 },
      norms: [{ norm: 'l2', radii: [0.05] }],
    }),
  );
  const { points, ensembles } = robustnessIn(result, 'l2');
  let robust = 0;
  for (const { row, correct, found, certified } of points) {
    const x = data.x.subarray(row * features, (row + 1) * features);
    const output = Array.from(x).reduce((sum, v, j) => sum + v * w[j]!, 0);
    const error = Math.abs(output - data.y[row]!);
    const truth = Math.max(0, 0.15 - error) / dual('l2', w);
    expect(correct).toBe(truth > 0);
    if (truth > 0.05) robust++;
    if (correct) {
      expect(found!.distance / truth).toBeGreaterThan(1 - 1e-4);
      expect(found!.distance / truth).toBeLessThan(1.01);
      expect(certified.radius).toBeLessThanOrEqual(truth * (1 + 1e-6));
      expect(certified.radius).toBeGreaterThan(truth * 0.98);
    }
  }
  expect(ensembles[0]).toMatchObject({ robust, certified: robust });
  expect(result.accuracy).toMatchObject({ value: { classes: [] } });
});

describe('of a network on digits', () => {
  const settings = {
    bounds: [0, 1] as const,
    norms: [{ norm: 'linf' as const, radii: [0.1] }],
    rows: { most: 20 },
  };

  it('writes examples that are what it says, and says the same again', async () => {
    // More time than the bounds need: one that time ends is not the same twice.
    const request = requestFor(digits, someDigits(150), { ...settings, boundSeconds: 60 });
    const { result, path } = await run(request);
    const { points, ensembles, examples } = robustnessIn(result, 'linf');
    const array = readArray(join(path, examples!));
    expect(array.shape.slice(1)).toEqual([8, 8]);
    let next = 0;
    for (const { row, found, certified, correct } of points) {
      if (!found) continue;
      expect(correct).toBe(true);
      expect(found.example).toBe(next++);
      const x = Float32Array.from(request.data.x.subarray(row * 64, (row + 1) * 64));
      const changed = array.data.subarray(found.example * 64, (found.example + 1) * 64);
      expect(distance('linf', x, changed)).toBe(found.distance);
      expect(certified.radius).toBeLessThan(found.distance);
      expect(Math.min(...changed)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...changed)).toBeLessThanOrEqual(1);
    }
    expect(array.shape[0]).toBe(next);
    for (const { radius, robust, certified } of ensembles) {
      const unbroken = points.filter((p) => p.correct && !(p.found && p.found.distance <= radius));
      expect(robust).toBe(unbroken.length);
      expect(certified).toBeLessThanOrEqual(robust);
    }
    expect(result.images.length).toBeGreaterThan(0);
    expect(readdirSync(path).toSorted()).toEqual(['audit.json', 'audit.sqlite', 'examples-linf.npy']);

    // Another folder, another number of processes: the same but for the time it took.
    const again = await run({ ...request, workers: 2 });
    expect(timeless(again.result)).toEqual(timeless(result));
    expect(readFileSync(join(again.path, examples!)).equals(readFileSync(join(path, examples!)))).toBe(true);
  });

  it('is bit-identical when killed in the middle and resumed', async () => {
    const program = join(import.meta.dirname, 'jobs/audit-program.ts');
    const start = (into: string, killAt?: RegExp) => {
      const child = spawn(process.execPath, [program, digits, into], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        lines.push(...text.trim().split('\n'));
        if (killAt && lines.some((line) => killAt.test(line))) child.kill('SIGKILL');
      });
      return once(child, 'close').then(([code]) => ({ code, lines }));
    };
    const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
    expect((await start(whole)).code).toBe(0);
    const first = await start(parts, /minimum norm, linf: 1/);
    expect(first.code).not.toBe(0);
    expect(readdirSync(parts)).not.toContain('audit.json');
    expect((await start(parts)).code).toBe(0);
    const examples = (path: string) => readFileSync(join(path, 'examples-linf.npy'));
    expect(examples(parts).equals(examples(whole))).toBe(true);
    const [a, b] = [whole, parts].map((path) => JSON.parse(readFileSync(join(path, 'audit.json'), 'utf8')));
    expect(timeless(b)).toEqual(timeless(a));
  });

  it('ends in time although an attack hears nothing, and tells what there was no time for', async () => {
    const path = join(folder, 'digits-deaf.onnx');
    copyFileSync(digits, path);
    const request = requestFor(path, someDigits(400), { ...settings, rows: { most: 300 }, timeLimit: 4 });
    // Long before the patience of a minute: nothing is said against the model.
    const { result } = await run(request, FAILING);
    const measured = result.robustness[0]!.result;
    expect(measured.status).toBe('partial');
    expect(result.findings.map(({ id }) => id)).not.toContain('attack-failed');
    const { ensembles, nearest, points } = robustnessIn(result, 'linf');
    const [ensemble] = ensembles;
    const missed = ensemble!.stages.filter(({ status }) => status !== 'done');
    expect(missed.map(({ attack }) => attack)).toEqual(expect.arrayContaining(['APGD-T', 'FAB-T', 'Square']));
    for (const { status, reason } of [...missed, nearest]) {
      expect(status).toBe('stopped');
      expect(reason).toMatch(/time/);
    }
    expect(ensemble!.notAttacked).toBe(ensemble!.robust);
    // What APGD-CE found before has been checked, and is in the file.
    const stored = points.filter(({ found }) => found !== null);
    expect(stored.length).toBe(ensemble!.stages[0]!.broken);
    expect(result.settings.timeLimit).toBe(4);
    expect(result.verdict.join(' ')).toMatch(/not complete.* as time ran out/);
  });

  it('stops when told to, and says how to go on', async () => {
    const path = join(folder, 'stopped');
    let steps = 0;
    const stopped = audit(
      requestFor(digits, someDigits(100), settings),
      path,
      () => void steps++,
      () => steps > 3,
    );
    await expect(stopped).rejects.toThrow(/interrupted; finished steps are recorded/);
    expect(readdirSync(path)).not.toContain('audit.json');
  });
});

describe('with steps that fail', () => {
  const settings = {
    bounds: [0, 1] as const,
    rows: { most: 12 },
    norms: [{ norm: 'linf' as const, radii: [0.02] }],
    patience: 8,
  };
  const named = (name: string) => {
    const path = join(folder, `digits-${name}.onnx`);
    copyFileSync(digits, path);
    return requestFor(path, someDigits(60), settings);
  };

  it('a crash in one attack, a hang in the certificates and an error in a bound are just that; the rest counts', async () => {
    const { result } = await run(named('ill'), FAILING);
    const measured = result.robustness[0]!.result;
    expect(measured).toMatchObject({
      status: 'partial',
      reason: expect.stringMatching(
        /SIGSEGV.*\(FAB-T at 0.02\).*certificates of .* rows could be larger.*no sign of life for 8 s/,
      ),
    });
    const [ensemble] = robustnessIn(result, 'linf').ensembles;
    expect(ensemble!.stages.map(({ status }) => status)).toEqual(['done', 'done', 'failed', 'done']);
    expect(ensemble!.stages[2]!.notAttacked).toBe(ensemble!.stages[1]!.robustAfter);
    // What was certified before the hang stays.
    const proven = robustnessIn(result, 'linf').points.filter(({ correct }) => correct);
    for (const { certified } of proven)
      expect(['Lipschitz constants of margins', 'interval bounds']).toContain(certified.method);
    expect(robustnessIn(result, 'linf').nearest.status).toBe('done');
    expect(result.findings.map(({ id }) => id)).toContain('attack-failed');
    expect(result.lipschitz).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/no constant today/),
    });
    expect(result.accuracy.status).toBe('done');
    expect(result.law.status).toBe('done');
  });

  it('a crash in any other step, the check of the examples included, is just that', async () => {
    const { result, path } = await run(named('frail'), FAILING);
    const why = /exit code 7/;
    const measured = result.robustness[0]!.result;
    expect(measured).toMatchObject({ status: 'partial', reason: expect.stringMatching(why) });
    expect(measured).toMatchObject({
      reason: expect.stringMatching(/certificates of .* are missing.*examples could not be checked again/),
    });
    // Nobody has checked the examples: they do not count, nor do their rows count as attacked.
    const { points, ensembles, examples, nearest } = robustnessIn(result, 'linf');
    expect(nearest.broken).toBeGreaterThan(0);
    expect(points.every(({ found }) => found === null)).toBe(true);
    expect(examples).toBeNull();
    expect(readdirSync(path)).not.toContain('examples-linf.npy');
    expect(ensembles[0]!.notAttacked).toBe(nearest.broken);
    expect(result.findings.filter(({ id }) => id === 'checks-missing').length).toBe(2);
    for (const part of [result.memorization, result.law])
      expect(part).toMatchObject({ status: 'failed', reason: expect.stringMatching(why) });
    expect([result.accuracy.status, result.lipschitz.status]).toEqual(['done', 'done']);
  });

  it('a model that ends every process leaves an audit that says so', async () => {
    const { result } = await run(named('dead'), FAILING);
    for (const measured of [result.accuracy, result.robustness[0]!.result])
      expect(measured).toMatchObject({ status: 'failed', reason: expect.stringMatching(/exit code 9/) });
    for (const measured of [result.lipschitz, result.memorization, result.law])
      expect(measured.status).toBe('skipped');
    expect(result.verdict.join(' ')).toMatch(/failed/);
  });

  it('examples that are none when checked again do not count', async () => {
    const { result, path } = await run(named('liar'), FAILING);
    expect(result.findings).toContainEqual(
      expect.objectContaining({ id: 'recheck-failed', severity: 'critical' }),
    );
    const { points, ensembles } = robustnessIn(result, 'linf');
    const honest = readdirSync(path).includes('examples-linf.npy')
      ? readArray(join(path, 'examples-linf.npy')).shape[0]
      : 0;
    expect(points.filter(({ found }) => found).length).toBe(honest);
    expect(ensembles[0]!.robust).toBeGreaterThan(0);
  });
});

describe('refuses', () => {
  const ask = (more: Partial<AuditRequest>, data = someDigits(20)) =>
    audit(
      requestFor(digits, data, more),
      join(folder, 'refused'),
      () => {},
      () => false,
    );

  it('labels that are no classes of the model, before anything is written', async () => {
    const digitsData = someDigits(20);
    const shifted = { ...digitsData, y: digitsData.y.map((label) => label + 1) };
    await expect(ask({}, shifted)).rejects.toThrow(/label of row 9 .*: 10; expected a class in \[0, 9\]/);
    expect(readdirSync(folder)).not.toContain('refused');
  });

  it.each([
    [{ norms: [] }, /invalid norms/],
    [{ norms: [{ norm: 'l2', radii: [0] }] }, /invalid radius: 0/],
    [{ rows: [3, 3] }, /each once/],
    [{ rows: [20] }, /invalid row to attack: 20/],
    [{ task: { kind: 'regression', tolerance: 1 } }, /labels per point.*10, one for each output/],
    [{ model: { path: '/nowhere.onnx' } }, /no such file/],
    [{ timeLimit: 0 }, /invalid time limit/],
    [{ requirements: ['robust-accuracy > high'] }, /invalid/],
  ] as const)('%j', async (more, message) => {
    await expect(ask(more as Partial<AuditRequest>)).rejects.toThrow(message);
    expect(readdirSync(folder)).not.toContain('refused');
  });

  it('a model whose output is no list of scores', async () => {
    const model = modelFrom('picture', (batch) => {
      const x = input('x', 'float32', [batch, 1, 8, 8]);
      return graph([x], { picture: mul(x, x) });
    });
    const path = writeModel(folder, 'picture', model);
    await expect(ask({ model: { path } })).rejects.toThrow(
      /output "picture" .* shape \[1, 8, 8\] for each point.*expected one number for each class/,
    );
    expect(readdirSync(folder)).not.toContain('refused');
  });

  it('a folder that belongs to another audit', async () => {
    const path = join(folder, 'taken');
    const request = requestFor(digits, someDigits(20), { norms: [{ norm: 'linf', radii: [] }], rows: [0] });
    await audit(
      request,
      path,
      () => {},
      () => false,
    );
    const other = audit(
      { ...request, seed: 8 },
      path,
      () => {},
      () => false,
    );
    await expect(other).rejects.toThrow(/another model, other data or with other settings/);
  });
});
