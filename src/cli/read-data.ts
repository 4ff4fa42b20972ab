// Options that name data, and reading what they name: the same for every command that takes a data set.
import type { Command } from 'commander';
import {
  chooseRows,
  type Dataset,
  openDataset,
  opticalDigits,
  pointCount,
  type Split,
  scaleFeatures,
} from '../data/index.ts';
import { invalidArgument } from '../errors.ts';
import { factor, imageSize, oneOf, rowRange } from './options.ts';

export type RowRange = readonly [from: number, to: number];

/** How to read what is named. */
export interface ReadingOptions {
  readonly labels?: string;
  readonly labelColumn?: string;
  readonly rows?: RowRange;
  readonly resize?: { readonly width: number; readonly height: number };
  readonly color?: 'gray' | 'rgb';
  readonly scale?: number;
}

/** What a path may name, for the help. */
export const DATA_FORMATS =
  'CSV, JSON, NPY, NPZ, IDX or Parquet, a folder of images per class, or optical-digits';

/** Adds --labels, --label-column and --rows. */
export function addLabelOptions(command: Command): Command {
  return command
    .option('--labels <file>', 'where the data file holds none (IDX, NPY)')
    .option('--label-column <name>', 'CSV and Parquet: the column of labels')
    .option('--rows <from:to>', 'only these rows of the data, from 0; `to` is left out of them', rowRange);
}

/** Adds --resize and --color. */
export function addImageOptions(command: Command): Command {
  return command
    .option('--resize <WxH>', 'image files: bring all to this size', imageSize)
    .option('--color <kind>', 'image files: gray or rgb', oneOf(['gray', 'rgb'] as const));
}

/** Adds --scale. */
export function addScaleOption(command: Command): Command {
  return command.option(
    '--scale <factor>',
    'multiplies the data, 1/255 for bytes; radii are in the units after it',
    factor,
  );
}

/** The rows that are named, before scaling; several files of Parquet are one data set. */
export async function readRows(
  path: string | readonly string[],
  split: Split,
  options: ReadingOptions,
): Promise<Dataset> {
  const { labels, labelColumn, rows, resize, color } = options;
  const paths = [path].flat();
  const all =
    paths.length === 1 && paths[0] === 'optical-digits'
      ? opticalDigits()
      : await openDataset(paths, {
          split,
          ...(labels !== undefined && { labels }),
          ...(labelColumn !== undefined && { labelColumn }),
          ...(resize !== undefined && { resize }),
          ...(color !== undefined && { color }),
        });
  if (!rows) return all;
  const n = pointCount(all);
  const to = Math.min(rows[1], n);
  if (rows[0] >= to)
    throw invalidArgument(`rows of ${all.name}`, `${rows[0]}:${rows[1]}`, `some of its ${n} rows`);
  const chosen = Array.from({ length: to - rows[0] }, (_, i) => rows[0] + i);
  return chooseRows(all, chosen, `rows ${rows[0]} to ${to - 1}`);
}

/** The data times a factor. */
export function scaled(dataset: Dataset, scale: number): Dataset {
  return scale === 1 ? dataset : scaleFeatures(dataset, scale);
}
