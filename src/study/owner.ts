// Who works on a study: a name for this process that tells others on the same machine whether it still lives.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Start of this process in milliseconds: with the process number, which systems reuse, it names the process. */
const STARTED = Math.round(performance.timeOrigin);

/** A new owner name, unique everywhere: `host/pid/start/random`. */
export function newOwner(): string {
  return [encodeURIComponent(hostname()), process.pid, STARTED, randomUUID()].join('/');
}

/**
 * Whether the process behind an owner name is known to be gone: on this machine, and without its process number or
 * with this process in its place. False where nobody can know; the end of the lease decides then.
 */
export function isGone(owner: string): boolean {
  const [host, pidText, started] = owner.split('/');
  const pid = Number(pidText);
  if (host !== encodeURIComponent(hostname()) || !Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return Number(started) !== STARTED;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
