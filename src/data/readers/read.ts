// One door to data files: the format is recognised by content (by extension where content does not tell) and read.
import type { Dataset } from '../dataset.ts';
import {
  DEFAULT_MAX_BYTES,
  type FileBytes,
  gunzip,
  gunzipStart,
  isGzip,
  malformed,
  readBytes,
} from './bytes.ts';
import { type CsvOptions, decodeCsv } from './csv.ts';
import type { NumericArray } from './elements.ts';
import { pairDataset } from './file-dataset.ts';
import { decodeIdx, isIdx } from './idx.ts';
import { decodeJson } from './json.ts';
import { decodeNpy, isNpy } from './npy.ts';
import { isZip, openNpz } from './npz.ts';

/** How to read a data file; each entry concerns the formats it names. */
export interface ReadOptions extends CsvOptions {
  /** IDX, NPY: path of the file that holds the labels; required there. */
  readonly labels?: string;
  /** NPZ: names of the arrays of features and labels; default to `x` and `y` in either case. */
  readonly arrays?: { readonly x: string; readonly y: string };
  /** Most bytes the file, its decompressed form, or its decoded values may take; defaults to 2 GiB. */
  readonly maxBytes?: number;
}

/**
 * The data set in a file: CSV, JSON, NPZ, or NPY or IDX with a second file of labels; all but NPZ also in gzip.
 *
 * @throws RobustlawError `not-found`, `malformed-file` or `file-too-large`, naming file, field and value.
 */
export function readDataset(path: string, options: ReadOptions = {}): Dataset {
  const source = readBytes(path, options.maxBytes);
  switch (formatOf(source)) {
    case 'idx':
    case 'npy': {
      if (options.labels === undefined) {
        throw malformed(path, 'holds one array and no labels; name the file of labels too (labels)');
      }
      return pairDataset(
        `${path} with ${options.labels}`,
        decodeArray(source),
        readArray(options.labels, options.maxBytes),
      );
    }
    case 'npz': {
      const archive = openNpz(source);
      const { x, y } = options.arrays ?? { x: findName(archive.names, 'x'), y: findName(archive.names, 'y') };
      return pairDataset(path, archive.array(x), archive.array(y));
    }
    case 'json':
      return decodeJson(source);
    case 'csv':
      return decodeCsv(source, options);
  }
}

/**
 * Images and labels in the two IDX files of MNIST and its relatives, plain or gzip. Pixels stay as they are (0 to 255):
 * `scaleFeatures(dataset, 1 / 255)` brings them to [0, 1].
 *
 * @throws RobustlawError as `readDataset` does.
 */
export function readIdxPair(images: string, labels: string, maxBytes = DEFAULT_MAX_BYTES): Dataset {
  const [features, classes] = [images, labels].map((path) => decodeIdx(readBytes(path, maxBytes)));
  return pairDataset(`${images} with ${labels}`, features!, classes!);
}

/**
 * The one array in an IDX or NPY file, plain or gzip.
 *
 * @throws RobustlawError as `readDataset` does.
 */
export function readArray(path: string, maxBytes = DEFAULT_MAX_BYTES): NumericArray {
  return decodeArray(readBytes(path, maxBytes));
}

/**
 * The points of a data file, `[n, ...features]`: the array of an IDX or NPY file where no labels are named, else the
 * features of readDataset().
 *
 * @throws RobustlawError as `readDataset` does.
 */
export function readPoints(path: string, options: ReadOptions = {}): NumericArray {
  const source = readBytes(path, options.maxBytes);
  const format = formatOf(source);
  if ((format === 'idx' || format === 'npy') && options.labels === undefined) return decodeArray(source);
  const { x, shape } = readDataset(path, options);
  return { data: x, shape };
}

type Format = 'idx' | 'npy' | 'npz' | 'json' | 'csv';

function decodeArray(source: FileBytes): NumericArray {
  switch (formatOf(source)) {
    case 'idx':
      return decodeIdx(source);
    case 'npy':
      return decodeNpy(isGzip(source.bytes) ? { ...source, bytes: gunzip(source) } : source);
    default:
      throw malformed(source.file, 'holds no single array; expected an IDX or NPY file');
  }
}

function formatOf(source: FileBytes): Format {
  if (source.bytes.length === 0)
    throw malformed(source.file, 'is empty; expected CSV, JSON, IDX, NPY or NPZ');
  const bytes = isGzip(source.bytes) ? gunzipStart(source) : source.bytes;
  if (isNpy(bytes)) return 'npy';
  if (isZip(bytes)) {
    if (bytes === source.bytes) return 'npz';
    throw malformed(source.file, 'is an NPZ archive inside gzip; decompress it first (gunzip)');
  }
  if (isIdx(bytes)) return 'idx';
  return formatOfName(source.file) ?? formatOfText(bytes);
}

function formatOfName(path: string): Format | undefined {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  const extension = /\.(npy|npz|json|csv|tsv)$/.exec(name)?.[1];
  if (extension !== undefined) return extension === 'tsv' ? 'csv' : (extension as Format);
  return /(?:\.idx|[-.]idx\d-ubyte)$/.test(name) ? 'idx' : undefined;
}

function formatOfText(bytes: Uint8Array): Format {
  const first = bytes.find((byte) => byte > 0x20);
  return first === 0x7b ? 'json' : 'csv';
}

/** `x` or `X`, whichever the archive holds. */
function findName(names: readonly string[], name: string): string {
  return (
    names.find((candidate) => candidate === name) ??
    names.find((candidate) => candidate.toLowerCase() === name) ??
    name
  );
}
