// `robustlaw law`: the theorems and scaling laws as calculators.
import { Command } from 'commander';
import { RobustlawError } from '../errors.ts';
import type { Hypothesis } from '../law/index.ts';
import * as law from '../law/index.ts';
import { fraction, positiveInteger, positiveNumber } from './options.ts';
import { figure, table } from './table.ts';

/** One line of a calculator: a number, what kind of statement it is, and on what it stands. */
interface LawRow {
  readonly law: string;
  readonly formula: string;
  /** `certified`: proven where all hypotheses hold. `scaling`: an exponent with the constant set to 1. */
  readonly kind: 'certified' | 'scaling';
  readonly value: number;
  readonly hypotheses?: readonly Hypothesis[];
}

interface BoundOptions {
  readonly n: number;
  readonly d: number;
  readonly parameters: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly isoperimetry: number;
  readonly components: number;
  readonly noiseVariance: number;
  readonly radius: number;
  readonly parameterLipschitz: number;
  readonly neurons?: number;
  readonly depth?: number;
  readonly json?: boolean;
}

interface NeedOptions {
  readonly n: number;
  readonly d: number;
  readonly lipschitz: number;
  readonly json?: boolean;
}

interface FiniteOptions {
  readonly n: number;
  readonly d: number;
  readonly logSize: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly isoperimetry: number;
  readonly components: number;
  readonly lipschitz?: number;
  readonly json?: boolean;
}

export function lawCommand(): Command {
  const command = new Command('law').description('the theorems and scaling laws as calculators');

  withSetting(command.command('bound'))
    .description(
      'how large a Lipschitz constant must be: n noisy points of dimension d fitted with P parameters',
    )
    .requiredOption('-p, --parameters <P>', 'number of parameters of the class', positiveNumber)
    .option('--noise-variance <sigma2>', 'E Var[y|x], labels in [-1, 1]', fraction, 1)
    .option('--radius <W>', 'diameter of the parameter set', positiveNumber, 100)
    .option('--parameter-lipschitz <J>', 'Lipschitz constant of parameters -> function', positiveNumber, 1e6)
    .option('--neurons <k>', 'also the two-layer law for k neurons', positiveNumber)
    .option('--depth <D>', 'also the deep-network form, weights in [-W, W]', positiveInteger)
    .addHelpText('after', '\nExample:\n  $ robustlaw law bound -n 60000 -d 784 -p 206954')
    .action((options: BoundOptions) => {
      const rows = boundRows(options);
      if (!options.json) process.stdout.write(`${boundVerdict(options, rows)}\n\n`);
      printRows(rows, options.json, 'Lipschitz');
    });

  command
    .command('parameters')
    .description('how many parameters a fit with Lipschitz constant L needs, by each scaling law')
    .requiredOption('-n, --n <n>', 'number of points', positiveNumber)
    .requiredOption('-d, --d <d>', 'dimension, ambient or effective', positiveNumber)
    .requiredOption('-L, --lipschitz <L>', 'wanted Lipschitz constant', positiveNumber)
    .option('--json', 'machine-readable output')
    .addHelpText('after', '\nExample:\n  $ robustlaw law parameters -n 60000 -d 15 -L 1')
    .action((options: NeedOptions) => printRows(needRows(options), options.json, 'P'));

  withSetting(command.command('finite-class'))
    .description('Theorem 2: no finite class of L-Lipschitz functions fits below the noise')
    .requiredOption('--log-size <s>', 'natural logarithm of the number of functions', positiveNumber)
    .option('-L, --lipschitz <L>', 'also the failure probability at this Lipschitz constant', positiveNumber)
    .addHelpText('after', '\nExample:\n  $ robustlaw law finite-class -n 1e7 -d 1e5 --log-size 1e6')
    .action((options: FiniteOptions) => printFinite(options));

  command
    .command('envelope')
    .description('the back-of-envelope estimates for MNIST and ImageNet, of the talk and of the paper')
    .option('--json', 'machine-readable output')
    .action((options: { json?: boolean }) => printEnvelopes(options.json));

  return command;
}

/** The options that the theorems share. */
function withSetting(command: Command): Command {
  return command
    .requiredOption('-n, --n <n>', 'number of points', positiveNumber)
    .requiredOption('-d, --d <d>', 'dimension of the inputs', positiveNumber)
    .option('--epsilon <eps>', 'mean squared error <= sigma^2 - eps', fraction, 1)
    .option('--delta <delta>', 'failure probability', fraction, 0.01)
    .option('--isoperimetry <c>', 'isoperimetry constant of the inputs', positiveNumber, 1)
    .option('--components <k>', 'mixture components', positiveInteger, 1)
    .option('--json', 'machine-readable output');
}

function boundRows(o: BoundOptions): LawRow[] {
  const { n, d, epsilon, delta, components: k, isoperimetry: c, noiseVariance } = o;
  const family = law.parametricClass(o.parameters, o.radius, o.parameterLipschitz);
  const setting = { n, d, epsilon, delta, c, k, noiseVariance };
  const theorem = law.universalLaw(setting, family);
  const rows: LawRow[] = [
    {
      law: 'scaling law',
      formula: 'sqrt(n d / P)',
      kind: 'scaling',
      value: law.scalingLaw(n, d, o.parameters),
    },
    {
      law: 'Theorem 3, explicit constants',
      formula: 'eps / (2^9 sqrt c) sqrt(n d / (P log(60 W J / eps) + log(4/delta)))',
      kind: 'certified',
      value: theorem.formula,
      hypotheses: theorem.hypotheses,
    },
  ];
  if (noiseVariance === 1) {
    const sharper = law.sharperBound({ n, concentration: d / c, epsilon, delta, k }, family);
    rows.push({
      law: 'sharper constant, pure noise labels',
      formula: 'max_eta (a - s - eta) sqrt(n D / (2 (P log(1 + W J / eta) + log(2/delta))))',
      kind: 'certified',
      value: sharper.bound,
      hypotheses: sharper.hypotheses,
    });
  }
  if (o.depth !== undefined) {
    const network = { depth: o.depth, p: o.parameters, bound: Math.max(1, o.radius), sharing: 1, radius: 1 };
    const deep = law.universalLaw(setting, law.deepNetworkClass(network));
    rows.push({
      law: `Theorem 3, networks of depth ${o.depth}`,
      formula: 'as above with J = R (W Q P)^D',
      kind: 'certified',
      value: deep.formula,
      hypotheses: deep.hypotheses,
    });
  }
  if (o.neurons !== undefined) {
    rows.push({
      law: 'two-layer law',
      formula: 'sqrt(n / k)',
      kind: 'scaling',
      value: law.twoLayerLaw(n, o.neurons),
    });
  }
  rows.push(
    {
      law: 'without isoperimetry',
      formula: 'sqrt(n / P)',
      kind: 'scaling',
      value: law.boundedDataLaw(n, o.parameters),
    },
    { law: 'any function, bounded data', formula: 'n^(1/d)', kind: 'scaling', value: law.crowdingLaw(n, d) },
  );
  return rows;
}

/** The sentence before the numbers. */
function boundVerdict({ n, d, parameters }: BoundOptions, rows: readonly LawRow[]): string {
  const proven = rows.filter((row) => row.hypotheses?.every((h) => h.holds)).map((row) => row.value);
  const certain = Math.max(0, ...proven);
  return (
    `A fit below the noise of ${figure(n)} points of dimension ${figure(d)} with ${figure(parameters)} parameters has a Lipschitz constant ` +
    `of order ${figure(law.scalingLaw(n, d, parameters))} by the law of robustness; ` +
    (certain > 0
      ? `proven under the hypotheses below is at least ${figure(certain)}.`
      : 'nothing is proven at this size.')
  );
}

function needRows({ n, d, lipschitz: L }: NeedOptions): LawRow[] {
  return [
    { law: 'scaling law', formula: 'n d / L^2', kind: 'scaling', value: law.scalingLawParameters(n, d, L) },
    {
      law: 'two-layer law, d + 2 parameters a neuron',
      formula: '(d + 2) n / L^2',
      kind: 'scaling',
      value: (d + 2) * law.twoLayerNeurons(n, L),
    },
    {
      law: 'without isoperimetry',
      formula: 'n / L^2',
      kind: 'scaling',
      value: law.boundedDataParameters(n, L),
    },
    { law: 'memorizing alone, robust or not', formula: 'n', kind: 'scaling', value: n },
  ];
}

function printRows(rows: readonly LawRow[], json: boolean | undefined, quantity: string): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  const lines = rows.map((row) => [
    row.law,
    row.kind === 'scaling' ? figure(row.value) : '',
    row.kind === 'certified' ? status(row) : '',
    row.formula,
  ]);
  const certified = rows.some((row) => row.kind === 'certified');
  // An exponent with constant 1 and a proven number never share a column.
  const header = certified
    ? ['law', `${quantity} of order`, 'proven', 'formula']
    : ['law', quantity, 'formula'];
  const cells = certified ? lines : lines.map(([name, value, , formula]) => [name!, value!, formula!]);
  process.stdout.write(`${table(header, cells, [quantity, `${quantity} of order`, 'proven'])}\n`);
  for (const row of rows) if (row.hypotheses) process.stdout.write(`\n${lights(row)}\n`);
}

/** A bound whose hypotheses do not hold proves nothing, whatever its formula gives. */
function status(row: LawRow): string {
  return row.hypotheses!.every((h) => h.holds) ? `>= ${figure(row.value)}` : 'nothing';
}

/** The hypotheses of a theorem one by one. */
function lights(row: LawRow): string {
  const lines = row.hypotheses!.map((h) => {
    const mark = h.assumed ? 'assumed' : h.holds ? 'holds' : 'FAILS';
    const numbers = h.value === null ? '' : ` (${figure(h.value, 5)} against ${figure(h.required!, 5)})`;
    return `  ${mark.padEnd(8)} ${h.statement}${numbers}`;
  });
  const failed = row.hypotheses!.some((h) => !h.holds)
    ? `; its formula alone would give ${figure(row.value)}`
    : '';
  return [`${row.law}${failed}`, ...lines].join('\n');
}

function printFinite(o: FiniteOptions): void {
  const setting = {
    n: o.n,
    d: o.d,
    logSize: o.logSize,
    epsilon: o.epsilon,
    c: o.isoperimetry,
    k: o.components,
  };
  if (o.delta >= 1)
    throw new RobustlawError(
      'hypothesis-violated',
      `Theorem 2 (finite classes) needs 0 < delta < 1; got ${o.delta}`,
    );
  const lipschitz = law.finiteClassLipschitz(setting, o.delta);
  const failure = o.lipschitz === undefined ? undefined : law.finiteClassFailure(setting, o.lipschitz);
  if (o.json) {
    process.stdout.write(
      `${JSON.stringify({ setting, delta: o.delta, lipschitz, ...(failure !== undefined && { failure }) }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(
    `With probability at least ${1 - o.delta}, every fit has Lipschitz constant >= ${figure(lipschitz)}.\n`,
  );
  if (failure !== undefined) {
    // exp underflows to 0 below 1e-308; the probability itself is not 0.
    const most = failure < 1e-300 ? '1e-300' : figure(failure);
    process.stdout.write(
      `A fit with Lipschitz constant <= ${figure(o.lipschitz!)} exists with probability at most ${most}.\n`,
    );
  }
}

function printEnvelopes(json: boolean | undefined): void {
  const envelopes = [...law.talkEnvelope(), ...law.paperEnvelope()];
  if (json) {
    process.stdout.write(`${JSON.stringify(envelopes, null, 2)}\n`);
    return;
  }
  for (const { dataset, source, lines } of envelopes) {
    const show = (value: number | readonly [number, number]) =>
      typeof value === 'number' ? figure(value) : `${figure(value[0])} to ${figure(value[1])}`;
    const rows = lines.map((line) => [line.quantity, show(line.value), line.printed ?? '', line.formula]);
    process.stdout.write(
      `${dataset}, as in the ${source}\n${table(['quantity', 'computed', 'printed', 'how'], rows, ['computed', 'printed'])}\n\n`,
    );
  }
}
