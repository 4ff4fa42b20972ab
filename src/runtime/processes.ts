// A pool of child processes: what kills or hangs one of them, in native code too, is the outcome of its job and no more.
import { type ChildProcess, fork } from 'node:child_process';
import { RobustlawError } from '../errors.ts';
import { withCompileCache } from './compile-cache.ts';
import { type Events, type Hand, type Pool, poolOf, type WorkerMessage } from './pool.ts';

/** From pool to child; jobs are told to break off by a message, as processes share no memory. */
export const INTERRUPT = 'interrupt';

/** From child to pool once its module is there. */
export const READY = 'ready';

/** Seconds, beside its patience, that a pool gives a process to start on a busy machine. */
const STARTING = 60;

/** Seconds that a job has to break off before its process is killed. */
const GRACE = 3;

/** Characters of what a child wrote to stderr that are kept: the reason of an abort is in the last lines. */
const LAST_WORDS = 4000;

/**
 * A pool like createPool(), of child processes. A crash in native code, a kill for want of memory, process.exit() and a
 * hang are outcomes `{ ok: false, crashed: true }` whose error says which; the process is replaced. Ctrl-C reaches the
 * parent alone; children end when it does, whatever they are at. close(true) kills what does not break off.
 *
 * @param patience seconds without progress message or result after which a job counts as hanging; Infinity for never.
 * @throws RobustlawError `invalid-argument` unless `workers` is an integer >= 1 and `patience` > 0.
 */
export function createProcessPool<Job, Result, Progress = unknown>(
  module: URL,
  workers: number,
  patience: number,
): Pool<Job, Result, Progress> {
  if (!(patience > 0)) {
    throw new RobustlawError('invalid-argument', `invalid patience: ${patience}; expected seconds > 0`);
  }
  return poolOf(workers, (events) => startProcess(module, patience, events));
}

function startProcess(module: URL, patience: number, { received, gone }: Events): Hand {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(
    new URL(`./process-worker.${extension}`, import.meta.url),
    [module.href, String(process.pid)],
    {
      serialization: 'advanced',
      env: withCompileCache(),
      // The output of the parent is its own: a library that prints must not get between its lines.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A process group of its own, which Ctrl-C in the terminal does not reach.
      detached: process.platform !== 'win32',
      windowsHide: true,
    },
  );
  const words = lastWords(child);
  let [ready, busy, hanging] = [false, false, false];
  let timer: NodeJS.Timeout | undefined;
  const rest = () => clearTimeout(timer);
  const watch = () => {
    rest();
    if (patience === Number.POSITIVE_INFINITY) return;
    const kill = () => {
      hanging = true;
      child.kill('SIGKILL');
    };
    timer = setTimeout(kill, 1e3 * (ready ? patience : patience + STARTING));
  };
  child.on('message', (message: WorkerMessage | typeof READY) => {
    if (message === READY) {
      ready = true;
      if (busy) watch();
      return;
    }
    busy = message.type === 'progress';
    if (busy) watch();
    else rest();
    received(message);
  });
  // A message that cannot be sent because the child is gone: its exit says why.
  child.on('error', () => {});
  // Not `exit`: only now is all of stderr there.
  child.on('close', (code, signal) => {
    rest();
    gone(hanging ? `no sign of life for ${patience} s, so it was stopped` : death(code, signal, words()));
  });
  return {
    post(message) {
      busy = message.type === 'job';
      if (busy) watch();
      // Without a callback the failure would be thrown as well, and the exit reports it.
      if (child.connected) child.send(message, () => {});
    },
    interrupt() {
      if (child.connected) child.send(INTERRUPT, () => {});
      const kill = setTimeout(() => child.kill('SIGKILL'), 1e3 * GRACE);
      child.once('close', () => clearTimeout(kill));
    },
  };
}

/** What the child wrote last to stderr. */
function lastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-LAST_WORDS);
  });
  return () => text;
}

/** Why a process ended, in words: how it ended, and what it said of it. */
function death(code: number | null, signal: NodeJS.Signals | null, words: string): string {
  const fatal = /FATAL ERROR: (.*)|(?:what\(\): *|terminate called.*|Assertion .*)(.*)/.exec(words);
  const said = fatal ? `: ${(fatal[1] ?? fatal[0]).trim()}` : '';
  if (/heap out of memory|bad_alloc|Cannot allocate memory/i.test(words)) return `out of memory${said}`;
  switch (signal) {
    case null:
      return `exit code ${code}${said}`;
    case 'SIGKILL':
      return 'it was killed (SIGKILL), most likely by the system for want of memory';
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
    case 'SIGABRT':
    case 'SIGTRAP':
      return `a crash in native code (${signal})${said}`;
    default:
      return `it was ended by ${signal}${said}`;
  }
}
