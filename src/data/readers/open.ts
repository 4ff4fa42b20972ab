// The one door to all data: every file that readDataset() takes, Parquet, and folders of images or of IDX files.
import { basename, dirname, join } from 'node:path';
import { invalidArgument } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import { DEFAULT_MAX_BYTES, firstBytes, malformed, readBytes, readBytesOfAll } from './bytes.ts';
import { isImageName, LABEL_LIST, readClassFolders, readLabelledImages } from './image-folder.ts';
import { isImage } from './image-header.ts';
import type { ImageOptions } from './images.ts';
import { type Entry, isFolder, listFolder } from './paths.ts';
import { type ReadOptions, readDataset } from './read.ts';
import { shardsInOrder } from './shards.ts';

/** The part of a data set that a model was fitted to, or the part that was held back. */
export type Split = 'train' | 'test';

/** How to read a file or folder; each entry concerns the formats it names. */
export interface OpenOptions extends ReadOptions, ImageOptions {
  /** Folders that hold both parts: which one; defaults to the test part. */
  readonly split?: Split;
  /** Images: path of a file with one class name per line, in the order of their numbers; defaults to `classes.txt` beside. */
  readonly classes?: string;
  /** Parquet: names of the columns of features, in this order; defaults to the images, else to all but the labels. */
  readonly featureColumns?: readonly string[];
}

/**
 * The data set in a file or folder, or in several Parquet files whose rows follow one another.
 *
 * - A file: CSV, JSON, NPZ, NPY, IDX as readDataset() takes them, or Parquet. IDX images named alone find their labels under the
 *   usual name beside them (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, with `.gz` or without).
 * - A folder with `labels.csv`, or with a folder of PNG and JPEG files per class: `[n, channels, height, width]`, values 0 to 255.
 * - A folder with one file of IDX images or Parquet per split, or with a folder per split (`train`, `test`). Parquet files whose
 *   names differ in a number (`train-00000-of-00002.parquet`, ...) are the parts of one data set, in the order of the numbers.
 *
 * Time and memory grow with the decoded size, which is checked before memory is taken.
 *
 * @throws RobustlawError `not-found`, `malformed-file` or `file-too-large`, naming file, field and value; nothing half-read.
 */
export async function openDataset(
  path: string | readonly string[],
  options: OpenOptions = {},
): Promise<Dataset> {
  if (typeof path !== 'string') return openFiles(path, options);
  if (isFolder(path)) return openFolder(path, options);
  const start = firstBytes(path, 8);
  if (start && isParquet(start)) return openParquet([path], options);
  if (start && isImage(start)) {
    throw malformed(
      path,
      'is one image without a label; name the folder that holds a folder of images per class, or labels.csv',
    );
  }
  const labels = options.labels ?? labelsBeside(path);
  return readDataset(path, labels === undefined ? options : { ...options, labels });
}

async function openFiles(paths: readonly string[], options: OpenOptions): Promise<Dataset> {
  const [only, ...others] = paths;
  if (only === undefined) throw invalidArgument('files', '[]', 'the path of at least one');
  if (others.length === 0) return openDataset(only, options);
  for (const path of paths) {
    const start = isFolder(path) ? new Uint8Array() : firstBytes(path, 8);
    // What cannot be read says so itself.
    if (!start) readBytes(path, options.maxBytes);
    else if (!isParquet(start))
      throw malformed(path, 'is no Parquet file; only files of Parquet are read as one data set');
  }
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined) throw invalidArgument('files', `${twice} twice`, 'each file once');
  return openParquet(paths, options);
}

async function openParquet(paths: readonly string[], options: OpenOptions): Promise<Dataset> {
  // Loaded where it is needed: its decoders take a while to start.
  const { readParquet } = await import('./parquet.ts');
  return readParquet(readBytesOfAll(paths, options.maxBytes), options);
}

async function openFolder(folder: string, options: OpenOptions): Promise<Dataset> {
  const entries = listFolder(folder, folder);
  const imageOptions = { ...options, maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES };
  if (entries.some(({ name, kind }) => name === LABEL_LIST && kind === 'file'))
    return readLabelledImages(folder, entries, imageOptions);
  const files = entries.filter(({ kind }) => kind === 'file');
  const arrays = files.filter(({ name }) => IDX_IMAGES.test(name) || isParquetName(name));
  if (arrays.length > 0) {
    const parts = partsOf(folder, arrays, options.split);
    return parts
      ? openParquet(parts, options)
      : openDataset(chosen(folder, withoutCopies(arrays), options.split), options);
  }
  const folders = entries.filter(({ kind }) => kind === 'folder');
  if (folders.length > 0) {
    const splits = folders.every(({ name }) => splitOf(name) !== undefined);
    return splits
      ? openFolder(chosen(folder, folders, options.split), options)
      : readClassFolders(folder, entries, imageOptions);
  }
  throw malformed(
    folder,
    files.some(({ name }) => isImageName(name))
      ? `holds images but no labels; expected ${LABEL_LIST} (lines of file,label) or one folder per class`
      : 'holds no data; expected a folder of PNG or JPEG images per class, labels.csv, or IDX or Parquet files',
  );
}

const IDX_IMAGES = /images([-.])idx[34]-ubyte(\.gz)?$/;

/** The path of the labels that belong to a file of IDX images, where they are beside it under their usual name. */
function labelsBeside(path: string): string | undefined {
  const name = basename(path);
  if (!IDX_IMAGES.test(name)) return undefined;
  const plain = name.replace(IDX_IMAGES, 'labels$1idx1-ubyte');
  const [, , zipped] = IDX_IMAGES.exec(name)!;
  const candidates = zipped ? [`${plain}.gz`, plain] : [plain, `${plain}.gz`];
  return candidates
    .map((candidate) => join(dirname(path), candidate))
    .find((candidate) => firstBytes(candidate, 1));
}

/** A file that is there plain and compressed counts once. */
function withoutCopies(entries: readonly Entry[]): readonly Entry[] {
  const names = new Set(entries.map(({ name }) => name));
  return entries.filter(({ name }) => !names.has(name.replace(/\.gz$/, '')) || !name.endsWith('.gz'));
}

function isParquetName(name: string): boolean {
  return name.toLowerCase().endsWith('.parquet');
}

/** The files of the split in their order, where they are Parquet and parts of one data set. */
function partsOf(
  folder: string,
  entries: readonly Entry[],
  split: Split | undefined,
): readonly string[] | undefined {
  const silent = entries.every(({ name }) => splitOf(name) === undefined);
  const wanted = silent ? entries : entries.filter(({ name }) => splitOf(name) === (split ?? 'test'));
  if (wanted.length === 0 || !wanted.every(({ name }) => isParquetName(name))) return undefined;
  const names = wanted.map(({ name }) => name);
  return shardsInOrder(folder, names)?.map((name) => join(folder, name));
}

/** The one entry that speaks of no other split, or the one of the split; an error that lists them where that is not one. */
function chosen(folder: string, entries: readonly Entry[], split: Split | undefined): string {
  const [only] = entries;
  if (entries.length === 1 && (split === undefined || splitOf(only!.name) === undefined)) return only!.path;
  const wanted = split ?? 'test';
  const fitting = entries.filter(({ name }) => splitOf(name) === wanted);
  if (fitting.length === 1) return fitting[0]!.path;
  const names = entries.slice(0, 10).map(({ name }) => name);
  throw malformed(
    folder,
    `holds ${names.join(', ')}${entries.length > names.length ? ', ...' : ''}; expected one of them to be the ${wanted} part: name it in place of the folder`,
  );
}

/** The part that a name speaks of. */
function splitOf(name: string): Split | undefined {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  if (words.some((word) => word === 'train' || word === 'training')) return 'train';
  return words.some((word) => ['test', 'testing', 't10k', 'val', 'valid', 'validation'].includes(word))
    ? 'test'
    : undefined;
}

/** Whether the bytes begin as a Parquet file does. */
function isParquet(bytes: Uint8Array): boolean {
  return [0x50, 0x41, 0x52, 0x31].every((byte, i) => bytes[i] === byte);
}
