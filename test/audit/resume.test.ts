// Whatever ends an audit and when, Ctrl-C or time, in which step: the same request goes on and comes to the bits of an audit that nobody ended.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditRequest, type AuditResult, audit } from '../../src/audit/index.ts';
import { normalData, requestFor, smallNetwork, timeless, writeModel } from './models.ts';

const FAILING = new URL('./jobs/failing-worker.ts', import.meta.url);
const [FEATURES, CLASSES] = [4, 3];
const folder = mkdtempSync(join(tmpdir(), 'resume-'));
process.env.NODE_COMPILE_CACHE = join(tmpdir(), 'robustlaw-compile-cache');
afterAll(() => rmSync(folder, { recursive: true }));

const { model, classOf } = smallNetwork(FEATURES, CLASSES);
const data = normalData('points', 40, FEATURES, (x) => [classOf(x)]);
let request: AuditRequest;
let whole: AuditResult;
beforeAll(async () => {
  const path = writeModel(folder, 'small', model);
  // More time than bounds need: one that time ends is not the same twice.
  request = requestFor(path, data, { norms: [{ norm: 'linf', radii: [0.1, 0.2] }], boundSeconds: 60 });
  whole = await audit(
    request,
    join(folder, 'whole'),
    () => {},
    () => false,
  );
}, 60_000);

function expectWhole(result: AuditResult, directory: string): void {
  expect(timeless(result)).toEqual(timeless(whole));
  const examples = (of: string) => readFileSync(join(folder, of, 'examples-linf.npy'));
  expect(examples(directory).equals(examples('whole'))).toBe(true);
}

it('an audit that is interrupted again and again comes to the same end', async () => {
  const steps = new Set<string>();
  for (let run = 1; ; run++) {
    let seen = 0;
    let last = '';
    try {
      const result = await audit(
        request,
        join(folder, 'interrupted'),
        ({ step }) => {
          seen++;
          last = step;
        },
        () => seen >= 7 * run - 3,
      );
      expectWhole(result, 'interrupted');
      break;
    } catch (error) {
      expect(error).toMatchObject({ code: 'interrupted' });
      steps.add(last);
    }
  }
  // It was ended in attacks, in certificates or checks, and in what comes after them.
  expect(steps.size).toBeGreaterThanOrEqual(3);
}, 60_000);

describe('an audit whose every job is cut short', () => {
  const path = join(folder, 'small-short.onnx');
  const directory = join(folder, 'cut');
  const keys = () => {
    const journal = new DatabaseSync(join(directory, 'audit.sqlite'), { readOnly: true });
    const found = journal.prepare('SELECT key FROM step').all() as { key: string }[];
    journal.close();
    return found.map(({ key }) => key);
  };

  it('says what is missing, and records what is not', async () => {
    copyFileSync(request.model.path, path);
    mkdirSync(directory);
    const cut = { ...request, model: { path } };
    const result = await audit(
      cut,
      directory,
      () => {},
      () => false,
      performance.now(),
      FAILING,
    );
    const measured = result.robustness[0]!.result;
    if (measured.status !== 'partial') throw new Error(measured.status);
    const stages = [...measured.value.ensembles.flatMap((one) => one.stages), measured.value.nearest];
    expect(stages.filter(({ status }) => status === 'stopped').length).toBeGreaterThan(3);
    for (const { status, notAttacked, attacked, broken } of stages)
      if (status === 'stopped') expect(attacked === broken && notAttacked >= 0).toBe(true);
    expect(measured.reason).toMatch(/certificates/);
    expect(result.findings.map(({ id }) => id)).toContain('checks-missing');
    const recorded = keys();
    for (const kind of ['attack/', 'lipschitz/'])
      expect(recorded.filter((key) => key.startsWith(`cut/0/${kind}`)).length).toBeGreaterThan(0);
    expect(
      recorded.some((key) => /^(attack|lipschitz|certify)\//.test(key) && !key.includes('/linf/Infinity')),
    ).toBe(false);
  }, 60_000);

  it('comes to the same end when it goes on', async () => {
    expectWhole(
      await audit(
        request,
        directory,
        () => {},
        () => false,
      ),
      'cut',
    );
  }, 60_000);
});
