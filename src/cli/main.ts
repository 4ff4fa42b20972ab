#!/usr/bin/env node
// The command `robustlaw`: parses arguments, calls the public API, prints. Data goes to stdout, messages to stderr.
import { exitWith } from './exit.ts';
import { program } from './program.ts';

try {
  await (await program(process.argv[2])).parseAsync(process.argv);
} catch (error) {
  exitWith(error);
}
