// What a worker of a study loads before its first trial: every worker of every run waits for it.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

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
