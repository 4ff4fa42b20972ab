// A job of a worker, and what it loads before its first trial: every worker of every run waits for it.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { planStudy } from '../../src/study/plan.ts';
import { parseStudy } from '../../src/study/specification.ts';
import { run } from '../../src/study/trial-job.ts';

const QUICK = `
name: quick
title: Quick trials
data: { sphere: { distribution: sphere, n: 5, d: 3, labels: { signal: zero, noise: signs } } }
families: { smoothest: { memorizer: mcshane } }
trials: [{ data: [sphere], families: [smoothest], seeds: 4 }]
`;
const TRIALS = planStudy(parseStudy('quick.yaml', QUICK)).trials.map(({ parameters }) => parameters);

test('breaks off between two trials, with what it has sent', async () => {
  const sent: string[] = [];
  const context = { progress: (text: string) => sent.push(text), interrupted: () => sent.length === 2 };
  await expect(run({ trials: TRIALS, models: '.' }, context)).rejects.toMatchObject({ code: 'interrupted' });
  expect(sent.map((text) => (JSON.parse(text) as { state: string }).state)).toEqual(['done', 'done']);
});

const LIST = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  const { run } = await import(${JSON.stringify(new URL('../../src/study/trial-job.ts', import.meta.url).href)});
  console.log(JSON.stringify({ run: typeof run, loaded }));
`;

test('a worker loads neither the schemas of what users write, nor the reader of ONNX files, nor the methods that no trial asks', () => {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', LIST], {
    encoding: 'utf8',
  });
  const { run, loaded } = JSON.parse(stdout) as { run: string; loaded: readonly string[] };
  expect(run).toBe('function');
  const modules = loaded.map((url) => url.replace(/.*\/(src|node_modules)\//, '$1/'));
  expect(modules).toContain('src/study/execute.ts');
  expect(modules.filter((one) => /^node_modules\/(zod|onnx-buf)\/|\/schema\.ts$/.test(one))).toEqual([]);
  expect(modules.filter((one) => /^src\/lipschitz\/(methods|semidefinite|local)/.test(one))).toEqual([]);
});
