// Python interpreters of this machine, for oracles that are written in Python.
import { spawnSync } from 'node:child_process';

/** The first of `python3` on the path and the system's own that can import the module; undefined if none can. */
export function pythonWith(module: string): string | undefined {
  return ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0,
  );
}

/** What a script writes to standard output when it reads `input`. */
export function runPython(python: string, script: string, input: string): string {
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  return stdout;
}
