// The whole command line: every subcommand, with errors raised instead of the process ended.
import { Command } from 'commander';
import { version } from './version.ts';

/** Each subcommand brings its own libraries, which take up to a second to load: only what is asked for is loaded. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  data: async () => (await import('./data.ts')).dataCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  study: async () => (await import('./study.ts')).studyCommand(),
  train: async () => (await import('./train.ts')).trainCommand(),
  memorize: async () => (await import('./memorize.ts')).memorizeCommand(),
  lipschitz: async () => (await import('./lipschitz.ts')).lipschitzCommand(),
  plan: async () => (await import('./plan.ts')).planCommand(),
  law: async () => (await import('./law.ts')).lawCommand(),
};

/** The command `robustlaw`, with the subcommand that the arguments name, or all; parse it with parseAsync. */
export async function program(wanted: string | undefined): Promise<Command> {
  const command = new Command('robustlaw')
    .description('How many parameters does a robust fit need? The universal law of robustness, measured.')
    .version(version())
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw audit model.onnx --data test.csv              how robust is it, what is proven, is it large enough?
  $ robustlaw study run studies/law-of-robustness.yaml     the law on this machine, with a report
  $ robustlaw memorize optical-digits --task parity --flips 0.1 --parameters 30000 -o memorizer.onnx
  $ robustlaw train optical-digits --rows 0:1400 --test-rows 1400: -o network.onnx
  $ robustlaw lipschitz model.onnx --norm l2                Lipschitz constant of a model from both sides
  $ robustlaw law bound -n 60000 -d 784 -p 206954          what the theorems say about MNIST
  $ robustlaw law envelope                                 the talk's and the paper's estimates

Exit codes: 0 done, 1 a finding (a check of the study or a requirement failed), 2 wrong usage or input, 3 a defect of robustlaw.`,
    );
  const named = wanted !== undefined && SUBCOMMANDS[wanted];
  for (const load of named ? [named] : Object.values(SUBCOMMANDS)) command.addCommand(await load());
  raiseErrors(command);
  return command;
}

function raiseErrors(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) raiseErrors(child);
}
