// How the command ends: 0 done, 1 finding, 2 usage or input, 3 a defect of robustlaw.
import { CommanderError } from 'commander';
import { RobustlawError } from '../errors.ts';

/** The exit code that an error means. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof RobustlawError) {
    if (error.code === 'internal') return 3;
    return error.code === 'interrupted' ? 130 : 2;
  }
  return 3;
}

/** Prints an error for people, without a stack trace, and sets the exit code. */
export function exitWith(error: unknown): void {
  process.exitCode = exitCodeOf(error);
  if (error instanceof CommanderError) return; // commander has printed its own message
  if (error instanceof RobustlawError && error.code !== 'internal') {
    process.stderr.write(`robustlaw: ${error.message}\n`);
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`robustlaw: this is a defect of robustlaw, please report it: ${message}\n`);
  if (process.env.ROBUSTLAW_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else process.stderr.write('robustlaw: set ROBUSTLAW_DEBUG=1 to see where it happened\n');
}
