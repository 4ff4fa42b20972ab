// The data of a training as the command line names them: rows to train on, rows held out, and what their labels mean.
import {
  binaryLabels,
  chooseRows,
  type Dataset,
  flipSigns,
  givenSignal,
  oneHotLabels,
  pointCount,
  relabel,
} from '../data/index.ts';
import { invalidArgument } from '../errors.ts';
import type { Rng } from '../random/index.ts';
import { type ReadingOptions, type RowRange, readRows, scaled } from './read-data.ts';

export type TrainingTask = 'auto' | 'given' | 'classes' | 'parity' | 'halves';

export interface TrainingDataOptions extends ReadingOptions {
  readonly task: TrainingTask;
  readonly flips?: number;
  readonly testRows?: RowRange;
}

export interface TrainingData {
  readonly training: Dataset;
  readonly test?: Dataset;
  /** What was decided about the data, for people. */
  readonly notes: readonly string[];
}

/** More classes than this are numbers. */
const MOST_CLASSES = 1000;

/**
 * Reads data, gives labels their meaning, chooses rows, and flips labels of those to train on.
 *
 * @throws RobustlawError for what cannot be read, rows that do not exist or are in both parts, flips of labels other than ±1.
 */
export async function readTrainingData(
  source: string,
  options: TrainingDataOptions,
  random: Rng,
): Promise<TrainingData> {
  const { rows, testRows, flips, task, scale, ...reading } = options;
  const stored = await readRows(source, 'train', reading);
  const { dataset, note } = withTask(scaled(stored, scale ?? 1), task);
  const n = pointCount(dataset);
  const [from, to] = within(rows ?? [0, n], n, 'rows');
  const held = testRows && within(testRows, n, 'test rows');
  if (held && rows && held[0] < to && from < held[1]) {
    throw invalidArgument(
      'test rows',
      `${held[0]}:${held[1]}`,
      `rows that are not in ${from}:${to}, which are trained on`,
    );
  }
  const heldOut = (row: number) => held !== undefined && row >= held[0] && row < held[1];
  const all = Array.from({ length: n }, (_, row) => row);
  const kept = all.slice(from, to).filter((row) => !heldOut(row));
  if (kept.length === 0) throw invalidArgument('test rows', `${held![0]}:${held![1]}`, 'fewer than all rows');
  const chosen = chooseRows(dataset, kept, `${kept.length} rows from ${from} to ${to - 1}`);
  return {
    training: flips === undefined ? chosen : flipped(chosen, flips, random),
    ...(held && { test: chooseRows(dataset, all.filter(heldOut), `rows ${held[0]} to ${held[1] - 1}`) }),
    notes: note === undefined ? [] : [note],
  };
}

function withTask(
  dataset: Dataset,
  task: TrainingTask,
): { readonly dataset: Dataset; readonly note?: string } {
  if (task === 'given') return { dataset };
  if (task === 'classes') return { dataset: oneHotLabels(dataset) };
  if (task !== 'auto') return { dataset: binaryLabels(dataset, { kind: task }) };
  const { y, outputs } = dataset;
  const highest = y.reduce((most, label) => Math.max(most, label), 0);
  const counting = outputs === 1 && y.every((label) => Number.isInteger(label) && label >= 0);
  if (!counting || highest < 1 || highest >= MOST_CLASSES) return { dataset };
  return {
    dataset: oneHotLabels(dataset),
    note: `labels 0 to ${highest} are taken for ${highest + 1} classes; --task given takes them as numbers`,
  };
}

function within([from, to]: readonly [number, number], n: number, what: string): readonly [number, number] {
  const end = Math.min(to, n);
  if (from < end) return [from, end];
  throw invalidArgument(
    what,
    `${from}:${Number.isFinite(to) ? to : ''}`,
    `some of the ${n} rows of the data`,
  );
}

function flipped(dataset: Dataset, probability: number, random: Rng): Dataset {
  const { y, outputs } = dataset;
  const signal = givenSignal('the real label', y, outputs, 1);
  return relabel(dataset, flipSigns(signal, probability, random.split('flips')));
}
