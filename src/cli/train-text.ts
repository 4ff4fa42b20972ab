// A training in words: the verdict, the numbers, and how sure they are.
import type { LipschitzMeasurement } from '../guarantee/index.ts';
import { describeSize } from '../models/index.ts';
import { lipschitzVerdict } from '../report/index.ts';
import type { TrainingResult } from '../training/index.ts';
import { figure, table } from './table.ts';
import { modelOf, type TrainOptions } from './train-options.ts';
import { type Accuracy, ATTACK_STEPS } from './trained.ts';

/** What is told of a training. */
export interface TrainingSummary {
  readonly data: { readonly n: number | undefined; readonly d: number };
  readonly family: string;
  readonly parameterCount: number;
  readonly training: { readonly loss: string };
  readonly reason: TrainingResult['reason'];
  readonly steps: number;
  readonly measures: TrainingResult['measures'];
  readonly accuracies: readonly (Accuracy & { readonly data: string })[];
  readonly lipschitz?: LipschitzMeasurement;
  readonly scalingLaw: number;
  readonly noiseVariance?: number;
}

const REASONS: Readonly<Record<TrainingResult['reason'], string>> = {
  memorized: 'until they were memorized',
  'noise-level': 'until the error reached the noise level',
  stalled: 'until it made no more progress',
  diverged: 'and diverged',
  'step-limit': 'to the last one that was asked for',
  interrupted: 'and was interrupted',
};

/** Verdict, numbers, how sure they are. */
export function trainingText(summary: TrainingSummary, options: TrainOptions): string {
  const { data, family, parameterCount, measures, accuracies, lipschitz } = summary;
  const size = `${options.size} ${describeSize(modelOf(options))}`;
  const { loss } = summary.training;
  const fit =
    loss === 'squared'
      ? `mean squared error ${figure(measures.meanSquaredError)}`
      : `${loss} loss ${figure(measures.loss)}`;
  const right = measures.accuracy === undefined ? '' : `, ${percent(measures.accuracy)} of the labels right`;
  const verdict = `${family} (${size}, P = ${parameterCount}) was trained on ${data.n} points for ${summary.steps} updates ${REASONS[summary.reason]}: ${fit}${right}.`;
  if (summary.reason === 'diverged')
    return `${verdict}\nNothing is written. Try a smaller --learning-rate than ${options.learningRate ?? 0.003}, or --warmup.`;
  // The law's hypothesis is about the squared error.
  const noise =
    summary.noiseVariance === undefined || loss !== 'squared'
      ? []
      : [
          measures.meanSquaredError < summary.noiseVariance
            ? `That is below the noise variance ${figure(summary.noiseVariance)} of the labels: noise is fitted, and the law of robustness applies.`
            : `That is not below the noise variance ${figure(summary.noiseVariance)} of the labels: the law of robustness asks nothing of such a fit.`,
        ];
  const rows = [
    ['P, parameters', String(parameterCount), 'counted'],
    ['loss', figure(measures.loss), 'measured in float32'],
    ...(loss === 'squared' ? [['largest error', figure(measures.maxError), 'measured in float32']] : []),
    ...accuracies.flatMap(({ data: name, rows: count, accuracy, attacked }) => [
      [`accuracy, ${name}`, percent(accuracy), `measured on ${count} rows`],
      ...(attacked
        ? [
            [
              `under attack, ${name}`,
              percent(attacked.accuracy),
              `at most: PGD-${ATTACK_STEPS}, ${attacked.norm} ${attacked.radius}, ${attacked.rows} rows`,
            ],
          ]
        : []),
    ]),
    ['sqrt(n d / P)', figure(summary.scalingLaw), 'scaling law, constant 1'],
  ];
  return [
    [verdict, ...noise, ...(lipschitz ? [lipschitzVerdict(lipschitz)] : [])].join('\n'),
    table(['quantity', 'value', 'how sure'], rows, ['value']),
  ].join('\n\n');
}

export const percent = (share: number): string => `${figure(100 * share)} %`;
