#!/usr/bin/env node
// The command `robustlaw`: parses arguments, calls the public API, prints. Data goes to stdout, messages to stderr.
import { exitWith } from './exit.ts';
import { program } from './program.ts';

// A reader that has seen enough (`| head`) closes the pipe: that ends the command quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await (await program(process.argv[2])).parseAsync(process.argv);
} catch (error) {
  exitWith(error);
}
