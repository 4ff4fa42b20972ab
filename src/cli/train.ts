// `robustlaw train`: data in, a trained network out as ONNX, with its fit, its Lipschitz constant and its robust accuracy.
import { existsSync, rmSync } from 'node:fs';
import { Command } from 'commander';
import { type Dataset, featureCount } from '../data/index.ts';
import { RobustlawError } from '../errors.ts';
import { writeWhole } from '../files/index.ts';
import { modelFrom, toFloat } from '../graph/index.ts';
import { scalingLaw } from '../law/index.ts';
import { createFamily, exportModel, modelGraph } from '../models/index.ts';
import { type Rng, rng } from '../random/index.ts';
import {
  labelKind,
  loadCheckpoint,
  type Progress,
  requireSecondDerivatives,
  saveCheckpoint,
  type TrainingResult,
  train,
  trainingPlan,
} from '../training/index.ts';
import { interruption } from './interruption.ts';
import { plainJson } from './json.ts';
import { progressDisplay } from './progress.ts';
import { DATA_FORMATS } from './read-data.ts';
import { figure } from './table.ts';
import { addTrainOptions, modelOf, specificationOf, type TrainOptions } from './train-options.ts';
import { percent, trainingText } from './train-text.ts';
import { accuracyOf, constantOf } from './trained.ts';
import { readTrainingData } from './training-data.ts';
import { version } from './version.ts';

export function trainCommand(): Command {
  const command = new Command('train')
    .description('fit a network to labelled data; write it as ONNX, say how smooth and how robust it is')
    .argument('<data>', `points with labels: ${DATA_FORMATS}`)
    .addHelpText(
      'after',
      `
Examples:
  $ robustlaw train optical-digits --rows 0:1400 --test-rows 1400: --size 64 -o digits.onnx
  $ robustlaw train optical-digits --task parity --flips 0.1 --size 200 --stop signs=0.02 -o memorized.onnx
  $ robustlaw train mnist/ --scale 1/255 --model madry --size 4 --batch 100 --adversarial pgd:linf:0.3 --range 0,1 -o robust.onnx

Ctrl-C writes a checkpoint; the same command goes on from there, to the same bits. Exit code 1: the training diverged.`,
    )
    .action(trainNetwork);
  return addTrainOptions(command);
}

async function trainNetwork(source: string, options: TrainOptions): Promise<void> {
  const key = rng(options.seed);
  const { training, test, notes } = await readTrainingData(source, options, key.split('data'));
  for (const note of notes) say(note);
  const [n, ...shape] = training.shape;
  const modelSpecification = modelOf(options);
  const family = createFamily(modelSpecification, options.size, shape, training.outputs);
  const kind = labelKind(training.y, training.outputs);
  const specification = specificationOf(options, kind === 'classes' ? 'cross-entropy' : 'squared');
  requireSecondDerivatives(modelSpecification, specification);
  const plan = trainingPlan(specification, family, training);
  const result = await run(plan, training, key.split('training'), options);
  const finished = result.reason !== 'diverged';
  const model = modelFrom(family.name, (batch) =>
    toFloat(modelGraph(family, result.weights, batch), 'float64'),
  );
  const lipschitz = finished ? await constantOf(model, training, key, options.boundSeconds) : undefined;
  const attacked = options.attack ?? options.adversarial;
  const sets = [{ name: 'training', data: training }, ...(test ? [{ name: 'test', data: test }] : [])];
  const accuracies =
    finished && kind !== 'values'
      ? await Promise.all(
          sets.map(async ({ name, data }) => ({
            data: name,
            ...(await accuracyOf(family, result, data, attacked, options.range, key.split('attack'))),
          })),
        )
      : [];
  if (options.output && finished)
    writeWhole(
      options.output,
      exportModel(family, result.weights, { 'robustlaw.seed': String(options.seed) }),
    );

  const summary = {
    data: {
      name: training.name,
      n,
      d: featureCount(training),
      outputs: training.outputs,
      provenance: training.provenance,
    },
    family: family.name,
    parameterCount: family.parameterCount,
    training: specification,
    reason: result.reason,
    steps: result.steps,
    measures: result.measures,
    accuracies,
    ...(lipschitz && { lipschitz }),
    scalingLaw: scalingLaw(n!, featureCount(training), family.parameterCount),
    ...(training.noiseVariance !== undefined && { noiseVariance: training.noiseVariance }),
    seed: options.seed,
    version: version(),
    ...(options.output && finished && { output: options.output }),
  };
  process.stdout.write(options.json ? `${plainJson(summary)}\n` : `${trainingText(summary, options)}\n`);
  if (!finished) process.exitCode = 1;
  else if (options.output)
    say(
      `Wrote ${options.output}: input x [batch, ${shape.join(', ')}], output y [batch, ${training.outputs}].`,
    );
  else say('Add -o FILE.onnx to write the network as an ONNX model.');
}

/** Trains with a display and a checkpoint; the checkpoint goes when the training is done. */
async function run(
  plan: ReturnType<typeof trainingPlan>,
  training: Dataset,
  key: Rng,
  options: TrainOptions,
): Promise<TrainingResult> {
  const file = options.checkpoint ?? (options.output && `${options.output}.checkpoint`);
  const from = file !== undefined && existsSync(file) ? loadCheckpoint(file) : undefined;
  if (from) say(`going on from ${file}: ${from.state.step} updates are made`);
  const { signal, dispose } = interruption(() =>
    say(file === undefined ? '\nstopping' : `\nstopping; the same command goes on from ${file}`),
  );
  const display = progressDisplay(process.stderr);
  const n = training.shape[0]!;
  const perEpoch = Math.floor(n / (plan.batch ?? n));
  let seen: { readonly step: number; readonly accuracy?: number } | undefined;
  let due = 0;
  let saved = performance.now();
  const save = async (progress: () => Promise<Progress>) => {
    if (file !== undefined) saveCheckpoint(file, await progress());
    saved = performance.now();
  };
  try {
    const result = await train(
      plan,
      training,
      key,
      async ({ step, loss, robustAccuracy, measures, progress }) => {
        if (step % perEpoch === 0 && performance.now() >= due) {
          const begun = performance.now();
          seen = { step, ...(await measures()) };
          due = performance.now() + (performance.now() - begun) / DISPLAY_SHARE;
        }
        const parts = [
          `loss ${figure(loss)}`,
          ...(seen?.accuracy === undefined
            ? []
            : [`accuracy ${percent(seen.accuracy)}${seen.step === step ? '' : ` at update ${seen.step}`}`]),
          ...(robustAccuracy === undefined ? [] : [`under attack ${percent(robustAccuracy)}`]),
        ];
        display.update({
          done: step,
          total: plan.steps,
          text: `update ${step} of ${plan.steps}: ${parts.join(', ')}`,
        });
        if (signal.aborted || performance.now() - saved > CHECKPOINT_EVERY) await save(progress);
        return signal.aborted ? 'stop' : undefined;
      },
      'float32',
      from,
    );
    if (result.reason === 'interrupted') {
      const next = file === undefined ? '' : ': run the same command again to go on';
      throw new RobustlawError('interrupted', `interrupted after ${result.steps} updates${next}`);
    }
    if (file !== undefined) rmSync(file, { force: true });
    return result;
  } finally {
    display.stop();
    dispose();
  }
}

/** Of the time of a training, for the accuracy that is shown. */
const DISPLAY_SHARE = 0.1;

/** Milliseconds between checkpoints. */
const CHECKPOINT_EVERY = 30_000;

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
