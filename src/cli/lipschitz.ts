// `robustlaw lipschitz`: the Lipschitz constants of an ONNX model, between witnesses and certificates.
import { Command } from 'commander';
import { readPoints } from '../data/index.ts';
import { invalidArgument } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import type { Model } from '../graph/index.ts';
import { modelFromOnnx, sizeOf } from '../graph/index.ts';
import { readModel } from '../graph/onnx-file/index.ts';
import type { Answer, Domain, LipschitzMeasurement, Norm } from '../guarantee/index.ts';
import { GLOBAL } from '../guarantee/index.ts';
import { type Matrix, matrix, row } from '../linalg/index.ts';
import {
  certifiedRadii,
  type MarginConstant,
  marginConstants,
  measureLipschitz,
} from '../lipschitz/index.ts';
import { rng } from '../random/index.ts';
import { boundsSvg, lipschitzVerdict, renderLipschitzPage, significant } from '../report/index.ts';
import { bars, RELATIONS } from './bars.ts';
import { interruption } from './interruption.ts';
import { plainJson } from './json.ts';
import { factor, list, normName, numberRange, positiveNumber, seedNumber } from './options.ts';
import { figure, table } from './table.ts';
import { version } from './version.ts';

interface LipschitzOptions {
  readonly norm: readonly Norm[];
  readonly data?: string;
  readonly scale: number;
  readonly box?: readonly [number, number];
  readonly ball?: number;
  readonly row: readonly number[];
  readonly timeLimit: number;
  readonly outputName?: string;
  readonly margins?: boolean;
  readonly clever?: boolean;
  readonly seed: number;
  readonly report?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

export function lipschitzCommand(): Command {
  return new Command('lipschitz')
    .description('the Lipschitz constants of an ONNX model: [witnessed from below, certified from above]')
    .argument('<model>', 'an ONNX file')
    .option(
      '--norm <list>',
      'l1, l2, linf, or several; the same norm on inputs and outputs',
      list(normName),
      ['l1', 'l2', 'linf'] as Norm[],
    )
    .option('--data <file>', 'points where searches start: CSV, JSON, NPY, NPZ or IDX')
    .option('--scale <factor>', 'multiplies the data, 1/255 for pixels, say', factor, 1)
    .option(
      '--box <low,high>',
      'on the inputs with every entry in [low, high], instead of everywhere',
      numberRange,
    )
    .option(
      '--ball <radius>',
      'on the balls of this radius around rows of the data, instead of everywhere',
      positiveNumber,
    )
    .option('--row <list>', 'with --ball: rows of the data that are centres, from 0', list(seedNumber), [0])
    .option('--output-name <name>', 'which output of the model, where it has several')
    .option(
      '--margins',
      'also the constants of the differences between classes and, with --data, the radius certified around each row',
    )
    .option('--clever', 'with --ball: also the CLEVER estimate, which proves nothing')
    .option(
      '--time-limit <seconds>',
      'for each norm and domain; every method returns the best it has',
      positiveNumber,
      30,
    )
    .option('--seed <seed>', 'seed of every random choice', seedNumber, 0)
    .option('--report <file>', 'write a self-contained HTML page')
    .option('--svg <file>', 'write the bars of the first norm and domain as an SVG file')
    .option('--json', 'machine-readable output, witnesses included')
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw lipschitz model.onnx
  $ robustlaw lipschitz model.onnx --norm l2 --data test.csv --report lipschitz.html
  $ robustlaw lipschitz mnist.onnx --data t10k-images-idx3-ubyte --scale 1/255 --norm linf --ball 0.03 --row 0,1,2

Ctrl-C ends the search; what was found until then is printed.`,
    )
    .action(lipschitz);
}

async function lipschitz(path: string, options: LipschitzOptions): Promise<void> {
  const file = readModel(path);
  const model = modelFromOnnx(file, options.outputName === undefined ? undefined : [options.outputName]);
  for (const note of model.notes) say(note);
  if (endsInSoftmax(model))
    say(
      'the model ends in a softmax: these are constants of its probabilities, which saturate; small ones do not mean that it is robust',
    );
  const features = featuresOf(model);
  const points = options.data === undefined ? undefined : dataPoints(options.data, options.scale, features);
  const { signal, dispose } = interruption(() => say('\nstopping; once more to stop at once'));
  const measurements: LipschitzMeasurement[] = [];
  for (const [i, domain] of domains(options, points, features).entries()) {
    for (const norm of options.norm) {
      const measurement = await measureLipschitz(
        model,
        { norm, domain: domain(norm) },
        points?.data ?? new Float64Array(0),
        rng(options.seed).split('lipschitz').split(i),
        { seconds: options.timeLimit, stop: () => signal.aborted, clever: options.clever === true },
        (answer) => say(progressLine(norm, answer)),
      );
      measurements.push(measurement);
    }
  }
  const margins = options.margins
    ? options.norm.map((norm) => marginsOf(model, norm, points, options, signal))
    : [];
  dispose();

  const result = {
    model: model.name,
    parameterCount: model.parameterCount,
    features,
    outputs: sizeOf(model.outputs[0]!.shape.filter((n) => typeof n === 'number')),
    measurements,
    ...(options.margins && { margins }),
    seed: options.seed,
    version: version(),
  };
  if (options.report) writeWhole(options.report, renderLipschitzPage(result));
  if (options.svg) writeWhole(options.svg, boundsSvg(measurements[0]!));
  process.stdout.write(
    options.json
      ? `${plainJson(result)}\n`
      : `${[...measurements.map(text), ...margins.map(marginText)].join('\n\n')}\n`,
  );
}

const ROUNDINGS = { exact: 'nearest', upper: 'up', lower: 'down' } as const;
const KINDS = { exact: '= exact', upper: '≤ certified', lower: '≥ witnessed' } as const;

/** Verdict, table, bars. */
function text(measurement: LipschitzMeasurement): string {
  const rows = measurement.answers.flatMap(({ method, guarantees, seconds, note }) =>
    guarantees.length === 0
      ? [[method, '', '', figure(seconds, 2), note ?? '']]
      : guarantees.map((guarantee) => [
          guarantee.method,
          KINDS[guarantee.kind],
          significant(guarantee.value, ROUNDINGS[guarantee.kind], 7),
          figure(seconds, 2),
          note ?? '',
        ]),
  );
  const { estimate } = measurement;
  return [
    lipschitzVerdict(measurement),
    table(['method', 'kind', 'value', 'seconds', 'note'], rows, ['value', 'seconds']),
    '',
    ...bars(measurement),
    ...(estimate
      ? [
          `estimate, which proves nothing: ${estimate.method} ${figure(estimate.value, 4)} [${figure(estimate.interval[0], 4)}, ${figure(estimate.interval[1], 4)}]`,
        ]
      : []),
  ].join('\n');
}

interface Margins {
  readonly norm: Norm;
  readonly constants: readonly MarginConstant[];
  /** Of each row of the data. */
  readonly radii: readonly { readonly prediction: number; readonly radius: number }[];
}

function marginsOf(
  model: Model,
  norm: Norm,
  points: Matrix | undefined,
  { timeLimit }: LipschitzOptions,
  signal: AbortSignal,
): Margins {
  const graph = model.forBatch(1);
  const constants = marginConstants(graph, norm, timeLimit, () => signal.aborted);
  return { norm, constants, radii: points ? certifiedRadii(graph, constants, points.data) : [] };
}

/** The range of the constants, and how far the data are certified. */
function marginText({ norm, constants, radii }: Margins): string {
  const sorted = constants.toSorted((a, b) => a.bound.value - b.bound.value);
  const shown = ({ pair, bound }: MarginConstant) =>
    `${significant(bound.value, 'up', 4)} (outputs ${pair.join(' and ')})`;
  const lines = [
    `Margins between ${constants.length} pairs of outputs, whole space, ${norm}, ${sorted[0]!.bound.method}: certified constants from ${shown(sorted[0]!)} to ${shown(sorted.at(-1)!)}.`,
  ];
  if (radii.length > 0) {
    const sizes = Float64Array.from(radii, ({ radius }) => radius).sort();
    const at = (q: number) => significant(sizes[Math.floor(q * (sizes.length - 1))]!, 'down', 4);
    lines.push(
      `Around half of the ${radii.length} rows of data no change smaller than ${at(0.5)} can alter the largest output; around nine of ten, none smaller than ${at(0.1)}.`,
    );
  }
  return lines.join('\n');
}

function progressLine(norm: Norm, { method, guarantees, seconds, note }: Answer): string {
  const found = guarantees.map(({ kind, value }) => `${RELATIONS[kind]} ${figure(value, 6)}`);
  return `${norm}: ${method}: ${found.length > 0 ? found.join(', ') : (note ?? 'nothing')} (${figure(seconds, 2)} s)`;
}

/** The domains asked for, each for any norm: balls are balls of the norm that is measured. */
function domains(
  { box, ball, row: rows, clever }: LipschitzOptions,
  points: Matrix | undefined,
  features: number,
): ((norm: Norm) => Domain)[] {
  if (clever && ball === undefined)
    throw invalidArgument('--clever', 'without --ball', 'a ball to sample in');
  if (box) {
    if (ball !== undefined) throw invalidArgument('--box', 'beside --ball', 'one of the two');
    const [low, high] = box.map((v) => new Float64Array(features).fill(v));
    return [() => ({ kind: 'box', lower: low!, upper: high! })];
  }
  if (ball === undefined) return [() => GLOBAL];
  if (!points) throw invalidArgument('--ball', ball, 'also --data, whose rows are the centres');
  return rows.map((i) => {
    if (i >= points.rows) throw invalidArgument('--row', i, `a row of the data, 0 to ${points.rows - 1}`);
    const centre = row(points, i).slice();
    return (norm) => ({ kind: 'ball', centre, radius: ball, norm });
  });
}

function endsInSoftmax(model: Model): boolean {
  const outputs = Object.values(model.forBatch(model.fixedBatch ?? 1).outputs);
  return outputs.some(({ node }) => node.op.name === 'Softmax');
}

function featuresOf({ name, inputs, fixedBatch }: Model): number {
  const [port] = inputs;
  if (inputs.length !== 1) {
    throw invalidArgument(
      `model ${name}`,
      `${inputs.length} inputs (${inputs.map((i) => i.name).join(', ')})`,
      'one input; fix the others as constants when you export it',
    );
  }
  const sizes = port!.shape.filter((n) => typeof n === 'number');
  return sizeOf(sizes) / (fixedBatch ?? 1);
}

function dataPoints(path: string, scale: number, features: number): Matrix {
  const { data, shape } = readPoints(path);
  const [n = 0, ...axes] = shape;
  if (sizeOf(axes) !== features) {
    throw invalidArgument(
      `data ${path}`,
      `rows of ${sizeOf(axes)} features`,
      `rows of ${features}, the input of the model (a CSV file has its labels in the last column)`,
    );
  }
  return matrix(
    n,
    features,
    Float64Array.from(data, (v) => v * scale),
  );
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
