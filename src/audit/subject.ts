// What is audited: an ONNX file with what is done to a point before it, as plain data, so that every process can build it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ImageShape, Task } from '../attacks/index.ts';
import { invalidArgument, RobustlawError } from '../errors.ts';
import {
  BATCH,
  type FloatType,
  type Graph,
  type InputBounds,
  type Model,
  modelFromOnnx,
  type OnnxModel,
  singleSample,
  sizeOf,
  type Value,
} from '../graph/index.ts';
import { readModel } from '../graph/onnx-file/index.ts';
import { type Preprocessing, withPreprocessing } from '../preprocessing/index.ts';
import { compile, type Program, runRows } from '../runtime/index.ts';

/** A model file and how it is to be read. */
export interface ModelSource {
  readonly path: string;
  /** The output to look at, where the file has several. */
  readonly output?: string;
  /** Left out where the model takes the points as the data have them. */
  readonly preprocessing?: Preprocessing;
}

/** A model, the points it takes, and when its outputs are wrong. */
export interface Subject {
  readonly source: ModelSource;
  /** Of the file and its external data, so that no process reads another one by mistake. */
  readonly sha256: string;
  /** `[...features]` of one point of the data. */
  readonly shape: readonly number[];
  readonly task: Task;
  readonly bounds: InputBounds;
}

/**
 * SHA-256 of the bytes of a model file and of the weights it keeps in other files.
 *
 * @throws RobustlawError what readModel() throws.
 */
export function modelDigest(path: string, file: OnnxModel = readModel(path)): string {
  const hash = createHash('sha256').update(readFileSync(path));
  for (const [name, tensor] of file.graph.initializers) {
    if (!('data' in tensor)) continue;
    const { buffer, byteOffset, byteLength } = tensor.data;
    hash.update(name).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

/**
 * The model that takes points of the data.
 *
 * @throws RobustlawError what reading, composing and singleSample() throw; `shape-mismatch` where points have another number
 *   of values than the model takes; `study-conflict` where the file is not the one that `sha256` belongs to.
 */
export function modelOf({ source, shape }: Pick<Subject, 'source' | 'shape'>, sha256?: string): Model {
  const file = readModel(source.path);
  if (sha256 !== undefined && modelDigest(source.path, file) !== sha256) {
    throw new RobustlawError(
      'study-conflict',
      `${source.path} has changed while it was audited; start again`,
    );
  }
  const read =
    source.output === undefined ? modelFromOnnx(file) : modelFromOnnx(file, [outputIn(file, source.output)]);
  const model = source.preprocessing ? withPreprocessing(read, source.preprocessing, [0, ...shape]) : read;
  const taken = singleSample(model).inputs[0]!.shape;
  if (sizeOf(taken) !== sizeOf(shape)) {
    throw new RobustlawError(
      'shape-mismatch',
      `the data have points of shape [${shape.join(', ')}], ${sizeOf(shape)} values; the model "${basename(source.path)}" takes [${taken.slice(1).join(', ')}], ${sizeOf(taken)} values`,
    );
  }
  return model;
}

function outputIn(file: OnnxModel, name: string): string {
  const names = file.graph.outputs.map((port) => port.name);
  if (names.includes(name)) return name;
  throw invalidArgument('output', name, `one of the outputs of ${file.fileName}: ${names.join(', ')}`);
}

export type { ImageShape };

/** More values than that along the first or last axis are no channels. */
const MOST_CHANNELS = 4;

/**
 * How the values of a point lie beside each other, where it is an image; undefined where it is not. Of two short axes the
 * first one counts the channels.
 */
export function imageShape({ shape }: Pick<Subject, 'shape'>): ImageShape | undefined {
  const axes = shape.length > 3 ? shape.filter((length) => length > 1) : shape;
  if (axes.length === 2) return [1, axes[0]!, axes[1]!];
  if (axes.length !== 3) return undefined;
  const [a, b, c] = axes as [number, number, number];
  if (a <= MOST_CHANNELS || c > MOST_CHANNELS) return [a, b, c];
  return c === 1 ? [1, a, b] : [c, a, b, 'channels last'];
}

/** What the numbers of a model's own output are. */
export interface Output {
  /** Scores of a row: one per class, two where the model has one output. */
  readonly outputs: number;
  /** Of the file: 1 in two-class models with one logit or probability. */
  readonly width: number;
  readonly kind: 'scores' | 'probability of class 1' | 'logit of class 1';
}

/**
 * What the model says of a row.
 *
 * @throws RobustlawError `shape-mismatch` for a classifier whose output is no list of scores, such as an image.
 */
export function outputOf(one: Graph, task: Task): Output {
  const [[name, value]] = Object.entries(one.outputs) as [[string, Value]];
  const width = sizeOf(value.shape);
  if (task.kind === 'classification' && value.shape.filter((length) => length > 1).length > 1) {
    throw new RobustlawError(
      'shape-mismatch',
      `the output "${name}" of the model has the shape [${value.shape.slice(1).join(', ')}] for each point, which are no scores; expected one number for each class: name another output (--output-name), or how far outputs may be off (--tolerance) for regression`,
    );
  }
  if (task.kind === 'regression' || width > 1) return { outputs: width, width, kind: 'scores' };
  const squashed = value.node.op.name === 'Sigmoid';
  return { outputs: 2, width, kind: squashed ? 'probability of class 1' : 'logit of class 1' };
}

/** The model as its user runs it. */
export interface OwnModel {
  /** `[rows, outputs]`: the model's own output, a final softmax included, for points `[rows, features]`. */
  outputs(points: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Rows of one execution: always the same number, so that a row has the same bits whatever rows are beside it. */
const ROWS = 32;

export async function ownModel(model: Model, task: Task): Promise<OwnModel> {
  const one = singleSample(model);
  const { outputs, width, kind } = outputOf(one, task);
  const batched = [model.inputs[0]!, model.outputs[0]!].every((port) => port.shape[0] === BATCH);
  const rows = model.fixedBatch ?? (batched ? ROWS : 1);
  const g = model.forBatch(rows);
  const [name] = Object.keys(g.outputs) as [string];
  const program: Program = await compile(g);
  const x = program.inputs[0]!.name;
  const dtype = one.inputs[0]!.dtype as FloatType;
  return {
    async outputs(points) {
      if (points.length === 0) return new Float32Array(0);
      const found = (await runRows(program, rows, dtype, { [x]: points }, { [name]: width }, Float32Array))[
        name
      ]!;
      if (outputs === width) return found;
      const pairs = new Float32Array(2 * found.length);
      found.forEach((value, i) => {
        pairs[2 * i] = kind === 'logit of class 1' ? -value : 1 - value;
        pairs[2 * i + 1] = value;
      });
      return pairs;
    },
    dispose: () => program.dispose(),
  };
}
