// `robustlaw memorize`: data in, an explicit memorizer out as ONNX, with its Lipschitz constant.
import { Argument, Command, Option } from 'commander';
import type { Dataset, DatasetSpecification } from '../data/index.ts';
import { featureCount, perfectMemorization, pointCount } from '../data/index.ts';
import { makeDataset } from '../data/schema.ts';
import { invalidArgument } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { UpperGuarantee } from '../guarantee/index.ts';
import { scalingLaw } from '../law/index.ts';
import { matrix } from '../linalg/index.ts';
import type { ConstructionName, Memorizer } from '../memorizers/index.ts';
import {
  CONSTRUCTIONS,
  construct,
  constructionOf,
  evaluateMemorizer,
  exportMemorizer,
  projectedRbfWithin,
  steepestPair,
} from '../memorizers/index.ts';
import { rng } from '../random/index.ts';
import { flipProbability, positiveInteger, seedNumber } from './options.ts';
import { figure, table } from './table.ts';

interface MemorizeOptions {
  readonly construction: ConstructionName;
  readonly size?: number;
  readonly parameters?: number;
  readonly output?: string;
  readonly float32?: boolean;
  readonly task: 'given' | 'parity' | 'halves' | 'one-hot';
  readonly flips?: number;
  readonly rows?: number;
  readonly labels?: string;
  readonly labelColumn?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export function memorizeCommand(): Command {
  const names = Object.keys(CONSTRUCTIONS) as ConstructionName[];
  const list = names.map((name) => {
    const { summary, size } = constructionOf(name);
    return `  ${name.padEnd(19)}${summary}${size ? ` (--size: ${size})` : ''}`;
  });
  return new Command('memorize')
    .description(
      'fit labelled data exactly by an explicit construction; print its Lipschitz constant, write it as ONNX',
    )
    .addArgument(new Argument('<data>', '`optical-digits` (built in), or a CSV, JSON, NPY, NPZ or IDX file'))
    .addOption(new Option('-c, --construction <name>', 'how').choices(names).default('projected-rbf'))
    .option('-s, --size <size>', 'size of the construction, see below', positiveInteger)
    .option('-p, --parameters <P>', 'projected-rbf: most parameters, instead of --size', positiveInteger)
    .option('-o, --output <file>', 'write the memorizer as an ONNX model with input x and output y')
    .option('--float32', 'write it in float32 (parameters are rounded); default float64')
    .addOption(
      new Option('--task <task>', 'labels as given, or made of class labels')
        .choices(['given', 'parity', 'halves', 'one-hot'])
        .default('given'),
    )
    .option('--flips <q>', 'probability with which a label ±1 is flipped', flipProbability)
    .option('--rows <n>', 'use n rows chosen at random', positiveInteger)
    .option('--labels <file>', 'file of labels, for NPY and IDX')
    .option('--label-column <name>', 'CSV: label column; default the last')
    .option('--seed <seed>', 'seed of every random choice', seedNumber, 0)
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      `\nConstructions:\n${list.join('\n')}\n\nExample:\n  $ robustlaw memorize optical-digits --task parity --flips 0.1 -p 30000 -o memorizer.onnx`,
    )
    .action(memorize);
}

async function memorize(source: string, options: MemorizeOptions): Promise<void> {
  const key = rng(options.seed);
  const dataset = makeDataset(specification(source, options), key.split('data'));
  const [n, d] = [pointCount(dataset), featureCount(dataset)];
  const points = matrix(n, d, Float64Array.from(dataset.x));
  const labels = matrix(n, dataset.outputs, dataset.y);
  const memorizer = await build(options, points, labels, key.split('construction'));
  const error = await interpolationError(memorizer, dataset, points.data);
  const floor = (await steepestPair(points, labels))?.enclosure[0] ?? 0;
  if (options.output)
    writeWhole(options.output, exportMemorizer(memorizer, options.float32 ? 'float32' : 'float64'));

  const result = {
    data: { name: dataset.name, n, d, outputs: dataset.outputs, provenance: dataset.provenance },
    memorizer: memorizer.name,
    parameterCount: memorizer.parameterCount,
    interpolationError: error,
    lipschitz: memorizer.lipschitz,
    mcShaneOptimum: floor,
    scalingLaw: scalingLaw(n, d, memorizer.parameterCount),
    seed: options.seed,
    ...(options.output && { output: options.output }),
  };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `${memorizer.name} fits all ${n} points to ${figure(error, 2)} with P = ${memorizer.parameterCount} parameters; its Lipschitz constant is ` +
      `${inWords(memorizer.lipschitz)}. No function through these points has one below ${figure(floor, 4)}.\n\n` +
      `${table(
        ['quantity', 'value', 'guarantee'],
        [
          ['n, points', String(n), ''],
          ['d, dimension', String(d), ''],
          ['P, parameters', String(memorizer.parameterCount), 'counted'],
          [
            'Lipschitz constant (l2)',
            figure(memorizer.lipschitz.value, 6),
            `${memorizer.lipschitz.kind === 'exact' ? 'exact' : 'certified upper bound'}, ${memorizer.lipschitz.domain.kind}`,
          ],
          ['McShane optimum', figure(floor, 6), 'exact: no interpolant is smoother'],
          ['sqrt(n d / P)', figure(result.scalingLaw, 4), 'scaling law, constant 1'],
          ['max |f(x_i) - y_i|', figure(error, 2), 'measured in float64'],
        ],
        ['value'],
      )}\n`,
  );
  process.stderr.write(
    options.output
      ? `Wrote ${options.output}: input x [batch, ${d}], output y [batch, ${dataset.outputs}].\n`
      : 'Add -o FILE.onnx to write the memorizer as an ONNX model.\n',
  );
}

function build(
  options: MemorizeOptions,
  points: Parameters<typeof construct>[1],
  labels: Parameters<typeof construct>[2],
  key: ReturnType<typeof rng>,
): Promise<Memorizer> {
  const { construction, size, parameters } = options;
  if (parameters !== undefined && (construction !== 'projected-rbf' || size !== undefined)) {
    throw invalidArgument(
      '--parameters',
      parameters,
      'none: it belongs to projected-rbf and replaces --size',
    );
  }
  if (parameters !== undefined) return projectedRbfWithin(points, labels, parameters, key);
  if (size !== undefined && !constructionOf(construction).size) {
    throw invalidArgument('--size', size, `none: the data decide the size of ${construction}`);
  }
  // The natural end of the family: all dimensions.
  const chosen = size ?? (construction === 'projected-rbf' ? points.columns : undefined);
  return construct(construction, points, labels, chosen, key);
}

function specification(source: string, options: MemorizeOptions): DatasetSpecification {
  const { task, flips, rows, labels, labelColumn } = options;
  const shared = { task, ...(flips !== undefined && { flips }), ...(rows !== undefined && { n: rows }) };
  if (source === 'optical-digits') return { source: 'optical-digits', ...shared };
  return {
    source: 'file',
    path: source,
    ...shared,
    ...(labels && { labels }),
    ...(labelColumn && { labelColumn }),
  };
}

async function interpolationError(memorizer: Memorizer, dataset: Dataset, x: Float64Array): Promise<number> {
  return perfectMemorization(dataset, await evaluateMemorizer(memorizer, x), 0).maxError;
}

function inWords(guarantee: UpperGuarantee): string {
  const where = guarantee.domain.kind === 'global' ? '' : ` on the ${guarantee.domain.kind}`;
  return guarantee.kind === 'exact'
    ? `exactly ${figure(guarantee.value, 4)}${where}`
    : `at most ${figure(guarantee.value, 4)}${where}`;
}
