// Folders of images with their labels: one folder per class, as torchvision's ImageFolder reads them, or a list labels.csv.
import { basename, extname, join } from 'node:path';
import type { Dataset } from '../dataset.ts';
import { malformed, readBytes } from './bytes.ts';
import { type Numbering, numberClasses, readClassNames } from './class-names.ts';
import { csvRecords } from './csv-records.ts';
import { fileDataset } from './file-dataset.ts';
import { decodeImages, type ImageOptions, type ImageSource } from './images.ts';
import { LabelColumn } from './label-column.ts';
import { type Entry, insideFolder, listFolder, MAX_FILES } from './paths.ts';

/** How the images of a folder are read. */
export interface ImageFolderOptions extends ImageOptions {
  /** Path of a file with one class name per line, in the order of their numbers; defaults to `classes.txt` in the folder. */
  readonly classes?: string;
  /** Most bytes that the decoded images, or one file, may take. */
  readonly maxBytes: number;
}

/** The list of images and labels in a folder. */
export const LABEL_LIST = 'labels.csv';
const CLASS_LIST = 'classes.txt';

/** Whether a name is that of a PNG or JPEG file. */
export function isImageName(name: string): boolean {
  return ['.png', '.jpg', '.jpeg'].includes(extname(name).toLowerCase());
}

/**
 * The images in `folder/<class>/`, `[n, channels, height, width]`: classes in alphabetical order, images of a class in
 * alphabetical order too. What is no image is left out, and counted in the provenance with the numbers of the classes.
 *
 * @throws RobustlawError `malformed-file` for a class without images, a folder inside of one, a class that a given list of
 *   classes lacks, links that lead out of the folder; what decodeImages() throws.
 */
export async function readClassFolders(
  folder: string,
  entries: readonly Entry[],
  options: ImageFolderOptions,
): Promise<Dataset> {
  const folders = entries.filter(({ kind }) => kind === 'folder');
  const numbering = numberClasses(
    folder,
    'classes',
    folders.map(({ name }) => name),
    classOrder(entries, options.classes),
  );
  const sources: ImageSource[] = [];
  const labels: number[] = [];
  let left = 0;
  for (const { name, path } of folders) {
    const files = listFolder(path, folder);
    const nested = files.find(({ kind }) => kind === 'folder');
    if (nested) {
      throw malformed(
        path,
        `holds the folder ${JSON.stringify(nested.name)}; expected the images of the class ${JSON.stringify(name)}: name the folder whose folders are the classes`,
      );
    }
    const images = files.filter((file) => file.kind === 'file' && isImageName(file.name));
    if (images.length === 0)
      throw malformed(path, 'holds no PNG or JPEG files; expected the images of a class');
    left += files.length - images.length;
    for (const image of images) {
      sources.push(sourceOf(image.path, options.maxBytes));
      labels.push(numbering.numbers.get(name)!);
    }
    requireCount(folder, sources.length);
  }
  const leftOut = left > 0 ? [`files left out that are no PNG or JPEG images: ${left}`] : [];
  return dataset(folder, sources, Float64Array.from(labels), numbering, leftOut, options);
}

/**
 * The images that `labels.csv` lists, in its order: a column of paths inside of the folder (`file`) and one of labels
 * (`label`), numbers or class names; other columns are not looked at. The first line may name the columns; without names the
 * paths come first and the labels second.
 *
 * @throws RobustlawError `malformed-file` naming line and column, and for a path that leads out of the folder; what
 *   decodeImages() throws.
 */
export async function readLabelledImages(
  folder: string,
  entries: readonly Entry[],
  options: ImageFolderOptions,
): Promise<Dataset> {
  const list = join(folder, LABEL_LIST);
  const records = csvRecords(readBytes(list, options.maxBytes));
  const first = records.next();
  if (first.done) throw malformed(list, 'is empty; expected lines of file,label');
  const columns = columnsIn(list, first.value.fields);
  const sources: ImageSource[] = [];
  const labels = new LabelColumn(
    list,
    columns.header ? first.value.fields[columns.label]!.trim() : 'label',
    options.maxBytes,
  );
  const add = (line: number, fields: readonly string[]) => {
    if (fields.length !== first.value.fields.length) {
      throw malformed(
        list,
        `line ${line}: ${fields.length} fields; expected ${first.value.fields.length} as in the first line`,
      );
    }
    const path = insideFolder(folder, fields[columns.file]!.trim(), `${list}: line ${line}`);
    sources.push(sourceOf(path, options.maxBytes));
    labels.push(fields[columns.label]!.trim(), line);
    requireCount(folder, sources.length);
  };
  if (!columns.header) add(first.value.line, first.value.fields);
  for (const { line, fields } of records) add(line, fields);
  if (sources.length === 0)
    throw malformed(list, 'names no images; expected at least one line of file,label');
  const { values, numbering } = labels.finish(classOrder(entries, options.classes));
  return dataset(folder, sources, values, numbering, [], options);
}

async function dataset(
  folder: string,
  sources: readonly ImageSource[],
  y: Float64Array,
  numbering: Numbering | undefined,
  leftOut: readonly string[],
  options: ImageFolderOptions,
): Promise<Dataset> {
  const { x, shape, notes } = await decodeImages(folder, sources, options);
  return fileDataset(folder, {
    x,
    shape,
    y,
    outputs: 1,
    ...(numbering && { classNames: numbering.classNames }),
    transformations: [...(numbering ? [numbering.description] : []), ...leftOut, ...notes],
  });
}

function sourceOf(path: string, maxBytes: number): ImageSource {
  return { name: path, read: () => readBytes(path, maxBytes).bytes };
}

function classOrder(entries: readonly Entry[], given: string | undefined): readonly string[] | undefined {
  const path = given ?? entries.find(({ name, kind }) => name === CLASS_LIST && kind === 'file')?.path;
  return path === undefined ? undefined : readClassNames(path);
}

function requireCount(folder: string, count: number): void {
  if (count > MAX_FILES) throw malformed(folder, `holds more than ${MAX_FILES} images; split the data`);
}

const FILE_COLUMNS = ['file', 'filename', 'file_name', 'image', 'path'];
const LABEL_COLUMNS = ['label', 'class', 'y', 'target'];

function columnsIn(
  list: string,
  fields: readonly string[],
): { header: boolean; file: number; label: number } {
  const names = fields.map((field) => field.trim().toLowerCase());
  const at = (candidates: readonly string[]) => names.findIndex((name) => candidates.includes(name));
  const [file, label] = [at(FILE_COLUMNS), at(LABEL_COLUMNS)];
  if (file >= 0 && label >= 0) return { header: true, file, label };
  if (fields.length === 2 && isImageName(basename(names[0]!))) return { header: false, file: 0, label: 1 };
  throw malformed(
    list,
    `the first line is ${JSON.stringify(fields.slice(0, 5).join(',').slice(0, 80))}; expected the names file,label, or an image and its label`,
  );
}
